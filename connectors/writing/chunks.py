"""Many tables a few at a time, on one session or on several at once.

Intents of a chunk of tables are committed together, then its tables are written one
after the other, then its ends are saved together: a flush of the disk each, not one
for every comment. Where the database gains from it several sessions take a chunk each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from catalog.change import WriteResult
from catalog.errors import ColumnistError
from catalog.objects import TableId
from catalog.stopping import Stop
from connectors.database_session import DatabaseSession
from connectors.ledger import Ledger
from connectors.run import Statement
from connectors.writing.intents import Intents, Pending

Tables = Iterable[tuple[TableId, Sequence[Statement]]]
"""The statements of a run, one table after the other."""


@dataclass(frozen=True, slots=True)
class Task:
    """One table with what is to be executed."""

    table: TableId
    """The table."""
    statements: Sequence[Statement]
    """In order."""
    pending: list[Pending]
    """Their changes, whose intents are committed."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some tables, and where their intents end."""

    intents: Intents
    """Where they end."""
    tasks: list[Task]
    """What is to be executed, one table after the other."""

    def left(self, ended: Stop) -> Iterator[Task]:
        """Table after table; those that come after `ended` is true are dropped."""
        for task in self.tasks:
            if not ended():
                yield task
                continue
            for item in task.pending:
                if item.is_open:
                    self.intents.drop(item, "stopped before it was written")


class RunWriter(ABC):
    """A session that writes chunks, in one thread at a time."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session
        self.lost: ColumnistError | None = None
        """Set where its connection broke."""

    @abstractmethod
    def write(self, chunk: Chunk, *, ended: Stop) -> None:
        """Write a chunk; what comes after `ended` is true is dropped."""

    def close(self) -> None:
        """Give the session back."""
        if self.lost is not None:
            self._session.discard()
        self._session.close()


def write_chunks(
    tables: Tables,
    open_writer: Callable[[], RunWriter],
    ledger: Ledger,
    *,
    most: int,
    parallel: int,
    stop: Stop,
) -> Iterator[WriteResult]:
    """Write tables; results once they are saved.

    Args:
        tables: What to write; taken a little ahead.
        open_writer: Opens a session.
        ledger: Where intents and ends are recorded.
        most: Changes whose intents are committed together.
        parallel: Most sessions.
        stop: True ends it between two tables.

    Raises:
        ColumnistError: A connection is lost.
    """
    writers = [open_writer()]  # the first before any intent is committed
    idle = deque(writers)
    lost: list[ColumnistError] = []

    def written(chunk: Chunk) -> Intents:
        try:
            writer = idle.popleft()
        except IndexError:  # all are at work
            writers.append(writer := open_writer())
        try:
            writer.write(chunk, ended=lambda: bool(lost or writer.lost) or stop())
        finally:
            if writer.lost is not None:
                lost.append(writer.lost)
            idle.append(writer)
        return chunk.intents

    try:
        chunks = _cut(tables, ledger, most=most, stop=stop)
        for intents in _in_parallel(written, chunks, parallel):
            yield from intents.save()
    finally:
        for writer in writers:
            writer.close()
    if lost:
        raise lost[0]


def _cut(tables: Tables, ledger: Ledger, *, most: int, stop: Stop) -> Iterator[Chunk]:
    """Chunks of about `most` changes, their intents committed.

    The first is one table and each may be twice as long as the one before: so there is
    something to show soon, and a short run ends between two tables.
    """
    taken: list[tuple[TableId, Sequence[Statement]]] = []
    size, enough = 0, 1
    for table, statements in tables:
        taken.append((table, statements))
        size += sum(len(each.parts) for each in statements)
        if size >= enough:
            if stop():
                return
            yield _begun(taken, ledger)
            taken, size, enough = [], 0, min(2 * enough, most)
    if taken and not stop():
        yield _begun(taken, ledger)


def _begun(
    taken: Sequence[tuple[TableId, Sequence[Statement]]], ledger: Ledger
) -> Chunk:
    intents = Intents(ledger)
    pending = iter(intents.begin(each for _, some in taken for each in some))
    return Chunk(
        intents,
        [
            Task(table, some, [next(pending) for each in some for _ in each.parts])
            for table, some in taken
        ],
    )


def _in_parallel(
    call: Callable[[Chunk], Intents], items: Iterator[Chunk], threads: int
) -> Iterator[Intents]:
    """Results in the order of items, which are taken a little ahead."""
    if threads == 1:
        yield from map(call, items)
        return
    with suppress(StopIteration):
        first = next(items)
        second = next(items, None)
        if second is None:  # not worth a thread
            yield call(first)
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="writing") as pool:
            running: deque[Future[Intents]] = deque()
            running += (pool.submit(call, first), pool.submit(call, second))
            for item in items:
                running.append(pool.submit(call, item))
                if len(running) > threads:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
