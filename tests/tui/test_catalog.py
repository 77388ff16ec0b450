"""The flow of a hand in the catalog: its cursor, what `d` means, what others do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from textual.pilot import Pilot
from textual.widgets import Label

from catalog.objects import TableId
from catalog.places import Place, leave
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from tests.tui.test_pilot import (  # noqa: F401  # fixtures
    ORDERS,
    STATUS,
    drafted,
    opened,
    settled,
    store,
    until,
)
from tui.app.app import ColumnistApp
from tui.app.screens import draft_question
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.review import ReviewScreen
from tui.app.widgets.row_list import RowList
from tui.flow import draft_plan, scanning, writes
from tui.flow.session import Session, open_session
from tui.flow.settings import Settings

CUSTOMERS = TableId("sales", "customers")
ZZ9 = TableId("legacy", "zz9")


@pytest.fixture
def by_rules(settings: Settings, tmp_path: Path) -> Settings:
    """Without a model, so that drafting takes no time."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\xff" * 99)
    return replace(settings, model=str(broken))


def tables(app: ColumnistApp) -> RowList[object]:
    return app.screen.query_one("#tables", RowList)


def names(app: ColumnistApp) -> list[str]:
    rows = tables(app)
    return [rows.cells(index)[0].text for index in range(len(rows.found))]


def here(app: ColumnistApp) -> str:
    return names(app)[tables(app).cursor]


def row(app: ColumnistApp, table: TableId) -> list[str]:
    rows = tables(app)
    return [cell.text for cell in rows.cells(names(app).index(str(table)))]


async def go_to(app: ColumnistApp, pilot: Pilot[None], table: TableId) -> None:
    await pilot.press("g", *"j" * names(app).index(str(table)))
    assert here(app) == str(table)


async def back(app: ColumnistApp, pilot: Pilot[None]) -> None:
    await pilot.press("q")
    await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
    await settled(app, pilot)


# The cursor


