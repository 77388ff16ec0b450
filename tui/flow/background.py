"""Drafting in the background: what is in work, how far it is, how to stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import ColumnistError
from catalog.glossary import Term
from catalog.objects import TableId, Target, table_of
from catalog.stopping import Stop
from catalog.suggestion import Draft, Wording
from tui.flow.model_choice import find_model, remote_model, rules_alone
from tui.flow.session import Session
from tui.flow.text import count, duration, shorten

if TYPE_CHECKING:
    from model.draft import Documented
    from model.prompt import Written
    from model.remote import Model
    from model.writer import Writer
    from tui.flow.draft_plan import DraftPlan
    from tui.flow.engines import Running

LONGEST_NAME = 24
"""Characters of a server's name for its model that the status line has room for."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far drafting is."""

    done: int = 0
    """Descriptions drafted."""
    total: int = 0
    """Descriptions to draft in all; 0 while they are being counted."""
    tables_done: int = 0
    """Tables of which all is drafted."""
    tables: int = 0
    """Tables to draft something of."""
    seconds: float = 0.0
    """Since the first was asked for."""

    def line(self) -> str:
        """For the status line."""
        if not self.total:
            return "Drafting: starting the model…"
        text = (
            f"Drafting {self.done:,} of {self.total:,},"
            f" {self.tables_done:,}/{count(self.tables, 'table')}"
        )
        if self.done and self.seconds > 0.5:
            rate = self.done / self.seconds
            left = duration((self.total - self.done) / rate)
            text += f" · {rate:.0f}/s · {left} left"
        return text

    def ended(self) -> str:
        """What to say when drafting is over."""
        return f"Drafted {count(self.done, 'description')} in {self.seconds:.1f} s."


