"""Decisions follow what a server says of itself, and no address alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from catalog.errors import RefusedError
from catalog.migrations import MIGRATIONS
from catalog.objects import TableId
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
) -> int:
    return workspace.database(
        key, label=f"the {key}", url="u", server=server, instance=instance, same=same
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


def test_what_was_decided_by_two_addresses_stays_apart(workspace: Workspace) -> None:
    by_name, by_number = opened(workspace, "localhost"), opened(workspace, "127.0.0.1")
    unused = opened(workspace, "socket")
    for each in (by_name, by_number):
        draft(workspace, each)
    assert opened(workspace, "localhost", "A", "1") == by_name
    assert opened(workspace, "127.0.0.1", "A", "1") == by_number
    assert opened(workspace, "socket", "A", "1") in (by_name, by_number)
    assert opened(workspace, "localhost", "A", "2") == by_name
    assert unused not in (by_name, by_number)


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
