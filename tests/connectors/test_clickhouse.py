"""ClickHouse, run on chdb: the engine as a library, behind a small HTTP server."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from sqlglot import parse_one

from catalog.change import CommentChange, Outcome
from catalog.errors import ColumnistError
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from connectors.connect import open_database
from connectors.database import Database
from connectors.database_session import Fault
from connectors.dialects.clickhouse import ClickHouse
from connectors.sampling import profile_table
from tests.connectors import contract
from tests.connectors.clickhouse_server import ClickHouseServer, run_clickhouse
from tests.connectors.contract import CASES, INJECTIONS, Engine, write
from tests.connectors.nasty import NAMES, PLAIN_TEXTS, REFUSED_TEXTS, SUPPLEMENTARY
from tests.connectors.proof import RAN
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    all_written,
    changes_to,
    fresh,
    plan,
)

ON = settings(
    deadline=None,
    max_examples=CASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def name_in_sql(name: str) -> str:
    """Quoted by hand, so that what is tested does not make its own test."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    with run_clickhouse(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture
def engine(server: ClickHouseServer) -> Iterator[Engine]:
    """An empty database."""
    from clickhouse_connect import get_client

    schema = f"test_{time.monotonic_ns()}"
    server.client.command(f"CREATE DATABASE {schema}")
    client: Any = get_client(
        host="127.0.0.1", port=server.port, database=schema, password="secret"
    )

    def run(*statements: str) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            if statement.startswith("SELECT"):
                rows = [tuple(row) for row in client.query(statement).result_rows]
            else:
                client.command(f"USE {schema}")
                client.command(statement)
        return rows

    def dump() -> str:
        return repr(
            run(
                "SELECT name, create_table_query FROM system.tables "
                f"WHERE database = '{schema}' ORDER BY name"
            )
        )

    def create(name: str, columns: Sequence[str]) -> None:
        types = ", ".join(f"{name_in_sql(column)} Int32" for column in columns)
        run(f"CREATE TABLE {name_in_sql(name)} ({types}) ENGINE = Memory")

    opened: list[Database] = []

    def opens() -> Database:
        opened.append(open_database(server.url(schema)))
        return opened[-1]

    yield Engine(schema, opens, run, dump, create)
    for database in opened:
        database.close()
    client.command(f"DROP DATABASE {schema}")


OBJECTS = [
    "CREATE TABLE t (id UInt64, x Nullable(String) DEFAULT 'a', "
    "m Int64 MATERIALIZED id + 1, l Int64 ALIAS id, n Nested(a Int32, b String)) "
    "ENGINE = MergeTree PRIMARY KEY id ORDER BY (id, m)",
    "CREATE TABLE log (x Int32) ENGINE = Log",
    "CREATE VIEW v AS SELECT id, x FROM t",
    "CREATE MATERIALIZED VIEW m ENGINE = MergeTree ORDER BY id AS SELECT id FROM t",
    "CREATE MATERIALIZED VIEW m_to TO log AS SELECT toInt32(id) AS x FROM t",
    "CREATE DICTIONARY d (id UInt64, x String) PRIMARY KEY id "
    "SOURCE(CLICKHOUSE(TABLE 't')) LAYOUT(FLAT()) LIFETIME(10)",
]
KINDS = {
    "t": TableKind.TABLE,
    "log": TableKind.TABLE,
    "v": TableKind.VIEW,
    "m": TableKind.MATERIALIZED_VIEW,
    "m_to": TableKind.MATERIALIZED_VIEW,
    "d": TableKind.OTHER,
}


@pytest.mark.live
def test_sets_replaces_and_clears_every_kind_of_object(engine: Engine) -> None:
    engine.run(*OBJECTS)
    assert contract.every_kind(engine, KINDS) == RAN["clickhouse"].ran


