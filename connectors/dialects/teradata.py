"""Teradata: the DBC views, and COMMENT of at most 255 characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from catalog.change import CommentChange
from catalog.objects import Table, TableId, TableKind
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, EngineSource, Source
from connectors.dialects.bases.comment_on import CommentOnDialect, check_literals
from connectors.dialects.dialect import ConnectFault, Selection
from connectors.schema import Field, Key, Relation, SchemaDialect

if TYPE_CHECKING:
    from sqlalchemy import URL

# A database or user is a schema here.
_SCHEMAS = """
SELECT DatabaseName FROM DBC.DatabasesV
WHERE OwnerName <> DatabaseName OR DatabaseName <> 'DBC'
ORDER BY DatabaseName
"""

_SYSTEM = frozenset(
    {"all", "console", "crashdumps", "dbc", "dbcmngr", "default", "external_ap"}
    | {"extuser", "gluser", "gs_gc", "lockloguser", "locklogshredder", "mldb"}
    | {"pdcradm", "pdcrdata", "pdcrinfo", "pdcrstg", "public", "sas_syslib", "sqlj"}
    | {"sys_calendar", "sysadmin", "sysbar", "sysdba", "sysjdbc", "syslib"}
    | {"sysspatial", "system", "systemfe", "sysudtlib", "sysuif", "td_analytics_db"}
    | {"td_dataframe", "td_datasharing_repo", "td_metric_svc", "td_server_db"}
    | {"td_sysfnlib", "td_sysgpl", "td_sysxml", "tdmaps", "tdpuser", "tdqcd", "tdstats"}
    | {"tdsysflow", "tdwm", "tdaasmanage", "tapidb", "val", "viewpoint"}
)

# T and O are tables with and without a primary index, Q a queue, V a view:
# https://docs.teradata.com/r/Teradata-VantageTM-Data-Dictionary/ (TablesV[X])
_RELATIONS = """
SELECT t.TableName, t.TableKind, t.CommentString,
       CASE WHEN t.TableKind = 'V' THEN t.RequestText END
FROM DBC.TablesV t
WHERE t.DatabaseName = :schema AND t.TableKind IN ('T', 'O', 'Q', 'V') {one}
ORDER BY t.TableName
"""

_COLUMNS = """
SELECT t.TableName, t.ColumnName, t.ColumnType, t.ColumnLength,
       t.DecimalTotalDigits, t.DecimalFractionalDigits, t.Nullable, t.DefaultValue,
       t.CommentString
FROM DBC.ColumnsV t
WHERE t.DatabaseName = :schema {one}
ORDER BY t.TableName, t.ColumnId
"""

_PRIMARY_KEYS = """
SELECT t.TableName, t.ColumnName
FROM DBC.IndicesV t
WHERE t.DatabaseName = :schema AND t.IndexType = 'K' {one}
ORDER BY t.TableName, t.ColumnPosition
"""

_FOREIGN_KEYS = """
SELECT t.TableName, t.IndexID, t.ChildKeyColumn, t.ParentDB, t.ParentTable,
       t.ParentKeyColumn
FROM (SELECT ChildTable AS TableName, r.* FROM DBC.All_RI_ChildrenV r) t
WHERE t.ChildDB = :schema {one}
ORDER BY t.TableName, t.IndexID
"""

_TYPES = {
    "AT": "TIME",
    "BF": "BYTE",
    "BO": "BLOB",
    "BV": "VARBYTE",
    "CF": "CHAR",
    "CO": "CLOB",
    "CV": "VARCHAR",
    "D": "DECIMAL",
    "DA": "DATE",
    "F": "FLOAT",
    "I": "INTEGER",
    "I1": "BYTEINT",
    "I2": "SMALLINT",
    "I8": "BIGINT",
    "JN": "JSON",
    "N": "NUMBER",
    "SZ": "TIMESTAMP WITH TIME ZONE",
    "TS": "TIMESTAMP",
    "TZ": "TIME WITH TIME ZONE",
    "XM": "XML",
}
"""https://docs.teradata.com/r/Teradata-VantageTM-Data-Dictionary/ (ColumnType)"""

_SIZED = ("CF", "CV", "BF", "BV")


