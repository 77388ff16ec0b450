"""Writing comments where each statement commits by itself and nothing locks a table.

The comments are read, what is no longer as the steward saw it is a conflict, the rest
is written statement by statement, and everything is read back. Between that reading and
a statement lies a moment in which somebody else's change would be overwritten; it is
kept short by reading again before a statement that comes more than `FRESH_SECONDS`
after the last look.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import ClassVar

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault, Source
from connectors.dialects.dialect import Dialect, WriteOptions
from connectors.intents import PAUSES, Intents, Pending, conflict_reason
from connectors.ledger import Ledger
from connectors.statement import Statement, differing

FRESH_SECONDS = 1.0
"""A look at the comments is good for so long."""


class SequentialDialect(Dialect):
    """Databases where a comment is neither locked nor rolled back.

    A subclass renders; a statement may carry several changes, and is cut in half where
    the database refuses it as a whole.
    """

    window = True
    code_pattern: ClassVar[str] = ""
    """Finds the vendor's code in a message, as its group, where the driver has none."""

    def code(self, fault: Fault) -> str:
        """The code of a fault, from its message where the driver gives none."""
        if fault.code or not self.code_pattern:
            return fault.code
        found = re.search(self.code_pattern, fault.message)
        return found[1] if found else ""

    def explain(self, fault: Fault) -> str:
        """Why the server refused, in the steward's words where they are known."""
        known = self.refusals.get(self.code(fault))
        return f"{known} ({fault.message})" if known else fault.message

    def write(
        self,
        source: Source,
        table: Table,
        changes: Sequence[CommentChange],
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[WriteResult]:
        """All changes of the table, one statement after the other."""
        with source.session(write=True) as session:
            self.pin(session)
            intents = Intents(ledger)
            writing = _Sequence(self, session, table, intents, options)
            for _ in writing.write(changes):
                yield from intents.save()
        yield from intents.save()
        if writing.lost is not None:
            raise writing.lost


class _Sequence:
    """One table's statements, from the look before to the look after."""

    def __init__(
        self,
        dialect: SequentialDialect,
        session: DatabaseSession,
        table: Table,
        intents: Intents,
        options: WriteOptions,
    ) -> None:
        self._dialect = dialect
        self._session = session
        self._id = table.id
        self._intents = intents
        self._options = options
        self._executed: list[Pending] = []
        self.lost: ColumnistError | None = None
        """Set where the connection broke."""

    def write(self, changes: Sequence[CommentChange]) -> Iterator[None]:
        """Writes until every change has an end; yields when some have."""
        todo = list(changes)
        while todo and self.lost is None and not self._options.stop():
            table = self._dialect.read(self._session, self._id, brief=True)
            if table is None:
                for change in todo:
                    reason = "the table is no longer there; scan again"
                    self._intents.refuse(change, reason)
                return
            todo = self._write_some(table, self._unchanged(table, todo))
            yield

    def _unchanged(
        self, table: Table, changes: Sequence[CommentChange]
    ) -> list[CommentChange]:
        """Changes that still meet what the steward saw; the others end here."""
        kept: list[CommentChange] = []
        for change in changes:
            there = table.comment_of(change.target)
            if (reason := self._dialect.refusal(table, change)) is not None:
                self._intents.refuse(change, reason)
            elif there == normal(change.previous):
                kept.append(change)
            else:
                for statement in self._dialect.render(self._session, table, [change]):
                    reason = conflict_reason(there, change)
                    self._intents.conflict(change, statement.sql, reason, there)
        return kept

    def _as_shown(
        self, table: Table, changes: Sequence[CommentChange]
    ) -> list[Statement]:
        """Statements of changes that are as they were shown; the others end here."""
        statements = self._dialect.render(self._session, table, changes)
        other = differing(statements, self._options.shown)
        if not other:
            return statements
        for statement in statements:
            for change in statement.changes:
                if change in other:
                    there = table.comment_of(change.target)
                    self._intents.conflict(change, statement.sql, other[change], there)
        kept = [change for change in changes if change not in other]
        return self._dialect.render(self._session, table, kept) if kept else []

    def _write_some(
        self, table: Table, changes: Sequence[CommentChange]
    ) -> list[CommentChange]:
        """Writes while the last look is fresh; returns what is still to do."""
        looked = time.monotonic()
        statements = deque(self._as_shown(table, changes))
        begun = False
        while statements and not self._options.stop():
            if begun and time.monotonic() - looked > FRESH_SECONDS:
                break
            begun = True
            statement = statements.popleft()
            items = self._intents.begin(
                (change, statement.sql) for change in statement.changes
            )
            try:
                self._run(table, statement, items)
            except Fault as fault:
                self._lose(items, fault)
                return []
        self._read_back()
        return [change for statement in statements for change in statement.changes]

    def _run(self, table: Table, statement: Statement, items: list[Pending]) -> None:
        """Runs one statement, again after a while where somebody else is in the way.

        Raises:
            Fault: The connection is lost.
        """
        dialect = self._dialect
        for pause in (*PAUSES, None):
            try:
                self._session.run(statement.sql)
            except Fault as fault:
                if fault.lost:
                    raise
                if dialect.code(fault) not in dialect.lock_codes:
                    self._refused(table, items, fault)
                    return
                if pause is None or self._options.stop():
                    for item in items:
                        reason = dialect.explain(fault)
                        self._intents.end(item, Outcome.FAILED, reason)
                    return
                time.sleep(pause)
                # Whoever held the lock may have changed just these comments.
                kept = self._still_unchanged(items)
                if len(kept) < len(items):
                    self._run_rendered(table, kept)
                    return
            else:
                self._executed += items
                return

    def _refused(self, table: Table, items: list[Pending], fault: Fault) -> None:
        """The database refused a statement; what it carried is tried in halves."""
        dialect = self._dialect
        if len(items) == 1 or dialect.code(fault) in dialect.table_refusals:
            for item in items:
                self._intents.end(item, Outcome.REFUSED, dialect.explain(fault))
            return
        middle = len(items) // 2
        for half in (items[:middle], items[middle:]):
            self._run_rendered(table, half)

    def _run_rendered(self, table: Table, items: list[Pending]) -> None:
        """Runs some changes in statements of their own."""
        by_change = {item.change: item for item in items}
        for statement in self._dialect.render(self._session, table, list(by_change)):
            some = [by_change[change] for change in statement.changes]
            self._intents.renew(some, statement.sql)
            self._run(table, statement, some)

    def _still_unchanged(self, items: list[Pending]) -> list[Pending]:
        """Changes that still meet what the steward saw; the others end here."""
        table = self._dialect.read(self._session, self._id, brief=True)
        kept: list[Pending] = []
        for item in items:
            there = table.comment_of(item.change.target) if table else None
            if there == normal(item.change.previous):
                kept.append(item)
            else:
                reason = conflict_reason(there, item.change)
                self._intents.end(item, Outcome.CONFLICT, reason, read_back=there)
        return kept

    def _read_back(self) -> None:
        """Looks at what was executed and closes its intents."""
        if not self._executed:
            return
        try:
            there = self._dialect.read(self._session, self._id, brief=True)
        except Fault as fault:
            self._lose([], fault)
            return
        done, self._executed = self._executed, []
        for item in done:
            now = there.comment_of(item.change.target) if there else None
            if now == normal(item.change.text):
                self._intents.end(item, Outcome.WRITTEN, read_back=now)
            else:
                reason = "executed, but the database holds another text now"
                self._intents.end(item, Outcome.FAILED, reason, read_back=now)

    def _lose(self, begun: list[Pending], fault: Fault) -> None:
        """The connection is gone: what was executed stays open in the ledger."""
        unknown = sum(item.is_open for item in [*self._executed, *begun])
        self.lost = ColumnistError(
            f"The connection was lost while {self._id} was written: {fault.message}",
            f"{unknown} changes are open in the ledger; run apply again: it first asks "
            "the database whether they were written.",
        )
