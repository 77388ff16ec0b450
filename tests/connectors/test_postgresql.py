"""PostgreSQL: locks, other writers, privileges, lost connections, scans."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from catalog.change import CommentChange, Outcome
from catalog.errors import ColumnistError
from catalog.objects import ColumnId, Table, TableKind
from connectors.database_session import DatabaseSession, Fault, Row
from connectors.dialects import postgresql as reading
from connectors.dialects.bases import libpq
from connectors.dialects.bases.libpq import PsycopgSession
from connectors.limits import Limits
from connectors.writing import intents
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    Proved,
    all_written,
    changes_to,
    executing,
    fresh,
    outcomes,
    write,
)
from tests.servers import Server, execute

pytestmark = pytest.mark.live

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = 'columnist' AND wait_event_type = 'Lock'"
)
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'columnist'"
)


@pytest.fixture
def other(postgresql: Proved) -> Iterator[psycopg.Connection]:
    """Somebody else's connection."""
    with psycopg.connect(postgresql.url) as connection:
        yield connection


def wait_until_blocked(postgresql: Proved) -> None:
    deadline = time.monotonic() + 10
    while not postgresql.run(WAITING)[0][0]:
        assert time.monotonic() < deadline, "the writer never waited for the lock"
        time.sleep(0.02)


def test_a_text_written_between_check_and_write_survives(
    postgresql: Proved, other: psycopg.Connection
) -> None:
    """The other session holds the lock while we wait, then commits its own text."""
    postgresql.run("CREATE TABLE t (a integer, b integer)")
    database = postgresql.open()
    table = fresh(database, postgresql.id("t"))
    other.execute("COMMENT ON COLUMN t.b IS 'theirs'")
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write, database, table, changes_to(table, "ours"))
        wait_until_blocked(postgresql)
        other.commit()
        results = writing.result(30)
    assert outcomes(results) == {
        table.id: Outcome.WRITTEN,
        ColumnId(table.id, "a"): Outcome.WRITTEN,
        ColumnId(table.id, "b"): Outcome.CONFLICT,
    }
    after = fresh(database, table.id)
    assert [column.comment for column in after.columns] == ["ours", "theirs"]


def test_one_who_rolls_back_is_no_conflict(
    postgresql: Proved, other: psycopg.Connection
) -> None:
    postgresql.run("CREATE TABLE t (a integer)")
    database = postgresql.open()
    table = fresh(database, postgresql.id("t"))
    other.execute("COMMENT ON TABLE t IS 'theirs'")
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write, database, table, changes_to(table, "ours"))
        wait_until_blocked(postgresql)
        other.rollback()
        assert all_written(writing.result(30))


def test_a_locked_table_is_given_up_and_its_holder_named(
    postgresql: Proved, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents, "PAUSES", (0.01,))
    postgresql.run("CREATE TABLE t (a integer)")
    database = postgresql.open()
    table = fresh(database, postgresql.id("t"))
    other.execute("LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE")
    started = time.monotonic()
    results = write(database, table, changes_to(table, "ours"))
    assert time.monotonic() - started < 10
    assert {result.outcome for result in results} == {Outcome.FAILED}
    reason = results[0].reason or ""
    assert "the table is locked" in reason
    assert f"pid {other.info.backend_pid}" in reason
    other.rollback()
    assert all_written(write(database, table, changes_to(table, "ours")))


def without_refusals(table: Table) -> Table:
    """As read by somebody whose rights were taken away afterwards."""
    columns = tuple(column._replace(comment_refused=None) for column in table.columns)
    return replace(table, comment_refused=None, columns=columns)


