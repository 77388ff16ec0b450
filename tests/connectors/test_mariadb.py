"""MariaDB: definitions stay as they are, whoever else writes, whatever breaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pymysql
import pytest
from sqlalchemy import make_url

from catalog.change import CommentChange, Outcome
from catalog.errors import ColumnistError
from catalog.objects import ColumnId, TableKind, Target, column_of
from connectors.database_session import Fault
from connectors.dialects.bases.mysql_session import PyMySQLSession
from connectors.dialects.mariadb import MariaDB
from connectors.writing import intents
from tests.connectors.nasty import SUPPLEMENTARY
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    Proved,
    all_written,
    changes_to,
    execute_run,
    executing,
    fresh,
    outcomes,
    plan,
    refusal,
    write,
)
from tests.servers import Server

pytestmark = pytest.mark.live

SPECIAL = {
    "partitioned": "CREATE TABLE t (id int, d date, PRIMARY KEY (id, d)) PARTITION BY "
    "RANGE (year(d)) (PARTITION a VALUES LESS THAN (2020), PARTITION b VALUES LESS "
    "THAN MAXVALUE)",
    "referenced": "CREATE TABLE t (id int PRIMARY KEY, p int, FOREIGN KEY (p) "
    "REFERENCES t (id) ON DELETE CASCADE)",
    "myisam": "CREATE TABLE t (a int, b int) ENGINE=MyISAM",
    "aria": "CREATE TABLE t (a int, b int) ENGINE=Aria",
    "memory": "CREATE TABLE t (a int, b int) ENGINE=MEMORY",
    "compressed": "CREATE TABLE t (a int, b text) ROW_FORMAT=COMPRESSED",
    "periods": "CREATE TABLE t (a int, s date, e date, PERIOD FOR app (s, e))",
    "versioned": "CREATE TABLE t (a int, b int) WITH SYSTEM VERSIONING",
    "binary json": "CREATE TABLE t (j json) COLLATE utf8mb4_bin",
}


@pytest.mark.parametrize("create", SPECIAL.values(), ids=SPECIAL.keys())
def test_special_tables_are_altered_under_the_lock(
    mariadb: Proved, create: str
) -> None:
    mariadb.run(create)
    before = mariadb.dump()
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    results = write(database, table, changes_to(table, "new"))
    assert all_written(results)
    assert {result.reason for result in results} == {None}
    after = fresh(database, table.id)
    assert all_written(write(database, after, changes_to(after, None)))
    assert mariadb.dump() == before


def test_row_history_is_kept(mariadb: Proved) -> None:
    mariadb.run(
        "CREATE TABLE t (a int, s timestamp(6) GENERATED ALWAYS AS ROW START, "
        "e timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) "
        "WITH SYSTEM VERSIONING",
        "INSERT INTO t (a) VALUES (1)",
        "UPDATE t SET a = 2",
    )
    history = "SELECT * FROM t FOR SYSTEM_TIME ALL ORDER BY a"
    before = mariadb.run(history)
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    results = outcomes(write(database, table, changes_to(table, "new")))
    assert results == {
        table.id: Outcome.WRITTEN,
        ColumnId(table.id, "a"): Outcome.WRITTEN,
        ColumnId(table.id, "s"): Outcome.REFUSED,
        ColumnId(table.id, "e"): Outcome.REFUSED,
    }
    assert mariadb.run(history) == before
    assert len(before) == 2


def test_a_sequence_default_is_written_without_the_lock_and_says_so(
    mariadb: Proved,
) -> None:
    """MariaDB refuses every ALTER of such a table under LOCK TABLES (error 1100)."""
    mariadb.run(
        "CREATE SEQUENCE q", "CREATE TABLE t (id int DEFAULT nextval(q), x int)"
    )
    before = mariadb.dump()
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    results = write(database, table, changes_to(table, "new"))
    assert all_written(results)
    assert all("without a table lock" in (r.reason or "") for r in results)
    stale = write(database, table, changes_to(table, "again"))
    assert {result.outcome for result in stale} == {Outcome.CONFLICT}
    after = fresh(database, table.id)
    write(database, after, changes_to(after, None))
    assert mariadb.dump() == before


def test_stored_columns_need_leave_to_copy_the_table(mariadb: Proved) -> None:
    mariadb.run("CREATE TABLE t (a int, s int AS (a + 1) STORED, b int)")
    before = mariadb.dump()
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    stored = ColumnId(table.id, "s")
    run = plan(database, table, changes_to(table, "x"))
    assert len(run.statements) == 1
    [(change, reason)] = run.refused
    assert change.target == stored
    assert "--allow-rebuild" in reason
    run = plan(database, table, changes_to(table, "x"), allow_rebuild=True)
    assert len(run.statements) == 2
    results = write(database, table, changes_to(table, "new"))
    assert outcomes(results).pop(stored) is Outcome.REFUSED
    assert [r.outcome.name for r in results].count("WRITTEN") == 3
    change = CommentChange(stored, None, "new")
    assert all_written(write(database, table, [change], allow_rebuild=True))
    after = fresh(database, table.id)
    assert all_written(
        write(database, after, changes_to(after, None), allow_rebuild=True)
    )
    assert mariadb.dump() == before


def test_only_what_the_server_refuses_is_refused(mariadb: Proved) -> None:
    """A JSON check on another character set is no json: only a copy would do."""
    mariadb.run(
        "CREATE TABLE t (a int, j longtext CHARACTER SET latin1 CHECK (json_valid(j)),"
        " b int, w varchar(9) CHECK (json_valid(w)))"
    )
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    ledger = RecordingLedger()
    results = write(database, table, changes_to(table, "new"), ledger)
    refused = [r for r in results if r.outcome is Outcome.REFUSED]
    written = [r for r in results if r.outcome is Outcome.WRITTEN]
    assert len(written) + len(refused) == 5
    assert len(written) >= 3
    for result in refused:
        assert "--allow-rebuild" in (result.reason or "")
    for result in results:
        ends = [end for end in ledger.ends.values() if end.change == result.change]
        assert ends[-1] == result


def test_views_are_refused_before_any_sql(mariadb: Proved) -> None:
    mariadb.run(
        "CREATE TABLE t (a int COMMENT 'of the table')",
        "CREATE VIEW v AS SELECT a FROM t",
    )
    database = mariadb.open()
    view = fresh(database, mariadb.id("v"))
    assert view.kind is TableKind.VIEW
    assert view.comment is None
    assert view.columns[0].comment_refused
    results = write(database, view, changes_to(view, "x"))
    assert {result.outcome for result in results} == {Outcome.REFUSED}


def test_refuses_what_would_be_lost(mariadb: Proved) -> None:
    mariadb.run("CREATE TABLE t (a int)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    column = table.columns[0].id
    for text in [*SUPPLEMENTARY, "x" * 1025]:
        assert refusal(database, table, CommentChange(column, None, text))
    assert refusal(database, table, CommentChange(table.id, None, "x" * 2049))
    fits = [
        CommentChange(table.id, None, "ä" * 2048),
        CommentChange(column, None, "'" * 1024),
    ]
    assert all_written(write(database, table, fits))


@pytest.fixture
def other(mariadb: Proved) -> Iterator[pymysql.cursors.Cursor]:
    """Somebody else's connection."""
    url = make_url(mariadb.url)
    connection = pymysql.connect(
        host=url.host or "",
        port=url.port or 3306,
        user=url.username,
        password=url.password or "",
        database=url.database,
        autocommit=True,
    )
    yield connection.cursor()
    connection.close()