@pytest.mark.live
def test_columns_of_a_materialized_view_and_a_dictionary_are_refused(
    engine: Engine,
) -> None:
    engine.run(*OBJECTS)
    refused = {("m", "id"), ("m_to", "x"), ("d", "id"), ("d", "x")}
    contract.what_is_refused_has_no_statement(
        engine, {ColumnId(engine.id(table), column) for table, column in refused}
    )


@pytest.mark.live
def test_a_materialized_view_loses_the_comment_of_its_column(engine: Engine) -> None:
    """Why it is not on the allow-list: the server takes it and says nothing."""
    engine.run(*OBJECTS, "ALTER TABLE m COMMENT COLUMN id 'lost'")
    assert fresh(engine.open(), engine.id("m")).columns[0].comment is None


@pytest.mark.live
def test_nasty_texts_come_back_exactly(engine: Engine) -> None:
    wanted = [*PLAIN_TEXTS, *SUPPLEMENTARY, *INJECTIONS]
    assert contract.texts_come_back(engine, wanted) == len(wanted)


@pytest.mark.live
def test_nasty_texts_on_the_table_come_back_exactly(engine: Engine) -> None:
    wanted = [*PLAIN_TEXTS, *SUPPLEMENTARY, *INJECTIONS, *REFUSED_TEXTS]
    contract.texts_on_the_table_come_back(engine, wanted)


@pytest.mark.live
def test_control_characters_are_refused_before_any_statement(engine: Engine) -> None:
    engine.create("t", [f"c{number}" for number in range(len(REFUSED_TEXTS))])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    assert contract.check_texts(database, table, REFUSED_TEXTS) == 0


@pytest.mark.live
def test_nasty_names_are_written_and_reverted_without_a_trace(engine: Engine) -> None:
    for name in NAMES:
        engine.create(name, [name, "x"])
    contract.names_come_back(engine, [engine.id(name) for name in NAMES])


@pytest.mark.live
def test_any_text_comes_back_exactly_or_is_refused(engine: Engine) -> None:
    width = 10
    engine.create("t", [f"c{number}" for number in range(width)])
    table = fresh(engine.open(), engine.id("t"))

    @ON
    @given(wanted=st.lists(contract.texts, min_size=1, max_size=width))
    def check(wanted: list[str]) -> None:
        contract.generated_texts_come_back_and_revert(engine, table, wanted)

    check()


@pytest.mark.live
def test_any_name_that_is_accepted_is_written(engine: Engine) -> None:
    accepted: list[str] = []

    @ON
    @given(name=contract.identifiers, column=contract.identifiers)
    def check(name: str, column: str) -> None:
        try:
            engine.create(name, [column])
        except Exception:  # not a name here
            reject()
        try:
            contract.names_come_back(engine, [engine.id(name)])
            accepted.append(name)
        finally:
            engine.run(f"DROP TABLE {name_in_sql(name)}")

    check()
    assert len(accepted) >= CASES // 2


@pytest.mark.live
def test_preview_is_what_is_executed(engine: Engine) -> None:
    contract.preview_is_what_is_executed(engine)


@pytest.mark.live
def test_what_somebody_else_wrote_is_never_overwritten(engine: Engine) -> None:
    contract.never_overwrites(engine)


@pytest.mark.live
def test_what_is_gone_does_not_hold_up_the_others(engine: Engine) -> None:
    contract.gone_columns_and_tables_are_refused(engine, "ALTER TABLE t DROP COLUMN b")


@pytest.mark.live
def test_a_column_dropped_since_the_look_costs_only_itself(engine: Engine) -> None:
    """The server refuses the whole ALTER, so it is tried in halves."""
    names = [f"c{number}" for number in range(9)]
    engine.create("t", names)
    database = engine.open()
    table = fresh(database, engine.id("t"))
    dialect = database.dialect
    looked = dialect.read

    def look(*arguments: Any, **options: Any) -> Table | None:
        found = looked(*arguments, **options)
        if found is not None and found.column("c4") is not None:
            engine.run("ALTER TABLE t DROP COLUMN c4")
        return found

    dialect.read = look  # type: ignore[method-assign]
    results = write(database, table, changes_to(table, "new"))
    refused = [result for result in results if result.outcome is not Outcome.WRITTEN]
    assert [result.change.target.name for result in refused] == ["c4"]
    assert refused[0].outcome is Outcome.REFUSED
    assert "no longer in the database" in str(refused[0].reason)


