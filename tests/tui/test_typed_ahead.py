"""Keys and clicks that come faster than screens do; each ended the app once."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import ClassVar

import pytest
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.command import CommandList
from textual.geometry import Offset, Size
from textual.keys import _character_to_key
from textual.notifications import Notification
from textual.pilot import Pilot
from textual.screen import Screen
from textual.selection import Selection
from textual.widget import Widget
from textual.widgets import Input, TextArea
from textual.widgets._toast import Toast

from catalog.objects import make_target
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import Suggestions
from tests.conftest import comments
from tests.tui import test_pilot
from tests.tui.test_figures import decided, to_figures
from tests.tui.test_pilot import (
    ORDERS,
    STATUS,
    drafted,
    opened,
    state,
    store,
    to_orders,
    until,
)
from tui.app.app import ColumnistApp
from tui.app.in_order import InOrder
from tui.app.palette import Palette
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import APART_SECONDS, READ_SECONDS, ConfirmModal
from tui.app.screens.facets import FacetModal
from tui.app.screens.help import HelpModal
from tui.app.screens.password import PasswordAnswer, PasswordModal
from tui.app.screens.review import ReviewScreen
from tui.app.screens.rule import RuleModal
from tui.app.screens.write import WriteScreen
from tui.app.widgets.row_list import RowList
from tui.flow.session import Session
from tui.flow.settings import Settings

__all__ = ["decided", "drafted", "store"]  # fixtures

TOTAL = make_target("sales", "orders", "total_amount")


def send(app: ColumnistApp, *keys: str) -> None:
    """Keys in one go, as a terminal hands over what was typed meanwhile."""
    assert app._driver is not None
    for key in keys:
        character = key if len(key) == 1 else None
        named = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        app._driver.process_message(events.Key(named, character))


async def settled(app: ColumnistApp, pilot: Pilot[None]) -> None:
    """All keys are taken, however busy the machine, and what they began is done."""
    await pilot.pause(0.05)
    await until(pilot, lambda: app._taking is None or app._taking.done())
    await test_pilot.settled(app, pilot)


async def test_a_filter_typed_while_the_review_opens_is_not_lost(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """The field was looked for before it was there."""
    async with opened(settings, shop) as (app, pilot):
        send(app, "enter", "slash", "o")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        assert app.screen.query_one(Input).has_class("-open")
        assert app.screen.query_one(Input).value == "o"


async def test_keys_typed_after_the_last_answer_end_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """They looked for screens that were gone, and quitting showed a traceback."""
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        send(app, "y", "A", "/", "enter", "j")
        async with asyncio.timeout(30):
            while not app._exit:
                await asyncio.sleep(0)
    assert app._exception is None
    assert app.fatal is None


async def test_enter_twice_opens_a_database_once(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """The second time closed what the first had opened, under its screen."""
    app = ColumnistApp(settings, None)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        picker = app.screen
        rows = picker.query_one(RowList)
        for _ in range(3):
            picker.post_message(RowList.Chosen(rows, 0))
            await asyncio.sleep(0.01)
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        assert sum(isinstance(s, CatalogScreen) for s in app.screen_stack) == 1
        assert app.session is not None
        assert app.session.snapshot.summaries()
        app.close_session()
    assert app.fatal is None


async def test_enter_twice_lists_by_one_facet_and_closes_one_screen(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """The second closed the catalog too."""
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, FacetModal))
        modal = app.screen
        rows = modal.query_one(RowList)
        modal.post_message(RowList.Chosen(rows, 0))
        modal.post_message(RowList.Chosen(rows, 0))
        await settled(app, pilot)
        assert isinstance(app.screen, CatalogScreen)


async def test_a_row_chosen_from_a_list_that_became_shorter_opens_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        tables = app.screen.query_one("#tables", RowList)
        tables.post_message(RowList.Chosen(tables, 99))
        await settled(app, pilot)
        assert isinstance(app.screen, CatalogScreen)


async def test_a_row_chosen_while_the_database_is_closed_opens_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """The review asked a closed workspace, which ended the app."""
    async with opened(settings, shop) as (app, pilot):
        tables = app.screen.query_one("#tables", RowList)
        tables.post_message(RowList.Chosen(tables, 0))
        app.close_session()
        await settled(app, pilot)
        assert isinstance(app.screen, CatalogScreen)
    assert app.fatal is None


async def test_enter_twice_opens_one_review(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        tables = app.screen.query_one("#tables", RowList)
        tables.post_message(RowList.Chosen(tables, 0))
        tables.post_message(RowList.Chosen(tables, 0))
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        assert sum(isinstance(s, ReviewScreen) for s in app.screen_stack) == 1


async def test_a_database_that_opens_closes_what_is_over_the_picker(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """The help came up again when the database was left."""
    app = ColumnistApp(settings, None)
    async with app.run_test(size=(120, 40)) as pilot:
        picker = app.screen
        await app.push_screen(HelpModal("Over it", "", []))
        picker.post_message(RowList.Chosen(picker.query_one(RowList), 0))
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        names = [type(screen).__name__ for screen in app.screen_stack]
        assert names == ["Screen", "PickerScreen", "CatalogScreen"]
        app.close_session()


async def test_a_click_on_an_option_that_is_gone_chooses_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        commands = app.screen.query_one(CommandList)
        style = Style(meta={"option": 999})
        click = events.Click(None, 1, 1, 0, 0, 1, False, False, False, style=style)
        await commands._on_click(click)
        assert isinstance(app.screen, Palette)


async def test_a_click_beyond_the_palette_of_a_smaller_terminal_does_nothing(
    settings: Settings,
) -> None:
    """It was made before the terminal shrank, and ended the app."""
    app = ColumnistApp(settings, None)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p")
        click = events.Click(None, 9, 50, 0, 0, 1, False, False, False, 9, 50)
        app.screen.post_message(click)
        await pilot.pause()
        assert isinstance(app.screen, Palette)


async def test_a_page_down_in_a_palette_without_lines_does_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        palette = app.screen
        assert isinstance(palette, Palette)
        commands = palette.query_one(CommandList)
        await until(pilot, lambda: commands.option_count > 0)
        commands.highlighted = 0
        commands.styles.display = "none"
        await pilot.pause()
        palette._action_command_list("page_down")


async def test_a_search_in_a_palette_that_goes_with_the_app_ends_nothing(
    settings: Settings,
) -> None:
    """It is on top to the end, and its list goes before it."""
    app = ColumnistApp(settings, None)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        palette = app.screen
        assert isinstance(palette, Palette)
        await palette.query_one(CommandList).remove()
        await palette._gather_commands("theme").wait()


async def test_enter_twice_in_the_palette_does_it_once(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """The second enter closed the screen below, or ended the app."""
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        palette = app.screen
        await pilot.press(*"coverage")
        await settled(app, pilot)
        box = palette.query_one(Input)
        commands = palette.query_one(CommandList)
        await until(pilot, lambda: commands.option_count > 0)
        await pilot.press("down")
        for _ in range(3):
            palette.post_message(Input.Submitted(box, box.value))
        await settled(app, pilot)
        names = [type(screen).__name__ for screen in app.screen_stack]
        assert names == ["Screen", "PickerScreen", "CatalogScreen", "FiguresScreen"]


async def test_the_palette_opens_once_also_from_a_screen_over_it(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """Two of them had the same id."""
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await app.push_screen(HelpModal("Over it", "", []))
        await pilot.press("ctrl+p")
        await settled(app, pilot)
        assert sum(isinstance(screen, Palette) for screen in app.screen_stack) == 1


async def test_a_double_click_on_a_notification_only_closes_it(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """The second click met a widget that had no place any more."""
    app = ColumnistApp(settings, f"duckdb:///{shop}")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        app.notify("Look.", severity="warning", timeout=60)
        await until(pilot, lambda: bool(app.screen.query(Toast)))
        await until(
            pilot, lambda: any(t.region.area > 0 for t in app.screen.query(Toast))
        )
        toast = next(t for t in app.screen.query(Toast) if t.region.area > 0)
        x, y = toast.region.offset
        toast.remove()
        event = events.MouseDown(None, x, y, 0, 0, 1, False, False, False, x, y)
        await app.on_event(event)
        await settled(app, pilot)
        assert isinstance(app.screen, CatalogScreen)
        app.close_session()


async def test_sizes_that_follow_each_other_quickly_come_to_an_end(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two sizes under way in a screen below another followed each other for ever."""
    async with opened(settings, shop) as (app, pilot):
        below = app.screen
        await app.push_screen(HelpModal("Over it", "", []))
        await pilot.pause()
        laid_out = 0
        lay_out = below._refresh_layout

        def counted(size: Size | None = None, scroll: bool = False) -> None:
            nonlocal laid_out
            laid_out += 1
            lay_out(size, scroll)

        monkeypatch.setattr(below, "_refresh_layout", counted)
        with app.batch_update():  # as while a screen comes or goes
            for size in (Size(90, 30), Size(100, 35)):
                below.post_message(events.Resize(size, size))
                below.call_later(lambda: None)
            await asyncio.sleep(1)
        assert laid_out < 10