def wait_until_blocked(mariadb: Proved) -> None:
    query = (
        "SELECT count(*) FROM information_schema.processlist "
        "WHERE state = 'Waiting for table metadata lock' AND info LIKE 'LOCK%'"
    )
    deadline = time.monotonic() + 10
    while not mariadb.run(query)[0][0]:
        assert time.monotonic() < deadline, "the writer never waited for the lock"
        time.sleep(0.02)


def test_a_text_written_between_check_and_write_survives(
    mariadb: Proved, other: pymysql.cursors.Cursor
) -> None:
    """The other holds the table while we wait for it, and changes a comment."""
    mariadb.run("CREATE TABLE t (a int, b int)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    other.execute("LOCK TABLES t WRITE")
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write, database, table, changes_to(table, "ours"))
        wait_until_blocked(mariadb)
        other.execute("ALTER TABLE t MODIFY b int COMMENT 'theirs'")
        other.execute("UNLOCK TABLES")
        results = writing.result(30)
    assert outcomes(results) == {
        table.id: Outcome.WRITTEN,
        ColumnId(table.id, "a"): Outcome.WRITTEN,
        ColumnId(table.id, "b"): Outcome.CONFLICT,
    }
    after = fresh(database, table.id)
    assert [column.comment for column in after.columns] == ["ours", "theirs"]


