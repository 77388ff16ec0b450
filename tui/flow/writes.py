"""Writing what was accepted, taking it back, and settling what a crash left open.

Every job is a generator that yields results as they are recorded and takes `stop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.coverage import CoverageHistory
from catalog.errors import RefusedError
from catalog.lease import Lease
from catalog.ledger import RecordedRun, RunLedger
from catalog.stopping import Stop, never
from connectors.run import Allowed, Run
from tui.flow.plan import plan_tables
from tui.flow.session import Session


def settle(session: Session) -> list[WriteResult]:
    """Find out what became of writes that a crash interrupted.

    Call it under the `apply` lease: an open intent may belong to a running writer.
    """
    results: list[WriteResult] = []
    kinds = {run.id: run.what for run in session.ledger.runs()}
    intents = session.ledger.open_intents()
    for run, of_run in groupby(intents, key=lambda intent: intent.run):
        ledger = _run_ledger(session, run, kinds[run])
        results += session.database.settle(list(of_run), ledger)
        _end(session, run)
    return results


def settle_open(session: Session) -> list[WriteResult]:
    """Settle what a crash left open, where this session may write."""
    if session.settings.read_only or not session.ledger.open_intents():
        return []
    with Lease(session.workspace, session.database_id, "apply"), session.lock:
        return settle(session)


def apply(
    session: Session,
    runs: Iterable[Run] | None = None,
    *,
    on_run: Callable[[int], None] = lambda _: None,
    stop: Stop = never,
) -> Iterator[WriteResult]:
    """Execute what was planned of accepted texts; results as they are recorded.

    What was settled, taken back or decided otherwise since it was planned stays out.

    Args:
        session: the open database.
        runs: what to execute, by `plan_writes` or `plan_tables`; None is all that is
            staged.
        on_run: called with the run's id before the first statement.
        stop: ends it between two statements.
    """
    _may_write(session)
    lease = Lease(session.workspace, session.database_id, "apply")
    with lease, session.lock:
        settle(session)
        if runs is None:
            runs = plan_tables(session, session.suggestions.staged())
        staged = _still_staged(session, runs)
        first = next(staged, None)
        if first is None:
            return
        number = session.ledger.begin("apply")
        on_run(number)
        for result in _execute(session, number, "apply", chain([first], staged), stop):
            if not result.statement:
                # Refused before any SQL, so it has no row in the ledger; the rest was
                # recorded when its row was closed.
                session.suggestions.record([result])
            yield result


def _still_staged(session: Session, runs: Iterable[Run]) -> Iterator[Run]:
    """What is staged exactly so, asked of each table just before it is written."""
    for run in runs:
        for table, own in run.by_table():
            asked = {*own.changes, *(change for change, _ in own.refused)}
            left = own.without(asked.difference(session.suggestions.staged_of(table)))
            if left.statements or left.refused:
                yield left


def revert(
    session: Session,
    run: int | None = None,
    *,
    on_run: Callable[[int], None] = lambda _: None,
    stop: Stop = never,
) -> Iterator[WriteResult]:
    """Write back what a run replaced, wherever nobody changed it since.

    Raises:
        RefusedError: there is no such run, or nothing to take back.
    """
    _may_write(session)
    lease = Lease(session.workspace, session.database_id, "apply")
    with lease, session.lock:
        settle(session)
        chosen = revertible(session, run)
        back = [
            CommentChange(
                intent.change.target,
                previous=intent.change.text,
                text=intent.change.previous,
            )
            for intent in session.ledger.written(chosen.id)
        ]
        # Whatever allowed the run allows taking it back.
        allowed = Allowed(rebuild=True, unproved=True, restoring=True)
        runs = plan_tables(session, back, allowed)
        number = session.ledger.begin("revert", reverts=chosen.id)
        on_run(number)
        yield from _execute(session, number, "revert", runs, stop)


def revertible(session: Session, run: int | None) -> RecordedRun:
    """The run of that number, or the last one that stands.

    Raises:
        RefusedError: there is no such run, or nothing to take back.
    """
    found = session.ledger.last_revertible()
    if run is not None:
        found = next((one for one in session.ledger.runs() if one.id == run), None)
    if found is None or not found.written:
        raise RefusedError(
            "There is no run to take back."
            if run is None
            else f"Run {run} wrote nothing here.",
            "`columnist apply` prints the number of each run it makes.",
        )
    return found


def _execute(
    session: Session,
    number: int,
    what: str,
    runs: Iterable[Run],
    stop: Stop,
) -> Iterator[WriteResult]:
    """Execute a run that was begun, and end it whatever happens."""
    ledger = _run_ledger(session, number, what)
    try:
        with session.database.hold():
            yield from session.database.execute(runs, ledger, stop=stop)
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


def _run_ledger(session: Session, number: int, what: str) -> RunLedger:
    """A ledger whose rows close together with what they mean for the workspace."""

    def closed(results: Sequence[WriteResult]) -> None:
        written = [r.change for r in results if r.outcome is Outcome.WRITTEN]
        comments = {change.target: change.text for change in written}
        for result in results:
            if result.outcome is Outcome.CONFLICT:
                comments[result.change.target] = result.read_back
        session.snapshot.set_comments(comments)
        if what == "apply":
            session.suggestions.record(results)
        else:
            session.suggestions.reverted(written)

    return RunLedger(session.workspace, number, closed)
