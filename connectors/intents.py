"""Intents: committed to the ledger before their statement runs, closed after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.change import CommentChange, Outcome, WriteResult
from connectors.comment_text import normal
from connectors.ledger import Ledger

PAUSES = (0.2, 0.5, 1.0)
"""Seconds between tries when somebody else holds a lock."""


@dataclass(slots=True)
class Pending:
    """A change on its way."""

    change: CommentChange
    """What is asked for."""
    statement: str
    """The SQL that makes it."""
    intent: int
    """Its intent in the ledger."""
    is_open: bool = True
    """Whether it still has no end."""


class Intents:
    """Opens intents, and closes many of them in one go.

    Each way to the ledger costs a disk flush, so ends are collected until `save`. What
    a crash leaves unsaved is open in the ledger, and the next run asks the database.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ends: list[tuple[int, WriteResult]] = []
        self._results: list[WriteResult] = []

    def begin(self, statements: Iterable[tuple[CommentChange, str]]) -> list[Pending]:
        """Commit what is about to be executed."""
        pairs = list(statements)
        return [
            Pending(change, sql, intent)
            for (change, sql), intent in zip(
                pairs, self._ledger.intend(pairs), strict=True
            )
        ]

    def renew(self, items: Iterable[Pending], statement: str) -> None:
        """Another statement is tried for the same changes: they get new intents."""
        items = list(items)
        self._ledger.close(
            [
                (
                    item.intent,
                    WriteResult(
                        item.change,
                        Outcome.FAILED,
                        item.statement,
                        "not executed so; another statement was tried",
                        at=datetime.now(UTC),
                    ),
                )
                for item in items
            ]
        )
        new = self._ledger.intend([(item.change, statement) for item in items])
        for item, intent in zip(items, new, strict=True):
            item.statement, item.intent = statement, intent

    def refuse(self, change: CommentChange, reason: str) -> None:
        """A change that has no statement, and so no intent."""
        self._results.append(
            WriteResult(change, Outcome.REFUSED, "", reason, at=datetime.now(UTC))
        )

    def conflict(
        self, change: CommentChange, statement: str, reason: str, there: str | None
    ) -> None:
        """A change that was not tried, as something is no longer what was seen.

        Args:
            change: What was asked for.
            statement: The SQL that would have made it.
            reason: Why it did not.
            there: The comment that the database holds.
        """
        for item in self.begin([(change, statement)]):
            self.end(item, Outcome.CONFLICT, reason, read_back=there)

    def end(
        self,
        pending: Pending,
        outcome: Outcome,
        reason: str | None = None,
        *,
        read_back: str | None = None,
    ) -> None:
        """How one change ended."""
        result = WriteResult(
            pending.change,
            outcome,
            pending.statement,
            reason,
            read_back,
            datetime.now(UTC),
        )
        pending.is_open = False
        self._ends.append((pending.intent, result))
        self._results.append(result)

    def drop(self, pending: Pending, reason: str) -> None:
        """A change that was never tried: its intent is closed without a result."""
        result = WriteResult(pending.change, Outcome.FAILED, pending.statement, reason)
        pending.is_open = False
        self._ends.append((pending.intent, result))

    def save(self) -> list[WriteResult]:
        """Close what has ended; the results since the last time, in their order."""
        ends, self._ends = self._ends, []
        self._ledger.close(ends)
        results, self._results = self._results, []
        return results


def conflict_reason(there: str | None, change: CommentChange) -> str:
    """Why a change was not made, in words for the steward."""
    if normal(there) == normal(change.text):
        return "somebody else wrote exactly this text meanwhile"
    if there is None:
        return "the comment was removed meanwhile"
    return "the comment was changed meanwhile"
