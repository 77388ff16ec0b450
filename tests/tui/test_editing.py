"""Editing a description: names completed, the glossary at hand, style marked."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from textual.pilot import Pilot
from textual.widgets import Label

from catalog.addresses import DatabaseIdentity
from catalog.glossary import GlossaryFile
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from tests.tui import test_pilot
from tests.tui.test_pilot import ORDERS, opened, settled, state, to_orders, until
from tui.app.app import ColumnistApp
from tui.app.screens.review import ReviewScreen
from tui.app.widgets.description_editor import _Text
from tui.flow.settings import Settings

store = test_pilot.store
drafted = test_pilot.drafted


def told(app: ColumnistApp, which: str = "#told") -> str:
    return str(app.screen.query_one(f"DescriptionEditor {which}", Label).render())


def ghost(app: ColumnistApp) -> str:
    return app.screen.query_one(_Text).suggestion


async def typed(app: ColumnistApp, pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(app, pilot)


async def test_tab_takes_the_name_of_a_column_of_this_table_first(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await typed(app, pilot, "e", "space", *"or")
        assert ghost(app) == "der_id"
        assert "order_id" in told(app)
        assert "orders" in told(app)
        await typed(app, pilot, *"der_d")
        assert ghost(app) == "ate"
        await typed(app, pilot, "tab", "space", *"STA", "tab", "enter")
        assert state(drafted, ORDERS) == (
            State.EDITED,
            "About orders. order_date status",
        )


async def test_what_was_typed_is_undone_and_done_again(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
) -> None:
    """ctrl+z, which did that, is the terminal's."""
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("e", "end", "x", "y")
        editor = app.screen.query_one(_Text)
        assert editor.text == "About orders.xy"
        await pilot.press("ctrl+underscore")
        assert editor.text == "About orders."
        await pilot.press("ctrl+y")
        assert editor.text == "About orders.xy"
        await pilot.press("ctrl+z")
        assert editor.text == "About orders.xy"
        assert "shell" in [note.message for note in app._notifications][-1]


async def test_ctrl_space_takes_the_name_of_a_table_elsewhere(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await typed(app, pilot, "e", "space", *"ZZ")
        assert ghost(app) == "9"
        await typed(app, pilot, "ctrl+@", "enter")
        assert state(drafted, ORDERS) == (State.EDITED, "About orders. zz9")


async def test_nothing_is_completed_inside_a_word_and_right_only_moves(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await typed(app, pilot, "e", *" status", "left", "left")
        assert ghost(app) == ""
        await typed(app, pilot, "tab", "right", "right", "backspace")
        assert ghost(app) == "s"
        await typed(app, pilot, "right", "enter")
        assert state(drafted, ORDERS) == (State.EDITED, "About orders. statu")


async def test_names_with_controls_are_not_offered(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "hostile.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE TABLE "qx\x1b[2J" ("qxa\x1b]0;t" INTEGER)')
        connection.execute('CREATE TABLE "qx[red]" ("[bold]qx" INTEGER)')
    async with opened(settings, path) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        await typed(app, pilot, "e", *" qx")
        assert ghost(app) == "[red]"
        lines = "\n".join(s.text for s in app.screen._compositor.render_strips())
        assert "tab: qx[red]" in lines
        assert "\x1b" not in lines


async def test_a_hostile_text_is_edited_without_reaching_the_terminal(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    hostile = "[red]x\x1b[2Jy\u202ez"
    drafted.put([(Draft(ORDERS, hostile, Source.MODEL, 0.5), None)])
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await typed(app, pilot, "e", "end")
        lines = "\n".join(s.text for s in app.screen._compositor.render_strips())
        assert "[red]x" in lines
        assert not {"\x1b", "\u202e"} & set(lines)
        await typed(app, pilot, "!", "enter")
        assert state(drafted, ORDERS) == (State.EDITED, f"{hostile}!")


async def test_ctrl_g_tells_what_the_glossary_says(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    file = GlossaryFile(settings.workspace.with_name("glossary.csv"))
    file.answer("RPID", "rate plan [red]\x1b[2J")
    file.answer("orders", "purchases", scope="sales")
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await typed(app, pilot, "e", *" cust_rpid", "ctrl+g")
        assert "RPID: rate plan [red]␛[2J" in told(app)
        await typed(app, pilot, *" x", "ctrl+g")
        assert "orders: purchases" in told(app)
        file.path.write_text("term\n")
        await typed(app, pilot, "ctrl+g")
        assert "glossary.csv:1" in told(app)
        file.path.unlink()
        await typed(app, pilot, *" acct", "ctrl+g")
        assert "The glossary has no acct. It is read as account." in told(app)
        await pilot.press("escape")
    assert state(drafted, ORDERS)[0] is State.PENDING


async def test_style_is_marked_live_and_in_the_details_and_blocks_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    style = settings.connections.with_name("style.toml")
    style.parent.mkdir(parents=True, exist_ok=True)
    style.write_text('min_length = 20\nbanned_words = ["[red]"]\n')
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        drawn = "".join(strip.text for strip in screen._compositor.render_strips())
        assert "style: shorter than 20 characters" in drawn
        await typed(app, pilot, "e", *" [red]")
        assert "says \u201c[red]\u201d" in told(app, "#counted")
        await typed(app, pilot, *" and more of it")
        assert "shorter" not in told(app, "#counted")
        await pilot.press("enter")
    assert state(drafted, ORDERS) == (
        State.EDITED,
        "About orders. [red] and more of it",
    )


async def test_a_mistake_in_the_style_is_said_and_the_review_goes_on(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    style = settings.connections.with_name("style.toml")
    style.parent.mkdir(parents=True, exist_ok=True)
    style.write_text("min_length = []\n")
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        said = [note.message.split("\n")[0] for note in app._notifications]
        assert "style.toml: min_length must be a whole number, 0 or above." in said
        await pilot.press("a")
    assert state(drafted, ORDERS)[0] is State.ACCEPTED


@pytest.fixture
def snapshot(workspace: Workspace) -> Snapshot:
    number = workspace.database(DatabaseIdentity("a", "a"), url="a")
    return Snapshot(workspace, number)


def test_tables_are_found_by_the_beginning_of_their_names(
    snapshot: Snapshot, workspace: Workspace
) -> None:
    names = ["Orders", "order_items", "ORDERZ", "ordez", "ord{", "zz", "üx", "100%"]
    ids = [TableId("s", name) for name in names] + [TableId("b", "Orders")]
    snapshot.save(
        [
            Table(each, TableKind.TABLE, (Column(ColumnId(each, "a"), 1, "INT"),))
            for each in ids
        ],
        scan=snapshot.begin(),
    )
    assert snapshot.named("order", limit=9) == ["order_items", "Orders", "ORDERZ"]
    assert snapshot.named("ORDER", limit=2) == ["order_items", "Orders"]
    assert snapshot.named("Ü", limit=9) == []  # SQLite folds ASCII alone
    assert [snapshot.named(each, limit=9) for each in ("ü", "zz", "1", "%", "")] == [
        ["üx"],
        ["zz"],
        ["100%"],
        [],
        [],
    ]
    other = workspace.database(DatabaseIdentity("b", "b"), url="b")
    assert Snapshot(workspace, other).named("order", limit=9) == []
