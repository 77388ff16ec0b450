"""What is scored: tables with human texts, and texts that a system wrote.

Both are JSON Lines of one form.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from catalog.errors import ColumnistError
from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Profile,
    Table,
    TableId,
    TableKind,
    Target,
    make_target,
)
from model.evaluation.json_lines import encoded, read_lines

HINT = (
    'A line is {"db", "schema", "table", "description", "columns": [{"name",'
    ' "description"}]}.'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text in a line."""

    description: str | None = None
    """What is said."""
    by: str | None = None
    """Whose it is within a system; else `source` says it."""
    source: str | None = None
    """As `by`; of a table without `db`, the repository."""
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """How likely the system says that the text is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordColumn(Said):
    """A column in a line."""

    name: str
    """Its name."""
    type: str | None = None
    """Its type."""
    references: str | None = None
    """`table` or `table.column`."""
    enum: tuple[Any, ...] | None = None
    """Its code list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRecord(Said):
    """A line."""

    table: Annotated[str, msgspec.Meta(min_length=1)]
    """The table's name."""
    columns: tuple[RecordColumn, ...]
    """Its columns, in order."""
    schema: str | None = None
    """Its schema's name."""
    db: str | None = None
    """Repository in a system's file."""
    primary_key: tuple[str | None, ...] | None = None
    """Names of columns."""

    @property
    def repository(self) -> str:
        """Where it comes from."""
        return self.source or self.db or ""


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

Texts = Mapping[str | None, Text]
"""What a system says of one table, by column, None for the table; the rest it lacks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of a data set."""

    record: DataRecord
    """The line."""
    repository: str
    """Where the texts come from."""
    table: Table
    """The table without any comment; references are foreign keys."""
    profiles: Mapping[str, Profile]
    """Code lists by column name."""
    human: Mapping[str | None, str]
    """What a human wrote, by column, None for the table itself, which comes first."""
    wanted: tuple[Target, ...]
    """What a system that takes long is asked for."""

    @classmethod
    def of(cls, record: DataRecord) -> Entry:
        """The table of a line; all that has a human text is wanted."""
        table = _table(record)
        parts = ((None, record), *((each.name, each) for each in record.columns))
        human = {name: said.description for name, said in parts if said.description}
        profiles = {
            column.name: Profile(0, 0.0, len(column.enum), codes=_words(column.enum))
            for column in record.columns
            if column.enum
        }
        wanted = tuple(make_target(*table.id, name) for name in human)
        return cls(record, record.repository, table, profiles, human, wanted)

    @property
    def key(self) -> tuple[str, str, str]:
        """Repository, schema and table; two entries may have the same."""
        return (self.repository, self.table.id.schema, self.table.id.name)

    def renamed(self, index: int, name: str) -> Entry:
        """The table with another name for one column, which alone is wanted."""
        columns = list(self.record.columns)
        columns[index] = replace(columns[index], name=name)
        there = Entry.of(replace(self.record, columns=tuple(columns)))
        return replace(
            there,
            repository=f"{self.repository}#cryptic",
            wanted=(there.table.columns[index].id,),
        )


def _words(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(str, values))


def _table(record: DataRecord) -> Table:
    table_id = TableId(record.schema or "", record.table)
    columns = tuple(
        Column(ColumnId(table_id, column.name), position, column.type or "")
        for position, column in enumerate(record.columns, 1)
    )
    keys = tuple(
        ForeignKey((column.name,), TableId("", there[0]), tuple(there[1:2]))
        for column in record.columns
        if (there := (column.references or "").split("."))[0]
    )
    primary = tuple(name for name in record.primary_key or () if name)
    return Table(table_id, TableKind.TABLE, columns, primary, keys)


def read_records(path: Path) -> Iterator[DataRecord]:
    """The lines of a file, one at a time.

    Raises:
        UsageError: there is no such file.
        ColumnistError: it cannot be read, or a line is something else.
    """
    return read_lines(path, DataRecord, HINT)


def read_entries(path: Path, *, limit: int = 0) -> list[Entry]:
    """The tables of a data file that have a human text; `limit` a repository, 0 all.

    Raises:
        UsageError: there is no such file.
        ColumnistError: a line is not a record, or nothing has a human text.
    """
    taken: dict[str, int] = defaultdict(int)
    found = []
    for entry in map(Entry.of, read_records(path)):
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


def read_texts(path: Path, entries: Sequence[Entry]) -> list[Texts]:
    """A system's texts for every entry, found by repository, schema and table.

    Of several tables with the same key, the nth line belongs to the nth entry. What the
    file does not have is missing.
    """
    lines: dict[tuple[str, str, str], list[DataRecord]] = {e.key: [] for e in entries}
    for record in read_records(path):
        key = (record.db or record.source or "", record.schema or "", record.table)
        if key in lines:
            lines[key].append(record)
    left = {key: iter(found) for key, found in lines.items()}
    return [_texts(next(left[entry.key], None)) for entry in entries]


def _texts(record: DataRecord | None) -> Texts:
    if record is None:
        return {}
    # Without `db`, the `source` of a table is its repository.
    about = record if record.db else replace(record, source=None)
    columns: dict[str | None, Text] = {
        column.name: _text(column) for column in reversed(record.columns)
    }
    return columns | {None: _text(about)}


def _text(said: Said) -> Text:
    text = said.description
    if not text or not text.strip():
        return MISSING
    return Text(text, said.by or said.source or None, said.confidence)


def line_of(entry: Entry, texts: Texts) -> str:
    """A system's texts for one entry, as `read_texts` reads them."""
    names = [column.name for column in entry.table.columns]
    record = {
        "db": entry.repository,
        "schema": entry.record.schema,
        "table": entry.table.id.name,
        **_data(texts.get(None, MISSING)),
        "columns": [
            {"name": name, **_data(texts.get(name, MISSING))} for name in names
        ],
    }
    return encoded(record)


def _data(text: Text) -> dict[str, Any]:
    data = {"by": text.by or None, "confidence": text.confidence}
    return {"description": text.text} | {k: v for k, v in data.items() if v is not None}
