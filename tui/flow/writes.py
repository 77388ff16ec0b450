"""Writing what was accepted, taking it back, and settling what a crash left open.

Every job is a generator that yields results as they are recorded and takes `stop`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.coverage import CoverageHistory
from catalog.errors import RefusedError
from catalog.lease import Lease
from catalog.ledger import Run, RunLedger
from catalog.objects import Table, TableId, table_of
from catalog.stopping import never
from tui.flow.plan import ABSENT
from tui.flow.session import Session

if TYPE_CHECKING:
    from connectors.statement import Shown


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
        _end(session, run)
    return results


def apply(
    session: Session,
    changes: Sequence[CommentChange] | None = None,
    *,
    allow_rebuild: bool = False,
    unproved: bool = False,
    shown: Shown | None = None,
    on_run: Callable[[int], None] = lambda _: None,
    stop: Callable[[], bool] = never,
) -> Iterator[WriteResult]:
    """Write what was accepted, table by table; results as they are recorded.

    Args:
        session: the open database.
        changes: those to write; None is all that is staged.
        allow_rebuild: statements that copy a whole table are allowed.
        unproved: writing to a database that was never tried is allowed.
        shown: what was seen of the changes; what would be written otherwise by now is
            a conflict.
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
                shown=shown,
                stop=stop,
                still=lambda changes: _still_staged(session, changes),
                on_result=session.suggestions.record,
            )
        finally:
            _end(session, run)


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
                restoring=True,
                stop=stop,
            )
        finally:
            _end(session, number)


def _end(session: Session, run: int) -> None:
    """Note that a run ended, and what is described now."""
    with session.workspace.transaction():
        session.ledger.end(run)
        CoverageHistory(session.workspace, session.database_id).record()


def _may_write(session: Session) -> None:
    if session.settings.read_only:
        raise RefusedError(
            f"{session.database.identity.label} was opened read-only.",
            "Nothing was written; leave --read-only out.",
        )


def _run_ledger(session: Session, run: Run) -> RunLedger:
    """A ledger whose rows close together with what they mean for the workspace."""

    def closed(results: Sequence[WriteResult]) -> None:
        written = [r.change for r in results if r.outcome is Outcome.WRITTEN]
        comments = {change.target: change.text for change in written}
        for result in results:
            if result.outcome is Outcome.CONFLICT:
                comments[result.change.target] = result.read_back
        session.snapshot.set_comments(comments)
        if run.what == "apply":
            session.suggestions.record(results)
        else:
            session.suggestions.reverted(written)

    return RunLedger(session.workspace, run.id, closed)


def _write(
    session: Session,
    changes: Sequence[CommentChange],
    record: RunLedger,
    *,
    allow_rebuild: bool = False,
    unproved: bool = False,
    restoring: bool = False,
    shown: Shown | None = None,
    stop: Callable[[], bool] = never,
    still: Callable[[list[CommentChange]], list[CommentChange]] = lambda changes: (
        changes
    ),
    on_result: Callable[[Sequence[WriteResult]], None] = lambda _: None,
) -> Iterator[WriteResult]:
    with session.database.hold():
        yield from _write_tables(
            session,
            changes,
            record,
            allow_rebuild=allow_rebuild,
            unproved=unproved,
            restoring=restoring,
            shown=shown,
            stop=stop,
            still=still,
            on_result=on_result,
        )


def _still_staged(
    session: Session, changes: list[CommentChange]
) -> list[CommentChange]:
    """The changes of one table that are staged now, exactly as they were."""
    staged = set(session.suggestions.staged_of(table_of(changes[0].target)))
    return [change for change in changes if change in staged]


def _write_tables(
    session: Session,
    changes: Sequence[CommentChange],
    record: RunLedger,
    *,
    allow_rebuild: bool,
    unproved: bool,
    restoring: bool,
    shown: Shown | None,
    stop: Callable[[], bool],
    still: Callable[[list[CommentChange]], list[CommentChange]],
    on_result: Callable[[Sequence[WriteResult]], None],
) -> Iterator[WriteResult]:
    by_table: dict[TableId, list[CommentChange]] = {}
    for change in changes:
        by_table.setdefault(table_of(change.target), []).append(change)
    gone: deque[WriteResult] = deque()

    def work() -> Iterator[tuple[Table, list[CommentChange]]]:
        for wanted in by_table.values():
            # An accept that was taken back since the run began is not written.
            of_table = still(wanted)
            if not of_table:
                continue
            table = session.table_for(of_table)
            if table is not None:
                yield table, of_table
                continue
            for change in of_table:
                at = datetime.now(UTC)
                gone.append(WriteResult(change, Outcome.REFUSED, "", ABSENT, at=at))

    def told() -> Iterator[WriteResult]:
        while gone:
            yield gone.popleft()

    for result in session.database.write_many(
        work(),
        record,
        allow_rebuild=allow_rebuild,
        unproved=unproved,
        restoring=restoring,
        shown=shown,
        stop=stop,
    ):
        for each in (*told(), result):
            if not each.statement:
                # Refused before any SQL, so it has no row in the ledger; the rest was
                # recorded when its row was closed.
                on_result([each])
            yield each
    for each in told():
        on_result([each])
        yield each


def summarize(results: Iterable[WriteResult]) -> dict[Outcome, int]:
    """How many results of each kind."""
    counts = dict.fromkeys(Outcome, 0)
    for result in results:
        counts[result.outcome] += 1
    return counts
