"""What writing one statement after the other promises, on a database in memory.

The database understands BigQuery's statements as an independent lexer takes them apart,
because those carry several changes. It shows what `connectors.writing.sequential` does
with answers, conflicts and broken connections; of BigQuery itself it shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import ColumnId, Table, TableId, Target
from catalog.stopping import Stop, never
from connectors.database import Database
from connectors.database_session import DatabaseSession, Fault, Row, SessionSource
from connectors.dialects.bigquery import BigQuery
from connectors.dialects.dialect import dialect_named
from connectors.run import Run
from connectors.writing import intents, sequential
from tests.connectors.lexer import RULES, tokens
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    all_written,
    changes_to,
    executing,
    fresh,
    outcomes,
    plan,
)

T = TableId("s", "t")
BUSY = Fault("403 Exceeded rate limits: too many table update operations")


@dataclass
class Memory(SessionSource):
    """A database with one table in memory, and ways to make it fail."""

    columns: list[str]
    comments: dict[Target, str] = field(default_factory=dict)
    """What is stored."""
    ran: list[str] = field(default_factory=list)
    """Statements that arrived, whatever became of them."""
    before: Callable[[str], None] = lambda sql: None
    """Called before a statement takes effect; raises to refuse it."""
    after: Callable[[str], None] = lambda sql: None
    """Called when it has taken effect."""
    is_there: bool = True
    """The table exists."""
    is_lost: bool = False
    """The connection is gone."""

    def open(self, *, write: bool) -> DatabaseSession:
        if self.is_lost:
            raise Fault("no connection", lost=True)
        return MemorySession(self)

    def close(self) -> None:
        return

    def targets(self) -> list[Target]:
        return [T, *(ColumnId(T, name) for name in self.columns)]


class MemorySession(DatabaseSession):
    """A connection to it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def run(self, sql: str) -> None:
        memory = self._memory
        self._reach()
        memory.ran.append(sql)
        memory.before(sql)
        comments = dict(memory.comments)
        for target, text in settings(sql).items():
            if target not in memory.targets():
                raise Fault(f"{target} is not there")
            comments.pop(target, None)
            if text is not None:
                comments[target] = text
        memory.comments = comments
        memory.after(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        memory = self._memory
        self._reach()
        if sql.startswith("SELECT '"):
            return [(tokens(sql, RULES["bigquery"])[1][1],)]
        if not memory.is_there or "KEY_COLUMN_USAGE" in sql:
            return []
        if "TABLE_OPTIONS" in sql:
            own = memory.comments.get(T)
            literal = None if own is None else BigQuery().literal(own)
            return [("t", "BASE TABLE", literal, None)]
        assert "COLUMN_FIELD_PATHS" in sql
        return [
            ("t", name, "YES", None, memory.comments.get(ColumnId(T, name)), "INT64")
            for name in memory.columns
        ]

    def _reach(self) -> None:
        if self._memory.is_lost:
            raise Fault("the connection broke", lost=True)

    def witness(self) -> DatabaseSession:
        return self

    def close(self) -> None:
        return


def settings(sql: str) -> dict[Target, str | None]:
    """What a statement sets: target to text."""
    found: dict[Target, str | None] = {}
    target: Target = T
    split = tokens(sql, RULES["bigquery"])
    for place, (kind, said) in enumerate(split):
        if kind == "name" and split[place - 1] == ("word", "COLUMN"):
            target = ColumnId(T, said)
        elif split[place - 1] == ("symbol", "="):
            found[target] = said if kind == "text" else None
    return found


def database(memory: Memory) -> Database:
    dialect = dialect_named("bigquery")
    assert dialect is not None
    identity = DatabaseIdentity("memory:", "memory")
    return Database(identity, dialect, "memory://", memory)


def write(
    memory: Memory,
    changes: Sequence[CommentChange],
    *,
    ledger: RecordingLedger | None = None,
    run: Run | None = None,
    stop: Stop = never,
) -> list[WriteResult]:
    target = database(memory)
    run = run or plan(target, fresh(target, T), changes)
    return list(target.execute([run], ledger or RecordingLedger(), stop=stop))


def seen(memory: Memory) -> Table:
    return fresh(database(memory), T)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are counted and not slept."""
    slept: list[float] = []
    monkeypatch.setattr(intents, "PAUSES", (0.1, 0.2, 0.3))
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


@pytest.fixture
def memory() -> Memory:
    return Memory(["a", "b", "c", "d"])


def test_sets_replaces_and_clears(memory: Memory) -> None:
    for text in ("first", "second, it's\n100%% \\ ü", None, "third", ""):
        ledger = RecordingLedger()
        assert all_written(write(memory, changes_to(seen(memory), text), ledger=ledger))
        assert not ledger.open
        assert set(memory.comments.values()) == ({text} if text else set())
    assert len(memory.ran) == 10  # the table's own, and one for all its columns


def test_an_unproved_database_is_written_only_where_that_is_allowed(
    memory: Memory,
) -> None:
    target = database(memory)
    results = list(
        executing(
            target,
            [(seen(memory), changes_to(seen(memory), "x"))],
            RecordingLedger(),
        )
    )
    assert {result.outcome for result in results} == {Outcome.REFUSED}
    assert "--unproved" in (results[0].reason or "")
    assert not memory.ran


def test_what_was_shown_otherwise_is_a_conflict(memory: Memory) -> None:
    changes = changes_to(seen(memory), "ours")
    run = plan(database(memory), seen(memory), changes)
    b = ColumnId(T, "b")
    of_view = Run(
        tuple(
            replace(
                each,
                parts=tuple(
                    replace(part, basis="VIEW") if part.change.target == b else part
                    for part in each.parts
                ),
            )
            for each in run.statements
        )
    )
    ledger = RecordingLedger()
    results = write(memory, changes, ledger=ledger, run=of_view)
    [conflict] = [r for r in results if r.outcome is not Outcome.WRITTEN]
    assert (conflict.change.target, conflict.outcome) == (b, Outcome.CONFLICT)
    assert "definition was changed meanwhile: VIEW is now TABLE" in (
        conflict.reason or ""
    )
    assert set(memory.comments) == set(memory.targets()) - {b}
    assert not ledger.open
    others = [change for change in changes if change.target != b]
    assert all_written(write(memory, changes, run=run.without(others)))


def test_a_conflict_is_never_overwritten(memory: Memory) -> None:
    changes = changes_to(seen(memory), "ours")
    b = ColumnId(T, "b")
    memory.comments[b] = "theirs"
    ledger = RecordingLedger()
    results = write(memory, changes, ledger=ledger)
    assert outcomes(results)[b] is Outcome.CONFLICT
    [conflict] = [r for r in results if r.outcome is Outcome.CONFLICT]
    assert conflict.read_back == "theirs"
    assert memory.comments[b] == "theirs"
    assert sorted(memory.comments.values()) == ["ours"] * 4 + ["theirs"]
    assert not any("`b`" in sql for sql in memory.ran)
    assert not ledger.open


def test_changed_while_somebody_held_it_is_a_conflict(memory: Memory) -> None:
    """A statement that had to wait was sent again on a look from before the wait."""
    b = ColumnId(T, "b")
    tries = 0

    def busy(sql: str) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            memory.comments[b] = "theirs"
            raise BUSY

    changes = changes_to(seen(memory), "ours")
    memory.before = busy
    ledger = RecordingLedger()
    results = write(memory, changes[1:], ledger=ledger)
    assert outcomes(results) == {
        change.target: Outcome.CONFLICT if change.target == b else Outcome.WRITTEN
        for change in changes[1:]
    }
    assert memory.comments[b] == "theirs"
    assert not ledger.open


def test_changed_between_two_statements_is_a_conflict(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look from before a slow statement was taken as good for the next one."""
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    b = ColumnId(T, "b")

    def slow(sql: str) -> None:
        if "ALTER COLUMN" not in sql:
            clock[0] += sequential.FRESH_SECONDS + 1
            memory.comments[b] = "theirs"
            raise Fault("refused for a reason of its own")

    changes = changes_to(seen(memory), "ours")
    memory.before = slow
    results = write(memory, changes)
    assert outcomes(results)[T] is Outcome.REFUSED
    assert outcomes(results)[b] is Outcome.CONFLICT
    assert memory.comments[b] == "theirs"
    assert len([r for r in results if r.outcome is Outcome.WRITTEN]) == 3


def test_what_changed_after_the_statement_is_said(memory: Memory) -> None:
    def meddle(sql: str) -> None:
        memory.comments[T] = "theirs"

    changes = changes_to(seen(memory), "ours")[:1]
    memory.after = meddle
    [result] = write(memory, changes)
    assert result.outcome is Outcome.FAILED
    assert result.read_back == "theirs"


def test_what_is_refused_together_is_tried_in_halves(memory: Memory) -> None:
    def refuse_c(sql: str) -> None:
        if "`c`" in sql:
            raise Fault("policy tags on c")

    memory.before = refuse_c
    ledger = RecordingLedger()
    results = write(memory, changes_to(seen(memory), "x"), ledger=ledger)
    c = ColumnId(T, "c")
    found = outcomes(results)
    assert found.pop(c) is Outcome.REFUSED
    assert set(found.values()) == {Outcome.WRITTEN}
    assert c not in memory.comments
    assert not ledger.open
    # The intent of each change says the statement that made it.
    for result in results:
        assert result.statement in memory.ran
        assert result.change.target in settings(result.statement)


def test_a_statement_that_is_too_long_is_cut_until_it_fits() -> None:
    memory = Memory([f"column_{number}" for number in range(64)])
    longest = 400

    def too_long(sql: str) -> None:
        if len(sql) > longest:
            raise Fault("the statement is too long")

    changes = changes_to(seen(memory), "a text of some length")
    memory.before = too_long
    assert all_written(write(memory, changes))
    done = [sql for sql in memory.ran if len(sql) <= longest]
    assert len(done) < 64 / 2  # not one by one
    assert len(memory.comments) == 65


def test_what_holds_for_the_table_is_not_tried_in_halves(memory: Memory) -> None:
    def deny(sql: str) -> None:
        raise Fault("403 Access Denied: Table s.t")

    memory.before = deny
    results = write(memory, changes_to(seen(memory), "x"))
    assert {result.outcome for result in results} == {Outcome.REFUSED}
    assert len(memory.ran) == 2


def test_busy_is_tried_again_and_then_given_up(
    memory: Memory, no_waiting: list[float]
) -> None:
    """Halves of a statement that was only busy were each tried four times."""

    def busy(sql: str) -> None:
        raise BUSY

    changes = changes_to(seen(memory), "x")[1:]
    memory.before = busy
    ledger = RecordingLedger()
    results = write(memory, changes, ledger=ledger)
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert len(memory.ran) == 4
    assert no_waiting == [0.1, 0.2, 0.3]
    assert not ledger.open
    assert not memory.comments


def test_busy_once_is_written(memory: Memory, no_waiting: list[float]) -> None:
    waiting = [BUSY, BUSY]

    def busy(sql: str) -> None:
        if waiting:
            raise waiting.pop()

    changes = changes_to(seen(memory), "x")
    memory.before = busy
    assert all_written(write(memory, changes))
    assert no_waiting == [0.1, 0.2]


def test_stop_ends_the_waiting(memory: Memory, no_waiting: list[float]) -> None:
    stopped = False

    def busy(sql: str) -> None:
        nonlocal stopped
        stopped = True
        raise BUSY

    memory.before = busy
    changes = changes_to(seen(memory), "x")[1:]
    ledger = RecordingLedger()
    results = write(memory, changes, ledger=ledger, stop=lambda: stopped)
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert not no_waiting
    assert not ledger.open


def test_stop_between_statements_leaves_the_rest_alone(memory: Memory) -> None:
    ledger = RecordingLedger()
    changes = changes_to(seen(memory), "x")
    results = write(memory, changes, ledger=ledger, stop=lambda: bool(memory.ran))
    assert outcomes(results) == {T: Outcome.WRITTEN}
    assert memory.comments == {T: "x"}
    assert len(ledger.intents) == 1
    assert not ledger.open


def lose(memory: Memory) -> Callable[[str], None]:
    def lost(sql: str) -> None:
        if "ALTER COLUMN" in sql:
            memory.is_lost = True
            raise Fault("the connection broke", lost=True)

    return lost


@pytest.mark.parametrize("arrived", [False, True])
def test_a_lost_connection_leaves_intents_that_the_next_run_settles(
    memory: Memory, arrived: bool
) -> None:
    changes = changes_to(seen(memory), "x")
    if arrived:
        memory.after = lose(memory)
    else:
        memory.before = lose(memory)
    ledger = RecordingLedger()
    with pytest.raises(ColumnistError, match="connection was lost") as caught:
        write(memory, changes, ledger=ledger)
    assert "5 changes are open" in (caught.value.hint or "")
    assert len(ledger.open) == 5
    memory.is_lost = False
    memory.before = memory.after = lambda sql: None
    settled = database(memory).settle(ledger.open, ledger)
    assert not ledger.open
    outcome = Outcome.WRITTEN if arrived else Outcome.FAILED
    assert outcomes(settled) == {
        change.target: Outcome.WRITTEN if change.target == T else outcome
        for change in changes
    }


def test_lost_among_halves_leaves_all_of_them_open(memory: Memory) -> None:
    def fail(sql: str) -> None:
        if "`a`" in sql and "`d`" in sql:
            raise Fault("too much at once")
        if "`c`" in sql:
            memory.is_lost = True
            raise Fault("the connection broke", lost=True)

    changes = changes_to(seen(memory), "x")[1:]
    memory.before = fail
    ledger = RecordingLedger()
    with pytest.raises(ColumnistError, match="connection was lost"):
        write(memory, changes, ledger=ledger)
    assert {intent.change for intent in ledger.open} == set(changes)
    memory.is_lost = False
    settled = outcomes(database(memory).settle(ledger.open, ledger))
    written = [ColumnId(T, name) for name in "ab"]
    assert settled == {
        change.target: Outcome.WRITTEN if change.target in written else Outcome.FAILED
        for change in changes
    }


def test_lost_before_the_look_back_leaves_intents_open(memory: Memory) -> None:
    changes = changes_to(seen(memory), "x")[:1]

    def lost(sql: str) -> None:
        memory.is_lost = True

    memory.after = lost
    ledger = RecordingLedger()
    with pytest.raises(ColumnistError, match="connection was lost"):
        write(memory, changes, ledger=ledger)
    assert len(ledger.open) == 1
    memory.is_lost = False
    [settled] = database(memory).settle(ledger.open, ledger)
    assert settled.outcome is Outcome.WRITTEN


def test_a_table_that_went_away_is_refused(memory: Memory) -> None:
    target = database(memory)
    table = seen(memory)
    memory.is_there = False
    ledger = RecordingLedger()
    run = plan(target, table, changes_to(table, "x"))
    results = list(target.execute([run], ledger))
    assert {result.outcome for result in results} == {Outcome.REFUSED}
    assert not memory.ran
    assert not ledger.intents


def test_literals_that_are_read_differently_stop_everything(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that halves per cent signs would store another text."""
    rows = MemorySession.rows

    def halving(self: MemorySession, sql: str, **parameters: object) -> list[Row]:
        return rows(self, sql.replace("%\\x25", "%"), **parameters)

    monkeypatch.setattr(MemorySession, "rows", halving)
    with pytest.raises(ColumnistError, match="difficult text"):
        write(memory, changes_to(seen(memory), "x"))
    assert not memory.ran
