"""What a model is to learn from a house's decisions, and what it is tried on.

A fifth of the tables is held out, told by their names alone: a table that is held out
once always is, also in a later lesson and under the same name in another schema.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.bounds import Bounds
from catalog.errors import RefusedError
from catalog.files import write_file
from catalog.workspace import Workspace
from model import teacher_set
from model.teacher_set import Described, described
from model.training.steward import (
    DecisionsOf,
    decided_in,
    seen_within,
    steward_examples,
)

FEWEST, FEWEST_HELD = 100, 4
"""Texts to learn from, and tables to compare two models on, that a lesson has."""
HELD_OUT = 5
"""One of so many tables is held out."""
REPLAY = 0.25
"""Share of the tables learned from that come of the shipped set, so that what is known
already stays."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Texts of a workspace, and what is known of them."""

    learned: tuple[dict[str, Any], ...]
    """Tables to learn from."""
    held: tuple[dict[str, Any], ...]
    """Tables that two models are compared on."""
    decided: tuple[DecisionsOf, ...]
    """Of which databases, by how many and when."""
    left_out: dict[str, int]
    """Texts that are not in it, by reason."""

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return sum(len(described(each).texts) for each in (*self.learned, *self.held))

    def demand_enough(self) -> None:
        """See that there is enough to learn from.

        Raises:
            RefusedError: there is not.
        """
        left = ", ".join(f"{n:,} for {why}" for why, n in self.left_out.items())
        if self.texts < FEWEST:
            raise RefusedError(
                f"{self.texts:,} decided texts are too few to learn from; it takes"
                f" {FEWEST}{f' (left out: {left})' if left else ''}.",
                "Accept or edit more drafts, and run the same command again.",
            )
        if len(self.held) < FEWEST_HELD or not self.learned:
            raise RefusedError(
                f"{len(self.held):,} of {len(self.learned) + len(self.held):,} tables"
                f" are held out to compare models on; it takes {FEWEST_HELD}.",
                "Decide on texts of more tables, and run the same command again.",
            )


def lesson(
    workspace: Workspace, databases: Mapping[int, Bounds] | None = None
) -> Lesson:
    """What was decided in a workspace, or in some of its databases.

    Args:
        workspace: an open workspace, of which less is seen afterwards.
        databases: ids of those that count, each with what of it does; None is all.
    """
    left_out: Counter[str] = Counter()
    records = list(
        steward_examples(workspace, left_out, databases=databases, stays=True)
    )
    return Lesson(
        tuple(each for each in records if not is_held_out(each["table"])),
        tuple(each for each in records if is_held_out(each["table"])),
        tuple(
            decided_in(workspace, each) for each in seen_within(workspace, databases)
        ),
        dict(left_out.most_common()),
    )


def is_held_out(table: str) -> bool:
    """Whether tables of a name are never learned from."""
    digest = hashlib.sha256(table.lower().encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") % HELD_OUT == 0


def tables_of(records: Iterable[dict[str, Any]]) -> list[Described]:
    """Records as described tables."""
    return [described(each) for each in records]


def write_data(
    lesson: Lesson, known: Sequence[Described], folder: Path, *, seed: int
) -> tuple[Path, Path]:
    """The files to learn from: the house's texts, and some of the shipped ones.

    The same lesson makes the same bytes.

    Args:
        lesson: what was decided.
        known: shipped tables that a model may learn from.
        folder: where the files go.
        seed: draws the shipped tables.

    Raises:
        ColumnistError: they cannot be written.
    """
    own, replayed = folder / "decided.jsonl", folder / "shipped.jsonl"
    write_file(own, "".join(map(_line, lesson.learned)), folders=True)
    count = max(1, round(len(lesson.learned) * REPLAY / (1 - REPLAY)))
    drawn = random.Random(seed).sample(known, min(count, len(known)))
    wanted = {each.id for each in drawn}
    lines = (
        line
        for name in teacher_set.SHIPPED
        for line in teacher_set.lines_of(teacher_set.folder() / name)
        if json.loads(line).get("id") in wanted
    )
    write_file(replayed, "".join(lines))
    return own, replayed


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"
