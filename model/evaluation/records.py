"""Reads what is scored: tables with human texts, and texts that a system wrote.

Both are JSON Lines, plain or `.xz`, read a line at a time. A line that is not what it
has to be ends the reading with its number: a figure from half a file would look like
one from the whole.
"""

from __future__ import annotations

import json
import lzma
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError, UsageError
from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Profile,
    Table,
    TableId,
    TableKind,
    Target,
)

LONGEST_LINE = 1 << 24
"""Characters of the longest line that is read; a table of 20,000 columns has fewer."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a system says of one table or column."""

    text: str | None
    """The description; None where it has none."""
    by: str | None = None
    """Whose it is within the system (`model`, `rules`), where that is known."""
    confidence: float | None = None
    """How likely the system says that it is accepted, where it says so."""


MISSING = Text(None)


@dataclass(frozen=True, slots=True)
class Texts:
    """What a system says of one table."""

    about: Text
    """Of the table itself."""
    columns: tuple[Text, ...]
    """Of each column, in the order of the record."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of a data set."""

    record: Mapping[str, Any]
    """The line, checked."""
    repository: str
    """Where the texts come from."""
    table: Table
    """The table without any comment."""
    profiles: Mapping[str, Profile]
    """Code lists by column name."""
    wanted: tuple[Target, ...]
    """What a system that takes long is asked for."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Repository, schema and table; two entries may have the same."""
        return (self.repository, self.table.id.schema, self.table.id.name)

    def renamed(self, index: int, name: str) -> Entry:
        """The table with another name for one column, which alone is wanted."""
        columns = [dict(column) for column in self.record["columns"]]
        columns[index]["name"] = name
        there = entry_of({**self.record, "columns": columns})
        return replace(
            there,
            repository=f"{self.repository}#cryptic",
            wanted=(there.table.columns[index].id,),
        )


def read_entries(path: Path, *, limit: int = 0) -> list[Entry]:
    """The tables of a data file that have a human text; `limit` a repository, 0 all.

    Raises:
        UsageError: there is no such file.
        ColumnistError: a line is not a record, or nothing has a human text.
    """
    taken: dict[str, int] = defaultdict(int)
    found = []
    for record in read_lines(path):
        entry = entry_of(record)
        if not entry.wanted:
            continue
        taken[entry.repository] += 1
        if not limit or taken[entry.repository] <= limit:
            found.append(entry)
    if not found:
        raise ColumnistError(
            f"{path} has no description to compare with.",
            "Give JSON Lines of tables with `description` and `columns`.",
        )
    return found


def entry_of(record: Mapping[str, Any]) -> Entry:
    """An entry from a checked record."""
    table = table_of_record(dict(record))
    wanted: list[Target] = [table.id] if record.get("description") else []
    wanted += [
        known.id
        for known, column in zip(table.columns, record["columns"], strict=True)
        if column.get("description")
    ]
    codes = codes_of_record(dict(record))
    profiles = {
        name: Profile(rows=0, null_share=0.0, distinct=len(list_), codes=list_)
        for name, list_ in codes.items()
    }
    return Entry(record, repository_of(record), table, profiles, tuple(wanted))


