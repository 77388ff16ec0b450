from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.coverage import CoverageHistory
from catalog.migrations import MIGRATIONS
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from catalog.snapshot import Snapshot
from catalog.workspace import Workspace


@pytest.fixture
def number(workspace: Workspace) -> int:
    return workspace.database(DatabaseIdentity("k", "l"), url="u")


@pytest.fixture
def snapshot(workspace: Workspace, number: int) -> Snapshot:
    return Snapshot(workspace, number)


def table(name: str, comment: str | None, *columns: str | None) -> Table:
    table_id = TableId("s", name)
    return Table(
        id=table_id,
        kind=TableKind.TABLE,
        columns=tuple(
            Column(ColumnId(table_id, f"c{place}"), place, "int", True, None, text)
            for place, text in enumerate(columns)
        ),
        comment=comment,
    )


def scan(snapshot: Snapshot, tables: Sequence[Table], **narrowed: list[str]) -> None:
    scan = snapshot.begin()
    snapshot.save(tables, scan=scan)
    snapshot.finish(scan, **narrowed)  # type: ignore[arg-type]  # kinds are not given


def counts(workspace: Workspace, number: int) -> list[tuple[int, ...]]:
    return [
        (point.tables, point.tables_described, point.columns, point.columns_described)
        for point in CoverageHistory(workspace, number).points()
    ]


def test_a_full_scan_notes_the_coverage_once_for_each_change(
    workspace: Workspace, number: int, snapshot: Snapshot
) -> None:
    scan(snapshot, [table("a", None, None, "x"), table("b", None, None)])
    scan(snapshot, [table("a", None, None, "x"), table("b", None, None)])
    assert counts(workspace, number) == [(2, 0, 3, 1)]
    scan(snapshot, [table("a", "A.", "x", "x")])
    assert counts(workspace, number) == [(2, 0, 3, 1), (1, 1, 2, 2)]
    point = CoverageHistory(workspace, number).points()[0]
    assert (point.share_of_tables, point.share_of_columns) == (0, 1 / 3)


def test_a_part_of_a_database_that_was_never_read_whole_is_not_noted(
    workspace: Workspace, number: int, snapshot: Snapshot
) -> None:
    scan(snapshot, [table("a", None, None)], schemas=["s"])
    CoverageHistory(workspace, number).record()
    assert counts(workspace, number) == []


def test_a_database_without_tables_is_noted_too(
    workspace: Workspace, number: int, snapshot: Snapshot
) -> None:
    scan(snapshot, [])
    assert counts(workspace, number) == [(0, 0, 0, 0)]
    point = CoverageHistory(workspace, number).points()[0]
    assert (point.share_of_tables, point.share_of_columns) == (None, None)


def test_databases_are_kept_apart(
    workspace: Workspace, number: int, snapshot: Snapshot
) -> None:
    other = workspace.database(DatabaseIdentity("k2", "l2"), url="u2")
    scan(snapshot, [table("a", "A.")])
    scan(Snapshot(workspace, other), [table("a", None)])
    assert counts(workspace, number) == [(1, 1, 0, 0)]
    assert counts(workspace, other) == [(1, 0, 0, 0)]


def test_a_workspace_of_before_gets_an_empty_history(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as db:
        for migration in MIGRATIONS[:2]:
            migration(db)
        db.execute("PRAGMA user_version = 2")
    db.close()
    with Workspace(path) as workspace:
        number = workspace.database(DatabaseIdentity("k", "l"), url="u")
        assert counts(workspace, number) == []
