"""Reading, drafting, writing and reverting: where database, model and workspace meet.

Every job is a generator that yields results as they come and takes `stop`; none knows
of a screen. What was yielded is already saved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError, RefusedError
from catalog.lease import Lease
from catalog.ledger import Run, RunLedger
from catalog.objects import Profile, Table, TableId, Target, table_of
from catalog.suggestion import BLOCKING, STAGED, Draft, State, Suggestion
from model.draft import Documented, Drafter, Job, undescribed
from model.engine import Engine, never
from model.library import ModelFile
from tui.session import Session

SCAN_BATCH = 200
"""Tables stored in one transaction."""
FRESH_SECONDS = 600.0
"""A snapshot older than this is read again before drafting."""
SAVE_SECONDS = 0.25
"""Drafts are saved at least so often."""


# Reading


def scan(
    session: Session,
    *,
    schemas: Sequence[str] = (),
    globs: Sequence[str] = (),
    stop: Callable[[], bool] = never,
) -> Iterator[Table]:
    """Read the catalog into the workspace; tables as they are saved.

    A scan that is stopped forgets nothing: tables it did not meet stay.
    """
    if session.ledger.open_intents():
        # A crash left writes open; or another process is writing now, and its lease
        # keeps us out.
        lease = Lease(session.workspace, session.database_id, "apply")
        with suppress(ColumnistError), lease, session.lock:
            settle(session)
    number = session.snapshot.begin()
    batch: list[Table] = []
    seen: set[TableId] = set()
    targets: list[Target] = []

    def save() -> Iterator[Table]:
        session.snapshot.save(batch, scan=number)
        yield from batch
        batch.clear()

    with session.lock:
        for table in session.database.scan(schemas=schemas, tables=globs, stop=stop):
            batch.append(table)
            seen.add(table.id)
            targets += table.targets()
            if len(batch) >= SCAN_BATCH:
                yield from save()
        yield from save()
    if stop():
        return
    known = {summary.id for summary in session.snapshot.summaries()}
    session.snapshot.finish(number, schemas=schemas, globs=globs)
    gone = known - {summary.id for summary in session.snapshot.summaries()}
    session.suggestions.forget_missing(targets, tables=seen | gone)
    session.suggestions.restore_found(targets)


def is_stale(session: Session) -> bool:
    """Whether the snapshot is missing or too old to draft from."""
    scanned = session.snapshot.scanned_at()
    if scanned is None:
        return True
    age = datetime.now(UTC) - datetime.fromisoformat(scanned)
    return age.total_seconds() > FRESH_SECONDS


# Drafting


@dataclass(slots=True)
class DraftPlan:
    """What is to be drafted, and what there is to inherit from."""

    work: dict[TableId, tuple[Target, ...]] = field(
        default_factory=dict[TableId, tuple[Target, ...]]
    )
    """Targets by table, in the order in which they will be drafted."""
    documented: Documented = field(default_factory=Documented)
    """Columns that have a comment."""

    @property
    def targets(self) -> int:
        """How many descriptions are to be drafted."""
        return sum(len(targets) for targets in self.work.values())

    @property
    def columns(self) -> int:
        """How many of them are columns."""
        return sum(
            not isinstance(target, TableId)
            for targets in self.work.values()
            for target in targets
        )


def plan_drafts(
    session: Session,
    *,
    schemas: Sequence[str] = (),
    globs: Sequence[str] = (),
    limit: int | None = None,
    redo: bool = False,
) -> DraftPlan:
    """Find what is undocumented and undrafted, in one pass over the snapshot.

    Args:
        session: the open database.
        schemas: exact names; all where empty.
        globs: patterns on `table` or `schema.table`.
        limit: most tables.
        redo: also what has an undecided draft.
    """
    plan = DraftPlan()
    chosen = {
        table.id for table in session.snapshot.tables(schemas=schemas, globs=globs)
    }
    taken: dict[TableId, list[Target]] = {}
    for suggestion in session.suggestions.all():
        if suggestion.state is State.STALE:
            continue
        if redo and suggestion.state in (State.PENDING, State.ABSTAINED):
            continue
        if suggestion.state is not State.WRITTEN:
            taken.setdefault(table_of(suggestion.target), []).append(suggestion.target)
    for table in session.snapshot.tables():
        plan.documented.add(table)
        if table.id not in chosen or (limit is not None and len(plan.work) >= limit):
            continue
        targets = undescribed(
            table, taken.get(table.id, ()), for_files=bool(session.files_only)
        )
        if targets:
            plan.work[table.id] = targets
    return plan


def draft(
    session: Session,
    plan: DraftPlan,
    engine: Engine | None,
    model: ModelFile | None,
    *,
    samples: bool = True,
    first: Callable[[], TableId | None] = lambda: None,
    stop: Callable[[], bool] = never,
) -> Iterator[Draft]:
    """Draft what a plan names; drafts are yielded once they are saved.

    Args:
        session: the open database.
        plan: from `plan_drafts`.
        engine: the model, or None for rules alone.
        model: what is known of the model's file.
        samples: look at bounded samples of the tables' rows.
        first: the table that goes before all others, asked for each table anew.
        stop: ends it within a decoding step; what is saved stays.
    """
    with Lease(session.workspace, session.database_id, "draft"):
        drafter = Drafter(
            engine,
            model,
            documented=plan.documented,
            limit=lambda target: session.database.limit(isinstance(target, TableId)),
        )
        jobs = _jobs(session, plan, samples=samples, first=first, stop=stop)
        saver = _Saver(session)
        drafts = drafter.draft(jobs, stop=stop)
        try:
            for each in drafts:
                yield from saver.add(each)
        finally:
            # Whatever ends it, what was drafted is saved.
            rest = saver.save()
        yield from rest


def alternatives(
    session: Session,
    target: Target,
    engine: Engine | None,
    model: ModelFile | None,
    *,
    count: int = 5,
    samples: bool = True,
    stop: Callable[[], bool] = never,
) -> list[str]:
    """Other wordings for one target."""
    table = session.snapshot.table(table_of(target))
    if table is None:
        return []
    profiles = _profiles(session, table, samples, stop)
    drafter = Drafter(
        engine,
        model,
        limit=lambda target: session.database.limit(isinstance(target, TableId)),
    )
    return drafter.alternatives(Job(table, (target,), profiles), count, stop=stop)


def _jobs(
    session: Session,
    plan: DraftPlan,
    *,
    samples: bool,
    first: Callable[[], TableId | None],
    stop: Callable[[], bool],
) -> Iterator[Job]:
    waiting = dict(plan.work)
    while waiting and not stop():
        wanted = first()
        if wanted is None or wanted not in waiting:
            wanted = next(iter(waiting))
        targets = waiting.pop(wanted)
        table = session.snapshot.table(wanted)
        if table is None:
            continue
        yield Job(table, targets, _profiles(session, table, samples, stop))


def _profiles(
    session: Session, table: Table, samples: bool, stop: Callable[[], bool]
) -> dict[str, Profile]:
    if not samples:
        return {}
    with session.lock:
        return session.database.profile(table, stop=stop)


class _Saver:
    """Saves drafts a few at a time: a transaction costs a disk flush."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._drafts: list[Draft] = []
        self._saved_at = time.monotonic()

    def add(self, draft: Draft) -> list[Draft]:
        self._drafts.append(draft)
        if time.monotonic() - self._saved_at < SAVE_SECONDS:
            return []
        return self.save()

    def save(self) -> list[Draft]:
        drafts, self._drafts = self._drafts, []
        with self._session.workspace.transaction():
            # Who described a target meanwhile, human or run, wins over the draft.
            tables: dict[TableId, Table | None] = {}
            for table_id in {table_of(draft.target) for draft in drafts}:
                tables[table_id] = self._session.snapshot.table(table_id)
            kept = [
                draft
                for draft in drafts
                if (table := tables[table_of(draft.target)]) is not None
                and table.comment_of(draft.target) is None
            ]
            self._session.suggestions.put((draft, None) for draft in kept)
        self._saved_at = time.monotonic()
        return kept


