"""The write screen's list, and what becomes of it where something is not written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import exc
from textual.pilot import Pilot

from catalog.change import CommentChange
from catalog.objects import ColumnId, TableId, column_of
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import open_database
from connectors.run import Part, Run, Statement
from tests.conftest import comments
from tests.connectors.test_duckdb import held
from tests.servers import connected, execute, run_postgresql
from tests.tui.test_hostile_text import ESCAPES, unseen
from tests.tui.test_pilot import (  # noqa: F401  # fixtures
    ORDERS,
    drafted,
    opened,
    settled,
    store,
    until,
)
from tests.tui.test_write import CUSTOMERS, drawn, said, staged, writing
from tui.app.app import ColumnistApp
from tui.app.screens import write
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import APART_SECONDS, READ_SECONDS, ConfirmModal
from tui.app.screens.sql import SqlModal
from tui.app.screens.write import WriteScreen
from tui.app.screens.write_rows import (
    change_of,
    own_sql,
    plan_rows,
    row_sql,
    without_it,
)
from tui.flow import scanning
from tui.flow.plan import plan_writes
from tui.flow.session import attach
from tui.flow.settings import Settings

__all__ = ["staged"]  # a fixture


def listed(screen: WriteScreen) -> list[str]:
    """What the rows are about, in their order."""
    return [str(change_of(row).target) for row in screen._rows.items]


def signs(screen: WriteScreen) -> list[str]:
    """What became of each."""
    rows = screen._rows.items
    return [drawn(screen._as_ended(row))[:12].strip() for row in rows]


def texts(screen: WriteScreen) -> dict[str, str]:
    """The same, by what it became of."""
    return dict(zip(listed(screen), signs(screen), strict=True))


async def by_enter(app: ColumnistApp, pilot: Pilot[None]) -> ConfirmModal:
    """Enter, and enter once more on what it asks."""
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
    modal = app.screen
    assert isinstance(modal, ConfirmModal)
    await pilot.pause()
    await asyncio.sleep(READ_SECONDS + APART_SECONDS)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, WriteScreen))
    return modal


async def over(pilot: Pilot[None], screen: WriteScreen) -> str:
    """How the run ended, as the first line says."""
    await until(pilot, lambda: not screen.runs("write") and not screen.runs("plan"))
    await pilot.pause(0.2)
    return said(screen, "#head")


async def in_vain(
    app: ColumnistApp,
    pilot: Pilot[None],
    screen: WriteScreen,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Write while another program holds the file; how it ended."""
    with held(shop, "r"):
        assert app.session is not None
        monkeypatch.setattr(app.session.database._source, "_timeout", 0.5)
        await by_enter(app, pilot)
        return await over(pilot, screen)


