"""A question that states exactly what will happen, answered by one key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from tui.app.keys import keys
from tui.app.widgets.keys_line import KeysLine


class ConfirmModal(ModalScreen[bool]):
    """Yes or no; nothing happens on any other key."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "confirm",
        ("y", "dismiss(True)", "Yes", "", "yes"),
        ("n,escape,q", "dismiss(False)", "No", "", "no"),
    )

    def __init__(self, question: str, details: Sequence[str] = ()) -> None:
        super().__init__()
        self._question = question
        self._details = details

    def compose(self) -> ComposeResult:
        """The question, what it covers, and the keys."""
        with Vertical(classes="modal"):
            yield Label(self._question, classes="modal-title", markup=False)
            for line in self._details:
                yield Label(line, markup=False)
            yield KeysLine({"confirm.yes": "yes", "confirm.no": "no"})
