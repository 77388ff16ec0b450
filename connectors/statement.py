"""One SQL statement that sets comments: the same object is shown and executed."""

from __future__ import annotations

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
