"""A question that is answered with a line of text."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from tui.app.keys import keys
from tui.app.widgets.keys_line import KeysLine


class AskModal(ModalScreen[str]):
    """Type an answer; enter takes it, escape takes none."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "ask", ("escape", "dismiss", "Cancel", "Say nothing", "cancel")
    )

    def __init__(self, question: str, lead: str, *, longest: int) -> None:
        super().__init__()
        self._longest = longest
        self._question = question
        self._lead = lead

    def compose(self) -> ComposeResult:
        """The question, what it is for, and the line."""
        with Vertical(classes="modal"):
            yield Label(self._question, classes="modal-title", markup=False)
            yield Label(self._lead, classes="modal-lead", markup=False)
            yield Input()
            yield KeysLine({"ask.cancel": "takes none"}, lead="enter takes it")

    @on(Input.Submitted)
    def _answered(self, event: Input.Submitted) -> None:
        answer = event.value.strip()
        if len(answer) > self._longest:
            self.notify(
                f"That is {len(answer):,} characters; {self._longest} can be read."
            )
            return
        self.dismiss(answer or None)
