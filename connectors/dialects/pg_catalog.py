"""Keys from pg_constraint, in SQL that every catalog made after PostgreSQL's has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from catalog.objects import TableId
from connectors.database_session import Row
from connectors.dialects.schema import Key

# Redshift has neither unnest nor WITH ORDINALITY, so each column of a key meets each
# of the other side's here, and `keys_of` picks the pairs.
KEYS = """
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


def keys_of(rows: Sequence[Row]) -> Iterator[Key]:
    """Key columns from the rows of `KEYS`."""
    found: list[tuple[str, str, int, Key]] = []
    for table, name, here, number, column, schema, other, there, far, field in rows:
        place = _numbers(here).index(int(number))
        if other is None:
            found.append((table, name, place, Key(table, name, column)))
        elif _numbers(there).index(int(far)) == place:
            key = Key(table, name, column, TableId(schema, other), field)
            found.append((table, name, place, key))
    for *_, key in sorted(found, key=lambda one: one[:3]):
        yield key


def _numbers(value: object) -> list[int]:
    """Column numbers, which drivers give as a list or as the text `{1,2}`."""
    if isinstance(value, (list, tuple)):
        return [int(str(item)) for item in cast("Sequence[object]", value)]
    return [int(item) for item in str(value).strip("{}").split(",")]
