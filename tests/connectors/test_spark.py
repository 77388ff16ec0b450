"""Spark on its own Thrift server, which also stands in for Databricks and Hive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.objects import ColumnId, TableId, TableKind
from connectors.connect import open_database
from connectors.database import Database
from connectors.database_session import DatabaseSession, Fault, Row
from connectors.dialects.bases.hiveserver import error_class, plain_words
from connectors.dialects.databricks import Databricks
from connectors.dialects.dialect import Dialect
from connectors.dialects.hive import Hive
from connectors.dialects.spark import Spark, described
from connectors.sampling import profile_table
from tests.connectors import contract
from tests.connectors.contract import CASES, INJECTIONS, Engine, write
from tests.connectors.nasty import NAMES, PLAIN_TEXTS, REFUSED_TEXTS, SUPPLEMENTARY
from tests.connectors.proof import RAN, Ran
from tests.connectors.spark_server import execute, run_spark
from tests.connectors.targets import all_written, changes_to, fresh
from tests.servers import Server

WIDTH = 20
"""Columns of the table that generated texts are put on; a statement takes 0.1 s."""

ON = settings(
    deadline=None,
    max_examples=max(1, CASES // WIDTH),
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=list(HealthCheck),
)


def name_in_sql(name: str) -> str:
    """Quoted by hand, so that what is tested does not make its own test."""
    return "`" + name.replace("`", "``") + "`"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_spark() as running:
        yield running


@pytest.fixture
def engine(server: Server) -> Iterator[Engine]:
    """An empty database."""
    schema = f"test_{time.monotonic_ns()}"
    execute(server.url, f"CREATE DATABASE {schema}")
    url = make_url(server.url).set(database=schema).render_as_string()

    def run(*statements: str) -> list[tuple[object, ...]]:
        return execute(url, *statements)

    def dump() -> str:
        lines: list[str] = []
        for _, name, _ in run("SHOW TABLES"):
            for row in run(f"DESCRIBE TABLE EXTENDED {name}"):
                # An empty comment is none, and the time of the last change is no
                # part of the definition.
                if row[0] != "Table Properties" and row[:2] != ("Comment", ""):
                    lines.append(repr((name, *row[:2], row[2] or None)))
        return "\n".join(lines)

    def create(name: str, columns: Sequence[str]) -> None:
        types = ", ".join(f"{name_in_sql(column)} INT" for column in columns)
        # Hive's own formats have room for fewer names.
        run(f"CREATE TABLE {name_in_sql(name)} ({types}) USING parquet")

    opened: list[Database] = []

    def opens() -> Database:
        opened.append(open_database(url.replace("hive://", "spark://")))
        return opened[-1]

    yield Engine(schema, opens, run, dump, create)
    for database in opened:
        database.close()
    execute(server.url, f"DROP DATABASE {schema} CASCADE")


@pytest.fixture
def as_dialect(server: Server) -> Iterator[Callable[[Dialect], Database]]:
    """Another dialect's statements, run on Spark."""
    sources = [
        Spark().source(make_url(server.url), timeout=10, read_only=False),
    ]

    def opens(dialect: Dialect) -> Database:
        identity = DatabaseIdentity("hive://stand-in", "stand-in")
        return Database(identity, dialect, server.url, sources[0])

    yield opens
    sources[0].close()


OBJECTS = [
    "CREATE TABLE t (id INT NOT NULL, x VARCHAR(10), s STRUCT<a: INT, b: STRING>, "
    "d DECIMAL(10, 2) COMMENT 'was here') USING parquet COMMENT 'was here too'",
    "CREATE TABLE h (x CHAR(3), d DATE) PARTITIONED BY (p INT) STORED AS orc",
    "CREATE VIEW v (a COMMENT 'of the view', b) AS SELECT id, x FROM t",
]
KINDS = {"t": TableKind.TABLE, "h": TableKind.TABLE, "v": TableKind.VIEW}


def cleared(engine: Engine) -> None:
    """Objects whose comments are all cleared, to compare with afterwards."""
    engine.run(
        *OBJECTS,
        "COMMENT ON TABLE t IS NULL",
        "ALTER TABLE t ALTER COLUMN d COMMENT ''",
    )


@pytest.mark.live
def test_sets_replaces_and_clears_every_kind_of_object(engine: Engine) -> None:
    cleared(engine)
    assert contract.every_kind(engine, KINDS) == RAN["spark"].ran


