"""Teradata: the DBC views, and COMMENT of at most 255 characters."""

from __future__ import annotations

from typing import ClassVar

from catalog.objects import TableKind
from connectors.dialects.bases.schema import SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import wrong_password

# A database or user is a schema here.
_SCHEMAS = """
SELECT DatabaseName FROM DBC.DatabasesV
WHERE OwnerName <> DatabaseName OR DatabaseName <> 'DBC'
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
SELECT t.TableName, CASE WHEN t.TableKind = 'V' THEN 'VIEW' ELSE 'TABLE' END,
       t.CommentString, CASE WHEN t.TableKind = 'V' THEN t.RequestText END
FROM DBC.TablesV t
WHERE t.DatabaseName = :schema AND t.TableKind IN ('T', 'O', 'Q', 'V') {one}
ORDER BY t.TableName
"""

_FIELDS = """
SELECT t.TableName, t.ColumnName, t.Nullable, t.DefaultValue, t.CommentString,
       t.ColumnType, t.ColumnLength, t.DecimalTotalDigits, t.DecimalFractionalDigits
FROM DBC.ColumnsV t
WHERE t.DatabaseName = :schema {one}
ORDER BY t.TableName, t.ColumnId
"""

_PRIMARY_KEYS = """
SELECT t.TableName, '', t.ColumnName
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


def _type_text(
    code: str | None, length: int | None, digits: int | None, scale: int | None
) -> str:
    """A type's text from its code; a view's columns have none."""
    code = (code or "").strip()
    name = _TYPES.get(code, code or "unknown")
    if code in _SIZED and length:
        return f"{name}({length})"
    if code == "D" and digits is not None:
        return f"{name}({digits},{scale or 0})"
    return name


class Teradata(SchemaDialect, SequentialDialect):
    """Comments on tables, views and their columns."""

    name = "teradata"
    label = "Teradata"
    default_port = 1025
    sqlglot = "teradata"
    isolation = None  # connections commit by themselves
    read_only_begin = "SELECT 1"  # BT and BEGIN TRANSACTION depend on the session
    schema_option = "database"
    schema_spelled = "SELECT DATABASE"
    schemas_sql = _SCHEMAS
    system_schemas = _SYSTEM
    relations_sql = _RELATIONS
    fields_sql = _FIELDS
    type_text = staticmethod(_type_text)
    keys_sql = (_PRIMARY_KEYS, _FOREIGN_KEYS)
    one_table = "AND t.TableName = :name"
    sample_query = "SELECT TOP {rows} {expressions} FROM {table}"
    as_text: ClassVar = {
        r"BYTE\(|VARBYTE|BLOB|JSON|XML|unknown": "",
        "CHAR|VARCHAR|CLOB": "SUBSTR({column}, 1, 256)",
        "": "CAST({column} AS VARCHAR(256))",
    }
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
    # https://github.com/Teradata/python-driver#EscapeSyntax: functions of the driver
    # that stand in a statement's text; whether it looks into literals is not said.
    unfit_texts: ClassVar = {
        r"\{\s*[A-Za-z]": "the text holds an opening brace and a letter, a driver's "
        "escape"
    }
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
    connect_faults: ClassVar = (wrong_password(r"\[Error 8017\]"),)
