"""Hive: read through HiveServer2's own calls, written by restating a column's type.

Nothing here was tried on a Hive server. DESCRIBE escapes what a comment holds
(https://github.com/apache/hive/blob/master/ql/src/java/org/apache/hadoop/hive/ql/ddl/ShowUtils.java),
so comments are read by the protocol's GetTables and GetColumns, which give them as they
are; that was tried on Spark's Thrift server, which answers the same calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, column_of
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault, Source
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, Dialect, Selection
from connectors.dialects.spark import Spark
from connectors.hiveserver import DEFAULT_PORT, HiveServer, HiveSession

if TYPE_CHECKING:
    from sqlalchemy import URL

_SYSTEM = frozenset({"sys", "information_schema"})

_SUBSTITUTE = "hive.variable.substitute"


class Hive(SequentialDialect):
    """Comments on tables, their columns, and views."""

    name = "hive"
    label = "Hive"
    drivername = "hive"
    default_port = DEFAULT_PORT
    sqlglot = "hive"
    database_is_schema = True
    schema_spelled = "SELECT current_database()"
    # https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL#LanguageManualDDL-ChangeColumnName/Type/Position/Comment
    restates = True
    # https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL#LanguageManualDDL-AlterTableComment
    # and #LanguageManualDDL-AlterViewProperties
    table_keywords: ClassVar = {TableKind.TABLE: "TABLE", TableKind.VIEW: "VIEW"}
    column_kinds: ClassVar = frozenset({TableKind.TABLE})
    # As Spark, whose metastore is Hive's.
    column_limit = Spark.column_limit
    table_limit = Spark.table_limit
    limit_encoding = Spark.limit_encoding
    lock = "the table, exclusively, where hive.support.concurrency is on"
    cannot: ClassVar = (
        "columns of a view",
        "partition columns",
        "letters that the metastore's own database has no room for (often all but "
        "Latin ones): these are read back wrong, and said so",
    )
    # https://github.com/apache/hive/blob/master/common/src/java/org/apache/hadoop/hive/ql/ErrorMsg.java
    lock_codes: ClassVar = frozenset({"10324", "10073"})
    refusals: ClassVar = {
        "10001": "it is no longer in the database; scan again",
        "10002": "the column is no longer in the database; scan again",
        "10072": "its database is no longer there; scan again",
        "10324": "somebody else holds a lock on it",
    }
    connect_faults: ClassVar[tuple[ConnectFault, ...]] = Spark.connect_faults
    read_only_begin = "SELECT 1"  # there are no transactions for reading

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """A pool of PyHive connections."""
        return HiveServer(url, timeout=timeout, settings={_SUBSTITUTE: "false"})

    def resolve(self, session: DatabaseSession) -> Dialect:
        """Spark's Thrift server speaks the same protocol, and not the same SQL."""
        try:
            rows = session.rows("SET spark.sql.variable.substitute")
        except Fault as fault:
            if fault.lost:
                raise
            return self
        # Hive says in one column that it has no such setting; Spark has a value.
        return Spark() if rows and len(rows[0]) > 1 else self

    # -- reading ---------------------------------------------------------------

    def scan(
        self, source: Source, selection: Selection, stop: Callable[[], bool]
    ) -> Iterator[Table]:
        """Streams the tables, a database at a time."""
        with source.session() as session:
            rows = session.rows("SHOW DATABASES")
            for schema in sorted(str(row[0]) for row in rows):
                if schema in _SYSTEM or not selection.takes_schema(schema):
                    continue
                for table in self._read(session, schema, "%"):
                    if stop():
                        return
                    if selection.takes(table.id):
                        yield table

    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        found = self._read(session, table_id.schema, table_id.name)
        return next((table for table in found if table.id == table_id), None)

    def _read(
        self, session: DatabaseSession, schema: str, pattern: str
    ) -> Iterator[Table]:
        """Tables of a database whose name fits a pattern; others may be among them."""
        if not isinstance(session, HiveSession):
            raise Fault("this is no session of HiveServer2")
        columns: dict[TableId, list[Column]] = defaultdict(list)
        for row in session.columns(schema, pattern):
            table_id = TableId(row["TABLE_SCHEM"], row["TABLE_NAME"])
            siblings = columns[table_id]
            siblings.append(
                Column(
                    ColumnId(table_id, row["COLUMN_NAME"]),
                    len(siblings) + 1,
                    str(row["TYPE_NAME"]).lower(),
                    row["IS_NULLABLE"] != "NO",
                    comment=normal(row["REMARKS"]),
                )
            )
        rows = session.tables(schema, pattern)
        for row in sorted(rows, key=lambda row: str(row["TABLE_NAME"])):
            table_id = TableId(row["TABLE_SCHEM"], row["TABLE_NAME"])
            if table_id.schema == schema:
                yield Table(
                    table_id,
                    _kind(row),
                    tuple(columns[table_id]),
                    comment=normal(row["REMARKS"]),
                )

    # -- sampling --------------------------------------------------------------

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        if kind.startswith(("binary", "array", "map", "struct", "uniontype")):
            return None
        return f"substr(CAST({self.quote(column)} AS STRING), 1, 256)"

    # -- rendering -------------------------------------------------------------

    def bases(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
    ) -> list[str]:
        """A column's type as it is now, which its statement restates."""
        bases = super().bases(session, table, changes)
        if all(column_of(change.target) is None for change in changes):
            return bases
        assert session is not None, "rendering needs the types as they are now"
        types = self._types(session, table.id)
        for place, change in enumerate(changes):
            if (name := column_of(change.target)) is not None:
                column = table.column(name)
                # Hive refuses what DESCRIBE does not list: a partition's column.
                bases[place] = types.get(name) or (column.type if column else "string")
        return bases

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """The statement of one change; a column's restates its type."""
        name, text = column_of(change.target), self.literal(change.text or "")
        what = self.table_name(table.id)
        if name is None:
            return f"ALTER {basis} {what} SET TBLPROPERTIES ('comment'={text})"
        column = self.quote(name)
        return (
            f"ALTER TABLE {what} CHANGE COLUMN {column} {column} {basis} COMMENT {text}"
        )

    def _types(self, session: DatabaseSession, table_id: TableId) -> dict[str, str]:
        """Each column's type as DESCRIBE prints it, without partition columns."""
        types: dict[str, str] = {}
        partitions: set[str] = set()
        into_partitions = False
        for row in session.rows(f"DESCRIBE {self.table_name(table_id)}"):
            name, type_ = str(row[0] or "").strip(), str(row[1] or "").strip()
            if not type_ or name == "# col_name":
                into_partitions = bool(types)
            elif into_partitions:
                partitions.add(name)
            else:
                types[name] = type_
        return {name: types[name] for name in types if name not in partitions}

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Keeps Hive from writing its variables for ${…} inside literals.

        https://cwiki.apache.org/confluence/display/Hive/LanguageManual+VariableSubstitution
        """
        wanted = f"{_SUBSTITUTE}=false"
        if session.value(f"SET {_SUBSTITUTE}") != wanted:
            session.quietly(f"SET {wanted}")
        found = session.value(f"SET {_SUBSTITUTE}")
        if found != wanted:
            raise ColumnistError(
                f"{self.label} answers {found} instead of {wanted}.",
                "Nothing was written; ask the administrator to allow setting it.",
            )


def _kind(row: dict[str, Any]) -> TableKind:
    """TABLE and VIEW, or the metastore's own words with the same in them."""
    type_ = str(row["TABLE_TYPE"]).upper()
    if "MATERIALIZED" in type_:
        return TableKind.MATERIALIZED_VIEW
    return TableKind.VIEW if "VIEW" in type_ else TableKind.TABLE
