"""A comment never runs SQL, whatever the server, the role or the session are set to.

Each time a table that must survive, a row count and a setting of the server stand by.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.change import Outcome
from tests.connectors import contract
from tests.connectors.contract import INJECTIONS, Engine
from tests.connectors.nasty import PLAIN_TEXTS, REFUSED_TEXTS, SUPPLEMENTARY
from tests.connectors.targets import (
    Proved,
    changes_to,
    duckdb_target,
    fresh,
    mariadb_target,
    postgresql_target,
    refusal,
    write,
)
from tests.servers import Run, Server, connected, execute

ENDINGS = [
    "'; {sql}; --",
    "\\'; {sql}; --",
    "\\\\'; {sql}; --",
    "''; {sql}; --",
    "\\''; {sql}; --",
    "'''; {sql}; --",
    "\n'; {sql}; --\n",
    '"; {sql}; --',
    "`; {sql}; --",
    "'); {sql}; --",
    "$$; {sql}; --",
    "$x$; {sql}; --",
    "$$ $x$ $body$'; {sql}; $body$",
    "*/ {sql}; /*",
    "/*! {sql}; */ /*M! {sql}; */ /*!50000 ; {sql} */",
    "-- \n; {sql};",
    "# \n; {sql};",
    "x' || (SELECT {sql}) || '",
    "x' COMMENT 'y'; {sql}; --",
    "', ALGORITHM=COPY; {sql}; --",
    "', DROP COLUMN a; --",
    "x', COMMENT='y",
    "E'\\''; {sql}; --",
    "U&'\\0027; {sql}; --",
    "\\047; {sql}; --",
    "\\x27; {sql}; --",
    "\\u0027; {sql}; --",
    "%27; {sql}; --",
    "%s'; {sql}; %(x)s",
    ":name'; {sql}; :1 ?",
    "\u202e'; {sql}; --\u202c",
    "\u200f'\u200e; {sql}; --",
    "\u02bc; {sql}; -- \u2019; {sql}; -- \uff07; {sql}; --",
    "¿'; {sql}; -- 縗'; {sql}; --",
    "表'; {sql}; -- ソ'; {sql}; -- 能\\'; {sql}; --",
    "\u00bf\\'; {sql}; -- \u0178'; {sql}; --",
    "誠\\'; {sql}; -- 乗\\'; {sql}; --",
    "\ufffd'; {sql}; -- \ufeff'; {sql}; --",
    "\uff21\\'; {sql}; --",
    "\0'; {sql}; --",
    "\x1a'; {sql}; --",
    "\x08'; {sql}; --",
    "\x1b[2J'; {sql}; --",
    "\udc27; {sql}; --",
]
"""Ways out of a literal; in some encodings a character's last byte is a backslash."""
HARM = {
    "postgresql": ["ALTER ROLE CURRENT_USER SET work_mem = '64kB'"],
    "mariadb": ["SET GLOBAL max_error_count = 7"],
    "duckdb": ["CREATE SCHEMA harmed"],
}
"""Besides dropping one table and filling another, on which the settings tell."""
TOLD = {
    "postgresql": "SELECT count(*) FROM pg_db_role_setting "
    "WHERE array_to_string(setconfig, ',') LIKE '%work_mem%'",
    "mariadb": "SELECT count(*) FROM information_schema.global_variables "
    "WHERE variable_name = 'MAX_ERROR_COUNT' AND variable_value <> '64'",
    "duckdb": "SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'harmed'",
}


def texts_against(name: str) -> list[str]:
    """Every way out, with every harm, and what breaks quoting otherwise."""
    harm = ["DROP TABLE victim", "INSERT INTO canary VALUES (9)", *HARM[name]]
    ways = [way.format(sql=sql) for way in ENDINGS for sql in harm]
    return [*dict.fromkeys([*ways, *INJECTIONS, *PLAIN_TEXTS, *SUPPLEMENTARY])]


def engine_of(proved: Proved) -> Engine:
    """The database behind the face of the contract."""
    database = proved.open()

    def create(name: str, columns: Sequence[str]) -> None:
        types = ", ".join(f"{proved.quote(column)} integer" for column in columns)
        proved.run(f"CREATE TABLE {proved.quote(name)} ({types})")

    return Engine(proved.schema, lambda: database, proved.run, proved.dump, create)


