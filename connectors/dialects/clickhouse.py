"""ClickHouse: system tables a database at a time, one ALTER a table for its comments.

The driver is clickhouse-connect. Statements go to its client, because its cursor makes
one per cent sign of two, also where a statement has no parameters.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from catalog.change import CommentChange
from catalog.objects import Table, TableKind, column_of
from connectors.database_session import (
    DatabaseSession,
    EngineSession,
    Fault,
    Row,
    SessionSource,
)
from connectors.dialects.bases.schema import Key, SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import Dialect, no_database, wrong_password
from connectors.run import Part, Run, Statement

if TYPE_CHECKING:
    from sqlalchemy import URL

# What begins with .inner holds a materialized view's rows, and goes with it.
_RELATIONS = """
SELECT name AS table, engine, comment, as_select, total_rows
FROM system.tables
WHERE database = {schema} AND NOT is_temporary AND NOT startsWith(name, '.inner') {one}
ORDER BY name
"""

# Other kinds of default are MATERIALIZED, ALIAS and EPHEMERAL.
_FIELDS = """
SELECT table, name,
       startsWith(type, 'Nullable(') OR startsWith(type, 'LowCardinality(Nullable('),
       if(default_kind = 'DEFAULT', '', default_kind) || ' ' || default_expression,
       comment, type
FROM system.columns
WHERE database = {schema} {one}
ORDER BY table, position
"""

_KEYS = """
SELECT name AS table, primary_key FROM system.tables
WHERE database = {schema} AND primary_key <> '' {one}
"""

_KINDS = {
    "View": TableKind.VIEW,
    "LiveView": TableKind.VIEW,
    "WindowView": TableKind.VIEW,
    "MaterializedView": TableKind.MATERIALIZED_VIEW,
    "Dictionary": TableKind.OTHER,
}
"""Engines that are not tables; all others are."""


class ClickHouseSession(EngineSession):
    """A session that hands text to the client as it is."""

    @staticmethod
    @contextmanager
    def faults() -> Generator[None]:
        """Turns the driver's errors, also inside SQLAlchemy's, into faults."""
        from sqlalchemy import exc

        # It comes with an extra only.
        errors: Any = import_module("clickhouse_connect.driver.exceptions")
        try:
            yield
        except exc.DBAPIError as error:
            raise _fault_of(str(error.orig), lost=False) from error
        except errors.OperationalError as error:
            # Without a code of the server's it is the network's.
            raise _fault_of(str(error), lost=True) from error
        except (errors.ClickHouseError, exc.SQLAlchemyError, OSError) as error:
            raise _fault_of(str(error), lost=False) from error

    def run(self, sql: str) -> None:
        """Execute one statement, passing the text through untouched."""
        with self.faults():
            self._client.command(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """All rows of a query; parameters are bound by name, written `%(name)s`."""
        with self.faults():
            return list(self._client.query(sql, parameters or None).result_rows)

    @property
    def _client(self) -> Any:
        return self.driver.client


def _fault_of(words: str, *, lost: bool) -> Fault:
    """The fault in the server's words, with its number where it gave one."""
    found = re.search(r"Code: (\d+)\. DB::Exception: (.*)", words, re.DOTALL)
    if found is None:
        return Fault(words, lost=lost)
    return Fault(re.sub(r" \((version|for url) .*", "", found[2]), code=found[1])