def test_a_definition_changed_meanwhile_is_neither_undone_nor_restated(
    mariadb: Proved, other: pymysql.cursors.Cursor
) -> None:
    """It was restated as it then was, in a statement that was never shown."""
    mariadb.run("CREATE TABLE t (a int, b int)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    other.execute("LOCK TABLES t WRITE")
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write, database, table, changes_to(table, "ours"))
        wait_until_blocked(mariadb)
        other.execute("ALTER TABLE t MODIFY a bigint NOT NULL DEFAULT 5")
        other.execute("UNLOCK TABLES")
        results = writing.result(30)
    assert outcomes(results) == {
        table.id: Outcome.WRITTEN,
        ColumnId(table.id, "a"): Outcome.CONFLICT,
        ColumnId(table.id, "b"): Outcome.WRITTEN,
    }
    [conflict] = [r for r in results if r.outcome is Outcome.CONFLICT]
    assert conflict.reason == (
        "its definition was changed meanwhile: int(11) DEFAULT NULL is now bigint(20)"
        " NOT NULL DEFAULT 5"
    )
    column, other_column = fresh(database, table.id).columns
    assert (column.type, column.nullable, column.comment) == ("bigint(20)", False, None)
    assert other_column.comment == "ours"


REDEFINED = {
    "type": "MODIFY a bigint DEFAULT 1",
    "default": "MODIFY a int DEFAULT 2",
    "no default": "MODIFY a int",
    "nullability": "MODIFY a int NOT NULL DEFAULT 1",
    "check": "MODIFY a int DEFAULT 1 CHECK (a > 0)",
    "generated": "DROP a, ADD a int GENERATED ALWAYS AS (1) VIRTUAL FIRST",
}


@pytest.mark.parametrize("how", REDEFINED.values(), ids=REDEFINED.keys())
def test_whatever_is_restated_is_what_was_shown(mariadb: Proved, how: str) -> None:
    mariadb.run("CREATE TABLE t (a int DEFAULT 1, b varchar(9) COMMENT 'old')")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    changes = changes_to(table, "ours")
    run = plan(database, table, changes)
    mariadb.run(f"ALTER TABLE t {how}")
    before = mariadb.run("SHOW CREATE TABLE t")
    [result] = execute_run(database, run.without([changes[0], changes[2]]))
    assert result.outcome is Outcome.CONFLICT
    assert mariadb.run("SHOW CREATE TABLE t") == before
    # What does not go into a statement of ours is nobody's conflict.
    mariadb.run("ALTER TABLE t ADD INDEX (b), ADD c int FIRST")
    assert all_written(execute_run(database, run.without(changes[:2])))


def test_a_table_dropped_while_its_lock_is_waited_for_is_refused(
    mariadb: Proved, other: pymysql.cursors.Cursor
) -> None:
    """Its changes had no result, and their intents no end."""
    mariadb.run("CREATE TABLE t (a int)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    other.execute("LOCK TABLES t WRITE")
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write, database, table, changes_to(table, "ours"))
        wait_until_blocked(mariadb)
        other.execute("DROP TABLE t")
        other.execute("UNLOCK TABLES")
        results = writing.result(30)
    assert len(results) == 2
    assert {r.outcome for r in results} <= {Outcome.REFUSED, Outcome.FAILED}


