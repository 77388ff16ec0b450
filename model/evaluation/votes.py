"""Votes on a sheet: CSV with `item,judge,vote`, a vote being a, b or tie.

They lie beside the sheet in `votes.csv`, all judges in one file; `judges.json` says who
is a person and who a model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum
from pathlib import Path

import msgspec

from catalog.errors import ColumnistError, RefusedError
from catalog.files import write_file
from model.evaluation.ballots import Ballot, BallotFile
from model.evaluation.json_lines import encoded, reason

JUDGES = "judges.json"


class JudgeKind(Enum):
    """Who votes."""

    PERSON = "person"
    MODEL = "model"


class Preference(Enum):
    """A vote on one item."""

    A = "a"
    B = "b"
    TIE = "tie"


Vote = Ballot[Preference]
VOTES = BallotFile(
    "vote",
    {choice.value: choice for choice in Preference},
    noun="sheet",
    digits=3,
    wrong=ColumnistError,
    foreign=RefusedError,
)


def last_ones(votes: Iterable[Vote]) -> tuple[dict[tuple[str, str], Preference], int]:
    """The last vote by item and judge, which counts, and how many were replaced."""
    given = list(votes)
    counted = {(vote.item, vote.judge): vote.choice for vote in given}
    return counted, len(given) - len(counted)


def kinds(folder: Path) -> dict[str, JudgeKind]:
    """What each judge of a sheet is, where that was said.

    Raises:
        ColumnistError: the file is damaged.
    """
    path = folder / JUDGES
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, JudgeKind])
    except (OSError, ValueError) as error:
        raise ColumnistError(
            f"{path} is damaged: {reason(error)}.",
            'It is {"NAME": "person" or "model"}; correct or remove it.',
        ) from error


def add(
    folder: Path, items: Collection[str], votes: Iterable[Vote], kind: JudgeKind
) -> None:
    """Save votes beside a sheet; one on the same item by the same judge gives way.

    They are on disk on return.

    Raises:
        ColumnistError: they cannot be saved.
    """
    # Read again each time: others may be voting in the same folder.
    new = list(votes)
    every = (*VOTES.kept(folder, items), *new)
    told = dict(sorted((kinds(folder) | {vote.judge: kind for vote in new}).items()))
    VOTES.keep(folder, {(vote.item, vote.judge): vote for vote in every}.values())
    hint = "Check the folder and the disk; the votes are saved."
    write_file(folder / JUDGES, msgspec.json.format(encoded(told), indent=2), hint=hint)
