"""A screen with work in the background, whose failures are shown where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, TypeVar

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from tui.app.desk import Desk

Result = TypeVar("Result")
"""What a screen gives back."""


class WorkingScreen(Screen[Result]):
    """Explains work that failed; a subclass may handle the same message besides.

    A worker's message goes to the node that started it and no further, so the app hears
    of its own workers only.
    """

    app: Desk
    LEGEND: ClassVar[Sequence[tuple[str, str]]] = ()
    """Signs that it draws, each with what it means, for its help."""
    _then: Callable[[], object] | None = None

    def once_on_top(self, then: Callable[[], object]) -> None:
        """Go on now, or once nothing covers this screen any more.

        A question that comes by itself, after work in the background, would otherwise
        take the answer to the one that is read.
        """
        self._then = then
        self._go_on_on_top()

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave once this is on top: Textual would take away what covers it."""
        if self.is_active:
            return super().dismiss(result)
        self.once_on_top(partial(self.dismiss, result))
        return AwaitComplete()

    @on(events.ScreenResume)
    def _go_on_on_top(self) -> None:
        if self._then is not None and self.is_active:
            then, self._then = self._then, None
            then()

    def remember(self) -> None:
        """Keep where the steward is, as the app ends; here there is nothing to keep."""

    def runs(self, group: str) -> bool:
        """Whether work of a group is under way."""
        return any(w.group == group and not w.is_finished for w in self.workers)

    @on(Worker.StateChanged)
    def _explain_failure(self, event: Worker.StateChanged) -> None:
        worker = event.worker
        if event.state is WorkerState.ERROR and worker.error is not None:
            self.app.explain(worker.error, worker.description)
