"""Bulk decisions, undo and redo, the same on every screen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal

from textual.app import App
from textual.screen import Screen

from catalog.choice import Choice
from catalog.decisions import Batch
from catalog.suggestion import Finding, Suggestion
from catalog.suggestions import Suggestions
from catalog.workspace import steward
from tui.app.beside import beside
from tui.app.screens.confirm import ConfirmModal
from tui.flow.session import Session
from tui.flow.text import plain, when

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
        *,
        shown: Collection[int] = (),
        sampled: int | None = None,
    ) -> None:
        """Accept or reject a choice, then call the screen back, if it is there yet.

        Args:
            what: which of both.
            choice: what is decided on.
            screen: the screen that asks.
            then: what calls it back.
            shown: ids of suggestions whose text was on the screen; the others are
                accepted unseen.
            sampled: how many were looked at first, of an acceptance sample.
        """

        def act(suggestions: Suggestions) -> Batch:
            if what == "accept":
                return suggestions.accept_chosen(choice, shown, sampled=sampled)
            return suggestions.reject_chosen(choice)

        def tell(batch: Batch | None) -> str:
            number = batch.count if batch else 0
            writes = ", w writes" if what == "accept" else ""
            return f"{what.capitalize()}ed {number:,}. u takes it back{writes}."

        doing = f"{what.capitalize()}ing"
        self._act(len(choice), AT_ONCE, doing, act, tell, screen, lambda _: then())

    def say_of_all(
        self,
        taken: Sequence[Suggestion],
        text: str,
        screen: Screen[Any],
        then: Callable[[], object],
        *,
        findings: tuple[Finding, ...],
        shown: Collection[int],
    ) -> None:
        """Accept one text for all of these, then call the screen back.

        Args:
            taken: what gets the text.
            text: the text.
            screen: the screen that asks.
            then: what calls it back.
            findings: what the checks of writing found in the text.
            shown: ids of those that were on the screen.
        """

        def act(suggestions: Suggestions) -> Batch:
            return suggestions.say_of_all(taken, text, findings=findings, shown=shown)

        def tell(batch: Batch | None) -> str:
            return f"Accepted {batch.count if batch else 0:,}. u takes all of it back."

        number, most = len(taken), EDITED_AT_ONCE
        self._act(number, most, "Accepting", act, tell, screen, lambda _: then())

    def replay(
        self, what: Literal["undo", "redo"], screen: Screen[Any], then: Then
    ) -> None:
        """Take back the last decision of this window, or decide so again.

        Where this window has none it is the last one that stands; another person's is
        asked for first.
        """
        if self.session is None:
            return
        found = self.session.suggestions.decisions.upcoming(what)
        if found is None:
            self.notify(f"Nothing to {what}.")
            return

        did = "decided" if what == "undo" else "undid"
        was = "decided" if what == "undo" else "undone"
        whose = f"{was} by {plain(found.who)} at {when(found.at)}"

        def act(suggestions: Suggestions) -> Batch | None:
            decisions = suggestions.decisions
            replay = decisions.undo if what == "undo" else decisions.redo
            return replay(found.id)

        def tell(batch: Batch | None) -> str:
            done = "Undone" if what == "undo" else "Redone"
            if batch is None or not batch.count:
                return f"Not {done.lower()}: it was decided otherwise since."
            by = "" if batch.here else f", {whose}"
            return f"{done}: {plain(batch.what)} ({batch.count:,}){by}."

        def replay() -> None:
            doing = f"{what.capitalize()}ing"
            self._act(found.count, AT_ONCE, doing, act, tell, screen, then)

        if found.here or found.who == steward():
            replay()
            return
        verb = "Take back" if what == "undo" else "Do again"
        question = ConfirmModal(
            f"{verb} what {plain(found.who)} {did}?",
            [f"{plain(found.what)} ({found.count:,}), {whose}."],
        )
        self.push_screen(question, lambda yes: replay() if yes else None)

    def _act(
        self,
        number: int,
        most: int,
        doing: str,
        act: Act,
        tell: Callable[[Batch | None], str],
        screen: Screen[Any],
        then: Then,
    ) -> None:
        if self.session is None:
            return
        if number <= most:
            batch = act(self.session.suggestions)
            self.notify(tell(batch), markup=False)
            if batch is not None:
                then(batch)
            return
        self.notify(f"{doing} {number:,}…")
        self._act_later(self.session, act, tell, screen, then)

    @beside("decide", "Deciding", exclusive=False)
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
