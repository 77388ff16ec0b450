"""Databricks: Unity Catalog read in bulk from information_schema, written like Spark.

Nothing here was tried on a Databricks workspace; Spark's own file says what ran there.
The old `hive_metastore` catalog has no information_schema and is read as Spark is.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.objects import Table, TableId, TableKind, column_of
from catalog.stopping import Stop
from connectors.database_session import (
    DatabaseSession,
    EngineSession,
    Fault,
    Row,
)
from connectors.dialects.bases.hiveserver import error_class, plain_words
from connectors.dialects.bases.schema import SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, Dialect, Selection
from connectors.dialects.spark import Spark

# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema
_SCHEMAS = """
SELECT schema_name FROM {catalog}.information_schema.schemata
WHERE catalog_name = {in_catalog}
"""

_RELATIONS = """
SELECT t.table_name, t.table_type, t.comment, v.view_definition
FROM {catalog}.information_schema.tables t
LEFT JOIN {catalog}.information_schema.views v
  ON v.table_catalog = t.table_catalog AND v.table_schema = t.table_schema
  AND v.table_name = t.table_name
WHERE t.table_catalog = {in_catalog} AND t.table_schema = {schema} {one}
ORDER BY t.table_name
"""

_FIELDS = """
SELECT t.table_name, t.column_name, t.is_nullable, t.column_default, t.comment,
       t.full_data_type
FROM {catalog}.information_schema.columns t
WHERE t.table_catalog = {in_catalog} AND t.table_schema = {schema} {one}
ORDER BY t.table_name, t.ordinal_position
"""

_KEYS = """
SELECT t.table_name, t.constraint_name, k.column_name,
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
WHERE t.table_catalog = {in_catalog} AND t.table_schema = {schema} {one}
  AND (t.constraint_type = 'PRIMARY KEY'
       OR t.constraint_type = 'FOREIGN KEY' AND u.table_name IS NOT NULL)
ORDER BY t.table_name, t.constraint_name, k.ordinal_position
"""

_OLD_CATALOGS = frozenset({"", "hive_metastore", "spark_catalog"})
"""Catalogs without an information_schema."""

_PROBE = "${env:PATH} ${system:user.name} it's \\n"
"""Read back changed where variables or backslashes do not mean what they should."""


class DatabricksSession(EngineSession):
    """A session whose errors carry Spark's name for them."""

    @staticmethod
    @contextmanager
    def faults() -> Generator[None]:
        """Turns what statements and queries raise into faults."""
        try:
            with EngineSession.faults():
                yield
        except Fault as fault:
            code = error_class(fault.message) or fault.code
            words = plain_words(fault.message)
            raise Fault(words, code=code, lost=fault.lost) from fault


class Databricks(Spark):
    """Comments on tables, views, materialized views, and columns of all of them."""

    name = "databricks"
    label = "Databricks"
    family = "databricks"
    drivername = "databricks"
    default_port = 443
    sqlglot = "databricks"
    connect_arguments: ClassVar = {"user_agent_entry": "columnist"}
    isolation = None
    session_type = DatabricksSession
    source = Dialect.source  # databricks-sql-connector, and not Spark's Thrift server
    database_is_schema = False
    schema_option = "schema"
    schema_spelled = "SELECT current_schema()"
    schemas_sql = _SCHEMAS
    system_schemas = frozenset({"information_schema"})
    relations_sql = _RELATIONS
    # https://docs.databricks.com/aws/en/sql/language-manual/information-schema/tables
    kinds: ClassVar = {
        "VIEW": TableKind.VIEW,
        "MATERIALIZED_VIEW": TableKind.MATERIALIZED_VIEW,
        "STREAMING_TABLE": TableKind.OTHER,
        "FOREIGN": TableKind.FOREIGN_TABLE,
    }
    other_kind = TableKind.TABLE  # managed, external or a clone
    fields_sql = _FIELDS
    keys_sql = (_KEYS,)
    one_table = "AND t.table_name = {name}"
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

    def __init__(self) -> None:
        self._catalog = ""

    def resolve(self, session: DatabaseSession) -> Dialect:
        """Learns which catalog the URL names."""
        self._catalog = str(session.value("SELECT current_catalog()") or "")
        return self

    def table_name(self, table_id: TableId) -> str:
        """The quoted name, with the catalog where it is known."""
        parts = (self._catalog, table_id.schema, table_id.name)
        return self.quote(*(part for part in parts if part))

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterable[str]:
        """Names of the schemas there are, without the system's."""
        if self._catalog in _OLD_CATALOGS:
            names = sorted(str(row[0]) for row in session.rows(Spark.schemas_sql))
            return [n for n in names if n.lower() not in Spark.system_schemas]
        return super().schemas(session, selection)

    def _scan_schema(
        self, session: DatabaseSession, schema: str, selection: Selection, stop: Stop
    ) -> Iterator[Table]:
        by = Spark if self._catalog in _OLD_CATALOGS else SchemaDialect
        return by._scan_schema(self, session, schema, selection, stop)

    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        by = Spark if self._catalog in _OLD_CATALOGS else SchemaDialect
        return by.read(self, session, table_id, brief=brief)

    def ask(
        self, session: DatabaseSession, sql: str, schema: str = "", name: str = ""
    ) -> list[Row]:
        """Rows of a catalog query, with its values in the text of the query."""
        names = {
            "catalog": self.quote(self._catalog),
            "in_catalog": self.literal(self._catalog),
            "schema": self.literal(schema),
            "one": self.one_table.format(name=self.literal(name)) if name else "",
        }
        return session.rows(sql.format(**names))

    # -- rendering -------------------------------------------------------------

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """The statement of one change.

        One a statement: several are taken by new runtimes only
        (https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table-manage-column).
        """
        if column_of(change.target) is not None and table.kind is TableKind.TABLE:
            return super().sql(table, change, basis)  # works on every runtime
        return SequentialDialect.sql(self, table, change, basis)

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
