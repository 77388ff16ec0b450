"""Why a text is rejected, by one key."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from tui.app.keys import keys
from tui.app.widgets.keys_line import KeysLine

REASONS = {
    "wrong": ("w", "wrong"),
    "empty": ("n", "says nothing new"),
    "vague": ("v", "vague"),
    "wording": ("h", "not our wording"),
    "sensitive": ("s", "should not be public"),
}
"""Keys and the words that are kept, which `metrics` counts."""


class ReasonModal(ModalScreen[str]):
    """One key rejects with that reason; escape rejects nothing."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "reason",
        *(
            (key, f"dismiss('{reason}')", reason.capitalize(), "", name)
            for name, (key, reason) in REASONS.items()
        ),
        ("escape,q", "dismiss", "Reject nothing", "", "cancel"),
    )

    def __init__(self, what: str, text: str) -> None:
        super().__init__()
        self._what = what
        self._text = text

    def compose(self) -> ComposeResult:
        """What is rejected, and the reasons with their keys."""
        with Vertical(classes="modal"):
            title = f"Why reject {self._what}?"
            yield Label(title, classes="modal-title", markup=False)
            yield Label(self._text, classes="modal-lead", markup=False)
            for name, (_, reason) in REASONS.items():
                yield KeysLine({f"reason.{name}": reason})
            yield KeysLine({"reason.cancel": "rejects nothing"})
