"""Palette, hints, themes, places: what makes a day in the app bearable."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.screen import ModalScreen, Screen
from textual.widgets import Label

from catalog.suggestion import State
from catalog.suggestions import Suggestions
from tests.tui.test_docs import screens
from tests.tui.test_looks import STATES, Stage, prepare
from tests.tui.test_pilot import (  # noqa: F401  # fixtures
    ORDERS,
    drafted,
    opened,
    settled,
    store,
    to_orders,
    until,
)
from tui.app.app import ColumnistApp
from tui.app.palette import KeyCommands
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.facets import FacetModal
from tui.app.screens.review import ReviewScreen
from tui.app.screens.too_small import TooSmallModal
from tui.app.screens.write import WriteScreen
from tui.app.theme import THEMES
from tui.app.widgets.keys_line import KeysLine
from tui.flow.settings import Settings

REACHED = {
    "picker_saved": "PickerScreen",
    "catalog_all": "CatalogScreen",
    "review_pending": "ReviewScreen",
    "same_name": "SameNameScreen",
    "sample": "SampleScreen",
    "questions": "QuestionsScreen",
    "write_plan": "WriteScreen",
    "figures_data": "FiguresScreen",
    "sign_off": "SignOffScreen",
}
"""Every screen that is no question, by a state that shows it."""


async def palette(screen: Screen[object]) -> set[str]:
    return {str(hit.text) async for hit in KeyCommands(screen).discover()}


def named(screen: Screen[object]) -> set[str]:
    own = type(screen).BINDINGS
    return {b.tooltip or b.description for b in own}  # type: ignore[union-attr]


async def test_the_palette_has_every_action_and_runs_it(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        assert named(app.screen) <= await palette(app.screen)
        await to_orders(app, pilot)
        assert named(app.screen) <= await palette(app.screen)
        await pilot.press("ctrl+p")
        await pilot.pause(0.3)
        await pilot.press(*"reject and go on")
        await pilot.pause(0.6)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.pause(0.2)
        assert drafted.of_table(ORDERS)[ORDERS].state is State.REJECTED
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        assert named(app.screen) <= await palette(app.screen)


@pytest.mark.parametrize("name", REACHED)
async def test_the_palette_has_every_action_of_every_screen(
    name: str, settings: Settings, shop: Path
) -> None:
    app = ColumnistApp(settings, prepare(name, settings, shop))
    async with app.run_test(size=(120, 40)) as pilot:
        stage = Stage(app, pilot)
        if not name.startswith("picker"):
            await stage.reach(CatalogScreen)
        await STATES[name](stage)
        await settled(app, pilot)
        assert type(app.screen) is screens()[REACHED[name]]
        assert named(app.screen) <= await palette(app.screen)
        app.close_session()


def test_no_screen_is_without_a_palette() -> None:
    """Questions have none: their keys stand below them."""
    whole = {n for n, each in screens().items() if not issubclass(each, ModalScreen)}
    assert whole == set(REACHED.values())


async def test_a_question_can_be_left_for_good(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    """Its keys are all there are, but for the one that quits."""
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("f", "ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, FacetModal))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        assert app._exit


async def test_a_terminal_that_is_too_small_can_be_left(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: isinstance(app.screen, TooSmallModal))
        await pilot.press("ctrl+q")
        assert app._exit


async def test_hints_are_given_once(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    def told(app: ColumnistApp) -> list[str]:
        return [n.message for n in app._notifications if "enter opens" in n.message]

    async with opened(settings, shop) as (app, _):
        assert told(app)
    async with opened(settings, shop) as (app, _):
        assert not told(app)


async def test_the_app_goes_on_where_it_was_left(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("j", "j", "ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
    app = ColumnistApp(settings, f"duckdb:///{shop}")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert screen._here == ORDERS
        assert screen._target == screen._lines[2].target
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
    app.close_session()
    async with opened(settings, shop) as (app, pilot):
        assert isinstance(app.screen, CatalogScreen)
        here = app.screen._rows.here
        assert here is not None
        assert here.id == ORDERS


@pytest.mark.parametrize("name", [theme.name for theme in THEMES])
async def test_a_theme_is_kept(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    name: str,
) -> None:
    async with opened(settings, shop) as (app, pilot):
        app.theme = name
        await pilot.pause()
    async with opened(settings, shop) as (app, _):
        assert app.theme == name


async def test_questions_name_the_keys_that_are_bound(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    keys = settings.connections.with_name("keys.toml")
    keys.parent.mkdir(parents=True, exist_ok=True)
    keys.write_text('"confirm.yes" = "j"\n"facets.clear" = "z"\n')
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.pause()
        line = app.screen.query(KeysLine).last(Label)
        assert str(line.render()) == "j yes   n no"
        await pilot.press("n", "f")
        await until(pilot, lambda: isinstance(app.screen, FacetModal))
        await pilot.pause()
        assert "z none" in str(app.screen.query_one(KeysLine).render())


async def test_questions_are_answered_with_the_mouse_too(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.pause()
        await pilot.click(KeysLine, offset=(1, 0))
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
    assert drafted.all(states=[State.PENDING]) == []
