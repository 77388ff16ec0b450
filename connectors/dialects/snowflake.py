"""Snowflake: the information schema of one database, and COMMENT without NULL.

The URL names the database; its schemas are the schemas here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from catalog.change import CommentChange
from catalog.objects import Table, TableKind, column_of
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession
from connectors.dialects.bases.schema import Key, SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, wrong_password

# https://docs.snowflake.com/en/sql-reference/info-schema/tables
_RELATIONS = """
SELECT t.table_name,
       CASE WHEN t.is_dynamic = 'YES' THEN 'DYNAMIC TABLE' ELSE t.table_type END,
       t.comment, v.view_definition, t.row_count
FROM information_schema.tables t
LEFT JOIN information_schema.views v
  ON v.table_schema = t.table_schema AND v.table_name = t.table_name
WHERE t.table_schema = :schema {one}
ORDER BY t.table_name
"""

# https://docs.snowflake.com/en/sql-reference/info-schema/columns
_FIELDS = """
SELECT t.table_name, t.column_name, t.is_nullable, t.column_default, t.comment,
       t.data_type, t.character_maximum_length, t.numeric_precision, t.numeric_scale
FROM information_schema.columns t
WHERE t.table_schema = :schema {one}
ORDER BY t.table_name, t.ordinal_position
"""


def _type_text(
    name: str, length: int | None, digits: int | None, scale: int | None
) -> str:
    if name == "NUMBER" and digits is not None:
        return f"NUMBER({digits},{scale or 0})"
    if name == "TEXT" and length is not None:
        return f"VARCHAR({length})"
    return name


class Snowflake(SchemaDialect, SequentialDialect):
    """Comments on tables and their columns, on views and on materialized views."""

    name = "snowflake"
    label = "Snowflake"
    sqlglot = "snowflake"
    timeout_arguments: ClassVar = {"": "login_timeout"}
    read_only_begin = "BEGIN"  # it has no read-only transactions
    catalog_sql = "SELECT CURRENT_DATABASE()"
    no_catalog = (
        "The URL names no Snowflake database.",
        "It looks like snowflake://user@account/DATABASE?warehouse=NAME.",
    )
    schema_spelled = "SELECT CURRENT_SCHEMA()"
    schemas_sql = "SELECT schema_name FROM information_schema.schemata"
    system_schemas = frozenset({"information_schema"})
    relations_sql = _RELATIONS
    kinds: ClassVar = {
        **SchemaDialect.kinds,
        "TEMPORARY TABLE": TableKind.TABLE,
        "EXTERNAL TABLE": TableKind.FOREIGN_TABLE,
        "DYNAMIC TABLE": TableKind.TABLE,
        "EVENT TABLE": TableKind.TABLE,
    }
    refused_kinds: ClassVar = {
        "DYNAMIC TABLE": "comments on a dynamic table are not known here",
        "EVENT TABLE": "comments on an event table are not known here",
    }
    fields_sql = _FIELDS
    type_text = staticmethod(_type_text)
    as_text: ClassVar = {
        r"(BINARY|ARRAY|OBJECT|MAP|VECTOR|FILE)\b|GEO": "",
        "": "LEFT(TO_VARCHAR({column}), 256)",
    }
    pinned: ClassVar = {
        # True would make "name" mean "NAME", another table:
        # https://docs.snowflake.com/en/sql-reference/parameters
        "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
        "MULTI_STATEMENT_COUNT": "1",
        "LOCK_TIMEOUT": "2",
    }
    pinning_sql = "ALTER SESSION SET {name} = {value}"
    pinned_sql = "SHOW PARAMETERS LIKE '{name}' IN SESSION"
    # https://docs.snowflake.com/en/sql-reference/sql/comment has ON COLUMN for tables;
    # materialized views: .../sql/alter-materialized-view
    table_keywords: ClassVar = {
        TableKind.TABLE: "TABLE",
        TableKind.VIEW: "VIEW",
        TableKind.MATERIALIZED_VIEW: "MATERIALIZED VIEW",
    }
    column_kinds: ClassVar = frozenset({TableKind.TABLE})
    # IS NULL is a syntax error: snowflake-sqlalchemy #273
    no_comment = "''"
    lock = "the table, for the moment of the statement"
    cannot: ClassVar = (
        "comment on columns of views: the documentation has it only in CREATE VIEW",
        "comment on external, dynamic and event tables, which were not looked into",
        "see more than 10,000 keys of one schema, which is where SHOW ends",
    )
    # https://docs.snowflake.com/en/sql-reference/transactions#resource-locking
    lock_codes: ClassVar = frozenset({"000625", "625", "57014"})
    table_refusals: ClassVar = frozenset({"42501", "003001", "3001"})
    refusals: ClassVar = {
        "42501": "your role has no right to change it",
        "003001": "your role has no right to change it",
        "002003": "it is no longer in the database, or your role may not see it",
        "02000": "it is no longer in the database, or your role may not see it",
        "42S02": "it is no longer in the database, or your role may not see it",
    }
    code_pattern = r"^(\d{6}) \("
    connect_faults: ClassVar = (
        wrong_password(r"Incorrect username or password"),
        ConnectFault(
            r"JWT token is invalid",
            "{label} refused the user name or the key.",
            "Check both: the URL or the connection names the key's file.",
        ),
        ConnectFault(
            r"No active warehouse",
            "{label} needs a warehouse to answer.",
            "Add ?warehouse=NAME to the URL.",
        ),
    )

    # -- reading ---------------------------------------------------------------

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Key]:
        """Key columns, from SHOW; the information schema does not name them."""
        within = f"SCHEMA {self.quote(schema)}"
        if name:
            within = f"TABLE {self.quote(schema, name)}"
        # https://docs.snowflake.com/en/sql-reference/sql/show-primary-keys: from the
        # fourth on: table, column, place, constraint.
        primary = [
            (row[3], row[6], int(row[5]), Key(row[3], row[6], row[4]))
            for row in session.rows(f"SHOW PRIMARY KEYS IN {within}")
        ]
        # https://docs.snowflake.com/en/sql-reference/sql/show-imported-keys: the other
        # side's database, schema, table and column, then this side's, place, …, name.
        foreign = [
            (row[7], row[12], int(row[9]), key)
            for row in session.rows(f"SHOW IMPORTED KEYS IN {within}")
            for key in [Key(row[7], row[12], row[8], row[2], row[3], row[4])]
        ]
        for *_, key in sorted([*primary, *foreign], key=lambda one: one[:3]):
            yield key

    # -- rendering -------------------------------------------------------------

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """`COMMENT ON`, but a materialized view is altered."""
        own = column_of(change.target) is None
        if not own or table.kind is not TableKind.MATERIALIZED_VIEW:
            return super().sql(table, change, basis)
        text = normal(change.text)
        action = f"SET COMMENT = {self.literal(text)}" if text else "UNSET COMMENT"
        return f"ALTER MATERIALIZED VIEW {self.table_name(table.id)} {action}"
