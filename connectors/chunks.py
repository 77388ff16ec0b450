"""Many tables a few at a time, on one session or on several at once.

Intents of a chunk of tables are committed together, then its tables are written one
after the other, then its ends are saved together: a flush of the disk each, not one
for every comment. Where the database gains from it several sessions take a chunk each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from catalog.change import CommentChange, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table
from connectors.intents import Intents, Pending
from connectors.ledger import Ledger

T = TypeVar("T")
R = TypeVar("R")

Work = Iterable[tuple[Table, Sequence[CommentChange]]]
"""Tables with the changes to write to each."""


@dataclass(slots=True)
class Chunk:
    """Tables with changes whose intents are committed."""

    intents: Intents
    """Where they end."""
    tables: list[tuple[Table, list[Pending]]] = field(
        default_factory=list[tuple[Table, list[Pending]]]
    )


class Writer(Protocol):
    """A session that writes chunks, in one thread at a time."""

    lost: ColumnistError | None
    """Set where its connection broke."""

    def write(self, chunk: Chunk, *, ended: Callable[[], bool]) -> None:
        """Write a chunk; what comes after `ended` is true is dropped."""
        ...

    def close(self) -> None:
        """Give the session back."""
        ...


@dataclass(slots=True)
class Plan:
    """What is to be executed for one table."""

    statements: list[tuple[CommentChange, str]]
    """Each change with the SQL that makes it."""
    refused: list[tuple[CommentChange, str]] = field(
        default_factory=list[tuple[CommentChange, str]]
    )
    """Changes there is no statement for, and why."""
    conflicts: list[tuple[CommentChange, str, str]] = field(
        default_factory=list[tuple[CommentChange, str, str]]
    )
    """Changes whose SQL is not what was shown, that SQL, and how it differs."""


def cut(
    work: Work,
    plan: Callable[[Table, Sequence[CommentChange]], Plan],
    ledger: Ledger,
    *,
    most: int,
    stop: Callable[[], bool],
) -> Iterator[Chunk]:
    """Chunks of about `most` changes, their intents committed.

    The first is one table and each may be twice as long as the one before: so there is
    something to show soon, and a short run ends between two tables.
    """
    planned: list[tuple[Table, Plan]] = []
    size, enough = 0, 1

    def begun() -> Chunk:
        chunk = Chunk(Intents(ledger))
        pairs = [pair for _, found in planned for pair in found.statements]
        pending = iter(chunk.intents.begin(pairs))
        for table, found in planned:
            for change, reason in found.refused:
                chunk.intents.refuse(change, reason)
            for change, sql, reason in found.conflicts:
                there = table.comment_of(change.target)
                chunk.intents.conflict(change, sql, reason, there)
            if found.statements:
                chunk.tables.append((table, [next(pending) for _ in found.statements]))
        planned.clear()
        return chunk

    for table, changes in work:
        found = plan(table, changes)
        planned.append((table, found))
        size += len(changes)
        if size >= enough:
            if stop():
                return
            size, enough = 0, min(2 * enough, most)
            yield begun()
    if planned and not stop():
        yield begun()


def write_chunks(
    chunks: Iterator[Chunk],
    open_writer: Callable[[], Writer],
    *,
    parallel: int,
    stop: Callable[[], bool],
) -> Iterator[WriteResult]:
    """Write chunks; results once they are saved.

    Args:
        chunks: What to write; taken a little ahead.
        open_writer: Opens a session.
        parallel: Most sessions.
        stop: True ends it between two tables.

    Raises:
        ColumnistError: A connection is lost.
    """
    writers = _Writers(open_writer, stop)
    try:
        for intents in _in_parallel(writers.write, chunks, parallel):
            yield from intents.save()
    finally:
        writers.close()
    if writers.lost is not None:
        raise writers.lost


def _in_parallel(
    call: Callable[[T], R], items: Iterator[T], threads: int
) -> Iterator[R]:
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
            running: deque[Future[R]] = deque()
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
        self, open_writer: Callable[[], Writer], stop: Callable[[], bool]
    ) -> None:
        self._open = open_writer
        self._stop = stop
        # The first is opened before any intent is committed.
        self._all = [open_writer()]
        self._idle: deque[Writer] = deque(self._all)
        self.lost: ColumnistError | None = None
        """Set where a connection broke."""

    def write(self, chunk: Chunk) -> Intents:
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
        return self.lost is not None or self._stop()

    def _writer(self) -> Writer:
        with suppress(IndexError):  # none is idle
            return self._idle.popleft()
        writer = self._open()
        self._all.append(writer)
        return writer
