"""Amazon Redshift: PostgreSQL's catalog and COMMENT, with literals of its own.

It began as PostgreSQL 8.0 and has none of the settings and little of the SQL that
Columnist's PostgreSQL relies on, so only words for errors are shared with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from catalog.objects import TableKind
from connectors.database_session import DatabaseSession, Fault
from connectors.dialects.bases.pg_catalog import PgCatalogDialect
from connectors.dialects.bases.schema import Field
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.postgresql import PostgreSQL
from connectors.quoting import single_quoted

# A materialized view is a view here that tells by its definition, with a table
# mv_tbl__NAME__0 behind it:
# https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-create-sql-command.html
_RELATIONS = """
SELECT t.relname,
       CASE WHEN t.relkind = 'r' THEN 'r'
            WHEN LOWER(SUBSTRING(pg_get_viewdef(t.oid), 1, 200))
                 LIKE '%materialized view%' THEN 'm' ELSE 'v' END,
       d.description, CASE WHEN t.relkind = 'v' THEN pg_get_viewdef(t.oid) END,
       CASE WHEN t.relkind = 'r' THEN CAST(t.reltuples AS bigint) END
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = t.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE s.nspname = :schema AND t.relkind IN ('r', 'v')
  AND NOT (t.relkind = 'r' AND t.relname LIKE 'mv_tbl__%__0') {one}
ORDER BY t.relname
"""

_FIELDS = """
SELECT t.relname, a.attname, NOT a.attnotnull, pg_get_expr(x.adbin, x.adrelid),
       d.description, format_type(a.atttypid, a.atttypmod)
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
_LATE_FIELDS = """
SELECT t.relname, t.attname, t.type
FROM pg_get_late_binding_view_cols()
  t(nspname name, relname name, attname name, type varchar, attnum int)
WHERE t.nspname = :schema {one}
ORDER BY t.relname, t.attnum
"""

_LATE = "the columns of a late-binding view have no place for a comment"


class Redshift(PgCatalogDialect, SequentialDialect):
    """Comments on tables, views and the columns that the catalog holds."""

    name = "redshift"
    label = "Amazon Redshift"
    family = "postgresql"
    # psycopg3 asks for settings that Redshift does not have.
    drivername = "redshift+psycopg2"
    default_port = 5439
    sqlglot = "redshift"
    timeout_arguments: ClassVar = {
        "psycopg2": "connect_timeout",
        "redshift_connector": "timeout",
    }
    time_limit = "SET LOCAL statement_timeout TO {milliseconds}"
    relations_sql = _RELATIONS
    fields_sql = _FIELDS
    as_text: ClassVar = {
        "boolean|super|varbyte|binary|geo|hll": "",
        "": "LEFT({column}::varchar, 256)",
    }
    # https://docs.aws.amazon.com/redshift/latest/dg/r_statement_timeout.html
    settings = ("SET statement_timeout TO 30000",)
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

    # -- reading ---------------------------------------------------------------

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Field]:
        """Columns of all tables of a schema, or of the one named."""
        yield from super().fields(session, schema, name)
        try:
            late = self.ask(session, _LATE_FIELDS, schema, name)
        except Fault as fault:
            if fault.lost:
                raise
            return  # one broken view fails them all
        for table, column, type_ in late:
            yield Field(table, column, type=type_, refused=_LATE)

    # -- rendering -------------------------------------------------------------

    def literal(self, text: str) -> str:
        """A string literal, in which Redshift reads backslashes as escapes.

        https://docs.aws.amazon.com/redshift/latest/dg/r_Examples_with_character_types.html
        A quote is doubled, because redshift_connector looks for the end of a literal
        itself and does not know of backslashes.
        """
        return single_quoted(text.replace("\\", "\\\\"))