class ClickHouse(SchemaDialect, SequentialDialect):
    """Comments on tables, views, their columns, and materialized views."""

    name = "clickhouse"
    label = "ClickHouse"
    drivername = "clickhousedb+connect"
    default_port = 8123
    sqlglot = "clickhouse"
    # A session of the server's own would be bound to one node of a cluster.
    connect_arguments: ClassVar = {
        "client_name": "columnist",
        "autogenerate_session_id": False,
    }
    timeout_arguments: ClassVar = {"": "connect_timeout"}
    isolation = None
    session_type = ClickHouseSession
    # https://clickhouse.com/docs/sql-reference/syntax#identifiers
    folds_tables = False
    folds_columns = False
    database_is_schema = True
    schema_spelled = "SELECT currentDatabase()"
    schemas_sql = "SELECT name FROM system.databases"
    folds_case = False
    system_schemas = frozenset({"system", "information_schema", "INFORMATION_SCHEMA"})
    relations_sql = _RELATIONS
    kinds: ClassVar = _KINDS
    other_kind = TableKind.TABLE
    fields_sql = _FIELDS
    one_table = "AND table = {name}"
    probe_sql = ""  # there is no setting for literals
    # https://clickhouse.com/docs/sql-reference/statements/alter/comment; OTHER is a
    # dictionary.
    table_keywords: ClassVar = {
        TableKind.TABLE: "TABLE",
        TableKind.VIEW: "TABLE",
        TableKind.MATERIALIZED_VIEW: "TABLE",
        TableKind.OTHER: "TABLE",
    }
    # https://clickhouse.com/docs/sql-reference/statements/alter/column#comment-column
    # A materialized view's column is accepted, but kept only by some of the engines
    # that it may have inside (ran on 26.9: Memory keeps it, MergeTree does not).
    column_kinds: ClassVar = frozenset({TableKind.TABLE, TableKind.VIEW})
    refused_columns: ClassVar = {
        TableKind.OTHER: "ClickHouse has no comments on columns of a dictionary"
    }
    lock = "nothing that a query waits for; other ALTERs of the table"
    cannot: ClassVar = (
        "columns of a materialized view or a dictionary",
        "other nodes of a cluster whose database is not replicated",
    )
    # https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
    lock_codes: ClassVar = frozenset({"473", "517"})
    table_refusals: ClassVar = frozenset({"60", "81", "164"})
    refusals: ClassVar = {
        "10": "the column is no longer in the database; scan again",
        "16": "the column is no longer in the database; scan again",
        "48": "this table engine has no such comments",
        "60": "it is no longer in the database; scan again",
        "62": "the statement is longer than the server's max_query_size",
        "81": "its database is no longer there; scan again",
        "164": "the server or the user is read-only",
        "229": "the table's definition would be longer than max_query_size",
        "497": "you have no right to comment on it",
    }
    connect_faults: ClassVar = (
        wrong_password(r"\b(516|192|193|194)\b|AUTHENTICATION_FAILED"),
        no_database(r"^81 |UNKNOWN_DATABASE"),
    )
    as_text: ClassVar = {
        "AggregateFunction|Nothing": "",
        "": "substringUTF8(toString({column}), 1, 256)",
    }
    read_only_begin = "SELECT 1"  # there are no transactions
    actions: ClassVar = 200
    """Comments in one ALTER: what is refused together is tried again in halves."""
    # https://clickhouse.com/docs/operations/settings/settings#max_query_size
    longest: ClassVar = 200_000
    """Bytes of one ALTER; the server parses 262,144 unless told otherwise."""

    def __init__(self) -> None:
        self._may_set = True

    def source(self, url: URL, *, timeout: float, read_only: bool) -> SessionSource:
        """A pool of clickhouse-connect's clients."""
        if url.drivername.partition("+")[2] in ("", "connect"):
            url = url.set(drivername=self.drivername)
        return super().source(url, timeout=timeout, read_only=read_only)

    def resolve(self, session: DatabaseSession) -> Dialect:
        """Learns whether this user may set a time limit."""
        # https://clickhouse.com/docs/operations/settings/permissions-for-queries
        setting = "SELECT value FROM system.settings WHERE name = 'readonly'"
        self._may_set = str(session.value(setting)) != "1"
        return self

    # -- reading ---------------------------------------------------------------

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Key]:
        """Parts of the primary keys, which ClickHouse prints as `a, b` or `(a, b)`.

        One that is an expression fits no column, and makes it no key.
        """
        for table, text in self.ask(session, _KEYS, schema, name):
            if text.startswith("(") and text.endswith(")"):
                text = text[1:-1]
            for part in text.split(", "):
                yield Key(table, "", re.sub(r"\\(.)", r"\1", part.strip("`")))

    def ask(
        self, session: DatabaseSession, sql: str, schema: str = "", name: str = ""
    ) -> list[Row]:
        """Rows of a catalog query, with its values in the text of the query."""
        one = self.one_table.format(name=self.literal(name)) if name else ""
        return session.rows(sql.format(schema=self.literal(schema), one=one))

    def sample_sql(
        self, table: Table, expressions: Sequence[str], rows: int, seconds: float
    ) -> str:
        """The query with a limit of its own, where this user may set one."""
        sql = super().sample_sql(table, expressions, rows, seconds)
        limit = f" SETTINGS max_execution_time = {max(1, ceil(seconds))}"
        return sql + limit if self._may_set else sql

    # -- rendering -------------------------------------------------------------

    def render(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> Run:
        """One ALTER for all comments of the table, or a few for very many."""
        head = f"ALTER TABLE {self.table_name(table.id)} "
        batches: list[list[Part]] = []
        length = 0
        bases = self.bases(session, table, changes)
        for change, basis in zip(changes, bases, strict=True):
            part = Part(change, self.sql(table, change, basis), basis)
            size = len(part.sql.encode()) + 2
            full = batches and len(batches[-1]) == self.actions
            if not batches or full or length + size > self.longest:
                batches.append([])
                length = 0
            batches[-1].append(part)
            length += size
        return Run(tuple(Statement(tuple(parts), head) for parts in batches))

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """What one comment is in an ALTER; an empty text clears it."""
        text = self.literal(change.text or "")
        name = column_of(change.target)
        if name is None:
            return f"MODIFY COMMENT {text}"
        return f"COMMENT COLUMN {self.quote(name)} {text}"