async def test_the_catalog_stands_on_the_table_last_seen_in_the_review(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await go_to(app, pilot, CUSTOMERS)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await settled(app, pilot)
        await back(app, pilot)
        listed = names(app)
        assert here(app) == listed[listed.index(str(CUSTOMERS)) + 2]


async def test_where_the_filter_hides_the_table_last_seen_it_is_the_next(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("f", "j", "space", "f")  # to decide
        await settled(app, pilot)
        listed = names(app)
        assert len(listed) == 5
        await go_to(app, pilot, CUSTOMERS)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        drafted.accept(drafted.of_table(CUSTOMERS).values())
        await back(app, pilot)
        after = listed[listed.index(str(CUSTOMERS)) + 1]
        await until(pilot, lambda: len(names(app)) == 4)
        assert here(app) == after


async def test_the_cursor_stays_on_its_table(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await go_to(app, pilot, CUSTOMERS)
        for _ in range(6):
            await pilot.press("o")
            await settled(app, pilot)
            assert here(app) == str(CUSTOMERS)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("y")
        await settled(app, pilot)
        assert here(app) == str(CUSTOMERS)
        await pilot.press("u")
        await settled(app, pilot)
        assert here(app) == str(CUSTOMERS)
        assert row(app, CUSTOMERS)[-2] == "5 ○"
        await pilot.press("U")
        await settled(app, pilot)
        assert here(app) == str(CUSTOMERS)
        assert row(app, CUSTOMERS)[-1] == "5 ✓"


async def test_a_rescan_leaves_the_cursor_on_its_table_and_its_schema(
    by_rules: Settings, shop: Path
) -> None:
    async with opened(by_rules, shop) as (app, pilot):
        await pilot.press("tab", "j", "j", "tab")
        assert app.screen.query_one("#schemas", RowList).cursor == 2
        await go_to(app, pilot, ORDERS)
        with duckdb.connect(str(shop)) as connection:
            for sql in (
                "CREATE SCHEMA archive",
                "CREATE TABLE archive.a (x INTEGER)",
                "CREATE TABLE sales.a (x INTEGER)",
                "CREATE TABLE sales.b (x INTEGER)",
            ):
                connection.execute(sql)
        await pilot.press("r")
        await settled(app, pilot)
        assert len(names(app)) == 6
        assert here(app) == str(ORDERS)
        assert app.screen.query_one("#schemas", RowList).cursor == 3


async def test_a_schema_chosen_begins_where_something_is_to_be_decided(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    drafted.accept(drafted.of_table(CUSTOMERS).values())
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("tab", "G", "enter")
        assert here(app) == 'sales.odd "table".%'
        drafted.reject(s for s in drafted.all() if s.target != STATUS)
        await settled(app, pilot)
        await until(pilot, lambda: row(app, CUSTOMERS)[-1] == "")
        await pilot.press("tab", "enter")
        assert here(app) == str(ORDERS)
        drafted.reject(drafted.all())
        await until(pilot, lambda: row(app, ORDERS)[-2] == "")
        await pilot.press("j", "tab", "enter")
        assert here(app) == str(CUSTOMERS)  # all lack something, and nothing waits


async def test_moving_over_the_schemas_keeps_the_place_in_each(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("tab", "G", "tab")
        await go_to(app, pilot, ORDERS)
        await pilot.press("tab", "k")
        assert names(app) == [str(ZZ9)]
        await pilot.press("j")
        assert here(app) == str(ORDERS)
        await pilot.press("g")
        assert len(names(app)) == 5
        await pilot.press("G", "tab")
        assert here(app) == str(ORDERS)


async def test_what_is_typed_puts_the_cursor_on_what_fits_best(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await go_to(app, pilot, CUSTOMERS)
        await pilot.press("slash", *"orders", "enter")
        assert len(names(app)) > 1
        assert here(app) == names(app)[0]
        await pilot.press("j", "slash", "ctrl+u", *"s.o", "enter")
        assert here(app) == str(ORDERS)  # it fits too


# Drafting


async def test_d_drafts_the_table_under_the_cursor_and_no_other(
    by_rules: Settings,
    shop: Path,
    store: Suggestions,  # noqa: F811
) -> None:
    async with opened(by_rules, shop) as (app, pilot):
        await go_to(app, pilot, ORDERS)
        await pilot.press("d")
        await settled(app, pilot)
        assert isinstance(app.screen, CatalogScreen)
        assert set(store.places()) == {ORDERS}
        assert len(store.all()) == 6
        await until(pilot, lambda: row(app, ORDERS)[-2] == "6 ○")
        await pilot.press("d")
        told = [note.message for note in app._notifications]
        assert (
            "Nothing to draft: all of sales.orders is described, drafted or decided on."
            in told
        )
    assert len(store.all()) == 6


async def test_d_on_a_schema_and_on_all_of_them_asks_with_the_counts(
    by_rules: Settings,
    shop: Path,
    store: Suggestions,  # noqa: F811
) -> None:
    async with opened(by_rules, shop) as (app, pilot):
        await pilot.press("tab", "G", "d")
        question = app.screen
        assert isinstance(question, ConfirmModal)
        assert question._question == "Draft all of sales?"
        assert question._details == [
            "In 4 tables: 4 table descriptions and 13 columns.",
            "The drafts are yours to decide; nothing is written.",
        ]
        await pilot.press("enter")
        assert app.screen is question  # d asked, so y answers
        await pilot.press("n")
        assert store.all() == []
        await pilot.press("d", "y")
        await settled(app, pilot)
        assert len(store.all()) == 17
        assert ZZ9 not in store.places()
        await pilot.press("g", "d")
        every = app.screen
        assert isinstance(every, ConfirmModal)
        assert every._question == "Draft all schemas?"
        assert every._details[0] == "In 1 table: 1 table description and 2 columns."
        await pilot.press("y")
        await settled(app, pilot)
        assert len(store.all()) == 20
        await pilot.press("d")
        told = [note.message for note in app._notifications]
        assert any(note.startswith("Nothing to draft: all schemas") for note in told)


async def test_D_drafts_all_that_is_listed_after_a_question(
    by_rules: Settings,
    shop: Path,
    store: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(by_rules, shop) as (app, pilot):
        await pilot.press("slash", *"orders", "enter")
        listed = set(names(app))
        await pilot.press("D")
        question = app.screen
        assert isinstance(question, ConfirmModal)
        assert question._question == f"Draft {len(listed)} tables listed?"
        await pilot.press("y")
        await settled(app, pilot)
        assert {str(each) for each in store.places()} == listed
        monkeypatch.setattr(draft_question, "AT_ONCE", 0)  # many are counted beside
        await pilot.press("escape", "D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await settled(app, pilot)
        assert len(store.all()) == 20


async def test_the_question_tells_the_time_where_this_model_drafted_before(
    settings: Settings,
    shop: Path,
    tiny_model: Path,
    store: Suggestions,  # noqa: F811
) -> None:
    chosen = replace(settings, model=str(tiny_model))
    with open_session(chosen, f"duckdb:///{shop}") as other:
        for _ in scanning.scan(other):
            pass
        drafts = [
            Draft(t, "A.", Source.MODEL, 0.5, model="tiny") for t in (ZZ9, STATUS)
        ]
        store.put((each, None) for each in drafts)
        with other.workspace.transaction() as db:
            times = ("2026-01-01T00:00:00", "2026-01-01T00:00:02")
            for draft, at in zip(drafts, times, strict=True):
                db.execute(
                    "UPDATE suggestions SET created_at = ? WHERE name = ?",
                    (at, draft.target.table.name if draft is drafts[1] else "zz9"),  # type: ignore[union-attr]
                )
    async with opened(chosen, shop) as (app, pilot):
        await pilot.press("D")
        question = app.screen
        assert isinstance(question, ConfirmModal)
        assert "About 36 s on this machine, by its last drafts." in question._details


async def test_d_on_another_table_while_drafting_drafts_that_too(
    settings: Settings,
    shop: Path,
    tiny_model: Path,
    store: Suggestions,  # noqa: F811
) -> None:
    chosen = replace(settings, model=str(tiny_model))
    async with opened(chosen, shop) as (app, pilot):
        await go_to(app, pilot, ORDERS)
        await pilot.press("d", "g")
        await until(pilot, lambda: app.drafting is not None and app.drafting.running)
        assert here(app) == str(ZZ9)
        await pilot.press("d")
        told = [note.message for note in app._notifications]
        assert "legacy.zz9 is drafted too." in told
        await settled(app, pilot)
        await until(pilot, lambda: set(store.places()) == {ORDERS, ZZ9})
        await settled(app, pilot)
    assert len(store.all()) == 9


def test_what_is_counted_is_what_is_drafted(
    session: Session,
    drafted: Suggestions,  # noqa: F811
) -> None:
    of = drafted.of_table(ORDERS)
    drafted.accept([of[STATUS]])
    drafted.reject([of[ORDERS]])
    with open_session(session.settings, session.database.url) as again:
        with again.workspace.transaction() as db:
            db.execute("UPDATE suggestions SET state = 'stale' WHERE id % 3 = 0")
            db.execute("UPDATE suggestions SET current = 0 WHERE id % 5 = 0")
        wanted = again.snapshot._ids("", ())
        found = again.choices.to_draft(wanted)
        planned = draft_plan.plan_drafts(again)
        assert planned.targets
        assert (found.tables, len(found), found.columns) == (
            len(planned.work),
            planned.targets,
            planned.columns,
        )


# Other windows


async def test_what_another_window_drafts_decides_and_writes_is_shown(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await go_to(app, pilot, CUSTOMERS)
        with open_session(settings, f"duckdb:///{shop}") as other:
            await pilot.pause(1.5)  # that it was opened is seen
            looked: list[object] = []
            summaries = Snapshot.summaries

            def counted(self: Snapshot, *, first: int | None = None) -> object:
                looked.append(first)
                return summaries(self, first=first)

            monkeypatch.setattr(Snapshot, "summaries", counted)
            theirs = other.suggestions
            theirs.accept([theirs.of_table(ORDERS)[STATUS]])
            await until(pilot, lambda: row(app, ORDERS)[-2:] == ["5 ○", "1 ✓"])
            theirs.decisions.undo()
            await until(pilot, lambda: row(app, ORDERS)[-2:] == ["6 ○", ""])
            theirs.accept([theirs.of_table(ORDERS)[STATUS]])
            await until(pilot, lambda: row(app, ORDERS)[-2:] == ["5 ○", "1 ✓"])
            assert looked == []  # what changed was looked at, and no more
            assert row(app, ORDERS)[-3] == "0/6"
            assert [r.change.target for r in writes.apply(other)] == [STATUS]
            await until(pilot, lambda: row(app, ORDERS)[-3:] == ["1/6", "5 ○", ""])
            head = app.screen.query_one("#head", Label)
            assert "3 of 17 columns" in str(head.content)
            theirs.put([(Draft(STATUS, "Anew.", Source.RULES, 0.5), "A status.")])
            await until(pilot, lambda: row(app, ORDERS)[-2:] == ["6 ○", ""])
            with duckdb.connect(str(shop)) as connection:
                connection.execute("CREATE TABLE sales.a (x INTEGER)")
            list(scanning.scan(other, schemas=["sales"]))
            await until(pilot, lambda: "sales.a" in names(app))
            assert here(app) == str(CUSTOMERS)


async def test_what_a_command_in_another_process_decides_is_shown(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        assert app.session is not None
        code = (
            "import sys; from pathlib import Path\n"
            "from catalog.workspace import Workspace\n"
            "from catalog.suggestions import Suggestions\n"
            "from catalog.objects import TableId\n"
            "with Workspace(Path(sys.argv[1])) as workspace:\n"
            "    store = Suggestions(workspace, int(sys.argv[2]))\n"
            "    found = store.of_table(TableId('sales', 'orders'))\n"
            "    store.accept(found.values())\n"
        )
        subprocess.run(
            [
                *(sys.executable, "-c", code),
                *(settings.workspace, str(app.session.database_id)),
            ],
            check=True,
        )
        await until(pilot, lambda: row(app, ORDERS)[-2:] == ["", "6 ✓"])


async def test_a_place_that_was_left_elsewhere_moves_no_cursor(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await go_to(app, pilot, CUSTOMERS)
        assert app.session is not None
        with app.session.workspace.beside() as beside:
            leave(beside, app.session.database_id, Place(ORDERS))
        await pilot.press("f", "escape")
        await settled(app, pilot)
        assert here(app) == str(CUSTOMERS)


# Nothing, and one


async def test_nothing_to_describe_is_said_and_drawn_as_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "empty.duckdb"
    duckdb.connect(str(path)).close()
    app = ColumnistApp(settings, f"duckdb:///{path}")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        head = app.screen.query_one("#head", Label)
        await until(pilot, lambda: "nothing to describe" in str(head.content))
        assert "%" not in str(head.content)
        rows = app.screen.query_one("#schemas", RowList)
        cells = [cell.text for cell in rows.cells(0)]
        assert cells == ["all schemas", "", "-"]
        await pilot.press("d", "D", "tab", "d")
        told = [note.message for note in app._notifications]
        assert "No table is listed." in told
        app.close_session()


async def test_of_a_long_path_the_end_is_shown_and_all_counts(
    settings: Settings, shop: Path, tmp_path: Path
) -> None:
    far = tmp_path / ("寸" * 30) / "warehouse.duckdb"
    far.parent.mkdir()
    shop.rename(far)
    async with opened(settings, far, size=(80, 24)) as (app, pilot):
        told = "— 9% described: 0 of 5 tables, 2 of 17 columns"

        def head() -> str:
            return app.screen._compositor.render_strips()[0].text.strip()

        await until(pilot, lambda: head().endswith(told))
        assert head().startswith("…")
        assert "warehouse.duckdb — " in head()
        await pilot.resize_terminal(200, 60)
        await until(pilot, lambda: f"{'寸' * 30}/warehouse.duckdb {told}" in head())
