"""Others read, write and alter the same tables while comments are written on them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from catalog.change import Outcome, WriteResult
from catalog.objects import table_of
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    Proved,
    changes_to,
    executing,
    fresh,
)
from tests.servers import Run, connected

pytestmark = pytest.mark.live

TABLES = [f"t{number}" for number in range(6)]
HELD = "t3"
"""A transaction keeps this one until all comments have an end."""
LOCK_TIMEOUT = 2.0
"""Seconds that a comment waits for its lock, on both databases."""
MARGIN = 1.5
"""Seconds for who alters, who waits a second at most, and for a busy machine."""
ALTERING = {
    # CREATE INDEX keeps writers out, so it may not wait for us for ever either.
    "postgresql": [
        "SET lock_timeout = '1s'",
        "CREATE INDEX i ON {} (n)",
        "DROP INDEX i",
    ],
    "mariadb": [
        "SET SESSION lock_wait_timeout = 1",
        "CREATE INDEX i ON {} (n)",
        "DROP INDEX i ON {}",
    ],
}
HOLDING = {
    "postgresql": "LOCK TABLE t3 IN SHARE UPDATE EXCLUSIVE MODE",
    "mariadb": "SELECT count(*) FROM t3",
}
NAMES_THE_LOCK = {
    "postgresql": "the table is locked: canceling statement due to lock timeout",
    "mariadb": "the table is in use: Lock wait timeout exceeded",
}


@dataclass
class Crowd:
    """Everybody else: each in a thread, on a connection of its own."""

    proved: Proved
    over: threading.Event = field(default_factory=threading.Event)
    delays: list[tuple[float, str]] = field(default_factory=list)
    """How long each statement took that reads or writes rows."""
    inserted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    updated: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    altered: int = 0

    def timed(self, run: Run, sql: str) -> None:
        began = time.monotonic()
        run(sql)
        self.delays.append((time.monotonic() - began, sql))

    def write(self, seed: int) -> None:
        """Rows are added and changed, each statement by itself."""
        order = random.Random(seed)
        with connected(self.proved.url) as run:
            while not self.over.is_set():
                table = order.choice(TABLES)
                self.timed(run, f"INSERT INTO {table} (n) VALUES (0)")
                self.inserted[table] += 1
                self.timed(run, f"UPDATE {table} SET n = n + 1 WHERE id = 1")
                self.updated[table] += 1
                time.sleep(0.005)

    def read(self) -> None:
        """Transactions that read a table and stay open for a while."""
        order = random.Random(1)
        with connected(self.proved.url) as run:
            while not self.over.is_set():
                run("BEGIN")
                self.timed(run, f"SELECT sum(n) FROM {order.choice(TABLES)}")
                time.sleep(order.uniform(0.1, 0.8))
                run("COMMIT")

    def alter(self) -> None:
        """An index now and then, given up after a second."""
        order = random.Random(2)
        begin, create, drop = ALTERING[self.proved.name]
        with connected(self.proved.url) as run:
            run(begin)
            while not self.over.is_set():
                table = order.choice([name for name in TABLES if name != HELD])
                try:
                    run(create.format(table))
                except Exception as error:
                    if "lock" not in str(error).lower():
                        raise
                else:
                    self.altered += 1
                    self.drop(run, drop.format(table))
                time.sleep(0.3)

    def drop(self, run: Run, sql: str) -> None:
        while True:
            try:
                run(sql)
                return
            except Exception as error:
                if "lock" not in str(error).lower():
                    raise

    def hold(self, holding: threading.Event, holder: list[object]) -> None:
        """One transaction keeps a table from being commented."""
        with connected(self.proved.url) as run:
            if self.proved.name == "postgresql":
                holder += run("SELECT pg_backend_pid()")[0]
            run("BEGIN", HOLDING[self.proved.name])
            holding.set()
            self.over.wait(60)
            run("ROLLBACK")


@contextmanager
def crowd_on(proved: Proved, holder: list[object]) -> Iterator[Crowd]:
    """Everybody at work; errors of theirs are errors of the test."""
    crowd, holding = Crowd(proved), threading.Event()
    with ThreadPoolExecutor() as pool:
        running: list[Future[None]] = [
            pool.submit(crowd.write, 0),
            pool.submit(crowd.read),
            pool.submit(crowd.alter),
            pool.submit(crowd.hold, holding, holder),
        ]
        try:
            assert holding.wait(10)
            time.sleep(0.2)
            yield crowd
        finally:
            crowd.over.set()
    for each in running:
        each.result()


def of_table(results: Sequence[WriteResult], name: str) -> list[WriteResult]:
    return [each for each in results if table_of(each.change.target).name == name]


@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_nobody_waits_for_a_comment_longer_than_it_waits_for_its_lock(
    request: pytest.FixtureRequest, name: str
) -> None:
    proved: Proved = request.getfixturevalue(name)
    serial = "serial" if name == "postgresql" else "int AUTO_INCREMENT"
    for table in TABLES:
        proved.run(
            f"CREATE TABLE {table} (id {serial} PRIMARY KEY, n bigint)",
            f"INSERT INTO {table} (n) VALUES (0)",
        )
    database = proved.open()
    tables = [fresh(database, proved.id(table)) for table in TABLES]
    work = [(table, changes_to(table, "of a busy table")) for table in tables]
    ledger, holder = RecordingLedger(), list[object]()
    with crowd_on(proved, holder) as crowd:
        before = len(crowd.delays)
        began = time.monotonic()
        results = list(executing(database, work, ledger))
        took = time.monotonic() - began
        slowest, sql = max(crowd.delays[before:])
        count = len(crowd.delays) - before
    print(
        f"{name}: {count} statements and {crowd.altered} indexes in {took:.1f} s; the "
        f"slowest took {slowest:.2f} s: {sql}"
    )
    assert slowest < LOCK_TIMEOUT + MARGIN
    assert count > 50
    assert crowd.altered
    assert not ledger.open
    for table in TABLES:
        for result in of_table(results, table):
            if table != HELD:
                assert result.outcome is Outcome.WRITTEN, result
                continue
            reason = result.reason or ""
            assert result.outcome is Outcome.FAILED
            assert reason.startswith(NAMES_THE_LOCK[name])
            assert all(f"pid {pid}, user steward" in reason for pid in holder)
    # Whoever was delayed lost nothing by it.
    for table in TABLES:
        rows = proved.run(f"SELECT count(*), sum(n) FROM {table}")
        assert rows == [(crowd.inserted[table] + 1, crowd.updated[table])]
        comment = None if table == HELD else "of a busy table"
        now = fresh(database, proved.id(table))
        assert {now.comment_of(target) for target in now.targets()} == {comment}
        assert [column.name for column in now.columns] == ["id", "n"]
    left = [
        (table, changes_to(table, "at last"))
        for table in tables
        if table.id.name == HELD
    ]
    again = list(executing(database, left, ledger))
    assert {result.outcome for result in again} == {Outcome.WRITTEN}
