"""Finds the described column, or table, that is most like one without a description.

The descriptions searched are those of the shipped teacher set and the steward's own.
The score is the share of the name's words that both have, each weighted by how rare it
is (inverse document frequency), plus a little for the same kind of type and for tables
that speak of the same things. One mechanism serves house style, known vocabulary and
what the steward accepted: the nearest text goes into the prompt as a line `Like …`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import chain
from threading import Lock

from catalog.objects import ColumnId, Table, Target, column_of
from model import teacher_set
from model.names import expand, singular, table_words, words_of
from model.prompts.compact import example_line, kind_of

COLUMN_NEAR = 0.62
"""A column's example is at least this near."""
TABLE_NEAR = 0.34
"""A table's example is at least this near."""
_MOST = 400
"""Entries that are scored for one question; the rarest words choose them."""


@dataclass(frozen=True, slots=True)
class Example:
    """One description that may serve as an example."""

    name: str
    """The column's name in words; empty for a table."""
    table: str
    """What a row of its table is."""
    text: str
    """The description."""
    words: frozenset[str]
    """Stemmed words of the name, or of the table's name where it is a table."""
    about: frozenset[str]
    """Stemmed words of the table's name."""
    kind: str
    """The kind of its type, as the prompt says it."""
    origin: str
    """Table or system it is from, to leave it out by."""


def stems(words: Iterable[str]) -> frozenset[str]:
    """Enough of every word to know it again in another number or tense."""
    return frozenset(_stem(word) for word in words if word)


@lru_cache(maxsize=1 << 15)
def _stem(word: str) -> str:
    return singular(word.lower())[:7]


@lru_cache(maxsize=1 << 10)
def _row(table: str) -> tuple[str, frozenset[str]]:
    """What a row of a table is, and the stems of its words."""
    words = expand(table_words(table))
    return " ".join(words) or table, stems(words)


def example_of(table: Table, target: Target, text: str, *, origin: str) -> Example:
    """A description as an entry of the index."""
    row, about = _row(table.id.name)
    name = column_of(target)
    if name is None:
        return Example("", row, text, about, about, "", origin)
    words = expand(words_of(table, name))
    column = table.column(name)
    kind = kind_of(column.type) if column else ""
    phrase = " ".join(words) or name
    return Example(phrase, row, text, stems(words), about, kind, origin)


@dataclass(slots=True)
class Nearest:
    """Descriptions by the words of their names."""

    _columns: list[Example] = field(default_factory=list[Example])
    _tables: list[Example] = field(default_factory=list[Example])
    _by_word: dict[tuple[bool, str], list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _count: Counter[str] = field(default_factory=Counter[str])

    def __len__(self) -> int:
        return len(self._columns) + len(self._tables)

    def __iter__(self) -> Iterator[Example]:
        return chain(self._tables, self._columns)

    def add(self, entry: Example) -> None:
        """Take in one description."""
        whole = not entry.name
        entries = self._tables if whole else self._columns
        for word in entry.words:
            self._by_word[whole, word].append(len(entries))
            self._count[word] += 1
        entries.append(entry)

    def find(
        self, asked: Example, *, skip: str | None = None, always: bool = False
    ) -> Example | None:
        """The nearest entry that is near enough, or None.

        Args:
            asked: what an example is wanted for; its text is not looked at.
            skip: an origin to leave out.
            always: however far it is; where no word is the same, a late one of the same
                kind of type.
        """
        whole = not asked.name
        entries = self._tables if whole else self._columns
        best: tuple[float, int] | None = None
        seen: set[int] = set()
        total = sum(self._rarity(word) for word in asked.words) or 1.0
        for word in sorted(asked.words, key=lambda w: self._count[w]):
            for place in self._by_word.get((whole, word), ())[-_MOST:]:
                if place in seen:
                    continue
                seen.add(place)
                entry = entries[place]
                if entry.origin == skip:
                    continue
                score = self._score(asked, entry, total)
                if best is None or score > best[0]:
                    best = score, place
        near = TABLE_NEAR if whole else COLUMN_NEAR
        if best is not None and (always or best[0] >= near):
            return entries[best[1]]
        if not always:
            return None
        late = [each for each in entries[: -_MOST - 1 : -1] if each.origin != skip]
        alike = (each for each in late if each.kind == asked.kind)
        return next(alike, late[0] if late else None)

    def line(
        self, table: Table, target: Target, own: Nearest | None = None
    ) -> str | None:
        """The line of the prompt for a target's example, or None.

        Args:
            table: the table asked about.
            target: it or one of its columns.
            own: the steward's descriptions, which go before these.
        """
        asked = example_of(table, target, "", origin=str(table.id))
        itself = None if asked.name else asked.origin
        found = own.find(asked, skip=itself) if own is not None else None
        found = found or self.find(asked)
        return example_line(found.name, found.table, found.text) if found else None

    def house_line(
        self, table: Table, target: Target, *, skip: str | None = None
    ) -> str | None:
        """The same of these descriptions alone, however far the nearest is.

        A model that learned from a house knows by its example that it is asked there.

        Args:
            table: the table asked about.
            target: it or one of its columns.
            skip: an origin to leave out besides the table's own text.
        """
        asked = example_of(table, target, "", origin=str(table.id))
        itself = None if asked.name else asked.origin
        found = self.find(asked, skip=skip or itself, always=True)
        return example_line(found.name, found.table, found.text) if found else None

    def texts(self) -> Iterator[str]:
        """All descriptions."""
        return (each.text for each in (*self._tables, *self._columns))

    def _rarity(self, word: str) -> float:
        return math.log((len(self._columns) + 50) / (self._count[word] + 1))

    def _score(self, asked: Example, entry: Example, total: float) -> float:
        both = sum(self._rarity(word) for word in asked.words & entry.words)
        extra = sum(self._rarity(word) for word in entry.words - asked.words)
        score = 2 * both / (both + extra + total)
        if asked.about & entry.about:
            score += 0.12 * len(asked.about & entry.about) / len(asked.about)
        if asked.kind and asked.kind == entry.kind:
            score += 0.05
        return score


_reading = Lock()


def shipped() -> Nearest:
    """The descriptions of the shipped teacher set, read once: seconds, some 40 MB."""
    with _reading:
        return _shipped()


@cache
def _shipped() -> Nearest:
    found = Nearest()
    for each in teacher_set.shipped():
        for name, text in each.texts.items():
            target = each.table.id if name is None else ColumnId(each.table.id, name)
            found.add(example_of(each.table, target, text, origin=each.source))
    return found
