"""Trino: the information schema of one catalog; the connector behind it may refuse."""

from __future__ import annotations

from typing import ClassVar

from catalog.objects import TableKind
from connectors.dialects.bases.schema import SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault

# https://trino.io/docs/current/connector/system.html
_RELATIONS = """
SELECT t.table_name,
       CASE WHEN m.definition IS NULL THEN t.table_type ELSE 'MATERIALIZED VIEW' END,
       c.comment, COALESCE(m.definition, v.view_definition)
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
_FIELDS = """
SELECT t.table_name, t.column_name, t.is_nullable, t.column_default, t.comment,
       t.data_type
FROM information_schema.columns t
WHERE t.table_schema = :schema {one}
ORDER BY t.table_name, t.ordinal_position
"""


class Trino(SchemaDialect, SequentialDialect):
    """Comments on tables, views and their columns, where the connector takes them."""

    name = "trino"
    label = "Trino"
    default_port = 8080
    sqlglot = "trino"
    isolation = None  # a transaction belongs to the client, not to SQL
    read_only_begin = "SELECT 1"
    catalog_sql = "SELECT current_catalog"
    no_catalog = (
        "The URL names no Trino catalog.",
        "It looks like trino://user@host:8080/catalog.",
    )
    schema_spelled = "SELECT current_schema"
    schemas_sql = "SELECT schema_name FROM information_schema.schemata"
    system_schemas = frozenset({"information_schema"})
    relations_sql = _RELATIONS
    fields_sql = _FIELDS
    as_text: ClassVar = {
        "varbinary|array|map|row|json|hyperloglog|geo": "",
        "": "SUBSTR(CAST({column} AS VARCHAR), 1, 256)",
    }
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