async def test_the_order_is_that_of_the_tables_whatever_was_decided_first(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    wanted = [*drafted.of_table(CUSTOMERS).values(), *drafted.of_table(ORDERS).values()]
    for each in reversed(wanted):
        drafted.accept([each])
    with duckdb.connect(str(shop), read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns()"
            " WHERE schema_name = 'sales' AND table_name IN ('customers', 'orders')"
            " ORDER BY table_name, column_index"
        ).fetchall()
    names = [
        name
        for table in ("customers", "orders")
        for name in (
            f"sales.{table}",
            *(f"sales.{of}.{column}" for of, column in columns if of == table),
        )
    ]
    written = {str(each.target) for each in wanted}
    async with writing(settings, shop) as (app, pilot, screen):
        expected = [name for name in names if name in written]
        assert listed(screen) == expected
        assert screen._plan is not None
        assert [str(c.target) for c in screen._plan.changes] == expected
        await by_enter(app, pilot)
        await over(pilot, screen)
        assert listed(screen) == expected
        assert set(signs(screen)) == {"● written"}


async def test_the_old_text_stands_beside_the_new_one(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    with duckdb.connect(str(shop)) as connection:
        connection.execute("COMMENT ON TABLE sales.orders IS 'Every order taken.'")
    drafted.write_own(ORDERS, "Every order received.", previous="Every order taken.")
    async with writing(settings, shop) as (_, __, screen):
        [row] = screen._rows.items
        lines = drawn(row).split("\n")
        assert "Every order taken." in lines[0]
        assert "Every order received." in lines[1]
        cells = [cell for line in screen._drawn(row, 110) for cell in line]
        assert {c.role for c in cells if "taken" in c.text} == {"gone"}
        details = "\n".join(
            strip.text
            for strip in screen.query_one("#details").render_lines(
                screen.query_one("#details").size.region
            )
        )
        assert "now: Every order taken." in details
        assert "new: Every order received." in details
        assert 'COMMENT ON TABLE "sales"."orders"' in details


def test_a_comment_of_a_statement_with_many_is_a_row_and_can_be_left_out() -> None:
    table = TableId("s", "t")
    parts = [
        Part(CommentChange(ColumnId(table, name), None, name.upper()), f"MODIFY {name}")
        for name in ("a", "b")
    ]
    run = Run((Statement(tuple(parts), head="ALTER TABLE t ", tail=" !"),))
    rows = plan_rows(run, lambda _: ["a", "b"])
    assert [column_of(change_of(row).target) for row in rows] == ["a", "b"]
    assert own_sql(rows[0]) == (
        "-- in one statement with 1 other comment\nALTER TABLE t MODIFY a !"
    )
    left = run.without({change_of(rows[0])})
    assert [each.sql for each in left.statements] == ["ALTER TABLE t MODIFY b !"]
    other = Statement((Part(CommentChange(TableId("s", "u"), None, "U"), "SQL"),))
    many = plan_rows(Run((*run.statements, other)))
    without_it(many, 0, lambda _: ["a", "b"])
    assert [row_sql(row) for row in many] == ["ALTER TABLE t MODIFY b !", "SQL"]
    refused = CommentChange(table, None, "The table.")
    mixed = plan_rows(Run(run.statements, ((refused, "no"),)), lambda _: ["a", "b"])
    assert [column_of(change_of(row).target) for row in mixed] == [None, "a", "b"]


@pytest.fixture
def long(tmp_path: Path, settings: Settings) -> Path:
    """Names of 120 characters, texts of 2,000 and more than a terminal may obey."""
    path = tmp_path / "long.duckdb"
    name = "n" * 118
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE {name}_t ({name}_a int, {name}_b int)")
        connection.execute(f"COMMENT ON TABLE {name}_t IS '{'old ' * 500}'")
    session = attach(
        settings, Workspace(settings.workspace), open_database(f"duckdb:///{path}")
    )
    [table] = scanning.scan(session)
    texts = ["word " * 400, f"[b]{ESCAPES}" * 90, "x" * 2000]
    drafts = [
        (Draft(target, text, Source.HUMAN, 1.0), table.comment_of(target))
        for target, text in zip(table.targets(), texts, strict=True)
    ]
    session.suggestions.put(drafts)
    session.suggestions.accept(session.suggestions.all())
    session.close()
    return path


async def test_long_names_and_texts_leave_the_counts_on_the_screen(
    settings: Settings, long: Path
) -> None:
    app = ColumnistApp(settings, f"duckdb:///{long}")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        screen = app.screen
        assert isinstance(screen, WriteScreen)
        assert screen._plan is not None
        executed = [each.sql for each in screen._plan.statements]

        def look() -> list[str]:
            strips = app.screen._compositor.render_strips()
            lines = [strip.text for strip in strips]
            assert not unseen("".join(lines))
            return lines

        for _ in range(3):
            lines = look()
            assert "2 comments in 2 statements · 1 would be refused" in lines[0]
            assert "…" in "".join(lines)
            assert "Write" in lines[-1]
            await pilot.press("j")
            await pilot.pause()
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, SqlModal))
        await pilot.pause()
        look()
        await pilot.press("end", "pagedown")
        look()
        await pilot.press("y")
        assert app._clipboard == "".join(f"{sql};\n" for sql in executed)
        await pilot.press("v")
        assert app.screen is screen
        app.close_session()


async def test_what_met_a_conflict_stays_and_the_rest_is_not_written_twice(
    settings: Settings,
    shop: Path,
    staged: Suggestions,
) -> None:
    number = len(staged.of_table(ORDERS))
    async with writing(settings, shop) as (app, pilot, screen):
        with duckdb.connect(str(shop)) as connection:
            connection.execute("COMMENT ON TABLE sales.orders IS 'Theirs.'")
        await by_enter(app, pilot)
        head = await over(pilot, screen)
        assert f"{number - 1} written, 1 in conflict" in head
        assert "tries" not in head
        before = comments(shop)
        await pilot.press("f")
        assert listed(screen) == ["sales.orders"]
        assert "there now: Theirs." in drawn(screen._rows.items[0], 110) or (
            "there now: Theirs." in drawn(screen._as_ended(screen._rows.items[0]))
        )
        await pilot.press("enter")
        await settled(app, pilot)
        assert app.screen is screen  # what somebody else wrote is not replaced here
        assert listed(screen) == ["sales.orders"]
    assert comments(shop) == before
    assert before["sales", "orders", None] == "Theirs."


