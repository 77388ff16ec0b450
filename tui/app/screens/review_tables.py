"""The tables under review, one after the other; those near the cursor are read.

It knows of no widget: `ReadingList` asks it for rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from catalog.objects import TableId, Target, table_of
from catalog.suggestion import STAGED, Suggestion
from tui.app.screens.review_rows import Line, drawn, is_cut, review_lines
from tui.app.widgets.reading_list import Direction, Drawn, ruled
from tui.flow.session import Session

KEPT = 200
"""Tables that are held in memory."""
NEAR = 100
"""Tables that are read to find the next row that fits."""
NOTHING_LEFT = "nothing to decide"
Spot = tuple[int, int]
"""A table's place in the order, and a line's among those of it that are listed."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table: all of its lines, and those that are listed."""

    lines: Sequence[Line]
    """The table itself, then its columns; empty where the table is gone."""
    listed: Sequence[Line]
    """Those that fit."""
    rows: dict[tuple[int, int, bool], Sequence[Drawn]] = field(default_factory=dict)
    """How they were drawn: a list measures each more often than it draws it."""

    @property
    def undecided(self) -> int:
        """How many wait for the steward, listed or not."""
        return sum(line.undecided for line in self.lines)

    @property
    def bare(self) -> int:
        """How many have neither a comment nor a suggestion."""
        return sum(
            line.suggestion is None and line.comment is None for line in self.lines
        )

    @property
    def accepted(self) -> int:
        """How many are to be written."""
        return sum(
            line.suggestion is not None and line.suggestion.state in STAGED
            for line in self.lines
        )


