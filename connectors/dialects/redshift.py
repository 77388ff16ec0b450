"""Amazon Redshift: PostgreSQL's catalog and COMMENT, with literals of its own.

It began as PostgreSQL 8.0 and has none of the settings and little of the SQL that
Columnist's PostgreSQL relies on, so only words for errors are shared with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from catalog.objects import TableKind
from connectors.constraint import KEYS, keys_of
from connectors.database_session import DatabaseSession, EngineSource, Fault, Source
from connectors.dialects.bases.comment_on import CommentOnDialect, check_literals
from connectors.dialects.dialect import Selection
from connectors.dialects.postgresql import PostgreSQL
from connectors.quoting import single_quoted
from connectors.schema import Field, Key, Relation, SchemaDialect

if TYPE_CHECKING:
    from sqlalchemy import URL

_SCHEMAS = """
SELECT nspname FROM pg_catalog.pg_namespace
WHERE nspname NOT IN ('information_schema', 'catalog_history') AND nspname !~ '^pg_'
ORDER BY nspname
"""

# A materialized view is a view here, with a table mv_tbl__NAME__0 behind it:
# https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-create-sql-command.html
_RELATIONS = """
SELECT t.relname, t.relkind, d.description,
       CASE WHEN t.relkind = 'v' THEN pg_get_viewdef(t.oid) END,
       CASE WHEN t.relkind = 'r' THEN CAST(t.reltuples AS bigint) END
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = t.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE s.nspname = :schema AND t.relkind IN ('r', 'v')
  AND NOT (t.relkind = 'r' AND t.relname LIKE 'mv_tbl__%__0') {one}
ORDER BY t.relname
"""

_COLUMNS = """
SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(x.adbin, x.adrelid), d.description
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class t ON t.oid = a.attrelid
JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_attrdef x ON x.adrelid = a.attrelid AND x.adnum = a.attnum
LEFT JOIN pg_catalog.pg_description d ON d.objoid = a.attrelid
  AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass
WHERE s.nspname = :schema AND t.relkind IN ('r', 'v') AND a.attnum > 0
  AND NOT a.attisdropped {one}
ORDER BY t.relname, a.attnum
"""

# https://docs.aws.amazon.com/redshift/latest/dg/PG_GET_LATE_BINDING_VIEW_COLS.html
_LATE_COLUMNS = """
SELECT t.relname, t.attname, t.type
FROM pg_get_late_binding_view_cols()
  t(nspname name, relname name, attname name, type varchar, attnum int)
WHERE t.nspname = :schema {one}
ORDER BY t.relname, t.attnum
"""

_LATE = "the columns of a late-binding view have no place for a comment"


class Redshift(SchemaDialect, CommentOnDialect):
    """Comments on tables, views and the columns that the catalog holds."""

    name = "redshift"
    label = "Amazon Redshift"
    family = "postgresql"
    # psycopg3 asks for settings that Redshift does not have.
    drivername = "redshift+psycopg2"
    default_port = 5439
    sqlglot = "redshift"
    # https://docs.aws.amazon.com/redshift/latest/dg/r_COMMENT.html names tables, views
    # and columns; a materialized view's keyword is nowhere said.
    table_keywords: ClassVar = {TableKind.TABLE: "TABLE", TableKind.VIEW: "VIEW"}
    column_kinds: ClassVar = frozenset(table_keywords)
    lock = "nothing that readers or writers of rows wait for"
    cannot: ClassVar = (
        "comment on materialized views: the documentation names no statement",
        "comment on columns of late-binding views, which are not in the catalog",
        "see external schemas (Spectrum) and tables shared from another cluster",
    )
    # https://docs.aws.amazon.com/redshift/latest/dg/r_STV_LOCKS.html
    lock_codes: ClassVar = frozenset({"55P03", "40P01", "40001"})
    table_refusals: ClassVar = frozenset({"42501", "42P01", "3F000"})
    refusals: ClassVar = {
        code: PostgreSQL.refusals[code] for code in ("42501", "42P01", "3F000", "42703")
    }
    connect_faults: ClassVar = PostgreSQL.connect_faults
    time_limit = "SET LOCAL statement_timeout TO {milliseconds}"
    one_table = "AND t.relname = :name"

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """A pool of psycopg2 connections, or of the driver that the URL names."""
        seconds = max(2, ceil(timeout))
        known = url.drivername.endswith("+psycopg2")
        arguments = {"connect_timeout": seconds} if known else {"timeout": seconds}
        return EngineSource(url, connect_args=arguments)

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterator[str]:
        """Names of the schemas there are, without the system's."""
        yield from (row[0] for row in session.rows(_SCHEMAS))

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a schema, or the one named."""
        for table, kind, comment, view_sql, rows in self.ask(
            session, _RELATIONS, schema, name
        ):
            yield Relation(
                table,
                _kind(kind, view_sql),
                comment,
                rows=int(rows) if rows is not None and rows >= 0 else None,
                view_sql=view_sql,
            )

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Field]:
        """Columns of all tables of a schema, or of the one named."""
        for table, column, type_, required, default, comment in self.ask(
            session, _COLUMNS, schema, name
        ):
            yield Field(table, column, type_, not required, default, comment)
        try:
            late = self.ask(session, _LATE_COLUMNS, schema, name)
        except Fault as fault:
            if fault.lost:
                raise
            return  # one broken view fails them all
        for table, column, type_ in late:
            yield Field(table, column, type_, refused=_LATE)

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Key]:
        """Key columns; Redshift declares keys and does not enforce them."""
        yield from keys_of(self.ask(session, KEYS, schema, name))

    # -- sampling --------------------------------------------------------------

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        if kind.startswith(("boolean", "super", "varbyte", "binary", "geo", "hll")):
            return None
        return f"LEFT({self.quote(column)}::varchar, 256)"

    # -- rendering -------------------------------------------------------------

    def literal(self, text: str) -> str:
        """A string literal, in which Redshift reads backslashes as escapes.

        https://docs.aws.amazon.com/redshift/latest/dg/r_Examples_with_character_types.html
        A quote is doubled, because redshift_connector looks for the end of a literal
        itself and does not know of backslashes.
        """
        return single_quoted(text.replace("\\", "\\\\"))

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Limits waiting, and asks how literals are read: no setting says it."""
        # https://docs.aws.amazon.com/redshift/latest/dg/r_statement_timeout.html
        session.run("SET statement_timeout TO 30000")
        check_literals(self, session)


def _kind(kind: str, view_sql: str | None) -> TableKind:
    """What a relation is; a materialized view tells by its definition."""
    if kind == "r":
        return TableKind.TABLE
    if "materialized view" in (view_sql or "")[:200].lower():
        return TableKind.MATERIALIZED_VIEW
    return TableKind.VIEW
