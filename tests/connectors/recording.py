"""A ledger in memory that remembers the order of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.change import CommentChange, Intent, WriteResult


@dataclass
class RecordingLedger:
    """Remembers what was intended and what became of it."""

    intents: dict[int, Intent] = field(default_factory=dict)
    """Every intent by its id."""
    ends: dict[int, WriteResult] = field(default_factory=dict)
    """How they ended, where they did."""

    def intend(self, statements: Sequence[tuple[CommentChange, str]]) -> list[int]:
        first = len(self.intents) + 1
        for number, (change, statement) in enumerate(statements, first):
            self.intents[number] = Intent(number, 1, change, statement, None)
        return list(range(first, len(self.intents) + 1))

    def close(self, ends: Sequence[tuple[int, WriteResult]]) -> None:
        for intent, result in ends:
            assert intent not in self.ends, "an intent was closed twice"
            self.ends[intent] = result

    @property
    def open(self) -> list[Intent]:
        """Intents without an end."""
        return [it for number, it in self.intents.items() if number not in self.ends]
