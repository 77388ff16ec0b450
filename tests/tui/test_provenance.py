"""Keys that decide: whose words a text is then, and how it was decided on."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from catalog.objects import ColumnId, TableId, make_target
from catalog.suggestion import Draft, Finding, Source, State, Suggestion, Wording
from catalog.suggestions import Suggestions
from tests.tui import test_pilot
from tests.tui.review import details, go
from tests.tui.test_pilot import ORDERS, opened, settled, state, to_orders, until
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.inspect import InspectModal
from tui.app.screens.review import ReviewScreen
from tui.app.screens.same_name import SameNameScreen
from tui.app.screens.sample import SampleScreen
from tui.flow import draft_plan, scanning
from tui.flow.session import Session
from tui.flow.settings import Settings

store = test_pilot.store
drafted = test_pilot.drafted

DRAFT = "About orders."
OTHER = "What customers ordered."


def last(store: Suggestions, target: TableId | ColumnId = ORDERS) -> tuple[object, ...]:
    """The last decision on a target: verdict, distance, rank, seen."""
    found = store.of_table(ORDERS)[target].id
    *_, decision = (d for d in store.decisions.all() if d.suggestion == found)
    return (
        decision.verdict.value,
        decision.edit_distance,
        decision.rank,
        decision.seen,
    )


def told(app: App[None]) -> str:
    *_, notice = app._notifications
    return notice.message


async def history(app: App[None], pilot: Pilot[None]) -> str:
    assert isinstance(app.screen, ReviewScreen)
    await go(pilot, app.screen, ORDERS)
    await pilot.press("i")
    await until(pilot, lambda: isinstance(app.screen, InspectModal))
    shown = app.screen.query_one("#history", Static)
    await until(pilot, lambda: "History" in str(shown.visual))
    text = str(shown.visual)
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    return text


async def test_a_accepts_what_is_on_the_screen(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await go(pilot, await to_orders(app, pilot), ORDERS)
        await pilot.press("a")
        assert (*state(drafted, ORDERS), *last(drafted)) == (
            *(State.ACCEPTED, DRAFT),
            *("accepted", 0, None, True),
        )
        await pilot.press("u")
        assert state(drafted, ORDERS) == (State.PENDING, DRAFT)
        await pilot.press("U")
        assert (*state(drafted, ORDERS), *last(drafted)) == (
            *(State.ACCEPTED, DRAFT),
            *("redo", 0, None, True),
        )


async def test_a_on_an_edited_text_keeps_it_edited(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    doubtful = Draft(ORDERS, DRAFT, Source.RULES, 0.9, (Finding.RESTATES,), "m")
    drafted.put([(doubtful, None)])
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, ORDERS)
        await pilot.pause()
        assert "says no more than the name does" in details(screen)
        await pilot.press("e", *" Paid", "enter")
        await go(pilot, screen, ORDERS)
        await pilot.press("a")
        mine = (State.EDITED, f"{DRAFT} Paid")
        assert (*state(drafted, ORDERS), *last(drafted)) == (
            *mine,
            *("edited", 5, None, True),
        )
        await go(pilot, screen, ORDERS)
        await pilot.pause()
        shown = details(screen)
        assert "90%" not in shown
        assert "edited · by you · no finding" in shown
        said = await history(app, pilot)
        assert "drafted by rules" in said
        assert "edited, 5 from the draft, by" in said
        await pilot.press("u")
        assert state(drafted, ORDERS) == (State.PENDING, DRAFT)
        await pilot.press("U")
        assert state(drafted, ORDERS) == mine


async def test_a_picked_wording_is_accepted_with_its_number(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        screen._alternatives[ORDERS] = [
            Wording("Orders.", Source.MODEL, "m"),
            Wording(OTHER, Source.MODEL, "m"),
        ]
        await go(pilot, screen, ORDERS)
        await pilot.press("2")
        picked = (State.ACCEPTED, OTHER)
        assert (*state(drafted, ORDERS), *last(drafted)) == (
            *picked,
            *("accepted", 0, 2, True),
        )
        assert "wording 2 accepted by" in await history(app, pilot)
        await go(pilot, screen, ORDERS)
        await pilot.press("a")
        await go(pilot, screen, ORDERS)
        await pilot.press("e", "enter")
        assert state(drafted, ORDERS) == picked
        while state(drafted, ORDERS) == picked:
            await pilot.press("u")
        assert state(drafted, ORDERS) == (State.PENDING, DRAFT)
        await pilot.press("U")
        assert (*state(drafted, ORDERS), *last(drafted)[1:]) == (*picked, 0, 2, True)


async def test_all_that_a_catalog_accepts_is_unseen(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        assert last(drafted) == ("accepted", 0, None, False)
        await to_orders(app, pilot)
        assert "in bulk, unseen" in await history(app, pilot)


async def test_what_a_sample_showed_is_seen_and_one_undo_takes_all_back(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was rejected in a sample was an action of its own, and stayed for two u."""
    monkeypatch.setattr("tui.app.screens.sample.sample_size", lambda number: 3)
    waiting = len(drafted.all(states=[State.PENDING]))
    async with opened(settings, shop) as (app, pilot):
        for keys in ("aaa", "arq"):
            await pilot.press("A")
            await until(pilot, lambda: isinstance(app.screen, AcceptModal))
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app.screen, SampleScreen))
            await pilot.press(*keys)
            await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
            await pilot.press("y")
            await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
            decisions = drafted.decisions.all()
            assert sum(each.seen for each in decisions) == (3 if "q" not in keys else 5)
            await pilot.press("u")
            await until(
                pilot, lambda: len(drafted.all(states=[State.PENDING])) == waiting
            )
            with drafted._workspace.transaction() as db:
                rows = db.execute("SELECT sampled FROM batches ORDER BY id DESC")
                assert rows.fetchall()[1][0] == (3 if "q" not in keys else 2)