@pytest.mark.live
def test_reads_types_keys_and_defaults(engine: Engine) -> None:
    engine.run(
        *OBJECTS,
        "CREATE TABLE k (`a ``b` Int32, e Date, z Int32) ENGINE = MergeTree "
        "ORDER BY (z, `a ``b`)",
        "CREATE TABLE k2 (e Date, z Int32) ENGINE = MergeTree ORDER BY (toYear(e), z)",
        "INSERT INTO t (id, x) VALUES (1, 'a'), (2, 'b')",
    )
    database = engine.open()
    table = fresh(database, engine.id("t"))
    assert [(c.name, c.type, c.nullable, c.default) for c in table.columns] == [
        ("id", "UInt64", False, None),
        ("x", "Nullable(String)", True, "'a'"),
        ("m", "Int64", False, "MATERIALIZED id + 1"),
        ("l", "Int64", False, "ALIAS id"),
        ("n.a", "Array(Int32)", False, None),
        ("n.b", "Array(String)", False, None),
    ]
    assert table.primary_key == ("id",)
    assert table.row_estimate == 2
    assert fresh(database, engine.id("k")).primary_key == ("z", "a `b")
    assert fresh(database, engine.id("k2")).primary_key == ()
    view = fresh(database, engine.id("v"))
    assert view.view_sql
    assert view.view_sql.startswith("SELECT id, x FROM")


@pytest.mark.live
def test_the_scan_selects_and_agrees_with_a_fresh_read(engine: Engine) -> None:
    engine.run(*OBJECTS)
    database = engine.open()
    for table in database.scan(schemas=[engine.schema]):
        assert database.read(table.id) == table
    found = database.scan(tables=[f"{engine.schema}.m*"])
    assert [table.id.name for table in found] == ["m", "m_to"]
    schemas = {table.id.schema for table in database.scan()}
    assert not schemas & {"system", "information_schema", "INFORMATION_SCHEMA"}
    assert database.read(engine.id("nothing")) is None


@pytest.mark.live
def test_profiles(engine: Engine) -> None:
    engine.run(
        "CREATE TABLE t (code String, n Int32, a Array(Int32), at DateTime) "
        "ENGINE = Memory",
        "INSERT INTO t SELECT ['A', 'B', 'C'][1 + number % 3], number, [number], "
        "'2026-01-01 00:00:00' FROM numbers(100)",
    )
    database = engine.open()
    profiles = profile_table(
        database.dialect,
        database._source,
        fresh(database, engine.id("t")),
        columns=None,
        rows=50,
        seconds=5,
        stop=lambda: False,
    )
    assert profiles["code"].codes == ("A", "B", "C")
    assert profiles["n"].rows == 50
    assert set(profiles) == {"code", "n", "a", "at"}


@pytest.mark.live
def test_a_server_that_goes_away_is_lost(
    engine: Engine, server: ClickHouseServer
) -> None:
    engine.create("t", ["a"])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    ledger = RecordingLedger()
    with database._source.session() as session:
        server.deaf = True
        try:
            with pytest.raises(Fault) as lost:
                session.run("SELECT 1")
        finally:
            server.deaf = False
    assert lost.value.lost
    assert not ledger.intents
    assert all_written(write(database, table, changes_to(table, "new"), ledger))


def test_an_unreachable_server_is_said_so() -> None:
    pytest.importorskip("clickhouse_connect")
    for first in ("clickhouse", "clickhouse+connect"):
        with pytest.raises(ColumnistError, match="Nothing answers"):
            open_database(f"{first}://nobody@127.0.0.1:1/default", timeout=2)


