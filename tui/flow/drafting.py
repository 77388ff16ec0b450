"""Drafting what a plan names, and other wordings of one; what is yielded is saved."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Protocol

from catalog.glossary import GlossaryFile
from catalog.inferences import AT_ONCE, DraftedWith
from catalog.lease import Lease
from catalog.objects import ColumnId, Profile, Table, TableId, Target, table_of
from catalog.stopping import Stop, never
from catalog.suggestion import Draft, Wording
from connectors.view_columns import base_columns, inherited_columns
from model.chances import Chances
from model.draft import Documented, Drafter, Job
from model.energy import Meter
from model.known_systems import KnownSystems
from model.library import ModelFile, PromptFormat
from model.nearest import shipped
from model.prompt import Written
from model.prompts import compact, long
from tui.flow.draft_plan import DraftPlan, lacking
from tui.flow.engines import RULES_ALONE, Running
from tui.flow.prefetch import Sampler
from tui.flow.session import Session

SAVE_SECONDS = 0.25
"""Drafts are saved at least so often."""
SAMPLED_AHEAD = 4
"""Tables that are sampled before their turn."""
LONGEST_HINT = min(compact.LONGEST_COMMENT, long.LONGEST_COMMENT)
"""Characters of a hint; the model would not read more."""
ALTERNATIVES = 5
"""Most other wordings."""


class Keep(Protocol):
    """Stores drafts, each with the comment there is, and says how many were new."""

    def __call__(
        self, drafts: Iterable[tuple[Draft, str | None]], *, drafting: int | None
    ) -> int:
        """As `Suggestions.put`."""


def draft(
    session: Session,
    plan: DraftPlan,
    running: Running = RULES_ALONE,
    *,
    samples: bool = True,
    first: Callable[[], TableId | None] = lambda: None,
    stop: Stop = never,
    meter: Meter | None = None,
    keep: Keep | None = None,
) -> Iterator[Draft]:
    """Draft what a plan names; drafts are yielded once they are saved.

    Args:
        session: the open database.
        plan: what.
        running: the model.
        samples: look at bounded samples of the tables' rows.
        first: the table that goes before all others, asked for each table anew.
        stop: ends it within a decoding step; what is saved stays.
        meter: counts the energy; without it one that begins here.
        keep: stores drafts; None makes them what is to decide.
    """
    glossary = GlossaryFile(session.glossary)
    glossary.read()  # a mistake in it is told before anything begins
    # Time counts from here.
    keep = keep or session.suggestions.put
    saver = _Saver(session, running, meter or meter_of(running), keep)
    with Lease(session.workspace, session.database_id, "draft"):
        drafter = _drafter(session, running, plan.documented)
        jobs = _jobs(
            session,
            plan,
            drafter,
            samples=samples,
            wait=running.engine is None and running.cluster is None,
            first=first,
            stop=stop,
        )
        drafts = drafter.draft(jobs, stop=stop, first=first)
        try:
            with closing(jobs), closing(drafts):
                for each in drafts:
                    # Somebody waits for those of the table on the screen.
                    at_once = table_of(each.target) == first()
                    yield from saver.add(each, at_once=at_once)
        finally:
            # Whatever ends it, what was drafted is saved.
            rest = saver.save()
        yield from rest
        session.suggestions.inferences.trim(stop=stop)


def alternatives(
    session: Session,
    target: Target,
    running: Running,
    documented: Documented,
    *,
    hint: str = "",
    stop: Stop,
) -> list[Wording]:
    """Other wordings for one target.

    Args:
        session: the open database.
        target: what is described.
        running: the model.
        documented: what the database describes already, to take examples from.
        hint: what the steward knows of it; the model reads it as a comment on the
            table, the one place for such words that every model was taught.
        stop: ends it within a decoding step.
    """
    job = _job(session, target, stop)
    if job is None:
        return []
    if hint:
        comment = f"{hint} {job.table.comment or ''}".strip()
        job = replace(job, table=replace(job.table, comment=comment))
    drafter = _drafter(session, running, documented)
    return drafter.alternatives(job, ALTERNATIVES, stop=stop)


def prompt_of(
    session: Session,
    target: Target,
    running: Running,
    documented: Documented,
    *,
    stop: Stop,
) -> Written | None:
    """The exact prompt for one target; None where no model is asked."""
    job = _job(session, target, stop)
    return _drafter(session, running, documented).prompt(job) if job else None


def documented(session: Session) -> Documented:
    """What the database describes already, in one pass over the snapshot."""
    found = Documented()
    for table in session.snapshot.tables():
        found.add(table)
    return found


def _job(session: Session, target: Target, stop: Stop) -> Job | None:
    table = session.snapshot.table(table_of(target))
    if table is None:
        return None
    return Job(table, (target,), session.profile(table, stop=stop))


def _drafter(session: Session, running: Running, documented: Documented) -> Drafter:
    engine, model = running.engine, running.model
    # Examples are for a model that was taught to read them.
    taught = engine and model and model.format is PromptFormat.COMPACT
    drafter = Drafter if running.cluster is None else running.cluster.drafter
    return drafter(
        engine,
        model,
        documented=documented,
        known=KnownSystems.shipped(),
        chances=Chances(
            partial(
                session.suggestions.confidences, model=model.name if model else None
            )
        ),
        nearest=shipped() if taught else None,
        limit=lambda target: session.database.limit(isinstance(target, TableId)),
        glossary=GlossaryFile(session.glossary).read,
    )


def _jobs(
    session: Session,
    plan: DraftPlan,
    drafter: Drafter,
    *,
    samples: bool,
    wait: bool,
    first: Callable[[], TableId | None],
    stop: Stop,
) -> Generator[Job | None]:
    """The jobs of a plan: those of the table on the screen first, then on from there.

    A table that comes on the screen and is not in the plan is added to it. None says
    that the next job is not ready; `wait` waits for it instead.
    """
    queue = _Queue(session, plan)
    sampler = Sampler(session, stop=stop) if samples else None
    ahead: deque[Job] = deque()
    sampled: set[TableId] = set()
    wanted: TableId | None = None

    def take(*, at_once: bool = False) -> bool:
        if (job := queue.take()) is None:
            return False
        ahead.append(job)
        if sampler is not None and drafter.needs_rows(job):
            sampled.add(job.table.id)
            sampler.ask(job.table, at_once=at_once)
        return True

    try:
        while not stop():
            asked = first()
            if asked != wanted:
                wanted = asked
                if asked is not None:
                    queue.go_on_from(asked, ahead)
                    ahead.clear()
                    take(at_once=True)
            while len(ahead) < SAMPLED_AHEAD and take():
                pass
            if not ahead:
                return
            profiles: dict[str, Profile] | None = {}
            if sampler is not None and ahead[0].table.id in sampled:
                profiles = sampler.take(ahead[0].table.id, wait=wait)
            if profiles is None:
                yield None
                continue
            job = ahead.popleft()
            sampled.discard(job.table.id)
            yield replace(job, profiles=profiles)
    finally:
        if sampler is not None:
            sampler.close()


class _Queue:
    """What of a plan is still to do, from one table on and round."""

    def __init__(self, session: Session, plan: DraftPlan) -> None:
        self._session = session
        self._plan = plan
        self._order = list(plan.work)
        self._places = {table: place for place, table in enumerate(self._order)}
        self._waiting = plan.work.copy()
        self._place = 0

    def take(self) -> Job | None:
        """The next table's job, not sampled yet; None where nothing is left."""
        while self._waiting:
            table_id = self._order[self._place % len(self._order)]
            self._place += 1
            targets = self._waiting.take(table_id)
            if targets and (table := self._session.snapshot.table(table_id)):
                return Job(table, targets, {}, _bases(self._session, table))
        return None

    def go_on_from(self, table: TableId, taken: Iterable[Job]) -> None:
        """Let a table come next; what was taken and not begun is put back."""
        for job in taken:
            self._waiting[job.table.id] = job.targets
        if table not in self._places:
            self._add(table)
        self._place = self._places.get(table, self._place)

    def _add(self, table: TableId) -> None:
        if targets := lacking(self._session, table):
            self._plan.add(table, targets)
            self._waiting[table] = targets
            self._places[table] = len(self._order)
            self._order.append(table)


