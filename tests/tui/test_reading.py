"""Reading and deciding in one list that goes on over tables, at three sizes."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest
from textual import events
from textual.pilot import Pilot

from catalog.objects import (
    Column,
    ColumnId,
    Table,
    TableId,
    TableKind,
    Target,
    make_target,
    table_of,
)
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Finding, Likelihood, Source, State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import identify, open_database
from tests.conftest import comments
from tests.tui.review import (
    details,
    drawn,
    go,
    heading,
    lines,
    names,
    place,
    signs,
    told,
)
from tests.tui.test_pilot import (
    ORDERS,
    STATUS,
    drafted,
    opened,
    settled,
    state,
    store,
    to_orders,
    until,
)
from tui.app.app import ColumnistApp
from tui.app.screens import review_rows
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.review import ReviewScreen
from tui.app.screens.review_rows import review_lines
from tui.flow import draft_plan, scanning
from tui.flow.session import attach
from tui.flow.settings import Settings

__all__ = ["drafted", "store"]  # fixtures

CASES = os.environ.get("COLUMNIST_TEST_CASES", "200")
SIZES = ((80, 24), (120, 40), (200, 60))[: 3 if int(CASES) > 200 else 1]
"""All of them by `make test-deep`, and the smallest, where most is hidden, always."""
SIZED = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
CUSTOMERS = TableId("sales", "customers")
TOTAL = make_target("sales", "orders", "total_amount")
LONG = " ".join(f"word{number}" for number in range(60)) + " end."
"""More than three lines at any width but the widest."""


async def to(
    app: ColumnistApp,
    pilot: Pilot[None],
    table: TableId,
    order: Sequence[TableId] = (),
) -> ReviewScreen:
    """Open the review at a table, with the order that the catalog has or another."""
    assert app.session is not None
    assert app.drafting is not None
    order = order or [summary.id for summary in app.session.snapshot.summaries()]
    app.push_screen(ReviewScreen(app.session, app.drafting, list(order), table))
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    await settled(app, pilot)
    assert isinstance(app.screen, ReviewScreen)
    return app.screen


def says(store: Suggestions, target: Target) -> State:
    """What the workspace holds of one."""
    return store.of_table(table_of(target))[target].state


def put(store: Suggestions, target: Target, text: str | None, **more: object) -> None:
    """Have a draft, as another program would save it."""
    options = {"source": Source.MODEL, "confidence": 0.5, **more}
    store.put([(Draft(target, text, **options), None)])  # type: ignore[arg-type]


def asked_for(app: ColumnistApp, store: Suggestions) -> list[Target]:
    """What would be accepted, as the question has it that is open."""
    assert isinstance(app.screen, AcceptModal)
    return [each.target for each in store.get(app.screen.choice.ids)]


def bar(screen: ReviewScreen) -> int:
    """The line on which the row under the cursor begins."""
    return next(y for y, line in enumerate(drawn(screen)) if line.startswith("▌"))


# Accepting, and what is next


@SIZED
async def test_accepting_goes_on_across_tables_and_says_when_nothing_is_left(
    settings: Settings, shop: Path, drafted: Suggestions, size: tuple[int, int]
) -> None:
    before = comments(shop)
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to(app, pilot, TableId("legacy", "zz9"))
        waiting = [line.target for line in lines(screen) if line.undecided]
        assert len({table_of(target) for target in waiting}) == 5
        for target in waiting:
            assert screen._target == target
            assert "▌ ○" in drawn(screen)[bar(screen)]
            assert not any("left" in text for text in told(screen))
            await pilot.press("a")
            assert says(drafted, target) is State.ACCEPTED
        await settled(app, pilot)
        assert (
            told(screen)[-1] == "Nothing is left to decide in these tables. w writes."
        )
        assert screen._target == waiting[-1]
        assert "nothing to decide" in heading(screen, ORDERS)
    assert not drafted.all(states=[State.PENDING])
    assert comments(shop) == before


async def test_rejecting_and_editing_go_on_across_tables_too(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    for line in drafted.of_table(CUSTOMERS).values():
        if line.target.name != "is_active":
            drafted.reject([line])
    async with opened(settings, shop) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        assert screen._target == make_target("sales", "customers", "is_active")
        await pilot.press("r")
        odd = TableId("sales", 'odd "table".%')
        assert screen._target == odd
        await pilot.press("e", *" Mine", "enter")
        assert screen._target == make_target(*odd, "select")
        await pilot.press("x", "v")
        assert screen._target == make_target(*odd, "ünï côde")
        await pilot.press("u")
        assert screen._target == make_target(*odd, "select")
    assert says(drafted, odd) is State.EDITED
    assert says(drafted, make_target(*odd, "select")) is State.PENDING


@SIZED
async def test_next_says_how_many_it_passes_and_previous_goes_back(
    settings: Settings, shop: Path, drafted: Suggestions, size: tuple[int, int]
) -> None:
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        last = make_target("sales", "customers", "is_active")
        await go(pilot, screen, last)
        assert "5 to decide (4 above)" in heading(screen, CUSTOMERS)
        await pilot.press("n")
        odd = TableId("sales", 'odd "table".%')
        assert screen._target == odd
        passed = "5 above in sales.customers still to decide; N goes back."
        assert passed in told(screen)
        await pilot.press("N")
        assert screen._target == last
        await pilot.press("N")
        assert screen._target == make_target("sales", "customers", "created_at")
        await pilot.press(*"nnnnnn")
        assert screen._target == make_target("sales", "open_orders", "order_id")
        await pilot.press("n", "n", *"nnnnnn")
        await settled(app, pilot)
        assert screen._target == STATUS
        assert "Nothing to decide below" in told(screen)[-1]
    assert {each.state for each in drafted.all()} == {State.PENDING}


async def test_the_last_one_to_decide_is_said_to_be_that(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """It was said to be the other way, whichever way one went."""
    drafted.reject([each for each in drafted.all() if each.target != TOTAL])
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        assert screen._target == TOTAL
        for key in "nN":
            await pilot.press(key)
            await settled(app, pilot)
            assert told(screen)[-1] == "This is the last one to decide in these tables."


async def test_what_is_not_listed_does_not_wait_the_other_way(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("slash", *"total_amount", "enter")
        await pilot.pause(0.3)
        await settled(app, pilot)
        for key in ("N", "a", "n", "a", "n", "N"):
            await pilot.press(key)
            await settled(app, pilot)
        assert not any(line.undecided for line in lines(screen))
        nothing = "Nothing is left to decide in these tables. w writes."
        assert told(screen)[-2:] == [nothing, nothing]


async def test_what_the_wheel_took_out_of_sight_is_not_accepted(
    settings: Settings, many: Path, many_drafted: Suggestions
) -> None:
    async with opened(settings, many, size=(80, 24)) as (app, pilot):
        screen = await to(app, pilot, TableId("main", "t100"))
        here = screen._target
        assert here is not None
        down: list[type[events.MouseEvent]] = [events.MouseScrollDown]
        for _ in range(6):
            await pilot._post_mouse_events(down, "#targets", (3, 3))
        await pilot.pause()
        assert not any(line.startswith("▌") for line in drawn(screen))
        await pilot.press("a")
        assert says(many_drafted, here) is State.PENDING
        assert drawn(screen)[bar(screen)].startswith("▌")
        await pilot.press("a")
        assert says(many_drafted, here) is State.ACCEPTED


async def test_next_passes_what_is_decided_and_what_has_no_draft(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    for name in ("open_orders", 'odd "table".%'):
        drafted.reject(drafted.of_table(TableId("sales", name)).values())
    orders = drafted.of_table(ORDERS)
    drafted.accept([each for target, each in orders.items() if target != STATUS])
    async with opened(settings, shop) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        await go(pilot, screen, make_target("sales", "customers", "is_active"))
        await pilot.press("n")
        assert screen._target == STATUS
        await pilot.press("N")
        assert screen._target == make_target("sales", "customers", "is_active")


async def test_what_waits_of_the_schema_is_counted_after_each_decision(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    pending = drafted.all(states=[State.PENDING])
    waiting = sum(table_of(each.target).schema == "sales" for each in pending)
    async with opened(settings, shop) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        assert f"{waiting} to decide in sales" in place(screen)
        await pilot.press("a", "a", "r")
        await pilot.pause(0.4)
        await settled(app, pilot)
        assert f"{waiting - 3} to decide in sales" in place(screen)
        await pilot.press("u")
        await pilot.pause(0.4)
        await settled(app, pilot)
        assert f"{waiting - 2} to decide in sales" in place(screen)


async def test_home_and_end_go_to_the_edge_of_the_table_then_of_all(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop, size=(80, 24)) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        await pilot.press("j", "j", "g")
        assert screen._target == CUSTOMERS
        await pilot.press("G")
        assert screen._target == make_target("sales", "customers", "is_active")
        await pilot.press("G")
        assert screen._target == STATUS
        await pilot.press("home")
        assert screen._target == ORDERS
        await pilot.press("home")
        assert screen._target == TableId("legacy", "zz9")
        assert "legacy.zz9" in heading(screen)


# What is listed


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Three hundred tables; far ones have a column that no other has."""
    path = tmp_path / "many.duckdb"
    with duckdb.connect(str(path)) as connection:
        for number in range(300):
            more = ", damage_flg BOOLEAN" if number in (3, 150, 290) else ""
            connection.execute(f"CREATE TABLE t{number:03} (id INTEGER{more})")
    return path


