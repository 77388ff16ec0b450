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

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange
from catalog.errors import ColumnistError, UsageError
from catalog.objects import ForeignKey, Table, TableId, TableKind
from catalog.stopping import never
from connectors.database import Database
from connectors.database_session import Fault
from connectors.dialects.bases.sequential import PROBE
from connectors.dialects.dialect import Dialect, Selection, dialect_named
from tests.connectors.made_catalog import Catalog, MadeCatalog
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
                ("m", "id", True, None, None, "integer"),
                ("parent", "x", False, None, None, "integer"),
                ("t", "id", False, None, "the key", "integer"),
                ("t", "a", True, None, "", "character varying(9)"),
                ("t", "b", True, "0", None, "numeric(5,2)"),
                ("v", "id", True, None, None, "integer"),
            ],
            "FROM pg_catalog.pg_class": [
                ("late", "v", None, "SELECT l FROM t WITH NO SCHEMA BINDING", None),
                ("m", "m", None, "CREATE MATERIALIZED VIEW m AS SELECT 1", None),
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
                ("parent", "x", "YES", None, None, "INT8"),
                ("t", "id", "NO", None, "the key", "INT8"),
                ("t", "a", "YES", None, None, "STRING"),
                ("t", "b", "YES", "0", None, "DECIMAL(5,2)"),
                ("v", "id", "YES", None, None, "INT8"),
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
                ("dyn", "DYNAMIC TABLE", None, None, None),
                ("ext", "EXTERNAL TABLE", None, None, None),
                ("parent", "BASE TABLE", None, None, 0),
                ("t", "BASE TABLE", "about t", None, 7),
                ("v", "VIEW", None, "SELECT id FROM t", None),
            ],
            "FROM information_schema.columns": [
                ("parent", "x", "YES", None, None, "NUMBER", None, 38, 0),
                ("t", "id", "NO", None, "the key", "NUMBER", None, 38, 0),
                ("t", "a", "YES", None, "", "TEXT", 9, None, None),
                ("t", "b", "YES", "0", None, "NUMBER", None, 5, 2),
                ("v", "id", "YES", None, None, "NUMBER", None, 38, 0),
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
                ("parent", "x", "YES", None, None, "INT64"),
                ("t", "id", "NO", None, "the key", "INT64"),
                ("t", "a", "YES", None, "", "STRING(9)"),
                ("t", "b", "YES", "0", None, "NUMERIC(5, 2)"),
                ("v", "id", "YES", None, None, "INT64"),
            ],
            "KEY_COLUMN_USAGE": [
                ("t", "t.fk$1", "a", "s", "parent", None),
                ("t", "t.fk$1", "b", "s", "parent", None),
                ("t", "t.pk$", "id", None, None, None),
            ],
        },
        ("INT64", "STRING(9)", "NUMERIC(5, 2)"),
        {"ext": TableKind.FOREIGN_TABLE, "snap": TableKind.OTHER},
    ),
    "oracle": Case(
        {
            "FROM all_users": [("s",)],
            "FROM all_tab_comments": [
                ("ext", "FOREIGN TABLE", None, None, None),
                ("m", "MATERIALIZED VIEW", "about m", None, 1),
                ("parent", "PARTITIONED TABLE", None, None, None),
                ("t", "TABLE", "about t", None, 7),
                ("v", "VIEW", None, "SELECT id FROM t", None),
            ],
            "FROM all_tab_columns": [
                ("parent", "x", "Y", None, None, "NUMBER", 0, None, None),
                ("t", "id", "N", None, "the key", "NUMBER", 0, 9, 0),
                ("t", "a", "Y", None, None, "VARCHAR2", 9, None, None),
                ("t", "b", "Y", "0 ", None, "NUMBER", 0, 5, 2),
                ("v", "id", "Y", None, None, "NUMBER", 0, None, None),
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
                ("ext", "FOREIGN TABLE", None, None, None),
                ("parent", "TABLE", None, None, 0),
                ("t", "TABLE", "about t", None, 7),
                ("v", "VIEW", None, "SELECT id FROM t", None),
            ],
            "FROM sys.columns": [
                ("parent", "x", True, None, None, "int", 4, 10, 0),
                ("t", "id", False, None, "the key", "int", 4, 10, 0),
                ("t", "a", True, None, "", "nvarchar", 18, 0, 0),
                ("t", "b", True, "0", None, "decimal", 5, 5, 2),
                ("v", "id", True, None, None, "int", 4, 10, 0),
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
                ("m", "MATERIALIZED VIEW", None, "SELECT 1"),
                ("parent", "BASE TABLE", None, None),
                ("t", "BASE TABLE", "about t", None),
                ("v", "VIEW", None, "SELECT id FROM t"),
            ],
            "FROM information_schema.columns": [
                ("parent", "x", "YES", None, None, "integer"),
                ("t", "id", "NO", None, "the key", "integer"),
                ("t", "a", "YES", None, "", "varchar(9)"),
                ("t", "b", "YES", "0", None, "decimal(5,2)"),
                ("v", "id", "YES", None, None, "integer"),
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
                ("parent", "TABLE", None, None),
                ("t", "TABLE", "about t", None),
                ("v", "VIEW", None, "SELECT id FROM t"),
            ],
            "FROM DBC.ColumnsV": [
                ("parent", "x", "Y", None, None, "I ", 4, None, None),
                ("t", "id", "N", None, "the key", "I ", 4, None, None),
                ("t", "a", "Y", None, "", "CV", 9, None, None),
                ("t", "b", "Y", "0", None, "D ", 4, 5, 2),
                ("v", "id", None, None, None, None, None, None, None),
            ],
            "FROM DBC.IndicesV": [("t", "", "id")],
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
        sql = found.sample_sql(table, expressions, 10, 5.0)
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
        # Redshift's materialized views are views whose definition begins so.
        'CREATE VIEW z AS SELECT 1 AS "Materialized View"',
    )
    database = postgresql.open()
    wanted = {table.id: table for table in database.scan(schemas=["public"])}
    source = database._source
    found = list(dialect("redshift").scan(source, Selection(("public",)), never))
    assert [table.id.name for table in found] == ["child", "parent", "v", "z"]
    assert found.pop().kind is TableKind.MATERIALIZED_VIEW
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


def one(**values: object) -> dict[str, object]:
    return values


def mssql_object(number: int, name: str, type_: str) -> dict[str, object]:
    return {
        **one(object_id=number, schema_id=1, name=name, type=type_),
        **one(is_ms_shipped=0, is_external=int(name == "ext")),
    }


MADE: dict[str, Catalog] = {
    "oracle": {
        "all_users": [one(username="s", oracle_maintained="N")],
        "all_tab_comments": [
            one(owner="s", table_name="BIN$x", table_type="TABLE"),
            one(owner="s", table_name="ext", table_type="TABLE"),
            one(owner="s", table_name="m", table_type="TABLE", comments="snapshot"),
            one(owner="s", table_name="parts", table_type="TABLE"),
            one(owner="s", table_name="t", table_type="TABLE", comments="about t"),
            one(owner="s", table_name="v", table_type="VIEW"),
        ],
        "all_mview_comments": [one(owner="s", mview_name="m", comments="about m")],
        "all_external_tables": [one(owner="s", table_name="ext")],
        "all_tables": [
            one(owner="s", table_name="parts", partitioned="YES"),
            one(owner="s", table_name="t", partitioned="NO", num_rows=7),
        ],
        "all_views": [one(owner="s", view_name="v", text_vc="SELECT 1")],
        "all_tab_columns": [
            one(owner="s", table_name="t", column_name="id", data_type="NUMBER")
        ],
        "all_constraints": [
            one(
                **one(owner="s", table_name="t", constraint_name=name),
                **one(constraint_type="R", r_owner="s", r_constraint_name=far),
            )
            for name, far in (("seen", "pk"), ("unseen", "gone"))
        ],
        "all_cons_columns": [
            one(owner="s", constraint_name=name, column_name=column, position=1)
            | one(table_name=table)
            for name, table, column in (
                ("seen", "t", "id"),
                ("unseen", "t", "id"),
                ("pk", "parent", "x"),
            )
        ],
    },
    "mssql": {
        "schemas": [one(schema_id=1, name="s"), one(schema_id=2, name="sys")],
        "objects": [
            mssql_object(1, "ext", "U"),
            mssql_object(2, "t", "U"),
            mssql_object(3, "v", "V"),
        ],
        "tables": [mssql_object(1, "ext", "U"), mssql_object(2, "t", "U")],
        "partitions": [one(object_id=2, index_id=1, rows=4)] * 2,
        "sql_modules": [one(object_id=3, definition="SELECT 1")],
        "extended_properties": [
            one(major_id=2, minor_id=0, value="about t", name="MS_Description")
            | {"class": 1}
        ],
        "columns": [
            one(object_id=2, column_id=1, name="a", user_type_id="int", is_identity=1),
            one(object_id=2, column_id=2, name="b", user_type_id="int", is_identity=0),
            one(object_id=2, column_id=3, name="c", user_type_id="int", is_identity=0)
            | one(default_object_id=9),
        ],
        "computed_columns": [one(object_id=2, column_id=2, definition="(a+1)")],
        "default_constraints": [one(object_id=9, definition="(0)")],
        "key_constraints": [
            one(parent_object_id=2, unique_index_id=1, name="pk", type="PK")
        ],
        "index_columns": [
            one(object_id=2, index_id=1, column_id=column, key_ordinal=place)
            for column, place in ((1, 2), (3, 1), (2, 0))
        ],
    },
    "trino": {
        "schemata": [one(schema_name="s"), one(schema_name="information_schema")],
        "tables": [
            one(table_schema="s", table_name="m", table_type="BASE TABLE"),
            one(table_schema="s", table_name="t", table_type="BASE TABLE"),
            one(table_schema="s", table_name="v", table_type="VIEW"),
        ],
        "table_comments": [
            one(catalog_name="memory", schema_name="s", table_name="t")
            | one(comment="about t")
        ],
        "materialized_views": [
            one(catalog_name="memory", schema_name="s", name="m")
            | one(definition="SELECT 2")
        ],
        "views": [one(table_schema="s", table_name="v", view_definition="SELECT 1")],
    },
    "snowflake": {
        "schemata": [one(schema_name="s"), one(schema_name="INFORMATION_SCHEMA")],
        "tables": [
            one(table_schema="s", table_name="dyn", table_type="BASE TABLE")
            | one(is_dynamic="YES"),
            one(table_schema="s", table_name="t", table_type="BASE TABLE")
            | one(is_dynamic="NO", comment="about t", row_count=7),
            one(table_schema="s", table_name="v", table_type="VIEW"),
        ],
        "views": [one(table_schema="s", table_name="v", view_definition="SELECT 1")],
    },
    "teradata": {
        "DatabasesV": [one(DatabaseName="s", OwnerName="DBC")],
        "All_RI_ChildrenV": [
            one(ChildDB="s", ChildTable="t", IndexID=4, ChildKeyColumn="id")
            | one(ParentDB="s", ParentTable="parent", ParentKeyColumn="x")
        ],
        "TablesV": [
            one(DatabaseName="s", TableName="index", TableKind="I"),
            one(DatabaseName="s", TableName="t", TableKind="O", RequestText="CREATE")
            | one(CommentString="about t"),
            one(DatabaseName="s", TableName="v", TableKind="V", RequestText="SELECT 1"),
        ],
    },
}
"""Catalogs whose kinds, comments and definitions are told apart by the queries."""

MADE_KINDS = {
    "oracle": {
        "ext": TableKind.FOREIGN_TABLE,
        "m": TableKind.MATERIALIZED_VIEW,
        "parts": TableKind.PARTITIONED_TABLE,
    },
    "mssql": {"ext": TableKind.FOREIGN_TABLE},
    "trino": {"m": TableKind.MATERIALIZED_VIEW},
    "snowflake": {"dyn": TableKind.TABLE},
    "teradata": {},
}


def made(name: str) -> dict[str, Table]:
    found = dialect(name)
    if name == "snowflake":  # its keys come from SHOW
        found.keys = lambda *_: ()  # type: ignore[attr-defined]
    source = ScriptedSource(MadeCatalog(MADE[name], found.sqlglot))
    return {table.id.name: table for table in found.scan(source, Selection(), never)}


@pytest.mark.parametrize("name", MADE)
def test_queries_tell_kinds_comments_and_definitions_apart(name: str) -> None:
    tables = made(name)
    kinds = MADE_KINDS[name] | {"t": TableKind.TABLE, "v": TableKind.VIEW}
    assert {one.id: one.kind for one in tables.values()} == {
        TableId("s", table): kind for table, kind in kinds.items()
    }
    assert (tables["t"].comment, tables["t"].view_sql) == ("about t", None)
    assert tables["v"].view_sql == "SELECT 1"
    if name == "trino":
        assert tables["m"].view_sql == "SELECT 2"
    if name == "snowflake":
        assert tables["dyn"].comment_refused
    if name == "mssql":
        assert tables["t"].primary_key == ("c", "a")
        assert tables["t"].row_estimate == 8
        assert [one.default for one in tables["t"].columns] == [
            *("IDENTITY", "AS (a+1)", "(0)")
        ]
    if name == "teradata":
        assert tables["t"].foreign_keys == (ForeignKey(("id",), PARENT, ("x",)),)
    if name == "oracle":
        assert tables["t"].row_estimate == 7
        assert tables["m"].comment == "about m"


def test_a_key_of_oracle_whose_other_side_is_not_seen_is_no_primary_key() -> None:
    """It was taken for one, because only a primary key had no other side."""
    table = made("oracle")["t"]
    assert table.primary_key == ()
    assert table.foreign_keys == (ForeignKey(("id",), PARENT, ("x",)),)
