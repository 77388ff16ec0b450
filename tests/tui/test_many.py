"""Deciding on many at once: properties, samples, namesakes, rules."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from textual.events import Paste

from catalog.choice import Choice, Scope
from catalog.decisions import Batch
from catalog.errors import ColumnistError
from catalog.objects import TableId, make_target
from catalog.stopping import Stop
from catalog.suggestion import Draft, Finding, Source, State, Wording
from catalog.suggestions import Suggestions
from tests.tui.test_pilot import (  # noqa: F401  # fixtures
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
from tui.app import deciding
from tui.app.screens import bulk, review_list, rule
from tui.app.screens import counting as counting_module
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.counting import CountingModal, Find, find_beside
from tui.app.screens.inspect import InspectModal
from tui.app.screens.review import ReviewScreen
from tui.app.screens.rule import RuleModal
from tui.app.screens.same_name import SameNameScreen
from tui.app.screens.sample import SampleScreen
from tui.app.screens.too_small import TooSmallModal
from tui.app.widgets.row_list import RowList
from tui.flow.drafting import LONGEST_HINT
from tui.flow.session import Session
from tui.flow.settings import Settings

CUSTOMER_ID = make_target("sales", "orders", "customer_id")


def count(store: Suggestions, state: State) -> int:  # noqa: F811
    return len(store.all(states=[state]))


async def test_a_clean_sample_accepts_the_rest_in_one_action(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    waiting = count(drafted, State.PENDING)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SampleScreen))
        await pilot.press(*"a" * waiting)
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert count(drafted, State.ACCEPTED) == 0
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        assert count(drafted, State.ACCEPTED) == waiting
        await pilot.press("u")
        await settled(app, pilot)
    assert count(drafted, State.PENDING) == waiting


async def test_one_bad_one_leaves_the_rest_undecided(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    waiting = count(drafted, State.PENDING)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SampleScreen))
        await pilot.press("a", "r", "u", "r", "a", "q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert isinstance(app.screen, ConfirmModal)
        assert app.screen._details[0] == "2 accepted and 1 rejected."
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
    assert count(drafted, State.ACCEPTED) == 2
    assert count(drafted, State.REJECTED) == 1
    assert count(drafted, State.PENDING) == waiting - 3


async def test_leaving_a_sample_decides_nothing(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    waiting = count(drafted, State.PENDING)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SampleScreen))
        await pilot.press("a", "q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
    assert count(drafted, State.PENDING) == waiting


async def test_what_is_listed_by_a_property_is_what_bulk_accept_takes(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    doubtful = Draft(STATUS, "Status.", Source.RULES, 0.1, (Finding.RESTATES,))
    drafted.put([(doubtful, None)])
    async with opened(settings, shop) as (app, pilot):
        tables = app.screen.query_one("#tables", RowList)
        await pilot.press("f", "G", *["k"] * 4, "space", "f")
        await settled(app, pilot)
        assert [tables.cells(0)[0].text] == ["sales.orders"]
        assert len(tables.found) == 1
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        assert isinstance(app.screen, AcceptModal)
        assert len(app.screen.choice) == 1
        await pilot.press("y")
        await settled(app, pilot)
    assert [each.target for each in drafted.all(states=[State.ACCEPTED])] == [STATUS]


async def test_a_rule_takes_what_is_sure_enough_and_clean(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    drafted.put(
        [
            (Draft(STATUS, "Sure.", Source.RULES, 0.9), None),
            (Draft(ORDERS, "Doubted.", Source.RULES, 0.9, (Finding.RESTATES,)), None),
        ]
    )
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, RuleModal))
        await pilot.press("end", "backspace", "backspace", "x", "enter")
        assert isinstance(app.screen, RuleModal)  # x is no number
        await pilot.press("backspace", "8", "0", "enter")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("y")
        await settled(app, pilot)
    assert [each.target for each in drafted.all(states=[State.ACCEPTED])] == [STATUS]


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Everything is a great many, and counted only once this is set."""
    go = threading.Event()

    def find(session: Session, find: Find[Choice], stop: Stop) -> Choice:
        while not (go.wait(0.01) or stop()):
            pass
        return find_beside(session, find, stop)

    for module in (bulk, rule):
        monkeypatch.setattr(module, "AT_ONCE", 0)
    for module in (counting_module, rule):
        monkeypatch.setattr(module, "find_beside", find)
    yield go
    go.set()


