r"""SQL Server: a comment is the extended property MS_Description.

Adding fails where there is one and updating or dropping where there is none, so the
procedure that is called is itself a check of what the steward saw.
"""

from __future__ import annotations

from typing import ClassVar

from catalog.change import CommentChange
from catalog.objects import Table, TableKind, column_of
from connectors.comment_text import normal
from connectors.dialects.bases.schema import SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, no_database, wrong_password
from connectors.quoting import single_quoted

# The server's roles have schemas too, with higher numbers.
_SCHEMAS = """
SELECT name FROM sys.schemas
WHERE schema_id < 16384 AND name NOT IN (N'sys', N'INFORMATION_SCHEMA', N'guest')
"""

_RELATIONS = """
SELECT t.name,
       CASE WHEN e.is_external = 1 THEN 'FOREIGN TABLE'
            WHEN t.type = 'V' THEN 'VIEW' ELSE 'TABLE' END,
       CAST(p.value AS nvarchar(3750)), m.definition, r.rows
FROM sys.objects t
JOIN sys.schemas s ON s.schema_id = t.schema_id
LEFT JOIN sys.tables e ON e.object_id = t.object_id
LEFT JOIN sys.extended_properties p ON p.class = 1 AND p.major_id = t.object_id
  AND p.minor_id = 0 AND p.name = N'MS_Description'
LEFT JOIN (SELECT object_id, SUM(rows) AS rows FROM sys.partitions
           WHERE index_id IN (0, 1) GROUP BY object_id) r ON r.object_id = t.object_id
LEFT JOIN sys.sql_modules m ON m.object_id = t.object_id
WHERE s.name = :schema AND t.type IN ('U', 'V') AND t.is_ms_shipped = 0 {one}
ORDER BY t.name
"""

_FIELDS = """
SELECT t.name, c.name, c.is_nullable,
       CASE WHEN x.definition IS NOT NULL THEN N'AS ' + x.definition
            WHEN c.is_identity = 1 THEN N'IDENTITY' ELSE d.definition END,
       CAST(p.value AS nvarchar(3750)),
       TYPE_NAME(c.user_type_id), c.max_length, c.precision, c.scale
FROM sys.columns c
JOIN sys.objects t ON t.object_id = c.object_id
JOIN sys.schemas s ON s.schema_id = t.schema_id
LEFT JOIN sys.default_constraints d ON d.object_id = c.default_object_id
LEFT JOIN sys.computed_columns x
  ON x.object_id = c.object_id AND x.column_id = c.column_id
LEFT JOIN sys.extended_properties p ON p.class = 1 AND p.major_id = c.object_id
  AND p.minor_id = c.column_id AND p.name = N'MS_Description'
WHERE s.name = :schema AND t.type IN ('U', 'V') AND t.is_ms_shipped = 0 {one}
ORDER BY t.name, c.column_id
"""

_PRIMARY_KEYS = """
SELECT t.name, k.name, c.name
FROM sys.key_constraints k
JOIN sys.tables t ON t.object_id = k.parent_object_id
JOIN sys.schemas s ON s.schema_id = t.schema_id
JOIN sys.index_columns i
  ON i.object_id = t.object_id AND i.index_id = k.unique_index_id
JOIN sys.columns c ON c.object_id = t.object_id AND c.column_id = i.column_id
WHERE s.name = :schema AND k.type = 'PK' AND i.key_ordinal > 0 {one}
ORDER BY t.name, k.name, i.key_ordinal
"""

_FOREIGN_KEYS = """
SELECT t.name, k.name, c.name, o.name, r.name, d.name
FROM sys.foreign_keys k
JOIN sys.tables t ON t.object_id = k.parent_object_id
JOIN sys.schemas s ON s.schema_id = t.schema_id
JOIN sys.foreign_key_columns f ON f.constraint_object_id = k.object_id
JOIN sys.columns c
  ON c.object_id = f.parent_object_id AND c.column_id = f.parent_column_id
JOIN sys.tables r ON r.object_id = f.referenced_object_id
JOIN sys.schemas o ON o.schema_id = r.schema_id
JOIN sys.columns d
  ON d.object_id = f.referenced_object_id AND d.column_id = f.referenced_column_id
WHERE s.name = :schema {one}
ORDER BY t.name, k.name, f.constraint_column_id
"""


def _type_text(name: str, size: int, digits: int, scale: int) -> str:
    """A type's text, as in CREATE TABLE; sizes come in bytes."""
    if name in ("decimal", "numeric"):
        return f"{name}({digits},{scale})"
    if name in ("datetime2", "datetimeoffset", "time"):
        return f"{name}({scale})"
    if name.endswith(("char", "binary")):
        length = size // 2 if name.startswith("n") else size
        return f"{name}({'max' if size == -1 else length})"
    return name


