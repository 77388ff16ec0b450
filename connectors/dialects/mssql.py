r"""SQL Server: a comment is the extended property MS_Description.

Adding fails where there is one and updating or dropping where there is none, so the
procedure that is called is itself a check of what the steward saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.objects import Table, TableId, TableKind, column_of
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, EngineSource, Source
from connectors.dialects.bases.comment_on import check_literals
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, Selection
from connectors.quoting import single_quoted
from connectors.schema import Field, Key, Relation, SchemaDialect

if TYPE_CHECKING:
    from sqlalchemy import URL

_SCHEMAS = """
SELECT name FROM sys.schemas
WHERE schema_id < 16384 AND name NOT IN (N'sys', N'INFORMATION_SCHEMA', N'guest')
ORDER BY name
"""

_RELATIONS = """
SELECT t.name, t.type, e.is_external, CAST(p.value AS nvarchar(3750)), r.rows,
       m.definition
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

_COLUMNS = """
SELECT t.name, c.name, TYPE_NAME(c.user_type_id), c.max_length, c.precision, c.scale,
       c.is_nullable, c.is_identity, d.definition, x.definition,
       CAST(p.value AS nvarchar(3750))
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

_KINDS = {"U": TableKind.TABLE, "V": TableKind.VIEW}

_DENIED = "you lack the right ALTER on it"


class MSSQL(SchemaDialect, SequentialDialect):
    """Descriptions of tables, views and their columns."""

    name = "mssql"
    label = "SQL Server"
    drivername = "mssql+pyodbc"
    default_port = 1433
    sqlglot = "tsql"
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
        ConnectFault(
            r"\b18456\b|Login failed",
            "{label} refused the user name or the password.",
            "Check both; the password can be saved with the connection.",
        ),
        ConnectFault(
            r"\b4060\b|Cannot open database",
            "There is no such database: {label}.",
            "Check the name after the last slash of the URL.",
        ),
        ConnectFault(
            r"IM002|Can't open lib|Data source name not found",
            "The ODBC driver of SQL Server is not installed here.",
            "Install msodbcsql18 and add ?driver=ODBC+Driver+18+for+SQL+Server.",
        ),
    )
    read_only_begin = "BEGIN TRANSACTION"  # it has no read-only transactions
    time_limit = "SET LOCK_TIMEOUT 1000"
    one_table = "AND t.name = :name"

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """A pool of pyodbc connections, or of the driver that the URL names."""
        known = url.drivername.endswith("+pyodbc")
        arguments = {"timeout": max(1, ceil(timeout))} if known else {}
        return EngineSource(url, connect_args=arguments)

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterator[str]:
        """Names of the schemas there are, without those of the server's roles."""
        yield from (row[0] for row in session.rows(_SCHEMAS))

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a schema, or the one named."""
        for table, type_, external, comment, rows, view_sql in self.ask(
            session, _RELATIONS, schema, name
        ):
            kind = TableKind.FOREIGN_TABLE if external else _KINDS[type_.strip()]
            count = None if rows is None else int(rows)
            yield Relation(table, kind, comment, rows=count, view_sql=view_sql)

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Field]:
        """Columns of all tables of a schema, or of the one named."""
        for row in self.ask(session, _COLUMNS, schema, name):
            table, column, type_, size, digits, scale, null, identity, *rest = row
            default, computed, comment = rest
            if computed is not None:
                default = f"AS {computed}"
            elif identity:
                default = "IDENTITY"
            kind = _type(type_, size, digits, scale)
            yield Field(table, column, kind, bool(null), default, comment)

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Key]:
        """Key columns of all tables of a schema, or of the one named."""
        for table, key, column in self.ask(session, _PRIMARY_KEYS, schema, name):
            yield Key(table, key, column)
        for table, key, column, owner, other, far in self.ask(
            session, _FOREIGN_KEYS, schema, name
        ):
            yield Key(table, key, column, TableId(owner, other), far)

    # -- sampling --------------------------------------------------------------

    def sample_sql(self, table: Table, expressions: Sequence[str], rows: int) -> str:
        """The first rows; there is no LIMIT."""
        return (
            f"SELECT TOP ({rows}) {', '.join(expressions)} "
            f"FROM {self.table_name(table.id)}"
        )

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        word = kind.partition("(")[0]
        if word.endswith("binary") or word in _SHAPELESS:
            return None
        # 121 is the ISO format of dates.
        return f"LEFT(CONVERT(nvarchar(4000), {self.quote(column)}, 121), 256)"

    # -- rendering -------------------------------------------------------------

    def text_refusal(self, change: CommentChange) -> str | None:
        """Why the text cannot be the target's comment, or None where it can."""
        # https://learn.microsoft.com/sql/t-sql/language-elements/sql-server-utilities-statements-backslash
        if re.search(r"\\\r?\n", normal(change.text) or ""):
            return "the text has a backslash at the end of a line, which joins the two"
        return super().text_refusal(change)

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

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Limits waiting for locks, reads it back, and asks how literals are read."""
        session.run("SET LOCK_TIMEOUT 2000")
        found = session.value("SELECT @@LOCK_TIMEOUT")
        if found != 2000:
            raise ColumnistError(
                f"{self.label} keeps LOCK_TIMEOUT at {found} instead of 2000.",
                "Nothing was written; ask the administrator which proxy does that.",
            )
        check_literals(self, session)


_SHAPELESS = frozenset(
    {"image", "geometry", "geography", "hierarchyid", "timestamp", "rowversion"}
    | {"sql_variant", "xml", "vector"}
)


def _type(name: str, size: int, digits: int, scale: int) -> str:
    """A type's text, as in CREATE TABLE; sizes come in bytes."""
    if name in ("decimal", "numeric"):
        return f"{name}({digits},{scale})"
    if name in ("datetime2", "datetimeoffset", "time"):
        return f"{name}({scale})"
    if name.endswith(("char", "binary")):
        length = size // 2 if name.startswith("n") else size
        return f"{name}({'max' if size == -1 else length})"
    return name