def _bases(session: Session, table: Table) -> dict[str, ColumnId]:
    """Where the columns of a view or of a child table come from."""
    lookup = session.snapshot.table
    if table.view_sql is None:
        return inherited_columns(table, lookup=lookup)
    dialect = session.database.dialect.sqlglot
    return base_columns(table, dialect=dialect, lookup=lookup)


def meter_of(running: Running) -> Meter:
    """What counts the energy of drafting with a model, where anything does."""
    engine, model = running.engine, running.model
    remote = model is not None and model.endpoint is not None
    elsewhere = remote or running.cluster is not None
    gpu = engine is not None and engine.runs_on == "GPU"
    return Meter(gpu=gpu, none=elsewhere)


def drafted_with(running: Running, meter: Meter) -> DraftedWith:
    """What the inference log keeps of a model and what counts its energy."""
    model, alone = running.model, running.engine is None and running.cluster is None
    if model is None or alone:
        return DraftedWith(meter=meter.of)
    # With an adapter on top, the digest of the file alone would name another model.
    digest = None
    if isinstance(model, ModelFile) and model.adapter is None:
        digest = model.sha256
    return DraftedWith(model.name, digest, model.format.value, meter.of)


class _Saver:
    """Saves drafts a few at a time: a transaction costs a disk flush."""

    def __init__(
        self, session: Session, running: Running, meter: Meter, keep: Keep
    ) -> None:
        self._session = session
        self._running = running
        self._meter = meter
        self._keep = keep
        self._drafts: list[Draft] = []
        self._saved_at = self._spent_at = time.monotonic()
        self._joules = meter.joules()
        self._logged = 0

    def add(self, draft: Draft, *, at_once: bool) -> list[Draft]:
        self._drafts.append(draft)
        if not at_once and time.monotonic() - self._saved_at < SAVE_SECONDS:
            return []
        return self.save()

    def save(self) -> list[Draft]:
        drafts, self._drafts = self._drafts, []
        if not drafts:
            return []
        with self._session.workspace.transaction():
            # Who described a target meanwhile, human or run, wins over the draft.
            places = {table_of(draft.target) for draft in drafts}
            tables = {place: self._session.snapshot.table(place) for place in places}
            kept = [
                draft
                for draft in drafts
                if (table := tables[table_of(draft.target)]) is not None
                and table.comment_of(draft.target) is None
            ]
            self._keep(((draft, None) for draft in kept), drafting=self._spent(drafts))
        self._saved_at = time.monotonic()
        self._logged += len(kept)
        if self._logged >= AT_ONCE:
            self._logged = 0
            self._session.suggestions.inferences.trim()
        return kept

    def _spent(self, drafts: Sequence[Draft]) -> int:
        """Log what passed since the last time; the row that the drafts belong to."""
        seconds, joules = time.monotonic() - self._spent_at, self._meter.joules()
        used = None if joules is None else joules - (self._joules or 0.0)
        self._spent_at, self._joules = self._spent_at + seconds, joules
        return self._session.suggestions.inferences.spent(
            drafted_with(self._running, self._meter),
            seconds=seconds,
            efforts=[draft.effort for draft in drafts],
            columns=sum(isinstance(draft.target, ColumnId) for draft in drafts),
            joules=used,
        )
