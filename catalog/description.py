"""What a file of documentation says, before and after it is put on a catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.objects import Table, TableId, Target, column_of, make_target, table_of

ANY = ".*"
"""The pattern of a schema of which nothing is known."""


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where a table may be, as far as a file tells."""

    schema: str
    """A regular expression for the whole name of its schema."""
    name: str
    """The table's name."""


@dataclass(frozen=True, slots=True)
class Description:
    """One description in a file."""

    target: Target
    """The table or column. Its schema is empty where the file names none."""
    text: str
    """The description, never empty."""
    places: tuple[TablePlace, ...] = ()
    """Where to look for the table, most likely first; empty: just where `target` is."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something in a file that was understood and is not taken."""

    what: str
    """What it describes, as the file calls it."""
    reason: str
    """Why it is not taken."""


@dataclass(slots=True)
class Contents:
    """What was read from a file."""

    descriptions: list[Description] = field(default_factory=list[Description])
    """In the file's order."""
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    """What is there and cannot be offered."""
    remarks: list[str] = field(default_factory=list[str])
    """How the file was read, where that is not what everybody expects."""


@dataclass(slots=True)
class Matched:
    """Descriptions that were put on a catalog."""

    known: list[Description] = field(default_factory=list[Description])
    """Each on a target of the catalog, and no two on one."""
    unknown: list[Target] = field(default_factory=list[Target])
    """Targets that are not in the catalog, as the file calls them."""
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    """What fits several targets, or is said twice."""


def name_of(target: Target) -> str:
    """A target of a file in words; a schema that the file does not name is left out."""
    schema = table_of(target).schema
    return str(target) if schema else str(target)[1:]


def kind_of(value: object) -> str:
    """What stands where a text belongs, in words."""
    match value:
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"a {type(value).__name__}"


def match(
    descriptions: Iterable[Description],
    tables: Iterable[Table],
    *,
    fold_tables: bool = False,
    fold_columns: bool = False,
) -> Matched:
    """Put descriptions on the targets of a catalog.

    Where a file names no schema, a table name that exists in one schema only is enough.

    Args:
        descriptions: what a file says.
        tables: the catalog.
        fold_tables: names of tables and schemas mean the same in any case, where none
            is spelled exactly so.
        fold_columns: names of columns do.
    """
    catalog = _Catalog(tables, fold_tables=fold_tables, fold_columns=fold_columns)
    found = Matched()
    texts: dict[Target, str] = {}
    for each in descriptions:
        ids = catalog.find(each)
        if len(ids) > 1:
            candidates = " or ".join(map(str, ids))
            reason = f"it could be of {candidates}"
            found.left_out.append(LeftOut(name_of(each.target), reason))
            continue
        target = catalog.target(ids[0], column_of(each.target)) if ids else None
        if target is None:
            found.unknown.append(each.target)
        elif target not in texts:
            texts[target] = each.text
            found.known.append(Description(target, each.text))
        elif texts[target] != each.text:
            reason = "another text of it comes before"
            found.left_out.append(LeftOut(name_of(each.target), reason))
    return found


class _Catalog:
    """Tables by name, for looking up what files call them."""

    def __init__(
        self, tables: Iterable[Table], *, fold_tables: bool, fold_columns: bool
    ) -> None:
        self._fold_columns = fold_columns
        self._tables: dict[TableId, Table] = {}
        self._by_name: dict[str, list[TableId]] = {}
        self._by_folded: dict[str, list[TableId]] = {}
        for table in tables:
            self._tables[table.id] = table
            self._by_name.setdefault(table.id.name, []).append(table.id)
            if fold_tables:
                folded = table.id.name.casefold()
                self._by_folded.setdefault(folded, []).append(table.id)

    def find(self, each: Description) -> list[TableId]:
        """The tables that the first fitting place of a description fits."""
        schema, name = table_of(each.target)
        if not each.places and (exact := TableId(schema, name)) in self._tables:
            return [exact]
        own = TablePlace(re.escape(schema) if schema else ANY, name)
        for place in each.places or (own,):
            named = self._by_name.get(place.name, [])
            if found := [t for t in named if re.fullmatch(place.schema, t.schema)]:
                return found
            named = self._by_folded.get(place.name.casefold(), [])
            pattern = re.compile(place.schema, re.IGNORECASE)
            if found := [t for t in named if pattern.fullmatch(t.schema)]:
                return found
        return []

    def target(self, table_id: TableId, column: str | None) -> Target | None:
        """The table or its column of that name, or None."""
        table = self._tables[table_id]
        if column is None:
            return table_id
        if table.column(column) is None:
            folded = column.casefold()
            alike = [c.id for c in table.columns if c.name.casefold() == folded]
            return alike[0] if self._fold_columns and len(alike) == 1 else None
        return make_target(*table_id, column)
