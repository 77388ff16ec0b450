"""A voting sheet: two systems on the same tables, without saying which is which.

A folder with the sheet as CSV, as one HTML page to vote in and as JSON Lines for
programs; and `key.json`, which says whose texts are whose and is not for voters.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.evaluation.blind import BlindFolder, csv_text
from model.evaluation.records import Entry, Texts

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FEWEST, MOST = 3, 40
"""Described columns of the tables that are preferred."""
SHOWN = 12
"""Most columns of a table on the sheet: so many can be judged at one look."""
CODES = 12
"""Most codes of a list that are shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """The table itself or one of its columns, with both texts."""

    column: str | None
    """The column's name; None for the table."""
    type: str
    """The column's type; empty where it is not known."""
    notes: str
    """Keys and code lists."""
    a: str | None
    """One system's text; None where it has none."""
    b: str | None
    """The other's."""
    reference: str | None = None
    """What a human wrote, where that is shown."""


@dataclass(frozen=True, slots=True)
class Item:
    """One table to vote on."""

    item: str
    """Its number on the sheet."""
    table: str
    """Schema and name."""
    more: int
    """Columns of the table that are not shown."""
    lines: tuple[Line, ...]
    """The table first, then its columns."""


@dataclass(frozen=True, slots=True)
class Place:
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
class Key:
    """Which side is which."""

    first: str
    """The system that was named first."""
    second: str
    """The system that was named second."""
    seed: int
    """What tables and sides were drawn with."""
    data: str
    """Where the tables come from."""
    items: Mapping[str, Place]
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
    return sum(bool(column.description) for column in entry.record.columns)


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
    places = [
        place for place, column in enumerate(entry.record.columns) if column.description
    ] or list(range(len(entry.table.columns)))
    shown = sorted(rng.sample(places, min(SHOWN, len(places))))
    columns = (entry.table.columns[place].id for place in shown)
    return replace(entry, wanted=(entry.table.id, *columns))


def make(
    entries: Sequence[Entry],
    names: tuple[str, str],
    texts: tuple[Sequence[Texts], Sequence[Texts]],
    *,
    seed: int,
    data: str,
    reference: bool = False,
) -> tuple[list[Item], Key]:
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
    places: dict[str, Place] = {}
    for number, entry in enumerate(entries):
        name = f"{number + 1:03}"
        swapped = rng.random() < 0.5
        one, other = (1, 0) if swapped else (0, 1)
        lines = _lines(entry, texts[one][number], texts[other][number], reference)
        table = str(entry.table.id) if entry.table.id.schema else entry.table.id.name
        hidden = len(entry.table.columns) - (len(lines) - 1)
        items.append(Item(name, table, hidden, lines))
        places[name] = Place(names[one], names[other], entry.repository, table)
    return items, Key(*names, seed, data, places)


def _lines(entry: Entry, a: Texts, b: Texts, reference: bool) -> tuple[Line, ...]:
    shown = set(entry.wanted)
    human = entry.record.description if reference else None
    found = [Line(None, "", "", a.about.text, b.about.text, human)]
    for place, column in enumerate(entry.table.columns):
        if column.id in shown:
            human = entry.record.columns[place].description
            found.append(
                Line(
                    column.name,
                    column.type,
                    notes(entry, place),
                    a.columns[place].text,
                    b.columns[place].text,
                    human if reference else None,
                )
            )
    return tuple(found)


def notes(entry: Entry, place: int) -> str:
    """What is known of a column beside its type: keys and the code list."""
    column = entry.record.columns[place]
    found = ["primary key"] if column.name in entry.table.primary_key else []
    if there := column.references:
        found.append(f"references {there}")
    if codes := [str(code) for code in column.enum or ()]:
        more = ", …" if len(codes) > CODES else ""
        found.append(f"codes: {', '.join(codes[:CODES])}{more}")
    return "; ".join(found)


def _as_csv(items: Sequence[Item]) -> str:
    return csv_text(
        ("item", "table", "column", "type", "notes", "a", "b", "reference"),
        (
            (item.item, *map(inert, (item.table, *astuple(line))))
            for item in items
            for line in item.lines
        ),
    )


def inert(text: str | None) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = text or ""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def as_html(items: Sequence[Item]) -> str:
    """The sheet as one page that needs nothing else, and lets nothing in or out."""
    reference = any(line.reference is not None for i in items for line in i.lines)
    return page(
        {
            "id": digest(items),
            "kind": "vote",
            "ask": "Which side describes the table and its columns better: correct"
            " first, then complete, then easy to read? Grey lines are the same on both"
            " sides.",
            "head": ["", "A", "B"] + ["A human wrote"] * reference,
            "choices": [
                {"value": "a", "key": "a", "says": "A is better"},
                {"value": "tie", "key": "t", "says": "Tie"},
                {"value": "b", "key": "b", "says": "B is better"},
            ],
            "items": [
                {
                    "item": item.item,
                    "title": item.table,
                    "more": item.more,
                    "rows": [
                        {
                            "name": "the table" if line.column is None else line.column,
                            "facts": "; ".join(filter(None, (line.type, line.notes))),
                            "cells": [line.a, line.b] + [line.reference] * reference,
                            "look": "faint" if line.a == line.b else "",
                        }
                        for line in item.lines
                    ],
                }
                for item in items
            ],
        }
    )


def page(document: Mapping[str, Any]) -> str:
    """A page to choose on, item by item, that saves CSV.

    All text goes into the page as JSON in which no tag can be spelled, and is drawn
    with `textContent`.

    Args:
        document: `id` tells its answers from those of others; `kind` names the column
            that holds them; `ask` is the question; `head` are the columns; `choices`
            have `value`, `key` and what the button `says`; `items` have `item`,
            `title`, `more` (columns that are not shown) and `rows` of `name`, `facts`,
            `cells` (null: no text) and `look` (faint, judged or empty).
    """
    template = (Path(__file__).parent / "sheet.html").read_text(encoding="utf-8")
    data = json.dumps(document)
    for character in "<>&\u2028\u2029":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return template.replace("{{SHEET}}", data)


def digest(items: Sequence[DataclassInstance]) -> str:
    """What tells one sheet from another, 16 characters."""
    text = json.dumps([asdict(item) for item in items])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


SHEETS = BlindFolder(
    "a voting sheet",
    "sheet",
    "key.json",
    "sheet DATA SYSTEM SYSTEM",
    Item,
    Key,
    _as_csv,
    as_html,
)
