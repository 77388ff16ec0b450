"""CockroachDB: PostgreSQL's catalog with extensions, and comments as schema changes."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from catalog.errors import ColumnistError
from catalog.objects import TableKind
from connectors.constraint import KEYS, keys_of
from connectors.database_session import DatabaseSession, EngineSource, Source
from connectors.dialects.bases.comment_on import CommentOnDialect, check_literals
from connectors.dialects.dialect import Selection
from connectors.dialects.postgresql import PostgreSQL
from connectors.schema import Field, Key, Relation, SchemaDialect

if TYPE_CHECKING:
    from sqlalchemy import URL

_SCHEMAS = """
SELECT nspname FROM pg_catalog.pg_namespace
WHERE nspname NOT IN ('crdb_internal', 'information_schema')
  AND nspname NOT LIKE 'pg_%'
ORDER BY nspname
"""

_RELATIONS = """
SELECT t.relname, t.relkind, d.description,
       CASE WHEN t.relkind IN ('v', 'm') THEN pg_get_viewdef(t.oid) END
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = t.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE s.nspname = :schema AND t.relkind IN ('r', 'v', 'm') {one}
ORDER BY t.relname
"""

# https://www.cockroachlabs.com/docs/stable/information-schema#columns has the comment,
# the type as written, and the hidden rowid of a table without a primary key.
_COLUMNS = """
SELECT t.relname, t.column_name, t.crdb_sql_type, t.is_nullable, t.column_default,
       t.generation_expression, t.column_comment
FROM (SELECT table_name AS relname, * FROM information_schema.columns) t
WHERE t.table_schema = :schema AND t.is_hidden = 'NO' {one}
ORDER BY t.relname, t.ordinal_position
"""

_KINDS = {
    "r": TableKind.TABLE,
    "v": TableKind.VIEW,
    "m": TableKind.MATERIALIZED_VIEW,
}


class CockroachDB(SchemaDialect, CommentOnDialect):
    """Comments on tables and their columns."""

    name = "cockroachdb"
    label = "CockroachDB"
    family = "postgresql"
    drivername = "cockroachdb+psycopg"
    default_port = 26257
    sqlglot = "postgres"
    # https://www.cockroachlabs.com/docs/stable/comment-on: databases, schemas, tables,
    # columns, indexes and types; views are not named, so they are refused.
    table_keywords: ClassVar = {TableKind.TABLE: "TABLE"}
    column_kinds: ClassVar = frozenset(table_keywords)
    # A comment is a schema change, and those are not atomic in a transaction:
    # https://www.cockroachlabs.com/docs/stable/online-schema-changes
    transactional = False
    lock = "nothing: it is an online schema change"
    cannot: ClassVar = (
        "comment on views",
        "keep comments in a backup of single tables: they are in system.comments",
    )
    lock_codes: ClassVar = PostgreSQL.lock_codes
    table_refusals: ClassVar = frozenset({"42501", "42P01", "3F000"})
    refusals: ClassVar = {
        "42501": "you lack the right CREATE on it",
        "42P01": "it is no longer in the database; scan again",
        "3F000": "its schema is no longer in the database; scan again",
        "42703": "the column is no longer in the database; scan again",
        "40001": "other transactions were in the way; try again",
    }
    connect_faults: ClassVar = PostgreSQL.connect_faults
    # https://www.cockroachlabs.com/docs/stable/set-vars
    time_limit = "SET LOCAL statement_timeout = {milliseconds}"
    one_table = "AND t.relname = :name"

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """A pool of connections of psycopg or psycopg2."""
        seconds = max(2, ceil(timeout))  # libpq raises 1 to 2 itself
        arguments = {"connect_timeout": seconds, "application_name": "columnist"}
        return EngineSource(url, connect_args=arguments)

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterator[str]:
        """Names of the schemas there are, without the system's."""
        yield from (row[0] for row in session.rows(_SCHEMAS))

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a schema, or the one named."""
        for table, kind, comment, view_sql in self.ask(
            session, _RELATIONS, schema, name
        ):
            yield Relation(table, _KINDS[kind], comment, view_sql=view_sql)

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Field]:
        """Columns of all tables of a schema, or of the one named."""
        for table, column, type_, nullable, default, expression, comment in self.ask(
            session, _COLUMNS, schema, name
        ):
            made = f"GENERATED ALWAYS AS ({expression})" if expression else default
            yield Field(table, column, type_, nullable == "YES", made, comment)

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Key]:
        """Key columns of all tables of a schema, or of the one named."""
        yield from keys_of(self.ask(session, KEYS, schema, name))

    # -- sampling --------------------------------------------------------------

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        if kind.lower().startswith(("bytes", "geo", "vector")):
            return None
        return f"left({self.quote(column)}::STRING, 256)"

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Limits waiting, and stops where backslashes would be escapes."""
        session.run("SET lock_timeout = '2s'")
        session.run("SET statement_timeout = '30s'")
        found = session.value("SHOW standard_conforming_strings")
        if found != "on":
            raise ColumnistError(
                f"{self.label} keeps standard_conforming_strings at {found} instead "
                "of on.",
                "Nothing was written; ask the administrator which setting does that.",
            )
        check_literals(self, session)
