"""Tables as a screen lists them: filtered by name and by what waits, sorted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from catalog.objects import TableId, TableKind
from catalog.snapshot import SchemaCoverage, TableSummary, coverage_of


class Show(Enum):
    """What of a table there has to be."""

    UNDOCUMENTED = "undocumented"
    UNDECIDED = "to decide"
    STAGED = "to write"
    DESCRIBED = "described"


class Order(Enum):
    """What comes first."""

    NAME = "name"
    ROWS = "most rows"
    WAITING = "most to decide"
    REFERENCES = "most foreign keys to it"
    SIMILAR = "most tables like it"


@dataclass(frozen=True, slots=True)
class TableFilter:
    """Which tables are listed; what is empty leaves none out."""

    text: str = ""
    """Characters that occur in `schema.table`, in this order."""
    schema: str | None = None
    """Exact name of the schema."""
    shows: frozenset[Show] = frozenset()
    """Any of these has to be true."""
    kinds: frozenset[TableKind] = frozenset()
    """Kinds of tables."""
    tables: frozenset[TableId] | None = None
    """Only these, such as those with a suggestion of some kind."""


def fuzzy(wanted: str) -> re.Pattern[str]:
    """Finds names in which the characters wanted occur in this order."""
    # [^x]* before each x cannot go back, so a name costs its length and no more.
    parts = (f"[^{re.escape(c)}]*{re.escape(c)}" for c in wanted.lower())
    return re.compile("".join(parts), re.DOTALL)


@dataclass(slots=True)
class Listing:
    """All tables of a database, held for as long as they are on the screen."""

    summaries: list[TableSummary]
    """In order of schema and name."""
    references: Mapping[TableId, int] = field(default_factory=dict[TableId, int])
    """Foreign keys that point to a table; read when it is asked for."""
    similar: Mapping[TableId, int] = field(default_factory=dict[TableId, int])
    """Tables like a table; read when it is asked for."""
    _names: list[str] = field(init=False)
    _places: dict[TableId, int] = field(init=False)
    _last: tuple[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self._names = [f"{s.id.schema}.{s.id.name}".lower() for s in self.summaries]
        self._places = {s.id: place for place, s in enumerate(self.summaries)}
        self._last = ("", list(range(len(self.summaries))))

    def find(
        self, wanted: TableFilter, order: Order = Order.NAME
    ) -> list[TableSummary]:
        """The tables that fit; names that have the text in one piece come first."""
        text = wanted.text.lower()
        found = self._named(text)
        if text and order is Order.NAME:
            names = self._names
            found = sorted(found, key=lambda place: text not in names[place])
        tables = [self.summaries[place] for place in found]
        if wanted.schema is not None:
            tables = [each for each in tables if each.id.schema == wanted.schema]
        if wanted.kinds:
            tables = [each for each in tables if each.kind in wanted.kinds]
        if wanted.tables is not None:
            tables = [each for each in tables if each.id in wanted.tables]
        if wanted.shows:
            tables = [e for e in tables if any(_is(e, show) for show in wanted.shows)]
        return self._sorted(tables, order)

    def _named(self, text: str) -> list[int]:
        """Places of the names that fit; of a longer text only the last ones can."""
        before, found = self._last
        if not text.startswith(before):
            found = list(range(len(self.summaries)))
        if text != before:
            match, names = fuzzy(text).match, self._names
            found = [place for place in found if match(names[place])]
            self._last = (text, found)
        return found

    def update(self, changed: Iterable[TableSummary]) -> None:
        """Take in other counts of tables that are listed."""
        for summary in changed:
            if (place := self._places.get(summary.id)) is not None:
                self.summaries[place] = summary

    def coverage(self) -> tuple[list[SchemaCoverage], SchemaCoverage]:
        """Coverage by schema, and the total."""
        return coverage_of(
            (each.id.schema, each.described, each.columns, each.columns_described)
            for each in self.summaries
        )

    def _sorted(self, tables: list[TableSummary], order: Order) -> list[TableSummary]:
        match order:
            case Order.ROWS:
                return sorted(tables, key=lambda each: -(each.row_estimate or 0))
            case Order.WAITING:
                return sorted(tables, key=lambda each: -each.undecided)
            case Order.REFERENCES:
                return sorted(tables, key=lambda e: -self.references.get(e.id, 0))
            case Order.SIMILAR:
                return sorted(tables, key=lambda e: -self.similar.get(e.id, 0))
            case _:
                return tables


def _is(table: TableSummary, show: Show) -> bool:
    match show:
        case Show.UNDOCUMENTED:
            return table.undocumented
        case Show.UNDECIDED:
            return table.undecided > 0
        case Show.STAGED:
            return table.staged > 0
        case Show.DESCRIBED:
            return not table.undocumented
