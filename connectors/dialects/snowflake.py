"""Snowflake: the information schema of one database, and COMMENT without NULL.

The URL names the database; its schemas are the schemas here.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from catalog.change import CommentChange
from catalog.errors import ColumnistError, UsageError
from catalog.objects import Table, TableId, TableKind, column_of
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, EngineSource, Source
from connectors.dialects.bases.comment_on import CommentOnDialect, check_literals
from connectors.dialects.dialect import ConnectFault, Dialect, Selection
from connectors.schema import Field, Key, Relation, SchemaDialect

if TYPE_CHECKING:
    from sqlalchemy import URL

_SCHEMAS = """
SELECT schema_name FROM information_schema.schemata
WHERE schema_name <> 'INFORMATION_SCHEMA'
ORDER BY schema_name
"""

# https://docs.snowflake.com/en/sql-reference/info-schema/tables
_RELATIONS = """
SELECT t.table_name, t.table_type, t.is_dynamic, t.comment, t.row_count,
       v.view_definition
FROM information_schema.tables t
LEFT JOIN information_schema.views v
  ON v.table_schema = t.table_schema AND v.table_name = t.table_name
WHERE t.table_schema = :schema {one}
ORDER BY t.table_name
"""

# https://docs.snowflake.com/en/sql-reference/info-schema/columns
_COLUMNS = """
SELECT t.table_name, t.column_name, t.data_type, t.character_maximum_length,
       t.numeric_precision, t.numeric_scale, t.is_nullable, t.column_default, t.comment
FROM information_schema.columns t
WHERE t.table_schema = :schema {one}
ORDER BY t.table_name, t.ordinal_position
"""

_KINDS = {
    "BASE TABLE": TableKind.TABLE,
    "TEMPORARY TABLE": TableKind.TABLE,
    "VIEW": TableKind.VIEW,
    "MATERIALIZED VIEW": TableKind.MATERIALIZED_VIEW,
    "EXTERNAL TABLE": TableKind.FOREIGN_TABLE,
}

_PINNED = {
    # True would make "name" mean "NAME", another table:
    # https://docs.snowflake.com/en/sql-reference/parameters
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
    "MULTI_STATEMENT_COUNT": "1",
    "LOCK_TIMEOUT": "2",
}


class Snowflake(SchemaDialect, CommentOnDialect):
    """Comments on tables and their columns, on views and on materialized views."""

    name = "snowflake"
    label = "Snowflake"
    sqlglot = "snowflake"
    schema_spelled = "SELECT CURRENT_SCHEMA()"
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
        ConnectFault(
            r"Incorrect username or password|JWT token is invalid",
            "{label} refused the user name or the password.",
            "Check both, or the key that the URL names.",
        ),
        ConnectFault(
            r"No active warehouse",
            "{label} needs a warehouse to answer.",
            "Add ?warehouse=NAME to the URL.",
        ),
    )
    read_only_begin = "BEGIN"  # it has no read-only transactions

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """A pool of the connector's connections."""
        return EngineSource(url, connect_args={"login_timeout": max(1, ceil(timeout))})

    def resolve(self, session: DatabaseSession) -> Dialect:
        """This dialect, where the session is in a database.

        Raises:
            UsageError: The URL names none.
        """
        if session.value("SELECT CURRENT_DATABASE()") is None:
            raise UsageError(
                "The URL names no Snowflake database.",
                "It looks like snowflake://user@account/DATABASE?warehouse=NAME.",
            )
        return self

    def schema_in(self, url: URL) -> str:
        """What follows the database in the URL."""
        return (url.database or "").partition("/")[2]

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterator[str]:
        """Names of the database's schemas as stored, mostly in capitals."""
        yield from (row[0] for row in session.rows(_SCHEMAS))

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a schema, or the one named."""
        for table, kind, dynamic, comment, rows, view_sql in self.ask(
            session, _RELATIONS, schema, name
        ):
            refused = None
            if dynamic == "YES":
                refused = "comments on a dynamic table are not known here"
            elif kind == "EVENT TABLE":
                refused = "comments on an event table are not known here"
            yield Relation(
                table,
                _KINDS.get(kind, TableKind.TABLE if refused else TableKind.OTHER),
                comment,
                refused,
                None if rows is None else int(rows),
                view_sql or None,
            )

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Field]:
        """Columns of all tables of a schema, or of the one named."""
        for (
            table,
            column,
            kind,
            length,
            digits,
            scale,
            null,
            default,
            comment,
        ) in self.ask(session, _COLUMNS, schema, name):
            type_ = str(kind)
            if type_ == "NUMBER" and digits is not None:
                type_ = f"NUMBER({digits},{scale or 0})"
            elif type_ == "TEXT" and length is not None:
                type_ = f"VARCHAR({length})"
            yield Field(table, column, type_, null == "YES", default, comment)

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
            for key in [Key(row[7], row[12], row[8], TableId(row[2], row[3]), row[4])]
        ]
        for *_, key in sorted([*primary, *foreign], key=lambda one: one[:3]):
            yield key

    # -- sampling --------------------------------------------------------------

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        word = kind.partition("(")[0].upper()
        if word in ("BINARY", "ARRAY", "OBJECT", "MAP", "VECTOR", "FILE"):
            return None
        if word.startswith("GEO"):
            return None
        return f"LEFT(TO_VARCHAR({self.quote(column)}), 256)"

    # -- rendering -------------------------------------------------------------

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """`COMMENT ON`, but a materialized view is altered."""
        own = column_of(change.target) is None
        if not own or table.kind is not TableKind.MATERIALIZED_VIEW:
            return super().sql(table, change, basis)
        text = normal(change.text)
        action = f"SET COMMENT = {self.literal(text)}" if text else "UNSET COMMENT"
        return f"ALTER MATERIALIZED VIEW {self.table_name(table.id)} {action}"

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Pins what names and statements mean, and reads it back."""
        for name, wanted in _PINNED.items():
            session.run(f"ALTER SESSION SET {name} = {wanted}")
            rows = session.rows(f"SHOW PARAMETERS LIKE '{name}' IN SESSION")
            found = str(rows[0][1]).lower() if rows else "nothing"
            if found != wanted:
                raise ColumnistError(
                    f"{self.label} keeps {name} at {found} instead of {wanted}.",
                    "Nothing was written; ask the administrator which policy does "
                    "that.",
                )
        check_literals(self, session)
