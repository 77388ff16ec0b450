"""Cleaned tables on disk, found by number: memory stays small however many there are.

A source file is read once, line by line. What is kept goes into one file beside an
index of offsets; what is not is counted by reason in a census, which is printed and
kept, so that nobody wonders where half of the data went.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import pickle
import re
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from catalog.errors import ColumnistError, UsageError
from model.training.corpus import Documented, document

LONGEST_LINE = 8 << 20
"""Bytes of a line above which it is skipped as huge."""
MOST_COLUMNS = 5000
"""Columns of a record above which it is skipped as huge."""
FORMAT = 4
"""Counts up when cleaning changes, so that old files are made anew."""


class Dataset(Sequence[Documented]):
    """The cleaned tables of one or more files.

    Args:
        folder: where `tables.bin`, `tables.index` and `census.json` lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._offsets = array("Q")
        index = folder / "tables.index"
        with index.open("rb") as file:
            self._offsets.frombytes(file.read())
        self._file: IO[bytes] = (folder / "tables.bin").open("rb")
        self.census: dict[str, Any] = json.loads(
            (folder / "census.json").read_text(encoding="utf-8")
        )

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, number: Any) -> Any:
        """The table of that number."""
        self._file.seek(self._offsets[number])
        return pickle.load(self._file)


def prepare(
    sources: Sequence[Path], folder: Path, *, skip: str | None = None
) -> Dataset:
    """The data set of these files, made where it is not there yet or is another's.

    Raises:
        UsageError: a file cannot be read, or nothing in it can be learned from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        "format": FORMAT,
        "skip": skip,
        "sources": {source.name: digest(source) for source in sources},
    }
    census = folder / "census.json"
    if census.exists():
        found = json.loads(census.read_text(encoding="utf-8"))
        if all(found.get(key) == value for key, value in wanted.items()):
            return Dataset(folder)
        census.unlink()
    counts = _write(sources, folder, skip)
    if not counts.get("tables kept"):
        told = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
        raise UsageError(
            f"There is nothing to learn from in {sources[0].name}: {told}.",
            "A line is one JSON object with `table` and `columns`.",
        )
    # Written last: a census says that the other two files are whole.
    partial = census.with_suffix(".partial")
    partial.write_text(
        json.dumps(wanted | {"counts": counts}, indent=1) + "\n", encoding="utf-8"
    )
    partial.replace(census)
    return Dataset(folder)


def digest(source: Path) -> str:
    """SHA-256 of a file, in hex.

    Raises:
        UsageError: it cannot be read.
    """
    state = hashlib.sha256()
    try:
        with source.open("rb") as file:
            while piece := file.read(1 << 20):
                state.update(piece)
    except OSError as error:
        raise UsageError(
            f"Cannot read {source}: {error.strerror}.", "Check the path."
        ) from error
    return state.hexdigest()


def _write(sources: Sequence[Path], folder: Path, skip: str | None) -> dict[str, int]:
    """Clean every line into the folder; the counts by reason."""
    counts: Counter[str] = Counter()
    twins = _Twins(folder / "twins.sqlite")
    offsets = array("Q")
    at = 0
    try:
        with (folder / "tables.bin").open("wb") as tables:
            for source in sources:
                for record in _records(source, counts):
                    if skip and re.search(skip, record["table"], re.IGNORECASE):
                        counts["lines skipped by name"] += 1
                        continue
                    if twins.add(_identity(record)) > 1:
                        counts["lines that are duplicates"] += 1
                        continue
                    documented = document(record, twins.add, counts)
                    if documented is None:
                        counts["lines without a usable text"] += 1
                        continue
                    counts["tables kept"] += 1
                    data = pickle.dumps(documented)
                    tables.write(data)
                    offsets.append(at)
                    at += len(data)
        (folder / "tables.index").write_bytes(offsets.tobytes())
    except OSError as error:
        raise ColumnistError(
            f"Cannot write {folder}: {error.strerror}.", "Free some space, run again."
        ) from error
    finally:
        twins.close()
    return dict(sorted(counts.items()))


def _records(source: Path, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """The usable records of a file; others are counted by what is wrong with them."""
    opener: Any = lzma.open if source.suffix == ".xz" else open
    try:
        with opener(source, "rb") as file:
            while line := file.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    counts["lines that are huge"] += 1
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LONGEST_LINE)
                    continue
                if not line.strip():
                    continue
                counts["lines"] += 1
                record, fault = _parsed(line)
                if record is None:
                    counts[fault] += 1
                else:
                    yield record
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise UsageError(
            f"Cannot read {source}: {error}.", "Check the file."
        ) from error


def _parsed(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """A line's record, or None and what is wrong."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None, "lines of wrong JSON"
    if not isinstance(record, dict):
        return None, "lines that are no table"
    columns = record.get("columns")
    name = record.get("table")
    if not (isinstance(name, str) and name and isinstance(columns, list) and columns):
        return None, "lines that are no table"
    if len(columns) > MOST_COLUMNS:
        return None, "lines that are huge"
    named = [
        column
        for column in columns
        if isinstance(column, dict)
        and isinstance(column.get("name"), str)
        and column["name"]
    ]
    if len(named) != len(columns):
        return None, "lines that are no table"
    record["columns"] = list({column["name"]: column for column in named}.values())
    return record, ""


def _identity(record: dict[str, Any]) -> str:
    """What two copies of a table share, whatever file they stand in."""
    return json.dumps(
        [
            record["table"],
            record.get("description"),
            [(c["name"], c.get("description")) for c in record["columns"]],
        ]
    )


class _Twins:
    """Counts how often a text was met, exactly, with the counts on disk."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE met (text BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")

    def add(self, text: str) -> int:
        """How often this text was met, this time included."""
        key = hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=12
        ).digest()
        (times,) = self._database.execute(
            "INSERT INTO met VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1"
            " RETURNING times",
            (key,),
        ).fetchone()
        return int(times)

    def close(self) -> None:
        """Drop the counts."""
        self._database.close()
        self._path.unlink(missing_ok=True)