def test_only_the_owner_may_comment(
    postgresql: Proved, postgresql_server: Server
) -> None:
    user = f"bob_{time.monotonic_ns()}"
    postgresql.run(
        "CREATE TABLE t (a integer)",
        f"CREATE ROLE {user} LOGIN PASSWORD 'bob'",
        f"GRANT SELECT ON t TO {user}",
    )
    name = postgresql.url.rsplit("/", 1)[1]
    bobs = replace(
        postgresql, url=postgresql_server.with_user(user, "bob", database=name)
    )
    database = bobs.open()
    table = fresh(database, postgresql.id("t"))
    [first, *_] = write(database, table, changes_to(table, "ours"))
    assert first.outcome is Outcome.REFUSED
    assert first.reason == "only its owner steward may comment on it"
    table = without_refusals(table)
    results = write(database, table, changes_to(table, "ours"))
    assert {result.outcome for result in results} == {Outcome.REFUSED}
    assert "no right" in (results[0].reason or "")
    database.close()
    postgresql.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def kill_before(
    monkeypatch: pytest.MonkeyPatch, postgresql: Proved, beginning: str
) -> None:
    """The server ends our connection just before such a statement."""
    execute = PsycopgSession._execute

    def killing(session: PsycopgSession, sql: str) -> object:
        if beginning in sql:
            monkeypatch.setattr(PsycopgSession, "_execute", execute)
            postgresql.run(TERMINATE)
        return execute(session, sql)

    monkeypatch.setattr(PsycopgSession, "_execute", killing)