async def test_one_text_for_a_name_is_seen_where_its_row_was_drawn(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, make_target("sales", "orders", "status"))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, SameNameScreen))
        await settled(app, pilot)
        await pilot.press("space", "a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    assert last(drafted, make_target("sales", "orders", "status"))[-1] is True


def test_a_persons_words_that_were_taken_back_are_not_drafted_over(
    session: Session, store: Suggestions
) -> None:
    """`d` on their table replaced them, as if nobody had written them."""
    for _ in scanning.scan(session):
        pass
    target = make_target("sales", "orders", "status")
    for each, text in ((target, "Mine."), (ORDERS, DRAFT)):
        session.suggestions.put([(Draft(each, DRAFT, Source.MODEL, 0.5), None)])
        session.suggestions.write_own(each, text, previous=None)
    with session.workspace.transaction() as db:
        db.execute("UPDATE suggestions SET state = 'pending'")
    plan = draft_plan.plan_drafts(session, tables=[ORDERS], redo=True)
    assert ORDERS in plan.work[ORDERS]
    assert target not in plan.work[ORDERS]


# Two windows


@pytest.fixture
def anna(monkeypatch: pytest.MonkeyPatch, drafted: Suggestions) -> Suggestions:
    """Another window, which another person decides in."""

    class Anna(Suggestions):
        def accept(self, suggestions: object) -> object:  # type: ignore[override]
            with monkeypatch.context() as hers:
                hers.setattr("catalog.decisions.steward", lambda: "anna")
                assert isinstance(suggestions, list)
                return super().accept(suggestions)

    return Anna(drafted._workspace, drafted._database)


def first(store: Suggestions, name: str) -> list[Suggestion]:
    return [store.of_table(ORDERS)[make_target("sales", "orders", name)]]


async def test_u_takes_back_ones_own_and_asks_for_another_persons(
    settings: Settings, shop: Path, drafted: Suggestions, anna: Suggestions
) -> None:
    """It took back whatever was decided last, whosever it was, without a word."""
    async with opened(settings, shop) as (app, pilot):
        await go(pilot, await to_orders(app, pilot), ORDERS)
        await pilot.press("a")
        anna.accept(first(drafted, "status"))
        await pilot.press("u")
        assert state(drafted, ORDERS)[0] is State.PENDING
        assert first(drafted, "status")[0].state is State.ACCEPTED
        assert told(app) == "Undone: accepted sales.orders (1)."
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert isinstance(app.screen, ConfirmModal)
        assert app.screen._question == "Take back what anna decided?"
        (detail,) = app.screen._details
        assert detail.startswith(
            "accepted sales.orders.status (1), decided by anna at "
        )
        await pilot.press("n")
        assert first(drafted, "status")[0].state is State.ACCEPTED
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmModal))
        assert first(drafted, "status")[0].state is State.PENDING
        undone = "Undone: accepted sales.orders.status (1), decided by anna at "
        assert told(app).startswith(undone)
        await pilot.press("U")  # hers was undone here, last
        assert first(drafted, "status")[0].state is State.ACCEPTED
        assert state(drafted, ORDERS)[0] is State.PENDING
        await pilot.press("U")
        assert state(drafted, ORDERS)[0] is State.ACCEPTED


async def test_what_another_window_did_is_taken_back_with_a_word(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    drafted.accept(first(drafted, "status"))
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("u")
        assert first(drafted, "status")[0].state is State.PENDING
        undone = "Undone: accepted sales.orders.status (1), decided by "
        assert told(app).startswith(undone)
        await pilot.press("U", "u")
        drafted.accept(first(drafted, "status"))
        await pilot.press("u")
        assert first(drafted, "status")[0].state is State.PENDING
        await pilot.press("u")
        assert told(app) == "Nothing to undo."


async def test_what_was_decided_otherwise_since_stays_and_that_is_said(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await go(pilot, await to_orders(app, pilot), ORDERS)
        await pilot.press("a")
        drafted.reject([drafted.of_table(ORDERS)[ORDERS]])
        await pilot.press("u")
        assert state(drafted, ORDERS)[0] is State.REJECTED
        assert told(app) == "Not undone: it was decided otherwise since."
