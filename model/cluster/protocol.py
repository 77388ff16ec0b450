"""What a run says to its cluster, and hears: MessagePack, checked as it is read.

Two pairs speak here: this process with its child, which alone runs Ray, and this
process with the workers, past the child, which carries their bytes unread. So no value
of a database is pickled, and the worst that a worker can say is a wrong text.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from multiprocessing.connection import Connection
from typing import Any, get_type_hints

import msgspec

from catalog.objects import ColumnId, Profile, Table, Target, column_of
from catalog.suggestion import Draft
from model.choose import Calibration, House
from model.cluster.release import Release
from model.draft import Job
from model.library import PromptFormat
from model.nearest import Example
from model.wire import LONGEST, Count, Message, packed, read

# From the run to its child


class ModelPiece(Message, frozen=True):
    """A file of a model that every node needs."""

    path: str
    """Where the run has it."""
    sha256: str
    """Its digest, in hex."""
    size: Count
    """Its bytes."""


class Join(Message, frozen=True):
    """Connect, and bring up workers; the first message."""

    address: str
    """Where the cluster is, as Ray calls it; `local` makes one here."""
    head: str
    """HOST:PORT that answers as long as the cluster lives; empty: found out."""
    actors: Count
    """Most workers; 0 is as many as there is room for."""
    release: Release
    """The Columnist that every node must have."""
    files: tuple[ModelPiece, ...]
    """The model, and perhaps its adapter; none where rules draft alone."""
    work: bytes
    """A `SharedWork`, for the workers."""
    actor: str
    """The worker's class, as in module:class."""


class Give(Message, frozen=True):
    """Have a table drafted."""

    key: Count
    """The run's number for it."""
    job: bytes
    """A `TableJob`, for a worker."""


Order = Join | Give

# From the child


class Staffed(Message, frozen=True):
    """So many workers of a node can be given tables now."""

    node: str
    """Its name."""
    actors: Count
    """How many."""


class Remark(Message, frozen=True):
    """Something that the steward should know."""

    line: str
    """What."""


class Came(Message, frozen=True):
    """A table is drafted."""

    key: Count
    """Which."""
    node: str
    """Where."""
    drafts: bytes
    """A `TableDrafts`, of a worker."""


class GivenUp(Message, frozen=True):
    """A table ended its workers too often."""

    key: Count
    """Which."""
    reason: str
    """How the last one ended."""


class Over(Message, frozen=True):
    """Nothing more comes."""

    reason: str
    """Why, in a sentence."""
    hint: str
    """What to do, or empty."""


Event = Staffed | Remark | Came | GivenUp | Over

# With the workers


class SharedWork(Message, frozen=True):
    """What all tables of a run have in common."""

    model: str | None
    """The model's name; None where rules draft alone."""
    format: PromptFormat
    """The prompt it takes."""
    calibration: Calibration | None
    """How its log-probabilities become confidence."""
    house: House | None
    """What it learned of how a house chooses."""
    gpu_layers: Count
    """As for an engine here."""
    sizes: dict[str, int | str]
    """Sizes of the engine that were asked for."""
    seed: Count
    """Seed of sampled texts."""
    limits: tuple[int | None, int | None]
    """Longest comment on a table and on a column, in characters."""
    examples: tuple[Example, ...]
    """The steward's own descriptions, to learn the manner of the house from."""


class TableJob(Message, frozen=True):
    """A table, what is to be described of it, and its sample."""

    table: Table
    """With its names written out, where a glossary has them."""
    columns: tuple[str | None, ...]
    """What lacks a description; None is the table itself."""
    profiles: dict[str, Profile]
    """Samples by column, but for the values that only the check of leaks looks at."""
    real: Table | None
    """As the catalog has it, where names were written out."""
    real_columns: tuple[str | None, ...]
    """The same targets as the catalog calls them."""

    @classmethod
    def of(cls, job: Job) -> TableJob:
        """A job without what no worker needs: values that no prompt may hold."""
        asked = job.asked
        return cls(
            job.table,
            tuple(map(column_of, job.targets)),
            {
                name: replace(profile, samples=())
                for name, profile in job.profiles.items()
            },
            asked.table if asked else None,
            tuple(map(column_of, asked.targets)) if asked else (),
        )

    def job(self) -> Job:
        """The job."""
        asked = None
        if self.real is not None:
            asked = Job(self.real, _targets(self.real, self.real_columns), {})
        targets = _targets(self.table, self.columns)
        return Job(self.table, targets, self.profiles, asked=asked)


def _targets(table: Table, columns: tuple[str | None, ...]) -> tuple[Target, ...]:
    return tuple(table.id if c is None else ColumnId(table.id, c) for c in columns)


class TableDrafts(Message, frozen=True):
    """What came of a table."""

    drafts: tuple[Any, ...]
    """Each by the fields of a `Draft`, but for a column's name in place of a target."""
    prompt_tokens: Count
    """Tokens that the worker read since it last told."""
    generated_tokens: Count
    """Tokens that it wrote."""

    @classmethod
    def of(cls, drafts: list[Draft], read: int, written: int) -> TableDrafts:
        """What a worker tells."""
        told = tuple(
            [
                column_of(draft.target),
                *(getattr(draft, field.name) for field in fields(draft)[1:]),
            ]
            for draft in drafts
        )
        return cls(told, read, written)

    def of_table(self, targets: tuple[Target, ...]) -> list[Draft]:
        """The drafts of a table's targets; what is said of anything else is dropped.

        Raises:
            ValueError: one of them is no draft.
        """
        by_column = {column_of(target): target for target in targets}
        found = []
        for column, *rest in self.drafts:
            target = by_column.pop(column, None)
            if target is not None:
                values = msgspec.convert(rest, _draft_fields())
                found.append(Draft(target, *values))
        return found


@cache
def _draft_fields() -> Any:
    """The fields of a draft but its target, as a tuple's types."""
    hints = get_type_hints(Draft)
    return tuple[tuple(hints[field.name] for field in fields(Draft)[1:])]  # type: ignore[misc]


def send(pipe: Connection[Any, Any], message: Order | Event) -> None:
    """Say one message."""
    pipe.send_bytes(packed(message))


def order(pipe: Connection[Any, Any]) -> Order:
    """The next message of the run.

    Raises:
        EOFError: it has ended.
    """
    found: Order = read(Order, pipe.recv_bytes())
    return found


def event(pipe: Connection[Any, Any]) -> Event:
    """The next message of the child.

    Raises:
        ValueError: it is none.
        EOFError: the child has ended.
    """
    found: Event = read(Event, pipe.recv_bytes(2 * LONGEST))
    return found
