"""The examples of a data set, in a fixed order, and the file that they are kept in."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from catalog.errors import ColumnistError, UsageError
from model.training.corpus import read_records
from model.training.synthesis.ddl import parses
from model.training.synthesis.tables import FEWEST, make_tables
from model.training.synthesis.taxonomy import Taxonomy, load_taxonomy
from model.training.synthesis.usecases import use_cases

DEFAULT_COUNT = 3600
"""Examples of the data set that the bundled model learns from."""


def examples(seed: int, taxonomy: Taxonomy | None = None) -> Iterator[dict[str, Any]]:
    """Endless documented tables; the same ones for the same seed.

    A table whose DDL sqlglot does not read, or that came out too narrow, is left out.
    """
    taxonomy = taxonomy or load_taxonomy()
    met: set[tuple[str, ...]] = set()
    for case in use_cases(taxonomy, seed):
        for record in make_tables(case, taxonomy, seed):
            names = tuple(column["name"] for column in record["columns"])
            same = (record["table"], *names)
            if len(names) < FEWEST or same in met:
                continue
            if parses(record["ddl"], record["dialect"]):
                met.add(same)
                yield record


def first_examples(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """The first examples of the endless ones."""
    return islice(examples(seed), count)


def line_of(record: dict[str, Any]) -> str:
    """A record as it stands in the file."""
    return json.dumps(record, ensure_ascii=True) + "\n"


def same_table(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two records are of the same table, whoever wrote their texts."""
    return all(one.get(key) == other.get(key) for key in ("kind", "table", "ddl"))


class ExampleFile:
    """A JSON Lines file that grows example by example and survives being killed.

    Lines are appended to `FILE.partial` and flushed; at the end that becomes FILE,
    packed where its name ends in `.xz`. FILE itself is there whole or not at all.

    Args:
        path: FILE.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix not in (".jsonl", ".xz"):
            raise UsageError(
                f"{path.name} is no JSON Lines file.",
                "Let --out end in .jsonl or .jsonl.xz.",
            )
        self.path = path
        self.partial = path.with_name(path.name + ".partial")
        self._file: IO[str] | None = None

    def existing(self) -> list[dict[str, Any]]:
        """What an earlier run has written, a torn last line left out."""
        if self.partial.exists():
            text = self.partial.read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]
            if whole != text:
                self.partial.write_text(whole, encoding="utf-8")
            return self._decoded(whole)
        if not self.path.exists():
            return []
        try:
            return list(read_records(self.path))
        except (ValueError, EOFError, lzma.LZMAError) as error:
            raise self._foreign() from error

    def begin(self, kept: list[dict[str, Any]]) -> None:
        """Open the file for appending, with what is kept of an earlier run in it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.partial.exists():
            with self.partial.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(map(line_of, kept))
        self._file = self.partial.open("a", encoding="utf-8", newline="\n")

    def add(self, record: dict[str, Any]) -> None:
        """Append one example."""
        assert self._file is not None
        self._file.write(line_of(record))
        self._file.flush()

    def close(self) -> None:
        """Stop appending; what was written stays for the next run."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> None:
        """Put the whole file in its place."""
        self.close()
        if self.path.suffix != ".xz":
            self.partial.replace(self.path)
            return
        packed = self.path.with_name(self.path.name + ".packing")
        try:
            # Fixed settings: the same lines give the same bytes.
            packed.write_bytes(lzma.compress(self.partial.read_bytes(), preset=9))
            packed.replace(self.path)
        finally:
            packed.unlink(missing_ok=True)
        self.partial.unlink()

    def _decoded(self, text: str) -> list[dict[str, Any]]:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise self._foreign() from error

    def _foreign(self) -> ColumnistError:
        return UsageError(
            f"{self.path} holds something else than examples of this data set.",
            "Choose another --out, or delete it.",
        )

    def check(self, kept: dict[str, Any], expected: dict[str, Any]) -> None:
        """Refuse to go on with a file of other examples.

        Raises:
            UsageError: an example in the file is not the one expected there.
        """
        if not same_table(kept, expected):
            raise self._foreign()
