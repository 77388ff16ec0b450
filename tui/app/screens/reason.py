"""Why a text is rejected, by one key."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from tui.app.widgets.keys_line import KeysLine

REASONS = {
    "wrong": ("w", "wrong"),
    "empty": ("n", "says nothing new"),
    "vague": ("v", "vague"),
    "wording": ("h", "not our wording"),
    "sensitive": ("s", "should not be public"),
}
"""Keys and the words that are kept, which `metrics` counts."""


class ReasonModal(ModalScreen[str | None]):
    """One key rejects with that reason; escape rejects nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"choose('{name}')", reason.capitalize(), id=f"reason.{name}")
            for name, (key, reason) in REASONS.items()
        ),
        Binding("escape,q", "cancel", "Reject nothing", id="reason.cancel"),
    ]

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def compose(self) -> ComposeResult:
        """What is rejected, and the reasons with their keys."""
        with Vertical(classes="modal"):
            title = f"Why reject {self._what}?"
            yield Label(title, classes="modal-title", markup=False)
            for name, (_, reason) in REASONS.items():
                yield KeysLine({f"reason.{name}": reason})
            yield KeysLine({"reason.cancel": "rejects nothing"})

    def action_choose(self, name: str) -> None:
        """Close with the reason."""
        self.dismiss(REASONS[name][1])

    def action_cancel(self) -> None:
        """Close without one."""
        self.dismiss(None)
