"""Writing comments where DDL is transactional: one transaction a table.

The comments are executed first, which takes the lock that any other writer of them
needs; then a second session, which sees committed data only, reads what they replaced.
One that is not what the steward saw rolls the transaction back. So there is no moment
between the check and the write.

Intents of some tables are committed together, then those tables are written one after
the other, then all are read back together: a flush of the disk and a query each, not
twelve. Where the database gains from it several sessions write different tables.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table, Target, column_of
from connectors.comment_text import normal
from connectors.dialects.dialect import Dialect, WriteOptions
from connectors.intents import PAUSES, Intents, Pending, conflict_reason
from connectors.ledger import Ledger
from connectors.session import Fault, Session, Source
from connectors.statement import Statement

T = TypeVar("T")
R = TypeVar("R")


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
        session: Session | None,
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
        work: Iterable[tuple[Table, Sequence[CommentChange]]],
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[WriteResult]:
        """The changes of many tables, in a transaction each."""
        chunks = self._chunks(work, ledger, options)
        writers = _Writers(self, source, options)
        try:
            for intents in _in_parallel(writers.write, chunks, self.parallel):
                yield from intents.save()
        finally:
            writers.close()
        if writers.lost is not None:
            raise writers.lost

    def execute(self, session: Session, statements: Sequence[str]) -> None:
        """Begin a transaction, pin what rendering relies on, run the statements."""
        session.run("BEGIN")
        self.pin(session)
        for statement in statements:
            session.run(statement)

    def _chunks(
        self,
        work: Iterable[tuple[Table, Sequence[CommentChange]]],
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[_Chunk]:
        """Tables a few at a time, their intents committed.

        The first chunk is one table and each may be twice as long as the one before: so
        there is something to show soon, and a short run ends between two tables.
        """
        tables: list[tuple[Table, list[tuple[CommentChange, str]]]] = []
        size, enough = 0, 1

        def begun() -> _Chunk:
            chunk = _Chunk(Intents(ledger))
            pending = chunk.intents.begin(pair for _, pairs in tables for pair in pairs)
            items = iter(pending)
            for table, pairs in tables:
                chunk.tables.append((table, [next(items) for _ in pairs]))
            tables.clear()
            return chunk

        for table, changes in work:
            statements = self.render(None, table, changes)
            pairs = [(change, st.sql) for st in statements for change in st.changes]
            if not pairs:
                continue
            tables.append((table, pairs))
            size += len(pairs)
            if size >= enough:
                if options.stop():
                    return
                size, enough = 0, min(2 * enough, self.chunk)
                yield begun()
        if tables and not options.stop():
            yield begun()


@dataclass(slots=True)
class _Chunk:
    """Tables with the changes to write to them."""

    intents: Intents
    tables: list[tuple[Table, list[Pending]]] = field(
        default_factory=list[tuple[Table, list[Pending]]]
    )


def _in_parallel(
    call: Callable[[T], R], items: Iterator[T], threads: int
) -> Iterator[R]:
    """Results in the order of items, which are taken a little ahead."""
    if threads == 1:
        yield from map(call, items)
        return
    running: deque[Future[R]] = deque()
    first = next(items, None)
    if first is None:
        return
    second = next(items, None)
    if second is None:  # not worth a thread
        yield call(first)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="writing") as pool:
        running += (pool.submit(call, first), pool.submit(call, second))
        for item in items:
            running.append(pool.submit(call, item))
            if len(running) > threads:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


class _Writers:
    """Sessions that write chunks; each is used by one thread at a time."""

    def __init__(
        self, dialect: TransactionalDialect, source: Source, options: WriteOptions
    ) -> None:
        self._dialect = dialect
        self._source = source
        self._options = options
        # The first is opened before any intent is committed.
        self._all = [_Writer(dialect, source, options)]
        self._idle: deque[_Writer] = deque(self._all)
        self.lost: ColumnistError | None = None
        """Set where a connection broke."""

    def write(self, chunk: _Chunk) -> Intents:
        """Write a chunk; its intents, for the caller to save."""
        writer = self._writer()
        try:
            writer.write(chunk, ended=self._ended)
        finally:
            self.lost = self.lost or writer.lost
            self._idle.append(writer)
        return chunk.intents

    def close(self) -> None:
        """Give every session back."""
        for writer in self._all:
            writer.close()

    def _ended(self) -> bool:
        return self.lost is not None or self._options.stop()

    def _writer(self) -> _Writer:
        with suppress(IndexError):  # none is idle
            return self._idle.popleft()
        writer = _Writer(self._dialect, self._source, self._options)
        self._all.append(writer)
        return writer


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

    def write(self, chunk: _Chunk, *, ended: Callable[[], bool]) -> None:
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

    def _seen(self, chunk: _Chunk) -> dict[Target, str]:
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
