"""CockroachDB: PostgreSQL's catalog with extensions, and comments as schema changes."""

from __future__ import annotations

from typing import ClassVar

from catalog.objects import TableKind
from connectors.dialects.bases.pg_catalog import PgCatalogDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.postgresql import PostgreSQL

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
_FIELDS = """
SELECT t.relname, t.column_name, t.is_nullable,
       CASE WHEN t.generation_expression <> ''
            THEN 'GENERATED ALWAYS AS (' || t.generation_expression || ')'
            ELSE t.column_default END,
       t.column_comment, t.crdb_sql_type
FROM (SELECT table_name AS relname, * FROM information_schema.columns) t
WHERE t.table_schema = :schema AND t.is_hidden = 'NO' {one}
ORDER BY t.relname, t.ordinal_position
"""


class CockroachDB(PgCatalogDialect, SequentialDialect):
    """Comments on tables and their columns."""

    name = "cockroachdb"
    label = "CockroachDB"
    family = "postgresql"
    drivername = "cockroachdb+psycopg"
    default_port = 26257
    sqlglot = "postgres"
    connect_arguments: ClassVar = {"application_name": "columnist"}
    timeout_arguments: ClassVar = {"": "connect_timeout"}
    # https://www.cockroachlabs.com/docs/stable/set-vars
    time_limit = "SET LOCAL statement_timeout = {milliseconds}"
    relations_sql = _RELATIONS
    fields_sql = _FIELDS
    as_text: ClassVar = {
        "bytes|geo|vector": "",
        "": "left({column}::STRING, 256)",
    }
    settings = ("SET lock_timeout = '2s'", "SET statement_timeout = '30s'")
    pinned: ClassVar = {"standard_conforming_strings": "on"}
    pinned_sql = "SHOW {name}"
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
