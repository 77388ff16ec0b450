"""Changes to comments and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from catalog.objects import Target


@dataclass(frozen=True, slots=True)
class CommentChange:
    """A request to set one comment, with what the steward saw when deciding."""

    target: Target
    """The table or column."""
    previous: str | None
    """The comment the steward saw; the write is refused if it is another by now."""
    text: str | None
    """The new comment; None clears it."""


class Outcome(Enum):
    """What became of one change."""

    WRITTEN = "written"
    CONFLICT = "conflict"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The end of one change."""

    change: CommentChange
    """What was asked for."""
    outcome: Outcome
    """What became of it."""
    statement: str
    """The SQL that was executed, or would have been."""
    reason: str | None = None
    """Why it was refused, failed or conflicted, in words for the steward."""
    read_back: str | None = None
    """The comment that the database holds afterwards, where it was read."""
    at: datetime | None = None
    """When it ended, UTC."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A ledger row: committed before its statement, closed once its end is known."""

    id: int
    """Row id."""
    run: int
    """The write run it belongs to."""
    change: CommentChange
    """What was to be written."""
    statement: str
    """The exact SQL."""
    outcome: Outcome | None
    """None while open."""