def test_a_connection_killed_in_the_middle_wrote_nothing(
    postgresql: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql.run("CREATE TABLE t (a integer, b integer)")
    database = postgresql.open()
    table = fresh(database, postgresql.id("t"))
    ledger = RecordingLedger()
    writing = executing(database, [(table, changes_to(table, "ours"))], ledger)
    kill_before(monkeypatch, postgresql, 'COMMENT ON COLUMN "public"."t"."b"')
    results = [next(writing) for _ in range(3)]
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert not ledger.open
    with pytest.raises(ColumnistError, match="connection was lost") as caught:
        next(writing)
    assert "Nothing of this table was written" in caught.value.hint
    assert fresh(database, table.id) == table
    assert all_written(write(database, table, changes_to(table, "ours")))


def test_a_connection_killed_at_the_commit_is_settled(
    postgresql: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql.run("CREATE TABLE t (a integer)")
    database = postgresql.open()
    table = fresh(database, postgresql.id("t"))
    ledger = RecordingLedger()
    kill_before(monkeypatch, postgresql, "COMMIT")
    with pytest.raises(ColumnistError, match="connection was lost") as caught:
        list(executing(database, [(table, changes_to(table, "ours"))], ledger))
    assert "2 changes are open in the ledger" in caught.value.hint
    results = database.settle(ledger.open, ledger)
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert fresh(database, table.id) == table


def test_a_connection_lost_after_the_commit_is_settled_as_written(
    postgresql: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql.run("CREATE TABLE t (a integer)")
    database = postgresql.open()
    table = fresh(database, postgresql.id("t"))
    ledger = RecordingLedger()
    execute = PsycopgSession._execute

    def deaf(session: PsycopgSession, sql: str) -> object:
        result = execute(session, sql)
        if sql == "COMMIT":
            raise Fault("the answer never came", lost=True)
        return result

    monkeypatch.setattr(PsycopgSession, "_execute", deaf)
    with pytest.raises(ColumnistError, match="connection was lost"):
        list(executing(database, [(table, changes_to(table, "ours"))], ledger))
    assert len(ledger.open) == 2
    results = database.settle(ledger.open, ledger)
    assert {result.outcome for result in results} == {Outcome.WRITTEN}


def test_a_session_that_is_lost_stays_lost(postgresql: Proved) -> None:
    """The roll back after a loss connected anew, and failed where nobody answered.

    A server that was killed in the middle of `apply` ended it with a traceback.
    """
    database = postgresql.open()
    session = database._source.open(write=True)
    session.run("BEGIN")
    postgresql.run(TERMINATE)
    for _ in range(2):
        with pytest.raises(Fault) as lost:
            session.run("SELECT 1")
        assert lost.value.lost
    with pytest.raises(Fault) as lost:
        database.dialect.comments(session, [postgresql.id("t")])
    assert lost.value.lost
    session.quietly("ROLLBACK")
    session.close()
    assert database.read(postgresql.id("t")) is None


def test_a_setting_that_does_not_stay_stops_the_write(
    postgresql: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With standard_conforming_strings off a backslash would end a literal early."""
    from connectors.dialects import postgresql as module

    postgresql.run("CREATE TABLE t (a integer)")
    database = postgresql.open()
    table = fresh(database, postgresql.id("t"))
    pinned = {**module._PINNED, "lock_timeout": "2000 ms"}  # reads back as 2s
    monkeypatch.setattr(module, "_PINNED", pinned)
    with pytest.raises(ColumnistError, match="keeps lock_timeout"):
        list(executing(database, [(table, changes_to(table, "x"))], RecordingLedger()))
    assert fresh(database, table.id).comment is None


def test_backslashes_are_safe_where_the_server_escapes_them(
    postgresql: Proved,
) -> None:
    """A database default of `off` is overruled for the write."""
    name = postgresql.url.rsplit("/", 1)[1]
    postgresql.run(
        "CREATE TABLE victim (x integer)",
        "CREATE TABLE t (a integer)",
        f"ALTER DATABASE {name} SET standard_conforming_strings = off",
    )
    database = postgresql.open()
    table = fresh(database, postgresql.id("t"))
    text = "x\\'; drop table victim; -- "
    assert all_written(write(database, table, changes_to(table, text)))
    assert fresh(database, table.id).comment == text
    assert fresh(database, postgresql.id("victim"))


def test_what_has_no_place_in_the_encoding_is_refused_alone(
    postgresql_server: Server,
) -> None:
    name = f"latin_{time.monotonic_ns()}"
    execute(
        postgresql_server.url,
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
    )
    url = postgresql_server.database(name)
    execute(url, "CREATE TABLE t (a integer)")
    from tests.connectors.targets import postgresql_target

    target = postgresql_target(url)
    database = target.open()
    table = fresh(database, target.id("t"))
    changes = [
        CommentChange(table.id, None, "grün"),
        CommentChange(ColumnId(table.id, "a"), None, "中文"),
    ]
    results = write(database, table, changes)
    assert outcomes(results) == {
        table.id: Outcome.WRITTEN,
        ColumnId(table.id, "a"): Outcome.REFUSED,
    }
    database.close()
    execute(postgresql_server.url, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_scan_leaves_partitions_and_extensions_out(postgresql: Proved) -> None:
    postgresql.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE TABLE p (d date) PARTITION BY RANGE (d)",
        "CREATE TABLE p1 PARTITION OF p DEFAULT",
        "CREATE TEMP TABLE gone (a integer)",
    )
    database = postgresql.open()
    assert [table.id.name for table in database.scan()] == ["p"]
    assert fresh(database, postgresql.id("p1"))


def test_a_scan_does_not_wait_for_a_locked_view(
    postgresql: Proved, other: psycopg.Connection
) -> None:
    postgresql.run("CREATE TABLE t (a integer)", "CREATE VIEW v AS SELECT * FROM t")
    other.execute("LOCK TABLE v IN ACCESS EXCLUSIVE MODE")
    started = time.monotonic()
    found = {table.id.name: table for table in postgresql.open().scan()}
    assert time.monotonic() - started < 8
    assert len(found["v"].columns) == 1


def test_a_sample_gives_up_in_time(postgresql: Proved) -> None:
    postgresql.run(
        "CREATE VIEW slow AS SELECT pg_sleep(60)::text AS a",
        "CREATE TABLE one AS SELECT 1 AS x",
        "CREATE VIEW broken AS SELECT 1 / (x - 1) AS a, x AS b FROM one",
        "CREATE TABLE t AS SELECT i AS id, (ARRAY['new','open','closed'])[i % 3 + 1] "
        "AS state FROM generate_series(1, 100000) i",
        "ANALYZE t",
    )
    database = postgresql.open()
    slow = fresh(database, postgresql.id("slow"))
    started = time.monotonic()
    assert database.profile(slow, seconds=1) == {}
    assert time.monotonic() - started < 5
    assert list(database.profile(fresh(database, postgresql.id("broken")))) == ["b"]
    table = fresh(database, postgresql.id("t"))
    profile = database.profile(table, rows=500)
    assert profile["state"].codes == ("closed", "new", "open")
    assert profile["id"].rows > 100
    assert profile == database.profile(table, rows=500)
    assert list(database.profile(table, columns=["state"])) == ["state"]


HARM = {
    "inserts": "INSERT INTO log VALUES (1)",
    "reads on": "PERFORM set_config('transaction_read_only', 'off', true); "
    "INSERT INTO log VALUES (1)",
    "counts": "PERFORM nextval('numbers')",
    "resets": "PERFORM setval('numbers', 99)",
    "creates": "CREATE TABLE made (a int)",
    "comments": "COMMENT ON TABLE log IS 'theirs'",
    "locks": "PERFORM pg_advisory_lock(42)",
    "tells": "PERFORM pg_notify('somebody', 'something')",
    "puts": "COPY log TO '{path}'",
    "loosens": "PERFORM set_config('statement_timeout', '0', false)",
    "naps": "PERFORM pg_sleep(60)",
    "insists": "LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN "
    "NULL; END; END LOOP",
}
"""What functions do that views call, beside giving their value."""


def reaching(how: str, name: str, does: str) -> list[str]:
    """A view that calls a function which does something.

    Args:
        how: whether it says so, and whether it is called by a view below.
        name: of all of it.
        does: what it does.
    """
    function = f'"{name}"'
    made = [
        f"CREATE FUNCTION {function}() RETURNS int LANGUAGE plpgsql VOLATILE AS "
        f"$$ BEGIN {does}; RETURN 1; END $$",
    ]
    if how == "denied":  # it says that it changes nothing, and calls one that does
        made.append(
            f'CREATE FUNCTION "{name} not"() RETURNS int LANGUAGE plpgsql STABLE AS '
            f"$$ BEGIN RETURN {function}(); END $$"
        )
        function = f'"{name} not"'
    if how == "below":
        made.append(f'CREATE VIEW "{name} below" AS SELECT {function}() AS a')
        return [*made, f'CREATE VIEW "{name} view" AS SELECT a FROM "{name} below"']
    return [*made, f'CREATE VIEW "{name} view" AS SELECT {function}() AS a']


@pytest.mark.parametrize("how", ["said", "below", "denied"])
@pytest.mark.parametrize("superuser", [True, False], ids=["superuser", "user"])
def test_a_sample_of_a_view_does_nothing_but_read(
    postgresql: Proved,
    postgresql_server: Server,
    tmp_path: Path,
    how: str,
    superuser: bool,
) -> None:
    """Nor more, nor longer: a lock was kept, a file written, and some never ended."""
    url = postgresql.url
    if not superuser:
        user = f"eve_{time.monotonic_ns()}"
        name = url.rsplit("/", 1)[1]
        postgresql.run(
            f"CREATE ROLE {user} LOGIN PASSWORD 'eve'",
            f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {user}",
            f"ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO {user}",
            f"GRANT ALL ON SCHEMA public TO {user}",
        )
        url = postgresql_server.with_user(user, "eve", database=name)
    written = tmp_path / "put"
    tmp_path.chmod(0o777)
    postgresql.run("CREATE TABLE log (a int)", "CREATE SEQUENCE numbers")
    for name, does in HARM.items():
        postgresql.run(*reaching(how, name, does.format(path=written)))
    before = postgresql.dump()
    database = replace(postgresql, url=url).open()
    with psycopg.connect(postgresql.url, autocommit=True) as listening:
        listening.execute("LISTEN somebody")
        for name in HARM:
            table = fresh(database, postgresql.id(f"{name} view"))
            started = time.monotonic()
            profile = database.profile(table, seconds=1)
            assert time.monotonic() - started < 4, name
            if superuser or how != "denied":  # others may be told that it is safe
                assert not profile, name
        assert not list(listening.notifies(timeout=0.2))
    assert postgresql.run("SELECT count(*) FROM log") == [(0,)]
    assert postgresql.run("SELECT is_called FROM numbers") == [(False,)]
    assert postgresql.dump() == before
    assert not written.exists()
    ours = (
        "FROM pg_stat_activity WHERE application_name = 'columnist' AND state ="
        " 'active' AND datname = current_database()"
    )
    deadline = time.monotonic() + 5
    while postgresql.run(f"SELECT count(*) {ours}") != [(0,)]:
        assert time.monotonic() < deadline, "a sample goes on without us"
        time.sleep(0.1)
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    assert postgresql.run(held) == [(0,)]
    database.close()
    with postgresql.open() as database:
        table = fresh(database, postgresql.id("log"))
        assert all_written(write(database, table, changes_to(table, "ours")))


def test_views_that_only_read_are_sampled(postgresql: Proved) -> None:
    postgresql.run(
        "CREATE TABLE t AS SELECT i AS id, 'x' || i AS name, now() AS at"
        " FROM generate_series(1, 9) i",
        "CREATE EXTENSION fuzzystrmatch",
        "CREATE VIEW inner_view AS SELECT id + levenshtein('a', 'a') + id AS two,"
        " upper(name) AS name, now() - at AS age, row_number() OVER () AS place FROM t",
        "CREATE VIEW v AS SELECT two, count(*) AS n, max(name) AS name FROM inner_view"
        " GROUP BY two",
    )
    database = postgresql.open()
    for name in ("inner_view", "v"):
        table = fresh(database, postgresql.id(name))
        profile = database.profile(table)
        assert set(profile) == {column.name for column in table.columns}
        assert profile["two"].rows == 9


def test_the_bounds_of_a_connection_reach_the_server(postgresql: Proved) -> None:
    """The server prints them its own way, and what it prints is compared."""
    postgresql.run("CREATE TABLE t (a integer)")
    for lock, statement in ((1.5, 60.0), (2.0, 90.0), (0.25, 3600.0)):
        limits = Limits(lock_seconds=lock, statement_seconds=statement)
        database = postgresql.open(limits=limits)
        table = fresh(database, postgresql.id("t"))
        assert all_written(write(database, table, changes_to(table, f"{lock}")))
        database.close()


def test_only_the_kinds_wanted_are_read(
    postgresql: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql.run(
        "CREATE TABLE base (a int)", "CREATE VIEW seen AS SELECT a FROM base"
    )
    database = postgresql.open()
    asked: list[str] = []
    tuples = libpq.tuples

    def told(session: DatabaseSession, sql: str) -> list[Row]:
        asked.append(sql)
        return tuples(session, sql)

    monkeypatch.setattr(reading, "tuples", told)
    schemas = [postgresql.schema]
    found = list(database.scan(schemas=schemas, kinds=[TableKind.VIEW]))
    assert [table.id.name for table in found] == ["seen"]
    [(number,)] = postgresql.run(
        f"SELECT '{postgresql.schema}.base'::regclass::oid::text"
    )
    assert len(asked) > 1
    assert not any(str(number) in sql for sql in asked)
    both = database.scan(schemas=schemas, kinds=[TableKind.VIEW, TableKind.TABLE])
    assert {table.kind for table in both} == {TableKind.VIEW, TableKind.TABLE}