# Deciding in bulk


@dataclass(frozen=True, slots=True)
class BulkChoice:
    """What a bulk accept takes and leaves, before anything is decided."""

    taken: list[Suggestion]
    """Pending suggestions with a text and without a blocking finding."""
    blocked: list[Suggestion]
    """Left out because of a blocking finding."""
    replacing: list[Suggestion]
    """Left out because they would replace a comment, which takes a look at each."""

    def left_out(self) -> dict[str, int]:
        """How many were left out, by finding, or as `replaces`."""
        counts: dict[str, int] = {}
        for suggestion in self.blocked:
            for finding in suggestion.draft.findings:
                if finding in BLOCKING:
                    counts[finding.value] = counts.get(finding.value, 0) + 1
        if self.replacing:
            counts["replaces"] = len(self.replacing)
        return counts


def choose_in_bulk(
    suggestions: Iterable[Suggestion], *, min_confidence: float = 0.0
) -> BulkChoice:
    """What a bulk accept of these would take."""
    pending = [
        suggestion
        for suggestion in suggestions
        if suggestion.state is State.PENDING
        and suggestion.text
        and suggestion.draft.confidence >= min_confidence
    ]
    blocked = [s for s in pending if BLOCKING & set(s.draft.findings)]
    replacing = [s for s in pending if s.previous is not None and s not in blocked]
    left = {s.id for s in (*blocked, *replacing)}
    return BulkChoice([s for s in pending if s.id not in left], blocked, replacing)