def nothing_runs(proved: Proved, engine: Engine) -> None:
    """All texts on the columns and some on the table; the rest is as it was."""
    texts = texts_against(proved.name)
    proved.run(
        "CREATE TABLE canary (a integer)",
        "INSERT INTO canary VALUES (1), (2), (3)",
    )
    assert contract.texts_come_back(engine, [*texts, *REFUSED_TEXTS]) >= 100
    database = engine.open()
    with database.hold():
        table = fresh(database, engine.id("t"))
        for text in texts[:: max(1, len(texts) // 25)]:
            change = changes_to(fresh(database, table.id), text)[0]
            [result] = write(database, table, [change])
            refused = refusal(database, table, change) is not None
            assert (result.outcome is Outcome.REFUSED) == refused
            assert refused or result.read_back == text
    assert proved.run("SELECT count(*) FROM canary") == [(3,)]
    assert proved.run("SELECT count(*) FROM victim") == [(0,)]
    assert proved.run(TOLD[proved.name]) == [(0,)]
    database.close()


def test_duckdb(tmp_path: Path) -> None:
    proved = duckdb_target(tmp_path)
    nothing_runs(proved, engine_of(proved))


POSTGRESQL = {
    "as it comes": [],
    "backslashes escape": ["standard_conforming_strings = off"],
    "quotes by backslash": [
        "standard_conforming_strings = off",
        "backslash_quote = on",
        "escape_string_warning = off",
    ],
    "Shift JIS": ["client_encoding = 'SJIS'", "standard_conforming_strings = off"],
    "GBK": ["client_encoding = 'GBK'", "standard_conforming_strings = off"],
    "Big5": ["client_encoding = 'BIG5'"],
    "Latin 1": ["client_encoding = 'LATIN1'"],
    "another search path": ["search_path = 'pg_temp'", "quote_all_identifiers = on"],
}


@pytest.mark.live
@pytest.mark.parametrize("settings", POSTGRESQL.values(), ids=POSTGRESQL)
@pytest.mark.parametrize("where", ["ROLE", "DATABASE"])
def test_postgresql(
    postgresql: Proved, postgresql_server: Server, settings: list[str], where: str
) -> None:
    """Set for the role and for the database, as an administrator may."""
    name = postgresql.url.rsplit("/", 1)[1]
    role = f"mallory_{time.monotonic_ns()}"
    url = postgresql_server.with_user(role, "secret", database=name)
    whose = role if where == "ROLE" else name
    postgresql.run(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'secret'")
    # This connection is older than the settings.
    with connected(postgresql.url) as run:
        run("SELECT 1", *(f"ALTER {where} {whose} SET {each}" for each in settings))
        for each in settings:  # and this one, a naive one, has them
            setting, _, value = each.partition(" = ")
            assert execute(url, f"SHOW {setting}") == [(value.strip("'"),)]
        try:
            target = replace(postgresql_target(url), run=run)
            nothing_runs(target, engine_of(target))
        finally:
            run(f"ALTER DATABASE {name} RESET ALL", f"DROP ROLE {role}")


MARIADB = {
    "as it comes": [],
    "no backslash escapes": [("sql_mode", "'NO_BACKSLASH_ESCAPES'")],
    "double quotes are names": [("sql_mode", "'ANSI_QUOTES'")],
    "both": [("sql_mode", "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")],
    "as Oracle": [("sql_mode", "'ORACLE,PIPES_AS_CONCAT,IGNORE_SPACE'")],
    "names unquoted": [("sql_quote_show_create", "0")],
    "init_connect": [
        ("init_connect", "'SET NAMES gbk, sql_mode = ''NO_BACKSLASH_ESCAPES'''")
    ],
    "Shift JIS": [
        ("character_set_client", "sjis"),
        ("character_set_connection", "sjis"),
        ("character_set_results", "sjis"),
        ("init_connect", "'SET NAMES sjis'"),
    ],
    "GBK": [
        ("character_set_client", "gbk"),
        ("character_set_connection", "gbk"),
        ("character_set_results", "gbk"),
    ],
    "Latin 1": [("character_set_server", "latin1"), ("collation_server", "latin1_bin")],
}


@contextmanager
def globally(run: Run, settings: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Global settings, which every new connection begins with."""
    before = [(name, run(f"SELECT @@GLOBAL.{name}")[0][0]) for name, _ in settings]
    try:
        for name, value in settings:
            run(f"SET GLOBAL {name} = {value}")
        yield
    finally:
        for name, was in before:
            value = f"'{was}'" if isinstance(was, str) else str(was)
            run(f"SET GLOBAL {name} = {value}")


@pytest.mark.live
@pytest.mark.parametrize("settings", MARIADB.values(), ids=MARIADB)
def test_mariadb(
    mariadb: Proved, mariadb_server: Server, settings: list[tuple[str, str]]
) -> None:
    """Set for everybody, so also for the session that a pool would hand out."""
    url, user = mariadb.url, f"mallory{time.monotonic_ns() % 10**12}"
    if any(name == "init_connect" for name, _ in settings):
        # It is not run for those who may do everything.
        url = mariadb_server.with_user(user, "secret", database=mariadb.schema)
    mariadb.run(
        f"CREATE USER {user} IDENTIFIED BY 'secret'",
        f"GRANT ALL ON {mariadb.schema}.* TO {user}",
    )
    # This connection is older than the settings.
    with connected(mariadb.url) as run, globally(run, settings):
        target = replace(mariadb_target(mariadb.url, run), url=url)
        nothing_runs(target, engine_of(target))
    mariadb.run(f"DROP USER {user}")
