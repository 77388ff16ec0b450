"""The write screen: what a run costs, refusals, scripts, stopping, taking back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from textual.pilot import Pilot
from textual.widgets import Label, Static

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.objects import ColumnId, TableId, table_of
from catalog.stopping import Stop
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import Suggestions
from connectors.dialects.duckdb import DuckDB
from connectors.run import Part, Run, Statement
from tests.conftest import comments
from tests.servers import execute
from tests.tui.test_pilot import (  # noqa: F401  # fixtures
    ORDERS,
    drafted,
    opened,
    settled,
    store,
    until,
)
from tests.tui.test_ways_out import session_at
from tui.app.app import ColumnistApp
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.write import WriteScreen
from tui.app.screens.write_rows import Pace, Planned, Row, row_lines, row_sql
from tui.flow import scanning, writes
from tui.flow.plan import plan_writes
from tui.flow.session import Session, open_session
from tui.flow.settings import Settings

CUSTOMERS = TableId("sales", "customers")


@pytest.fixture
def staged(drafted: Suggestions) -> Suggestions:  # noqa: F811
    """Everything of orders accepted."""
    drafted.accept(list(drafted.of_table(ORDERS).values()))
    return drafted


@asynccontextmanager
async def writing(
    settings: Settings, shop: Path
) -> AsyncIterator[tuple[ColumnistApp, Pilot[None], WriteScreen]]:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        assert isinstance(app.screen, WriteScreen)
        yield app, pilot, app.screen


def said(screen: WriteScreen, where: str) -> str:
    kind = Label if where == "#head" else Static
    return str(screen.query_one(where, kind).render())


def drawn(row: Row, width: int = 110) -> str:
    """What a row shows."""
    lines = row_lines(row, width)
    return "\n".join("".join(cell.text for cell in line) for line in lines)


async def answer(app: ColumnistApp, pilot: Pilot[None], key: str) -> ConfirmModal:
    await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
    modal = app.screen
    assert isinstance(modal, ConfirmModal)
    await pilot.press(key)
    await settled(app, pilot)
    return modal


async def test_what_a_run_locks_and_why_some_is_refused_is_said_before(
    settings: Settings,
    shop: Path,
    staged: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    staged.accept(list(staged.of_table(CUSTOMERS).values()))

    def denied(
        dialect: DuckDB, source: object, tables: Sequence[TableId]
    ) -> Mapping[TableId, str]:
        return {each: "no [b]right[/b]" for each in tables if each == CUSTOMERS}

    monkeypatch.setattr(DuckDB, "denied", denied)
    async with writing(settings, shop) as (_, pilot, screen):
        facts = said(screen, "#facts")
        assert "locks the file, for other processes, until the run ends" in facts
        number = len(staged.of_table(CUSTOMERS))
        assert f"⊘ Refused: {number} because no [b]right[/b]." in facts
        assert f"{number} would be refused" in said(screen, "#head")
        before = len(screen._plan.statements) if screen._plan else 0
        await pilot.press("end", "d")  # the tables in their order: this is of orders
        assert screen._plan is not None
        assert len(screen._plan.statements) == before - 1


def test_a_plan_asks_for_rights_once(
    settings: Settings,
    shop: Path,
    staged: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def denied(
        dialect: DuckDB, source: object, tables: Sequence[TableId]
    ) -> Mapping[TableId, str]:
        asked.append(len(tables))
        return {ORDERS: "not yours"}

    staged.accept(list(staged.of_table(CUSTOMERS).values()))
    monkeypatch.setattr(DuckDB, "denied", denied)
    session = open_session(settings, f"duckdb:///{shop}")
    planned = plan_writes(session, staged.staged())
    session.close()
    assert asked == [2]
    assert planned.reasons() == [("not yours", len(staged.of_table(ORDERS)))]
    made = {table_of(c.target) for s in planned.statements for c in s.changes}
    assert made == {CUSTOMERS}


def test_a_statement_that_costs_more_stands_out() -> None:
    change = CommentChange(ORDERS, None, "x")
    statement = Statement((Part(change, "ALTER"),), note="copies the table")
    row = Planned(statement, 0)
    assert drawn(row).startswith("! costly")
    assert "copies the table" in drawn(row)
    assert row_sql(row) == "-- copies the table\nALTER"


async def test_statements_are_saved_as_a_script_and_never_over_another(
    settings: Settings,
    shop: Path,
    staged: Suggestions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    monkeypatch.chdir(folder)
    before = comments(shop)
    today = f"columnist-{datetime.now():%Y-%m-%d}"
    (folder / f"{today}.sql").write_text("mine")
    async with writing(settings, shop) as (app, pilot, screen):
        await pilot.press("S")
        await settled(app, pilot)
        await pilot.press("S")
        await settled(app, pilot)
        assert screen._plan is not None
        statements = [each.sql for each in screen._plan.statements]
        notes = [note.message for note in app._notifications]
        assert any(f"{today}-2.sql" in note for note in notes)
    assert comments(shop) == before
    assert (folder / f"{today}.sql").read_text() == "mine"
    assert (folder / f"{today}-3.sql").exists()
    script = (folder / f"{today}-2.sql").read_text()
    assert script.startswith(f"-- {len(statements)} comments in")
    assert str(shop) in script
    for sql in statements:
        assert f"{sql};\n" in script
    connection = duckdb.connect(str(shop))
    connection.execute(script)
    connection.close()
    assert len(comments(shop)) == len(before) + len(statements)


async def test_a_script_that_cannot_be_saved_is_two_lines(
    settings: Settings,
    shop: Path,
    staged: Suggestions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    async with writing(settings, shop) as (app, pilot, _):
        folder.rmdir()
        await pilot.press("S")
        await settled(app, pilot)
        [note] = [n for n in app._notifications if n.severity == "error"]
        assert len(note.message.split("\n")) <= 2


@pytest.mark.live
def test_what_is_written_is_what_was_shown(
    mariadb_url: str, settings: Settings
) -> None:
    """A definition altered after the preview was restated as nobody had seen it."""
    execute(mariadb_url, "CREATE TABLE t (a int, b int)")
    with session_at(mariadb_url, settings) as session:
        [table] = scanning.scan(session)
        session.suggestions.put(
            (Draft(target, "Ours.", Source.HUMAN, 1.0), None)
            for target in table.targets()
        )
        session.suggestions.accept(session.suggestions.all())
        planned = plan_writes(session, session.suggestions.staged())
        assert planned.statements[0].sql.startswith("ALTER TABLE")
        execute(mariadb_url, "ALTER TABLE t MODIFY a varchar(9) NOT NULL DEFAULT 'x'")
        results = list(writes.apply(session, [planned]))
        a = ColumnId(table.id, "a")
        assert {r.change.target: r.outcome for r in results} == {
            target: Outcome.CONFLICT if target == a else Outcome.WRITTEN
            for target in table.targets()
        }
        [left] = session.suggestions.all(states=[State.CONFLICT])
        assert left.target == a
        assert "int(11) DEFAULT NULL is now varchar(9) NOT NULL" in (left.reason or "")
        now = session.database.read(table.id)
        assert now is not None
        assert (now.columns[0].default, now.columns[0].comment) == ("'x'", None)
        # Looked at again, it is written with the definition as it is.
        session.suggestions.accept([left])
        planned = plan_writes(session, session.suggestions.staged())
        assert "varchar(9) NOT NULL DEFAULT 'x'" in planned.statements[0].sql
        [result] = writes.apply(session, [planned])
        assert result.outcome is Outcome.WRITTEN


def results_of(
    outcomes: Sequence[Outcome],
) -> Callable[..., Iterator[WriteResult]]:
    def apply(
        session: Session,
        runs: Sequence[Run],
        *,
        on_run: Callable[[int], None],
        stop: Stop,
    ) -> Iterator[WriteResult]:
        [run] = runs
        changes = run.changes
        on_run(1)
        for change, outcome in zip(changes, outcomes, strict=False):
            reason = None if outcome is Outcome.WRITTEN else "because"
            yield WriteResult(
                change, outcome, "SQL", reason, "theirs", datetime.now(UTC)
            )
        while not stop():
            time.sleep(0.01)

    return apply


async def test_a_run_tells_how_far_it_is_and_stops(
    settings: Settings,
    shop: Path,
    staged: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = [Outcome.WRITTEN, Outcome.CONFLICT, Outcome.WRITTEN]
    monkeypatch.setattr(writes, "apply", results_of(outcomes))
    number = len(staged.of_table(ORDERS))
    async with writing(settings, shop) as (app, pilot, screen):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await until(pilot, lambda: f"1 of {number}" in said(screen, "#head"))
        assert "s stops" in said(screen, "#head")
        await pilot.press("q")
        assert app.screen is screen  # not while it writes
        await pilot.press("s")
        await settled(app, pilot)
        head = said(screen, "#head")
        assert f"2 written, 1 in conflict, {number - 3} not tried" in head
        assert len(screen._rows.items) == number
        await pilot.press("f")
        rows = [screen._as_ended(row) for row in screen._rows.items]
        assert len(rows) == number - 2
        assert drawn(rows[0]).startswith("! conflict")
        assert "because; there now: theirs" in drawn(rows[0])
        assert row_sql(rows[0]) == "-- because\n-- there now: theirs\nSQL"
        assert {drawn(row)[:10] for row in rows[1:]} == {"✓ accepted"}
        await pilot.press("f")
        assert len(screen._rows.items) == number


async def test_the_last_run_can_be_taken_back_after_a_restart(
    settings: Settings, shop: Path, session: Session, staged: Suggestions
) -> None:
    before = comments(shop)
    session.close()
    async with writing(settings, shop) as (app, pilot, screen):
        await pilot.press("enter")
        await answer(app, pilot, "y")
        assert "b takes it back" in said(screen, "#head")
    written = len(comments(shop)) - len(before)
    async with writing(settings, shop) as (app, pilot, screen):
        assert f"b takes back run 1: {written} comments, 20" in said(screen, "#empty")
        await pilot.press("b")
        modal = await answer(app, pilot, "y")
        assert modal._question == f"Restore {written} comments of run 1?"
        assert f"{datetime.now():%Y-%m-%d}" in modal._details[0]
        assert f"{written} restored" in said(screen, "#head")
        await pilot.press("b")
        await settled(app, pilot)
        assert any("no run" in note.message for note in app._notifications)
        await pilot.press("enter")  # what was listed before is not written now
        await settled(app, pilot)
        assert app.screen is screen
    assert comments(shop) == before
    states = {each.state for each in staged.of_table(ORDERS).values()}
    assert states == {State.PENDING}


def test_the_pace_is_told_once_it_means_something() -> None:
    now = [100.0]
    pace = Pace(1000, lambda: now[0])
    assert pace.told(0) == "0 of 1,000"
    now[0] = 100.5
    assert pace.told(10) == "10 of 1,000"
    now[0] = 110.0
    assert pace.told(200) == "200 of 1,000 · 20 a second · 40 s left"
    now[0] = 200.0
    assert pace.told(50) == "50 of 1,000 · 0.5 a second · 32 min left"
