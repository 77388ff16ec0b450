"""Drafting more than a table: ask with the exact count, then draft."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.choice import Undrafted
from catalog.errors import ColumnistError
from catalog.objects import TableId
from catalog.stopping import never
from tui.app.screens.counting import CountingModal
from tui.app.screens.working import WorkingScreen
from tui.flow.model_choice import find_model
from tui.flow.session import Session
from tui.flow.text import count, duration, plain

AT_ONCE = 500
"""Tables that are counted within a moment; more are beside the screen."""
NOTHING = "is described, drafted or decided on."


class DraftQuestion:
    """Drafts one table at once, and more after a question that states the count.

    Args:
        screen: the screen that asks.
        session: the open database.
    """

    def __init__(self, screen: WorkingScreen[None], session: Session) -> None:
        self._screen = screen
        self._session = session

    def draft_one(self, table: TableId) -> None:
        """Draft what a table lacks."""
        from tui.flow.draft_plan import lacking

        if not lacking(self._session, table):
            self._tell(f"Nothing to draft: all of {table} {NOTHING}")
            return
        if self._is_running:
            self._tell(f"{table} is drafted too.")
        self._screen.app.draft([table])

    def ask(self, what: str, tables: Sequence[TableId]) -> None:
        """Draft what tables lack, once its count was seen.

        Args:
            what: what they are, in words.
            tables: those that lack something.
        """

        def asked(found: Undrafted) -> None:
            self._ask(what, list(tables), found)

        if len(tables) <= AT_ONCE:
            asked(self._session.choices.to_draft(tables, stop=never))
            return
        modal = CountingModal(
            self._session,
            lambda choices, stop: choices.to_draft(tables, stop=stop),
            count(len(tables), "table"),
        )
        self._screen.app.ask(modal, asked)

    def _ask(self, what: str, tables: list[TableId], found: Undrafted) -> None:
        if not found:
            self._tell(f"Nothing to draft: {what} {NOTHING}")
            return
        details = [
            f"In {count(found.tables, 'table')}:"
            f" {count(found.themselves, 'table description')}"
            f" and {count(found.columns, 'column')}."
        ]
        if (rate := self._rate()) is not None:
            seconds = duration(len(found) / rate)
            details.append(f"About {seconds} on this machine, by its last drafts.")
        if self._is_running:
            details.append("Drafting is under way, and does these too.")
        details.append("The drafts are yours to decide; nothing is written.")
        self._screen.app.confirm(
            f"Draft {what}?", details, lambda: self._screen.app.draft(tables)
        )

    def _rate(self) -> float | None:
        """How many are drafted in a second, where this model did it before."""
        try:
            model = find_model(self._session.settings)
        except ColumnistError:
            return None
        return self._session.choices.drafted_a_second(model.name)

    @property
    def _is_running(self) -> bool:
        drafting = self._screen.app.drafting
        return drafting is not None and drafting.running

    def _tell(self, text: str) -> None:
        self._screen.notify(plain(text), markup=False)