@pytest.mark.live
def test_columns_of_views_and_partitions_are_refused(engine: Engine) -> None:
    engine.run(*OBJECTS)
    refused = {("v", "a"), ("v", "b"), ("h", "p")}
    contract.what_is_refused_has_no_statement(
        engine, {ColumnId(engine.id(table), column) for table, column in refused}
    )
    with pytest.raises(Exception, match="EXPECT_TABLE_NOT_VIEW"):
        engine.run("ALTER TABLE v ALTER COLUMN a COMMENT 'x'")
    with pytest.raises(Exception, match="CANNOT_ALTER_PARTITION_COLUMN"):
        engine.run("ALTER TABLE h ALTER COLUMN p COMMENT 'x'")


@pytest.mark.live
def test_nasty_texts_come_back_exactly_or_are_too_long(engine: Engine) -> None:
    wanted = [*PLAIN_TEXTS, *SUPPLEMENTARY, *INJECTIONS, *REFUSED_TEXTS]
    long = [text for text in wanted if len(text) > 256]
    kept = contract.texts_come_back(engine, wanted)
    assert kept == len(wanted) - len(long) - len(REFUSED_TEXTS)


@pytest.mark.live
def test_nasty_texts_on_the_table_and_the_view_come_back(engine: Engine) -> None:
    wanted = [*INJECTIONS, "it's\n\\ 🙂", "x" * 4000, "y" * 4001, *REFUSED_TEXTS]
    contract.texts_on_the_table_come_back(engine, wanted)
    engine.run("CREATE VIEW v AS SELECT x FROM t")
    database = engine.open()
    for text in ("${env:HOME}", "x'); DROP TABLE t; --", "\\", "it's\n🙂"):
        view = fresh(database, engine.id("v"))
        change = CommentChange(view.id, view.comment, text)
        assert all_written(write(database, view, [change]))
        assert fresh(database, view.id).comment == text
    assert fresh(database, engine.id("t"))


@pytest.mark.live
def test_limits_count_utf16_units(engine: Engine) -> None:
    engine.create("t", ["a", "b", "c"])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    texts = ["🙂" * 128, "x" * 256, "🙂" * 129]
    assert contract.check_texts(database, table, texts) == 2
    assert (database.limit(False), database.limit(True)) == (256, 4000)
    # And the server would not have taken it.
    with pytest.raises(Exception, match="Unable to alter table"):
        engine.run(f"ALTER TABLE t ALTER COLUMN c COMMENT '{texts[2]}'")


@pytest.mark.live
def test_nasty_column_names_are_written_and_reverted(engine: Engine) -> None:
    # Names that differ in case only are one column here.
    names = [name for name in NAMES if name != "CHECK"]
    engine.create("t", names)
    contract.names_come_back(engine, [engine.id("t")])
    engine.create("u", ["# Partition Information", "# col_name", "CHECK"])
    contract.names_come_back(engine, [engine.id("u")])


@pytest.mark.live
def test_tables_can_have_no_nasty_names(engine: Engine) -> None:
    with pytest.raises(Exception, match="INVALID_SCHEMA_OR_RELATION_NAME"):
        engine.create("a-b", ["x"])


@pytest.mark.live
def test_any_text_comes_back_exactly_or_is_refused(engine: Engine) -> None:
    engine.create("t", [f"c{number}" for number in range(WIDTH)])
    table = fresh(engine.open(), engine.id("t"))

    @ON
    @given(wanted=st.lists(contract.texts, min_size=WIDTH, max_size=WIDTH))
    def check(wanted: list[str]) -> None:
        contract.generated_texts_come_back_and_revert(engine, table, wanted)

    check()


@pytest.mark.live
def test_any_column_name_that_is_accepted_is_written(engine: Engine) -> None:
    names = st.lists(
        contract.identifiers, min_size=5, max_size=5, unique_by=lambda n: n.casefold()
    )

    accepted: list[str] = []

    @ON
    @given(columns=names)
    def check(columns: list[str]) -> None:
        try:
            engine.create("t", columns)
        except Exception:  # not names here
            reject()
        try:
            contract.names_come_back(engine, [engine.id("t")])
            accepted.extend(columns)
        finally:
            engine.run("DROP TABLE t")

    check()
    assert len(accepted) >= CASES // 8


@pytest.mark.live
def test_preview_is_what_is_executed(engine: Engine) -> None:
    contract.preview_is_what_is_executed(engine)


@pytest.mark.live
def test_what_somebody_else_wrote_is_never_overwritten(engine: Engine) -> None:
    contract.never_overwrites(engine)


@pytest.mark.live
def test_what_is_gone_does_not_hold_up_the_others(engine: Engine) -> None:
    contract.gone_columns_and_tables_are_refused(
        engine,
        "DROP TABLE t",
        "CREATE TABLE t (a INT, c INT) USING parquet",
    )