class ReviewTables:
    """Rows of many tables in one list.

    Args:
        session: where they are read from.
        order: the tables, as the catalog lists them.
    """

    def __init__(self, session: Session, order: Sequence[TableId]) -> None:
        self._session = session
        self._parts: OrderedDict[TableId, Section] = OrderedDict()
        self.every = {table: at for at, table in enumerate(order)}
        """The tables and their places, whatever fits."""
        self.order: Sequence[TableId] = order
        """Those that may have lines that fit."""
        self._at = self.every
        self.complete = True
        """Whether `order` is known to leave out what has none."""
        self.fits: Callable[[Line], bool] = lambda _: True
        """Which lines are listed."""
        self.marked: set[Target] = set()
        """What the steward marked."""
        self._read: set[tuple[int, str | None]] = set()
        self.cursor: Callable[[], Spot | None] = lambda: None
        """The row under the cursor."""

    # What there is

    def part(self, at: int) -> Section:
        """A table of the order, read if it was not."""
        table = self.order[at]
        if (part := self._parts.get(table)) is None:
            part = self._parts[table] = self._listed(self._lines_of(table))
            if len(self._parts) > KEPT:
                self._parts.popitem(last=False)
        self._parts.move_to_end(table)
        return part

    def _lines_of(self, table: TableId) -> Sequence[Line]:
        read = self._session.snapshot.table(table)
        if read is None:
            return ()
        return review_lines(read, self._session.suggestions.of_table(table))

    def _listed(self, lines: Sequence[Line]) -> Section:
        return Section(lines, [line for line in lines if self.fits(line)])

    def holds(self, table: TableId) -> bool:
        """Whether a table was read."""
        return table in self._parts

    def line(self, spot: Spot | None) -> Line | None:
        """What stands there; None where nothing does, or nothing any more."""
        if spot is None or spot[0] >= len(self.order):
            return None
        listed = self.part(spot[0]).listed
        return listed[spot[1]] if spot[1] < len(listed) else None

    def spot_of(self, target: Target, near: Spot | None = None) -> Spot | None:
        """Where a target is listed; else what stands near, or the first of all."""
        table = table_of(target)
        if (at := self._at.get(table)) is not None:
            for number, line in enumerate(self.part(at).listed):
                if line.target == target:
                    return at, number
            near = at, near[1] if near is not None else 0
        if near is None or not self.order:
            return self.edge(-1)
        at = min(near[0], len(self.order) - 1)
        if number := len(self.part(at).listed):
            return at, min(near[1], number - 1)
        return self.step((at, 0), 1) or self.step((at, 0), -1)

    def undecided(self, spot: Spot, by: Direction) -> Spot | None:
        """The next undecided line of the same table after or before one."""
        listed = self.part(spot[0]).listed
        here = spot[1]
        places = range(here + 1, len(listed)) if by > 0 else range(here - 1, -1, -1)
        return next(((spot[0], i) for i in places if listed[i].undecided), None)

    def first_undecided(self, at: int, by: Direction = 1) -> Spot:
        """A table's first undecided line, or its last; its first of all for none."""
        listed = self.part(at).listed
        found = [i for i, line in enumerate(listed) if line.undecided]
        return at, (found[0 if by > 0 else -1] if found else 0)

    def waits(self, table: TableId) -> bool:
        """Whether something of it is listed and undecided: read anew, in any thread."""
        return any(line.undecided and self.fits(line) for line in self._lines_of(table))

    def between(self, spot: Spot, end: Spot) -> Iterator[Line]:
        """The lines from one row to another, both among them."""
        here: Spot | None = spot
        while here is not None and here <= end:
            if (line := self.line(here)) is not None:
                yield line
            here = self.step(here, 1)

    def marked_ids(self) -> list[int]:
        """The suggestions of what is marked, listed or not."""
        found: list[int] = []
        for table in sorted({table_of(target) for target in self.marked}):
            suggestions = self._session.suggestions.of_table(table)
            marked = (target for target in suggestions if target in self.marked)
            found += [suggestions[target].id for target in marked]
        return found

    def read_ids(self) -> set[int]:
        """The suggestions whose text, as it is now, stood on the screen."""
        lines = (line for part in self._parts.values() for line in part.lines)
        found = filter(None, (line.suggestion for line in lines))
        return {each.id for each in found if (each.id, each.text) in self._read}

    def above(self, spot: Spot | None, at: int) -> int:
        """How many of a table wait above a row of it; 0 for a row of another."""
        if spot is None or spot[0] != at:
            return 0
        return sum(line.undecided for line in self.part(at).listed[: spot[1]])

    # What changes

    def forget(self) -> None:
        """Read anew what is looked at."""
        self._parts.clear()

    def put(self, suggestion: Suggestion) -> None:
        """Show what became of one suggestion."""
        table = table_of(suggestion.target)
        if (part := self._parts.get(table)) is not None:
            self._parts[table] = self._listed(
                [
                    replace(line, suggestion=suggestion)
                    if line.target == suggestion.target
                    else line
                    for line in part.lines
                ]
            )

    def narrow(self, fits: Callable[[Line], bool], *, complete: bool) -> None:
        """List other lines.

        Args:
            fits: those that are wanted.
            complete: every table may have one. Else only tables that were read are
                listed, until `only` says which have any.
        """
        self.fits, self.complete = fits, complete
        self.order, self._at = list(self.every), self.every
        for table, part in self._parts.items():
            self._parts[table] = self._listed(part.lines)

    def only(self, tables: frozenset[TableId]) -> None:
        """No other table has a line that fits."""
        self.order = [table for table in self.every if table in tables]
        self._at = {table: at for at, table in enumerate(self.order)}
        self.complete = True

    def place_of(self, table: TableId) -> int | None:
        """Where a table is in the order."""
        return self._at.get(table)

    # Rows

    def edge(self, direction: Direction, here: Spot | None = None) -> Spot | None:
        """The first or last row of a row's table; if it is that, the one of all."""
        if here is not None and here[0] < len(self.order):
            last = len(self.part(here[0]).listed) - 1
            if here[1] != (end := 0 if direction < 0 else last):
                return here[0], end
        if not self.order:
            return None
        at = 0 if direction < 0 else len(self.order) - 1
        if number := len(self.part(at).listed):
            return at, 0 if direction < 0 else number - 1
        return self.step((at, 0), 1 if direction < 0 else -1)

    def step(self, place: Spot, by: Direction) -> Spot | None:
        """The row after or before one, in the same table or another."""
        at, number = place
        if at < len(self.order) and 0 <= number + by < len(self.part(at).listed):
            return at, number + by
        for near in self._near(at, by):
            if rows := len(self.part(near).listed):
                return near, 0 if by > 0 else rows - 1
        return None

    def _near(self, at: int, by: Direction) -> Iterator[int]:
        end = min(at + NEAR, len(self.order) - 1) if by > 0 else max(at - NEAR, 0)
        for each in range(at + by, end + by, by):
            if self.complete or self.holds(self.order[each]):
                yield each

    def read(self, places: Sequence[Spot], width: int) -> None:
        """Remember which texts stood on the screen from beginning to end.

        What is cut in the list is whole in the details of the cursor's row.
        """
        here = self.cursor()
        drafts: list[int] = []
        for place in places:
            line = self.line(place)
            if line is None or (suggestion := line.suggestion) is None:
                continue
            key = suggestion.id, suggestion.text
            if key in self._read or (place != here and is_cut(line, width)):
                continue
            self._read.add(key)
            if suggestion.author is None:
                drafts += [each.id for each in suggestion.pair] or [suggestion.id]
        if drafts:
            self._session.suggestions.inferences.show(drafts)

    def row(self, place: Spot, width: int) -> Sequence[Drawn]:
        """The lines of a row."""
        line = self.line(place)
        if line is None:  # it is gone, and the list hears of it next
            return [()]
        rows, marked = self.part(place[0]).rows, line.target in self.marked
        key = (place[1], width, marked)
        if (row := rows.get(key)) is None:
            row = rows[key] = drawn(line, width, marked=marked)
        return row

    def heading(self, place: Spot, width: int, *, top: bool) -> Drawn | None:
        """Which table, its place, and what waits of it."""
        at, number = place
        if at >= len(self.order) or not (top or number == 0):
            return None
        part, table = self.part(at), self.order[at]
        waits = f"{part.undecided:,} to decide"
        if (listed := sum(line.undecided for line in part.listed)) < part.undecided:
            waits = f"{listed:,} of {part.undecided:,} to decide"
        if not part.undecided:
            waits = f"{part.bare:,} to draft" if part.bare else NOTHING_LEFT
        if above := self.above(self.cursor(), at):
            waits += f" ({above:,} above)"
        told = [f" {self.every[table] + 1:,}/{len(self.every):,}", waits]
        if part.accepted:
            told.append(f"{part.accepted:,} accepted")
        return ruled(str(table), " · ".join(told), width, top=top)