def repository_of(record: Mapping[str, Any]) -> str:
    """Where a record comes from: `source` in a corpus, `db` in a system's file."""
    return str(record.get("source") or record.get("db") or "")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The checked records of a file, one at a time.

    Raises:
        UsageError: there is no such file.
        ColumnistError: it cannot be read, or a line is not a record.
    """
    number = 0
    try:
        opener = lzma.open if path.suffix == ".xz" else open
        with opener(path, "rt", encoding="utf-8") as file:
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise _wrong(path, number, "it is too long")
                if line.strip():
                    yield _checked(line, path, number)
    except FileNotFoundError:
        raise UsageError(
            f"There is no file {path}.", "Check the path; JSON Lines are needed."
        ) from None
    except OSError as error:
        raise ColumnistError(
            f"Cannot read {path}: {error.strerror or error}.", "Check the file."
        ) from error
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise ColumnistError(
            f"{path} is damaged after line {number}: {error}.",
            "JSON Lines in UTF-8 are needed, plain or compressed with xz.",
        ) from error


def _checked(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise _wrong(path, number, "it is no JSON") from None
    if not isinstance(record, dict):
        raise _wrong(path, number, "it is no object")
    if not isinstance(record.get("table"), str) or not record["table"]:
        raise _wrong(path, number, "it has no `table`")
    columns = record.get("columns")
    if not isinstance(columns, list):
        raise _wrong(path, number, "it has no list `columns`")
    for name in ("schema", "description", "source", "db", "by"):
        if not isinstance(record.get(name), str | None):
            raise _wrong(path, number, f"its `{name}` is no text")
    if not _is_chance(record.get("confidence")):
        raise _wrong(path, number, "its `confidence` is no number from 0 to 1")
    for column in columns:
        if not isinstance(column, dict) or not isinstance(column.get("name"), str):
            raise _wrong(path, number, "it has a column without `name`")
        for name in ("type", "description", "references", "source", "by"):
            if not isinstance(column.get(name), str | None):
                raise _wrong(path, number, f"the `{name}` of a column is no text")
        if not isinstance(column.get("enum"), list | None):
            raise _wrong(path, number, "the `enum` of a column is no list")
        if not _is_chance(column.get("confidence")):
            raise _wrong(
                path, number, "the `confidence` of a column is no number from 0 to 1"
            )
    return record


def _is_chance(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and 0 <= value <= 1)


def _wrong(path: Path, number: int, what: str) -> ColumnistError:
    return ColumnistError(
        f"Line {number} of {path} cannot be used: {what}.",
        'A line is {"db", "schema", "table", "description", "columns": [{"name",'
        ' "description"}]}.',
    )


def read_texts(path: Path, entries: Iterable[Entry]) -> list[Texts]:
    """A system's texts for every entry, found by repository, schema and table.

    Of several tables with the same key, the nth line belongs to the nth entry. What the
    file does not have is missing.
    """
    entries = list(entries)
    wanted = {entry.key for entry in entries}
    lines: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for record in read_lines(path):
        repository = record.get("db") or record.get("source") or ""
        key = (str(repository), str(record.get("schema") or ""), str(record["table"]))
        if key in wanted:
            lines[key].append(record)
    seen: dict[tuple[str, str, str], int] = defaultdict(int)
    found = []
    for entry in entries:
        place = seen[entry.key]
        seen[entry.key] += 1
        there = lines.get(entry.key, [])
        found.append(_texts(entry, there[place] if place < len(there) else None))
    return found


def _texts(entry: Entry, record: Mapping[str, Any] | None) -> Texts:
    if record is None:
        return Texts(MISSING, (MISSING,) * len(entry.table.columns))
    columns = {column["name"]: _text(column) for column in reversed(record["columns"])}
    # Without `db`, the `source` of a table is its repository.
    about = record if record.get("db") else {**record, "source": None}
    return Texts(
        _text(about),
        tuple(columns.get(column.name, MISSING) for column in entry.table.columns),
    )


def _text(data: Mapping[str, Any]) -> Text:
    text = data.get("description")
    if not text or not text.strip():
        return MISSING
    return Text(
        text, data.get("by") or data.get("source") or None, data.get("confidence")
    )


def line_of(entry: Entry, texts: Texts) -> str:
    """A system's texts for one entry, as `read_texts` reads them."""
    record: dict[str, Any] = {
        "db": entry.repository,
        "schema": entry.record.get("schema"),
        "table": entry.table.id.name,
        **_data(texts.about),
        "columns": [
            {"name": column.name, **_data(text)}
            for column, text in zip(entry.table.columns, texts.columns, strict=True)
        ],
    }
    return json.dumps(record) + "\n"


def _data(text: Text) -> dict[str, Any]:
    data = {"by": text.by or None, "confidence": text.confidence}
    return {"description": text.text} | {k: v for k, v in data.items() if v is not None}


def by_target(entry: Entry, found: Mapping[Target, Text]) -> Texts:
    """Texts by target as texts by place."""
    return Texts(
        found.get(TableId(entry.table.id.schema, entry.table.id.name), MISSING),
        tuple(found.get(column.id, MISSING) for column in entry.table.columns),
    )


def table_of_record(record: Mapping[str, Any]) -> Table:
    """The record's table without any comment; references become foreign keys."""
    table_id = TableId(record.get("schema") or "", record["table"])
    columns = tuple(
        Column(
            ColumnId(table_id, column["name"]), position, str(column.get("type") or "")
        )
        for position, column in enumerate(record["columns"], 1)
    )
    keys = tuple(
        ForeignKey((column["name"],), TableId("", there[0]), tuple(there[1:2]))
        for column in record["columns"]
        if (there := str(column.get("references") or "").split("."))[0]
    )
    primary = tuple(name for name in record.get("primary_key") or () if name)
    return Table(table_id, TableKind.TABLE, columns, primary, keys)


def codes_of_record(record: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Code lists by column name."""
    return {
        column["name"]: tuple(map(str, column["enum"]))
        for column in record["columns"]
        if isinstance(column.get("enum"), list) and column["enum"]
    }