@pytest.mark.live
def test_variables_are_pinned_before_any_text(engine: Engine) -> None:
    """Spark once wrote the server's home folder into a comment for ${env:HOME}."""
    engine.create("t", ["a"])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    pins = {"spark.sql.variable.substitute", "spark.sql.parser.escapedStringLiterals"}
    with database._source.session() as session:
        for name in pins:
            assert session.rows(f"SET {name}") == [(name, "false")]
        # Whoever has the connection next finds it otherwise.
        session.run("SET spark.sql.variable.substitute=true")
        with pytest.raises(Fault):
            session.run("SELECT '${env:HOME")
        expanded = session.value("SELECT '${system:file.separator}'")
        assert expanded == "/"
    text = "${env:HOME} ${system:user.name}"
    assert all_written(write(database, table, changes_to(table, text)))
    assert fresh(database, table.id).comment == text


class Stubborn(DatabaseSession):
    """A server that keeps its settings."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self, sql: str) -> None:
        self.ran.append(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        self.ran.append(sql)
        return [(sql.removeprefix("SET "), "true")]

    def witness(self) -> DatabaseSession:
        return self

    def close(self) -> None:
        return


@pytest.mark.parametrize("dialect", [Spark(), Databricks(), Hive()])
def test_a_server_that_expands_variables_is_not_written(dialect: Dialect) -> None:
    session = Stubborn()
    with pytest.raises(ColumnistError, match=r"substitute|changes the text"):
        dialect.pin(session)
    assert all(sql.startswith(("SET ", "SELECT ")) for sql in session.ran)


@pytest.mark.live
def test_reads_and_scans(engine: Engine) -> None:
    engine.run(
        *OBJECTS,
        "CREATE TEMPORARY VIEW passing AS SELECT 1",
        "INSERT INTO h PARTITION (p = 1) VALUES ('a', NULL)",
        "ANALYZE TABLE h COMPUTE STATISTICS",
    )
    database = engine.open()
    tables = {t.id.name: t for t in database.scan(schemas=[engine.schema])}
    assert {name: t.kind for name, t in tables.items()} == KINDS
    for table in tables.values():
        assert database.read(table.id) == table
    assert [(c.name, c.type, c.comment) for c in tables["t"].columns] == [
        ("id", "int", None),
        ("x", "varchar(10)", None),
        ("s", "struct<a:int,b:string>", None),
        ("d", "decimal(10,2)", "was here"),
    ]
    assert tables["t"].comment == "was here too"
    assert [c.name for c in tables["h"].columns] == ["x", "d", "p"]
    assert tables["h"].row_estimate == 1
    assert tables["v"].view_sql == "SELECT id, x FROM t"
    assert tables["v"].columns[0].comment == "of the view"
    found = database.scan(tables=[f"{engine.schema}.h"])
    assert [table.id.name for table in found] == ["h"]
    assert database.read(engine.id("nothing")) is None
    assert database.read(TableId("nowhere", "nothing")) is None


@pytest.mark.live
def test_types_survive_a_comment(engine: Engine) -> None:
    engine.run(*OBJECTS)
    before = engine.run("SHOW CREATE TABLE t")
    database = engine.open()
    table = fresh(database, engine.id("t"))
    change = CommentChange(table.columns[1].id, None, "x")
    assert all_written(write(database, table, [change]))
    [text], [after] = before[0], engine.run("SHOW CREATE TABLE t")[0]
    assert str(after).replace(" COMMENT 'x'", "") == text


@pytest.mark.live
def test_profiles(engine: Engine) -> None:
    engine.run(
        "CREATE TABLE t (code STRING, n INT, a ARRAY<INT>) USING parquet",
        "INSERT INTO t SELECT element_at(array('A', 'B', 'C'), INT(1 + id % 3)), "
        "INT(id), array(INT(id)) FROM range(100)",
    )
    database = engine.open()
    profiles = profile_table(
        database.dialect,
        database._source,
        fresh(database, engine.id("t")),
        columns=None,
        rows=50,
        seconds=30,
        stop=lambda: False,
    )
    assert profiles["code"].codes == ("A", "B", "C")
    assert (profiles["n"].minimum, profiles["n"].maximum) == ("0", "49")
    assert set(profiles) == {"code", "n"}


@pytest.mark.live
def test_hive_finds_out_that_it_is_spark(server: Server) -> None:
    database = open_database(server.url)
    assert isinstance(database.dialect, Spark)
    spark = open_database(server.url.replace("hive://", "spark://"))
    assert database.identity == spark.identity
    database.close()
    spark.close()


def test_an_unreachable_server_is_said_so() -> None:
    pytest.importorskip("pyhive")
    with pytest.raises(ColumnistError, match="Nothing answers"):
        open_database("spark://nobody@127.0.0.1:1/default", timeout=2)


@pytest.mark.live
def test_faults_carry_sparks_name_for_them(engine: Engine) -> None:
    engine.create("t", ["a"])
    database = engine.open()
    with database._source.session() as session:
        with pytest.raises(Fault) as gone:
            session.run("COMMENT ON TABLE gone IS 'x'")
        assert gone.value.code == "TABLE_OR_VIEW_NOT_FOUND"
        assert gone.value.message.startswith("The table or view `gone` cannot be found")
        with pytest.raises(Fault) as column:
            session.run("ALTER TABLE t ALTER COLUMN b COMMENT 'x'")
        said = database.dialect.explain(column.value)
        assert said.startswith("the column is no longer in the database")
        assert not column.value.lost


@pytest.mark.live
def test_a_broken_connection_is_lost_and_the_next_is_fresh(engine: Engine) -> None:
    engine.create("t", ["a"])
    database = engine.open()
    with database._source.session() as session:
        driver: Any = session.connection.connection.driver_connection  # type: ignore[attr-defined]
        driver._transport.close()
        with pytest.raises(Fault) as lost:
            session.run("SELECT 1")
        session.discard()
    assert lost.value.lost
    assert fresh(database, engine.id("t"))


def test_words_are_taken_out_of_java() -> None:
    words = (
        "Error running query: [PARSE_ERROR.X] org.apache.spark.sql.AnalysisException: "
        "[PARSE_ERROR.X] It is wrong.  SQLSTATE: 42809; line 1 pos 12:42:41"
    )
    assert error_class(words) == "PARSE_ERROR.X"
    assert plain_words(words) == "It is wrong.  SQLSTATE: 42809"
    assert error_class("nothing [like] that") == ""
    assert plain_words("java.io.IOException: disk") == "disk"


def test_columns_called_as_headings_are_columns() -> None:
    rows: list[Row] = [
        ("# Partition Information", "int", "mine"),
        ("Comment", "string", None),
        ("", "", ""),
        ("# Detailed Table Information", "", ""),
        ("Type", "MANAGED", ""),
        ("Comment", "the table's", ""),
    ]
    table = described(TableId("s", "t"), rows)
    assert [c.name for c in table.columns] == ["# Partition Information", "Comment"]
    assert [c.comment for c in table.columns] == ["mine", None]
    assert table.comment == "the table's"


# -- stand-ins ---------------------------------------------------------------------


class HiveOnSpark(Hive):
    """Hive's statements on Spark, whose setting has another name."""

    def pin(self, session: DatabaseSession) -> None:
        Spark().pin(session)


