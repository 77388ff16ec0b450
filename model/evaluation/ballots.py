"""What judges say of blind items, as CSV with `item,judge` and what they chose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from catalog.csv_file import BrokenCsv, csv_text, decode, delimiter_of, read_records
from catalog.errors import ColumnistError
from catalog.files import reading, write_file

T = TypeVar("T")


@dataclass(frozen=True)  # with slots, Python 3.11 cannot make `Ballot[T](…)`
class Ballot(Generic[T]):
    """One line."""

    item: str
    """What was judged."""
    judge: str
    """Who judged."""
    choice: T
    """How."""


@dataclass(frozen=True, slots=True)
class BallotFile(Generic[T]):
    """One kind of such files: those of sheets, or those of audits."""

    column: str
    """What the third column is called; the file beside the items is its plural."""
    choices: Mapping[str, T]
    """What may stand there, most usual first."""
    noun: str
    """What the items are of."""
    digits: int
    """Of an item's name: a spreadsheet makes 1 of 001."""
    wrong: type[ColumnistError]
    """What a line that is none raises."""
    foreign: type[ColumnistError]
    """What a line on an item of something else raises."""
    unfilled: bool = False
    """Whether lines may be empty there, as they are in a sheet to fill in."""

    def read(self, path: Path, items: Iterable[str]) -> list[Ballot[T]]:
        """The lines of a file, in its order, repeated ones too.

        Raises:
            UsageError: there is no such file.
            ColumnistError: it is something else, or a line is wrong.
        """
        known = set(items)
        *others, last = self.choices
        hint = f"{', '.join(others)} or {last}"
        found = []
        for where, cells in _cells(path, ("item", "judge", self.column), hint):
            item, judge, said = (
                cells.get(name, "") for name in ("item", "judge", self.column)
            )
            if self.unfilled and not said:
                continue
            if not judge:
                raise self.wrong(
                    f"{where} names no judge.", f"Every {self.column} has its judge."
                )
            if said.lower() not in self.choices:
                raise self.wrong(
                    f"{where} is no {self.column}: {said[:40]!r}.",
                    f"A {self.column} is {hint}.",
                )
            item = item if item in known else item.zfill(self.digits)
            if item not in known:
                raise self.foreign(
                    f"{where} {self.column}s {item[:40]}, which the {self.noun} does"
                    " not have.",
                    f"Check that the {self.column}s are of this {self.noun}.",
                )
            found.append(Ballot(item, judge, self.choices[said.lower()]))
        return found

    def kept(self, folder: Path, items: Iterable[str]) -> list[Ballot[T]]:
        """The lines beside the items, of all judges.

        Raises:
            ColumnistError: the file is damaged.
        """
        path = self._path(folder)
        return self.read(path, items) if path.exists() else []

    def keep(self, folder: Path, ballots: Iterable[Ballot[T]]) -> None:
        """Save all lines beside the items; they are on disk on return.

        Raises:
            ColumnistError: they cannot be saved.
        """
        told = {choice: name for name, choice in self.choices.items()}
        rows = ((each.item, each.judge, told[each.choice]) for each in ballots)
        text = csv_text([("item", "judge", self.column), *rows], end="\n")
        hint = f"Check the folder and the disk; earlier {self.column}s are saved."
        write_file(self._path(folder), text, hint=hint)

    def _path(self, folder: Path) -> Path:
        return folder / f"{self.column}s.csv"


def _cells(
    path: Path, header: Sequence[str], choices: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """The filled lines of a CSV file by column, each after where it stands."""
    hint = f"CSV in UTF-8 with {','.join(header)} is needed; {header[-1]} is {choices}."
    with reading(path):
        data = path.read_bytes()
    try:
        text = decode(data)
        rows = read_records(text, delimiter=delimiter_of(text))
        head = next(rows, None)
        names = [name.strip().lower() for name in head.fields] if head else []
        if not set(header) <= set(names):
            raise ColumnistError(f"{path} has no header {','.join(header)}.", hint)
        for row in rows:
            if any(cell.strip() for cell in row.fields):
                cells = dict(zip(names, (c.strip() for c in row.fields), strict=False))
                yield f"Line {row.line} of {path}", cells
    except (BrokenCsv, UnicodeDecodeError) as error:
        raise ColumnistError(f"{path} is no CSV: {error}.", hint) from error
