"""Reads described tables: the teacher set that ships, or a file of the same form.

One JSON object a line: `id, source, schema, table, description, columns: [{name, type,
key?, references?, codes?, description}]`, and whatever else says where a table comes
from. Only `table` and `columns` with their names have to be there.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError, UsageError
from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind

SHIPPED = ("synthetic.jsonl.xz", "schemas.jsonl.xz")
"""The shipped files, in the order in which they are read."""

FIRST_LANDED = 1200
"""Shipped real schemas from this number on are systems as connectors land them."""


@dataclass(frozen=True, slots=True)
class Described:
    """One table with its descriptions."""

    table: Table
    """The table without any comment; references are foreign keys."""
    texts: Mapping[str | None, str]
    """Description by column name, None for the table's own."""
    codes: Mapping[str, tuple[str, ...]]
    """Code lists by column name."""
    source: str
    """The repository that the schema is from, or the id of an invented table."""
    id: str
    """The table's id in its file; empty where it has none."""
    facets: Mapping[str, str]
    """What else is told of it: `industry`, `layer`, `dialect`, `license`, `kind`, …"""
    weight: float = 1.0
    """How much its texts count in training, in (0, 1]."""

    @property
    def landed(self) -> bool:
        """Whether it is a known system's table of the shipped set, as in warehouses."""
        number = self.id[1:]
        return self.id[:1] == "r" and number.isdecimal() and int(number) >= FIRST_LANDED


def folder() -> Traversable:
    """Where the shipped files lie."""
    return files("columnist_assets") / "teacher"


def shipped() -> Iterator[Described]:
    """All tables of the shipped set; about 0.4 seconds."""
    return chain.from_iterable(read(folder() / name) for name in SHIPPED)


def read(path: Path | Traversable) -> Iterator[Described]:
    """The tables of a `.jsonl` or `.jsonl.xz` file, read as they are asked for.

    Raises:
        UsageError: it cannot be read, or a line is no described table.
    """
    return parse(lines_of(path), path)


def parse(lines: Iterable[str], place: object) -> Iterator[Described]:
    """The tables of lines; those without anything are none.

    Args:
        lines: JSON, an object each.
        place: what an error says they are from.

    Raises:
        UsageError: a line is no described table.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield described(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise _wrong(place, number, "is no JSON") from error
            except ColumnistError as error:
                raise _wrong(place, number, error.message) from error


def described(record: Any) -> Described:
    """A line's object as a table with texts.

    Raises:
        UsageError: it is none; the message says what is wrong, without the place.
    """
    if not isinstance(record, dict):
        raise UsageError("is no object")
    name, entries = record.get("table"), record.get("columns")
    if not isinstance(name, str) or not name:
        raise UsageError("has no table's name")
    if not isinstance(entries, list) or not entries:
        raise UsageError("has no columns")
    table_id = TableId(_text(record, "schema"), name)
    columns: dict[str, Column] = {}
    texts: dict[str | None, str] = {}
    codes: dict[str, tuple[str, ...]] = {}
    primary: list[str] = []
    foreign: list[ForeignKey] = []
    if about := _text(record, "description"):
        texts[None] = about
    for position, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not _text(entry, "name"):
            raise UsageError(f"has no name for column {position}")
        column = _text(entry, "name")
        if column in columns:
            raise UsageError(f"has the column {column[:60]} twice")
        columns[column] = Column(
            ColumnId(table_id, column), position, _text(entry, "type")
        )
        if text := _text(entry, "description"):
            texts[column] = text
        if entry.get("key"):
            primary.append(column)
        if there := _text(entry, "references"):
            other, _, key = there.partition(".")
            foreign.append(
                ForeignKey((column,), TableId("", other), (key,) if key else ())
            )
        if listed := entry.get("codes"):
            if not isinstance(listed, list):
                raise UsageError("has codes that are no list")
            codes[column] = tuple(map(str, listed))
    own = _text(record, "id")
    return Described(
        Table(
            table_id,
            TableKind.TABLE,
            tuple(columns.values()),
            tuple(primary),
            tuple(foreign),
        ),
        texts,
        codes,
        _text(record, "source") or own,
        own,
        {
            key: value
            for key, value in record.items()
            if isinstance(value, str)
            and key not in ("id", "source", "schema", "table", "description")
        },
        _weight(record),
    )


def lines_of(path: Path | Traversable) -> Iterator[str]:
    """The lines of a `.jsonl` or `.jsonl.xz` file.

    Raises:
        UsageError: it cannot be read; every failure on the way is this one error.
    """
    try:
        with path.open("rb") as raw:
            opened = lzma.LZMAFile if path.name.endswith(".xz") else nullcontext
            with opened(raw) as file:
                for line in file:
                    yield line.decode("utf-8")
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Give a JSON Lines file of described tables, plain or .xz.",
        ) from error


def _text(entry: dict[str, Any], key: str) -> str:
    """A text of an object; empty where there is none."""
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"has a {key} that is no text")
    return value or ""


def _weight(record: dict[str, Any]) -> float:
    value = record.get("weight", 1.0)
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise UsageError("has a weight that is not between 0 and 1")
    return float(value)


def _wrong(place: object, number: int, what: str) -> UsageError:
    return UsageError(
        f"{place}, line {number}: {what}.",
        "A line is an object with table, description and columns;"
        " docs/training-data.md has the form.",
    )