_DENIED = "you lack the right ALTER on it"


class MSSQL(SchemaDialect, SequentialDialect):
    """Descriptions of tables, views and their columns."""

    name = "mssql"
    label = "SQL Server"
    drivername = "mssql+pyodbc"
    default_port = 1433
    sqlglot = "tsql"
    timeout_arguments: ClassVar = {"pyodbc": "timeout"}
    read_only_begin = "BEGIN TRANSACTION"  # it has no read-only transactions
    time_limit = "SET LOCK_TIMEOUT 1000"
    schemas_sql = _SCHEMAS
    relations_sql = _RELATIONS
    fields_sql = _FIELDS
    type_text = staticmethod(_type_text)
    keys_sql = (_PRIMARY_KEYS, _FOREIGN_KEYS)
    one_table = "AND t.name = :name"
    sample_query = "SELECT TOP ({rows}) {expressions} FROM {table}"
    as_text: ClassVar = {
        r"\w*binary\b|(image|geometry|geography|hierarchyid|timestamp|rowversion"
        r"|sql_variant|xml|vector)\b": "",
        # 121 is the ISO format of dates.
        "": "LEFT(CONVERT(nvarchar(4000), {column}, 121), 256)",
    }
    # https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-addextendedproperty-transact-sql
    # An indexed view is a VIEW.
    table_keywords: ClassVar = {TableKind.TABLE: "TABLE", TableKind.VIEW: "VIEW"}
    column_kinds: ClassVar = frozenset(table_keywords)
    # The same page: a value has up to 7,500 bytes.
    table_limit = 7500
    column_limit = 7500
    limit_encoding = "utf-16-le"
    # It could be rolled back, but a second session that reads the property meanwhile
    # waits for the first, so nothing is gained from a transaction here.
    lock = "the table's definition, for the moment of the statement"
    cannot: ClassVar = (
        "comment on external tables, which was not looked into",
        "comment in Azure Synapse and Fabric, which lack these procedures",
        "keep a backslash at the end of a line, which joins lines in a literal",
        "tell an empty description from none",
    )
    # https://learn.microsoft.com/sql/t-sql/language-elements/sql-server-utilities-statements-backslash
    unfit_texts: ClassVar = {
        r"\\\r?\n": "the text has a backslash at the end of a line, which joins the two"
    }
    pinned: ClassVar = {"LOCK_TIMEOUT": "2000"}
    pinning_sql = "SET {name} {value}"
    pinned_sql = "SELECT @@{name}"
    # pyodbc gives the number at the end of its text.
    code_pattern = r"\((\d+)\) \(SQL"
    # https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
    lock_codes: ClassVar = frozenset({"1222", "1205"})
    table_refusals: ClassVar = frozenset({"229", "297", "15247", "3906"})
    refusals: ClassVar = {
        "229": _DENIED,
        "297": _DENIED,
        "15247": _DENIED,
        "3906": "the database is read-only",
        "15135": "it is no longer in the database; scan again",
        "15233": "it has a description by now, or an empty one; scan again",
        "15217": "it has no description any more; scan again",
        "1222": "somebody else holds it",
    }
    connect_faults: ClassVar = (
        wrong_password(r"\b18456\b|Login failed"),
        no_database(r"\b4060\b|Cannot open database"),
        ConnectFault(
            r"IM002|Can't open lib|Data source name not found",
            "The ODBC driver of SQL Server is not installed here.",
            "Install msodbcsql18 and add ?driver=ODBC+Driver+18+for+SQL+Server.",
        ),
    )
    # -- rendering -------------------------------------------------------------

    def literal(self, text: str) -> str:
        """A Unicode literal, in which only a quote is doubled."""
        return "N" + single_quoted(text)

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """The call of a procedure; which one depends on what is there now."""
        text = normal(change.text)
        arguments = {"name": "MS_Description"}
        if text is None:
            verb = "drop"
        else:
            verb = "add" if normal(change.previous) is None else "update"
            arguments["value"] = text
        names = [
            ("SCHEMA", table.id.schema),
            (basis, table.id.name),
        ]
        column = column_of(change.target)
        if column is not None:
            names.append(("COLUMN", column))
        for level, (kind, name) in enumerate(names):
            arguments |= {f"level{level}type": kind, f"level{level}name": name}
        given = ", ".join(
            f"@{name} = {self.literal(value)}" for name, value in arguments.items()
        )
        return f"EXEC sys.sp_{verb}extendedproperty {given}"
