"""Databricks: Unity Catalog read in bulk from information_schema, written like Spark.

Nothing here was tried on a Databricks workspace; Spark's own file says what ran there.
The old `hive_metastore` catalog has no information_schema and is read as Spark is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Table,
    TableId,
    TableKind,
    column_of,
)
from connectors.comment_text import normal
from connectors.database_session import (
    DatabaseSession,
    EngineSession,
    EngineSource,
    Fault,
    Row,
    Source,
)
from connectors.dialects.dialect import ConnectFault, Dialect, Selection
from connectors.dialects.spark import Spark
from connectors.hiveserver import error_class, plain_words

if TYPE_CHECKING:
    from sqlalchemy import URL

# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema
_SCHEMAS = """
SELECT schema_name FROM {catalog}.information_schema.schemata
WHERE catalog_name = {name} AND schema_name <> 'information_schema'
"""

_TABLES = """
SELECT t.table_name, t.table_type, t.comment, v.view_definition
FROM {catalog}.information_schema.tables t
LEFT JOIN {catalog}.information_schema.views v
  ON v.table_catalog = t.table_catalog AND v.table_schema = t.table_schema
  AND v.table_name = t.table_name
WHERE t.table_catalog = {name} AND t.table_schema = {schema} {one}
ORDER BY t.table_name
"""

_COLUMNS = """
SELECT t.table_name, t.column_name, t.full_data_type, t.is_nullable,
       t.column_default, t.comment
FROM {catalog}.information_schema.columns t
WHERE t.table_catalog = {name} AND t.table_schema = {schema} {one}
ORDER BY t.table_name, t.ordinal_position
"""

_KEYS = """
SELECT t.table_name, t.constraint_name, t.constraint_type, k.column_name,
       u.table_schema, u.table_name, u.column_name
FROM {catalog}.information_schema.table_constraints t
JOIN {catalog}.information_schema.key_column_usage k
  ON k.constraint_catalog = t.constraint_catalog
  AND k.constraint_schema = t.constraint_schema
  AND k.constraint_name = t.constraint_name
LEFT JOIN {catalog}.information_schema.referential_constraints r
  ON r.constraint_catalog = t.constraint_catalog
  AND r.constraint_schema = t.constraint_schema
  AND r.constraint_name = t.constraint_name
LEFT JOIN {catalog}.information_schema.key_column_usage u
  ON u.constraint_catalog = r.unique_constraint_catalog
  AND u.constraint_schema = r.unique_constraint_schema
  AND u.constraint_name = r.unique_constraint_name
  AND u.ordinal_position = k.position_in_unique_constraint
WHERE t.table_catalog = {name} AND t.table_schema = {schema} {one}
  AND t.constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')
ORDER BY t.table_name, t.constraint_name, k.ordinal_position
"""

# https://docs.databricks.com/aws/en/sql/language-manual/information-schema/tables
_KINDS = {
    "VIEW": TableKind.VIEW,
    "MATERIALIZED_VIEW": TableKind.MATERIALIZED_VIEW,
    "STREAMING_TABLE": TableKind.OTHER,
    "FOREIGN": TableKind.FOREIGN_TABLE,
}
"""Types that are not plain tables; the others are managed, external or clones."""

_OLD_CATALOGS = frozenset({"", "hive_metastore", "spark_catalog"})
"""Catalogs without an information_schema."""

_PROBE = "${env:PATH} ${system:user.name} it's \\n"
"""Read back changed where variables or backslashes do not mean what they should."""


class DatabricksSession(EngineSession):
    """A session whose errors carry Spark's name for them."""

    def run(self, sql: str) -> None:
        """Execute one statement, passing the text through untouched."""
        try:
            super().run(sql)
        except Fault as fault:
            raise _named(fault) from fault

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """All rows of a query; parameters are bound by name."""
        try:
            return super().rows(sql, **parameters)
        except Fault as fault:
            raise _named(fault) from fault


class DatabricksServer(EngineSource):
    """Sessions of one SQL warehouse or cluster."""

    def open(self, *, write: bool) -> DatabricksSession:
        """A connection from the pool, which proves that it is alive."""
        # The plain session takes the driver's errors at connecting.
        connection = super().open(write=write)
        assert isinstance(connection, EngineSession)
        return DatabricksSession(self, connection.connection)


def _named(fault: Fault) -> Fault:
    code = error_class(fault.message)
    return Fault(plain_words(fault.message), code=code or fault.code, lost=fault.lost)