def test_a_table_in_use_is_given_up_in_time(
    mariadb: Proved,
    other: pymysql.cursors.Cursor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intents, "PAUSES", (0.01,))
    mariadb.run("CREATE TABLE t (a int)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    other.execute("BEGIN")
    other.execute("SELECT * FROM t")
    started = time.monotonic()
    results = write(database, table, changes_to(table, "ours"))
    assert time.monotonic() - started < 10
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert "the table is in use" in (results[0].reason or "")
    other.execute("ROLLBACK")
    assert all_written(write(database, table, changes_to(table, "ours")))


@pytest.mark.parametrize(
    ("grants", "outcome", "note"),
    [
        ("SELECT", Outcome.REFUSED, "no right"),
        ("SELECT, INSERT, CREATE, ALTER", Outcome.WRITTEN, "without a table lock"),
        ("SELECT, INSERT, CREATE, ALTER, LOCK TABLES", Outcome.WRITTEN, None),
    ],
)
def test_privileges(
    mariadb: Proved,
    mariadb_server: Server,
    grants: str,
    outcome: Outcome,
    note: str | None,
) -> None:
    user = f"bob{time.monotonic_ns() % 10**12}"
    mariadb.run(
        "CREATE TABLE t (a int)",
        f"CREATE USER {user} IDENTIFIED BY 'bob'",
        f"GRANT {grants} ON {mariadb.schema}.* TO {user}",
    )
    url = mariadb_server.with_user(user, "bob", database=mariadb.schema)
    database = replace(mariadb, url=url).open()
    table = fresh(database, mariadb.id("t"))
    results = write(database, table, changes_to(table, "ours"))
    assert {result.outcome for result in results} == {outcome}
    for result in results:
        assert (note in (result.reason or "")) if note else result.reason is None
    database.close()
    mariadb.run(f"DROP USER {user}")


@pytest.mark.parametrize(
    ("grant", "allowed"),
    [
        ("SELECT ON {schema}.*", set()),
        ("ALTER ON {schema}.*", {"t", "u"}),
        ("ALTER ON {schema}.u", {"u"}),
        ("ALTER ON *.*", {"t", "u"}),
        ("ALTER ON `{wild}`.*", {"t", "u"}),
        ("ALTER ON `other\\_%`.*", set()),
    ],
)
def test_what_the_user_may_not_alter_is_shown_before_any_work_goes_into_it(
    mariadb: Proved, mariadb_server: Server, grant: str, allowed: set[str]
) -> None:
    user = f"eve{time.monotonic_ns() % 10**12}"
    mariadb.run(
        "CREATE TABLE t (a int)",
        "CREATE TABLE u (a int)",
        f"CREATE USER {user} IDENTIFIED BY 'eve'",
        f"GRANT SELECT ON {mariadb.schema}.* TO {user}",
        "GRANT "
        + grant.format(schema=mariadb.schema, wild=mariadb.schema[:-3] + "%")
        + f" TO {user}",
    )
    url = mariadb_server.with_user(user, "eve", database=mariadb.schema)
    database = replace(mariadb, url=url).open()
    tables = list(database.scan(schemas=[mariadb.schema]))
    assert {t.id.name for t in tables if t.comment_refused is None} == allowed
    for table in tables:
        assert table.columns[0].comment_refused == table.comment_refused
        change = changes_to(table, "new")[0]
        assert (refusal(database, table, change) is None) == (table.id.name in allowed)
    database.close()
    mariadb.run(f"DROP USER {user}")


def test_a_connection_killed_in_the_middle_is_settled(
    mariadb: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    mariadb.run("CREATE TABLE t (a int)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    ledger = RecordingLedger()
    run = PyMySQLSession.run

    def killing(session: PyMySQLSession, sql: str) -> None:
        if sql.startswith("ALTER"):
            monkeypatch.setattr(PyMySQLSession, "run", run)
            number = session.value("SELECT CONNECTION_ID()")
            mariadb.run(f"KILL {number}")
        run(session, sql)

    monkeypatch.setattr(PyMySQLSession, "run", killing)
    with pytest.raises(ColumnistError, match="connection was lost") as caught:
        list(executing(database, [(table, changes_to(table, "ours"))], ledger))
    assert "2 changes are open in the ledger" in caught.value.hint
    results = database.settle(ledger.open, ledger)
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert fresh(database, table.id) == table
    assert all_written(write(database, table, changes_to(table, "ours")))


def test_a_session_that_is_lost_stays_lost(mariadb: Proved) -> None:
    """It connected anew, or said that a transaction must be rolled back first."""
    session = mariadb.open()._source.open(write=True)
    mariadb.run(f"KILL {session.value('SELECT CONNECTION_ID()')}")
    for _ in range(2):
        with pytest.raises(Fault) as lost:
            session.run("DO 1")
        assert lost.value.lost
    session.quietly("UNLOCK TABLES")
    session.close()


def test_a_connection_lost_after_the_alter_is_settled_as_written(
    mariadb: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    mariadb.run("CREATE TABLE t (a int)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    ledger = RecordingLedger()
    run = PyMySQLSession.run

    def deaf(session: PyMySQLSession, sql: str) -> None:
        run(session, sql)
        if sql.startswith("ALTER"):
            raise Fault("the answer never came", lost=True)

    monkeypatch.setattr(PyMySQLSession, "run", deaf)
    with pytest.raises(ColumnistError, match="connection was lost"):
        list(executing(database, [(table, changes_to(table, "ours"))], ledger))
    results = database.settle(ledger.open, ledger)
    assert {result.outcome for result in results} == {Outcome.WRITTEN}


def test_a_definition_that_changed_with_the_comment_is_reported(
    mariadb: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The net below everything: here the statement itself is made to do damage."""
    mariadb.run("CREATE TABLE t (a int NOT NULL DEFAULT 7)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    run = PyMySQLSession.run

    def damaging(session: PyMySQLSession, sql: str) -> None:
        run(session, sql.replace(" NOT NULL DEFAULT 7", " NOT NULL"))

    monkeypatch.setattr(PyMySQLSession, "run", damaging)
    change = CommentChange(ColumnId(table.id, "a"), None, "ours")
    [result] = write(database, table, [change])
    assert result.outcome is Outcome.FAILED
    assert "int(11) NOT NULL DEFAULT 7 is now int(11) NOT NULL" in (result.reason or "")
    assert "To undo: ALTER TABLE" in (result.reason or "")


def test_what_the_server_prints_is_known_before(mariadb: Proved) -> None:
    """Then the definition is compared without cutting it a second time."""
    mariadb.run(
        "CREATE TABLE t (a int CHECK (a > 0), b json, c varchar(9) DEFAULT 'COMMENT', "
        "d int GENERATED ALWAYS AS (a + 1), e int COMMENT 'old', KEY (c)) COMMENT='old'"
    )
    dialect = mariadb.open().dialect
    assert isinstance(dialect, MariaDB)
    session = mariadb.open()._source.open(write=True)
    table_id = mariadb.id("t")
    for text in ('it\'s\n\ta \\ "b"; \r\u00e9', "x", None):
        before = dialect.look(session, table_id)
        assert before is not None
        targets: list[Target] = [table_id]
        targets += [ColumnId(table_id, name) for name in "abcde"]
        changes = [
            CommentChange(target, before.comment_of(target), text) for target in targets
        ]
        run = dialect.restate(before, changes, allow_rebuild=False)
        assert not run.refused
        for statement in run.statements:
            session.run(statement.sql)
        comments = {column_of(change.target): text for change in changes}
        assert before.with_comments(comments) == dialect.printed(session, table_id)
    session.close()


SHAPES = (
    "CREATE TABLE `p a-r#` (`i d` int, j int, PRIMARY KEY (j, `i d`))",
    "CREATE TABLE `c$ h/ü.` (`x y` int, z int AUTO_INCREMENT PRIMARY KEY, w int, "
    "KEY (w), FOREIGN KEY (w, `x y`) REFERENCES `p a-r#` (j, `i d`))",
    "CREATE TABLE parted (a int) PARTITION BY HASH (a) PARTITIONS 3",
    "CREATE TABLE aria_parted (a int) ENGINE=Aria PARTITION BY HASH (a) PARTITIONS 2",
    "CREATE TABLE isam (a int PRIMARY KEY, b int DEFAULT 5) ENGINE=MyISAM COMMENT 'i'",
    "CREATE TABLE `a:b'c\\` (a int NOT NULL) ENGINE=MyISAM",
    "CREATE TABLE many (a int GENERATED ALWAYS AS (1) STORED, b text) COMMENT 'm'",
    "CREATE VIEW seen AS SELECT a FROM isam",
    "INSERT INTO isam (a) VALUES (1), (2)",
    "INSERT INTO parted VALUES (1), (2), (3), (4)",
    "INSERT INTO many (b) VALUES ('x'), ('y')",
    "ANALYZE TABLE parted, many, isam",
)


def test_innodb_tells_the_same_as_the_catalog(mariadb: Proved) -> None:
    """A scan asks InnoDB, a single table is read from information_schema."""
    mariadb.run(*SHAPES)
    database = mariadb.open()
    whole = list(database.scan(schemas=[mariadb.schema]))
    assert len(whole) == 8
    assert whole == [fresh(database, table.id) for table in whole]
    kinds = {table.id.name: table.kind for table in whole}
    assert kinds["parted"] is kinds["aria_parted"] is TableKind.PARTITIONED_TABLE
    assert {table.id.name: table.row_estimate for table in whole}["parted"] == 4
    (child,) = (table for table in whole if table.foreign_keys)
    assert child.foreign_keys[0].references == mariadb.id("p a-r#")
    some = list(database.scan(schemas=[mariadb.schema], exclude=["*.seen"]))
    assert some == [table for table in whole if table.id.name != "seen"]


def test_a_user_without_process_reads_the_same(
    mariadb: Proved, mariadb_server: Server
) -> None:
    mariadb.run(*SHAPES)
    whole = list(mariadb.open().scan(schemas=[mariadb.schema]))
    user = f"ann{time.monotonic_ns() % 10**12}"
    mariadb.run(
        f"CREATE USER {user} IDENTIFIED BY 'ann'",
        f"GRANT ALL ON `{mariadb.schema}`.* TO {user}",
    )
    url = mariadb_server.with_user(user, "ann", database=mariadb.schema)
    database = replace(mariadb, url=url).open()
    assert list(database.scan(schemas=[mariadb.schema])) == whole
    database.close()
    mariadb.run(f"DROP USER {user}")
