"""Counting what a bulk decision takes where there is a million to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label
from textual.worker import Worker, WorkerState, get_current_worker

from catalog.choice import Choice, Choices
from catalog.stopping import Stop
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.keys_line import KeysLine
from tui.flow.session import Session

Find = Callable[[Choices, Stop], Choice]
"""Finds a choice; the second argument ends it."""


def find_beside(session: Session, find: Find, stop: Stop) -> Choice:
    """Find a choice with a connection of its own, so that the screen can read."""
    with session.workspace.beside() as workspace:
        return find(Choices(workspace, session.database_id), stop)


class CountingModal(ModalScreen[Choice], WorkingScreen[Choice]):
    """Counting what this takes; nothing is decided before you saw the count."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "counting", ("escape,n,q", "dismiss", "Cancel", "Decide nothing", "cancel")
    )

    def __init__(self, session: Session, find: Find, number: int) -> None:
        super().__init__()
        self._session = session
        self._find = find
        self._number = number
        self._choice: Choice | None = None
        self._ended = False

    def compose(self) -> ComposeResult:
        """What is looked at, and the way out."""
        with Vertical(classes="modal"):
            title = "Counting what this takes…"
            yield Label(title, classes="modal-title", markup=False)
            yield Label(f"{self._number:,} suggestions to look at.", markup=False)
            yield KeysLine({"counting.cancel": "decides nothing"})

    def on_mount(self) -> None:
        """Begin."""
        self._count()

    @beside("count", "Counting")
    def _count(self) -> None:
        worker = get_current_worker()
        choice = find_beside(self._session, self._find, lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            self.call_later(self._end, choice)

    @on(Worker.StateChanged)
    def _failed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self._end(None)

    def _end(self, choice: Choice | None) -> None:
        self._choice, self._ended = choice, True
        self.on_screen_resume()

    def on_screen_resume(self) -> None:
        """Another screen may have come on top meanwhile, and gone."""
        if self._ended and self.is_active:
            self._ended = False  # a screen hears more than once that it is on top
            self.dismiss(self._choice)
