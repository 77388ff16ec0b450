"""Writing comments where each statement commits by itself and nothing locks a table.

The comments are read, what is no longer as the steward saw it is a conflict, the rest
is written statement by statement, and everything is read back. Between that reading and
a statement lies a moment in which somebody else's change would be overwritten; it is
kept short by reading again before a statement that comes more than `FRESH_SECONDS`
after the last look.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table
from connectors.comment_text import normal
from connectors.dialects.dialect import Dialect, WriteOptions
from connectors.intents import PAUSES, Intents, Pending, conflict_reason
from connectors.ledger import Ledger
from connectors.session import Fault, Session, Source
from connectors.statement import Statement

FRESH_SECONDS = 1.0
"""A look at the comments is good for so long."""


class SequentialDialect(Dialect):
    """Databases where a comment is neither locked nor rolled back.

    A subclass renders; a statement may carry several changes, and is cut in half where
    the database refuses it as a whole.
    """

    window = True

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
        session: Session,
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
                    for item in self._intents.begin([(change, statement.sql)]):
                        self._intents.end(
                            item, Outcome.CONFLICT, reason, read_back=there
                        )
        return kept

    def _write_some(
        self, table: Table, changes: Sequence[CommentChange]
    ) -> list[CommentChange]:
        """Writes while the last look is fresh; returns what is still to do."""
        looked = time.monotonic()
        statements = deque(self._dialect.render(self._session, table, changes))
        while statements and not self._options.stop():
            if self._executed and time.monotonic() - looked > FRESH_SECONDS:
                break
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
        """Runs one statement; what is refused together is tried in halves.

        Raises:
            Fault: The connection is lost.
        """
        try:
            self._patiently(statement.sql)
        except Fault as fault:
            if fault.lost:
                raise
            dialect = self._dialect
            if len(items) == 1 or fault.code in dialect.table_refusals:
                busy = fault.code in dialect.lock_codes
                outcome = Outcome.FAILED if busy else Outcome.REFUSED
                for item in items:
                    self._intents.end(item, outcome, dialect.explain(fault))
                return
            middle = len(items) // 2
            for half in (items[:middle], items[middle:]):
                by_change = {item.change: item for item in half}
                for smaller in dialect.render(self._session, table, list(by_change)):
                    some = [by_change[change] for change in smaller.changes]
                    self._intents.renew(some, smaller.sql)
                    self._run(table, smaller, some)
            return
        self._executed += items

    def _patiently(self, sql: str) -> None:
        """Runs a statement, again after a while where somebody else is in the way."""
        for pause in (*PAUSES, None):
            try:
                self._session.run(sql)
                return
            except Fault as fault:
                busy = fault.code in self._dialect.lock_codes
                if not busy or pause is None or self._options.stop():
                    raise
            time.sleep(pause)

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
