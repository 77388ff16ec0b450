"""Spark through its Thrift server: one table at a time, one statement a comment.

There is no catalog that can be read in bulk: the protocol's own calls know only the
metastore's columns, which for Delta are not the table's. So each table is described.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from catalog.change import CommentChange
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, column_of
from catalog.stopping import Stop
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault, Row, SessionSource
from connectors.dialects.bases.hiveserver import DEFAULT_PORT, HiveServer
from connectors.dialects.bases.schema import SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, Selection, no_database

if TYPE_CHECKING:
    from sqlalchemy import URL

_PINNED = {
    # Spark writes the server's variables for ${env:X} even inside literals:
    # https://spark.apache.org/docs/latest/sql-ref-syntax-aux-conf-mgmt-set.html
    "spark.sql.variable.substitute": "false",
    # Else a backslash in a literal stands for itself:
    # https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal
    "spark.sql.parser.escapedStringLiterals": "false",
}

_GONE = "it is no longer in the database; scan again"
_COLUMN_GONE = "the column is no longer in the database; scan again"


class Spark(SchemaDialect, SequentialDialect):
    """Comments on tables, their columns, and views."""

    name = "spark"
    label = "Spark"
    family = "hive"  # both speak one protocol, and hive:// may turn out to be Spark
    drivername = "hive"
    default_port = DEFAULT_PORT
    sqlglot = "spark"
    database_is_schema = True
    schema_spelled = "SELECT current_database()"
    proved = True
    script_head: ClassVar = tuple(f"SET {name}={to}" for name, to in _PINNED.items())
    # https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-alter-table.html and
    # -alter-view.html: COMMENT ON TABLE refuses a view, ALTER COLUMN a view's column.
    table_keywords: ClassVar = {TableKind.TABLE: "TABLE", TableKind.VIEW: "VIEW"}
    column_kinds: ClassVar = frozenset({TableKind.TABLE})
    refused_columns: ClassVar = {
        TableKind.VIEW: "Spark sets the comments of a view's columns only with "
        "CREATE OR REPLACE VIEW"
    }
    # The metastore's COLUMNS_V2.COMMENT and the value of a table's property hold 256
    # and 4000 UTF-16 units:
    # https://github.com/apache/hive/blob/master/standalone-metastore/metastore-server/src/main/sql/derby/hive-schema-4.0.0.derby.sql
    column_limit: ClassVar[int | None] = 2 * 256
    table_limit: ClassVar[int | None] = 2 * 4000
    limit_encoding = "utf-16-le"
    lock = "nothing; the metastore's entry is replaced"
    cannot: ClassVar = (
        "columns of a view (only CREATE OR REPLACE VIEW sets them)",
        "partition columns of a table in the metastore",
        "fields of a struct",
    )
    # https://spark.apache.org/docs/latest/sql-error-conditions.html
    refusals: ClassVar = {
        "TABLE_OR_VIEW_NOT_FOUND": _GONE,
        "SCHEMA_NOT_FOUND": "its database is no longer there; scan again",
        "UNRESOLVED_COLUMN.WITH_SUGGESTION": _COLUMN_GONE,
        "FIELD_NOT_FOUND": _COLUMN_GONE,
        "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE": "it is a view by now; scan again",
        "EXPECT_VIEW_NOT_TABLE.USE_ALTER_TABLE": "it is a table by now; scan again",
        "CANNOT_ALTER_PARTITION_COLUMN": "Spark cannot comment on a partition column",
    }
    connect_faults: ClassVar = (
        no_database(r"SCHEMA_NOT_FOUND|atabase .* (not found|does not exist)"),
        ConnectFault(
            r"TSocket read 0 bytes|Bad status|SASL",
            "{label} answers, but not as the URL expects.",
            "Try another ?auth= in the URL (NOSASL, NONE, LDAP, KERBEROS), or "
            "hive+http:// where the server speaks HTTP.",
        ),
    )
    read_only_begin = "SELECT 1"  # there are no transactions
    as_text: ClassVar = {
        "binary|array|map|struct|uniontype|variant": "",
        "": "substring(CAST({column} AS STRING), 1, 256)",
    }
    schemas_sql = "SHOW DATABASES"
    system_schemas = frozenset({"global_temp", "information_schema", "sys"})
    pinned: ClassVar[Mapping[str, str]] = _PINNED
    pinning_sql = "SET {name}={value}"
    pinned_sql = "SET {name}"
    probe_sql = ""  # the settings say it

    def source(self, url: URL, *, timeout: float, read_only: bool) -> SessionSource:
        """A pool of PyHive connections."""
        # PyHive registers `hive`, `hive+http` and `hive+https` only.
        _, plus, driver = url.drivername.partition("+")
        url = url.set(drivername="hive" + plus + driver)
        return HiveServer(url, timeout=timeout, settings=self.pinned)

    # -- reading ---------------------------------------------------------------

    def _scan_schema(
        self, session: DatabaseSession, schema: str, selection: Selection, stop: Stop
    ) -> Iterator[Table]:
        """The selected tables and views, each described by itself."""
        rows = session.rows(f"SHOW TABLES IN {self.quote(schema)}")
        # Database, name and whether it is temporary, which has no database.
        for name in sorted(str(row[1]) for row in rows if row[0]):
            if not selection.takes(table_id := TableId(schema, name)):
                continue
            if stop():  # describing the next one may take long
                return
            try:
                table = self.read(session, table_id)
            except Fault as fault:
                if fault.lost:
                    raise
                # A missing format's library spoils one table, not the scan.
                reason = f"it cannot be read: {fault.message}"
                table = Table(table_id, TableKind.OTHER, (), unread=reason)
            if table is not None:
                yield table

    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        try:
            rows = session.rows(f"DESCRIBE TABLE EXTENDED {self.table_name(table_id)}")
        except Fault as fault:
            if fault.code in ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND"):
                return None
            raise
        return described(table_id, rows)

    # -- rendering -------------------------------------------------------------

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """The statement of one change; several columns in one are refused."""
        name, what = column_of(change.target), self.table_name(table.id)
        text = self.literal(change.text or "")
        if name is not None:
            return f"ALTER TABLE {what} ALTER COLUMN {self.quote(name)} COMMENT {text}"
        if table.kind is not TableKind.VIEW:
            return super().sql(table, change, basis)
        if not change.text:
            return f"ALTER VIEW {what} UNSET TBLPROPERTIES IF EXISTS ('comment')"
        return f"ALTER VIEW {what} SET TBLPROPERTIES ('comment' = {text})"


def described(table_id: TableId, rows: Sequence[Row]) -> Table:
    """A table from DESCRIBE TABLE EXTENDED.

    Columns come first and have a type; what follows begins with a row that has none,
    so a column may be called as Spark's own headings are.
    """
    end = next((at for at, row in enumerate(rows) if not row[1]), len(rows))
    heading = next(
        (
            at
            for at in range(end, len(rows))
            if str(rows[at][0]).startswith("# Detailed") and not rows[at][1]
        ),
        len(rows),
    )
    about: dict[str, str] = {}
    for key, value, *_ in rows[heading + 1 :]:
        about.setdefault(str(key), str(value or ""))
    refused = dict.fromkeys(
        _partition_columns(rows[end:heading]) if "Partition Provider" in about else (),
        "Spark cannot comment on a partition column",
    )
    is_view = about.get("Type") == "VIEW"
    size = re.search(r"(\d+) rows", about.get("Statistics", ""))
    return Table(
        table_id,
        TableKind.VIEW if is_view else TableKind.TABLE,
        tuple(
            Column(
                ColumnId(table_id, str(name)),
                position,
                str(type_),
                comment=normal(comment),
                comment_refused=refused.get(str(name)),
            )
            for position, (name, type_, comment) in enumerate(rows[:end], 1)
        ),
        comment=normal(about.get("Comment")),
        row_estimate=int(size[1]) if size else None,
        view_sql=about.get("View Text") if is_view else None,
    )


def _partition_columns(rows: Sequence[Row]) -> list[str]:
    """Names from the part that Spark prints for tables in the metastore."""
    names: list[str] = []
    for name, type_, *_ in rows[2:]:  # after two headings
        if not type_:
            break
        names.append(str(name))
    return names
