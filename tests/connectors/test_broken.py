"""One broken thing is named and left out, and spoils nothing else."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Outcome
from catalog.errors import ColumnistError
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from catalog.rescan import Rescan
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import open_database
from connectors.database import Database
from connectors.database_session import Fault, Row
from tests.connectors.scripted import ScriptedSession, ScriptedSource
from tests.connectors.targets import (
    Proved,
    duckdb_target,
    fresh,
    postgresql_target,
    write,
)
from tests.connectors.test_warehouse_readers import CASES, dialect
from tests.servers import Server, execute


def scan(database: Database, *names: str) -> tuple[dict[str, Table], dict[str, str]]:
    """Tables that were read, and why others were not."""
    found = {table.id.name: table for table in database.scan(tables=names)}
    unread = {name: table.unread for name, table in found.items() if table.unread}
    return {n: t for n, t in found.items() if not t.unread}, unread


def test_sqlite_reads_on_past_a_view_whose_table_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "app.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE gone (a); CREATE TABLE kept (b);"
            " CREATE VIEW v AS SELECT a FROM gone; DROP TABLE gone;"
        )
    read, unread = scan(open_database(f"sqlite:///{path}"))
    assert list(read) == ["kept"]
    assert unread == {"v": "no such table: main.gone"}


def test_sqlite_reads_on_past_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "app.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE kept (b); CREATE TABLE mxller (a); PRAGMA writable_schema=1;"
            " UPDATE sqlite_master SET name = CAST(x'6dfc6c' AS TEXT),"
            " tbl_name = CAST(x'6dfc6c' AS TEXT),"
            " sql = CAST(x'435245415445205441424c45206dfc6c20286129' AS TEXT)"
            " WHERE name = 'mxller';"
            " INSERT INTO kept VALUES (CAST(x'6dfc6c' AS TEXT));"
        )
    database = open_database(f"sqlite:///{path}")
    read, unread = scan(database)
    assert list(read) == ["kept"]
    assert list(unread) == ["m\\xfcl"]
    assert database.profile(read["kept"])["b"].rows == 1


def test_duckdb_lists_a_view_whose_table_is_gone(tmp_path: Path) -> None:
    target = duckdb_target(tmp_path)
    target.run(
        "CREATE TABLE gone (a INTEGER)",
        "CREATE TABLE kept (b INTEGER)",
        "CREATE VIEW v AS SELECT a FROM gone",
        "DROP TABLE gone",
    )
    database = target.open()
    read, unread = scan(database)
    assert set(read) == {"kept", "v"}
    assert not unread
    assert database.profile(read["v"]) == {}


@pytest.mark.live
def test_mariadb_reads_on_past_broken_views(mariadb: Proved) -> None:
    mariadb.run(
        "CREATE TABLE gone (a INTEGER)",
        "CREATE TABLE kept (b INTEGER)",
        "CREATE VIEW v AS SELECT a FROM gone",
        "CREATE FUNCTION f(x INTEGER) RETURNS INTEGER RETURN x",
        "CREATE VIEW w AS SELECT f(b) AS c FROM kept",
        "DROP TABLE gone",
        "DROP FUNCTION f",
    )
    database = mariadb.open()
    read, unread = scan(database)
    assert list(read) == ["kept"]
    assert set(unread) == {"v", "w"}


@pytest.mark.live
def test_postgresql_reads_on_past_a_damaged_catalog(postgresql: Proved) -> None:
    """A damaged row ended the query, and with it the scan of all tables."""
    postgresql.run(
        *(f"CREATE TABLE t{n} (a integer)" for n in range(5)),
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW v AS SELECT f() AS a",
        "DELETE FROM pg_proc WHERE proname = 'f'",
    )
    read, unread = scan(postgresql.open())
    assert list(read) == [f"t{n}" for n in range(5)]
    assert list(unread) == ["v"]
    assert "cache lookup failed" in unread["v"]


@pytest.fixture
def any_bytes(postgresql_server: Server) -> Iterator[Proved]:
    """A PostgreSQL database that never looked at how its texts are encoded."""
    name = f"test_{time.monotonic_ns()}"
    execute(
        postgresql_server.url,
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII'"
        " LC_COLLATE 'C' LC_CTYPE 'C'",
    )
    yield postgresql_target(postgresql_server.database(name) + "?client_encoding=utf8")
    execute(postgresql_server.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.live
def test_postgresql_reads_and_writes_beside_texts_of_another_encoding(
    any_bytes: Proved,
) -> None:
    r"""`invalid byte sequence for encoding "UTF8"` ended the scan of all tables."""
    any_bytes.run(
        "CREATE TABLE old (a text, b text)",
        r"COMMENT ON COLUMN old.a IS E'M\374ller'",
        "COMMENT ON COLUMN old.b IS 'Müller'",
        r"DO $$ BEGIN EXECUTE E'CREATE TABLE m\374l (a integer)'; END $$",
        r"DO $$ BEGIN EXECUTE E'ALTER TABLE old ADD m\374l integer'; END $$",
        r"INSERT INTO old VALUES (E'M\374ller', 'Müller')",
    )
    database = any_bytes.open()
    read, unread = scan(database)
    assert unread == {r"m\xfcl": "its name is not UTF-8"}
    a, b, odd = read["old"].columns
    assert (a.comment, b.comment) == (r"M\xfcller", "Müller")
    assert "not UTF-8" in (a.comment_refused or "")
    assert b.comment_refused is None
    assert "not UTF-8" in (odd.comment_refused or "")
    database.profile(read["old"])  # without samples rather than not at all
    table = fresh(database, TableId(any_bytes.schema, "old"))
    changes = [CommentChange(b.id, "Müller", "Größe")]
    changes += [CommentChange(table.id, None, "Of old.")]
    assert {r.outcome for r in write(database, table, changes)} == {Outcome.WRITTEN}
    (refused,) = write(database, table, [CommentChange(a.id, a.comment, "New.")])
    assert refused.outcome is Outcome.REFUSED
    again = fresh(database, table.id)
    assert again.comment_of(ColumnId(table.id, "b")) == "Größe"
    assert again.comment == "Of old."


@pytest.mark.live
@pytest.mark.parametrize("encoding", ["latin1", "LATIN1", "utf-8", "SQL_ASCII"])
def test_postgresql_reads_whatever_encoding_the_url_names(
    postgresql: Proved, encoding: str
) -> None:
    postgresql.run("CREATE TABLE t (a text)", "COMMENT ON TABLE t IS '表 €'")
    database = open_database(f"{postgresql.url}?client_encoding={encoding}")
    read, _ = scan(database)
    assert read["t"].comment == "表 €"
    changes = [CommentChange(read["t"].id, "表 €", "€ 表")]
    (written,) = write(database, read["t"], changes)
    assert written.outcome is Outcome.WRITTEN


class Breaking(ScriptedSession):
    """The columns of all tables at once, and of some alone, are an error."""

    broken: frozenset[str] = frozenset()

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        name = parameters.get("name")
        if "all_tab_columns" in sql and (name is None or name in self.broken):
            raise Fault("ORA-04063: it has errors")
        return super().rows(sql, **parameters)


@pytest.mark.parametrize("all_broken", [False, True])
def test_a_warehouse_is_read_on_past_one_broken_object(all_broken: bool) -> None:
    session = Breaking(CASES["oracle"].answers)
    names = {"t", "v", "parent"}
    session.broken = frozenset(names if all_broken else {"v"})
    database = Database(
        DatabaseIdentity("k", "Oracle"),
        dialect("oracle"),
        "",
        ScriptedSource(session),
    )
    if all_broken:
        with pytest.raises(ColumnistError, match="could not be read"):
            scan(database, *names)
        return
    read, unread = scan(database, *names)
    assert set(read) == {"t", "parent"}
    assert unread == {"v": "ORA-04063: it has errors"}


def test_what_cannot_be_read_now_keeps_what_was_decided(workspace: Workspace) -> None:
    """A view that is broken for an hour is not dropped."""
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    snapshot, suggestions = Snapshot(workspace, number), Suggestions(workspace, number)
    view = TableId("s", "v")
    whole = Table(view, TableKind.VIEW, (Column(ColumnId(view, "a"), 1, "integer"),))
    other = Table(TableId("s", "w"), TableKind.OTHER, (), unread="why")
    for found in (
        [whole],
        [Table(view, TableKind.OTHER, (), unread="its table is gone"), other],
    ):
        rescan, scan_number = Rescan(workspace, number), snapshot.begin()
        rescan.save(found, scan=scan_number)
        changes = rescan.finish(snapshot.finish(scan_number))
        if not changes.unread:
            drafts = [Draft(t, "Text.", Source.HUMAN, 1.0) for t in whole.targets()]
            suggestions.put((draft, None) for draft in drafts)
            suggestions.accept(suggestions.all())
    assert changes.unread == {view: "its table is gone", other.id: "why"}
    assert list(snapshot.tables()) == [whole]
    assert not changes.dropped
    assert len(suggestions.staged()) == 2
