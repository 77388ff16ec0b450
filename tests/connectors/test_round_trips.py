"""Any text and any name, where writing is proved: kept exactly or refused before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from catalog.change import CommentChange, Outcome
from catalog.objects import Table, Target
from catalog.suggestion import Draft, Source
from catalog.workspace import Workspace
from connectors.database import Database
from tests.connectors import contract
from tests.connectors.contract import CASES, Engine
from tests.connectors.targets import (
    Proved,
    all_written,
    fresh,
    plan,
    refusal,
    write,
)
from tests.servers import Run, connected
from tui.flow import scanning, writes
from tui.flow.session import Session, attach
from tui.flow.settings import locate

WIDTH = 10
"""Texts of an example: one on the table, the others on its columns."""

ON = settings(
    deadline=None,
    max_examples=CASES,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=list(HealthCheck),
)
TENS = settings(ON, max_examples=max(1, CASES // WIDTH))
FORTIES = settings(ON, max_examples=max(1, CASES // 4))

some_texts = st.lists(contract.texts, min_size=WIDTH, max_size=WIDTH)
texts_or_none = st.lists(
    st.one_of(contract.texts, st.none()), min_size=WIDTH, max_size=WIDTH
)
DUMPS = {
    "postgresql": "SELECT relname, attname, atttypid, description FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = relnamespace AND nspname = 'public' "
    "LEFT JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 "
    "LEFT JOIN pg_description ON classoid = 'pg_class'::regclass "
    "AND objoid = c.oid AND objsubid IN (0, attnum) ORDER BY 1, 2, 3, 4",
    "mariadb": "SELECT table_name, table_comment, column_name, column_comment, extra, "
    "column_type, column_default FROM information_schema.tables "
    "JOIN information_schema.columns USING (table_schema, table_name) "
    "WHERE table_schema = database() ORDER BY 1, 3",
    "duckdb": "SELECT sql, table_name, t.comment, column_name, c.comment "
    "FROM duckdb_tables() t JOIN duckdb_columns() c USING (table_name) ORDER BY ALL",
}


@pytest.fixture
def engine(proved: Proved) -> Iterator[Engine]:
    """The database behind the face of the contract, on connections that are kept."""
    with ExitStack() as stack:
        database = stack.enter_context(proved.open())
        if proved.name == "duckdb":
            stack.enter_context(database.hold())
            run = _within(database)
        else:
            run = stack.enter_context(connected(proved.url))

        def create(name: str, columns: Sequence[str]) -> None:
            types = ", ".join(f"{proved.quote(column)} integer" for column in columns)
            run(f"CREATE TABLE {proved.quote(name)} ({types})")

        def dump() -> str:
            return repr(run(DUMPS[proved.name]))

        yield Engine(proved.schema, lambda: database, run, dump, create)


def _within(database: Database) -> Run:
    """Runs statements in the file that Columnist holds."""

    def run(*statements: str) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        with database._source.session(write=True) as session:
            for statement in statements:
                rows = [tuple(row) for row in session.rows(statement)]
        return rows

    return run


def test_any_text_is_set_replaced_cleared_and_brought_back(
    engine: Engine, proved: Proved
) -> None:
    engine.create("victim", ["x"])
    engine.create("t", [f"c{number}" for number in range(WIDTH - 1)])
    before = engine.dump()
    database = engine.open()
    kept = refused = 0

    @FORTIES
    @given(first=some_texts, second=texts_or_none)
    def check(first: list[str], second: list[str | None]) -> None:
        nonlocal kept, refused
        table = fresh(database, engine.id("t"))
        rounds: list[Sequence[str | None]] = [first, second, [None] * WIDTH]
        if not CASES // 2:
            rounds = rounds[:1]
        found = contract.texts_replace_each_other(database, table, rounds)
        kept, refused = kept + found[0], refused + found[1]

    check()
    print(f"{proved.name}: {kept} texts kept, {refused} refused beforehand, 0 lost")
    assert kept >= CASES
    assert refused
    assert engine.dump() == before


def test_texts_as_long_as_the_limit_are_kept_and_longer_ones_refused(
    proved: Proved,
) -> None:
    proved.run("CREATE TABLE t (a integer)")
    database = proved.open()
    with database.hold():
        for is_table in (True, False):
            limit = database.limit(is_table)
            for piece in ("x", "'", "\\", "%", "\n", "ä", "中", '"', "\r\n"):
                for size in (limit or 70_000, (limit or 70_000) + 1):
                    table = fresh(database, proved.id("t"))
                    target: Target = table.id if is_table else table.columns[0].id
                    text = (piece * size)[:size].replace("\r", "\r\n")[:size]
                    change = CommentChange(target, table.comment_of(target), text)
                    [result] = write(database, table, [change])
                    fits = limit is None or size <= limit
                    fits = fits and not text.endswith("\r")
                    assert (result.outcome is Outcome.WRITTEN) == fits, result.reason
                    assert (refusal(database, table, change) is None) == fits
                    if fits:
                        assert result.read_back == text


def test_any_text_is_applied_and_reverted(proved: Proved, tmp_path: Path) -> None:
    """By the steward's way: drafted, accepted, applied, taken back."""
    columns = ", ".join(f"c{number} integer" for number in range(WIDTH - 1))
    proved.run(f"CREATE TABLE t ({columns})")
    database = proved.open()
    kept = examples = 0

    @TENS
    @given(first=texts_or_none, second=some_texts)
    def check(first: list[str | None], second: list[str]) -> None:
        nonlocal kept, examples
        examples += 1
        put(database, fresh(database, proved.id("t")), first)
        before = fresh(database, proved.id("t"))
        with Workspace(tmp_path / f"{examples}.db") as workspace:
            kept += apply_and_revert(
                attach(locate(), workspace, database), before, second
            )

    check()
    database.close()
    print(f"{proved.name}: {kept} texts applied and reverted")
    assert kept >= CASES // 4


