"""Which tables are listed, and in which order; what bulk decisions and drafting take.

A screen tells it what is wanted and shows its rows; it knows of no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog.choice import Scope
from catalog.listing import Listing, Order, Show, TableFilter
from catalog.objects import TableId, TableKind
from catalog.snapshot import TableSummary
from catalog.suggestion import SuggestionFilter
from tui.app.screens.facets import Facet, suggestions_with, values
from tui.flow.text import count


class TableList:
    """The tables of a database as the steward looks at them."""

    def __init__(self) -> None:
        self.all = Listing([])
        """All tables, listed or not."""
        self.order = Order.NAME
        self.facets: frozenset[Facet] = frozenset()
        self.found: Sequence[TableSummary] = ()
        """What is listed, since `find` was called last."""
        self._wanted = TableFilter()

    def find(self) -> None:
        """List what is wanted by now."""
        self.found = self.all.find(self._wanted, self.order)

    def place_of(self, table: TableId | None) -> int | None:
        """Where a table stands among those listed."""
        places = (i for i, each in enumerate(self.found) if each.id == table)
        return next(places, None)

    # What is wanted

    def named(self, text: str) -> None:
        """Only tables with these characters in their names."""
        self._wanted = replace(self._wanted, text=text)

    def within(self, schema: str | None) -> None:
        """Only tables of a schema; of all for None."""
        self._wanted = replace(self._wanted, schema=schema)

    def having(self, facets: frozenset[Facet]) -> SuggestionFilter:
        """Only tables with these properties; what `only` has to look for besides."""
        self.facets = facets
        self._wanted = replace(
            self._wanted,
            shows=values(facets, Show),
            kinds=values(facets, TableKind),
            tables=None,
        )
        return suggestions_with(facets)

    def only(self, tables: frozenset[TableId], facets: frozenset[Facet]) -> None:
        """Only these, as they have suggestions of some kind that is still wanted."""
        if facets == self.facets:
            self._wanted = replace(self._wanted, tables=tables)

    def clear(self) -> None:
        """All of the schema."""
        self.facets = frozenset()
        self._wanted = TableFilter(schema=self._wanted.schema)

    def order_next(self) -> None:
        """Order by the next property."""
        orders = list(Order)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]

    # What it means

    @property
    def undecided(self) -> int:
        """Suggestions of the tables listed that wait."""
        return sum(each.undecided for each in self.found)

    @property
    def undocumented(self) -> list[TableId]:
        """The tables listed that lack something."""
        return [each.id for each in self.found if each.undocumented]

    @property
    def scope(self) -> Scope:
        """What a bulk decision takes."""
        wanted = suggestions_with(self.facets)
        if len(self.found) == len(self.all.summaries):
            return Scope(wanted=wanted)
        return Scope(tables=[each.id for each in self.found], wanted=wanted)

    def line(self, *, looking: bool) -> str:
        """What is listed, for the status line."""
        parts = [count(len(self.found), "table")]
        if self.facets:
            parts.append(", ".join(sorted(facet.label for facet in self.facets)))
        if looking:
            parts.append("looking through the suggestions…")
        if self.order is not Order.NAME:
            parts.append(self.order.value + " first")
        return " · ".join(parts)
