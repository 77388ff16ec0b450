"""Which tables are listed, and in which order; what bulk decisions and drafting take.

A screen tells it what is wanted and shows its rows; it knows of no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

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
        self._left: dict[str | None, TableId] = {}
        """The table under the cursor when each schema was left."""

    def find(self, here: TableId | None = None) -> int:
        """List what is wanted by now; where the cursor goes.

        That is the table where it stands or, where that is listed no more, the next of
        those listed before that is, else the last one before it.
        """
        before, self.found = self.found, self.all.find(self._wanted, self.order)
        if (place := self.place_of(here)) is not None:
            return place
        places = {each.id: place for place, each in enumerate(self.found)}
        at = next((i for i, each in enumerate(before) if each.id == here), 0)
        near = chain(before[at:], reversed(before[:at]))
        return next((places[each.id] for each in near if each.id in places), 0)

    def place_of(self, table: TableId | None) -> int | None:
        """Where a table stands among those listed."""
        places = (i for i, each in enumerate(self.found) if each.id == table)
        return next(places, None)

    # What is wanted

    def named(self, text: str) -> None:
        """Only tables with these characters in their names."""
        self._wanted = replace(self._wanted, text=text)

    @property
    def schema(self) -> str | None:
        """The schema whose tables are listed; None is all."""
        return self._wanted.schema

    def within(self, schema: str | None, here: TableId | None) -> TableId | None:
        """Only tables of a schema; of all for None.

        Takes the table under the cursor, and returns the one where the schema was left.
        """
        if here is not None:
            self._left[self.schema] = here
        self._wanted = replace(self._wanted, schema=schema)
        return self._left.get(schema, here)

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
    def first_to_do(self) -> int:
        """Where the first table stands of which something is to be decided.

        Else the first that lacks something, else the first.
        """
        waits = (i for i, each in enumerate(self.found) if each.undecided)
        lacks = (i for i, each in enumerate(self.found) if each.undocumented)
        return next(chain(waits, lacks), 0)

    @property
    def undocumented(self) -> list[TableId]:
        """The tables listed that lack something."""
        return [each.id for each in self.found if each.undocumented]

    @property
    def undocumented_within(self) -> list[TableId]:
        """The tables of the schema that lack something, listed or not."""
        return [
            each.id
            for each in self.all.summaries
            if each.undocumented and self.schema in (None, each.id.schema)
        ]

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
            parts.append("looking through the drafts…")
        if self.order is not Order.NAME:
            parts.append(self.order.value + " first")
        return " · ".join(parts)