def test_an_old_comment_with_control_characters_is_brought_back(
    proved: Proved, tmp_path: Path
) -> None:
    """They were replaced by `apply` and then refused by `revert`."""
    odd = [chr(code) for code in (*range(1, 32), 127)]
    columns = ", ".join(f"c{number} integer" for number in range(len(odd)))
    proved.run(f"CREATE TABLE t ({columns})")
    with proved.open() as database, Workspace(tmp_path / "odd.db") as workspace:
        literals = [database.dialect.literal(f"a{char}b") for char in odd]
        if proved.name == "mariadb":
            clauses = [
                f"MODIFY c{n} integer COMMENT {x}" for n, x in enumerate(literals)
            ]
            proved.run(f"ALTER TABLE t {', '.join(clauses)}, COMMENT = {literals[0]}")
        else:
            proved.run(f"COMMENT ON TABLE t IS {literals[0]}")
            for number, literal in enumerate(literals):
                proved.run(f"COMMENT ON COLUMN t.c{number} IS {literal}")
        before = fresh(database, proved.id("t"))
        assert [column.comment for column in before.columns] == [f"a{x}b" for x in odd]
        session = attach(locate(), workspace, database)
        texts = ["new"] * (len(odd) + 1)
        assert apply_and_revert(session, before, texts) == len(texts)


def put(database: Database, table: Table, texts: Sequence[str | None]) -> None:
    """Comments that are there before; those that are refused stay away."""
    changes = [
        CommentChange(target, table.comment_of(target), text)
        for target, text in zip(table.targets(), texts, strict=True)
    ]
    fine = plan(database, table, changes).changes
    assert not fine or all_written(write(database, table, fine))


def apply_and_revert(session: Session, before: Table, texts: Sequence[str]) -> int:
    """Texts accepted, applied and taken back; how many were kept exactly."""
    database = session.database
    assert before in list(scanning.scan(session))
    session.suggestions.put(
        (Draft(target, text, Source.IMPORTED, 1.0), before.comment_of(target))
        for target, text in zip(before.targets(), texts, strict=True)
        # Half a surrogate pair has no place in the workspace's file.
        if text.encode(errors="ignore").decode() == text
    )
    session.suggestions.accept(session.suggestions.all())
    staged = {change.target: change for change in session.suggestions.staged()}
    results = {result.change: result for result in writes.apply(session)}
    assert set(results) == set(staged.values())
    after = fresh(database, before.id)
    fine = 0
    for target in before.targets():
        change = staged.get(target)
        expected = before.comment_of(target)
        if change is not None and refusal(database, before, change) is None:
            assert results[change].outcome is Outcome.WRITTEN, results[change]
            expected = change.text
            fine += 1
        elif change is not None:
            assert results[change].outcome is Outcome.REFUSED, results[change]
        assert after.comment_of(target) == expected
    if fine:
        back = list(writes.revert(session))
        assert all_written(back)
        assert len(back) == fine
    assert fresh(database, before.id) == before
    assert not session.ledger.open_intents()
    return fine


def clipped(proved: Proved, name: str) -> str:
    """PostgreSQL shortens a name to 63 bytes and says so in a notice only."""
    if proved.name != "postgresql":
        return name
    return name.encode()[:63].decode(errors="ignore")


def test_any_name_that_is_accepted_is_written_and_reverted(
    engine: Engine, proved: Proved
) -> None:
    accepted = 0
    database = engine.open()

    @ON
    @given(name=contract.identifiers, column=contract.identifiers)
    def check(name: str, column: str) -> None:
        nonlocal accepted
        try:
            engine.create(name, [column])
        except Exception:  # not a name here
            reject()
        try:
            table_id = engine.id(clipped(proved, name))
            [only] = fresh(database, table_id).columns
            assert only.name == clipped(proved, column)
            contract.names_come_back(engine, [table_id])
            accepted += 1
        finally:
            engine.run(f"DROP TABLE {proved.quote(name)}")

    check()
    print(f"{proved.name}: {accepted} of {CASES} names accepted, written and reverted")
    assert accepted >= CASES // 2
