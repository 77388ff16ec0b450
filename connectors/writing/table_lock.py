"""Writing comments on MySQL and MariaDB: one ALTER a table, under a table lock.

DDL there commits by itself, so nothing can be taken back. `LOCK TABLES t WRITE` keeps
everybody else out between reading the old comments and the ALTER; that ALTER works
under the lock was run on MariaDB 10.11 (also for partitioned and referenced tables and
those with triggers). A user without the right to lock gets a re-read directly before
the ALTER instead, and the result says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from catalog.change import CommentChange, Outcome
from catalog.objects import column_of
from catalog.stopping import Stop
from connectors.comment_text import normal
from connectors.database_session import Fault, SessionSource
from connectors.definition import DOUBTFUL, REBUILD, TableDefinition
from connectors.run import Statement
from connectors.writing.chunks import Chunk, RunWriter, Task
from connectors.writing.intents import GONE, Intents, LockPatience, Pending, lost

if TYPE_CHECKING:
    from connectors.dialects.bases.altering import AlteringDialect

NO_TABLE = "1146"
"""What MySQL and MariaDB say of a table that is not there."""
UNLOCKED = (
    "written without a table lock ({why}): a change that somebody else made in the "
    "instant before would have been overwritten"
)


class _Locked(Exception):
    """Somebody else holds the table."""


class _Unlockable(Exception):
    """The change cannot be made under a table lock."""


class TableLockWriter(RunWriter):
    """One session that alters table after table."""

    def __init__(
        self, dialect: AlteringDialect, source: SessionSource, stop: Stop
    ) -> None:
        super().__init__(source.open(write=True))
        self._dialect = dialect
        self._stop = stop
        self._intents: Intents
        """Where the changes of the chunk at hand end."""
        self._task: Task
        """The table at hand, from the lock to the comparison afterwards."""
        self._items: dict[CommentChange, Pending] = {}
        """What of it is on its way."""
        self._executed: list[Pending] = []
        """What of it was executed and not yet compared."""
        self._unlocked = ""
        """Why it is written without a lock, or nothing."""

    def write(self, chunk: Chunk, *, ended: Stop) -> None:
        """Table after table; locking one gives up the one before."""
        self._intents = chunk.intents
        try:
            if not ended():
                self._dialect.pin(self._session)
            for task in chunk.left(ended):
                self._task, self._executed, self._unlocked = task, [], ""
                self._items = {item.change: item for item in task.pending}
                self._write_table()
        finally:
            self._session.quietly("UNLOCK TABLES")

    @property
    def _open(self) -> list[Pending]:
        """What has no end yet."""
        return [item for item in self._task.pending if item.is_open]

    def _write_table(self) -> None:
        """Tries until every change has an end or the connection is lost."""
        patience = LockPatience(self._stop)
        while self._open and self.lost is None:
            try:
                self._attempt()
            except _Unlockable as unlockable:
                self._unlocked = str(unlockable)
                self._session.quietly("UNLOCK TABLES")
            except _Locked as locked:
                self._session.quietly("UNLOCK TABLES")
                if not patience.lasts():
                    reason = f"the table is in use: {locked}"
                    self._intents.end_all(self._open, Outcome.FAILED, reason)
            except Fault as fault:
                self._give_up(fault)

    def _attempt(self) -> None:
        """Lock, compare, alter, compare again."""
        self._lock()
        before = self._dialect.look(self._session, self._task.table)
        for item in self._open:
            there = before.comment_of(item.change.target) if before else None
            basis = before.basis_of(item.change.target) if before else None
            self._intents.conflicts(item, there, basis)
        if before is None:
            self._intents.end_all(self._open, Outcome.REFUSED, GONE)
            return
        for item in self._open:
            name = column_of(item.change.target)
            if name is not None and name not in before.columns:
                reason = "the column is no longer there; scan again"
                self._intents.end(item, Outcome.REFUSED, reason)
        try:
            for statement in self._task.statements:
                fine = {c for c in statement.changes if self._items[c].is_open}
                if (left := statement.only(fine)) is not None:
                    self._run(before, left)
        except (_Locked, _Unlockable):
            self._compare(before)
            raise
        self._compare(before)

    def _lock(self) -> None:
        if self._unlocked:
            return
        dialect = self._dialect
        try:
            name = dialect.table_name(self._task.table)
            self._session.run(f"LOCK TABLES {name} WRITE")
        except Fault as fault:
            if fault.code in dialect.lock_codes:
                raise _Locked(fault.message) from fault
            if fault.code in dialect.unlockable_codes:
                raise _Unlockable(fault.message) from fault
            if (
                fault.code != NO_TABLE
            ):  # a server that is read-only now may be asked again
                raise
            self._intents.end_all(self._open, Outcome.REFUSED, dialect.explain(fault))

    def _run(self, before: TableDefinition, statement: Statement) -> None:
        """Runs one statement; what is refused together is tried in halves."""
        dialect, sql = self._dialect, statement.sql
        items = [self._items[change] for change in statement.changes]
        if other := [item for item in items if item.statement != sql]:
            self._intents.renew(other, sql)
        try:
            self._session.run(sql)
        except Fault as fault:
            if fault.lost:
                self._executed += items
                raise
            if fault.code in dialect.lock_codes:
                raise _Locked(fault.message) from fault
            if not self._unlocked and fault.code in dialect.unlockable_codes:
                raise _Unlockable(fault.message) from fault
            if len(items) > 1 and fault.code not in dialect.table_refusals:
                for half in statement.halves():
                    self._run(before, half)
            elif fault.code in dialect.rebuild_codes:
                self._rebuild(before, statement, fault)
            else:
                reason = dialect.explain(fault)
                self._intents.end_all(items, Outcome.REFUSED, reason)
            return
        self._executed += items

    def _rebuild(
        self, before: TableDefinition, statement: Statement, fault: Fault
    ) -> None:
        """The server would only copy the table: done where that is allowed."""
        [change] = statement.changes
        column = before.columns.get(column_of(change.target) or "")
        if statement.copying and not (column and column.doubtful_labels):
            copying = replace(statement, tail=statement.copying, copying="")
            self._run(before, copying)
            return
        reason = REBUILD.format(why=fault.message)
        if statement.copying:
            reason = DOUBTFUL.format(what="type")
        self._intents.end(self._items[change], Outcome.REFUSED, reason)

    def _compare(self, before: TableDefinition) -> None:
        """Reads back what was executed and closes the intents."""
        if not self._executed:
            return
        note = self._unlocked and UNLOCKED.format(why=self._unlocked)
        printed = self._dialect.printed(self._session, self._task.table)
        done = self._executed
        comments = {column_of(item.change.target): item.change.text for item in done}
        if printed is not None and printed == before.with_comments(comments):
            # What was expected, to the letter: the usual case, and nothing to cut.
            self._executed = []
            for item in done:
                self._intents.read_back(item, normal(item.change.text), note)
            return
        after: TableDefinition | None = None
        if printed is not None:
            after = self._dialect.standing(self._session, self._task.table, printed)
        differences = before.differences(after) if after else ["the table is gone"]
        self._executed = []
        for item in done:
            there = after.comment_of(item.change.target) if after else None
            if not differences:
                self._intents.read_back(item, there, note)
                continue
            reason = (
                "the comment was written, but more changed with it: "
                f"{'; '.join(differences)}. To undo: {self._undo(before, item)}"
            )
            self._intents.end(item, Outcome.FAILED, reason, read_back=there)

    def _undo(self, before: TableDefinition, item: Pending) -> str:
        """The statement that restores the definition as it was."""
        back = CommentChange(item.change.target, item.change.text, item.change.previous)
        run = self._dialect.restate(before, [back], allow_rebuild=True)
        return replace(run.statements[0], tail="").sql

    def _give_up(self, fault: Fault) -> None:
        """The run of this table ends here: what is known is said of each change."""
        unknown = {item.intent for item in self._executed}
        known = [item for item in self._open if item.intent not in unknown]
        reason = f"not written: {fault.message}"
        self._intents.end_all(known, Outcome.FAILED, reason)
        if fault.lost or unknown:
            self.lost = lost(self._task.table, fault, len(unknown))
