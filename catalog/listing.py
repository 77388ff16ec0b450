"""Tables as a screen lists them: filtered by name and by what waits, sorted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from catalog.objects import TableId, TableKind
from catalog.snapshot import CoverageCount, SchemaCoverage, TableSummary

LONGEST = 1000
"""Characters of a filter that are looked for; SQLite takes 50,000 of a pattern."""


class Show(Enum):
    """What of a table there has to be."""

    UNDOCUMENTED = "not all described"
    UNDECIDED = "to decide"
    STAGED = "accepted"
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
    """What occurs in `schema.table`, as `name_pattern` has it."""
    schema: str | None = None
    """Exact name of the schema."""
    shows: frozenset[Show] = frozenset()
    """Any of these has to be true."""
    kinds: frozenset[TableKind] = frozenset()
    """Kinds of tables."""
    tables: frozenset[TableId] | None = None
    """Only these, such as those with a suggestion of some kind."""


def pieces(wanted: str) -> list[str]:
    """What a name has to have, in this order: all in one piece, or letters after `'`.

    A list that is typed into is decided on as a whole: it has what was typed, unless
    the steward asks for what is like it.
    """
    return list(wanted[1:]) if wanted.startswith("'") else [wanted]


def name_pattern(wanted: str) -> re.Pattern[str]:
    """Matches lower-case names that have the pieces of what is wanted."""
    # [^x]* before each x cannot go back, so a name costs its length and no more.
    parts = (
        f"[^{re.escape(piece)}]*{re.escape(piece)}"
        if len(piece) == 1
        else f".*?{re.escape(piece)}"
        for piece in map(str.lower, pieces(wanted))
    )
    return re.compile("".join(parts), re.DOTALL)


def name_like(wanted: str) -> str:
    r"""What SQLite's `LIKE … ESCAPE '\'` finds names by, roughly as `name_pattern`.

    It knows the case of ASCII letters only: any character may stand for another letter
    with a case, so that more may be found, and none is missed. Of what is longer than
    a name the beginning is looked for.
    """
    found = pieces(wanted[:LONGEST])
    return "%".join("".join(map(_like, piece)) for piece in ("", *found, ""))


def _like(character: str) -> str:
    if character in "\\%_":
        return f"\\{character}"
    cased = character.upper() != character.lower() or not character.isalnum()
    return "_" if cased and not character.isascii() else character


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
    _described: CoverageCount = field(init=False)

    def __post_init__(self) -> None:
        self._names = [f"{s.id.schema}.{s.id.name}".lower() for s in self.summaries]
        self._places = {s.id: place for place, s in enumerate(self.summaries)}
        self._last = ("", list(range(len(self.summaries))))
        self._described = CoverageCount()
        for summary in self.summaries:
            self._count(summary)

    def _count(self, table: TableSummary, sign: int = 1) -> None:
        self._described.add(
            table.id.schema,
            table.described,
            table.columns,
            table.columns_described,
            sign,
        )

    def find(
        self, wanted: TableFilter, order: Order = Order.NAME
    ) -> list[TableSummary]:
        """The tables that fit; by letters, those that have them in one piece first."""
        text = wanted.text.lower()
        found = self._named(text)
        if text.startswith("'") and order is Order.NAME:
            names, whole = self._names, text[1:]
            found = sorted(found, key=lambda place: whole not in names[place])
        tables = [self.summaries[place] for place in found]
        if wanted.schema is not None:
            tables = [each for each in tables if each.id.schema == wanted.schema]
        if wanted.kinds:
            tables = [each for each in tables if each.kind in wanted.kinds]
        if wanted.tables is not None:
            tables = [each for each in tables if each.id in wanted.tables]
        if wanted.shows:
            tables = [e for e in tables if any(_IS[show](e) for show in wanted.shows)]
        most: dict[Order, Callable[[TableSummary], int]] = {
            Order.ROWS: lambda table: table.row_estimate or 0,
            Order.WAITING: lambda table: table.undecided,
            Order.REFERENCES: lambda table: self.references.get(table.id, 0),
            Order.SIMILAR: lambda table: self.similar.get(table.id, 0),
        }
        if order in most:
            tables.sort(key=most[order], reverse=True)
        return tables

    def _named(self, text: str) -> list[int]:
        """Places of the names that fit; of a longer text only the last ones can."""
        before, found = self._last
        if not text.startswith(before):
            found = list(range(len(self.summaries)))
        if text != before:
            match, names = name_pattern(text).match, self._names
            found = [place for place in found if match(names[place])]
            self._last = (text, found)
        return found

    def update(self, changed: Iterable[TableSummary]) -> None:
        """Take in other counts of tables that are listed."""
        for summary in changed:
            if (place := self._places.get(summary.id)) is not None:
                self._count(self.summaries[place], -1)
                self._count(summary)
                self.summaries[place] = summary

    def coverage(self) -> tuple[list[SchemaCoverage], SchemaCoverage]:
        """Coverage by schema, and the total."""
        return self._described.coverage()


_IS: dict[Show, Callable[[TableSummary], bool]] = {
    Show.UNDOCUMENTED: lambda table: table.undocumented,
    Show.UNDECIDED: lambda table: table.undecided > 0,
    Show.STAGED: lambda table: table.staged > 0,
    Show.DESCRIBED: lambda table: not table.undocumented,
}
