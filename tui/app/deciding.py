"""Bulk decisions, undo and redo, the same on every screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from textual import work
from textual.app import App
from textual.screen import Screen

from catalog.choice import Choice
from catalog.decisions import Batch
from catalog.suggestion import Suggestion
from catalog.suggestions import Suggestions
from tui.flow.session import Session
from tui.flow.text import plain

AT_ONCE = 20_000
"""Suggestions that are decided on within a second; more are in the background."""
EDITED_AT_ONCE = 500
"""The same of texts that are said anew: each is compared with its draft."""

Act = Callable[[Suggestions], Batch | None]
"""Decides something, or finds nothing to decide."""
Then = Callable[[Batch], object]
"""Shows what was decided."""


class Deciding(App[None]):
    """An app that decides: at once, or beside the screen where that takes a while."""

    session: Session | None

    def decide_in_bulk(
        self,
        what: Literal["accept", "reject"],
        choice: Choice,
        screen: Screen[Any],
        then: Callable[[], object],
    ) -> None:
        """Accept or reject a choice, then call the screen back, if it is there yet."""

        def act(suggestions: Suggestions) -> Batch | None:
            if what == "accept":
                return suggestions.accept_chosen(choice)
            return suggestions.reject_chosen(choice)

        def tell(batch: Batch | None) -> str:
            number = batch.count if batch else 0
            writes = ", w writes" if what == "accept" else ""
            return f"{what.capitalize()}ed {number:,}. u takes it back{writes}."

        doing = f"{what.capitalize()}ing"
        self._act(len(choice), doing, act, tell, screen, lambda _: then())

    def say_of_all(
        self,
        taken: Sequence[Suggestion],
        text: str,
        screen: Screen[Any],
        then: Callable[[], object],
    ) -> None:
        """Stage one text for all of these, then call the screen back."""

        def act(suggestions: Suggestions) -> Batch:
            return suggestions.say_of_all(taken, text)

        def tell(batch: Batch | None) -> str:
            return f"Staged {batch.count if batch else 0:,}. u takes all of it back."

        number = len(taken)
        beside = number > EDITED_AT_ONCE
        self._act(number, "Staging", act, tell, screen, lambda _: then(), beside=beside)

    def undo(self, screen: Screen[Any], then: Then) -> None:
        """Take back the last decision on this database, single or in bulk."""
        self._replay("undo", "Undone", lambda its: its.decisions.undo(), screen, then)

    def redo(self, screen: Screen[Any], then: Then) -> None:
        """Decide again what was taken back last."""
        self._replay("redo", "Redone", lambda its: its.decisions.redo(), screen, then)

    def _replay(
        self,
        what: Literal["undo", "redo"],
        done: str,
        act: Act,
        screen: Screen[Any],
        then: Then,
    ) -> None:
        def tell(batch: Batch | None) -> str:
            if batch is None:
                return f"Nothing to {what}."
            return f"{done}: {plain(batch.what)} ({batch.count:,})."

        if self.session is not None:
            number = self.session.suggestions.decisions.replayed(what)
            self._act(number, f"{what.capitalize()}ing", act, tell, screen, then)

    def _act(
        self,
        number: int,
        doing: str,
        act: Act,
        tell: Callable[[Batch | None], str],
        screen: Screen[Any],
        then: Then,
        *,
        beside: bool = False,
    ) -> None:
        if self.session is None:
            return
        if number <= AT_ONCE and not beside:
            batch = act(self.session.suggestions)
            self.notify(tell(batch), markup=False)
            if batch is not None:
                then(batch)
            return
        self.notify(f"{doing} {number:,}…")
        self._act_later(self.session, act, tell, screen, then)

    @work(thread=True, group="decide", exit_on_error=False, description="Deciding")
    def _act_later(
        self,
        session: Session,
        act: Act,
        tell: Callable[[Batch | None], str],
        screen: Screen[Any],
        then: Then,
    ) -> None:
        # A connection of its own, so that the screen can read meanwhile.
        with session.workspace.beside() as workspace:
            batch = act(Suggestions(workspace, session.database_id))
        self.notify(tell(batch), markup=False)
        if batch is not None:
            screen.call_later(then, batch)  # which a screen that was left does not hear
