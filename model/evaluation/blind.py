"""A folder of questions for readers, and a key to them that is not for readers.

The questions as JSON Lines, as CSV for a spreadsheet and as one HTML page; the key,
which says whose texts are whose, as JSON.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from catalog.errors import ColumnistError, UsageError
from catalog.whole_file import write_whole
from model.evaluation.json_lines import encoded, read_lines, reason

ItemT = TypeVar("ItemT")
KeyT = TypeVar("KeyT")


@dataclass(frozen=True, slots=True)
class BlindFolder(Generic[ItemT, KeyT]):
    """One kind of such folders."""

    noun: str
    """What errors call it."""
    stem: str
    """What its files for readers are called, before the suffix."""
    key: str
    """The name of the key's file."""
    command: str
    """What makes one."""
    item: type[ItemT]
    """What a line of questions is."""
    answer: type[KeyT]
    """What the key is."""
    as_csv: Callable[[Sequence[ItemT]], str]
    """The questions for a spreadsheet."""
    as_html: Callable[[Sequence[ItemT]], str]
    """The questions as a page."""

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

    def write(self, folder: Path, items: Sequence[ItemT], key: KeyT) -> None:
        """All files into a new or empty folder.

        Raises:
            UsageError: there is one already.
            ColumnistError: it cannot be written.
        """
        self.refuse_another(folder)
        files = {
            f"{self.stem}.csv": self.as_csv(items),
            f"{self.stem}.html": self.as_html(items),
            self.key: msgspec.json.format(encoded(key), indent=2) + "\n",
            f"{self.stem}.jsonl": "".join(map(encoded, items)),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                write_whole(folder / name, text)
        except OSError as error:
            raise ColumnistError(
                f"Cannot write to {folder}: {error.strerror}.",
                "Choose another with -o.",
            ) from error

    def read_items(self, folder: Path) -> list[ItemT]:
        """The questions.

        Raises:
            UsageError: there are none in the folder.
            ColumnistError: they are damaged.
        """
        path = self._there(folder, f"{self.stem}.jsonl")
        return list(read_lines(path, self.item, "The file is damaged: make it again."))

    def read_key(self, folder: Path) -> KeyT:
        """The key.

        Raises:
            UsageError: there is none in the folder.
            ColumnistError: it is damaged.
        """
        path = self._there(folder, self.key)
        try:
            return msgspec.json.decode(path.read_bytes(), type=self.answer)
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


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
