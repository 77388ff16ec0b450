"""Writing comments where DDL is transactional: one transaction a table.

The comments are executed first, which takes the lock that any other writer of them
needs; then a second session, which sees committed data only, reads what they replaced.
One that is not what the steward saw rolls the transaction back. So there is no moment
between the check and the write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table, Target, column_of
from connectors.chunks import Chunk, Plan, Work, cut, write_chunks
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault, Source
from connectors.dialects.dialect import Dialect, WriteOptions
from connectors.intents import PAUSES, Intents, Pending, conflict_reason
from connectors.ledger import Ledger
from connectors.statement import Statement, differing


def render_comment_on(
    dialect: Dialect, table: Table, change: CommentChange
) -> Statement:
    """`COMMENT ON … IS …`, for the databases that have it."""
    name = column_of(change.target)
    if name is None:
        what = f"{dialect.table_keywords[table.kind]} {dialect.table_name(table.id)}"
    else:
        what = f"COLUMN {dialect.table_name(table.id)}.{dialect.quote(name)}"
    text = normal(change.text)
    value = "NULL" if text is None else dialect.literal(text)
    return Statement(f"COMMENT ON {what} IS {value}", (change,))


class TransactionalDialect(Dialect):
    """Databases where `COMMENT ON` takes part in a transaction."""

    transactional = True
    exclusive: ClassVar[bool] = False
    """While a session is open for writing nobody else can write."""
    parallel: ClassVar[int] = 1
    """Sessions that write different tables at once."""
    chunk: ClassVar[int] = 500
    """Changes whose intents are committed together, and that are read back together."""

    def render(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> list[Statement]:
        """One `COMMENT ON` a change."""
        return [render_comment_on(self, table, change) for change in changes]

    def write(
        self,
        source: Source,
        table: Table,
        changes: Sequence[CommentChange],
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[WriteResult]:
        """All changes of the table in one transaction."""
        return self.write_many(source, [(table, changes)], ledger, options)

    def write_many(
        self,
        source: Source,
        work: Work,
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[WriteResult]:
        """The changes of many tables, in a transaction each."""

        def planned(table: Table, changes: Sequence[CommentChange]) -> Plan:
            statements = self.render(None, table, changes)
            other = differing(statements, options.shown)
            pairs = [(c, one.sql) for one in statements for c in one.changes]
            return Plan(
                [pair for pair in pairs if pair[0] not in other],
                conflicts=[(c, sql, other[c]) for c, sql in pairs if c in other],
            )

        chunks = cut(work, planned, ledger, most=self.chunk, stop=options.stop)
        return write_chunks(
            chunks,
            lambda: _Writer(self, source, options),
            parallel=self.limits.connections or self.parallel,
            stop=options.stop,
        )

    def execute(self, session: DatabaseSession, statements: Sequence[str]) -> None:
        """Begin a transaction, pin what rendering relies on, run the statements."""
        session.run("BEGIN")
        self.pin(session)
        for statement in statements:
            session.run(statement)


class _Writer:
    """One session that writes, and its witness, which sees committed data only."""

    def __init__(
        self, dialect: TransactionalDialect, source: Source, options: WriteOptions
    ) -> None:
        self._dialect = dialect
        self._options = options
        self.session = source.open(write=True)
        try:
            self.witness = self.session.witness()
        except BaseException:
            self.session.close()
            raise
        self.lost: ColumnistError | None = None
        """Set where the connection broke."""

    def close(self) -> None:
        """Give both sessions back."""
        self.witness.close()
        self.session.quietly("ROLLBACK")
        if self.lost is not None:
            self.session.discard()
        self.session.close()

    def write(self, chunk: Chunk, *, ended: Callable[[], bool]) -> None:
        """Table after table, then one look at all that was committed."""
        seen = self._seen(chunk) if self._dialect.exclusive else None
        committed: list[tuple[Table, list[Pending]]] = []
        for table, pending in chunk.tables:
            if self.lost is not None or ended():
                for item in pending:
                    chunk.intents.drop(item, "stopped before it was written")
                continue
            writing = _TableWriting(self, self._dialect, table, chunk.intents, seen)
            try:
                written = writing.write(pending, self._options)
            finally:
                self.session.quietly("ROLLBACK")
            self.lost = writing.lost
            if written:
                committed.append((table, written))
        if committed:
            self._read_back(committed, chunk.intents)

    def _seen(self, chunk: Chunk) -> dict[Target, str]:
        ids = [table.id for table, _ in chunk.tables]
        return self._dialect.comments(self.witness, ids)

    def _read_back(
        self, committed: list[tuple[Table, list[Pending]]], intents: Intents
    ) -> None:
        """Reads what the database holds now and ends what was committed."""
        try:
            ids = [table.id for table, _ in committed]
            there = self._dialect.comments(self.witness, ids)
        except Fault as fault:
            reason = f"committed, but it could not be read back: {fault.message}"
            for _, pending in committed:
                for item in pending:
                    intents.end(item, Outcome.WRITTEN, reason)
            return
        for _, pending in committed:
            for item in pending:
                now = there.get(item.change.target)
                if now == normal(item.change.text):
                    intents.end(item, Outcome.WRITTEN, read_back=now)
                else:
                    reason = "written, but the database holds another text now"
                    intents.end(item, Outcome.FAILED, reason, read_back=now)


class _TableWriting:
    """One table's transaction, tried until it is committed or nothing is left."""

    def __init__(
        self,
        writer: _Writer,
        dialect: TransactionalDialect,
        table: Table,
        intents: Intents,
        seen: dict[Target, str] | None,
    ) -> None:
        self._session = writer.session
        self._witness = writer.witness
        self._dialect = dialect
        self._table = table
        self._intents = intents
        self._seen = seen
        """Comments that nobody else can change meanwhile; None where one can."""
        self.lost: ColumnistError | None = None
        """Set where the connection broke."""

    def write(self, pending: list[Pending], options: WriteOptions) -> list[Pending]:
        """Tries until every change is committed or has an end; the committed ones."""
        tries = 0
        at_once = True
        if self._seen is not None:
            pending = self._conflicts(pending, self._differing(pending, self._seen))
        while pending and self.lost is None:
            try:
                left, is_done = self._attempt(pending, at_once=at_once)
            except _Locked as locked:
                if tries == len(PAUSES) or options.stop():
                    reason = f"the table is locked: {locked.fault.message}"
                    if locked.holders:
                        reason += f" (held by {locked.holders})"
                    for item in pending:
                        self._intents.end(item, Outcome.FAILED, reason)
                    return []
                time.sleep(PAUSES[tries])
                tries += 1
                continue
            if is_done:
                return left
            pending, at_once = left, False
        return []

    def _attempt(
        self, pending: list[Pending], *, at_once: bool
    ) -> tuple[list[Pending], bool]:
        """One transaction: what was committed, or what has to be tried again.

        Args:
            pending: The changes to make.
            at_once: Send everything together; which statement failed is then unknown.
        """
        session = self._session
        item: Pending | None = None
        try:
            if at_once:
                self._dialect.execute(session, [one.statement for one in pending])
            else:
                self._dialect.execute(session, [])
                for item in pending:
                    session.run(item.statement)
        except Fault as fault:
            if fault.lost:
                self._not_written(pending, fault)
                return [], True
            holders = ""
            locked = fault.code in self._dialect.lock_codes
            if locked:
                holders = self._dialect.lock_holders(self._witness, self._table.id)
            session.quietly("ROLLBACK")
            if at_once and not locked:
                return pending, False
            if item is None or locked:
                raise _Locked(fault, holders) from fault
            return self._refuse(item, pending, fault), False
        if self._seen is None:
            try:
                there = self._dialect.comments(self._witness, [self._table.id])
            except Fault as fault:
                session.quietly("ROLLBACK")
                self._not_written(pending, fault)
                return [], True
            if differing := self._differing(pending, there):
                session.quietly("ROLLBACK")
                return self._conflicts(pending, differing), False
        return self._commit(pending), True

    def _differing(
        self, pending: list[Pending], there: dict[Target, str]
    ) -> list[tuple[Pending, str | None]]:
        """Changes whose comment is not what the steward saw."""
        return [
            (item, now)
            for item in pending
            if (now := there.get(item.change.target)) != normal(item.change.previous)
        ]

    def _conflicts(
        self, pending: list[Pending], differing: list[tuple[Pending, str | None]]
    ) -> list[Pending]:
        """Ends what conflicts; returns the others."""
        for item, there in differing:
            reason = conflict_reason(there, item.change)
            self._intents.end(item, Outcome.CONFLICT, reason, read_back=there)
        return [item for item in pending if item.is_open]

    def _commit(self, pending: list[Pending]) -> list[Pending]:
        try:
            self._session.run("COMMIT")
        except Fault as fault:
            if not fault.lost:
                self._not_written(pending, fault)
                return []
            self.lost = ColumnistError(
                f"The connection was lost while {self._table.id} was committed: "
                f"{fault.message}",
                f"{len(pending)} changes are open in the ledger; run apply again: "
                "it first asks the database whether they were written.",
            )
            return []
        return pending

    def _refuse(
        self, item: Pending, pending: list[Pending], fault: Fault
    ) -> list[Pending]:
        """The server refused one statement: the others are tried without it."""
        reason = self._dialect.explain(fault)
        if fault.code in self._dialect.table_refusals:
            for each in pending:
                self._intents.end(each, Outcome.REFUSED, reason)
            return []
        self._intents.end(item, Outcome.REFUSED, reason)
        return [each for each in pending if each is not item]

    def _not_written(self, pending: list[Pending], fault: Fault) -> None:
        """Nothing was committed and the transaction cannot go on."""
        reason = f"not written: {fault.message}"
        for item in pending:
            self._intents.end(item, Outcome.FAILED, reason)
        if fault.lost:
            self.lost = ColumnistError(
                f"The connection was lost while {self._table.id} was written: "
                f"{fault.message}",
                "Nothing of this table was written; run apply again when the "
                "database is back.",
            )


class _Locked(Exception):
    """Somebody else holds a lock that the transaction needs."""

    def __init__(self, fault: Fault, holders: str) -> None:
        super().__init__(fault.message)
        self.fault = fault
        """What the server said."""
        self.holders = holders
        """Who holds it, as far as the server tells."""
