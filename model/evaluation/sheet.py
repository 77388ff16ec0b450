"""A voting sheet: two systems on the same tables, without saying which is which.

A folder with the sheet as CSV, as one HTML page to vote in and as JSON Lines for
programs; and `key.json`, which says whose texts are whose and is not for voters.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.csv_file import csv_text
from model.evaluation.blind import (
    BlindFolder,
    Item,
    SheetLine,
    inert,
    qualified,
    seen_column,
)
from model.evaluation.records import MISSING, Entry, Texts

FEWEST, MOST = 3, 40
"""Described columns of the tables that are preferred."""
SHOWN = 12
"""Most columns of a table on the sheet: so many can be judged at one look."""


@dataclass(frozen=True, slots=True)
class SheetPlace:
    """What the key says of one item."""

    a: str
    """The system whose texts stand as a."""
    b: str
    """The system whose texts stand as b."""
    repository: str
    """Where the table comes from."""
    table: str
    """Schema and name."""


@dataclass(frozen=True, slots=True)
class SheetKey:
    """Which side is which."""

    first: str
    """The system that was named first."""
    second: str
    """The system that was named second."""
    seed: int
    """What tables and sides were drawn with."""
    data: str
    """Where the tables come from."""
    items: Mapping[str, SheetPlace]
    """By item."""


def draw(entries: Sequence[Entry], count: int, *, seed: int = 0) -> list[Entry]:
    """Tables at random, each repository with its share; what is shown is wanted.

    Tables with 3 to 40 described columns come first, others only where there are not
    enough of them. Every repository has one before any has its second.
    """
    rng = random.Random(f"tables {seed}")
    fit = [entry for entry in entries if FEWEST <= _described(entry) <= MOST]
    spare = [e for e in entries if not FEWEST <= _described(e) <= MOST]
    chosen = _stratified(fit, count, rng)
    chosen += _stratified(spare, count - len(chosen), rng)
    rng.shuffle(chosen)
    return [_narrowed(entry, rng) for entry in chosen]


def _described(entry: Entry) -> int:
    return len(entry.human) - (None in entry.human)


def _stratified(
    entries: Sequence[Entry], count: int, rng: random.Random
) -> list[Entry]:
    """By largest remainder, after one for each; all where there are no more."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.repository].append(entry)
    count = min(count, len(entries))
    ordered = sorted(groups)
    rng.shuffle(ordered)
    taken = dict.fromkeys(ordered, 0)
    for name in ordered[:count]:
        taken[name] = 1
    while sum(taken.values()) < count:
        # The one furthest below its share is next.
        behind = max(
            (name for name in ordered if taken[name] < len(groups[name])),
            key=lambda name: len(groups[name]) / len(entries) * count - taken[name],
        )
        taken[behind] += 1
    return [
        entry for name in ordered for entry in rng.sample(groups[name], taken[name])
    ]


def _narrowed(entry: Entry, rng: random.Random) -> Entry:
    """The entry with the columns that the sheet shows as what is wanted."""
    columns = [column.id for column in entry.table.columns]
    described = [each for each in columns if each.name in entry.human] or columns
    shown = set(rng.sample(described, min(SHOWN, len(described))))
    wanted = (each for each in columns if each in shown)
    return replace(entry, wanted=(entry.table.id, *wanted))


def make(
    entries: Sequence[Entry],
    names: tuple[str, str],
    texts: tuple[Sequence[Texts], Sequence[Texts]],
    *,
    seed: int,
    data: str,
    reference: bool = False,
) -> tuple[list[Item], SheetKey]:
    """The sheet's items with their sides drawn, and the key.

    Args:
        entries: as drawn.
        names: of both systems.
        texts: of both systems, one for each entry.
        seed: draws the sides.
        data: where the tables come from, for the key.
        reference: whether the human's texts are shown too.
    """
    rng = random.Random(f"sides {seed}")
    items: list[Item] = []
    places: dict[str, SheetPlace] = {}
    for number, entry in enumerate(entries):
        name = f"{number + 1:03}"
        swapped = rng.random() < 0.5
        one, other = (1, 0) if swapped else (0, 1)
        lines = _lines(entry, texts[one][number], texts[other][number], reference)
        table = qualified(entry)
        hidden = len(entry.table.columns) - (len(lines) - 1)
        items.append(Item(name, table, hidden, lines))
        places[name] = SheetPlace(names[one], names[other], entry.repository, table)
    return items, SheetKey(*names, seed, data, places)


def _lines(entry: Entry, a: Texts, b: Texts, reference: bool) -> tuple[SheetLine, ...]:
    def said(name: str | None) -> tuple[str | None, ...]:
        both = (a.get(name, MISSING).text, b.get(name, MISSING).text)
        return (*both, entry.human.get(name)) if reference else both

    shown = set(entry.wanted)
    columns = (
        seen_column(entry, place, *said(column.name))
        for place, column in enumerate(entry.table.columns)
        if column.id in shown
    )
    return (SheetLine(None, "", "", said(None)), *columns)


def _as_csv(items: Sequence[Item], _: SheetKey) -> str:
    rows = []
    for item in items:
        for line in item.lines:
            cells = (item.table, line.column, line.type, line.notes, *line.texts)
            none = [""] * (3 - len(line.texts))
            rows.append((item.item, *map(inert, cells), *none))
    header = "item table column type notes a b reference"
    return csv_text([header.split(), *rows], end="\n")


SHEETS = BlindFolder(
    "a voting sheet",
    "sheet",
    "key.json",
    "sheet DATA SYSTEM SYSTEM",
    SheetKey,
    _as_csv,
    kind="vote",
    question="Which side describes the table and its columns better: correct first,"
    " then complete, then easy to read? Grey lines are the same on both sides.",
    head=("A", "B", "A human wrote"),
    choices={"a": "A is better", "tie": "Tie", "b": "B is better"},
)
