"""The ledger that a writer keeps, as the writer sees it."""

from __future__ import annotations

from typing import Protocol

from catalog.change import CommentChange, WriteResult


class Ledger(Protocol):
    """Where intents are committed before their statement runs."""

    def intend(self, change: CommentChange, statement: str) -> int:
        """Commit durably that `statement` is about to run; returns the intent's id."""
        ...

    def close(self, intent: int, result: WriteResult) -> None:
        """Record what became of an intent."""
        ...
