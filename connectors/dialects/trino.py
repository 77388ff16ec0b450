"""Trino: the information schema of one catalog; the connector behind it may refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from catalog.errors import UsageError
from catalog.objects import TableKind
from connectors.database_session import DatabaseSession, EngineSource, Source
from connectors.dialects.bases.comment_on import CommentOnDialect, check_literals
from connectors.dialects.dialect import ConnectFault, Dialect, Selection
from connectors.schema import Field, Relation, SchemaDialect

if TYPE_CHECKING:
    from sqlalchemy import URL

_SCHEMAS = """
SELECT schema_name FROM information_schema.schemata
WHERE schema_name <> 'information_schema'
ORDER BY schema_name
"""

# https://trino.io/docs/current/connector/system.html
_RELATIONS = """
SELECT t.table_name, t.table_type, c.comment, v.view_definition, m.definition
FROM information_schema.tables t
LEFT JOIN system.metadata.table_comments c ON c.catalog_name = current_catalog
  AND c.schema_name = t.table_schema AND c.table_name = t.table_name
LEFT JOIN information_schema.views v
  ON v.table_schema = t.table_schema AND v.table_name = t.table_name
LEFT JOIN system.metadata.materialized_views m ON m.catalog_name = current_catalog
  AND m.schema_name = t.table_schema AND m.name = t.table_name
WHERE t.table_schema = :schema {one}
ORDER BY t.table_name
"""

# The column `comment` is a hidden one; trino-python-client reads it the same way.
_COLUMNS = """
SELECT t.table_name, t.column_name, t.data_type, t.is_nullable, t.column_default,
       t.comment
FROM information_schema.columns t
WHERE t.table_schema = :schema {one}
ORDER BY t.table_name, t.ordinal_position
"""


class Trino(SchemaDialect, CommentOnDialect):
    """Comments on tables, views and their columns, where the connector takes them."""

    name = "trino"
    label = "Trino"
    default_port = 8080
    sqlglot = "trino"
    schema_spelled = "SELECT current_schema"
    # https://trino.io/docs/current/sql/comment.html: TABLE, VIEW and COLUMN
    table_keywords: ClassVar = {TableKind.TABLE: "TABLE", TableKind.VIEW: "VIEW"}
    column_kinds: ClassVar = frozenset(table_keywords)
    lock = "whatever the connector behind the catalog locks"
    cannot: ClassVar = (
        "comment on materialized views: the documentation names no statement",
        "comment where the connector refuses, such as on MySQL's tables",
        "read keys: Trino has none",
    )
    # https://trino.io/docs/current/develop/connectors.html; the client puts the
    # error's name into its text.
    code_pattern = r"name=([A-Z_]+)"
    table_refusals: ClassVar = frozenset(
        {"PERMISSION_DENIED", "TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND"}
    )
    refusals: ClassVar = {
        "NOT_SUPPORTED": "the connector behind this catalog takes no such comment",
        "PERMISSION_DENIED": "you have no right to comment on it",
        "TABLE_NOT_FOUND": "it is no longer in the catalog; scan again",
        "SCHEMA_NOT_FOUND": "its schema is no longer in the catalog; scan again",
        "COLUMN_NOT_FOUND": "the column is no longer in the catalog; scan again",
        "TRANSACTION_CONFLICT": "other writers were in the way; try again",
    }
    lock_codes: ClassVar = frozenset({"TRANSACTION_CONFLICT"})
    connect_faults: ClassVar = (
        ConnectFault(
            r"\b401\b|Unauthorized|Authentication failed",
            "{label} refused the user name or the password.",
            "Check both; a password needs HTTPS.",
        ),
    )
    read_only_begin = "SELECT 1"  # a transaction belongs to the client, not to SQL

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """Clients of the coordinator, in the catalog that the URL names."""
        return EngineSource(url, connect_args={}, isolation=None)

    def resolve(self, session: DatabaseSession) -> Dialect:
        """This dialect, where the session is in a catalog.

        Raises:
            UsageError: The URL names none.
        """
        if session.value("SELECT current_catalog") is None:
            raise UsageError(
                "The URL names no Trino catalog.",
                "It looks like trino://user@host:8080/catalog.",
            )
        return self

    def schema_in(self, url: URL) -> str:
        """What follows the catalog in the URL."""
        return (url.database or "").partition("/")[2]

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterator[str]:
        """Names of the catalog's schemas, without the information schema."""
        yield from (row[0] for row in session.rows(_SCHEMAS))

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a schema, or the one named."""
        for table, type_, comment, view_sql, materialized in self.ask(
            session, _RELATIONS, schema, name
        ):
            kind = TableKind.VIEW if type_ == "VIEW" else TableKind.TABLE
            if materialized is not None:
                kind = TableKind.MATERIALIZED_VIEW
            yield Relation(table, kind, comment, view_sql=materialized or view_sql)

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Field]:
        """Columns of all tables of a schema, or of the one named."""
        for table, column, type_, nullable, default, comment in self.ask(
            session, _COLUMNS, schema, name
        ):
            yield Field(table, column, type_, nullable == "YES", default, comment)

    # -- sampling --------------------------------------------------------------

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        unfit = ("varbinary", "array", "map", "row", "json", "hyperloglog", "geo")
        if kind.lower().startswith(unfit):
            return None
        return f"SUBSTR(CAST({self.quote(column)} AS VARCHAR), 1, 256)"

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Asks how literals are read: no setting of Trino's changes that."""
        check_literals(self, session)
