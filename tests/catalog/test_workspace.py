from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.errors import ColumnistError
from catalog.migrations import MIGRATIONS
from catalog.workspace import Workspace


def test_opening_twice_keeps_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "workspace.db"
    with Workspace(path) as workspace:
        number = workspace.database(
            DatabaseIdentity("duckdb:/x", "x"), url="duckdb:///x"
        )
    with Workspace(path) as workspace:
        assert (
            workspace.database(DatabaseIdentity("duckdb:/x", "y"), url="duckdb:///x")
            == number
        )
        (known,) = workspace.databases()
        assert known.label == "y"
        mode = workspace.row("PRAGMA journal_mode")
        assert mode is not None
        assert mode[0] == "wal"


def test_a_failed_transaction_leaves_nothing_behind(workspace: Workspace) -> None:
    def fail() -> None:
        with workspace.transaction():
            workspace.database(DatabaseIdentity("a", "a"), url="a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert workspace.databases() == []


def test_a_workspace_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    Workspace(path).close()
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    raw.close()
    with pytest.raises(ColumnistError, match="newer"):
        Workspace(path)


def test_a_file_that_is_no_workspace_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(ColumnistError, match=r"notes\.txt") as caught:
        Workspace(path)
    assert "--workspace" in caught.value.hint
    assert path.read_text().startswith("not a database")


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    with Workspace(path) as workspace:
        workspace.database(DatabaseIdentity("kept", "kept"), url="kept")
        pages = workspace.row("PRAGMA page_count")
        assert pages is not None
        # The file may not grow any more: what SQLite then says is what it says when
        # the disk is full.
        workspace.row(f"PRAGMA max_page_count = {pages[0]}")
        with pytest.raises(ColumnistError, match="full") as caught:
            workspace.database(DatabaseIdentity("x" * 500_000, "x"), url="x")
        assert "space" in caught.value.hint
        assert [known.key for known in workspace.databases()] == ["kept"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ColumnistError, match="Cannot open the workspace"):
        Workspace(blocker / "workspace.db")


def test_the_version_is_another_after_every_change(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    with Workspace(path) as here, Workspace(path) as there:
        before = here.version()
        assert here.version() == before
        here.database(DatabaseIdentity("a", "a"), url="a")
        after = here.version()
        assert after != before
        there.database(DatabaseIdentity("b", "b"), url="b")
        assert here.version() != after