async def test_the_charts_take_the_terminals_own_colours(
    settings: Settings, shop: Path, decided: Session
) -> None:
    """A theme of them, chosen in the palette, ended the app on the figures."""
    async with opened(settings, shop) as (app, pilot):
        app.theme = next(name for name in app.available_themes if "ansi" in name)
        await to_figures(app, pilot)
        assert app._exception is None


async def test_a_notification_that_expired_before_it_was_drawn_goes_away(
    settings: Settings,
) -> None:
    """Its timer was set for the past, and counted up for ever: nothing else ran."""

    def frozen(*_: object) -> None:
        raise TimeoutError

    app = ColumnistApp(settings, None)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        toast = Toast(Notification("Late.", timeout=-0.5))
        signal.signal(signal.SIGALRM, frozen)
        signal.alarm(20)
        try:
            await app.screen.mount(toast)
            await until(pilot, lambda: not toast.is_attached)
        finally:
            signal.alarm(0)


@pytest.mark.parametrize("text", ["", "one", "one\ntwo"])
async def test_a_selection_of_what_is_gone_copies_nothing(
    settings: Settings, text: str
) -> None:
    """It began below the last line of what the screen showed by then."""
    ColumnistApp(settings, None)  # which mends it
    below = Selection(Offset(3, 7), Offset(9, 7))
    assert below.extract(text) == ""
    assert Selection(Offset(1, 0), Offset(3, 0)).extract("one") == "ne"


