"""A folder of texts for readers to judge, and a key that is not for readers.

The texts as JSON Lines, as CSV for a spreadsheet and as one HTML page; the key, which
says whose texts are whose, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from catalog.errors import ColumnistError, UsageError
from catalog.files import write_file
from model.evaluation.json_lines import encoded, read_lines, reason
from model.evaluation.records import Entry

KeyT = TypeVar("KeyT")
CODES = 12
"""Most codes of a list that are shown."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """The table itself or one of its columns."""

    column: str | None
    """The column's name; None for the table."""
    type: str
    """The column's type; empty where it is not known."""
    notes: str
    """Keys and code lists."""
    texts: tuple[str | None, ...] = ()
    """What is said of it, to judge; None where a system has no text."""

    @property
    def facts(self) -> str:
        """Type and notes."""
        return "; ".join(filter(None, (self.type, self.notes)))

    @property
    def alike(self) -> bool:
        """Whether there is nothing to choose between."""
        return len(self.texts) != 1 and len({*self.texts[:2]}) < 2


@dataclass(frozen=True, slots=True)
class Item:
    """What is judged at one look."""

    item: str
    """Its number."""
    table: str
    """Schema and name."""
    more: int
    """Columns of the table that are not shown."""
    lines: tuple[SheetLine, ...]
    """What is judged, and what a reader sees beside it."""


def qualified(entry: Entry) -> str:
    """A table's schema and name."""
    return str(entry.table.id) if entry.table.id.schema else entry.table.id.name


def seen_column(entry: Entry, place: int, *texts: str | None) -> SheetLine:
    """A column with what is known of it, and these texts."""
    column = entry.record.columns[place]
    found = ["primary key"] if column.name in entry.table.primary_key else []
    if there := column.references:
        found.append(f"references {there}")
    if codes := [str(code) for code in column.enum or ()]:
        more = ", …" if len(codes) > CODES else ""
        found.append(f"codes: {', '.join(codes[:CODES])}{more}")
    return SheetLine(column.name, column.type or "", "; ".join(found), texts)


@dataclass(frozen=True, slots=True)
class BlindFolder(Generic[KeyT]):
    """One kind of such folders."""

    noun: str
    """What errors call it."""
    stem: str
    """What its files for readers are called, before the suffix."""
    key: str
    """The name of the key's file."""
    command: str
    """What makes one."""
    keys: type[KeyT]
    """What the key is."""
    as_csv: Callable[[Sequence[Item], KeyT], str]
    """The items for a spreadsheet."""
    kind: str
    """What a reader gives: `vote` or `label`."""
    question: str
    """What a reader is asked."""
    head: tuple[str, ...]
    """What stands over the texts."""
    choices: Mapping[str, str]
    """What the buttons say, by what is given; its first letter is the key."""

    def refuse_another(self, folder: Path) -> None:
        """Make sure that the folder has none: its answers would lose their meaning.

        Raises:
            UsageError: it has one.
        """
        if (folder / f"{self.stem}.jsonl").exists() or (folder / self.key).exists():
            raise UsageError(
                f"There is {self.noun} in {folder} already.",
                "Choose another folder with -o.",
            )

    def write(self, folder: Path, items: Sequence[Item], key: KeyT) -> None:
        """All files into a new or empty folder.

        Raises:
            UsageError: there is one already.
            ColumnistError: it cannot be written.
        """
        self.refuse_another(folder)
        files = {
            f"{self.stem}.csv": self.as_csv(items, key),
            f"{self.stem}.html": self.as_html(items),
            self.key: msgspec.json.format(encoded(key), indent=2) + "\n",
            f"{self.stem}.jsonl": "".join(map(encoded, items)),
        }
        for name, text in files.items():
            hint = "Choose another folder with -o."
            write_file(folder / name, text, hint=hint, folders=True)

    def as_html(self, items: Sequence[Item]) -> str:
        """The items as one page that needs nothing else, and lets nothing in or out.

        All text goes into the page as JSON in which no tag can be spelled, and is drawn
        with `textContent`.
        """
        most = max((len(line.texts) for i in items for line in i.lines), default=0)
        document = {
            "id": sha256(msgspec.json.encode(items)).hexdigest()[:16],
            "kind": self.kind,
            "ask": self.question,
            "head": ["", *self.head[:most]],
            "choices": [
                {"value": value, "key": value[0], "says": says}
                for value, says in self.choices.items()
            ],
            "items": [
                {
                    "item": item.item,
                    "title": item.table,
                    "more": item.more,
                    "rows": [_row(line) for line in item.lines],
                }
                for item in items
            ],
        }
        template = (Path(__file__).parent / "sheet.html").read_text(encoding="utf-8")
        data = json.dumps(document)
        for character in "<>&\u2028\u2029":
            data = data.replace(character, f"\\u{ord(character):04x}")
        return template.replace("{{SHEET}}", data)

    def read_items(self, folder: Path) -> list[Item]:
        """The items.

        Raises:
            UsageError: there are none in the folder.
            ColumnistError: they are damaged.
        """
        path = self._there(folder, f"{self.stem}.jsonl")
        return list(read_lines(path, Item, "The file is damaged: make it again."))

    def read_key(self, folder: Path) -> KeyT:
        """The key.

        Raises:
            UsageError: there is none in the folder.
            ColumnistError: it is damaged.
        """
        path = self._there(folder, self.key)
        try:
            return msgspec.json.decode(path.read_bytes(), type=self.keys)
        except (OSError, ValueError, RecursionError) as error:
            raise ColumnistError(
                f"{path} is damaged: {reason(error)}.", "Make it again, same seed."
            ) from error

    def _there(self, folder: Path, name: str) -> Path:
        if not (folder / name).exists():
            raise UsageError(
                f"There is no {self.noun.partition(' ')[2]} in {folder}.",
                f"Make one with `columnist evaluate {self.command} -o FOLDER`.",
            )
        return folder / name


def _row(line: SheetLine) -> dict[str, Any]:
    """A line of the page; without texts, the facts stand in their place."""
    return {
        "name": "the table" if line.column is None else line.column,
        "facts": line.facts if line.texts else "",
        "cells": line.texts or (line.facts,),
        "look": "faint" if line.alike else "judged" if len(line.texts) == 1 else "",
    }


def inert(text: str | None) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = text or ""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
