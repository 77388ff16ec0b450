"""What was made after PostgreSQL's catalog, in SQL that all such catalogs have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, cast

from catalog.objects import TableKind
from connectors.database_session import DatabaseSession
from connectors.dialects.bases.schema import Key, SchemaDialect
from connectors.dialects.postgresql import CONNECT_FAULTS

# Redshift has neither unnest nor WITH ORDINALITY, so each column of a key meets each
# of the other side's here, and `keys` picks the pairs.
_KEYS = """
SELECT t.relname, k.conname, k.conkey, a.attnum, a.attname,
       n.nspname, r.relname, k.confkey, b.attnum, b.attname
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class t ON t.oid = k.conrelid
JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)
LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid AND k.contype = 'f'
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_catalog.pg_attribute b
  ON b.attrelid = r.oid AND b.attnum = ANY(k.confkey)
WHERE s.nspname = :schema AND k.contype IN ('p', 'f') {one}
ORDER BY t.relname, k.conname
"""


class PgCatalogDialect(SchemaDialect):
    """Databases with PostgreSQL's pg_class and pg_constraint."""

    schemas_sql = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_'"
    system_schemas = frozenset(
        {"information_schema", "catalog_history", "crdb_internal"}
    )
    kinds: ClassVar = {
        "r": TableKind.TABLE,
        "v": TableKind.VIEW,
        "m": TableKind.MATERIALIZED_VIEW,
    }
    one_table = "AND t.relname = :name"
    connect_faults: ClassVar = CONNECT_FAULTS

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Key]:
        """Key columns of all tables of a schema, or of the one named."""
        found: list[tuple[str, str, int, Key]] = []
        for row in self.ask(session, _KEYS, schema, name):
            table, key, here, number, column, *far, there, far_number, _ = row
            place = _numbers(here).index(int(number))
            if far[1] is None:
                found.append((table, key, place, Key(table, key, column)))
            elif _numbers(there).index(int(far_number)) == place:
                pair = Key(table, key, column, far[0], far[1], row[-1])
                found.append((table, key, place, pair))
        for *_, pair in sorted(found, key=lambda one: one[:3]):
            yield pair


def _numbers(value: object) -> list[int]:
    """Column numbers, which drivers give as a list or as the text `{1,2}`."""
    if isinstance(value, (list, tuple)):
        return [int(str(item)) for item in cast("Sequence[object]", value)]
    return [int(item) for item in str(value).strip("{}").split(",")]
