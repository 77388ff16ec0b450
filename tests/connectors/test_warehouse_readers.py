"""What is made of catalog rows, for databases that are not at hand.

The rows are written after the vendors' pages on those views and columns. So this shows
what becomes of such rows; it does not show that a server takes the queries or answers
so. Of the queries themselves it is only checked that they name the schema and the table
by parameters, and, by sqlglot, that they are SQL of that product. Redshift's are also
run on PostgreSQL, whose catalog Redshift's began as.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from sqlglot import exp, parse_one
from sqlglot.errors import ParseError

from catalog.change import CommentChange
from catalog.errors import ColumnistError, UsageError
from catalog.objects import ForeignKey, Table, TableId, TableKind
from connectors.database import Database, DatabaseIdentity
from connectors.database_session import Fault
from connectors.dialects.bases.comment_on import PROBE
from connectors.dialects.dialect import Dialect, Selection, dialect_named, never
from tests.connectors.scripted import Answers, ScriptedSession, ScriptedSource
from tests.connectors.targets import Proved

PARENT = TableId("s", "parent")


def dialect(name: str) -> Dialect:
    found = dialect_named(name)
    assert found is not None
    return found


@dataclass(frozen=True)
class Case:
    """A catalog with a table `t`, a view `v`, a parent, and what is refused."""

    answers: Answers
    types: tuple[str, ...]
    """Types of the columns of `t`: a key, a text, a number."""
    refused: dict[str, TableKind] = field(default_factory=dict)
    """Further objects, whose own comment is refused."""
    view_columns: bool = True
    """The columns of `v` can have comments."""
    keys: bool = True
    """The catalog knows keys."""
    default: str | None = "0"
    """Default of the number."""


CASES = {
    "redshift": Case(
        {
            "FROM pg_catalog.pg_namespace": [("s",), ("other",)],
            "pg_constraint": [
                ("t", "t_fk", "{2,3}", 2, "a", "s", "parent", "{1,2}", 1, "x"),
                ("t", "t_fk", "{2,3}", 2, "a", "s", "parent", "{1,2}", 2, "y"),
                ("t", "t_fk", "{2,3}", 3, "b", "s", "parent", "{1,2}", 1, "x"),
                ("t", "t_fk", "{2,3}", 3, "b", "s", "parent", "{1,2}", 2, "y"),
                ("t", "t_pk", [1], 1, "id", None, None, None, None, None),
            ],
            "pg_get_late_binding_view_cols": [("late", "l", "integer")],
            "FROM pg_catalog.pg_attribute": [
                ("m", "id", "integer", False, None, None),
                ("parent", "x", "integer", True, None, None),
                ("t", "id", "integer", True, None, "the key"),
                ("t", "a", "character varying(9)", False, None, ""),
                ("t", "b", "numeric(5,2)", False, "0", None),
                ("v", "id", "integer", False, None, None),
            ],
            "FROM pg_catalog.pg_class": [
                ("late", "v", None, "SELECT l FROM t WITH NO SCHEMA BINDING", None),
                ("m", "v", None, "CREATE MATERIALIZED VIEW m AS SELECT 1", None),
                ("parent", "r", None, None, 0),
                ("t", "r", "about t", None, 7.0),
                ("v", "v", None, "SELECT id FROM t", None),
            ],
        },
        ("integer", "character varying(9)", "numeric(5,2)"),
        {"m": TableKind.MATERIALIZED_VIEW},
    ),
    "cockroachdb": Case(
        {
            "FROM pg_catalog.pg_namespace": [("s",)],
            "pg_constraint": [
                ("parent", "parent_pk", [2], 2, "rowid", None, None, None, None, None),
                ("t", "t_fk", [2, 3], 2, "a", "s", "parent", [1, 2], 1, "x"),
                ("t", "t_fk", [2, 3], 2, "a", "s", "parent", [1, 2], 2, "y"),
                ("t", "t_fk", [2, 3], 3, "b", "s", "parent", [1, 2], 2, "y"),
                ("t", "t_pk", [1], 1, "id", None, None, None, None, None),
            ],
            "information_schema.columns": [
                ("parent", "x", "INT8", "YES", None, "", None),
                ("t", "id", "INT8", "NO", None, "", "the key"),
                ("t", "a", "STRING", "YES", None, "", None),
                ("t", "b", "DECIMAL(5,2)", "YES", "0", "", None),
                ("v", "id", "INT8", "YES", None, "", None),
            ],
            "FROM pg_catalog.pg_class": [
                ("parent", "r", None, None),
                ("t", "r", "about t", None),
                ("v", "v", None, "SELECT id FROM t"),
            ],
        },
        ("INT8", "STRING", "DECIMAL(5,2)"),
        {"v": TableKind.VIEW},
        view_columns=False,
    ),
    "snowflake": Case(
        {
            "FROM information_schema.schemata": [("s",), ("other",)],
            "FROM information_schema.tables": [
                ("dyn", "BASE TABLE", "YES", None, None, None),
                ("ext", "EXTERNAL TABLE", "NO", None, None, None),
                ("parent", "BASE TABLE", "NO", None, 0, None),
                ("t", "BASE TABLE", "NO", "about t", 7, None),
                ("v", "VIEW", "NO", None, None, "SELECT id FROM t"),
            ],
            "FROM information_schema.columns": [
                ("parent", "x", "NUMBER", None, 38, 0, "YES", None, None),
                ("t", "id", "NUMBER", None, 38, 0, "NO", None, "the key"),
                ("t", "a", "TEXT", 9, None, None, "YES", None, ""),
                ("t", "b", "NUMBER", None, 5, 2, "YES", "0", None),
                ("v", "id", "NUMBER", None, 38, 0, "YES", None, None),
            ],
            "SHOW PRIMARY KEYS": [
                ("at", "D", "s", "t", "id", 1, "pk", "false", ""),
            ],
            "SHOW IMPORTED KEYS": [
                ("at", "D", "s", "parent", pk, "D", "s", "t", fk, place, "", "", "fk")
                for pk, fk, place in (("y", "b", 2), ("x", "a", 1))
            ],
        },
        ("NUMBER(38,0)", "VARCHAR(9)", "NUMBER(5,2)"),
        {"dyn": TableKind.TABLE, "ext": TableKind.FOREIGN_TABLE},
        view_columns=False,
    ),
    "bigquery": Case(
        {
            "@@dataset_id": [(None,)],
            "SCHEMATA": [("s",), ("other",)],
            "TABLE_OPTIONS": [
                ("ext", "EXTERNAL", None, None),
                ("parent", "BASE TABLE", None, None),
                ("snap", "SNAPSHOT", None, None),
                ("t", "CLONE", '"about t"', None),
                ("v", "VIEW", None, "SELECT id FROM t"),
            ],
            "COLUMN_FIELD_PATHS": [
                ("parent", "x", "INT64", "YES", "NULL", None),
                ("t", "id", "INT64", "NO", "NULL", "the key"),
                ("t", "a", "STRING(9)", "YES", None, ""),
                ("t", "b", "NUMERIC(5, 2)", "YES", "0", None),
                ("v", "id", "INT64", "YES", "NULL", None),
            ],
            "KEY_COLUMN_USAGE": [
                ("t", "t.fk$1", "a", "FOREIGN KEY", "s", "parent", None),
                ("t", "t.fk$1", "b", "FOREIGN KEY", "s", "parent", None),
                ("t", "t.pk$", "id", "PRIMARY KEY", None, None, None),
            ],
        },
        ("INT64", "STRING(9)", "NUMERIC(5, 2)"),
        {"ext": TableKind.FOREIGN_TABLE, "snap": TableKind.OTHER},
    ),
    "oracle": Case(
        {
            "FROM all_users": [("s",)],
            "FROM all_tab_comments": [
                ("ext", "TABLE", None, None, None, None, "NO", "ext", None),
                ("m", "TABLE", "snapshot", "m", "about m", 1, "NO", None, None),
                ("parent", "TABLE", None, None, None, None, "YES", None, None),
                ("t", "TABLE", "about t", None, None, 7, "NO", None, None),
                ("v", "VIEW", *(None,) * 6, "SELECT id FROM t"),
            ],
            "FROM all_tab_columns": [
                ("parent", "x", "NUMBER", 0, None, None, "Y", None, None),
                ("t", "id", "NUMBER", 0, 9, 0, "N", None, "the key"),
                ("t", "a", "VARCHAR2", 9, None, None, "Y", None, None),
                ("t", "b", "NUMBER", 0, 5, 2, "Y", "0 ", None),
                ("v", "id", "NUMBER", 0, None, None, "Y", None, None),
            ],
            "FROM all_constraints": [
                ("t", "t_fk", "a", "s", "parent", "x"),
                ("t", "t_fk", "b", "s", "parent", "y"),
                ("t", "t_pk", "id", None, None, None),
            ],
        },
        ("NUMBER(9)", "VARCHAR2(9)", "NUMBER(5,2)"),
        {"ext": TableKind.FOREIGN_TABLE},
    ),
    "mssql": Case(
        {
            "FROM sys.schemas": [("s",)],
            "FROM sys.objects": [
                ("ext", "U ", True, None, None, None),
                ("parent", "U ", False, None, 0, None),
                ("t", "U ", False, "about t", 7, None),
                ("v", "V ", None, None, None, "SELECT id FROM t"),
            ],
            "FROM sys.columns": [
                ("parent", "x", "int", 4, 10, 0, True, False, None, None, None),
                ("t", "id", "int", 4, 10, 0, False, False, None, None, "the key"),
                ("t", "a", "nvarchar", 18, 0, 0, True, False, None, None, ""),
                ("t", "b", "decimal", 5, 5, 2, True, False, "0", None, None),
                ("v", "id", "int", 4, 10, 0, True, False, None, None, None),
            ],
            "FROM sys.key_constraints": [("t", "t_pk", "id")],
            "FROM sys.foreign_keys": [
                ("t", "t_fk", "a", "s", "parent", "x"),
                ("t", "t_fk", "b", "s", "parent", "y"),
            ],
        },
        ("int", "nvarchar(9)", "decimal(5,2)"),
        {"ext": TableKind.FOREIGN_TABLE},
    ),
    "trino": Case(
        {
            "FROM information_schema.schemata": [("s",)],
            "FROM information_schema.tables": [
                ("m", "BASE TABLE", None, None, "SELECT 1"),
                ("parent", "BASE TABLE", None, None, None),
                ("t", "BASE TABLE", "about t", None, None),
                ("v", "VIEW", None, "SELECT id FROM t", None),
            ],
            "FROM information_schema.columns": [
                ("parent", "x", "integer", "YES", None, None),
                ("t", "id", "integer", "NO", None, "the key"),
                ("t", "a", "varchar(9)", "YES", None, ""),
                ("t", "b", "decimal(5,2)", "YES", "0", None),
                ("v", "id", "integer", "YES", None, None),
            ],
        },
        ("integer", "varchar(9)", "decimal(5,2)"),
        {"m": TableKind.MATERIALIZED_VIEW},
        keys=False,
    ),
    "teradata": Case(
        {
            "FROM DBC.DatabasesV": [("s",), ("SYSLIB",), ("Sys_Calendar",)],
            "FROM DBC.TablesV": [
                ("parent", "T", None, None),
                ("t", "O", "about t", None),
                ("v", "V", None, "SELECT id FROM t"),
            ],
            "FROM DBC.ColumnsV": [
                ("parent", "x", "I ", 4, None, None, "Y", None, None),
                ("t", "id", "I ", 4, None, None, "N", None, "the key"),
                ("t", "a", "CV", 9, None, None, "Y", None, ""),
                ("t", "b", "D ", 4, 5, 2, "Y", "0", None),
                ("v", "id", None, None, None, None, None, None, None),
            ],
            "FROM DBC.IndicesV": [("t", "id")],
            "All_RI_ChildrenV": [
                ("t", 4, "a", "s", "parent", "x"),
                ("t", 4, "b", "s", "parent", "y"),
            ],
        },
        ("INTEGER", "VARCHAR(9)", "DECIMAL(5,2)"),
    ),
}


def scanned(name: str, *tables: str) -> tuple[dict[str, Table], ScriptedSession]:
    session = ScriptedSession(CASES[name].answers)
    selection = Selection(("s",), tables)
    found = dialect(name).scan(ScriptedSource(session), selection, never)
    return {table.id.name: table for table in found}, session


@pytest.mark.parametrize("name", CASES)
def test_rows_become_tables(name: str) -> None:
    case = CASES[name]
    tables, _ = scanned(name)
    table = tables["t"]
    assert table.id == TableId("s", "t")
    assert table.kind is TableKind.TABLE
    assert table.comment == "about t"
    assert table.row_estimate in (7, None)
    assert [column.name for column in table.columns] == ["id", "a", "b"]
    assert [column.position for column in table.columns] == [1, 2, 3]
    assert [column.comment for column in table.columns] == ["the key", None, None]
    assert [column.nullable for column in table.columns] == [False, True, True]
    assert tuple(column.type for column in table.columns) == case.types
    assert [column.default for column in table.columns] == [None, None, case.default]
    if case.keys:
        far = () if name == "bigquery" else ("x", "y")
        assert table.primary_key == ("id",)
        assert table.foreign_keys == (ForeignKey(("a", "b"), PARENT, far),)
    # Hidden columns make no key.
    assert tables["parent"].primary_key == ()
    assert tables["v"].kind is TableKind.VIEW
    assert tables["v"].view_sql == "SELECT id FROM t"
    assert tables["v"].comment is None


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_have_a_comment_is_known(name: str) -> None:
    from catalog.change import CommentChange

    case = CASES[name]
    tables, _ = scanned(name)
    found = dialect(name)

    def refusal(table: Table, *, column: bool) -> str | None:
        target = table.columns[0].id if column else table.id
        return found.refusal(table, CommentChange(target, None, "x"))

    for refused, kind in case.refused.items():
        assert tables[refused].kind is kind
        assert refusal(tables[refused], column=False)
    assert refusal(tables["t"], column=False) is None
    assert refusal(tables["t"], column=True) is None
    assert (refusal(tables["v"], column=True) is None) == case.view_columns


@pytest.mark.parametrize("name", CASES)
def test_one_table_is_read_as_in_a_scan(name: str) -> None:
    tables, _ = scanned(name)
    session = ScriptedSession(CASES[name].answers)
    found = dialect(name)
    for table in tables.values():
        assert found.read(session, table.id) == table
        brief = found.read(session, table.id, brief=True)
        assert brief is not None
        assert [brief.comment_of(t) for t in table.targets()] == [
            table.comment_of(t) for t in table.targets()
        ]
    assert found.read(session, TableId("s", "nothing")) is None
    asked = [given for _, given in session.asked if given]
    assert all(given["schema"] == "s" and given["name"] for given in asked)


@pytest.mark.parametrize("name", CASES)
def test_a_few_tables_are_asked_for_by_name(name: str) -> None:
    tables, session = scanned(name, "t")
    assert tables == {"t": scanned(name)[0]["t"]}
    assert any(given.get("name") == "t" for _, given in session.asked)


@pytest.mark.parametrize("name", CASES)
def test_a_scan_stops(name: str) -> None:
    session = ScriptedSession(CASES[name].answers)
    source = ScriptedSource(session)
    assert list(dialect(name).scan(source, Selection(("s",)), lambda: True)) == []
    assert list(dialect(name).scan(source, Selection(("nowhere",)), never)) == [] or (
        name == "bigquery"  # which asks for the dataset that it is told
    )


@pytest.mark.parametrize("name", CASES)
def test_queries_are_sql_of_the_product(name: str) -> None:
    _, session = scanned(name)
    dialect(name).read(session, TableId("s", "t"))
    for sql, _ in session.asked:
        if sql.startswith("SHOW") or "pg_get_late_binding_view_cols" in sql:
            continue  # sqlglot knows neither
        try:
            parsed = parse_one(sql, read=dialect(name).sqlglot)
        except ParseError as error:
            pytest.fail(f"{error}: {sql}")
        assert isinstance(parsed, exp.Query)


@pytest.mark.parametrize("name", CASES)
def test_samples_are_queries_with_a_bound(name: str) -> None:
    tables, _ = scanned(name)
    found = dialect(name)
    for table in (tables["t"], tables["v"]):
        expressions = [
            expression
            for column in table.columns
            if (expression := found.sample_expression(column.name, column.type))
        ]
        if not expressions:
            continue
        sql = found.sample_sql(table, expressions, 10)
        parsed = parse_one(sql, read=found.sqlglot)
        assert parsed.args.get("limit"), sql
    for kind in ("bytea", "BYTES", "BLOB", "varbinary(5)", "geometry", "BYTE(3)"):
        maybe = found.sample_expression("c", kind)
        assert maybe is None or found.quote("c") in maybe


def test_late_binding_views_show_their_columns_and_refuse_comments() -> None:
    late = scanned("redshift")[0]["late"]
    [column] = late.columns
    assert column.type == "integer"
    assert "late-binding" in (column.comment_refused or "")


@pytest.mark.live
def test_postgresql_answers_what_redshift_is_asked(postgresql: Proved) -> None:
    """All but the columns of late-binding views, for which it has no function."""
    postgresql.run(
        "CREATE TABLE parent (a integer, b integer NOT NULL, PRIMARY KEY (b, a))",
        "CREATE TABLE child (x integer DEFAULT 7, y integer, "
        "FOREIGN KEY (x, y) REFERENCES parent (b, a))",
        "CREATE VIEW v AS SELECT x FROM child",
        "COMMENT ON TABLE child IS 'about it'",
        "COMMENT ON COLUMN child.y IS 'about y'",
        "COMMENT ON COLUMN v.x IS 'about x'",
    )
    database = postgresql.open()
    wanted = {table.id: table for table in database.scan(schemas=["public"])}
    source = database._source
    found = list(dialect("redshift").scan(source, Selection(("public",)), never))
    assert [table.id.name for table in found] == ["child", "parent", "v"]
    with source.session() as session:
        for table in found:
            assert dialect("redshift").read(session, table.id) == table
            rows = wanted[table.id].row_estimate
            assert replace(table, row_estimate=rows) == wanted[table.id]
    assert not {"information_schema", "pg_catalog"} & {
        table.id.schema
        for table in dialect("redshift").scan(source, Selection(), never)
    }


def test_one_broken_late_binding_view_does_not_end_a_scan() -> None:
    class Broken(ScriptedSession):
        lost = False

        def rows(self, sql: str, **parameters: object) -> list[object]:  # type: ignore[override]
            if "late_binding" in sql:
                raise Fault("relation does not exist", lost=self.lost)
            return super().rows(sql, **parameters)  # type: ignore[return-value]

    session = Broken(CASES["redshift"].answers)
    found = dialect("redshift")
    assert len(list(found.scan(ScriptedSource(session), Selection(("s",)), never))) == 5
    session.lost = True
    with pytest.raises(Fault):
        list(found.scan(ScriptedSource(session), Selection(("s",)), never))


def test_bigquery_reads_the_dataset_of_the_url_where_none_is_asked_for() -> None:
    answers = {**CASES["bigquery"].answers, "@@dataset_id": [("s",)]}
    session = ScriptedSession(answers)
    found = dialect("bigquery").scan(ScriptedSource(session), Selection(), never)
    assert {table.id.schema for table in found} == {"s"}


@pytest.mark.parametrize(
    ("name", "query"),
    [("snowflake", "CURRENT_DATABASE"), ("trino", "current_catalog")],
)
def test_a_url_without_a_database_is_refused(name: str, query: str) -> None:
    found = dialect(name)
    with pytest.raises(UsageError, match="names no"):
        found.resolve(ScriptedSession({query: [(None,)]}))
    assert found.resolve(ScriptedSession({query: [("d",)]})) is found


def test_greenplum_6_is_not_read() -> None:
    found = dialect("greenplum")
    said = "PostgreSQL 9.4.26 (Greenplum Database 6.25.3 build commit:x) on x86_64"
    with pytest.raises(UsageError, match="Greenplum 6"):
        found.resolve(ScriptedSession({"version()": [(said,)]}))
    said = "PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:y) on x86_64"
    assert found.resolve(ScriptedSession({"version()": [(said,)]})) is found


PINS: dict[str, Answers] = {
    "redshift": {},
    "cockroachdb": {"SHOW standard_conforming_strings": [("on",)]},
    "snowflake": {
        "QUOTED_IDENTIFIERS_IGNORE_CASE": [("k", "false")],
        "MULTI_STATEMENT_COUNT": [("k", "1")],
        "LOCK_TIMEOUT": [("k", "2")],
    },
    "bigquery": {},
    "oracle": {},
    "mssql": {"@@LOCK_TIMEOUT": [(2000,)]},
    "trino": {},
    "teradata": {},
}


@pytest.mark.parametrize("name", PINS)
def test_nothing_is_written_where_literals_are_read_differently(name: str) -> None:
    found = dialect(name)
    good = {**PINS[name], "SELECT ": [(PROBE,)]}
    found.pin(ScriptedSession(good))
    for said in (PROBE.replace("%%", "%"), PROBE.replace("\\", ""), None):
        with pytest.raises(ColumnistError, match="difficult text"):
            found.pin(ScriptedSession({**PINS[name], "SELECT ": [(said,)]}))


@pytest.mark.parametrize(
    ("name", "piece", "said"),
    [
        ("cockroachdb", "SHOW standard_conforming_strings", "off"),
        ("mssql", "@@LOCK_TIMEOUT", -1),
    ],
)
def test_nothing_is_written_where_a_setting_does_not_stay(
    name: str, piece: str, said: object
) -> None:
    answers = {**PINS[name], "SELECT ": [(PROBE,)], piece: [(said,)]}
    with pytest.raises(ColumnistError, match=str(said)):
        dialect(name).pin(ScriptedSession({piece: [(said,)], **answers}))


def test_snowflake_does_not_write_where_quotes_are_ignored() -> None:
    """Then "name" would be NAME, which can be another table."""
    answers = {**PINS["snowflake"], "SELECT ": [(PROBE,)]}
    answers["QUOTED_IDENTIFIERS_IGNORE_CASE"] = [("k", "true")]
    with pytest.raises(ColumnistError, match="at true instead of false"):
        dialect("snowflake").pin(ScriptedSession(answers))


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("oracle", "ORA-00942: table or view does not exist", "no longer"),
        ("bigquery", "403 Access Denied: Table p:d.t", "bigquery.tables.update"),
        (
            "trino",
            "TrinoUserError(type=USER_ERROR, name=NOT_SUPPORTED, message='no')",
            "takes no such comment",
        ),
        (
            "teradata",
            "[Version 20] [DatabaseSession 1] [Error 3807] Object gone",
            "no longer",
        ),
        (
            "mssql",
            "[42000] [Microsoft][ODBC Driver 18][SQL Server]Property cannot be added. "
            "Property 'MS_Description' already exists. (15233) (SQLExecDirectW)",
            "by now",
        ),
        ("snowflake", "002003 (02000): 01b: SQL compilation error", "no longer"),
    ],
)
def test_errors_are_known_where_the_driver_gives_no_code(
    name: str, message: str, words: str
) -> None:
    said = dialect(name).explain(Fault(message))
    assert words in said
    assert message in said


def test_what_kind_takes_no_comment_is_known_when_it_is_read() -> None:
    """Only a run said so, after it had been drafted and accepted as writable."""
    session = ScriptedSession(CASES["trino"].answers)
    trino = dialect("trino")
    database = Database(
        DatabaseIdentity("k", "Trino"), trino, "", ScriptedSource(session)
    )
    tables = list(database.scan())
    assert {table.kind in trino.table_keywords for table in tables} == {True, False}
    for table in tables:
        for target in table.targets():
            said = trino.refusal(table, CommentChange(target, None, None))
            column = next((c for c in table.columns if c.id == target), table)
            assert said == column.comment_refused
