"""MySQL and what it shares with MariaDB: information_schema, and ALTER for comments.

Nothing here was tried on a MySQL server; MariaDB's own file says what was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from catalog.objects import Table, TableId, TableKind
from catalog.stopping import Stop
from connectors.database_session import (
    DatabaseSession,
    EngineSource,
    Fault,
    Row,
    SessionSource,
)
from connectors.dialects.bases.altering import AlteringDialect
from connectors.dialects.bases.grants import may_alter
from connectors.dialects.bases.mysql_session import PyMySQLSession
from connectors.dialects.bases.schema import Field, Relation, SchemaDialect
from connectors.dialects.dialect import (
    ConnectFault,
    Dialect,
    Selection,
    dialect_named,
    no_database,
    wrong_password,
)
from connectors.option_file import with_option_files
from connectors.quoting import backslash_escaped, backticked

if TYPE_CHECKING:
    from sqlalchemy import URL


_TABLES = """
SELECT table_name, table_type, table_rows, table_comment, create_options
FROM information_schema.tables
WHERE table_schema = :schema {one} AND table_type <> 'SEQUENCE'
  AND table_type NOT LIKE '%TEMPORARY%'
ORDER BY table_name
"""

# Every field of every row costs PyMySQL a microsecond, so two of them come as one.
_COLUMNS = """
SELECT table_name, column_name, column_type,
       CONCAT(is_nullable, ' ', IFNULL(extra, '')), column_default,
       generation_expression, column_comment
FROM information_schema.columns
WHERE table_schema = :schema {one}
ORDER BY table_name, ordinal_position
"""

_KEYS = """
SELECT table_name, constraint_name, column_name, referenced_table_schema,
       referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage
WHERE table_schema = :schema {one}
  AND (constraint_name = 'PRIMARY' OR referenced_table_name IS NOT NULL)
