"""A question that states exactly what will happen, answered by one key."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Label

from tui.app.in_order import InOrder
from tui.app.keys import keys
from tui.app.widgets.keys_line import KeysLine

READ_SECONDS = 0.4
"""Enter answers a question that was on the screen for so long."""
APART_SECONDS = 0.15
"""Enter is pressed again, not held down, where it comes so long after the last one and
before the next; keyboards repeat a key thirty times a second."""


class ConfirmModal(ModalScreen[bool]):
    """Yes or no; nothing happens on any other key.

    Args:
        question: what will happen, exactly.
        details: lines below it.
        enter: whether enter is a yes too: where enter opened the question. Not that
            enter though, nor one typed before there was a question to read, nor a key
            that is held down.
    """

    app: InOrder
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "confirm",
        ("enter", "enter", "Yes", "", "enter"),
        ("y", "dismiss(True)", "Yes", "", "yes"),
        ("n,escape,q", "dismiss(False)", "No", "", "no"),
    )

    def __init__(
        self, question: str, details: Sequence[str] = (), *, enter: bool = False
    ) -> None:
        super().__init__()
        self._question = question
        self._details = details
        self._enter = enter
        self._entered = float("inf")
        """When enter came last; before there was something to read, never."""
        self._answer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The question, what it covers, and the keys."""
        with Vertical(classes="modal"):
            yield Label(self._question, classes="modal-title", markup=False)
            for line in self._details:
                yield Label(line, markup=False)
            words = {"confirm.enter": "or"} if self._enter else {}
            yield KeysLine({**words, "confirm.yes": "yes", "confirm.no": "no"})

    def on_mount(self) -> None:
        """From its first drawing on there is something to read."""
        self.call_after_refresh(self._drawn)

    def _drawn(self) -> None:
        self._entered = time.monotonic() + READ_SECONDS - APART_SECONDS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter is no answer where another key asked."""
        return self._enter if action == "enter" else True

    def action_enter(self) -> None:
        """Yes, where this enter turns out to be one press, of what could be read."""
        typed = self.app.typed_at
        alone = typed - self._entered >= APART_SECONDS
        self._entered = max(typed, self._entered)
        if self._answer is not None:
            self._answer.stop()
        if alone:
            self._answer = self.set_timer(APART_SECONDS, self._agree)

    def _agree(self) -> None:
        if self.is_current:  # nobody asks something else meanwhile
            self.dismiss(True)
