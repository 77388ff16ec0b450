"""Votes on a sheet: CSV with `item,judge,vote`, a vote being a, b or tie.

They lie beside the sheet in `votes.csv`, all judges in one file; `judges.json` says who
is a person and who a model.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from catalog.csv_file import BrokenCsv, decode, delimiter_of, read_records
from catalog.errors import ColumnistError, RefusedError, UsageError
from catalog.files import write_file

VOTES, JUDGES = "votes.csv", "judges.json"
HEADER = ["item", "judge", "vote"]


class JudgeKind(Enum):
    """Who votes."""

    PERSON = "person"
    MODEL = "model"


class Choice(Enum):
    """A vote on one item."""

    A = "a"
    B = "b"
    TIE = "tie"


@dataclass(frozen=True, slots=True)
class Vote:
    """One line of votes."""

    item: str
    """What was voted on."""
    judge: str
    """Who voted."""
    choice: Choice
    """How."""


def read_votes(path: Path, items: Iterable[str]) -> list[Vote]:
    """The votes of a file, in its order, repeated ones too.

    Raises:
        UsageError: there is no such file.
        ColumnistError: it is not a file of votes.
        RefusedError: a vote is on an item that the sheet does not have.
    """
    known = set(items)
    hint = "Votes are CSV in UTF-8 with these columns; a vote is a, b or tie."
    return [
        _vote(cells, where, known) for where, cells in read_cells(path, HEADER, hint)
    ]


def read_cells(
    path: Path, header: Sequence[str], hint: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """The filled lines of a CSV file by column, each after where it stands.

    Args:
        path: of the file.
        header: columns that it must have; others may be there too.
        hint: what errors say the file is to be.

    Raises:
        UsageError: there is no such file.
        ColumnistError: it cannot be read, is no CSV, or lacks a column.
    """
    try:
        text = decode(path.read_bytes())
        rows = read_records(text, delimiter=delimiter_of(text))
        head = next(rows, None)
        names = [name.strip().lower() for name in head.fields] if head else []
        if not set(header) <= set(names):
            raise ColumnistError(f"{path} has no header {','.join(header)}.", hint)
        for row in rows:
            if any(cell.strip() for cell in row.fields):
                cells = dict(zip(names, (c.strip() for c in row.fields), strict=False))
                yield f"Line {row.line} of {path}", cells
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.", "Check the path.") from None
    except OSError as error:
        raise ColumnistError(
            f"Cannot read {path}: {error.strerror}.", "Check the file."
        ) from error
    except (BrokenCsv, UnicodeDecodeError) as error:
        raise ColumnistError(f"{path} is no CSV: {error}.", hint) from error


def _vote(cells: dict[str, str], where: str, known: set[str]) -> Vote:
    item, judge = cells.get("item", ""), cells.get("judge", "")
    if not judge:
        raise ColumnistError(f"{where} names no judge.", "Every vote has its judge.")
    try:
        choice = Choice(cells.get("vote", "").lower())
    except ValueError:
        raise ColumnistError(
            f"{where} is no vote: {cells.get('vote', '')[:40]!r}.",
            "A vote is a, b or tie.",
        ) from None
    # A spreadsheet makes 1 of 001.
    item = item if item in known else item.zfill(3)
    if item not in known:
        raise RefusedError(
            f"{where} votes on {item[:40]}, which the sheet does not have.",
            "Check that the votes are for this sheet.",
        )
    return Vote(item, judge, choice)


def last_ones(votes: Iterable[Vote]) -> tuple[dict[tuple[str, str], Choice], int]:
    """The last vote by item and judge, which counts, and how many were replaced."""
    counted: dict[tuple[str, str], Choice] = {}
    replaced = 0
    for vote in votes:
        key = (vote.item, vote.judge)
        replaced += key in counted
        counted[key] = vote.choice
    return counted, replaced


class Ballot:
    """The votes beside a sheet; every addition is on disk when it returns.

    Args:
        folder: of the sheet.
        items: of the sheet.
    """

    def __init__(self, folder: Path, items: Iterable[str]) -> None:
        self._folder = folder
        self._items = tuple(items)

    def votes(self) -> list[Vote]:
        """All votes so far.

        Raises:
            ColumnistError: the file of votes is damaged.
        """
        path = self._folder / VOTES
        return read_votes(path, self._items) if path.exists() else []

    def kinds(self) -> dict[str, JudgeKind]:
        """What each judge is, where that was said.

        Raises:
            ColumnistError: the file is damaged.
        """
        path = self._folder / JUDGES
        if not path.exists():
            return {}
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return {name: JudgeKind(kind) for name, kind in data.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise ColumnistError(
                f"{path} is damaged: {error}.",
                'It is {"NAME": "person" or "model"}; correct or remove it.',
            ) from error

    def add(self, votes: Iterable[Vote], kind: JudgeKind) -> None:
        """Save votes; one on the same item by the same judge gives way.

        Raises:
            ColumnistError: they cannot be saved.
        """
        # Read again each time: others may be voting in the same folder.
        new = list(votes)
        counted = {(v.item, v.judge): v for v in self.votes()}
        counted |= {(v.item, v.judge): v for v in new}
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows((v.item, v.judge, v.choice.value) for v in counted.values())
        kinds = self.kinds()
        kinds |= {vote.judge: kind for vote in new}
        named = {name: each.value for name, each in sorted(kinds.items())}
        hint = "Check the folder and the disk; earlier votes are saved."
        write_file(self._folder / VOTES, out.getvalue(), hint=hint)
        judges = json.dumps(named, indent=2) + "\n"
        write_file(self._folder / JUDGES, judges, hint=hint)
