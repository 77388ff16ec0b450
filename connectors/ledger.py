"""The ledger that a writer keeps, as the writer sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from catalog.change import CommentChange, WriteResult


class Ledger(Protocol):
    """Where intents are committed before their statement runs."""

    def intend(self, statements: Sequence[tuple[CommentChange, str]]) -> list[int]:
        """Commit durably what is about to run; the intents' ids, in that order."""
        ...

    def close(self, ends: Sequence[tuple[int, WriteResult]]) -> None:
        """Record what became of intents, all of them or none."""
        ...