FLAGS = [make_target("main", f"t{number:03}", "damage_flg") for number in (3, 150, 290)]


@pytest.fixture
def many_drafted(settings: Settings, many: Path) -> Iterator[Suggestions]:
    """All of them drafted."""
    url = f"duckdb:///{many}"
    session = attach(settings, Workspace(settings.workspace), open_database(url))
    for _ in scanning.scan(session):
        pass
    plan = draft_plan.plan_drafts(session)
    session.close()
    with Workspace(settings.workspace) as workspace:
        store = Suggestions(workspace, workspace.database(identify(url), url=url))
        store.put(
            (Draft(target, f"About {target.name}.", Source.MODEL, 0.5), None)
            for targets in plan.work.values()
            for target in targets
        )
        yield store


@pytest.mark.parametrize("typed", ["amage_F", "'dmgflg"])
@SIZED
async def test_a_filter_lists_what_fits_of_far_tables_and_of_no_other(
    settings: Settings,
    many: Path,
    many_drafted: Suggestions,
    size: tuple[int, int],
    typed: str,
) -> None:
    async with opened(settings, many, size=size) as (app, pilot):
        screen = await to(app, pilot, TableId("main", "t100"))
        await pilot.press("slash", *typed, "enter")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert [line.target for line in lines(screen)] == FLAGS
        assert sum("damage_flg" in line for line in drawn(screen)) == 3
        assert f"names with {typed}" in place(screen)
        await pilot.press("home")
        assert screen._target == FLAGS[0]
        await pilot.press("right_square_bracket")
        assert screen._target == FLAGS[1]
        await pilot.press("A")
        assert isinstance(app.screen, AcceptModal)
        assert asked_for(app, many_drafted) == FLAGS
        await pilot.press("n", "a")
        assert screen._target == FLAGS[2]
        await pilot.press("N")
        await settled(app, pilot)
        assert screen._target == FLAGS[0]
        await pilot.press("n", "r", "n")
        await settled(app, pilot)
        # Their tables have more that waits, but that is not listed.
        assert "Nothing to decide below; N goes the other way." in told(screen)
        await pilot.press("escape")
        assert screen._target == FLAGS[2]
        assert len(screen._tables.order) == 300
        await pilot.press("k")
        assert screen._target == make_target("main", "t290", "id")
    accepted = [each.target for each in many_drafted.all(states=[State.ACCEPTED])]
    rejected = [each.target for each in many_drafted.all(states=[State.REJECTED])]
    assert (accepted, rejected) == ([FLAGS[1]], [FLAGS[2]])


