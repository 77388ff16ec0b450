"""Intents: committed to the ledger before their statement runs, closed after it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import TableId
from catalog.stopping import Stop
from connectors.comment_text import normal
from connectors.database_session import Fault
from connectors.ledger import Ledger
from connectors.run import Part, Statement

PAUSES = (0.2, 0.5, 1.0)
"""Seconds between tries when somebody else holds a lock."""
GONE = "the table is no longer there; scan again"
"""Why nothing is written where somebody dropped the table."""


class LockPatience:
    """How often a statement that met a lock is tried again."""

    def __init__(self, stop: Stop) -> None:
        self._pauses = iter(PAUSES)
        self._stop = stop

    def lasts(self) -> bool:
        """Waits before another try; false once there is none."""
        pause = next(self._pauses, None)
        if pause is None or self._stop():
            return False
        time.sleep(pause)
        return True


@dataclass(slots=True)
class Pending:
    """A change on its way."""

    part: Part
    """What is asked for."""
    statement: str
    """The SQL that makes it."""
    intent: int
    """Its intent in the ledger."""
    is_open: bool = True
    """Whether it still has no end."""

    @property
    def change(self) -> CommentChange:
        """The change itself."""
        return self.part.change


class Intents:
    """Opens intents, and closes many of them in one go.

    Each way to the ledger costs a disk flush, so ends are collected until `save`. What
    a crash leaves unsaved is open in the ledger, and the next run asks the database.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ends: list[tuple[int, WriteResult]] = []
        self._results: list[WriteResult] = []

    def begin(self, statements: Iterable[Statement]) -> list[Pending]:
        """Commit what is about to be executed."""
        pairs: list[tuple[Part, str]] = []
        for statement in statements:
            sql = statement.sql
            pairs += [(part, sql) for part in statement.parts]
        intents = self._ledger.intend([(part.change, sql) for part, sql in pairs])
        return [
            Pending(part, sql, intent)
            for (part, sql), intent in zip(pairs, intents, strict=True)
        ]

    def renew(self, items: Sequence[Pending], statement: str) -> None:
        """Another statement is tried for the same changes: they get new intents."""
        reason = "not executed so; another statement was tried"
        failed = Outcome.FAILED
        self._ledger.close([(it.intent, _result(it, failed, reason)) for it in items])
        new = self._ledger.intend([(item.change, statement) for item in items])
        for item, intent in zip(items, new, strict=True):
            item.statement, item.intent = statement, intent

    def refuse(self, change: CommentChange, reason: str) -> None:
        """A change that has no statement, and so no intent."""
        at = datetime.now(UTC)
        self._results.append(WriteResult(change, Outcome.REFUSED, "", reason, at=at))

    def end(
        self,
        pending: Pending,
        outcome: Outcome,
        reason: str | None = None,
        *,
        read_back: str | None = None,
    ) -> None:
        """How one change ended."""
        result = _result(pending, outcome, reason, read_back)
        pending.is_open = False
        self._ends.append((pending.intent, result))
        self._results.append(result)

    def end_all(
        self, items: Iterable[Pending], outcome: Outcome, reason: str | None = None
    ) -> None:
        """How those of some changes ended that are still open."""
        for item in items:
            if item.is_open:
                self.end(item, outcome, reason)

    def conflicts(
        self, pending: Pending, there: str | None, basis: str | None = None
    ) -> bool:
        """Ends a change that the database has overtaken; whether it has.

        Args:
            pending: The change.
            there: The comment that the database holds.
            basis: What the statement would have to say now; None where it is the same.
        """
        reason = conflict(pending.part, there, basis)
        if reason is not None:
            self.end(pending, Outcome.CONFLICT, reason, read_back=there)
        return reason is not None

    def read_back(self, pending: Pending, now: str | None, note: str = "") -> None:
        """Ends a change that was executed by what the database holds now.

        Args:
            pending: The change.
            now: Its comment.
            note: What is to be said where it is written.
        """
        if now == normal(pending.change.text):
            self.end(pending, Outcome.WRITTEN, note or None, read_back=now)
        else:
            reason = "written, but the database holds another text now"
            self.end(pending, Outcome.FAILED, reason, read_back=now)

    def drop(self, pending: Pending, reason: str) -> None:
        """A change that was never tried: its intent is closed without a result."""
        pending.is_open = False
        end = WriteResult(pending.change, Outcome.FAILED, pending.statement, reason)
        self._ends.append((pending.intent, end))

    def save(self) -> list[WriteResult]:
        """Close what has ended; the results since the last time, in their order."""
        ends, self._ends = self._ends, []
        self._ledger.close(ends)
        results, self._results = self._results, []
        return results


def conflict(part: Part, there: str | None, basis: str | None = None) -> str | None:
    """Why a change is not made, in words for the steward; None where it may be."""
    change = part.change
    if there != normal(change.previous):
        if there == normal(change.text):
            return "somebody else wrote exactly this text meanwhile"
        how = "removed" if there is None else "changed"
        return f"the comment was {how} meanwhile"
    if basis is not None and basis != part.basis:
        return f"its definition was changed meanwhile: {part.basis} is now {basis}"
    return None


def lost(table: TableId, fault: Fault, unknown: int = 0) -> ColumnistError:
    """What is said where the connection broke.

    Args:
        table: The table that was being written.
        fault: What the driver said.
        unknown: Changes that may have been written or not.
    """
    hint = "Nothing of this table was written; run apply again."
    if unknown:
        what = "1 change is" if unknown == 1 else f"{unknown:,} changes are"
        hint = (
            f"{what} open in the ledger; run apply again: it first asks "
            "the database whether they were written."
        )
    return ColumnistError(
        f"The connection was lost while {table} was written: {fault.message}", hint
    )


def _result(
    pending: Pending, outcome: Outcome, reason: str | None, there: str | None = None
) -> WriteResult:
    at = datetime.now(UTC)
    sql = pending.statement
    return WriteResult(pending.change, outcome, sql, reason, there, at)
