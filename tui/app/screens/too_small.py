"""Covers everything while the terminal has no room for a screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Label

WIDTH, HEIGHT = 70, 18


class TooSmallModal(ModalScreen[None]):
    """Goes away by itself once there is room."""

    DEFAULT_CSS = """
    TooSmallModal { align: center middle; background: $background; }
    TooSmallModal Label { width: 100%; text-align: center; }
    """

    def compose(self) -> ComposeResult:
        """What is wrong, and what to do."""
        yield Label("", markup=False)

    def on_mount(self) -> None:
        """Say the size; a notification would cover it."""
        self.app.clear_notifications()
        self._say()

    def on_resize(self) -> None:
        """Say the new size."""
        self._say()

    def _say(self) -> None:
        size = self.app.size
        self.query_one(Label).update(
            f"Columnist needs {WIDTH}x{HEIGHT}.\n"
            f"This terminal is {size.width}x{size.height}.\n"
            "Make it larger; nothing is lost.\nctrl+q quits."
        )