def stood_in(engine: Engine, database: Database, kinds: Ran) -> Ran:
    """Sets, replaces and clears what the dialect and Spark both allow."""
    ran: set[tuple[TableKind, bool]] = set()
    before = engine.dump()
    for text in ("first", "it's \\ ${env:HOME}\n🙂", None, "third", ""):
        for name in KINDS:
            table = fresh(engine.open(), engine.id(name))
            changes = [
                change
                for change in contract.allowed(engine.open(), table, text)
                if (table.kind, isinstance(change.target, ColumnId)) in kinds
            ]
            if changes:
                results = write(database, fresh(database, table.id), changes)
                assert all_written(results)
                ran |= contract.kinds_written(results, table)
    assert engine.dump() == before
    return frozenset(ran)


@pytest.mark.live
def test_statements_of_databricks_run_on_spark(
    engine: Engine, as_dialect: Callable[[Dialect], Database]
) -> None:
    """All but those on views, which Databricks takes and Spark refuses."""
    cleared(engine)
    ran = RAN["databricks"].ran
    assert stood_in(engine, as_dialect(Databricks()), ran) == ran


@pytest.mark.live
def test_statements_of_hive_run_on_spark(
    engine: Engine, as_dialect: Callable[[Dialect], Database]
) -> None:
    cleared(engine)
    database = as_dialect(HiveOnSpark())
    assert stood_in(engine, database, RAN["hive"].ran) == RAN["hive"].ran
    scanned = {t.id.name: t.kind for t in database.scan(schemas=[engine.schema])}
    assert scanned == KINDS


@pytest.mark.live
def test_hive_reads_nasty_texts_by_the_protocols_own_calls(
    engine: Engine, as_dialect: Callable[[Dialect], Database]
) -> None:
    texts = [text for text in [*PLAIN_TEXTS, *INJECTIONS] if len(text) <= 256]
    engine.create("t", [f"c{number}" for number in range(len(texts))])
    database = as_dialect(HiveOnSpark())
    table = fresh(database, engine.id("t"))
    assert contract.check_texts(database, table, texts) == len(texts)