@pytest.mark.live
def test_text_reaches_the_server_as_it_is(
    engine: Engine, server: ClickHouseServer
) -> None:
    """The driver's cursor would send one per cent sign for two."""
    engine.create("t", ["a"])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    changes = changes_to(table, "100%% {a:Int32} :x %(y)s;")
    [statement] = plan(database, table, changes).statements
    server.asked.clear()
    assert all_written(write(database, table, changes))
    assert statement.sql in server.asked


@pytest.mark.live
def test_faults_carry_the_servers_number(engine: Engine) -> None:
    database = engine.open()
    with database._source.session() as session:
        with pytest.raises(Fault) as unknown:
            session.run(f"ALTER TABLE {engine.schema}.gone MODIFY COMMENT 'x'")
        assert unknown.value.code == "60"
        assert not unknown.value.lost
        with pytest.raises(Fault) as wrong:
            session.rows("SELEC 1")
        assert wrong.value.code == "62"
        # The driver's cursor would make one of the two.
        assert session.value("SELECT '100%% %s :x'") == "100%% %s :x"


# -- statements --------------------------------------------------------------------


def table_with(*columns: str, kind: TableKind = TableKind.TABLE) -> Table:
    table_id = TableId("s", "we`ird.t")
    return Table(
        table_id,
        kind,
        tuple(
            Column(ColumnId(table_id, name), position, "Int32")
            for position, name in enumerate(columns, 1)
        ),
    )


def test_one_alter_carries_all_comments_of_a_table() -> None:
    table = table_with("c", "d\\e")
    texts = ["it's", "a\\b\n", ""]
    changes = [
        CommentChange(target, None, text)
        for target, text in zip(table.targets(), texts, strict=True)
    ]
    [statement] = ClickHouse().render(None, table, changes).statements
    # https://clickhouse.com/docs/sql-reference/statements/alter/comment
    # https://clickhouse.com/docs/sql-reference/statements/alter/column#comment-column
    assert statement.sql == (
        r"""ALTER TABLE "s"."we`ird.t" MODIFY COMMENT 'it''s', """
        r"""COMMENT COLUMN "c" 'a\\b\n', COMMENT COLUMN "d\\e" ''"""
    )
    assert statement.changes == tuple(changes)
    only_table = ClickHouse().render(None, table, changes[:1]).statements[0].sql
    assert parse_one(only_table, read="clickhouse").sql("clickhouse") == only_table


def test_very_wide_tables_and_long_texts_take_several_statements() -> None:
    dialect = ClickHouse()
    table = table_with(*[f"c{number}" for number in range(dialect.actions + 1)])
    changes = changes_to(table, "x")
    statements = dialect.render(None, table, changes).statements
    assert [len(statement.changes) for statement in statements] == [200, 2]
    assert [c for statement in statements for c in statement.changes] == changes
    statements = dialect.render(None, table, changes_to(table, "'" * 30_000)).statements
    assert max(len(statement.sql.encode()) for statement in statements) < 262_144
    assert {len(statement.changes) for statement in statements} == {3, 1}


@pytest.mark.live
def test_very_wide_tables_are_written(engine: Engine) -> None:
    engine.create("t", [f"c{number}" for number in range(450)])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    assert all_written(write(database, table, changes_to(table, "it's " * 70)))


@pytest.mark.live
def test_more_than_a_table_can_hold_is_refused_by_the_server(engine: Engine) -> None:
    """Its whole definition has to fit in max_query_size, or it could not be loaded."""
    engine.create("t", ["a", "b"])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    results = write(database, table, changes_to(table, "x" * 150_000))
    assert [result.outcome for result in results].count(Outcome.WRITTEN) == 1
    reasons = {str(r.reason) for r in results if r.outcome is Outcome.REFUSED}
    assert len(reasons) == 1
    assert reasons.pop().startswith("the table's definition would be longer")
