"""An audit's sheet: single texts of several systems, mixed, without saying whose.

A folder with the texts as JSON Lines, as CSV with a column to fill in and as one HTML
page to label in; and `audit-key.json`, which says whose texts are whose and is not for
readers. All systems are asked for the same tables and columns; what two of them say
alike is read once and counts for both.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TypeVar

from catalog.csv_file import csv_text
from catalog.errors import UsageError
from catalog.objects import ColumnId, Target, column_of
from model.evaluation.blind import (
    BlindFolder,
    Item,
    SheetLine,
    inert,
    qualified,
    seen_column,
)
from model.evaluation.records import MISSING, Entry, Text, Texts

HUMAN = "human"
"""The system that says what the records say."""
LISTED = 40
"""Most columns of a table that are shown around the one that is judged."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AuditText:
    """What the key says of one system's text."""

    system: str
    """Whose it is."""
    source: str | None
    """Whose it is within the system, where that is known."""
    confidence: float | None
    """How likely the system says that it is accepted, where it says so."""


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """What the key says of one item."""

    repository: str
    """Where the table comes from."""
    schema: str
    """The schema's name."""
    table: str
    """The table's name."""
    column: str | None
    """The column's name; None where the text is of the table."""
    drafts: tuple[AuditText, ...]
    """The systems that say it."""


@dataclass(frozen=True, slots=True)
class AuditKey:
    """Whose texts are whose."""

    systems: tuple[str, ...]
    """Their names."""
    columns: int
    """How many columns every system was asked for."""
    tables: int
    """How many tables every system was asked for."""
    seed: int
    """What targets and order were drawn with."""
    data: str
    """Where the tables come from."""
    items: Mapping[str, AuditPlace]
    """By item."""


def draw(
    entries: Sequence[Entry], columns: int, tables: int, *, seed: int = 0
) -> list[Entry]:
    """Documented columns and tables at random; what is drawn is wanted.

    Every repository has one before any has its second, and so has every table of a
    repository.
    """
    rng = random.Random(f"audit {seed}")
    of_columns: dict[str, list[list[tuple[int, Target]]]] = defaultdict(list)
    of_tables: dict[str, list[list[tuple[int, Target]]]] = defaultdict(list)
    for number in rng.sample(range(len(entries)), len(entries)):
        entry = entries[number]
        found = [(number, each) for each in entry.wanted if isinstance(each, ColumnId)]
        of_columns[entry.repository].append(rng.sample(found, len(found)))
        if len(found) < len(entry.wanted):
            of_tables[entry.repository].append([(number, entry.table.id)])
    drawn: dict[int, set[Target]] = defaultdict(set)
    for groups, count in ((of_columns, columns), (of_tables, tables)):
        names = rng.sample(sorted(groups), len(groups))
        balanced = _in_turn([_in_turn(groups[name]) for name in names])
        for number, target in balanced[:count]:
            drawn[number].add(target)
    return [
        replace(
            entries[number],
            wanted=tuple(t for t in entries[number].wanted if t in its),
        )
        for number, its in sorted(drawn.items())
    ]


def _in_turn(groups: Sequence[Sequence[T]]) -> list[T]:
    """The first of every group, then the second of every group."""
    turns = zip_longest(*groups)
    return [each for turn in turns for each in turn if each is not None]


def human(entries: Iterable[Entry]) -> list[Texts]:
    """What the records themselves say."""
    return [{k: Text(text) for k, text in entry.human.items()} for entry in entries]


def make(
    entries: Sequence[Entry],
    texts: Mapping[str, Sequence[Texts]],
    *,
    seed: int,
    data: str,
) -> tuple[list[Item], AuditKey]:
    """The items in random order, and the key.

    Args:
        entries: as drawn.
        texts: one for each entry, by system.
        seed: draws the order.
        data: where the tables come from, for the key.

    Raises:
        UsageError: a system has no text at all.
    """
    found: list[tuple[Item, AuditPlace]] = []
    for number, entry in enumerate(entries):
        written = {name: each[number] for name, each in texts.items()}
        for target in entry.wanted:
            found += _items(entry, target, written)
    for name in texts:
        if not any(
            draft.system == name for _, place in found for draft in place.drafts
        ):
            raise UsageError(
                f"{name} has no text for any table or column that was drawn.",
                "Texts in a file are found by db, schema and table.",
            )
    random.Random(f"order {seed}").shuffle(found)
    numbered = [
        (replace(item, item=f"{number:04}"), place)
        for number, (item, place) in enumerate(found, 1)
    ]
    wanted = [target for entry in entries for target in entry.wanted]
    columns = sum(isinstance(target, ColumnId) for target in wanted)
    places = {item.item: place for item, place in numbered}
    return [item for item, _ in numbered], AuditKey(
        tuple(texts), columns, len(wanted) - columns, seed, data, places
    )


def _items(
    entry: Entry, target: Target, written: Mapping[str, Texts]
) -> Iterator[tuple[Item, AuditPlace]]:
    """The different texts of one target, each once."""
    names = [column.id for column in entry.table.columns]
    index = names.index(target) if isinstance(target, ColumnId) else None
    column = column_of(target)
    drafts: dict[str, list[AuditText]] = defaultdict(list)
    for system, texts in written.items():
        one = texts.get(column, MISSING)
        if text := " ".join((one.text or "").split()):
            drafts[text].append(AuditText(system, one.by, one.confidence))
    first = max(0, min((index or 0) - LISTED // 2, len(names) - LISTED))
    listed = tuple(
        seen_column(entry, place)
        for place in range(first, min(first + LISTED, len(names)))
    )
    table, title = entry.table.id, qualified(entry)
    for text, said in drafts.items():
        judged = SheetLine(None, "", "", (text,))
        if index is not None:
            judged = seen_column(entry, index, text)
        yield (
            Item("", title, len(names) - len(listed), (judged, *listed)),
            AuditPlace(entry.repository, table.schema, table.name, column, tuple(said)),
        )


def _as_csv(items: Sequence[Item], key: AuditKey) -> str:
    """A spreadsheet to label in: `judge` and `label` are to be filled in."""
    header = "item judge label schema table column facts text columns"
    rows = []
    for item in items:
        place = key.items[item.item]
        judged, *others = item.lines
        listed = ", ".join(f"{each.column} {each.type}".strip() for each in others)
        cells = (place.schema, place.table, place.column, judged.facts, *judged.texts)
        rows.append((item.item, "", "", *map(inert, (*cells, listed))))
    return csv_text([header.split(), *rows], end="\n")


AUDITS = BlindFolder(
    "an audit",
    "audit",
    "audit-key.json",
    "audit draw DATA SYSTEM...",
    AuditKey,
    _as_csv,
    kind="label",
    question="Would you accept this text as it is? It has to be true, say what the"
    " name alone does not, and read well.",
    head=("The text to judge; below it the columns of the table",),
    choices={
        "2": "accept as it is",
        "1": "true, but wants an edit",
        "0": "wrong, invented or garbled",
    },
)
