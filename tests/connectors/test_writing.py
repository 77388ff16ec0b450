"""What writing promises, on every database it is proved for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.change import CommentChange, Outcome
from catalog.errors import RefusedError
from catalog.objects import ColumnId, TableKind
from connectors.run import Allowed
from tests.connectors.nasty import (
    NAMES,
    PLAIN_TEXTS,
    REFUSED_TEXTS,
    SUPPLEMENTARY,
    UNSEEN_TEXTS,
)
from tests.connectors.proof import RAN, kinds_of
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

OBJECTS = {
    "duckdb": [
        "CREATE TABLE t (id integer PRIMARY KEY, x varchar, "
        "g integer GENERATED ALWAYS AS (id + 1))",
        "CREATE TABLE u (id integer REFERENCES t (id))",
        "CREATE VIEW v AS SELECT * FROM t",
    ],
    "postgresql": [
        "CREATE TABLE t (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, x text, "
        "g integer GENERATED ALWAYS AS (1 + 1) STORED)",
        "CREATE TABLE u (id integer REFERENCES t (id))",
        "CREATE UNLOGGED TABLE w (x int)",
        "CREATE VIEW v AS SELECT * FROM t",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM t",
        "CREATE TABLE p (d date, x int) PARTITION BY RANGE (d)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO "
        "('2021-01-01')",
        "CREATE EXTENSION postgres_fdw",
        "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw",
        "CREATE FOREIGN TABLE f (x int) SERVER s",
    ],
    "mariadb": [
        "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, x text, "
        "g int GENERATED ALWAYS AS (1 + 1) VIRTUAL)",
        "CREATE TABLE u (id int, FOREIGN KEY (id) REFERENCES t (id))",
        "CREATE TABLE p (d date NOT NULL, x int) PARTITION BY RANGE (year(d)) "
        "(PARTITION a VALUES LESS THAN (2020), PARTITION b VALUES LESS THAN MAXVALUE)",
    ],
}

KINDS = {
    "duckdb": {"t": TableKind.TABLE, "u": TableKind.TABLE, "v": TableKind.VIEW},
    "postgresql": {
        "t": TableKind.TABLE,
        "u": TableKind.TABLE,
        "w": TableKind.TABLE,
        "v": TableKind.VIEW,
        "m": TableKind.MATERIALIZED_VIEW,
        "p": TableKind.PARTITIONED_TABLE,
        "f": TableKind.FOREIGN_TABLE,
    },
    "mariadb": {
        "t": TableKind.TABLE,
        "u": TableKind.TABLE,
        "p": TableKind.PARTITIONED_TABLE,
    },
}


def test_sets_replaces_and_clears_every_kind_of_object(proved: Proved) -> None:
    proved.run(*OBJECTS[proved.name])
    before = proved.dump()
    database = proved.open()
    tables = list(database.scan(schemas=[proved.schema]))
    assert {t.id.name: t.kind for t in tables} == KINDS[proved.name]
    with database.hold():
        for text in ("first", "second, with 'quotes'", None, "third", ""):
            for table in tables:
                now = fresh(database, table.id)
                assert all_written(write(database, now, changes_to(now, text)))
                after = fresh(database, table.id)
                assert {after.comment_of(t) for t in after.targets()} == {text or None}
    assert proved.dump() == before
    assert RAN[proved.name].ran == kinds_of(tables)


def test_nasty_texts_come_back_exactly(proved: Proved) -> None:
    texts = list(PLAIN_TEXTS)
    if proved.name != "mariadb":
        texts += SUPPLEMENTARY
    columns = ", ".join(f"c{number} integer" for number in range(len(texts)))
    proved.run("CREATE TABLE victim (x integer)", f"CREATE TABLE t ({columns})")
    before = proved.dump()
    database = proved.open()
    table = fresh(database, proved.id("t"))
    changes = [
        CommentChange(column.id, None, text)
        for column, text in zip(table.columns, texts, strict=True)
    ]
    assert all_written(write(database, table, changes))
    after = fresh(database, table.id)
    assert [column.comment for column in after.columns] == texts
    assert fresh(database, proved.id("victim"))
    assert all_written(write(database, after, changes_to(after, None)))
    assert proved.dump() == before


def test_nasty_texts_on_the_table_come_back_exactly(proved: Proved) -> None:
    proved.run("CREATE TABLE t (x integer)")
    database = proved.open()
    with database.hold():
        table = fresh(database, proved.id("t"))
        previous = None
        for text in PLAIN_TEXTS:
            change = CommentChange(table.id, previous, text)
            results = write(database, table, [change])
            assert all_written(results)
            assert results[0].read_back == text
            previous = text
    assert fresh(database, table.id).comment == PLAIN_TEXTS[-1]


def test_nasty_names_are_written_and_reverted_without_a_trace(proved: Proved) -> None:
    """Forty tables with nasty names: afterwards the catalog is the same to the byte."""
    quoted = [proved.quote(name) for name in NAMES]
    proved.run(*[f"CREATE TABLE {name} ({name} integer, x integer)" for name in quoted])
    before = proved.dump()
    database = proved.open()
    tables = list(database.scan(schemas=[proved.schema]))
    assert sorted(table.id.name for table in tables) == sorted(NAMES)
    with database.hold():
        for table in tables:
            changes = changes_to(table, f"about {table.id.name}")
            assert all_written(write(database, table, changes))
    tables = list(database.scan(schemas=[proved.schema]))
    with database.hold():
        for table in tables:
            text = f"about {table.id.name}"
            assert {table.comment_of(t) for t in table.targets()} == {text}
            assert all_written(write(database, table, changes_to(table, None)))
    assert proved.dump() == before


def test_preview_is_what_is_executed(proved: Proved) -> None:
    proved.run(*OBJECTS[proved.name])
    database = proved.open()
    for table in list(database.scan(schemas=[proved.schema])):
        changes = changes_to(table, "it's\n100% \\ new")
        run = plan(database, table, changes)
        shown = [statement.sql for statement in run.statements]
        ledger = RecordingLedger()
        results = write(database, table, changes, ledger)
        assert {result.statement for result in results} == set(shown)
        assert {intent.statement for intent in ledger.intents.values()} == set(shown)


REDEFINED = {
    "duckdb": ["DROP TABLE t", "CREATE VIEW t AS SELECT 1 AS a, 2 AS b"],
    "postgresql": ["DROP TABLE t", "CREATE VIEW t AS SELECT 1 AS a, 2 AS b"],
    "mariadb": ["ALTER TABLE t MODIFY a bigint NOT NULL DEFAULT 5"],
}
"""What makes another statement of one that was shown."""


def test_what_was_redefined_since_it_was_shown_is_a_conflict(proved: Proved) -> None:
    """It was written with the new definition, which nobody had seen."""
    proved.run("CREATE TABLE t (a integer, b integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    changes = changes_to(table, "ours")
    run = plan(database, table, changes)
    assert run.changes == changes
    proved.run(*REDEFINED[proved.name])
    now = fresh(database, table.id)
    ledger = RecordingLedger()
    results = execute_run(database, run, ledger)
    other = ColumnId(table.id, "a") if proved.name == "mariadb" else table.id
    assert outcomes(results) == {
        target: Outcome.CONFLICT if target == other else Outcome.WRITTEN
        for target in table.targets()
    }
    [conflict] = [r for r in results if r.outcome is Outcome.CONFLICT]
    assert (conflict.reason or "").startswith("its definition was changed meanwhile: ")
    assert conflict.read_back is None
    assert conflict in ledger.ends.values()
    after = fresh(database, table.id)
    assert after == replace(
        now,
        comment=None if other == table.id else "ours",
        columns=tuple(
            column._replace(comment=None if column.id == other else "ours")
            for column in now.columns
        ),
    )
    # Seen as it is now, it is written.
    again = changes_to(after, "ours")
    assert all_written(execute_run(database, plan(database, after, again)))


def test_what_stays_out_of_a_run_changes_nothing_of_the_rest(proved: Proved) -> None:
    """Fewer changes make another statement, of the same definitions."""
    proved.run("CREATE TABLE t (a integer, b integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    changes = changes_to(table, "ours")
    run = plan(database, table, changes)
    theirs = CommentChange(ColumnId(table.id, "b"), None, "theirs")
    assert all_written(write(proved.open(), table, [theirs]))
    results = execute_run(database, run)
    assert outcomes(results)[theirs.target] is Outcome.CONFLICT
    assert [r.outcome for r in results].count(Outcome.WRITTEN) == 2


def test_what_somebody_else_wrote_is_never_overwritten(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer, b integer, c integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    assert all_written(write(database, table, changes_to(table, "ours")))
    seen = fresh(database, table.id)
    theirs = CommentChange(ColumnId(table.id, "b"), "ours", "theirs")
    assert all_written(write(proved.open(), seen, [theirs]))
    results = write(database, seen, changes_to(seen, "new"))
    assert outcomes(results) == {
        table.id: Outcome.WRITTEN,
        ColumnId(table.id, "a"): Outcome.WRITTEN,
        ColumnId(table.id, "b"): Outcome.CONFLICT,
        ColumnId(table.id, "c"): Outcome.WRITTEN,
    }
    [conflict] = [r for r in results if r.outcome is Outcome.CONFLICT]
    assert conflict.read_back == "theirs"
    assert fresh(database, table.id).comment_of(theirs.target) == "theirs"


def test_a_comment_removed_meanwhile_is_a_conflict(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    [result] = write(database, table, [CommentChange(table.id, "was there", "new")])
    assert result.outcome is Outcome.CONFLICT
    assert result.reason == "the comment was removed meanwhile"


def test_refuses_control_characters_and_surrogates(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    for text in REFUSED_TEXTS:
        for change in changes_to(table, text):
            assert refusal(database, table, change)
            ledger = RecordingLedger()
            [result] = write(database, table, [change], ledger)
            assert result.outcome is Outcome.REFUSED
            assert not ledger.intents


def test_what_nobody_sees_is_brought_back_where_it_was(proved: Proved) -> None:
    """It is not written anew; but a revert restores what others wrote, to the byte."""
    columns = ", ".join(f"c{number} integer" for number in range(len(UNSEEN_TEXTS)))
    proved.run(f"CREATE TABLE t ({columns})")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    changes = [
        CommentChange(column.id, None, text)
        for column, text in zip(table.columns, UNSEEN_TEXTS, strict=True)
    ]
    work = [(table, changes)]
    assert all_written(
        list(executing(database, work, RecordingLedger(), Allowed(restoring=True)))
    )
    after = fresh(database, table.id)
    assert [column.comment for column in after.columns] == UNSEEN_TEXTS


def test_a_column_that_is_gone_does_not_hold_up_the_others(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer, b integer, c integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    proved.run("ALTER TABLE t DROP COLUMN b")
    results = write(database, table, changes_to(table, "new"))
    gone = ColumnId(table.id, "b")
    assert outcomes(results).pop(gone) is Outcome.REFUSED
    assert sorted(o.name for o in outcomes(results).values()) == (
        ["REFUSED", "WRITTEN", "WRITTEN", "WRITTEN"]
    )


def test_a_table_that_is_gone_is_refused(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    proved.run("DROP TABLE t")
    results = write(database, table, changes_to(table, "new"))
    assert {result.outcome for result in results} == {Outcome.REFUSED}


def test_read_only_refuses(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer)")
    database = proved.open(read_only=True)
    table = fresh(database, proved.id("t"))
    with pytest.raises(RefusedError):
        write(database, table, changes_to(table, "new"))
    assert fresh(database, table.id).comment is None


def test_stopped_before_it_began_leaves_no_trace(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    ledger = RecordingLedger()
    changes = changes_to(table, "new")
    assert not list(executing(database, [(table, changes)], ledger, stop=lambda: True))
    assert not ledger.intents


def test_settles_what_a_crash_left_open(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer, b integer, c integer)")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    a, b, c = (column.id for column in table.columns)
    write(database, table, [CommentChange(a, None, "asked for")])
    write(database, table, [CommentChange(c, None, "another text")])
    ledger = RecordingLedger()
    for target in (a, b, c, proved.id("gone")):
        ledger.intend([(CommentChange(target, None, "asked for"), "the statement")])
    results = database.settle(ledger.open, ledger)
    assert [result.outcome for result in results] == [
        Outcome.WRITTEN,
        Outcome.FAILED,
        Outcome.CONFLICT,
        Outcome.CONFLICT,
    ]
    assert results[1].reason == "interrupted before it was written"
    assert not ledger.open


def test_scan_selects_by_schema_and_pattern(proved: Proved) -> None:
    for name in ("orders", "Orders_old", "items"):
        proved.run(f"CREATE TABLE {proved.quote(name)} (a integer)")
    database = proved.open()

    def names(*tables: str) -> list[str]:
        found = database.scan(schemas=[proved.schema], tables=tables)
        return sorted(table.id.name for table in found)

    assert names() == ["Orders_old", "items", "orders"]
    assert names("order*") == ["orders"]
    assert names(f"{proved.schema}.*s") == ["items", "orders"]
    assert names("O*", "items") == ["Orders_old", "items"]
    assert list(database.scan(schemas=["nowhere"])) == []
    assert list(database.scan(stop=lambda: True)) == []


def test_scan_leaves_the_system_out(proved: Proved) -> None:
    proved.run("CREATE TABLE t (a integer)")
    schemas = {table.id.schema for table in proved.open().scan()}
    assert proved.schema in schemas
    assert not schemas & {"information_schema", "pg_catalog", "mysql", "sys"}


def test_reads_keys_and_nullability(proved: Proved) -> None:
    proved.run(
        "CREATE TABLE parent (a integer, b integer NOT NULL, PRIMARY KEY (b, a))",
        "CREATE TABLE child (x integer, y integer, "
        "FOREIGN KEY (x, y) REFERENCES parent (b, a))",
    )
    database = proved.open()
    parent = fresh(database, proved.id("parent"))
    child = fresh(database, proved.id("child"))
    assert parent.primary_key == ("b", "a")
    assert [column.nullable for column in parent.columns] == [False, False]
    [key] = child.foreign_keys
    assert key.columns == ("x", "y")
    assert key.references == parent.id
    assert key.referenced_columns == ("b", "a")
    assert [column.position for column in child.columns] == [1, 2]


def test_the_scan_and_a_fresh_read_agree(proved: Proved) -> None:
    proved.run(*OBJECTS[proved.name])
    database = proved.open()
    for table in list(database.scan(schemas=[proved.schema])):
        found = database.read(table.id)
        assert found is not None
        if proved.name == "mariadb":  # a scan takes the estimate that InnoDB saved last
            found = replace(found, row_estimate=table.row_estimate)
        assert found == table
    assert database.read(proved.id("nothing")) is None