ORDER BY table_name, constraint_name, ordinal_position
"""

_VIEWS = """
SELECT table_name, view_definition FROM information_schema.views
WHERE table_schema = :schema {one}
"""

_PINNED = {
    # No ANSI_QUOTES or NO_BACKSLASH_ESCAPES, which change how text is read, and no
    # NO_ZERO_DATE, which refuses to restate old defaults; strict, or a comment that
    # is too long is cut silently.
    "sql_mode": "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
    "sql_quote_show_create": 1,
    "character_set_client": "utf8mb4",
    "character_set_connection": "utf8mb4",
    "character_set_results": "utf8mb4",
}

GEOMETRIES = frozenset(
    {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring"}
    | {"multipolygon", "geometrycollection"}
)


class MySQL(SchemaDialect, AlteringDialect):
    """Comments on base tables and their columns, by restating definitions."""

    name = "mysql"
    label = "MySQL"
    family = "mysql"
    drivername = "mysql+pymysql"
    default_port = 3306
    sqlglot = "mysql"
    # Where its files are on a system that folds case, but that is not the usual one:
    # https://dev.mysql.com/doc/refman/8.4/en/identifier-case-sensitivity.html
    folds_tables = False
    database_is_schema = True
    # https://dev.mysql.com/doc/refman/8.4/en/replication-options.html
    identity_sql = "SELECT @@server_uuid, CONCAT_WS('/', @@hostname, @@port, @@datadir)"
    schema_spelled = "SELECT DATABASE()"
    schemas_sql = "SELECT schema_name FROM information_schema.schemata"
    folds_case = False
    system_schemas = frozenset(
        {"information_schema", "mysql", "performance_schema", "sys"}
    )
    keys_sql = (_KEYS,)
    one_table = "AND table_name = :name"
    no_columns: ClassVar = {
        TableKind.VIEW: "what it is made of is gone, so the server lists no column"
    }
    refused_columns: ClassVar = {
        TableKind.VIEW: "a view's column shows the comment of the column it comes from"
    }
    proved = False
    # https://dev.mysql.com/doc/refman/8.4/en/alter-table.html; views: error 1347
    table_keywords: ClassVar = {
        TableKind.TABLE: "TABLE",
        TableKind.PARTITIONED_TABLE: "TABLE",
    }
    column_kinds: ClassVar = frozenset(table_keywords)
    # https://dev.mysql.com/doc/refman/8.4/en/create-table.html
    table_limit = 2048
    column_limit = 1024
    supplementary = False
    lock = (
        "the table for reading and writing, while it is compared and altered; whoever "
        "comes meanwhile waits"
    )
    # INSTANT takes no LOCK clause; a table's comment is not INSTANT in 8.0:
    # https://github.com/block/spirit/pull/1050
    algorithm = "ALGORITHM=INSTANT"
    table_algorithm = "ALGORITHM=INPLACE, LOCK=NONE"
    as_text: ClassVar = {
        rf"\w*(blob|binary)\b|({'|'.join(GEOMETRIES)}|bit|vector)\b": "",
        "": "LEFT(CAST({column} AS CHAR), 256)",
    }
    read_only_begin = "START TRANSACTION READ ONLY"
    # The limit is the query's own, because the connection is used again.
    sample_query = (
        "SELECT /*+ MAX_EXECUTION_TIME({milliseconds}) */ {expressions} FROM {table} "
        "LIMIT {rows}"
    )
    # https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
    lock_codes: ClassVar = frozenset({"1205", "1213"})
    rebuild_codes: ClassVar = frozenset({"1845", "1846"})
    unlockable_codes: ClassVar = frozenset({"1044", "1100", "1142", "1227"})
    table_refusals: ClassVar = frozenset(
        {"1044", "1142", "1146", "1227", "1290", "1792", "1836"}
    )
    refusals: ClassVar = {
        "1044": "you have no right to alter it",
        "1142": "you have no right to alter it",
        "1227": "you have no right to alter it",
        "1146": "it is no longer in the database; scan again",
        "1054": "the column is no longer in the database; scan again",
        "1290": "the server is read-only",
        "1792": "the server is read-only",
        "1836": "the server is read-only",
        "1347": "it is a view",
    }
    connect_faults: ClassVar = (
        wrong_password(r"^(1045|1698) "),
        no_database(r"^1049 "),
        ConnectFault(
            r"^(1044|1130) ",
            "{label} does not let this user in from here.",
            "Ask its administrator for the right to connect.",
        ),
        ConnectFault(
            r"^(1040|1203|1226) ",
            "{label} has no connection left.",
            "Try again later.",
        ),
        ConnectFault(
            r"cryptography",
            "{label} wants a login that needs the cryptography package.",
            "Install it beside Columnist: pip install cryptography.",
        ),
    )

    settings: ClassVar[tuple[str, ...]] = (
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
        "sql_quote_show_create = 1, lock_wait_timeout = 2",
    )
    """Pinned on every connection."""
    script_head: ClassVar = ("SET NAMES utf8mb4", *settings)

    def complete(self, url: URL) -> URL:
        """The URL with what the user's my.cnf adds to it."""
        return with_option_files(url)

    def source(self, url: URL, *, timeout: float, read_only: bool) -> SessionSource:
        """A pool of PyMySQL connections."""
        settings = self.settings
        if read_only:
            settings = (*settings, "SET SESSION TRANSACTION READ ONLY")
        if not url.drivername.endswith("+pymysql"):
            return EngineSource(url, connect_args={}, settings=settings)
        seconds = max(1, round(timeout))
        arguments: dict[str, object] = {
            "connect_timeout": seconds,
            # connect_timeout ends with the TCP handshake; a server that accepts and
            # then says nothing is only caught by this. It is lifted once connected.
            "read_timeout": seconds,
            "charset": "utf8mb4",
        }
        if url.password:
            # PyMySQL would take it for Latin-1, and show a character it cannot encode.
            arguments["password"] = url.password.encode()
        source = EngineSource(
            url, connect_args=arguments, settings=settings, session=PyMySQLSession
        )
        source.on_connect(_read_without_limit)
        return source

    def resolve(self, session: DatabaseSession) -> Dialect:
        """MariaDB answers to MySQL's URLs too, and the other way round."""
        is_mariadb = "mariadb" in str(session.value("SELECT VERSION()")).lower()
        return dialect_named("mariadb" if is_mariadb else "mysql") or self

    # -- reading ---------------------------------------------------------------

    def _scan_schema(
        self, session: DatabaseSession, schema: str, selection: Selection, stop: Stop
    ) -> Iterator[Table]:
        if selection.narrows_schema:
            yield from super()._scan_schema(session, schema, selection, stop)
            return
        # The server looks for the rest while columns are made of its answer.
        with ThreadPoolExecutor(1) as pool, closing(session.witness()) as beside:
            asked = pool.submit(
                lambda: (
                    list(self.relations(beside, schema)),
                    list(self.keys(beside, schema)),
                )
            )
            fields = list(self.fields(session, schema))
            relations, keys = asked.result()
        yield from self.made(schema, relations, fields, keys)

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a schema, or the one named, and what may be altered."""
        listed = self.listed(session, schema, name)
        views: dict[str, str] = {}
        if any(row[1] == "VIEW" for row in listed):
            views = {row[0]: row[1] for row in self.ask(session, _VIEWS, schema, name)}
        may = may_alter(session, schema)
        for table, type_, rows, comment, options in listed:
            if type_ == "VIEW":  # whose comment reads VIEW
                none = f"{self.label} has no comments on views"
                view = views.get(table)
                yield Relation(table, TableKind.VIEW, view_sql=view, refused=none)
                continue
            parted = "partitioned" in (options or "")
            kind = TableKind.PARTITIONED_TABLE if parted else TableKind.TABLE
            refused = None if may(table) else self.refusals["1142"]
            yield Relation(table, kind, comment, rows=rows, refused=refused)

    def listed(self, session: DatabaseSession, schema: str, name: str) -> list[Row]:
        """Name, type, row estimate, comment and options of tables and views."""
        return self.ask(session, _TABLES, schema, name)

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Field]:
        """Columns of all tables of a schema, or of the one named."""
        for row in self.ask(session, _COLUMNS, schema, name):
            table, column, type_, attributes, default, expression, comment = row
            nullable, _, extra = attributes.partition(" ")
            reason = None
            if expression and expression.upper() in ("ROW START", "ROW END"):
                reason = "columns that keep row versions cannot have a comment"
            if default is not None or expression or extra:
                default = self.default_text(default, extra, expression or "")
            yield Field(table, column, nullable, default, comment, type_, reason)

    def default_text(
        self, default: str | None, extra: str, expression: str
    ) -> str | None:
        """The default as it would stand in the definition."""
        if expression:
            kept = "STORED" if "STORED" in extra.upper() else "VIRTUAL"
            return f"GENERATED ALWAYS AS ({expression}) {kept}"
        if "auto_increment" in extra.lower():
            return "AUTO_INCREMENT"
        return default

    def printed(self, session: DatabaseSession, table_id: TableId) -> str | None:
        """The text of SHOW CREATE TABLE, or None where there is no such table."""
        try:
            rows = session.rows(f"SHOW CREATE TABLE {self.table_name(table_id)}")
        except Fault as fault:
            if fault.code in ("1146", "1049"):  # no such table, no such schema
                return None
            raise
        return str(rows[0][1])

    # -- rendering -------------------------------------------------------------

    def literal(self, text: str) -> str:
        """A string literal, for the sql_mode that is pinned."""
        return backslash_escaped(text)

    def quote(self, *parts: str) -> str:
        """A dotted name with every part quoted."""
        return backticked(parts)

    # -- writing ---------------------------------------------------------------

    def denied(
        self, source: SessionSource, tables: Sequence[TableId]
    ) -> Mapping[TableId, str]:
        """Tables that the user may not alter, by a query for each schema."""
        found: dict[TableId, str] = {}
        with source.session() as session:
            for schema, of_schema in groupby(sorted(tables), lambda t: t.schema):
                altering = may_alter(session, schema)
                for table in of_schema:
                    if not altering(table.name):
                        found[table] = self.refusals["1142"]
        return found

    def pin(self, session: DatabaseSession) -> None:
        """Reads back what was set on connecting, and stops where it is different."""
        seconds = max(1, ceil(self.limits.lock_seconds))
        session.run(f"SET SESSION lock_wait_timeout = {seconds}")
        pins = {"lock_wait_timeout": seconds, **_PINNED}
        names = ", ".join(f"@@{name}" for name in pins)
        self.check_pins(pins, session.rows(f"SELECT {names}")[0])


def _read_without_limit(connection: object) -> None:
    """Lets statements run as long as they need: an ALTER may take hours."""
    # PyMySQL has no public way; it looks at this before every read.
    setattr(connection, "_read_timeout", None)  # noqa: B010
