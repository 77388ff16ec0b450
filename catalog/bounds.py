"""What a URL or a saved connection names is the limit of everything done through it.

The limit is kept where the workspace is read: a bounded connection sees views in place
of the tables, so that no query, be it old or new, reaches beyond them. Whoever writes
names `main.` tables.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache

from catalog.errors import UsageError
from catalog.objects import TableId, TableKind

BOUNDED = (
    "tables",
    "documented",
    "suggestions",
    "waiting",
    "outdated",
    "ledger",
    "decisions",
)
"""Tables and views of the workspace that a bounded connection sees only in part."""


def matches(
    table: TableId, globs: Sequence[str], schemas: Collection[str] = ()
) -> bool:
    """Whether a table fits any glob on `table` or `schema.table`, and is in a schema.

    Where no glob or schema is named, all are meant.
    """
    return (not schemas or table.schema in schemas) and (
        not globs
        or any(fnmatchcase(table.name, g) or fnmatchcase(str(table), g) for g in globs)
    )


def excluded(table: TableId, globs: Sequence[str]) -> bool:
    """Whether any glob fits a table's schema or `schema.table`."""
    return any(
        fnmatchcase(table.schema, glob) or fnmatchcase(str(table), glob)
        for glob in globs
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which tables of a database there are, as far as a connection is concerned."""

    schemas: tuple[str, ...] = ()
    """Exact names; all where empty."""
    exclude: tuple[str, ...] = ()
    """Case-sensitive patterns on `schema` or `schema.table` that are left out."""
    kinds: tuple[TableKind, ...] = ()
    """What the tables are; all kinds where empty."""

    def __bool__(self) -> bool:
        """Whether anything is left out at all."""
        return bool(self.schemas or self.exclude or self.kinds)

    @property
    def key(self) -> str:
        """Tells these bounds from others; empty where nothing is left out."""
        if not self:
            return ""
        kinds = sorted(kind.value for kind in self.kinds)
        return json.dumps([sorted(self.schemas), sorted(self.exclude), kinds])

    def takes(self, table: TableId, kind: TableKind | None = None) -> bool:
        """Whether a table is within them; a kind that is not told counts as fit."""
        if self.schemas and table.schema not in self.schemas:
            return False
        if kind is not None and self.kinds and kind not in self.kinds:
            return False
        return not excluded(table, self.exclude)

    def within(self, schemas: Sequence[str]) -> Bounds:
        """What is left of them in some schemas; in all where none is named.

        Raises:
            UsageError: nothing is.
        """
        if not schemas:
            return self
        left = [each for each in schemas if not self.schemas or each in self.schemas]
        if not left:
            raise UsageError(
                f"The URL names {', '.join(schemas)}, and the connection's schemas are"
                f" {', '.join(self.schemas)}.",
                "Correct one of them; together they name nothing.",
            )
        return replace(self, schemas=tuple(left))


def keep_within(db: sqlite3.Connection, database: int, bounds: Bounds) -> None:
    """Let a connection see no more of a database than its bounds take.

    Other databases of the workspace are seen as they are.
    """
    for name in BOUNDED:
        db.execute(f"DROP VIEW IF EXISTS temp.{name}")
    if not bounds:
        return

    @lru_cache(maxsize=100_000)
    def within(schema: str, name: str) -> bool:
        return bounds.takes(TableId(schema, name))

    db.create_function("within_bounds", 2, within, deterministic=True)
    kinds = ", ".join(f"'{kind.value}'" for kind in bounds.kinds)

    def taken(row: str, *, is_table: bool = False) -> str:
        fits = f"within_bounds({row}.schema, {row}.name)"
        if kinds and is_table:
            fits += f" AND {row}.kind IN ({kinds})"
        elif kinds:
            fits += (
                " AND EXISTS (SELECT 1 FROM main.tables k"
                f" WHERE k.database = {database:d} AND k.schema = {row}.schema"
                f" AND k.name = {row}.name AND k.kind IN ({kinds}))"
            )
        return fits

    def mine(row: str, *, is_table: bool = False) -> str:
        fits = taken(row, is_table=is_table)
        return f"({row}.database <> {database:d} OR {fits})"

    conditions = {
        "tables": mine("x", is_table=True),
        "documented": mine("x", is_table=True),
        "suggestions": mine("x"),
        "waiting": mine("x"),
        "outdated": mine("x"),
        "ledger": f"(({taken('x')}) OR EXISTS (SELECT 1 FROM main.runs r"
        f" WHERE r.id = x.run AND r.database <> {database:d}))",
        "decisions": "EXISTS (SELECT 1 FROM main.suggestions s"
        f" WHERE s.id = x.suggestion AND {mine('s')})",
    }
    for name in BOUNDED:
        db.execute(
            f"CREATE TEMP VIEW {name} AS SELECT x.* FROM main.{name} x"
            f" WHERE {conditions[name]}"
        )
