"""Every statement of Spark, Databricks and Hive, exactly, and Databricks' reading."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlglot import parse_one

from catalog.change import CommentChange
from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from catalog.stopping import never
from connectors.connect import identify
from connectors.database_session import DatabaseSession, Row, SessionSource
from connectors.dialects.databricks import Databricks
from connectors.dialects.dialect import Dialect, Selection
from connectors.dialects.hive import Hive
from connectors.dialects.spark import Spark
from tests.connectors.targets import script_for

TABLE = TableKind.TABLE
VIEW = TableKind.VIEW
MATERIALIZED = TableKind.MATERIALIZED_VIEW
STREAMING = TableKind.OTHER


class Scripted(DatabaseSession):
    """Answers queries that begin or contain something known."""

    def __init__(self, answers: Mapping[str, list[Row]]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def run(self, sql: str) -> None:
        self.asked.append(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        self.asked.append(sql)
        return next((rows for part, rows in self._answers.items() if part in sql), [])

    def witness(self) -> DatabaseSession:
        return self

    def close(self) -> None:
        return


class ScriptedSource(SessionSource):
    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def open(self, *, write: bool) -> DatabaseSession:
        return self._session

    def close(self) -> None:
        return


def rendered(
    dialect: Dialect,
    kind: TableKind,
    text: str | None,
    column: str | None = None,
    session: DatabaseSession | None = None,
) -> str:
    table_id = TableId("s", "t")
    columns = tuple(
        Column(ColumnId(table_id, name), position, "int")
        for position, name in enumerate(("c", "we`ird.c", "part"), 1)
    )
    table = Table(table_id, kind, columns)
    change = CommentChange(
        ColumnId(table_id, column) if column else table_id, None, text
    )
    assert dialect.refusal(table, change) is None
    [statement] = dialect.render(session, table, [change]).statements
    assert statement.changes == (change,)
    return statement.sql


# https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-alter-table.html
# https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-alter-view.html
@pytest.mark.parametrize(
    ("kind", "text", "column", "sql"),
    [
        (TABLE, "it's", None, r"COMMENT ON TABLE `s`.`t` IS 'it\'s'"),
        (TABLE, "${env:X}\n", None, r"COMMENT ON TABLE `s`.`t` IS '${env:X}\n'"),
        (TABLE, None, None, "COMMENT ON TABLE `s`.`t` IS NULL"),
        (TABLE, "", None, "COMMENT ON TABLE `s`.`t` IS NULL"),
        (
            TABLE,
            "a\\b 100%",
            "we`ird.c",
            r"ALTER TABLE `s`.`t` ALTER COLUMN `we``ird.c` COMMENT 'a\\b 100%'",
        ),
        (TABLE, None, "c", "ALTER TABLE `s`.`t` ALTER COLUMN `c` COMMENT ''"),
        (
            VIEW,
            "it's",
            None,
            r"ALTER VIEW `s`.`t` SET TBLPROPERTIES ('comment' = 'it\'s')",
        ),
        (
            VIEW,
            None,
            None,
            "ALTER VIEW `s`.`t` UNSET TBLPROPERTIES IF EXISTS ('comment')",
        ),
    ],
)
def test_spark(kind: TableKind, text: str | None, column: str | None, sql: str) -> None:
    assert rendered(Spark(), kind, text, column) == sql
    if "ALTER COLUMN" in sql or ("COMMENT ON" in sql and "NULL" not in sql):
        assert parse_one(sql, read="spark").sql("spark") == sql


def test_a_script_for_spark_pins_what_it_relies_on() -> None:
    table = Table(TableId("s", "t"), TABLE, ())
    change = CommentChange(table.id, None, "${env:HOME}")
    assert script_for("spark", [(table, [change])]) == (
        "-- Comments for Spark.\n"
        "SET spark.sql.variable.substitute=false;\n"
        "SET spark.sql.parser.escapedStringLiterals=false;\n"
        "COMMENT ON TABLE `s`.`t` IS '${env:HOME}';\n"
    )


# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-comment
# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table-manage-column
@pytest.mark.parametrize(
    ("kind", "text", "column", "sql"),
    [
        (TABLE, "it's", None, r"COMMENT ON TABLE `main`.`s`.`t` IS 'it\'s'"),
        (TABLE, None, None, "COMMENT ON TABLE `main`.`s`.`t` IS NULL"),
        (
            TABLE,
            "a\\b",
            "we`ird.c",
            r"ALTER TABLE `main`.`s`.`t` ALTER COLUMN `we``ird.c` COMMENT 'a\\b'",
        ),
        (TABLE, "", "c", "ALTER TABLE `main`.`s`.`t` ALTER COLUMN `c` COMMENT ''"),
        (VIEW, "x", None, "COMMENT ON TABLE `main`.`s`.`t` IS 'x'"),
        (VIEW, "x\n", "c", r"COMMENT ON COLUMN `main`.`s`.`t`.`c` IS 'x\n'"),
        (VIEW, None, "c", "COMMENT ON COLUMN `main`.`s`.`t`.`c` IS NULL"),
        (MATERIALIZED, "x", "c", "COMMENT ON COLUMN `main`.`s`.`t`.`c` IS 'x'"),
        (MATERIALIZED, "x", None, "COMMENT ON TABLE `main`.`s`.`t` IS 'x'"),
        (STREAMING, "x", "c", "COMMENT ON COLUMN `main`.`s`.`t`.`c` IS 'x'"),
    ],
)
def test_databricks(
    kind: TableKind, text: str | None, column: str | None, sql: str
) -> None:
    dialect = Databricks().resolve(Scripted({"current_catalog": [("main",)]}))
    assert rendered(dialect, kind, text, column) == sql
    if "NULL" not in sql:
        assert parse_one(sql, read="databricks").sql("databricks") == sql


def test_databricks_has_none_of_sparks_limits_and_no_comments_on_foreign_tables() -> (
    None
):
    dialect = Databricks()
    table = Table(TableId("s", "t"), TableKind.FOREIGN_TABLE, ())
    change = CommentChange(table.id, None, "x" * 100_000)
    assert dialect.text_refusal(change) is None
    assert dialect.refusal(table, change)
    assert not dialect.proved


DESCRIBED: list[Row] = [
    ("c", "struct<a:int,b:decimal(10,2)>", ""),
    ("we`ird.c", "varchar(10)", "old"),
    ("part", "date", ""),
    ("", None, None),
    ("# Partition Information", None, None),
    ("# col_name", "data_type", "comment"),
    ("part", "date", ""),
]


# https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL
@pytest.mark.parametrize(
    ("kind", "text", "column", "sql"),
    [
        (
            TABLE,
            "it's\n",
            None,
            r"ALTER TABLE `s`.`t` SET TBLPROPERTIES ('comment'='it\'s\n')",
        ),
        (TABLE, None, None, "ALTER TABLE `s`.`t` SET TBLPROPERTIES ('comment'='')"),
        (VIEW, "x", None, "ALTER VIEW `s`.`t` SET TBLPROPERTIES ('comment'='x')"),
        (
            TABLE,
            "a\\b",
            "c",
            "ALTER TABLE `s`.`t` CHANGE COLUMN `c` `c` struct<a:int,b:decimal(10,2)> "
            r"COMMENT 'a\\b'",
        ),
        (
            TABLE,
            "",
            "we`ird.c",
            "ALTER TABLE `s`.`t` CHANGE COLUMN `we``ird.c` `we``ird.c` varchar(10) "
            "COMMENT ''",
        ),
    ],
)
def test_hive(kind: TableKind, text: str | None, column: str | None, sql: str) -> None:
    session = Scripted({"DESCRIBE `s`.`t`": DESCRIBED})
    assert rendered(Hive(), kind, text, column, session) == sql
    if "CHANGE" not in sql and kind is TABLE:
        assert parse_one(sql, read="hive").key == "alter"


def test_hive_pins_its_variables() -> None:
    name = "hive.variable.substitute"
    pinned = Scripted({f"SET {name}": [(f"{name}=false",)]})
    Hive().pin(pinned)
    assert pinned.asked == [f"SET {name}=false", f"SET {name}"]


def test_hive_stays_hive_where_sparks_setting_is_unknown() -> None:
    said: list[Row] = [("spark.sql.variable.substitute is undefined",)]
    assert isinstance(Hive().resolve(Scripted({"SET spark": said})), Hive)
    known: list[Row] = [("spark.sql.variable.substitute", "true")]
    assert isinstance(Hive().resolve(Scripted({"SET spark": known})), Spark)


def test_databases_of_hive_and_spark_have_one_key() -> None:
    assert identify("hive://h/d").key == identify("spark://h/d").key


def test_databricks_reads_information_schema() -> None:
    session = Scripted(
        {
            "current_catalog": [("ma`in",)],
            "information_schema.schemata": [("sales",), ("other",)],
            "information_schema.table_constraints": [
                ("orders", "pk", "id", None, None, None),
                ("orders", "pk", "day", None, None, None),
                ("orders", "fk", "who", "crm", "people", "key"),
            ],
            "information_schema.tables": [
                ("orders", "MANAGED", "Orders.", None),
                ("recent", "VIEW", "", "SELECT 1"),
                ("stream", "STREAMING_TABLE", None, None),
            ],
            "information_schema.columns": [
                ("orders", "id", "NO", None, "Its number.", "bigint"),
                ("orders", "day", "NO", "current_date()", None, "date"),
                ("orders", "who", "YES", None, "", "struct<a:int>"),
                ("recent", "x", "YES", None, None, "int"),
            ],
        }
    )
    dialect = Databricks().resolve(session)
    selection = Selection(schemas=("sales",))
    tables = list(dialect.scan(ScriptedSource(session), selection, never))
    assert [(table.id.name, table.kind) for table in tables] == [
        ("orders", TABLE),
        ("recent", VIEW),
        ("stream", STREAMING),
    ]
    orders = tables[0]
    assert orders.comment == "Orders."
    assert orders.primary_key == ("id", "day")
    assert orders.foreign_keys == (
        ForeignKey(("who",), TableId("crm", "people"), ("key",)),
    )
    assert [(c.type, c.nullable, c.default, c.comment) for c in orders.columns] == [
        ("bigint", False, None, "Its number."),
        ("date", False, "current_date()", None),
        ("struct<a:int>", True, None, None),
    ]
    assert (tables[1].comment, tables[1].view_sql) == (None, "SELECT 1")
    assert all("`ma``in`.information_schema" in sql for sql in session.asked[1:])
    odd = Scripted({"information_schema.tables": [("o'r", "EXTERNAL", None, None)]})
    assert dialect.read(odd, TableId("sales", "o'r"), brief=True) is not None
    assert len(odd.asked) == 2
    assert all(r"table_name = 'o\'r'" in sql for sql in odd.asked)


def test_databricks_reads_the_old_metastore_as_spark() -> None:
    session = Scripted(
        {
            "current_catalog": [("hive_metastore",)],
            "DESCRIBE TABLE EXTENDED": [("a", "int", "x"), ("", "", "")],
        }
    )
    dialect = Databricks().resolve(session)
    table = dialect.read(session, TableId("s", "t"))
    assert table is not None
    assert table.columns[0].comment == "x"
    assert session.asked[-1] == "DESCRIBE TABLE EXTENDED `hive_metastore`.`s`.`t`"


def test_databricks_lists_the_old_metastore_as_spark() -> None:
    """In order, and without what Spark keeps for itself."""
    names: list[Row] = [("zeta",), ("global_temp",), ("sys",), ("alpha",)]
    session = Scripted(
        {"current_catalog": [("hive_metastore",)], "SHOW DATABASES": names}
    )
    dialect = Databricks().resolve(session)
    assert isinstance(dialect, Databricks)
    assert list(dialect.schemas(session, Selection())) == ["alpha", "zeta"]


def test_databricks_is_written_only_where_literals_mean_what_they_should() -> None:
    probe = "${env:PATH} ${system:user.name} it's \\n"
    session = Scripted({"SELECT": [(probe,)]})
    Databricks().pin(session)
    assert session.asked == [
        "SET spark.sql.variable.substitute=false",
        r"SELECT '${env:PATH} ${system:user.name} it\'s \\n'",
    ]
