"""MariaDB: like MySQL, but instant, and with definitions that hide a few things."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from catalog.objects import TableId
from connectors.database_session import DatabaseSession, Row
from connectors.definition import Definition, TableDefinition
from connectors.dialects.bases import innodb
from connectors.dialects.bases.schema import Key
from connectors.dialects.mysql import GEOMETRIES, MySQL

_SRIDS = """
SELECT g_geometry_column, srid FROM information_schema.geometry_columns
WHERE g_table_schema = :schema AND g_table_name = :name AND srid <> 0
"""


class MariaDB(MySQL):
    """Proved on 10.11; one instant ALTER carries the table's comment too."""

    name = "mariadb"
    label = "MariaDB"
    family = "mysql"
    proved = True
    # https://mariadb.com/docs/server/server-management/variables-and-modes/server-system-variables
    identity_sql = "SELECT @@server_uid, CONCAT_WS('/', @@hostname, @@port, @@datadir)"
    sample_query = (
        "SET STATEMENT max_statement_time = {seconds:.3f} FOR "
        "SELECT {expressions} FROM {table} LIMIT {rows}"
    )
    parallel = 2
    algorithm = "ALGORITHM=INSTANT, LOCK=NONE"
    table_algorithm = algorithm

    def listed(self, session: DatabaseSession, schema: str, name: str) -> list[Row]:
        """Name, type, row estimate, comment and options of tables and views."""
        found = None if name else innodb.relations(session, schema)
        return super().listed(session, schema, name) if found is None else found

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Key]:
        """Columns of primary and foreign keys, in key order."""
        found = None if name else innodb.keys(session, schema)
        if found is None:
            return super().keys(session, schema, name)
        return map(Key._make, found)

    def default_text(
        self, default: str | None, extra: str, expression: str
    ) -> str | None:
        """Without the NULL that MariaDB prints where there is no default."""
        text = super().default_text(default, extra, expression)
        return None if text == "NULL" else text

    def standing(
        self, session: DatabaseSession, table_id: TableId, printed: str
    ) -> TableDefinition:
        """With the reference systems of shapes, and columns as json that were made so.

        Both are what a restated definition needs and SHOW CREATE TABLE leaves out.
        """
        sliced = super().standing(session, table_id, printed)
        srids: dict[str, int] = {}
        if any(one.type_word in GEOMETRIES for one in sliced.columns.values()):
            rows = session.rows(_SRIDS, schema=table_id.schema, name=table_id.name)
            srids = {str(name): int(srid) for name, srid in rows}
        columns: dict[str, Definition] = {}
        for name, definition in sliced.columns.items():
            if name in srids:
                definition = definition.with_srid(srids[name])
            elif definition.after:
                definition = definition.as_json(
                    f"CHECK (json_valid({self.quote(name)}))",
                    table_is_binary="COLLATE = utf8mb4_bin" in sliced.options,
                )
            columns[name] = definition
        return replace(sliced, columns=columns, text="" if srids else sliced.text)

    def pin(self, session: DatabaseSession) -> None:
        """As MySQL; and comments change no row, so row history may stay as it is.

        Without that every column of a system-versioned table is refused (4119).
        """
        super().pin(session)
        session.run("SET SESSION system_versioning_alter_history = KEEP")