class Databricks(Spark):
    """Comments on tables, views, materialized views, and columns of all of them."""

    name = "databricks"
    label = "Databricks"
    family = "databricks"
    drivername = "databricks"
    default_port = 443
    sqlglot = "databricks"
    database_is_schema = False
    schema_spelled = "SELECT current_schema()"
    proved = False
    script_head: ClassVar = ()  # a SQL warehouse lets nobody set Spark's settings
    # https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-comment:
    # TABLE takes any relation, and COLUMN (Runtime 16.1) that of a table, a streaming
    # table (OTHER here), a view or a materialized view.
    table_keywords: ClassVar = {
        TableKind.TABLE: "TABLE",
        TableKind.VIEW: "TABLE",
        TableKind.MATERIALIZED_VIEW: "TABLE",
        TableKind.OTHER: "TABLE",
    }
    column_kinds: ClassVar = frozenset(table_keywords)
    # No limit is documented, and the metastore of Spark's is not in use.
    column_limit: ClassVar = None
    table_limit: ClassVar = None
    limit_encoding = ""
    lock = "nothing; a Delta table gets a version more"
    cannot: ClassVar = (
        "tables of a foreign catalog",
        "columns of views before Runtime 16.1",
        "fields of a struct",
    )
    connect_faults: ClassVar = (
        ConnectFault(
            r"Invalid access token|401|403|[Uu]nauthorized",
            "{label} refused the token.",
            "Check it; it can be saved with the connection as its password.",
        ),
        ConnectFault(
            r"http_path|404|ENDPOINT_NOT_FOUND",
            "{label} has no such warehouse.",
            "Check ?http_path= in the URL.",
        ),
    )
    pinned: ClassVar = {}

    def __init__(self) -> None:
        self._catalog = ""

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """A pool of the connections of databricks-sql-connector."""
        own: dict[str, Any] = {"user_agent_entry": "columnist"}
        return DatabricksServer(url, connect_args=own, isolation=None)

    def resolve(self, session: DatabaseSession) -> Dialect:
        """Learns which catalog the URL names."""
        self._catalog = str(session.value("SELECT current_catalog()") or "")
        return self

    def table_name(self, table_id: TableId) -> str:
        """The quoted name, with the catalog where it is known."""
        parts = (self._catalog, table_id.schema, table_id.name)
        return self.quote(*(part for part in parts if part))

    def schema_in(self, url: URL) -> str:
        """The URL's option of that name."""
        named = url.query.get("schema")
        return named if isinstance(named, str) else ""

    # -- reading ---------------------------------------------------------------

    def scan(
        self, source: Source, selection: Selection, stop: Callable[[], bool]
    ) -> Iterator[Table]:
        """Streams the tables, a schema at a time."""
        if self._catalog in _OLD_CATALOGS:
            yield from super().scan(source, selection, stop)
            return
        with source.session() as session:
            rows = session.rows(_SCHEMAS.format(**self._names_in_sql("")))
            for schema in sorted(str(row[0]) for row in rows):
                if not selection.takes_schema(schema):
                    continue
                for table in self._read(session, schema):
                    if stop():
                        return
                    if selection.takes(table.id):
                        yield table

    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        if self._catalog in _OLD_CATALOGS:
            return super().read(session, table_id, brief=brief)
        found = self._read(session, table_id.schema, table_id.name, brief=brief)
        return next(found, None)

    def _names_in_sql(self, schema: str, name: str | None = None) -> dict[str, str]:
        """What the queries above are filled with."""
        return {
            "catalog": self.quote(self._catalog),
            "name": self.literal(self._catalog),
            "schema": self.literal(schema),
            "one": "" if name is None else f"AND t.table_name = {self.literal(name)}",
        }

    def _read(
        self,
        session: DatabaseSession,
        schema: str,
        name: str | None = None,
        *,
        brief: bool = False,
    ) -> Iterator[Table]:
        """All tables of a schema, or the one of that name."""
        names = self._names_in_sql(schema, name)
        tables = session.rows(_TABLES.format(**names))
        columns: dict[str, list[Row]] = defaultdict(list)
        for table, *column in session.rows(_COLUMNS.format(**names)):
            columns[table].append(column)
        keys: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for table, constraint, *key in (
            () if brief else session.rows(_KEYS.format(**names))
        ):
            keys[table][constraint].append(key)
        for table, type_, comment, definition in tables:
            table_id = TableId(schema, table)
            primary, foreign = _keys(keys[table].values())
            yield Table(
                table_id,
                _KINDS.get(type_, TableKind.TABLE),
                tuple(
                    Column(
                        ColumnId(table_id, column),
                        position,
                        kind,
                        nullable != "NO",
                        default or None,
                        normal(text),
                    )
                    for position, (column, kind, nullable, default, text) in enumerate(
                        columns[table], 1
                    )
                ),
                primary,
                foreign,
                normal(comment),
                view_sql=definition,
            )

    # -- rendering -------------------------------------------------------------

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """The statement of one change.

        One a statement: several are taken by new runtimes only
        (https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table-manage-column).
        """
        if column_of(change.target) is not None and table.kind is TableKind.TABLE:
            return super().sql(table, change, basis)  # works on every runtime
        return self.comment_on(table, change)

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Raises where a literal would not be read back as it was meant.

        A cluster takes Spark's setting and a SQL warehouse has none, so what counts is
        what a literal comes back as.
        """
        session.quietly("SET spark.sql.variable.substitute=false")
        found = session.value(f"SELECT {self.literal(_PROBE)}")
        if found != _PROBE:
            raise ColumnistError(
                f"{self.label} changes the text inside literals.",
                "Nothing was written; ask the administrator to set "
                "spark.sql.variable.substitute to false.",
            )


def _keys(
    constraints: Iterable[list[Row]],
) -> tuple[tuple[str, ...], tuple[ForeignKey, ...]]:
    """The primary key and the foreign keys from the rows of each constraint."""
    primary: tuple[str, ...] = ()
    foreign: list[ForeignKey] = []
    for rows in constraints:
        names = tuple(str(row[1]) for row in rows)
        kind, _, schema, other, _ = rows[0]
        if kind == "PRIMARY KEY":
            primary = names
        elif other is not None:  # else it may not be seen
            there = tuple(str(row[4]) for row in rows)
            foreign.append(ForeignKey(names, TableId(schema, other), there))
    return primary, tuple(foreign)