async def test_a_screen_may_be_left_while_many_are_decided(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was called back when it was gone."""
    go = threading.Event()
    accept_chosen = Suggestions.accept_chosen

    def slowly(self: Suggestions, *arguments: Any, **options: Any) -> Batch:
        go.wait(30)
        return accept_chosen(self, *arguments, **options)

    monkeypatch.setattr(deciding, "AT_ONCE", 0)
    monkeypatch.setattr(Suggestions, "accept_chosen", slowly)
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        here = len(screen._lines)
        await pilot.press("A", "y", "q")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        assert count(drafted, State.ACCEPTED) == 0
        go.set()
        await settled(app, pilot)
        assert count(drafted, State.ACCEPTED) == here
        said = [each.message for each in app._notifications]
        assert f"Accepted {here}. u takes it back, w writes." in said
        assert not any("failed" in each for each in said)


@pytest.mark.parametrize(
    ("key", "what"), [("A", State.ACCEPTED), ("R", State.REJECTED)]
)
async def test_many_are_counted_beside_the_screen_and_not_decided_before(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    counting: threading.Event,
    key: str,
    what: State,
) -> None:
    waiting = count(drafted, State.PENDING)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, CountingModal))
        await pilot.press("y")
        assert isinstance(app.screen, CountingModal)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await pilot.press(key, "y")
        await pilot.resize_terminal(40, 10)  # another screen is on top when it ends
        await until(pilot, lambda: isinstance(app.screen, TooSmallModal))
        below = app.screen_stack[-2]
        assert isinstance(below, CountingModal)
        counting.set()
        await until(pilot, lambda: below._then is not None)
        await pilot.resize_terminal(120, 40)
        asked = AcceptModal if key == "A" else ConfirmModal
        await until(pilot, lambda: isinstance(app.screen, asked))
        assert count(drafted, State.PENDING) == waiting
        await pilot.press("y")
        await settled(app, pilot)
    assert count(drafted, what) == waiting


async def test_a_rule_of_many_goes_on_once_it_is_counted(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    counting: threading.Event,
) -> None:
    drafted.put([(Draft(STATUS, "Sure.", Source.RULES, 0.9), None)])
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, RuleModal))
        await pilot.press("end", "backspace", "backspace", "8", "0", "enter")
        assert isinstance(app.screen, RuleModal)
        counting.set()
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("y")
        await settled(app, pilot)
    assert [each.target for each in drafted.all(states=[State.ACCEPTED])] == [STATUS]


async def test_a_rule_that_was_changed_after_enter_wants_enter_again(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    counting: threading.Event,
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, RuleModal))
        modal = app.screen
        assert isinstance(modal, RuleModal)
        await pilot.press("backspace", "1", "0", "enter", "backspace", "0")
        counting.set()
        await until(pilot, lambda: modal._counted is not None)
        await pilot.pause(0.1)
        assert app.screen is modal
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))


async def test_a_count_that_fails_is_explained(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> Choice:
        raise ColumnistError("The workspace is gone.", "Look for it.")

    monkeypatch.setattr(bulk, "AT_ONCE", 0)
    monkeypatch.setattr(counting_module, "find_beside", fail)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: bool(app._notifications))
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        assert "The workspace is gone." in [
            n.message.split("\n")[0] for n in app._notifications
        ]


async def test_tables_come_in_the_order_that_helps(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        tables = app.screen.query_one("#tables", RowList)

        def first() -> str:
            return tables.cells(0)[0].text

        assert first() == "legacy.zz9"
        await pilot.press("o", "g")
        assert first() == "sales.orders"  # most rows
        await pilot.press("o", "o", "g")
        await settled(app, pilot)
        assert first() == "sales.customers"  # most foreign keys to it


@pytest.fixture
def copies(shop: Path) -> Path:
    """Three more tables with a `status`: two of the same codes, one of numbers."""
    connection = duckdb.connect(str(shop))
    for name, values in (
        ("a", "['open', 'paid', 'shipped']"),
        ("b", "['paid', 'open', 'shipped']"),
        ("c", "['1', '2', '3']"),
    ):
        connection.execute(
            f"CREATE TABLE sales.copy_{name} AS SELECT i AS id,"
            f" {values}[1 + i % 3] AS status FROM range(90) t (i)"
        )
    connection.close()
    return shop


async def test_one_decision_for_all_columns_of_a_name_whose_values_agree(
    copies: Path,
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        names = [line.target.name for line in screen._lines]
        await pilot.press(*"j" * names.index("status"), "c")
        await until(pilot, lambda: isinstance(app.screen, SameNameScreen))
        await settled(app, pilot)
        same = app.screen
        assert isinstance(same, SameNameScreen)
        found = same.query_one(RowList).found
        said = [(e.suggestion.target.table.name, e.differs) for e in found]
        assert said == [
            ("copy_a", ""),
            ("copy_b", ""),
            ("copy_c", "other codes"),
        ]
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert isinstance(app.screen, ConfirmModal)
        assert app.screen._question == "Use this text for 3 columns?"
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        staged = {e.target.name for e in drafted.all(states=[State.ACCEPTED])}
        tables = {
            str(e.target.table)  # type: ignore[union-attr]
            for e in drafted.all(states=[State.ACCEPTED])
        }
        assert staged == {"status"}
        assert tables == {"sales.orders", "sales.copy_a", "sales.copy_b"}
        await pilot.press("u")
    assert count(drafted, State.ACCEPTED) == 0


async def test_a_screen_that_ends_by_itself_takes_away_no_other(
    copies: Path,
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()

    def late(*arguments: Any) -> Suggestions:
        go.wait(30)
        return Suggestions(*arguments)

    monkeypatch.setattr(deciding, "EDITED_AT_ONCE", 0)
    monkeypatch.setattr(deciding, "Suggestions", late)
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        names = [line.target.name for line in screen._lines]
        await pilot.press(*"j" * names.index("status"), "c")
        await until(pilot, lambda: isinstance(app.screen, SameNameScreen))
        await settled(app, pilot)
        await pilot.press("a", "y", "ctrl+c")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        go.set()
        await until(pilot, lambda: count(drafted, State.ACCEPTED) == 3)
        await until(pilot, lambda: all(w.is_finished for w in app.workers))
        await pilot.pause(0.1)
        assert isinstance(app.screen, ConfirmModal)
        assert app.screen._question == "Quit Columnist?"
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)


async def test_an_outlier_is_taken_only_if_it_is_chosen(
    copies: Path,
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        names = [line.target.name for line in screen._lines]
        await pilot.press(*"j" * names.index("status"), "c")
        await until(pilot, lambda: isinstance(app.screen, SameNameScreen))
        await settled(app, pilot)
        await pilot.press("g", "space", "G", "space", "a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    tables = {
        e.target.table.name  # type: ignore[union-attr]
        for e in drafted.all(states=[State.ACCEPTED])
    }
    assert tables == {"orders", "copy_b", "copy_c"}


async def test_inspecting_shows_evidence_history_and_the_exact_prompt(
    settings: Settings,
    shop: Path,
    tiny_model: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    drafted.reject([drafted.of_table(ORDERS)[STATUS]], reason="wrong")
    chosen = replace(settings, model=str(tiny_model))
    async with opened(chosen, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        names = [line.target.name for line in screen._lines]
        await pilot.press(*"j" * names.index("status"), "i")
        await until(pilot, lambda: isinstance(app.screen, InspectModal))
        await settled(app, pilot)
        history = str(app.screen.query_one("#history").render())
        assert "rejected by" in history
        assert "(wrong)" in history
        await pilot.press("p")
        await settled(app, pilot)
        prompt = str(app.screen.query_one("#prompt").render())
        assert "as it would be sent now" in prompt
        assert "status" in prompt
        await pilot.press("escape")
        assert isinstance(app.screen, ReviewScreen)


async def test_a_hint_goes_to_the_model_and_nowhere_else(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[object, str]] = []

    def alternatives(_: object, target: object, **named: object) -> list[Wording]:
        asked.append((target, str(named["hint"])))
        return [Wording("Told so.", Source.MODEL)]

    monkeypatch.setattr(
        "tui.flow.background.BackgroundDrafting.alternatives", alternatives
    )
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("T", *"sold", "enter")
        await settled(app, pilot)
        assert asked == [(ORDERS, "sold")]
        await pilot.press("1")
        assert state(drafted, ORDERS) == (State.ACCEPTED, "Told so.")
        await pilot.press("g", "T", "x", "escape")
        await settled(app, pilot)
        assert len(asked) == 1
        # What the model would not read to its end is not taken without a word.
        await pilot.press("T")
        app.post_message(Paste("a\n" * 200))
        await pilot.press("enter")
        await settled(app, pilot)
        told = [note.message for note in app._notifications]
        assert "That is 399 characters; 120 can be read." in told
        assert len(asked) == 1
        await pilot.press("ctrl+u")
        app.post_message(Paste("a\n" * (LONGEST_HINT // 2)))
        await pilot.press("enter")
        await settled(app, pilot)
        assert asked[1:] == [(ORDERS, " ".join("a" * (LONGEST_HINT // 2)))]


def test_a_choice_is_what_was_seen(session: Session, drafted: Suggestions) -> None:  # noqa: F811
    from catalog.choice import Choices
    from catalog.workspace import Workspace

    with Workspace(session.settings.workspace) as workspace:
        choices = Choices(workspace, session.database_id)
        choice = choices.to_accept(Scope(tables=[TableId("sales", "orders")]))
        drafted.reject([drafted.of_table(ORDERS)[STATUS]])
        drafted.decisions.undo()  # pending again, but somebody had it in hand
        batch = drafted.accept_chosen(choice)
        assert batch.count == len(choice) - 1
        assert state(drafted, STATUS)[0] is State.PENDING


async def test_a_large_decision_and_its_undo_run_beside_the_screen(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.app.deciding.AT_ONCE", 3)
    waiting = count(drafted, State.PENDING)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("y")
        await until(pilot, lambda: count(drafted, State.ACCEPTED) == waiting)
        await settled(app, pilot)
        await pilot.press("u")
        await until(pilot, lambda: count(drafted, State.PENDING) == waiting)
        await settled(app, pilot)
        messages = [each.message for each in app._notifications]
        assert f"Undone: accepted {waiting} ({waiting})." in messages


async def test_what_is_undecided_far_away_is_looked_for_beside_the_screen(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 100,000 tables each was asked for by itself, and no key was heard."""
    threads: list[threading.Thread] = []
    tables = Suggestions.tables

    def noted(suggestions: Suggestions) -> list[TableId]:
        threads.append(threading.current_thread())
        return tables(suggestions)

    monkeypatch.setattr(Suggestions, "tables", noted)
    monkeypatch.setattr(review_list, "NEAR", 1)
    for near in (ORDERS, ORDERS._replace(name="open_orders")):
        drafted.reject(drafted.of_table(near).values())
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        threads.clear()
        await pilot.press("N")
        await until(pilot, lambda: screen._here != ORDERS)
        assert screen._line is not None
        assert screen._line.undecided
        for table in tables(drafted):
            drafted.reject(drafted.of_table(table).values())
        await pilot.press("r", "n")
        await until(pilot, lambda: len(app._notifications) > 0)
        await settled(app, pilot)
        told = [each.message for each in app._notifications]
        assert "Nothing is left to decide in these tables. w writes." in told
    assert threads
    assert threading.main_thread() not in threads


async def test_one_text_for_thousands_is_staged_beside_the_screen(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is compared with its draft."""
    threads: list[threading.Thread] = []
    say = Suggestions.say_of_all

    def noted(*arguments: Any, **options: Any) -> Batch:
        threads.append(threading.current_thread())
        return say(*arguments, **options)

    monkeypatch.setattr(Suggestions, "say_of_all", noted)
    monkeypatch.setattr(deciding, "EDITED_AT_ONCE", 0)
    connection = duckdb.connect(str(shop))
    connection.execute("CREATE TABLE sales.more (status VARCHAR)")
    connection.close()
    async with opened(settings, shop) as (app, pilot):
        there = make_target("sales", "more", "status")
        drafted.put([(Draft(there, "Another one.", Source.MODEL, 0.5), None)])
        screen = await to_orders(app, pilot)
        names = [line.target.name for line in screen._lines]
        await pilot.press(*"j" * names.index("status"), "c")
        await until(pilot, lambda: isinstance(app.screen, SameNameScreen))
        await settled(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        assert state(drafted, STATUS)[0] is State.ACCEPTED
    assert threads
    assert threading.main_thread() not in threads
