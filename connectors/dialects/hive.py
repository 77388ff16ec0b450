"""Hive: read through HiveServer2's own calls, written by restating a column's type.

Nothing here was tried on a Hive server. DESCRIBE escapes what a comment holds
(https://github.com/apache/hive/blob/master/ql/src/java/org/apache/hadoop/hive/ql/ddl/ShowUtils.java),
so comments are read by the protocol's GetTables and GetColumns, which give them as they
are; that was tried on Spark's Thrift server, which answers the same calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from catalog.change import CommentChange
from catalog.objects import Table, TableId, TableKind, column_of
from connectors.database_session import DatabaseSession, Fault, SessionSource
from connectors.dialects.bases.hiveserver import DEFAULT_PORT, HiveServer, HiveSession
from connectors.dialects.bases.schema import Field, Relation, SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, Dialect
from connectors.dialects.spark import Spark

if TYPE_CHECKING:
    from sqlalchemy import URL


class Hive(SchemaDialect, SequentialDialect):
    """Comments on tables, their columns, and views."""

    name = "hive"
    label = "Hive"
    drivername = "hive"
    default_port = DEFAULT_PORT
    sqlglot = "hive"
    database_is_schema = True
    schema_spelled = "SELECT current_database()"
    schemas_sql = "SHOW DATABASES"
    folds_case = False
    system_schemas = frozenset({"sys", "information_schema"})
    as_text = Spark.as_text
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
    # Else Hive writes its variables for ${…} inside literals:
    # https://cwiki.apache.org/confluence/display/Hive/LanguageManual+VariableSubstitution
    pinned: ClassVar = {"hive.variable.substitute": "false"}
    pinning_sql = Spark.pinning_sql
    pinned_sql = Spark.pinned_sql
    probe_sql = Spark.probe_sql
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

    def source(self, url: URL, *, timeout: float, read_only: bool) -> SessionSource:
        """A pool of PyHive connections."""
        return HiveServer(url, timeout=timeout, settings=self.pinned)

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

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a database, or those whose name fits the one given."""
        names = {"schemaName": schema, "tableName": name or "%"}
        rows = _hive(session).metadata("Tables", **names)
        for row in sorted(rows, key=lambda row: str(row["TABLE_NAME"])):
            if row["TABLE_SCHEM"] == schema:  # the name of a database is a pattern too
                yield Relation(row["TABLE_NAME"], _kind(row), row["REMARKS"])

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Field]:
        """Columns of all tables of a database, or of those that fit the name."""
        names = {"schemaName": schema, "tableName": name or "%", "columnName": "%"}
        for row in _hive(session).metadata("Columns", **names):
            if row["TABLE_SCHEM"] == schema:
                yield Field(
                    row["TABLE_NAME"],
                    row["COLUMN_NAME"],
                    row["IS_NULLABLE"],
                    comment=row["REMARKS"],
                    type=str(row["TYPE_NAME"]).lower(),
                )

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


def _hive(session: DatabaseSession) -> HiveSession:
    if not isinstance(session, HiveSession):
        raise Fault("this is no session of HiveServer2")
    return session


def _kind(row: dict[str, Any]) -> TableKind:
    """TABLE and VIEW, or the metastore's own words with the same in them."""
    type_ = str(row["TABLE_TYPE"]).upper()
    if "MATERIALIZED" in type_:
        return TableKind.MATERIALIZED_VIEW
    return TableKind.VIEW if "VIEW" in type_ else TableKind.TABLE