class Teradata(SchemaDialect, CommentOnDialect):
    """Comments on tables, views and their columns."""

    name = "teradata"
    label = "Teradata"
    default_port = 1025
    sqlglot = "teradata"
    schema_spelled = "SELECT DATABASE"
    # COMMENT (Comment-Placing Form) and its rules:
    # https://docs.teradata.com/r/rgAb27O_xRmMVc_aQq2VGw/jQYNpIb8DNg~EafzU0m8rg
    table_keywords: ClassVar = {TableKind.TABLE: "TABLE", TableKind.VIEW: "VIEW"}
    column_kinds: ClassVar = frozenset(table_keywords)
    # Without a text the statement asks for the comment instead of clearing it.
    no_comment = "''"
    table_limit = 255
    column_limit = 255
    lock = "the object's entry in the data dictionary"
    cannot: ClassVar = (
        "comment on join and hash indexes",
        "say the types of a view's columns, which the dictionary does not hold",
        "write a text with {fn or another escape, which the driver may act upon",
    )
    code_pattern = r"\[Error (\d+)\]"
    lock_codes: ClassVar = frozenset({"2631", "7423"})
    table_refusals: ClassVar = frozenset({"3523", "3524", "3807", "3802"})
    refusals: ClassVar = {
        "3523": "you have no right to comment on it",
        "3524": "you have no right to comment on it",
        "3807": "it is no longer in the database; scan again",
        "3802": "its database is no longer there; scan again",
        "3810": "the column is no longer in the database; scan again",
        "5628": "the column is no longer in the database; scan again",
        "2631": "other transactions were in the way; try again",
    }
    connect_faults: ClassVar = (
        ConnectFault(
            r"\[Error 8017\]",
            "{label} refused the user name or the password.",
            "Check both; the password can be saved with the connection.",
        ),
    )
    read_only_begin = "SELECT 1"  # BT and BEGIN TRANSACTION depend on the session
    one_table = "AND t.TableName = :name"

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """A pool of teradatasql connections, which commit by themselves."""
        return EngineSource(url, connect_args={}, isolation=None)

    def schema_in(self, url: URL) -> str:
        """The URL's option `database`."""
        named = url.query.get("database")
        return named if isinstance(named, str) else ""

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterator[str]:
        """Names of the databases and users, without the system's."""
        for (name,) in session.rows(_SCHEMAS):
            if str(name).lower() not in _SYSTEM:
                yield name

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a database, or the one named."""
        for table, kind, comment, view_sql in self.ask(
            session, _RELATIONS, schema, name
        ):
            is_view = str(kind).strip() == "V"
            what = TableKind.VIEW if is_view else TableKind.TABLE
            yield Relation(table, what, comment, view_sql=view_sql)

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Field]:
        """Columns of all tables of a database, or of the one named."""
        for (
            table,
            column,
            code,
            length,
            digits,
            scale,
            null,
            default,
            comment,
        ) in self.ask(session, _COLUMNS, schema, name):
            type_ = _type(str(code or "").strip(), length, digits, scale)
            yield Field(table, column, type_, null != "N", default, comment)

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Key]:
        """Key columns of all tables of a database, or of the one named."""
        for table, column in self.ask(session, _PRIMARY_KEYS, schema, name):
            yield Key(table, "", column)
        for table, number, column, database, other, far in self.ask(
            session, _FOREIGN_KEYS, schema, name
        ):
            yield Key(table, str(number), column, TableId(database, other), far)

    # -- sampling --------------------------------------------------------------

    def sample_sql(self, table: Table, expressions: Sequence[str], rows: int) -> str:
        """The first rows; there is no LIMIT."""
        return (
            f"SELECT TOP {rows} {', '.join(expressions)} "
            f"FROM {self.table_name(table.id)}"
        )

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        if kind.startswith(("BYTE(", "VARBYTE", "BLOB", "JSON", "XML", "unknown")):
            return None
        if kind.startswith(("CHAR", "VARCHAR", "CLOB")):
            return f"SUBSTR({self.quote(column)}, 1, 256)"
        return f"CAST({self.quote(column)} AS VARCHAR(256))"

    # -- rendering -------------------------------------------------------------

    def text_refusal(self, change: CommentChange) -> str | None:
        """Why the text cannot be the target's comment, or None where it can."""
        # https://github.com/Teradata/python-driver#EscapeSyntax: functions of the
        # driver that stand in a statement's text; whether it looks into literals is
        # not said.
        if re.search(r"\{\s*[A-Za-z]", normal(change.text) or ""):
            return "the text holds an opening brace and a letter, a driver's escape"
        return super().text_refusal(change)

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Asks how literals are read: no setting of Teradata's changes that."""
        check_literals(self, session)


def _type(code: str, length: int | None, digits: int | None, scale: int | None) -> str:
    """A type's text from its code; a view's columns have none."""
    name = _TYPES.get(code, code or "unknown")
    if code in _SIZED and length:
        return f"{name}({length})"
    if code == "D" and digits is not None:
        return f"{name}({digits},{scale or 0})"
    return name