async def test_a_file_that_was_held_is_written_by_enter_once_it_is_free(
    settings: Settings,
    shop: Path,
    staged: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = comments(shop)
    number = len(staged.of_table(ORDERS))
    async with writing(settings, shop) as (app, pilot, screen):
        wanted = listed(screen)
        head = await in_vain(app, pilot, screen, shop, monkeypatch)
        assert f"0 written, {number} not tried — enter tries the others" in head
        assert "is held by" in said(screen, "#facts")
        assert listed(screen) == wanted
        modal = await by_enter(app, pilot)
        assert modal._question == f"Write {number} comments once more?"
        assert (await over(pilot, screen)).startswith(f" Write — {number} written — ")
        assert listed(screen) == wanted
        await pilot.press("enter")
        assert app.screen is screen
    assert len(comments(shop)) == len(before) + number
    assert {s.state for s in staged.of_table(ORDERS).values()} == {State.WRITTEN}


async def test_what_is_asked_late_waits_for_the_question_that_is_read(
    settings: Settings,
    shop: Path,
    staged: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = comments(shop)
    planned = threading.Event()

    def late(*arguments: Any, **options: Any) -> Run:
        planned.wait(30)
        return plan_writes(*arguments, **options)

    async with writing(settings, shop) as (app, pilot, screen):
        await in_vain(app, pilot, screen, shop, monkeypatch)
        monkeypatch.setattr(write, "plan_writes", late)
        await pilot.press("enter", "ctrl+c")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        planned.set()
        await over(pilot, screen)
        leave = app.screen
        assert isinstance(leave, ConfirmModal)
        assert leave._question == "Quit Columnist?"
        await pilot.press("n")
        await until(pilot, lambda: app.screen not in (leave, screen))
        again = app.screen
        assert isinstance(again, ConfirmModal)
        assert again._question.endswith("comments once more?")
        await pilot.press("n")
        await pilot.pause()
        assert app.screen is screen
    assert comments(shop) == before


@asynccontextmanager
async def at_server(
    settings: Settings, url: str
) -> AsyncIterator[tuple[ColumnistApp, Pilot[None], WriteScreen]]:
    app = ColumnistApp(settings, url)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        assert isinstance(app.screen, WriteScreen)
        yield app, pilot, app.screen
        app.close_session()


@pytest.mark.live
async def test_a_server_that_was_gone_is_written_to_by_enter_once_it_is_back(
    settings: Settings,
) -> None:
    """Some is written before, all afterwards, and each text once."""
    with run_postgresql() as server:
        assert server.process
        tables = 60
        url = server.url
        execute(url, *(f"CREATE TABLE t{n:02} (a int, b int)" for n in range(tables)))
        session = attach(settings, Workspace(settings.workspace), open_database(url))
        for table in scanning.scan(session):
            session.suggestions.put(
                (Draft(t, f"About {t}.", Source.HUMAN, 1.0), None)
                for t in table.targets()
            )
        session.suggestions.accept(session.suggestions.all())
        session.close()
        async with at_server(settings, url) as (app, pilot, screen):
            wanted = listed(screen)
            assert len(wanted) == 3 * tables
            with suppress(exc.DBAPIError), connected(url) as run:
                run("BEGIN", "LOCK TABLE t30 IN ACCESS EXCLUSIVE MODE")
                await by_enter(app, pilot)
                await until(pilot, lambda: screen.runs("write"))
                await pilot.pause(0.5)  # it waits for the table, amid the run
                server.process.kill()
                head = await over(pilot, screen)
            assert "not tried — " in head
            assert "connection" in said(screen, "#facts")
            assert "\n" not in said(screen, "#facts")
            assert listed(screen) == wanted
            left = [name for name in wanted if texts(screen)[name] != "● written"]
            assert left
            server.process.start()
            modal = await by_enter(app, pilot)
            again = await over(pilot, screen)
            told = modal._question.split()[1]
            assert again.startswith(f" Write — {told} written — ")
            assert set(signs(screen)) == {"● written"}
            assert set(listed(screen)) <= set(left)
        with open_database(url) as database:
            there = [
                (str(target), table.comment_of(target))
                for table in database.scan()
                for target in table.targets()
            ]
        assert there == [(name, f"About {name}.") for name in wanted]
