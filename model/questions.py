"""The few names whose meaning would explain the most columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence, Set
from dataclasses import dataclass, field

from catalog.glossary import key_of
from catalog.objects import Table, TableId, Target
from model import cues
from model.checks import SMALL_WORDS
from model.names import gibberish, split, table_words, understood, word_set, words_of
from model.spelling import Terms, phrase, spell, whole

SHOWN = 3
"""Examples and tables kept with a question."""
_READ = (
    SMALL_WORDS
    | cues.FLAGS
    | cues.KEYS
    | cues.ASK
    | cues.NUMBERS
    | cues.COUNTS
    | cues.MONEY
    | cues.CLASSES
    | cues.TEXTS
    | cues.MOMENTS
    | cues.DATES
    | cues.UNITS.keys()
    | cues.LEADS.keys()
    | word_set("be been do down go if me my not off our out per so up via vs we your")
)
"""What the rules make sentences of, and words too plain to be in a list of words."""


@dataclass(frozen=True, slots=True)
class Question:
    """A word or a whole name of which nobody knows what it means."""

    term: str
    """What is asked about, as it goes into the glossary."""
    unlocks: int
    """Undocumented targets that the answer alone would explain."""
    names: int
    """Undocumented targets whose names have it, with other unknown words or not."""
    tables: int
    """Tables it occurs in."""
    examples: tuple[str, ...]
    """Names that have it, the first few."""
    found_in: tuple[str, ...]
    """Tables it occurs in, the first few."""


@dataclass(slots=True)
class _Names:
    """What is known of names with the same unknown words."""

    count: int = 0
    """Undocumented targets."""
    tables: int = 0
    """Tables that have such a name."""
    last: TableId | None = None
    """The table that was counted last."""
    examples: list[str] = field(default_factory=list[str])
    found_in: list[str] = field(default_factory=list[str])


class Census:
    """Counts unknown words over a catalog, table by table.

    Memory grows with the number of unknown words, not with that of columns: names are
    counted by the set of words in them that nobody knows.
    """

    def __init__(self) -> None:
        self._names: dict[frozenset[str], _Names] = {}
        self._spelling: dict[str, str] = {}
        self._tables: dict[str, tuple[TableId, int]] = {}
        self._told: dict[int, tuple[Terms, frozenset[str]]] = {}
        self.tables = 0
        """Tables taken in."""

    def add(
        self,
        table: Table,
        targets: Collection[Target],
        terms_of: Callable[[TableId], Terms],
    ) -> None:
        """Take in what of a table lacks a description.

        Args:
            table: with the comments that exist.
            targets: what of it is undocumented.
            terms_of: what the glossary says for a table.
        """
        self.tables += 1
        if not targets:
            return
        terms = terms_of(table.id)
        found = spell(table, terms_of) if terms else None
        read = found.table if found is not None else table
        told = self._words_of(terms)
        ids = (column.id for column in table.columns)
        names = dict(zip(ids, (column.name for column in read.columns), strict=True))
        for target in targets:
            name = read.id.name if isinstance(target, TableId) else names[target]
            # Most names are plain words; only others are worth a look at their table.
            if not self._unknown(split(name), told) or whole(target.name, terms):
                continue
            whole_table = isinstance(target, TableId)
            words = table_words(name) if whole_table else words_of(read, name)
            unknown = self._unknown(words, told)
            if unknown and not gibberish(words):
                self._count(table.id, target.name, unknown)

    def _words_of(self, terms: Terms) -> frozenset[str]:
        """The words of a glossary's meanings, in whatever language they are."""
        known = self._told.get(id(terms))
        if known is None:
            words = (w for term in terms.values() for w in phrase(term.meaning))
            found = frozenset(token for word in words for token in split(word))
            # The terms are kept too, so that nothing else gets their id.
            known = self._told[id(terms)] = (terms, found)
        return known[1]

    def _unknown(self, words: Sequence[str], told: Set[str]) -> frozenset[str]:
        return frozenset(
            word
            for word in words
            if word not in _READ and not understood(word) and word not in told
        )

    def _count(self, table: TableId, name: str, unknown: frozenset[str]) -> None:
        names = self._names.setdefault(unknown, _Names())
        names.count += 1
        if table != names.last:
            names.last = table
            names.tables += 1
            if len(names.found_in) < SHOWN:
                names.found_in.append(str(table))
        if len(names.examples) < SHOWN and name not in names.examples:
            names.examples.append(name)
        for word in unknown:
            last, tables = self._tables.get(word, (None, 0))
            if table != last:
                self._tables[word] = (table, tables + 1)
            # A name that is one word is asked about as it is spelled.
            if word == key_of(name):
                self._spelling.setdefault(word, name)

    def ranked(
        self,
        *,
        answered: Collection[str] = (),
        unasked: Collection[str] = (),
        limit: int | None = None,
    ) -> list[Question]:
        """Questions, those first whose answer explains most.

        A word that is the only unknown one in its names explains them alone; where two
        unknown words are always together, the whole name is asked about.

        Args:
            answered: terms that have been explained since the tables were taken in.
            unasked: terms that are not worth a question.
            limit: at most so many.
        """
        known = {key_of(term) for term in answered}
        silent = {key_of(term) for term in unasked}
        by_word: dict[str, list[_Names]] = defaultdict(list)
        alone: dict[str, int] = defaultdict(int)
        for words, names in self._names.items():
            only = names.examples[0] if len(names.examples) == 1 else None
            if only is not None and key_of(only) in known:
                continue  # explained as a whole
            left = [word for word in words if word not in known]
            for word in left:
                by_word[word].append(names)
            if len(left) == 1:
                alone[left[0]] += names.count
            elif left and only is not None:
                # Always the same name: one answer explains all its columns.
                by_word[only].append(names)
                alone[only] += names.count
        found = [
            self._question(word, alone[word], names)
            for word, names in by_word.items()
            if alone[word] and key_of(word) not in silent
        ]
        found.sort(key=lambda q: (-q.unlocks, -q.names, -q.tables, q.term))
        return found if limit is None else found[:limit]

    def _question(self, word: str, unlocks: int, groups: list[_Names]) -> Question:
        groups.sort(key=lambda names: -names.count)
        # A whole name is in the tables of its one group.
        tables = self._tables[word][1] if word in self._tables else groups[0].tables
        return Question(
            self._spelling.get(word, word),
            unlocks,
            sum(names.count for names in groups),
            tables,
            _first(names.examples for names in groups),
            _first(names.found_in for names in groups),
        )


def _first(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The first few texts of some lists, each once."""
    found = dict.fromkeys(text for each in lists for text in each)
    return tuple(found)[:SHOWN]