# Writing


def settle(session: Session) -> list[WriteResult]:
    """Find out what became of writes that a crash interrupted.

    Call it under the `apply` lease: an open intent may belong to a running writer.
    """
    results: list[WriteResult] = []
    runs = {run.id: run for run in session.ledger.runs()}
    intents = session.ledger.open_intents()
    for run, of_run in groupby(intents, key=lambda intent: intent.run):
        results += session.database.settle(
            list(of_run), _run_ledger(session, runs[run])
        )
        session.ledger.end(run)
    return results


def apply(
    session: Session,
    changes: Sequence[CommentChange] | None = None,
    *,
    allow_rebuild: bool = False,
    unproved: bool = False,
    on_run: Callable[[int], None] = lambda _: None,
    stop: Callable[[], bool] = never,
) -> Iterator[WriteResult]:
    """Write what was accepted, table by table; results as they are recorded.

    Args:
        session: the open database.
        changes: those to write; None is all that is staged.
        allow_rebuild: statements that copy a whole table are allowed.
        unproved: writing to a database that was never tried is allowed.
        on_run: called with the run's id before the first statement.
        stop: ends it between two statements.
    """
    _may_write(session)
    lease = Lease(session.workspace, session.database_id, "apply")
    with lease, session.lock:
        settle(session)
        if changes is None:
            wanted = session.suggestions.staged()
        else:
            # What settling just found written, or somebody else decided, stays out.
            staged = set(session.suggestions.staged())
            wanted = [change for change in changes if change in staged]
        if not wanted:
            return
        run = session.ledger.begin("apply")
        on_run(run)
        record = _run_ledger(session, Run(run, "apply", None, "", 0))
        try:
            yield from _write(
                session,
                wanted,
                record,
                allow_rebuild=allow_rebuild,
                unproved=unproved,
                stop=stop,
                still=lambda changes: _still_staged(session, changes),
                on_result=session.suggestions.record,
            )
        finally:
            session.ledger.end(run)


def revert(
    session: Session,
    run: int | None = None,
    *,
    on_run: Callable[[int], None] = lambda _: None,
    stop: Callable[[], bool] = never,
) -> Iterator[WriteResult]:
    """Write back what a run replaced, wherever nobody changed it since.

    Raises:
        RefusedError: there is no such run, or nothing to take back.
    """
    _may_write(session)
    lease = Lease(session.workspace, session.database_id, "apply")
    with lease, session.lock:
        settle(session)
        known = {run.id: run for run in session.ledger.runs()}
        chosen = known.get(run) if run is not None else None
        if run is None:
            chosen = session.ledger.last_revertible()
        if chosen is None or not chosen.written:
            raise RefusedError(
                "There is no run to take back."
                if run is None
                else f"Run {run} wrote nothing here.",
                "`columnist apply` prints the number of each run it makes.",
            )
        back = [
            CommentChange(
                intent.change.target,
                previous=intent.change.text,
                text=intent.change.previous,
            )
            for intent in session.ledger.written(chosen.id)
        ]
        number = session.ledger.begin("revert", reverts=chosen.id)
        on_run(number)
        record = _run_ledger(session, Run(number, "revert", chosen.id, "", 0))
        try:
            yield from _write(
                session,
                back,
                record,
                # Whatever allowed the run allows taking it back.
                allow_rebuild=True,
                unproved=True,
                stop=stop,
            )
        finally:
            session.ledger.end(number)


