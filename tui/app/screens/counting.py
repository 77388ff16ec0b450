"""Counting what a bulk decision, or drafting, takes where there is much to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label
from textual.worker import Worker, WorkerState, get_current_worker

from catalog.choice import Choices
from catalog.stopping import Stop
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.keys_line import KeysLine
from tui.flow.session import Session

Counted = TypeVar("Counted")
"""What is known once it was counted, such as a choice."""
Find = Callable[[Choices, Stop], Counted]
"""Counts; the second argument ends it."""


def find_beside(session: Session, find: Find[Counted], stop: Stop) -> Counted:
    """Count with a connection of its own, so that the screen can read."""
    with session.workspace.beside() as workspace:
        return find(Choices(workspace, session.database_id), stop)


class CountingModal(ModalScreen[Counted], WorkingScreen[Counted]):
    """Counting what this takes; nothing is done before you saw the count."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "counting", ("escape,n,q", "dismiss", "Cancel", "Do nothing", "cancel")
    )

    def __init__(self, session: Session, find: Find[Counted], looked_at: str) -> None:
        super().__init__()
        self._session = session
        self._find = find
        self._looked_at = looked_at

    def compose(self) -> ComposeResult:
        """What is looked at, and the way out."""
        with Vertical(classes="modal"):
            title = "Counting what this takes…"
            yield Label(title, classes="modal-title", markup=False)
            yield Label(f"{self._looked_at} to look at.", markup=False)
            yield KeysLine({"counting.cancel": "does nothing"})

    def on_mount(self) -> None:
        """Begin."""
        self._count()

    @beside("count", "Counting")
    def _count(self) -> None:
        worker = get_current_worker()
        counted = find_beside(self._session, self._find, lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            self.call_later(self._end, counted)

    @on(Worker.StateChanged)
    def _failed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self._end(None)

    def _end(self, counted: Counted | None) -> None:
        self.dismiss(counted)
