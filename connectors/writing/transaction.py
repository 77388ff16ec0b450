"""Writing comments where DDL is transactional: one transaction a table.

The comments are executed first, which takes the lock that any other writer of them
needs; then a second session, which sees committed data only, reads what they replaced.
One that is not what the steward saw rolls the transaction back. So there is no moment
between the check and the write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from catalog.change import Outcome
from catalog.objects import TableId, TableKind, Target, column_of
from catalog.stopping import Stop
from connectors.database_session import Fault, SessionSource
from connectors.writing.chunks import Chunk, RunWriter, Task
from connectors.writing.intents import Intents, LockPatience, Pending, lost

if TYPE_CHECKING:
    from connectors.dialects.bases.transactional import TransactionalDialect


class _Locked(Exception):
    """Somebody else holds a lock that the transaction needs."""


class TransactionWriter(RunWriter):
    """One session that writes, and its witness, which sees committed data only."""

    def __init__(
        self, dialect: TransactionalDialect, source: SessionSource, stop: Stop
    ) -> None:
        super().__init__(source.open(write=True))
        self._intents: Intents
        """Where the changes of the chunk at hand end."""
        self._dialect = dialect
        self._stop = stop
        try:
            self._witness = self._session.witness()
        except BaseException:
            self._session.close()
            raise

    def close(self) -> None:
        """Give both sessions back."""
        self._witness.close()
        self._session.quietly("ROLLBACK")
        super().close()

    def write(self, chunk: Chunk, *, ended: Stop) -> None:
        """Table after table, then one look at all that was committed."""
        self._intents = chunk.intents
        if self._dialect.exclusive:  # so nobody can change it until the end
            tables = [task.table for task in chunk.tasks]
            there = self._dialect.comments(self._witness, tables)
            kinds = self._dialect.kinds(self._witness, tables)
            for task in chunk.tasks:
                for item in task.pending:
                    self._overtaken(item, there, kinds)
        committed: list[Pending] = []
        written: list[TableId] = []
        for task in chunk.left(ended):
            try:
                if some := self._write_table(task):
                    committed += some
                    written.append(task.table)
            finally:
                self._session.quietly("ROLLBACK")
        if committed:
            self._read_back(written, committed)

    def _overtaken(
        self,
        item: Pending,
        there: Mapping[Target, str],
        kinds: Mapping[TableId, TableKind],
    ) -> bool:
        """Ends a change whose comment or table is no longer what the steward saw."""
        target = item.change.target
        kind = kinds.get(target) if isinstance(target, TableId) else None
        basis = None if kind is None else self._dialect.table_keywords.get(kind)
        return self._intents.conflicts(item, there.get(target), basis)

    def _write_table(self, task: Task) -> list[Pending]:
        """Tries until every change is committed or has an end; the committed ones."""
        patience = LockPatience(self._stop)
        at_once = True
        while pending := [item for item in task.pending if item.is_open]:
            try:
                if self._attempt(task.table, pending, at_once=at_once):
                    return pending
                if self.lost is not None:
                    return []
                at_once = False
            except _Locked as locked:
                if not patience.lasts():
                    reason = f"the table is locked: {locked}"
                    self._intents.end_all(pending, Outcome.FAILED, reason)
        return []

    def _attempt(
        self, table: TableId, pending: list[Pending], *, at_once: bool
    ) -> bool:
        """One transaction; whether it was committed, or what is left is to be tried.

        Args:
            table: What it is about.
            pending: The changes to make.
            at_once: Send everything together; which statement failed is then unknown.
        """
        dialect, session = self._dialect, self._session
        item: Pending | None = None
        try:
            if at_once:
                dialect.execute(session, [one.statement for one in pending])
            else:
                dialect.execute(session, [])
                for item in pending:
                    session.run(item.statement)
        except Fault as fault:
            if fault.lost:
                self._not_written(table, pending, fault)
                return False
            if fault.code in dialect.lock_codes:
                holders = dialect.lock_holders(self._witness, table)
                session.quietly("ROLLBACK")
                held = f" (held by {holders})" if holders else ""
                raise _Locked(fault.message + held) from fault
            session.quietly("ROLLBACK")
            if not at_once:
                self._refuse(table, item, pending, fault)
            return False
        if not dialect.exclusive:
            try:
                there = dialect.comments(self._witness, [table])
            except Fault as fault:
                session.quietly("ROLLBACK")
                self._not_written(table, pending, fault)
                return False
            overtaken = [self._overtaken(each, there, {}) for each in pending]
            if any(overtaken):
                session.quietly("ROLLBACK")
                return False
        try:
            session.run("COMMIT")
        except Fault as fault:
            if not fault.lost:
                self._not_written(table, pending, fault)
                return False
            self.lost = lost(table, fault, len(pending))
            return False
        return True

    def _refuse(
        self,
        table: TableId,
        item: Pending | None,
        pending: list[Pending],
        fault: Fault,
    ) -> None:
        """The server refused one statement: the others are tried without it."""
        reason = self._dialect.explain(fault)
        if item is None:  # not even the transaction was begun
            raise _Locked(fault.message) from fault
        is_table = column_of(item.change.target) is None
        if is_table and self._redefined(table, item):
            return
        whole = fault.code in self._dialect.table_refusals
        self._intents.end_all(pending if whole else [item], Outcome.REFUSED, reason)

    def _redefined(self, table: TableId, item: Pending) -> bool:
        """Ends a change of what is now a view of the same name, or a table."""
        try:
            there = self._dialect.comments(self._witness, [table])
            kinds = self._dialect.kinds(self._witness, [table])
        except Fault:
            return False
        return self._overtaken(item, there, kinds)

    def _not_written(
        self, table: TableId, pending: list[Pending], fault: Fault
    ) -> None:
        """Nothing was committed and the transaction cannot go on."""
        self._intents.end_all(pending, Outcome.FAILED, f"not written: {fault.message}")
        if fault.lost:
            self.lost = lost(table, fault)

    def _read_back(self, tables: list[TableId], committed: list[Pending]) -> None:
        """Reads what the database holds now and ends what was committed."""
        try:
            there = self._dialect.comments(self._witness, tables)
        except Fault as fault:
            reason = f"committed, but it could not be read back: {fault.message}"
            self._intents.end_all(committed, Outcome.WRITTEN, reason)
            return
        for item in committed:
            self._intents.read_back(item, there.get(item.change.target))
