"""Missing rights are named before anything is written, for all tables at once."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.change import CommentChange, Outcome
from catalog.objects import TableId
from connectors.database_session import DatabaseSession, Row
from connectors.dialects import postgresql as postgresql_dialect
from connectors.dialects.bases import libpq
from tests.connectors.targets import (
    Proved,
    changes_to,
    duckdb_target,
    fresh,
    plan,
    write,
)
from tests.servers import Server

ODD = """it's "q" \\ %s :a"""


@pytest.fixture
def user() -> str:
    return f"bob{time.monotonic_ns() % 10**12}"


@pytest.mark.live
def test_postgresql_names_owners_and_schemas(
    postgresql: Proved, postgresql_server: Server, user: str
) -> None:
    odd = postgresql.quote(ODD)
    postgresql.run(
        "CREATE TABLE t (a integer)",
        f"CREATE TABLE {odd} (a integer)",
        "CREATE VIEW v AS SELECT 1 AS a",
        "CREATE SCHEMA shut",
        "CREATE TABLE shut.own (a integer)",
        "CREATE TABLE own (a integer)",
        f"CREATE ROLE {user} LOGIN PASSWORD 'bob'",
        f"ALTER TABLE own OWNER TO {user}",
        f"ALTER TABLE shut.own OWNER TO {user}",
    )
    name = postgresql.url.rsplit("/", 1)[1]
    url = postgresql_server.with_user(user, "bob", database=name)
    database = replace(postgresql, url=url).open()
    own, shut = postgresql.id("own"), TableId("shut", "own")
    tables = [postgresql.id(each) for each in ("t", ODD, "v", "gone")]
    theirs = "only its owner steward may comment on it"
    assert database.denied([*tables, own, shut]) == {
        **dict.fromkeys(tables[:3], theirs),
        shut: "you have no right to use its schema",
    }
    table = fresh(database, own)
    results = write(database, table, changes_to(table, "ours"))
    assert {each.outcome for each in results} == {Outcome.WRITTEN}
    postgresql.run(f"GRANT steward TO {user}", f"GRANT USAGE ON SCHEMA shut TO {user}")
    assert database.denied([*tables, own, shut]) == {}
    database.close()
    assert postgresql.open().denied([*tables, own, shut]) == {}
    postgresql.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")


@pytest.mark.live
def test_postgresql_is_asked_once_for_thousands_of_tables(
    postgresql: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgresql.open()
    database.denied([postgresql.id("t")])
    asked: list[str] = []
    ask = libpq.tuples

    def counting(session: DatabaseSession, sql: str) -> list[Row]:
        asked.append(sql)
        return ask(session, sql)

    monkeypatch.setattr(postgresql_dialect, "tuples", counting)
    began = time.monotonic()
    assert database.denied([postgresql.id(f"t{n}") for n in range(10_000)]) == {}
    assert len(asked) == 1
    assert time.monotonic() - began < 5


@pytest.mark.live
def test_mariadb_names_what_may_not_be_altered(
    mariadb: Proved, mariadb_server: Server, user: str
) -> None:
    odd = mariadb.quote(ODD)
    mariadb.run(
        "CREATE TABLE t (a int)",
        f"CREATE TABLE {odd} (a int)",
        "CREATE TABLE own (a int)",
        f"CREATE USER {user} IDENTIFIED BY 'bob'",
        f"GRANT SELECT ON {mariadb.schema}.* TO {user}",
        f"GRANT ALTER, INSERT, CREATE ON {mariadb.schema}.own TO {user}",
    )
    url = mariadb_server.with_user(user, "bob", database=mariadb.schema)
    database = replace(mariadb, url=url).open()
    tables = [mariadb.id(each) for each in ("t", ODD, "own")]
    no = "you have no right to alter it"
    assert database.denied(tables) == dict.fromkeys(tables[:2], no)
    mariadb.run(f"REVOKE ALTER ON {mariadb.schema}.own FROM {user}")
    assert database.denied(tables) == dict.fromkeys(tables, no)
    assert mariadb.open().denied(tables) == {}
    database.close()
    mariadb.run(f"DROP USER {user}")


def test_a_duckdb_file_that_may_not_be_written_is_said_without_opening_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = duckdb_target(tmp_path)
    target.run("CREATE TABLE t (a INTEGER)")
    database = target.open()
    tables = [target.id("t"), target.id("u")]
    assert database.denied(tables) == {}
    assert database.denied([]) == {}
    access = os.access
    for path, reason in (
        (tmp_path / "warehouse.duckdb", "you have no right to write the file"),
        (tmp_path, "you have no right to write in the file's folder"),
    ):
        monkeypatch.setattr(
            os,
            "access",
            lambda asked, mode, path=path: asked != path and access(asked, mode),
        )
        assert database.denied(tables) == dict.fromkeys(tables, reason)


def test_statements_of_a_file_are_rendered_without_opening_it(tmp_path: Path) -> None:
    """Opening it for each of 10,000 tables took ten minutes."""
    target = duckdb_target(tmp_path)
    target.run("CREATE TABLE t (a INTEGER)")
    database = target.open()
    table = fresh(database, target.id("t"))
    (tmp_path / "warehouse.duckdb").rename(tmp_path / "elsewhere")
    run = plan(database, table, [CommentChange(table.id, None, "it's")])
    [statement] = run.statements
    assert statement.sql == """COMMENT ON TABLE "main"."t" IS 'it''s'"""