@pytest.mark.parametrize("opens", ["slash", "e", "T"])
async def test_letters_typed_while_a_field_opens_are_no_commands(
    settings: Settings, shop: Path, drafted: Suggestions, opens: str
) -> None:
    """Two suggestions were decided on by what was meant for the filter."""
    before = [each.state for each in drafted.all()]
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        send(app, opens, *"aRrxA")
        await settled(app, pilot)
        field = app.screen.focused
        typed = field.text if isinstance(field, TextArea) else field.value  # type: ignore[union-attr]
        assert typed.endswith("aRrxA")
        assert [each.state for each in drafted.all()] == before
        app._driver.process_message(events.Paste(" too"))  # type: ignore[union-attr]
        send(app, "escape", "j")
        await settled(app, pilot)
        assert isinstance(app.screen, ReviewScreen)
        assert app.screen._target == app.screen._lines[1].target


async def test_what_is_pasted_waits_for_its_field(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        send(app, "slash", "o")
        app._driver.process_message(events.Paste("rders"))  # type: ignore[union-attr]
        send(app, "backspace", "enter", "j")
        await settled(app, pilot)
        assert app.screen.query_one(Input).value == "order"


async def test_letters_do_not_overtake_what_a_field_does_itself(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """Backspace went up to the app and came back after what was typed next."""
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("slash")
        send(app, *"oxe", "backspace", "backspace", *"rd", "home", "delete", "end", "s")
        await settled(app, pilot)
        assert app.screen.query_one(Input).value == "rds"
        await pilot.press("escape")
        await to_orders(app, pilot)
        await pilot.press("e", "home")
        send(app, "x", "backspace", *"So: ", "end", "backspace", "!", "enter")
        await settled(app, pilot)
        assert state(drafted, ORDERS) == (State.EDITED, "So: About orders!")


async def test_enter_does_not_overtake_the_number_of_a_rule(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    sure = [(STATUS, 0.9), (ORDERS, 0.5), (TOTAL, 0.41)]
    drafted.put(
        (Draft(target, "Sure.", Source.RULES, number), None) for target, number in sure
    )
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, RuleModal))
        send(app, "backspace", "6", "0", "enter")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        assert isinstance(app.screen, AcceptModal)
        assert len(app.screen.choice) == 1


async def test_enter_does_not_overtake_a_password(settings: Settings) -> None:
    app = ColumnistApp(settings, None)
    answers: list[PasswordAnswer | None] = []
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.push_screen(PasswordModal("shop", can_keep=False), answers.append)
        await until(pilot, lambda: isinstance(app.screen, PasswordModal))
        send(app, *"secrex", "backspace", "t", "enter", "enter")
        await until(pilot, lambda: bool(answers))
        await pilot.pause()
    assert answers == [PasswordAnswer("secret")]


async def test_enter_does_not_overtake_a_drop(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """What was dropped a moment before was written."""
    orders = drafted.of_table(ORDERS)
    drafted.accept([orders[ORDERS], orders[STATUS]])
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        send(app, "g", "d", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await settled(app, pilot)
        app.close_session()
    assert ("sales", "orders", None) not in comments(shop)
    assert comments(shop)["sales", "orders", "status"] == "About status."


async def asked_by_enter(app: ColumnistApp, pilot: Pilot[None]) -> None:
    """The question whether to write, opened by enter."""
    await pilot.press("w")
    await until(pilot, lambda: isinstance(app.screen, WriteScreen))
    await settled(app, pilot)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
    await pilot.pause()


async def test_enter_typed_before_its_question_was_there_answers_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    drafted.accept(list(drafted.of_table(ORDERS).values()))
    before = comments(shop)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        send(app, *["enter"] * 6)
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await settled(app, pilot)
        await asyncio.sleep(READ_SECONDS + 2 * APART_SECONDS)
        assert isinstance(app.screen, ConfirmModal)
        app.close_session()
    assert comments(shop) == before


async def test_a_key_that_is_held_down_answers_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """Enter asks; held on, it is repeated over a question that nobody has read."""
    drafted.accept(list(drafted.of_table(ORDERS).values()))
    before = comments(shop)
    async with opened(settings, shop) as (app, pilot):
        await asked_by_enter(app, pilot)
        await asyncio.sleep(READ_SECONDS + 0.1)
        for _ in range(20):
            send(app, "enter")
            await asyncio.sleep(0.033)
        await asyncio.sleep(3 * APART_SECONDS)
        assert isinstance(app.screen, ConfirmModal)
        assert comments(shop) == before
        send(app, "enter")  # one press of its own
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        app.close_session()
    assert len(comments(shop)) > len(before)


async def test_enter_answers_only_where_enter_asked(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await asyncio.sleep(READ_SECONDS + 0.1)
        await pilot.press("enter")
        await asyncio.sleep(2 * APART_SECONDS)
        assert isinstance(app.screen, ConfirmModal)
        assert not app._exit
        app.close_session()


class Opening(Widget, can_focus=True):
    """Opens a screen while a key is on its way up, as what ends in a thread does."""

    async def on_key(self) -> None:
        await self.app.push_screen(Opened())


class Opened(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("y", "do", "Do")]

    def action_do(self) -> None:
        self.app.exit(return_code=1)


class Overtaken(InOrder):
    def compose(self) -> ComposeResult:
        yield Opening()


async def test_a_key_is_not_for_a_screen_that_opened_while_it_was_on_its_way() -> None:
    """`y` in the catalog copied in a review that was not drawn yet, which ended it."""
    app = Overtaken()
    async with app.run_test() as pilot:
        await pilot.press("y")
        assert isinstance(app.screen, Opened)
        assert app.return_code is None
        await pilot.press("y")
        await pilot.pause()
    assert app.return_code == 1
