"""One SQL statement that sets comments: the same object is shown and executed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog.change import CommentChange


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text with the changes it makes."""

    sql: str
    """The text exactly as it is executed, without a closing semicolon."""
    changes: tuple[CommentChange, ...]
    """What it changes; several where the database wants them in one statement."""
    note: str = ""
    """What the steward should know about running it, or nothing."""
    bases: tuple[str, ...] = ()
    """What the text says of each change besides its comment, such as a definition that
    is restated; empty where the text is of one change, and says nothing else."""

    def by_change(self) -> dict[CommentChange, str]:
        """What each change rests on, whatever is executed together with it."""
        bases = self.bases or [self.sql] * len(self.changes)
        return dict(zip(self.changes, bases, strict=True))


Shown = Mapping[CommentChange, str]
"""What each change rested on when the steward saw its statement."""


def shown_by(statements: Iterable[Statement]) -> dict[CommentChange, str]:
    """What each change of some statements rests on."""
    return {
        change: basis
        for statement in statements
        for change, basis in statement.by_change().items()
    }


def differing(
    statements: Iterable[Statement], shown: Shown
) -> dict[CommentChange, str]:
    """The changes that would be made otherwise than was shown, each with the reason.

    Args:
        statements: What would be executed.
        shown: What was shown; of a change that is not in it, nothing was.
    """
    return {
        change: f"its definition was changed meanwhile: {shown[change]} is now {basis}"
        for change, basis in shown_by(statements).items()
        if shown.get(change, basis) != basis
    }
