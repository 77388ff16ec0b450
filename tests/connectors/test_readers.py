"""Databases that are only read: SQLite, and any other through SQLAlchemy."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from catalog.change import CommentChange, Outcome
from catalog.errors import ColumnistError
from catalog.objects import Table, TableId, TableKind
from connectors.connect import open_database
from connectors.database import Database
from connectors.database_session import EngineSource
from connectors.dialects.dialect import dialect_named
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    changes_to,
    executing,
    plan,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "with space #.sqlite"
    with sqlite3.connect(found) as connection:
        connection.executescript(
            "CREATE TABLE parent (id integer PRIMARY KEY, state text DEFAULT 'new',"
            " g AS (id + 1), photo blob);"
            "CREATE TABLE child (x integer REFERENCES parent, y integer NOT NULL,"
            " z integer, FOREIGN KEY (y) REFERENCES parent (id));"
            "CREATE VIEW v AS SELECT * FROM parent;"
        )
        rows = [("open",), ("closed",)] * 20
        connection.executemany("INSERT INTO parent (state) VALUES (?)", rows)
    connection.close()
    return found


def sqlite(path: Path) -> Database:
    return open_database(f"sqlite:///{path}")


def by_name(database: Database) -> dict[str, Table]:
    return {table.id.name: table for table in database.scan()}


def test_reads_sqlite(path: Path) -> None:
    tables = by_name(sqlite(path))
    assert list(tables) == ["child", "parent", "v"]
    assert tables["v"].kind is TableKind.VIEW
    assert tables["v"].view_sql
    assert tables["parent"].primary_key == ("id",)
    assert [c.name for c in tables["parent"].columns] == ["id", "state", "g", "photo"]
    assert tables["child"].references("y") == (TableId("main", "parent"), "id")
    assert tables["child"].references("x") == (TableId("main", "parent"), None)
    assert not tables["child"].columns[1].nullable


def test_samples_sqlite(path: Path) -> None:
    database = sqlite(path)
    profiles = database.profile(by_name(database)["parent"])
    assert profiles["state"].codes == ("closed", "open")
    assert "photo" not in profiles


def test_every_change_to_sqlite_is_refused_and_points_to_export(path: Path) -> None:
    before = path.read_bytes()
    database = sqlite(path)
    for table in database.scan():
        changes = changes_to(table, "x")
        results = list(executing(database, [(table, changes)], RecordingLedger()))
        assert {result.outcome for result in results} == {Outcome.REFUSED}
        assert all("export" in (result.reason or "") for result in results)
        assert plan(database, table, changes).statements == ()
    assert path.read_bytes() == before


def test_a_missing_sqlite_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ColumnistError, match="There is no SQLite file"):
        open_database(f"sqlite:///{tmp_path}/nothing.sqlite")
    assert not list(tmp_path.iterdir())


def test_what_is_no_sqlite_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("not a database " * 100)
    with pytest.raises(ColumnistError, match="not an SQLite file"):
        list(open_database(f"sqlite:///{tmp_path}/x").scan())


def generic(path: Path) -> Database:
    """SQLite through SQLAlchemy's inspector, as any database without its own file."""
    from sqlalchemy import make_url

    source = EngineSource(
        make_url(f"sqlite:///{path}"), connect_args={}, isolation=None
    )
    dialect = dialect_named("generic")
    assert dialect is not None
    with source.session() as session:
        dialect = dialect.resolve(session)
    return Database(sqlite(path).identity, dialect, "sqlite://", source)


def test_reads_any_database_through_the_inspector(path: Path) -> None:
    database = generic(path)
    tables = by_name(database)
    assert sorted(tables) == ["child", "parent", "v"]
    assert tables["v"].kind is TableKind.VIEW
    assert tables["parent"].primary_key == ("id",)
    assert tables["child"].references("y") == (TableId("main", "parent"), "id")
    assert database.read(TableId("main", "parent")) == tables["parent"]
    assert database.read(TableId("main", "nothing")) is None
    assert database.profile(tables["parent"])["state"].codes == ("closed", "open")


def test_the_inspector_reads_on_past_a_view_whose_table_is_gone(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE gone (a); CREATE VIEW broken AS SELECT a FROM gone;"
            " DROP TABLE gone;"
        )
    tables = by_name(generic(path))
    assert sorted(tables) == ["broken", "child", "parent", "v"]
    assert tables["broken"].unread == "no such table: main.gone"
    assert tables["v"].columns


def test_nothing_generic_is_written(path: Path) -> None:
    database = generic(path)
    table = by_name(database)["parent"]
    change = CommentChange(table.id, None, "x")
    ledger = RecordingLedger()
    run = plan(database, table, [change])
    [result] = database.execute([run], ledger)
    assert result.outcome is Outcome.REFUSED
    assert "never tried" in (result.reason or "")
    assert not ledger.intents
    assert run.statements == ()