class BackgroundDrafting:
    """One engine, used by one thread at a time; the app's workers call `run`.

    What drafts is imported where it is used: the first tables are shown without it.

    Asking for alternatives while drafting is under way makes it pause: it stops within
    a decoding step, and goes on with what is left.
    """

    def __init__(
        self, session: Session, *, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._session = session
        self._tell = tell
        self._told: set[str] = set()
        self._answers: list[Term] = []
        self._asked: dict[TableId, bool] = {}
        self._remote = remote_model(session.settings)
        self._running: Running | None = None
        self._documented: Documented | None = None
        self._using = threading.Lock()
        self._stop = threading.Event()
        self._pauses = 0
        self._paused = False
        self._closing = False
        self._focused = True
        self._first: TableId | None = None
        self._add = True
        self.running = False
        self.progress = Progress()
        self.note = ""
        """What the steward should know of the engine, or why there is none."""

    def prefer(self, table: TableId | None, *, add: bool = True) -> None:
        """The table on the screen goes before all others.

        Args:
            table: None where no table is on the screen.
            add: draft it even if the run was not asked to.
        """
        self._first, self._add = table, add

    def _wanted(self, plan: DraftPlan) -> TableId | None:
        return self._first if self._add or self._first in plan.work else None

    def in_focus(self, focused: bool) -> None:
        """Leave one core of more than two to a terminal that somebody works in."""
        self._focused = focused
        engine = self._engine
        threads = engine.threads if engine is not None else 0
        if engine and threads > 2 and "threads" not in self._session.settings.sizes:
            engine.use_threads(threads - 1 if focused else threads)

    def stop(self) -> None:
        """End drafting within a step; what is drafted stays, what is asked goes."""
        self._stop.set()
        self._answers.clear()
        self._asked.clear()

    def redraft(self, terms: Sequence[Term]) -> None:
        """Have undecided drafts that terms touch drafted again, by this run or another.

        A run that is under way turns to them at once.
        """
        self._answers += terms

    def add(self, tables: Iterable[TableId], *, redo: bool = False) -> None:
        """Have tables drafted before all others, by the run under way or another.

        Args:
            tables: which.
            redo: what of them has an undecided draft too.
        """
        self._asked.update(dict.fromkeys(tables, redo))

    @property
    def asked(self) -> bool:
        """Whether terms or tables wait for a run that takes them."""
        return bool(self._answers or self._asked)

    def run(
        self,
        *,
        tables: Sequence[TableId] = (),
        redo: bool = False,
        asked: bool = False,
    ) -> Iterator[Draft]:
        """Draft until all is done or `stop` is called; drafts once they are saved.

        Args:
            tables: only these, where given.
            redo: undecided drafts too.
            asked: only what was asked for by `redraft` and `add`.
        """
        from tui.flow import draft_plan, drafting

        self._stop.clear()
        self.running = True
        self.progress = Progress()
        tally = _Tally()
        try:
            if asked:
                plan = self._take_asked()
            else:
                plan = draft_plan.plan_drafts(self._session, tables=tables, redo=redo)
                if plan.for_files.keys() - self._told:  # not for every table anew
                    self._told.update(plan.for_files)
                    self._tell("\n".join(plan.notes()))
                if not plan.targets:
                    self._tell(draft_plan.NOTHING_TO_DRAFT)
            self._documented = plan.documented
            while plan.targets and not self._stop.is_set():
                self._wait_for_pauses()
                with self._using:
                    running = self._start(self._stop.is_set)
                    tally.begin()
                    self._paused = False
                    for draft in drafting.draft(
                        self._session,
                        plan,
                        running,
                        first=lambda: self._wanted(plan),
                        stop=self._interrupted,
                    ):
                        tally.add(draft.target, plan)
                        self.progress = tally.progress(plan)
                        yield draft
                if not self._paused and not self.asked:
                    return
                plan.leave_out(tally.drafted)
                if self.asked and not self._stop.is_set():
                    again = self._take_asked()
                    tally.forget(again)
                    plan.put_first(again)
        finally:
            self.running = False
            if self._engine is not None:
                self.note = self._engine.note

    def _take_asked(self) -> DraftPlan:
        """What was asked for by now: tables, then what terms touch."""
        from tui.flow import draft_plan

        asked, self._asked = self._asked, {}
        plan = self._take_answers()
        tables = draft_plan.DraftPlan()
        for table, redo in asked.items():
            if targets := draft_plan.lacking(self._session, table, redo=redo):
                tables.add(table, targets)
        plan.put_first(tables)
        return plan

    def _take_answers(self) -> DraftPlan:
        from tui.flow import draft_plan

        terms, self._answers = self._answers, []
        if not terms:
            return draft_plan.DraftPlan(documented=self._described())
        plan = draft_plan.plan_redrafts(self._session, terms)
        if plan.targets:
            themselves = plan.targets - plan.columns
            what = count(plan.columns, "column")
            if themselves:
                what += f" and {count(themselves, 'table description')}"
            self._tell(f"Redrafting {what} in {count(len(plan.work), 'table')}.")
        return plan

    def alternatives(
        self, target: Target, *, hint: str = "", stop: Stop
    ) -> list[Wording]:
        """Other wordings for one target; drafting pauses meanwhile."""
        from tui.flow import drafting

        with self._between(stop) as (running, documented, ended):
            return drafting.alternatives(
                self._session, target, running, documented, hint=hint, stop=ended
            )

    def prompt(self, target: Target, *, stop: Stop) -> Written | None:
        """What the model is asked for one target; drafting pauses meanwhile."""
        from tui.flow import drafting

        with self._between(stop) as (running, documented, ended):
            return drafting.prompt_of(
                self._session, target, running, documented, stop=ended
            )

    def _described(self) -> Documented:
        """What the last run took its examples from, or would."""
        from tui.flow import drafting

        if self._documented is None:
            self._documented = drafting.documented(self._session)
        return self._documented

    @contextmanager
    def _between(self, stop: Stop) -> Iterator[tuple[Running, Documented, Stop]]:
        """The model while drafting is kept away, its examples, what ends its use."""

        def ended() -> bool:
            return self._closing or stop()

        with self.paused():
            yield self._start(ended), self._described(), ended

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep drafting away meanwhile."""
        self._pauses += 1
        try:
            with self._using:
                yield
        finally:
            self._pauses -= 1

    def close(self) -> None:
        """End drafting and the engine."""
        self._closing = True
        self.stop()
        with self._using:
            if self._engine is not None:
                self._engine.close()
            self._running = None

    def _interrupted(self) -> bool:
        waited_for = self._pauses > 0 or self.asked
        self._paused = self._paused or waited_for
        return self._stop.is_set() or self._paused

    def _wait_for_pauses(self) -> None:
        while self._pauses and not self._stop.is_set():
            self._stop.wait(0.05)

    def _start(self, stop: Stop) -> Running:
        """The model; without an engine where none can be run, and rules must do.

        Raises:
            ColumnistError: the model is elsewhere and cannot be asked.
        """
        from tui.flow import engines

        if self._running is not None and self._running.engine is not None:
            return self._running
        settings = self._session.settings
        try:
            self._running = engines.start(find_model(settings), settings, stop=stop)
        except ColumnistError as error:
            if self._remote is None:
                self.note = rules_alone(error)
            # A server may be back in a minute, and drafts by rules would stand in its
            # way.
            elif not stop():
                raise
            self._running = engines.Running(model=self._remote)
        else:
            self.in_focus(self._focused)
        return self._running

    @property
    def _engine(self) -> Writer | None:
        return self._running.engine if self._running is not None else None

    @property
    def _model(self) -> Model | None:
        """What runs, or what is elsewhere and was not asked yet."""
        return self._running.model if self._running is not None else self._remote

    def status(self, doing: str = "", idle: str = "") -> str:
        """For the status line: which model, and what is under way.

        Args:
            doing: what goes before drafting.
            idle: said where nothing is under way.
        """
        if not doing and self.running:
            doing = self.progress.line()
        parts = [self.model_line, idle]
        if doing:
            parts = [self.remote_line, doing, "s stops"]
        return " · ".join(filter(None, parts))

    @property
    def model_line(self) -> str:
        """Which model, and where it runs."""
        if self.remote_line:
            return self.remote_line
        engine, model = self._engine, self._model
        if engine is None or model is None or not engine.runs_on:
            return ""
        return f"{model.name} on {engine.runs_on}"

    @property
    def remote_line(self) -> str:
        """Which model elsewhere is configured, never to be hidden; empty for none."""
        model = self._model
        endpoint = model.endpoint if model is not None else None
        if endpoint is None:
            return ""
        named = f"{shorten(endpoint.served, LONGEST_NAME)} at {endpoint.place}"
        return f"{named if endpoint.served else endpoint.place} (remote)"


class _Tally:
    """Counts what is drafted, over pauses too."""

    def __init__(self) -> None:
        self.drafted: set[Target] = set()
        self._tables: set[TableId] = set()
        self._left: dict[TableId, int] = {}
        self._before = (0, 0)
        self._started: float | None = None

    def begin(self) -> None:
        """A part of the run begins; a plan's figures are on top of what is done."""
        self._started = self._started or time.monotonic()
        self._before = (len(self.drafted), len(self._tables))
        self._left.clear()

    def forget(self, plan: DraftPlan) -> None:
        """What a plan names is drafted again."""
        self.drafted.difference_update(t for ts in plan.work.values() for t in ts)
        self._tables.difference_update(plan.work)

    def add(self, target: Target, plan: DraftPlan) -> None:
        """Count a draft."""
        self.drafted.add(target)
        table = table_of(target)
        left = self._left.get(table, len(plan.work[table])) - 1
        self._left[table] = left
        if not left:
            self._tables.add(table)

    def progress(self, plan: DraftPlan) -> Progress:
        """Where drafting stands."""
        done, tables = self._before
        return Progress(
            len(self.drafted),
            done + plan.targets,
            len(self._tables),
            tables + len(plan.work),
            time.monotonic() - (self._started or 0.0),
        )