async def test_without_an_apostrophe_letters_of_a_name_are_not_enough(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("slash", *"tlam")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert names(screen) == []
        assert screen.has_class("-empty")
        await pilot.press("home", "'")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert names(screen) == ["total_amount", "total_amount"]
        await pilot.press("enter", "A")
        assert isinstance(app.screen, AcceptModal)
        assert len(app.screen.choice) == 2
        await pilot.press("y")
    taken = drafted.all(states=[State.ACCEPTED])
    assert [each.target.name for each in taken] == ["total_amount", "total_amount"]


async def test_facets_list_what_fits_of_all_tables(
    settings: Settings, many: Path, many_drafted: Suggestions
) -> None:
    rejected = [FLAGS[0], FLAGS[2]]
    for target in rejected:
        many_drafted.reject([many_drafted.of_table(table_of(target))[target]])
    async with opened(settings, many) as (app, pilot):
        screen = await to(app, pilot, TableId("main", "t100"))
        here = screen._target
        await pilot.press("f", *"jjj", "space", "f")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert [facet.value for facet in screen._facets] == [State.REJECTED]
        assert [line.target for line in lines(screen)] == rejected
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert screen._target == rejected[0]
        assert "First table." in told(screen)
        await pilot.press("right_square_bracket", "right_square_bracket")
        assert screen._target == rejected[1]
        assert "That was the last table." in told(screen)
        await pilot.press("a")
        await settled(app, pilot)
        assert [line.target for line in lines(screen)] == rejected[:1]
        await pilot.press("u")
        await settled(app, pilot)
        assert [line.target for line in lines(screen)] == rejected
        await pilot.press("escape")
        assert len(screen._tables.order) == 300
        assert here is not None
    assert says(many_drafted, rejected[1]) is State.REJECTED


async def test_nothing_is_listed_and_no_key_does_harm(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("slash", *"qq no such")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert screen.has_class("-empty")
        shown = "".join(line.text for line in screen._compositor.render_strips())
        assert "Nothing fits." in shown
        await pilot.press("enter", *"jkgGnNarev", "space", *"v[]tciydA", "pagedown")
        await settled(app, pilot)
        assert app.screen is screen
        assert {each.state for each in drafted.all()} == {State.PENDING}
        await pilot.press("escape")
        assert screen._target == ORDERS
        assert len(lines(screen)) == 22


async def test_a_filter_finds_what_many_tables_stand_before_that_are_nearly_so(
    settings: Settings, tmp_path: Path
) -> None:
    """`_` stood for any character, and a hundred tables without a line ended the list.

    So did tables with the name and the state, of different columns.
    """
    path = tmp_path / "near.duckdb"
    with duckdb.connect(str(path)) as connection:
        for number in range(300):
            name = "a_no" if number in (0, 280) else "a no"
            connection.execute(f'CREATE TABLE t{number:03} (b INT, "{name}" INT)')
    async with opened(settings, path) as (app, pilot):
        screen = await to(app, pilot, TableId("main", "t100"))
        await pilot.press("slash", *"a_no", "enter")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert names(screen) == ["a_no", "a_no"]
        assert len(screen._tables.order) == 2
        assert app.session is not None
        store = app.session.suggestions
        columns = [make_target("main", f"t{n:03}", "b") for n in range(300)]
        put(store, make_target("main", "t280", "a_no"), "Said.", source=Source.HUMAN)
        for each in columns:
            put(store, each, "It.", source=Source.HUMAN)
        await pilot.press("f", "space", "f")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert TableId("main", "t200") not in screen._tables.order


# Marks and bulk


async def test_a_range_over_very_many_tables_is_not_marked_nor_read(
    settings: Settings, many: Path, many_drafted: Suggestions
) -> None:
    async with opened(settings, many) as (app, pilot):
        screen = await to(app, pilot, TableId("main", "t100"))
        await pilot.press("v", "G", "G", "v")
        assert "at most" in told(screen)[-1]
        assert not screen._tables.marked
        assert not screen._tables.holds(TableId("main", "t200"))


@SIZED
async def test_marks_over_several_tables_are_taken_and_counted(
    settings: Settings, shop: Path, drafted: Suggestions, size: tuple[int, int]
) -> None:
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        segment = make_target("sales", "customers", "segment_cd")
        await pilot.press("space")
        await go(pilot, screen, segment)
        await pilot.press("space")
        await go(pilot, screen, STATUS)
        await pilot.press("space")
        marked = {CUSTOMERS, segment, STATUS}
        assert screen._tables.marked == marked
        assert sum("•" in line for line in drawn(screen)) == (1 if size[1] < 30 else 3)
        assert "3 marked" in place(screen)
        await pilot.press("A")
        assert isinstance(app.screen, AcceptModal)
        assert set(asked_for(app, drafted)) == marked
        shown = "".join(line.text for line in app.screen._compositor.render_strips())
        assert "Accept 3 drafts?" in shown
        await pilot.press("y")
        await settled(app, pilot)
        assert not screen._tables.marked
        assert "marked" not in place(screen)
        # A range goes over the end of a table.
        odd = TableId("sales", 'odd "table".%')
        await go(pilot, screen, make_target(*odd, "ünï côde"))
        await pilot.press("v", "j", "j", "v", "R")
        assert isinstance(app.screen, ConfirmModal)
        assert "3" in app.screen._question
        await pilot.press("y")
        await settled(app, pilot)
    accepted = {each.target for each in drafted.all(states=[State.ACCEPTED])}
    rejected = [str(e.target) for e in drafted.all(states=[State.REJECTED])]
    assert accepted == marked
    assert rejected == [
        'sales.odd "table".%.ünï côde',
        "sales.open_orders",
        "sales.open_orders.order_id",
    ]


async def test_all_is_what_is_listed_of_the_table_under_the_cursor(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        await go(pilot, screen, make_target("sales", "open_orders", "order_id"))
        await pilot.press("A")
        assert isinstance(app.screen, AcceptModal)
        assert len(app.screen.choice) == 3
        await pilot.press("y")
        await settled(app, pilot)
        assert screen._target == ORDERS  # what is next to decide
    accepted = {table_of(e.target).name for e in drafted.all(states=[State.ACCEPTED])}
    assert accepted == {"open_orders"}


async def test_marks_are_taken_be_they_listed_or_not(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("space")
        await go(pilot, screen, STATUS)
        await pilot.press("space", "slash", *"stat", "enter")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert "2 marked" in place(screen)
        await pilot.press("A")
        assert isinstance(app.screen, AcceptModal)
        assert set(asked_for(app, drafted)) == {ORDERS, STATUS}
        await pilot.press("y")
        await settled(app, pilot)
    assert state(drafted, STATUS)[0] is State.ACCEPTED
    assert state(drafted, ORDERS)[0] is State.ACCEPTED


# While it is read


@SIZED
async def test_drafts_that_come_do_not_move_what_is_read(
    settings: Settings, many: Path, many_drafted: Suggestions, size: tuple[int, int]
) -> None:
    """Texts above grow from one line to three, and those in sight with them."""
    async with opened(settings, many, size=size) as (app, pilot):
        screen = await to(app, pilot, TableId("main", "t100"))
        await pilot.press(*"jjjjjjjjj")
        here, line = screen._target, bar(screen)
        assert (
            here
            == TableId(
                "main",
                "t104",
            )
            or here is not None
        )
        for number in range(90, 103):
            put(many_drafted, make_target("main", f"t{number:03}", "id"), LONG)
        await pilot.pause(1)
        await settled(app, pilot)
        assert screen._target == here
        assert bar(screen) == line
        assert sum("word1 " in each for each in drawn(screen)) > 0
        put(many_drafted, here, "Another text of what is read.")
        await until(pilot, lambda: "Another text" in drawn(screen)[line])
        assert screen._target == here
        await pilot.press("a")
    found = many_drafted.of_table(table_of(here))[here]
    assert (found.state, found.text) == (
        State.ACCEPTED,
        "Another text of what is read.",
    )


async def test_another_windows_decision_is_shown_within_a_second(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        await pilot.press("j", "j")
        here, line = screen._target, bar(screen)
        begun = time.monotonic()
        drafted.accept([drafted.of_table(CUSTOMERS)[CUSTOMERS]])
        drafted.reject([drafted.of_table(ORDERS)[STATUS]])
        await until(pilot, lambda: signs(screen)[STATUS] == "✗")
        assert time.monotonic() - begun < 1
        assert signs(screen)[CUSTOMERS] == "✓"
        assert screen._target == here
        assert bar(screen) == line
        assert "· 4 to decide" in heading(screen, CUSTOMERS)
        assert "· 1 accepted" in heading(screen, CUSTOMERS)


async def test_what_is_typed_stays_where_another_window_decides_on_it(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """It left the list, the editor closed, and the next letters decided on others."""
    last = make_target("sales", "customers", "is_active")
    drafted.reject(
        [e for e in drafted.of_table(CUSTOMERS).values() if e.target != last]
    )
    async with opened(settings, shop) as (app, pilot):
        screen = await to(app, pilot, CUSTOMERS)
        await pilot.press("f", "space", "f")
        await pilot.pause(0.3)
        await settled(app, pilot)
        assert screen._target == last
        await pilot.press("e", *" Mine, ")
        drafted.reject([drafted.of_table(CUSTOMERS)[last]])
        await until(pilot, lambda: screen._target != last)
        await settled(app, pilot)
        here = screen._target
        await pilot.press(*"more", "enter")
        assert screen._target == here
    kept = drafted.of_table(CUSTOMERS)[last]
    assert (kept.state, kept.text) == (State.EDITED, "About is_active. Mine, more")


async def test_a_table_that_is_dropped_meanwhile_is_gone_and_the_next_is_read(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    odd = TableId("sales", 'odd "table".%')
    async with opened(settings, shop) as (app, pilot):
        screen = await to(app, pilot, odd)
        assert screen._target == odd
        with duckdb.connect(str(shop)) as connection:
            connection.execute('DROP TABLE sales."odd ""table"".%"')
        other = attach(
            settings, Workspace(settings.workspace), open_database(f"duckdb:///{shop}")
        )
        for _ in scanning.scan(other):
            pass
        other.close()
        await until(pilot, lambda: screen._target != odd)
        await settled(app, pilot)
        assert screen._target == TableId("sales", "open_orders")
        assert not any("odd" in line for line in drawn(screen))
        await pilot.press("k")
        assert screen._target == make_target("sales", "customers", "is_active")
        await pilot.press("a", "j", "left_square_bracket")
        assert screen._target is not None
        assert table_of(screen._target) == CUSTOMERS
    assert (
        says(drafted, make_target("sales", "customers", "is_active")) is State.ACCEPTED
    )


# What is drawn


@SIZED
async def test_a_rejected_text_stays_to_be_read(
    settings: Settings, shop: Path, drafted: Suggestions, size: tuple[int, int]
) -> None:
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to_orders(app, pilot)
        line = bar(screen)
        await pilot.press("r")
        assert "✗ " in drawn(screen)[line]
        assert "About orders." in drawn(screen)[line]
        (text,) = [
            segment
            for segment in screen._list.render_line(line)
            if "About orders." in segment.text
        ]
        assert text.style is not None
        assert text.style.strike
        assert text.style.dim


@SIZED
async def test_a_text_of_more_than_three_lines_is_whole_in_the_details(
    settings: Settings, shop: Path, drafted: Suggestions, size: tuple[int, int]
) -> None:
    put(drafted, TOTAL, LONG)
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, TOTAL)
        line = bar(screen)
        own = drawn(screen)[line : line + 3]
        assert "word0 word1" in own[0]
        assert own[2].endswith("…")
        assert "word" not in drawn(screen)[line + 3]
        await pilot.pause()
        assert LONG in " ".join(details(screen).split())


async def test_a_text_that_is_cut_was_read_once_the_details_have_it(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """In bulk it counted as seen with its first lines alone."""
    put(drafted, TOTAL, LONG)
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        cut, whole = (drafted.of_table(ORDERS)[each] for each in (TOTAL, STATUS))
        assert any("word0 " in line for line in drawn(screen))
        assert whole.id in screen._tables.read_ids()
        assert cut.id not in screen._tables.read_ids()
        await go(pilot, screen, TOTAL)
        await pilot.pause()
        assert cut.id in screen._tables.read_ids()


@SIZED
async def test_a_text_of_three_lines_is_whole_in_the_list(
    settings: Settings, shop: Path, drafted: Suggestions, size: tuple[int, int]
) -> None:
    text = "Kind of packaging the parcel is shipped in: carton, envelope or tube."
    if size[0] > 80:
        text += " It is said by the one who packs it, and never changed after that."
    put(drafted, TOTAL, text)
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, TOTAL)
        line = bar(screen)
        own = [re.split("[▅▃▁] ", each)[-1] for each in drawn(screen)[line : line + 3]]
        read = " ".join(" ".join(own).split())
        assert text in read.replace("▌ ", "")
        assert screen.has_class("-wide") == (size[0] >= 180)


@SIZED
async def test_a_name_of_120_characters_is_broken_and_not_cut(
    settings: Settings, tmp_path: Path, size: tuple[int, int]
) -> None:
    name = "_".join(f"part{number:03}" for number in range(15)) + "x"
    assert len(name) == 120
    path = tmp_path / "long.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f'CREATE TABLE t (id INTEGER, "{name}" INTEGER)')
        connection.execute(f'CREATE TABLE "{name}" (id INTEGER)')
        connection.execute(f"""COMMENT ON COLUMN t."{name}" IS 'What it is.'""")
    async with opened(settings, path, size=size) as (app, pilot):
        screen = await to(app, pilot, TableId("main", "t"))
        await go(pilot, screen, make_target("main", "t", name))
        line = bar(screen)
        room = max(len(each) for each in drawn(screen))
        assert room <= size[0]
        own = [each[4:32] for each in drawn(screen)[line:] if "part" in each]
        joined = "".join(
            each.replace("What it is.", "").split("  ")[0].strip() for each in own
        )
        assert joined.startswith(name)
        assert any("What it is." in each for each in drawn(screen))
        # The counts of a table of such a name stand beside it.
        head = heading(screen)
        assert "to decide" in head or "to draft" in head


HOSTILE_SPACES = [
    " " * 60 + "x",
    "\u3000" * 70,
    "a" + "\xa0" * 200,
    " " * 120,
    "\t" * 90,
]


async def test_names_and_texts_of_blanks_are_drawn(
    settings: Settings, tmp_path: Path
) -> None:
    """The app stood still for ever: they were broken into pieces of nothing."""
    path = tmp_path / "blank.duckdb"
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join(f'"{name}" INTEGER' for name in HOSTILE_SPACES)
        connection.execute(f"CREATE TABLE t ({columns})")
        for name in HOSTILE_SPACES:
            connection.execute(f"""COMMENT ON COLUMN t."{name}" IS '{name}'""")
    async with opened(settings, path, size=(80, 24)) as (app, pilot):
        screen = await to(app, pilot, TableId("main", "t"))
        await pilot.press("end", "home", "pagedown", "i", "escape")
        assert len(lines(screen)) == 6


async def test_the_mark_of_a_finding_and_how_likely_it_is_are_drawn(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    likely, maybe, hardly = (sum(each.bounds) / 2 for each in Likelihood)
    put(drafted, STATUS, "Sure.", confidence=likely)
    put(drafted, TOTAL, "Perhaps.", confidence=maybe)
    put(drafted, ORDERS, "Hardly.", confidence=hardly)
    found = make_target("sales", "orders", "order_date")
    put(drafted, found, "Leaks.", findings=(Finding.LEAK,))
    put(drafted, make_target("sales", "orders", "customer_id"), None, guess="A guess.")
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        shown = "\n".join(drawn(screen))
        for text in (
            "▅  Sure.",
            "▃  Perhaps.",
            "▁  Hardly.",
            "† Leaks.",
            "? customer_id",
        ):
            assert text in shown
        assert "A guess." in shown
        await go(pilot, screen, STATUS)
        await pilot.pause()
        assert f"{likely:.0%}" in details(screen)
        await go(pilot, screen, found)
        await pilot.pause()
        assert "repeats a value of the sample" in details(screen)


# Many


def counted(patch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the screen reads a table or its suggestions; drafting reads beside."""
    reads: Counter[str] = Counter()

    def noted(kind: type, name: str) -> None:
        there: Callable[..., object] = getattr(kind, name)

        def note(*arguments: object) -> object:
            reads[name] += threading.current_thread() is threading.main_thread()
            return there(*arguments)

        patch.setattr(kind, name, note)

    noted(Snapshot, "table")
    noted(Suggestions, "of_table")
    return reads


async def test_of_very_many_tables_only_those_near_are_read(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A run of drafts looks at all tables, beside the screen.
    monkeypatch.setattr(ReviewScreen, "_draft", lambda self: None)
    async with opened(settings, shop) as (app, pilot):
        assert app.session is not None
        snapshot = app.session.snapshot
        ids = [TableId("far", f"t{number:06}") for number in range(50_000)]
        snapshot.save(
            [
                Table(each, TableKind.TABLE, (Column(ColumnId(each, "a"), 1, "INT"),))
                for each in ids
            ],
            scan=snapshot.begin(),
        )
        order = [*ids, ORDERS, *(each._replace(schema="none") for each in ids)]
        reads = counted(monkeypatch)
        screen = await to(app, pilot, ORDERS, order)
        # Below are tables that are gone, which are passed over.
        assert max(reads.values(), default=0) <= 300
        reads.clear()
        assert screen._target == ORDERS
        await pilot.press("a", "j", "a", "k", "k", "r", "u")
        assert max(reads.values(), default=0) <= 50
        await pilot.press("pageup", "pageup")
        assert max(reads.values(), default=0) <= 150
        assert heading(screen).startswith("far.t0499")
        reads.clear()
        await pilot.press("home", "home")
        assert screen._target == ids[0]
        assert max(reads.values(), default=0) <= 60


def test_a_row_of_a_very_wide_table_costs_what_another_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The names of all columns were measured for each row that was drawn."""
    here = TableId("main", "wide")
    columns = (Column(ColumnId(here, f"c{n:04}"), n, "INT") for n in range(5000))
    rows = review_lines(Table(here, TableKind.TABLE, tuple(columns)), {})
    measured: list[str] = []
    monkeypatch.setattr(review_rows, "cell_len", measured.append)
    for row in rows[:50]:
        review_rows.drawn(row, 110, marked=False)
        review_rows.is_cut(row, 110)
    assert not measured


@SIZED
async def test_a_table_of_five_thousand_columns_is_read_once(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    store: Suggestions,
    size: tuple[int, int],
) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join(f"c{number:04} INTEGER" for number in range(5000))
        connection.execute(f"CREATE TABLE wide ({columns})")
        connection.execute("CREATE TABLE z (id INTEGER)")
    store.put(
        [
            (
                Draft(
                    make_target("main", "wide", f"c{n:04}"), "It.", Source.MODEL, 0.5
                ),
                None,
            )
            for n in range(5000)
        ]
    )
    monkeypatch.setattr(ReviewScreen, "_draft", lambda self: None)
    async with opened(settings, path, size=size) as (app, pilot):
        reads = counted(monkeypatch)
        only = TableId("main", "wide")
        screen = await to(app, pilot, only, [only])
        begun = sum(reads.values())
        await pilot.press("a", "pagedown", "a", "end", "home", "j", "j", "a")
        await pilot.press("G", "k", "a")
        assert screen._target == make_target("main", "wide", "c4999")
        assert sum(reads.values()) - begun <= 4
    accepted = store.all(states=[State.ACCEPTED])
    assert len(accepted) == 4
