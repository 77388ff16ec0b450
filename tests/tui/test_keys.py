"""Keys that are pressed less often; `--unpressed` says which none of the tests has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.containers import VerticalScroll
from textual.widgets import Label

from catalog.stopping import Stop
from catalog.suggestion import Source, State, Wording
from catalog.suggestions import Suggestions
from tests.tui import test_many, test_pilot
from tests.tui.test_pilot import (
    ORDERS,
    STATUS,
    opened,
    settled,
    state,
    to_orders,
    until,
)
from tui.app.app import ColumnistApp
from tui.app.screens import questions, same_name
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.inspect import InspectModal
from tui.app.screens.picker import PickerScreen
from tui.app.screens.questions import QuestionsScreen
from tui.app.screens.review import ReviewScreen
from tui.app.screens.rule import RuleModal
from tui.app.screens.same_name import SameNameScreen
from tui.app.screens.write import WriteScreen
from tui.app.widgets.row_list import RowList
from tui.flow import drafting, terms
from tui.flow.same_name import compared
from tui.flow.settings import Settings

store = test_pilot.store
drafted = test_pilot.drafted
copies = test_many.copies


def states(store: Suggestions) -> list[State]:
    return [each.state for each in store.all()]


async def test_q_in_the_picker_asks_before_it_quits(settings: Settings) -> None:
    app = ColumnistApp(settings, None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        assert app._exit


async def test_pages_move_by_what_is_seen(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        tables = app.screen.query_one("#tables", RowList)
        await pilot.press("g", "pagedown")
        assert tables.cursor == len(tables.found) - 1
        await pilot.press("pageup")
        assert tables.cursor == 0


async def test_undo_and_redo_in_the_catalog(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    waiting = states(drafted)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("A", "y")
        await settled(app, pilot)
        accepted = states(drafted)
        assert State.ACCEPTED in accepted
        await pilot.press("u")
        await settled(app, pilot)
        assert states(drafted) == waiting
        await pilot.press("U")
        await settled(app, pilot)
        assert states(drafted) == accepted


async def test_a_rule_that_is_left_accepts_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    waiting = states(drafted)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, RuleModal))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
    assert states(drafted) == waiting


@pytest.mark.parametrize(
    ("script", "staged"),
    [
        ('printf "By hand.\\n" > "$1"', (State.EDITED, "By hand.")),
        (": nothing", (State.PENDING, "About orders.")),
        ('printf "Half." > "$1"; exit 1', (State.PENDING, "About orders.")),
        ('printf "" > "$1"', (State.PENDING, "About orders.")),
        ('printf "\\377" > "$1"', (State.PENDING, "About orders.")),
    ],
    ids=["saved", "unchanged", "failed", "emptied", "not UTF-8"],
)
async def test_the_editor_outside_stages_what_it_saved(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    staged: tuple[State, str],
) -> None:
    editor = tmp_path / "an editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", f"'{editor}'")
    monkeypatch.setattr(App, "suspend", lambda self: nullcontext())
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("E")
        assert state(drafted, ORDERS) == staged


async def test_alt_enter_is_a_new_line_and_enter_saves(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("e", "alt+enter", *"More", "enter")
        assert state(drafted, ORDERS) == (State.EDITED, "About orders.\nMore")


@pytest.mark.parametrize("number", range(1, 6))
async def test_a_number_stages_that_alternative(
    settings: Settings, shop: Path, drafted: Suggestions, number: int
) -> None:
    texts = [Wording(f"Wording {place}.", Source.MODEL) for place in range(1, 5)]
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        screen._alternatives[ORDERS] = texts
        await pilot.press(str(number))
        picked = (State.ACCEPTED, f"Wording {number}.")
        waits = (State.PENDING, "About orders.")  # there is no fifth
        assert state(drafted, ORDERS) == (picked if number < 5 else waits)


async def test_drafting_a_table_stops_in_its_review_and_goes_on(
    settings: Settings,
    shop: Path,
    tmp_path: Path,
    store: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = tmp_path / "broken.gguf"  # rules draft one after the other
    broken.write_bytes(b"GGUF" + b"\xff" * 99)
    draft, slowly = drafting.draft, True

    def one(*given: Any, stop: Stop, **options: Any) -> Iterator[Any]:
        for each in draft(*given, stop=stop, **options):
            yield each
            while slowly and not stop():
                time.sleep(0.01)

    monkeypatch.setattr(drafting, "draft", one)
    async with opened(replace(settings, model=str(broken)), shop) as (app, pilot):
        await pilot.press("G", "enter")  # opening it drafts what it lacks
        await until(pilot, lambda: len(store.all()) == 1)
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await pilot.press("s")
        await settled(app, pilot)
        assert len(store.all()) == 1
        slowly = False
        await pilot.press("d")
        await settled(app, pilot)
        assert {each.target for each in store.all()} == {
            line.target for line in screen._lines
        }


async def test_y_copies_a_description_and_a_statement(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("y")
        assert app.clipboard == "About orders."
        await pilot.press("a", "w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        await pilot.press("y")
        assert app.clipboard == (
            'COMMENT ON TABLE "sales"."orders" IS \'About orders.\''
        )


async def test_looking_at_namesakes_stops_and_leaves_the_others_out(
    settings: Settings,
    shop: Path,
    copies: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def one(*given: Any, stop: Stop) -> Iterator[Any]:
        found = compared(*given, stop=stop)
        yield next(found)
        while not stop():
            time.sleep(0.01)
        yield from found

    monkeypatch.setattr(same_name, "compared", one)
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        names = [line.target.name for line in screen._lines]
        await pilot.press(*"j" * names.index("status"), "c")
        await until(pilot, lambda: isinstance(app.screen, SameNameScreen))
        same = app.screen
        assert isinstance(same, SameNameScreen)
        await until(pilot, lambda: any(e.differs == "" for e in same._found))
        await pilot.press("s")
        await until(pilot, lambda: not same.runs("look"))
        assert [each.differs for each in same._found].count(None) == 2
        assert len(same._taken()) == 1
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    assert state(drafted, STATUS) == (State.PENDING, "About status.")


async def test_what_is_long_is_scrolled(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    for _ in range(20):
        drafted.reject([drafted.of_table(ORDERS)[ORDERS]])
        drafted.decisions.undo()
    async with opened(settings, shop, size=(80, 24)) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, InspectModal))
        await settled(app, pilot)
        room = app.screen.query_one(VerticalScroll)
        await pilot.press("j", "j", "down")
        assert room.scroll_offset.y == 3
        await pilot.press("k", "up")
        assert room.scroll_offset.y == 1


async def test_looking_through_names_stops_with_what_it_has(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    census = terms.census

    def slow(*given: Any, read: Callable[[int], None], stop: Stop) -> object:
        def reading(tables: int) -> None:
            read(tables)
            if tables == 2:
                while not stop():
                    time.sleep(0.01)

        return census(*given, read=reading, stop=stop)

    monkeypatch.setattr(questions, "census", slow)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("Q")
        await until(pilot, lambda: isinstance(app.screen, QuestionsScreen))
        screen = app.screen
        assert isinstance(screen, QuestionsScreen)
        await until(pilot, lambda: screen._read == 2)
        await pilot.press("s")
        await settled(app, pilot)
        assert screen._census is not None
        assert screen._census.tables == 2
        assert "stopped after 2 tables" in str(
            screen.query_one("#head", Label).render()
        )
