"""Writing comments where each statement commits by itself and nothing locks a table.

The comments are read, what is no longer as the steward saw it is a conflict, the rest
is written statement by statement, and everything is read back. Between that reading and
a statement lies a moment in which somebody else's change would be overwritten; it is
kept short by reading again before a statement that comes more than `FRESH_SECONDS`
after the last look.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from catalog.change import Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table, TableId
from catalog.stopping import Stop
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault, SessionSource
from connectors.ledger import Ledger
from connectors.run import Statement
from connectors.writing.chunks import Tables
from connectors.writing.intents import (
    GONE,
    Intents,
    LockPatience,
    Pending,
    conflict,
    lost,
)

if TYPE_CHECKING:
    from connectors.dialects.bases.sequential import SequentialDialect

FRESH_SECONDS = 1.0
"""A look at the comments is good for so long."""


def write_in_sequence(
    dialect: SequentialDialect,
    source: SessionSource,
    tables: Tables,
    ledger: Ledger,
    stop: Stop,
) -> Iterator[WriteResult]:
    """Write many tables, one statement after the other.

    Raises:
        ColumnistError: The connection is lost.
    """
    intents = Intents(ledger)
    session: DatabaseSession | None = None
    with ExitStack() as stack:
        for table, statements in tables:
            if stop():
                return
            if session is None:
                session = stack.enter_context(source.session(write=True))
                dialect.pin(session)
            writing = _Sequence(dialect, session, table, intents, stop)
            for _ in writing.write(statements):
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
        table: TableId,
        intents: Intents,
        stop: Stop,
    ) -> None:
        self._dialect = dialect
        self._session = session
        self._id = table
        self._intents = intents
        self._stop = stop
        self._executed: list[Pending] = []
        self.lost: ColumnistError | None = None
        """Set where the connection broke."""

    def write(self, statements: Sequence[Statement]) -> Iterator[None]:
        """Writes until every change has an end; yields when some have."""
        todo = list(statements)
        while todo and self.lost is None and not self._stop():
            table = self._look()
            looked = time.monotonic()
            if table is None:
                for statement in todo:
                    for change in statement.changes:
                        self._intents.refuse(change, GONE)
                return
            todo = self._unchanged(table, todo)
            begun = False
            while todo and not self._stop():
                if begun and time.monotonic() - looked > FRESH_SECONDS:
                    break
                begun = True
                items = self._intents.begin(todo[:1])
                try:
                    self._run(todo.pop(0), items)
                except Fault as fault:
                    self._lose(items, fault)
                    return
            self._read_back()
            yield

    def _look(self) -> Table | None:
        return self._dialect.read(self._session, self._id, brief=True)

    def _unchanged(
        self, table: Table, statements: Sequence[Statement]
    ) -> list[Statement]:
        """What still meets what the steward saw; the other changes end here."""
        dialect, intents = self._dialect, self._intents
        changes = [change for each in statements for change in each.changes]
        found = dialect.bases(self._session, table, changes)
        bases = dict(zip(changes, found, strict=True))
        kept: list[Statement] = []
        for statement in statements:
            fine = set(statement.changes)
            for part in statement.parts:
                change = part.change
                there = table.comment_of(change.target)
                if (reason := dialect.refusal(table, change)) is not None:
                    intents.refuse(change, reason)
                elif conflict(part, there, bases[change]):
                    alone = statement.only({change})
                    for item in intents.begin([alone] if alone else []):
                        intents.conflicts(item, there, bases[change])
                else:
                    continue
                fine.discard(change)
            if (left := statement.only(fine)) is not None:
                kept.append(left)
        return kept

    def _run(self, statement: Statement, items: list[Pending]) -> None:
        """Runs one statement, again after a while where somebody else is in the way.

        Raises:
            Fault: The connection is lost.
        """
        dialect, patience = self._dialect, LockPatience(self._stop)
        while True:
            try:
                self._session.run(statement.sql)
            except Fault as fault:
                if fault.lost:
                    raise
                code, reason = dialect.code(fault), dialect.explain(fault)
                if code not in dialect.lock_codes:
                    if len(items) == 1 or code in dialect.table_refusals:
                        self._intents.end_all(items, Outcome.REFUSED, reason)
                        return
                    for half in statement.halves():
                        self._run_some(half, items)
                    return
                if not patience.lasts():
                    self._intents.end_all(items, Outcome.FAILED, reason)
                    return
                # Whoever held the lock may have changed just these comments.
                table = self._look()
                for item in items:
                    there = table.comment_of(item.change.target) if table else None
                    self._intents.conflicts(item, there)
                kept = {item.change for item in items if item.is_open}
                if len(kept) < len(items):
                    if (left := statement.only(kept)) is not None:
                        self._run_some(left, items)
                    return
            else:
                self._executed += items
                return

    def _run_some(self, statement: Statement, items: list[Pending]) -> None:
        """Runs a statement of fewer clauses, for some of the changes."""
        changes = set(statement.changes)
        some = [item for item in items if item.change in changes]
        self._intents.renew(some, statement.sql)
        self._run(statement, some)

    def _read_back(self) -> None:
        """Looks at what was executed and closes its intents."""
        if not self._executed:
            return
        try:
            table = self._look()
        except Fault as fault:
            self._lose([], fault)
            return
        done, self._executed = self._executed, []
        for item in done:
            now = table.comment_of(item.change.target) if table else None
            self._intents.read_back(item, normal(now))

    def _lose(self, begun: list[Pending], fault: Fault) -> None:
        """The connection is gone: what was executed stays open in the ledger."""
        unknown = {it.intent for it in (*self._executed, *begun) if it.is_open}
        self.lost = lost(self._id, fault, len(unknown))
