"""Decisions follow what a server says of itself, and no address alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.decisions import Decisions
from catalog.errors import RefusedError
from catalog.lease import Lease
from catalog.ledger import Ledger
from catalog.migrations import MIGRATIONS
from catalog.objects import Table, TableId, TableKind
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace

T = TableId("s", "t")


def opened(
    workspace: Workspace,
    key: str,
    server: str = "",
    instance: str = "",
    same: bool | None = None,
    names: str = "",
    tell: Callable[[str], None] = lambda line: None,
) -> int:
    return workspace.database(
        DatabaseIdentity(
            key,
            f"the {key}",
            server,
            instance,
            frozenset(TableId("main", name) for name in names.split()),
        ),
        url="u",
        same=same,
        tell=tell,
    )


def draft(workspace: Workspace, database: int) -> None:
    Suggestions(workspace, database).put([(Draft(T, "T.", Source.MODEL, 0.5), None)])


def test_addresses_of_one_running_server_share_what_was_decided(
    workspace: Workspace,
) -> None:
    first = opened(workspace, "localhost", "A", "1")
    assert opened(workspace, "127.0.0.1", "A", "1") == first
    assert opened(workspace, "socket", "A", "1") == first
    # After a restart each is known by what it said, and a new one by the latest start.
    assert opened(workspace, "127.0.0.1", "A", "2") == first
    assert opened(workspace, "db.example.com", "A", "2") == first


def test_another_server_at_the_same_address_is_not_carried_over_unasked(
    workspace: Workspace,
) -> None:
    first = opened(workspace, "h", "A", "1")
    draft(workspace, first)
    for _ in range(2):
        with pytest.raises(RefusedError, match="Another database answers as the h"):
            opened(workspace, "h", "B", "2")
    second = opened(workspace, "h", "B", "2", same=False)
    assert second != first
    assert not Suggestions(workspace, second).all()
    # Asked once: both are known by now.
    assert opened(workspace, "h", "B", "3") == second
    assert opened(workspace, "h", "A", "4") == first


def test_what_is_said_to_be_the_same_carries_over(workspace: Workspace) -> None:
    first = opened(workspace, "h", "A", "1")
    assert opened(workspace, "h", "B", "2", same=True) == first
    assert opened(workspace, "h", "B", "3") == first
    assert opened(workspace, "h", "A", "4") == first


def test_a_copy_is_not_taken_for_the_original(workspace: Workspace) -> None:
    """A restored backup says that it is the server that it is a copy of."""
    first = opened(workspace, "prod", "A", "1")
    with pytest.raises(RefusedError, match="is the prod or a copy of it"):
        opened(workspace, "staging", "A", "2")
    copy = opened(workspace, "staging", "A", "2", same=False)
    assert copy != first
    assert opened(workspace, "staging", "A", "3") == copy
    assert opened(workspace, "prod", "A", "4") == first


def test_a_server_that_says_nothing_is_known_by_its_address(
    workspace: Workspace,
) -> None:
    first = opened(workspace, "h")
    assert opened(workspace, "h") == first
    assert opened(workspace, "i") != first
    assert opened(workspace, "h", "A", "1") == first  # it has learned to say it
    assert opened(workspace, "h") == first  # the user may not ask any more
    with pytest.raises(RefusedError):
        opened(workspace, "h", "B", "1")


def read(workspace: Workspace, database: int, names: str) -> None:
    """A scan that finds these tables."""
    snapshot = Snapshot(workspace, database)
    scan = snapshot.begin()
    ids = [TableId("main", name) for name in names.split()]
    snapshot.save([Table(each, TableKind.TABLE, ()) for each in ids], scan=scan)
    snapshot.finish(scan)


def texts(workspace: Workspace, database: int) -> dict[str, tuple[str, str | None]]:
    return {
        each.target.name: (each.state.value, each.text)
        for each in Suggestions(workspace, database).all()
    }


def waiting(workspace: Workspace) -> list[tuple[int, str, int, int]]:
    """What triggers counted, and what there is to count."""
    rows = workspace.rows(
        "SELECT database, name, undecided, staged FROM main.waiting"
        " WHERE undecided OR staged ORDER BY database, name"
    )
    counted = workspace.rows(
        "SELECT database, name, sum(state IN ('pending', 'refused')) AS undecided,"
        " sum(state IN ('accepted', 'edited')) AS staged FROM main.suggestions"
        " WHERE current GROUP BY database, name"
        " HAVING undecided OR staged ORDER BY database, name"
    )
    assert [tuple(row) for row in rows] == [tuple(row) for row in counted]
    return [tuple(row) for row in rows]


def drafted(workspace: Workspace, database: int, *names: str, by: str) -> None:
    Suggestions(workspace, database).put(
        (Draft(TableId("main", name), f"{name} {by}.", Source.MODEL, 0.5), None)
        for name in names
    )


def accept(workspace: Workspace, database: int, *names: str) -> None:
    suggestions = Suggestions(workspace, database)
    suggestions.accept([s for s in suggestions.all() if s.target.name in names])


def test_what_was_decided_by_two_addresses_becomes_one(workspace: Workspace) -> None:
    """It stayed apart, though the server says that both are it."""
    number, name = opened(workspace, "127.0.0.1"), opened(workspace, "localhost")
    drafted(workspace, name, "a", "b", "c", "d", by="there")
    drafted(workspace, number, "b", "c", "d", "e", by="here")
    read(workspace, number, "a b")
    read(workspace, name, "a b c d e")
    accept(workspace, name, "a", "b", "c")
    accept(workspace, number, "c", "e")  # c later than there
    Ledger(workspace, name).begin("apply")
    lines: list[str] = []
    assert opened(workspace, "localhost", "A", "1", tell=lines.append) == name
    assert opened(workspace, "127.0.0.1", "A", "1", tell=lines.append) == number
    assert lines == [
        "the 127.0.0.1 and the localhost are one database: what was decided at either"
        " is one by now, the newer where both had something (3)."
    ]
    assert texts(workspace, number) == {
        "a": ("accepted", "a there."),
        "b": ("accepted", "b there."),  # a decision, and only a draft here
        "c": ("accepted", "c here."),
        "d": ("pending", "d here."),
        "e": ("accepted", "e here."),
    }
    assert {row[0] for row in waiting(workspace)} == {number}
    assert len(Snapshot(workspace, number).summaries()) == 5  # the newer reading
    assert len(Ledger(workspace, number).runs()) == 1
    # Nothing is lost: the other texts and every decision are history.
    rows = workspace.rows("SELECT count(*) AS n FROM suggestions WHERE database = 1")
    assert rows[0]["n"] == 8
    assert workspace.rows("SELECT count(*) AS n FROM decisions")[0]["n"] == 5
    for key in ("localhost", "127.0.0.1", "socket"):
        assert opened(workspace, key, "A", "1", tell=lines.append) == number
    assert len(lines) == 1
    assert [each.id for each in workspace.databases()] == [number]
    # The last batch is still what undo takes back.
    assert Decisions(workspace, number).undo() is not None
    assert texts(workspace, number)["e"] == ("pending", "e here.")
    waiting(workspace)


def test_what_comes_late_is_not_lost(workspace: Workspace) -> None:
    """Another process has the one open that became part of the other."""
    first, second = opened(workspace, "a"), opened(workspace, "b")
    opened(workspace, "a", "A", "1")
    assert opened(workspace, "b", "A", "1") == first
    drafted(workspace, second, "x", by="late")
    accept(workspace, second, "x")
    assert opened(workspace, "b", "A", "1") == first
    assert texts(workspace, first) == {"x": ("accepted", "x late.")}


def test_nothing_is_merged_under_somebody_who_writes(workspace: Workspace) -> None:
    first, second = opened(workspace, "a"), opened(workspace, "b")
    opened(workspace, "a", "A", "1")
    with Lease(workspace, first, "draft"):
        assert opened(workspace, "b", "A", "1") == second
    assert opened(workspace, "b", "A", "1") == first


def test_what_was_said_to_be_another_stays_another(workspace: Workspace) -> None:
    first = opened(workspace, "prod", "A", "1")
    copy = opened(workspace, "staging", "A", "2", same=False)
    assert opened(workspace, "prod", "A", "2") == first
    assert opened(workspace, "staging", "A", "2") == copy


def test_a_file_is_known_by_what_is_in_it(workspace: Workspace) -> None:
    """Another database's file at the same path got the decisions of the first."""
    first = opened(workspace, "f", names="a b c d")
    assert opened(workspace, "f", names="a b c d") == first
    assert opened(workspace, "f", names="x y") == first  # nothing is known of it yet
    read(workspace, first, "a b c d")
    drafted(workspace, first, "a", by="here")
    assert opened(workspace, "f", names="a b e f g h") == first  # it has changed
    assert opened(workspace, "f") == first  # it was emptied, to be filled anew
    for _ in range(2):
        with pytest.raises(RefusedError, match="the f holds another database"):
            opened(workspace, "f", names="a k l m")
    second = opened(workspace, "f", names="a k l m", same=False)
    assert second != first
    assert opened(workspace, "f", names="a k l m") == second  # asked once
    assert opened(workspace, "f", names="a b c") == first
    read(workspace, second, "a k l m")
    assert opened(workspace, "f", names="a k l n") == second
    assert opened(workspace, "f", names="o p", same=True) in (first, second)
    assert opened(workspace, "f", names="o p") in (first, second)
    # A copy at another path is another one, as ever.
    assert opened(workspace, "g", names="a b c d") not in (first, second)


def test_an_older_workspace_keeps_its_databases(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    db = sqlite3.connect(path, isolation_level=None)
    for migration in MIGRATIONS[:6]:
        migration(db)
    db.execute("PRAGMA user_version = 6")
    db.execute("INSERT INTO databases VALUES (7, 'h', 'l', 'u', '2026-01-01', '2026')")
    db.execute("INSERT INTO coverage_history VALUES (7, '2026-01-01', 1, 1, 2, 2)")
    db.close()
    with Workspace(path) as workspace:
        assert opened(workspace, "h", "A", "1") == 7
        assert workspace.scanned_at(7) == "2026-01-01"
        rows = workspace.rows("SELECT bounds, columns FROM coverage_history")
        assert [tuple(row) for row in rows] == [("", 2)]