def _may_write(session: Session) -> None:
    if session.settings.read_only:
        raise RefusedError(
            f"{session.database.identity.label} was opened read-only.",
            "Nothing was written; leave --read-only out.",
        )


def _run_ledger(session: Session, run: Run) -> RunLedger:
    """A ledger whose rows close together with what they mean for the workspace."""

    def closed(result: WriteResult) -> None:
        target = result.change.target
        if result.outcome is Outcome.WRITTEN:
            session.snapshot.set_comment(target, result.change.text)
        elif result.outcome is Outcome.CONFLICT:
            session.snapshot.set_comment(target, result.read_back)
        if run.what == "apply":
            session.suggestions.record(result)
        elif result.outcome is Outcome.WRITTEN:
            session.suggestions.reverted(result.change)

    return RunLedger(session.workspace, run.id, closed)


def _write(
    session: Session,
    changes: Sequence[CommentChange],
    record: RunLedger,
    *,
    allow_rebuild: bool = False,
    unproved: bool = False,
    stop: Callable[[], bool] = never,
    still: Callable[[list[CommentChange]], list[CommentChange]] = lambda changes: (
        changes
    ),
    on_result: Callable[[WriteResult], None] = lambda _: None,
) -> Iterator[WriteResult]:
    with session.database.hold():
        yield from _write_tables(
            session,
            changes,
            record,
            allow_rebuild=allow_rebuild,
            unproved=unproved,
            stop=stop,
            still=still,
            on_result=on_result,
        )


def _still_staged(
    session: Session, changes: list[CommentChange]
) -> list[CommentChange]:
    """The changes of one table that are staged now, exactly as they were."""
    found = session.suggestions.of_table(table_of(changes[0].target))
    return [
        change
        for change in changes
        if (suggestion := found.get(change.target)) is not None
        and suggestion.state in STAGED
        and (suggestion.text, suggestion.previous) == (change.text, change.previous)
    ]


def _write_tables(
    session: Session,
    changes: Sequence[CommentChange],
    record: RunLedger,
    *,
    allow_rebuild: bool,
    unproved: bool,
    stop: Callable[[], bool],
    still: Callable[[list[CommentChange]], list[CommentChange]],
    on_result: Callable[[WriteResult], None],
) -> Iterator[WriteResult]:
    by_table: dict[TableId, list[CommentChange]] = {}
    for change in changes:
        by_table.setdefault(table_of(change.target), []).append(change)
    for table_id, wanted in by_table.items():
        if stop():
            return
        # An accept that was taken back since the run began is not written.
        of_table = still(wanted)
        if not of_table:
            continue
        table = session.snapshot.table(table_id) or session.database.read(table_id)
        if table is None:
            for change in of_table:
                result = WriteResult(
                    change,
                    Outcome.REFUSED,
                    "",
                    "the table is no longer in the database",
                    at=datetime.now(UTC),
                )
                on_result(result)
                yield result
            continue
        for result in session.database.write(
            table,
            of_table,
            record,
            allow_rebuild=allow_rebuild,
            unproved=unproved,
            stop=stop,
        ):
            # Refusals before any SQL have no row in the ledger; the rest was recorded
            # when its row was closed, and recording twice changes nothing.
            on_result(result)
            yield result


def summarize(results: Iterable[WriteResult]) -> dict[Outcome, int]:
    """How many results of each kind."""
    counts = dict.fromkeys(Outcome, 0)
    for result in results:
        counts[result.outcome] += 1
    return counts


def start_engine(
    model: ModelFile,
    *,
    gpu_layers: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] = never,
) -> Engine:
    """A running engine for a model.

    Raises:
        ColumnistError: the model cannot be loaded.
    """
    from model.engine import EngineSettings

    engine = Engine(EngineSettings(model.path, gpu_layers=gpu_layers, seed=seed))
    try:
        engine.start(progress=progress, stop=stop)
    except ColumnistError:
        engine.close()
        raise
    return engine
