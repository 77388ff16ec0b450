"""Nothing of the workspace is seen or changed beyond a connection's bounds."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.bounds import BOUNDED, Bounds
from catalog.change import CommentChange, Outcome, WriteResult
from catalog.choice import Choices, Scope
from catalog.coverage import CoverageHistory
from catalog.errors import UsageError
from catalog.ledger import Ledger, RunLedger
from catalog.metrics import DecisionLog
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from catalog.rescan import Rescan
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace

ORDERS, VIEW, SALARY = TableId("sales", "o"), TableId("sales", "v"), TableId("hr", "s")
NARROW = [
    (Bounds(schemas=("sales",), exclude=("sales.v",)), {ORDERS}),
    (Bounds(schemas=("sales",), kinds=(TableKind.TABLE,)), {ORDERS}),
    (Bounds(exclude=("hr", "*.v")), {ORDERS}),
    (Bounds(schemas=("it's; --", "sales"), exclude=("?ales.v",)), {ORDERS}),
    (Bounds(schemas=("sales",)), {ORDERS, VIEW}),
    (Bounds(kinds=(TableKind.VIEW,)), {VIEW}),
    (Bounds(schemas=("nowhere",)), set()),
]


def table(table_id: TableId) -> Table:
    kind = TableKind.VIEW if table_id == VIEW else TableKind.TABLE
    column = Column(ColumnId(table_id, "id"), 1, "int", True, None, None, None)
    return Table(table_id, kind, (column,), (), (), None, None, None, None)


@pytest.fixture
def known(workspace: Workspace) -> int:
    """A database of three tables, read, drafted, accepted and written as a whole."""
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    snapshot, store = Snapshot(workspace, number), Suggestions(workspace, number)
    scan = snapshot.begin()
    Rescan(workspace, number).save(
        [table(t) for t in (ORDERS, VIEW, SALARY)], scan=scan
    )
    snapshot.finish(scan)
    store.put((Draft(t, "Text.", Source.MODEL, 0.9), None) for t in (ORDERS, SALARY))
    store.put([(Draft(VIEW, "Text.", Source.MODEL, 0.9), None)])
    return number


@pytest.mark.parametrize(("bounds", "seen"), NARROW)
def test_a_bounded_workspace_shows_what_is_within_and_no_more(
    workspace: Workspace, known: int, bounds: Bounds, seen: set[TableId]
) -> None:
    other = workspace.database(DatabaseIdentity("other", "l"), url="u")
    Suggestions(workspace, other).put([(Draft(SALARY, "T.", Source.MODEL, 0.9), None)])
    with Workspace(workspace.path) as narrow:
        narrow.bound(known, bounds)
        store = Suggestions(narrow, known)
        assert {each.id for each in Snapshot(narrow, known).summaries()} == seen
        assert Snapshot(narrow, known).coverage()[1].tables == len(seen)
        assert {each.target for each in store.all()} == seen
        assert set(store.places()) == set(store.tables()) == seen
        assert set(Snapshot(narrow, known).named("s", limit=9)) <= {
            t.name for t in seen
        }
        choice = Choices(narrow, known).to_accept(Scope())
        assert len(choice) == store.accept_chosen(choice).count == len(seen)
        assert {change.target for change in store.staged()} == seen
        # Other databases of the workspace are as they were.
        assert len(Suggestions(narrow, other).all()) == 1
        with narrow.beside() as beside:
            assert {e.target for e in Suggestions(beside, known).all()} == seen
    whole = Suggestions(workspace, known).all(states=[State.PENDING])
    assert {each.target for each in whole} == {ORDERS, VIEW, SALARY} - seen


def test_undo_and_metrics_keep_within(workspace: Workspace, known: int) -> None:
    store = Suggestions(workspace, known)
    store.accept(store.of_table(ORDERS).values())
    store.accept(store.of_table(SALARY).values())
    with Workspace(workspace.path) as narrow:
        narrow.bound(known, Bounds(schemas=("sales",)))
        bounded = Suggestions(narrow, known)
        (acceptance,) = DecisionLog(narrow, known).metrics().acceptance
        assert acceptance.accepted == 1
        upcoming = bounded.decisions.upcoming("undo")
        assert upcoming is not None
        assert len(bounded.decisions.all()) == upcoming.count == 1
        assert bounded.decisions.undo() is not None
        assert bounded.decisions.undo() is None
        assert bounded.decisions.redo() is not None
    assert {change.target for change in store.staged()} == {ORDERS, SALARY}


def test_an_action_that_reached_beyond_is_not_undone_by_half(
    workspace: Workspace, known: int
) -> None:
    store = Suggestions(workspace, known)
    store.accept(store.all())
    with Workspace(workspace.path) as narrow:
        narrow.bound(known, Bounds(schemas=("sales",)))
        assert Suggestions(narrow, known).decisions.undo() is None
    undone = store.decisions.undo()
    assert undone is not None
    assert undone.count == 3


def test_a_run_is_taken_back_within(workspace: Workspace, known: int) -> None:
    ledger = Ledger(workspace, known)
    run = ledger.begin("apply")
    record = RunLedger(workspace, run)
    changes = [CommentChange(t, None, "Text.") for t in (ORDERS, SALARY)]
    ids = record.intend([(change, "SQL") for change in changes])
    with Workspace(workspace.path) as narrow:
        narrow.bound(known, Bounds(schemas=("sales",)))
        bounded = Ledger(narrow, known)
        (open_,) = bounded.open_intents()
        assert open_.change.target == ORDERS
        ends = [WriteResult(change, Outcome.WRITTEN, "SQL") for change in changes]
        record.close(list(zip(ids, ends, strict=True)))
        assert [each.change.target for each in bounded.written(run)] == [ORDERS]
        assert [each.written for each in bounded.runs()] == [1]
        # Its own rows have the numbers that the whole ledger gives.
        own = bounded.begin("apply")
        (there,) = RunLedger(narrow, own).intend([(changes[0], "SQL")])
        assert there > max(ids)
    hidden = Bounds(schemas=("finance",))
    with Workspace(workspace.path) as narrow:
        narrow.bound(known, hidden)
        assert Ledger(narrow, known).last_revertible() is None


def test_a_scan_forgets_only_what_is_within(workspace: Workspace, known: int) -> None:
    store = Suggestions(workspace, known)
    with Workspace(workspace.path) as narrow:
        narrow.bound(known, Bounds(schemas=("sales",)))
        snapshot, rescan = Snapshot(narrow, known), Rescan(narrow, known)
        scan = snapshot.begin()
        rescan.save([table(ORDERS)], scan=scan)
        changes = rescan.finish(snapshot.finish(scan))
        assert changes.dropped == [VIEW]
    assert Snapshot(workspace, known).table(SALARY) is not None
    (kept,) = store.of_table(SALARY).values()
    assert kept.state is State.PENDING


def test_reading_a_part_is_not_reading_the_whole(workspace: Workspace) -> None:
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    with Workspace(workspace.path) as narrow:
        narrow.bound(number, Bounds(schemas=("sales",)))
        snapshot = Snapshot(narrow, number)
        scan = snapshot.begin()
        snapshot.save([table(ORDERS)], scan=scan)
        snapshot.finish(scan)
        assert snapshot.scanned_at() is not None
        assert [p.tables for p in CoverageHistory(narrow, number).points()] == [1]
        assert Snapshot(workspace, number).scanned_at() is None
        assert not CoverageHistory(workspace, number).points()
        whole = Snapshot(workspace, number)
        whole.finish(whole.begin())
        assert (snapshot.scanned_at() or "") >= (whole.scanned_at() or "")


def test_what_is_described_in_files_counts_within(
    workspace: Workspace, known: int
) -> None:
    snapshot, store = Snapshot(workspace, known), Suggestions(workspace, known)
    tables = [table(t) for t in (ORDERS, VIEW, SALARY)]
    scan = snapshot.begin()
    snapshot.save([replace(t, comment_refused="no right") for t in tables], scan=scan)
    snapshot.finish(scan)
    store.accept(s for t in (ORDERS, SALARY) for s in store.of_table(t).values())
    with Workspace(workspace.path) as narrow:
        narrow.bound(known, Bounds(schemas=("sales",)))
        bounded = Snapshot(narrow, known)
        _, total = bounded.coverage()
        assert (total.tables, total.tables_described) == (2, 1)
        described = {each.id: each.described for each in bounded.summaries()}
        assert described == {ORDERS: True, VIEW: False}
        CoverageHistory(narrow, known).record()
        (point,) = CoverageHistory(narrow, known).points()
        assert (point.tables, point.tables_described) == (2, 1)


def test_bounds_and_a_url_that_name_different_schemas_are_refused() -> None:
    assert Bounds().within(["a"]) == Bounds(("a",))
    assert Bounds(("a", "b")).within(["b"]) == Bounds(("b",))
    assert Bounds(("a",)).within([]) == Bounds(("a",))
    with pytest.raises(UsageError, match="The URL names b"):
        Bounds(("a",)).within(["b"])


def test_whoever_writes_names_the_tables_themselves() -> None:
    """A bounded connection sees views, which cannot be written to."""
    writes = re.compile(
        r"(INSERT (OR \w+ )?INTO|UPDATE|UPDATE OR \w+|DELETE FROM)"
        rf" ({'|'.join(BOUNDED)})\b"
    )
    for path in (Path(__file__).parents[2] / "catalog").glob("*.py"):
        if path.name != "migrations.py":
            assert not writes.search(path.read_text()), path
