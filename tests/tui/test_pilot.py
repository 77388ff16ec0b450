"""Keys in the app, and what is then in the workspace and in the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from catalog.errors import ColumnistError
from catalog.objects import TableId, Target, make_target
from catalog.suggestion import Draft, Finding, Source, State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import identify
from tests.conftest import comments
from tests.tui.review import go, heading, names
from tui.app.app import ColumnistApp
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.help import HelpModal
from tui.app.screens.picker import PickerScreen
from tui.app.screens.reason import REASONS
from tui.app.screens.review import ReviewScreen
from tui.app.screens.too_small import TooSmallModal
from tui.app.screens.write import WriteScreen
from tui.app.widgets.description_editor import DescriptionEditor
from tui.app.widgets.row_list import RowList
from tui.flow import draft_plan, scanning
from tui.flow.connections import Connections
from tui.flow.session import Session
from tui.flow.settings import Settings

ORDERS = TableId("sales", "orders")
STATUS = make_target("sales", "orders", "status")


@pytest.fixture
def store(settings: Settings, shop: Path) -> Iterator[Suggestions]:
    """The suggestions that the app will see, from another connection."""
    identity = identify(f"duckdb:///{shop}")
    with Workspace(settings.workspace) as workspace:
        number = workspace.database(identity, url=f"duckdb:///{shop}")
        yield Suggestions(workspace, number)


@pytest.fixture
def drafted(session: Session, store: Suggestions) -> Suggestions:
    """Every target drafted, so that no model is asked."""
    for _ in scanning.scan(session):
        pass
    plan = draft_plan.plan_drafts(session)
    drafts = [
        (Draft(target, f"About {target.name}.", Source.MODEL, 0.5), None)
        for targets in plan.work.values()
        for target in targets
    ]
    store.put(drafts)
    session.close()
    return store


@asynccontextmanager
async def opened(
    settings: Settings, shop: Path, *, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[ColumnistApp, Pilot[None]]]:
    app = ColumnistApp(settings, f"duckdb:///{shop}")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        # The scan has ended; its tables are listed when the screen has heard of it.
        tables = app.screen.query_one("#tables", RowList)
        await until(pilot, lambda: len(tables.found) > 0)
        yield app, pilot
        app.close_session()


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await pilot.pause(0.02)


async def settled(app: ColumnistApp, pilot: Pilot[None]) -> None:
    async with asyncio.timeout(60):
        await app.workers.wait_for_complete()
    await pilot.pause(0.35)


async def to_orders(app: ColumnistApp, pilot: Pilot[None]) -> ReviewScreen:
    tables = app.screen.query_one("#tables", RowList)
    names = [tables.cells(index)[0].text for index in range(len(tables.found))]
    await pilot.press("g", *["j"] * names.index("sales.orders"), "enter")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    await settled(app, pilot)
    assert isinstance(app.screen, ReviewScreen)
    return app.screen


def state(store: Suggestions, target: Target) -> tuple[State, str | None]:
    found = store.of_table(ORDERS)[target]
    return found.state, found.text


async def test_accepting_stages_and_only_w_writes(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    before = comments(shop)
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("a", "a")
        assert state(drafted, ORDERS) == (State.ACCEPTED, "About orders.")
        assert comments(shop) == before
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        # The file cannot be read by others while the app writes.
        await until(pilot, lambda: state(drafted, ORDERS)[0] is State.WRITTEN)
        await settled(app, pilot)
        assert len(comments(shop)) == len(before) + 2
        assert comments(shop)["sales", "orders", None] == "About orders."
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await until(pilot, lambda: state(drafted, ORDERS)[0] is State.PENDING)
        await settled(app, pilot)
        assert comments(shop) == before


async def test_saying_no_writes_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    before = comments(shop)
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("a", "w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("n")
        await settled(app, pilot)
        assert comments(shop) == before
    assert state(drafted, ORDERS)[0] is State.ACCEPTED


async def test_a_dropped_statement_stays_accepted_and_is_not_written(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("a", "a", "w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        await pilot.press("d", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await settled(app, pilot)
    states = [each.state for each in drafted.of_table(ORDERS).values()]
    assert states.count(State.WRITTEN) == 1
    assert states.count(State.ACCEPTED) == 1


async def test_editing_rejecting_undo_and_redo(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("e")
        await pilot.press("home", "M", "y", " ", "enter")
        assert state(drafted, ORDERS) == (State.EDITED, "My About orders.")
        assert screen._target != ORDERS
        await go(pilot, screen, ORDERS)
        await pilot.press("r")
        assert state(drafted, ORDERS)[0] is State.REJECTED
        await pilot.press("u")
        assert state(drafted, ORDERS) == (State.EDITED, "My About orders.")
        await pilot.press("u")
        assert state(drafted, ORDERS) == (State.PENDING, "About orders.")
        await pilot.press("U", "U")
        assert state(drafted, ORDERS)[0] is State.REJECTED


@pytest.mark.parametrize(("name", "key"), [(n, k) for n, (k, _) in REASONS.items()])
async def test_one_key_more_rejects_with_a_reason(
    settings: Settings, shop: Path, drafted: Suggestions, name: str, key: str
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("x", "escape")
        assert state(drafted, ORDERS)[0] is State.PENDING
        await pilot.press("x", key, "a")
        found = drafted.of_table(ORDERS)[ORDERS]
        assert (found.state, found.reason) == (State.REJECTED, REASONS[name][1])
        decided = {State.REJECTED, State.ACCEPTED}
        states = [each.state for each in drafted.of_table(ORDERS).values()]
        assert sum(each in decided for each in states) == 2  # a went on to the next
        await pilot.press("u", "u")
        assert drafted.of_table(ORDERS)[ORDERS].reason is None


async def test_letters_typed_while_editing_are_text_not_commands(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        before = {t: s.state for t, s in drafted.of_table(ORDERS).items()}
        await pilot.press("e", *"aArRuwqt", "escape")
        after = {t: s.state for t, s in drafted.of_table(ORDERS).items()}
        assert after == before
        assert isinstance(app.screen, ReviewScreen)
        assert not app.screen.query_one(DescriptionEditor).has_class("-open")
        await pilot.press("slash", *"stat")
        assert app.screen.query_one(Input).value == "stat"
        assert names(app.screen) == ["status"]
        await pilot.press("enter", "a")
        assert state(drafted, STATUS)[0] is State.ACCEPTED


async def test_bulk_accept_states_the_exact_count_and_takes_marks(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("j", "v", "j", "v", "A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        assert isinstance(app.screen, AcceptModal)
        assert len(app.screen.choice) == 2
        await pilot.press("y")
        await settled(app, pilot)
        found = drafted.of_table(ORDERS)
        accepted = [t.name for t, s in found.items() if s.state is State.ACCEPTED]
        assert len(accepted) == 2
        await go(pilot, screen, ORDERS)
        await pilot.press("space", "A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        assert isinstance(app.screen, AcceptModal)
        assert len(app.screen.choice) == 1
        await pilot.press("n", "escape", "R")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await settled(app, pilot)
    states = [s.state for s in drafted.of_table(ORDERS).values()]
    assert states.count(State.REJECTED) == len(states) - 2


async def test_bulk_accept_leaves_blocking_findings_out_and_says_so(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    leaking = Draft(STATUS, "Shows c1@example.com.", Source.MODEL, 0.9, (Finding.LEAK,))
    drafted.put([(leaking, None)])
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        assert isinstance(app.screen, AcceptModal)
        assert app.screen.choice.left_out == {"leak": 1}
        await pilot.press("y")
        await settled(app, pilot)
    waiting = drafted.all(states=[State.PENDING])
    assert [each.target for each in waiting] == [STATUS]


async def test_drafts_appear_as_they_come_and_can_be_stopped(
    settings: Settings, shop: Path, tiny_model: Path, store: Suggestions
) -> None:
    chosen = replace(settings, model=str(tiny_model))
    async with opened(chosen, shop) as (app, pilot):
        assert store.all() == []
        await pilot.press("D", "y", "s")
        await settled(app, pilot)
        some = len(store.all())
        assert some < 20
        await pilot.press("D", "y")
        await settled(app, pilot)
        assert len(store.all()) == 20
        await pilot.press("D")
        await settled(app, pilot)
        assert any("Nothing to draft" in n.message for n in app._notifications)
        screen = await to_orders(app, pilot)
        assert any(line.suggestion is not None for line in screen._lines)


async def test_without_a_model_rules_draft_and_it_is_said(
    settings: Settings, shop: Path, store: Suggestions, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\xff" * 99)
    async with opened(replace(settings, model=str(broken)), shop) as (app, pilot):
        await pilot.press("D", "y")
        await settled(app, pilot)
        assert app.drafting is not None
        assert "rules alone" in app.drafting.note
    assert {each.draft.source for each in store.all()} <= {
        Source.RULES,
        Source.INHERITED,
    }
    assert len(store.all()) == 20


async def test_alternatives_are_asked_for_and_picked_by_number(
    settings: Settings, shop: Path, tiny_model: Path, drafted: Suggestions
) -> None:
    chosen = replace(settings, model=str(tiny_model))
    async with opened(chosen, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("t")
        await until(pilot, lambda: bool(screen._alternatives))
        await settled(app, pilot)
        (found,) = screen._alternatives.values()
        assert found
        await pilot.press("1")
        assert state(drafted, ORDERS) == (State.ACCEPTED, found[0].text)


async def test_a_conflict_shows_both_texts_before_theirs_is_replaced(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    drafted.accept([drafted.of_table(ORDERS)[ORDERS]])
    connection = duckdb.connect(str(shop))
    connection.execute("COMMENT ON TABLE sales.orders IS 'Theirs.'")
    connection.close()
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        await pilot.press("enter", "y")
        await settled(app, pilot)
        assert comments(shop)["sales", "orders", None] == "Theirs."
        assert state(drafted, ORDERS)[0] is State.CONFLICT
        await pilot.press("q")
        await to_orders(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert isinstance(app.screen, ConfirmModal)
        assert "Theirs: Theirs." in app.screen._details
        await pilot.press("y", "w")
        await until(pilot, lambda: isinstance(app.screen, WriteScreen))
        await settled(app, pilot)
        await pilot.press("enter", "y")
        await settled(app, pilot)
    assert comments(shop)["sales", "orders", None] == "About orders."


async def test_moving_between_tables_and_undecided(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        order = screen._tables.order
        before = order[order.index(ORDERS) - 1]
        await pilot.press("left_square_bracket")
        assert screen._target == before
        assert heading(screen).startswith(str(before))
        await pilot.press("right_square_bracket")
        assert screen._target == ORDERS
        await pilot.press("N")
        last = drafted.of_table(before)
        assert screen._target == list(last)[-1]
        await pilot.press("n")
        assert screen._target == ORDERS
        await pilot.press("f", "j", "space", "f")
        assert [facet.value for facet in screen._facets] == [State.ACCEPTED]
        assert screen.has_class("-empty")
        await pilot.press("escape", "q")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))


async def test_the_catalog_filters_by_name_schema_and_state(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        tables = app.screen.query_one("#tables", RowList)
        assert len(tables.found) == 5
        await pilot.press("slash", *"odrs")
        assert len(tables.found) == 0
        await pilot.press("home", "apostrophe", "enter")
        assert [row.id.name for row in tables.found] == ["open_orders", "orders"]
        await pilot.press("escape", "slash", *"RDER", "enter")
        assert [row.id.name for row in tables.found] == ["open_orders", "orders"]
        await pilot.press("escape")
        assert len(tables.found) == 5
        await pilot.press("tab", "j")
        await pilot.pause()
        assert [tables.cells(0)[0].text] == ["legacy.zz9"]
        assert len(tables.found) == 1
        await pilot.press("k", "enter")
        await pilot.pause()
        assert len(tables.found) == 5
        await pilot.press("f", *"jj", "space", "f")
        await pilot.pause()
        assert app.screen.query_one("#right").has_class("-empty")
        await pilot.press("f", "c", "g", "j", "enter")
        await pilot.pause()
        assert len(tables.found) == 5


async def test_help_lists_every_key_of_the_screen(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpModal))
        assert isinstance(app.screen, HelpModal)
        keys = " ".join(what for _, what in app.screen._keys)
        for word in ("Accept and go on", "Reject", "Undo", "$EDITOR", "SQL"):
            assert word in keys
        await pilot.press("escape")
        assert isinstance(app.screen, ReviewScreen)


async def test_a_small_terminal_says_its_size_and_loses_nothing(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    async with opened(settings, shop, size=(80, 24)) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.resize_terminal(40, 12)
        await until(pilot, lambda: isinstance(app.screen, TooSmallModal))
        await pilot.press("a")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    assert all(s.state is State.PENDING for s in drafted.of_table(ORDERS).values())


async def test_the_picker_lists_saved_recent_and_demo_and_explains_failures(
    settings: Settings, shop: Path
) -> None:
    Connections(settings.connections).add("my shop", f"duckdb:///{shop}")
    app = ColumnistApp(settings, None)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.screen
        assert isinstance(screen, PickerScreen)
        choices = screen.query_one(RowList)
        assert [c.kind for c in choices.found] == ["saved", "demo"]
        await pilot.press("slash", *"nonsense", "enter")
        await settled(app, pilot)
        assert "neither a URL" in next(iter(app._notifications)).message
        assert isinstance(app.screen, PickerScreen)
        await pilot.press("escape", "enter")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        assert app.session is None
        assert "recent" in [c.kind for c in choices.found]


async def test_hostile_names_are_drawn_as_text(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "hostile.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute('CREATE TABLE "[bold red]x\x1b[2J" ("[/]" INTEGER)')
    connection.execute("""COMMENT ON TABLE "[bold red]x\x1b[2J" IS '[blink]\x1b]0;t'""")
    connection.close()
    async with opened(settings, path) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        lines = [strip.text for strip in app.screen._compositor.render_strips()]
        drawn = "\n".join(lines)
        assert "[bold red]x" in drawn
        assert "\x1b" not in drawn


async def test_keys_can_be_bound_anew(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    keys = settings.connections.with_name("keys.toml")
    keys.parent.mkdir(parents=True, exist_ok=True)
    keys.write_text('"review.accept" = "x"\n')
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("a")
        assert state(drafted, ORDERS)[0] is State.PENDING
        await pilot.press("x")
        assert state(drafted, ORDERS)[0] is State.ACCEPTED


async def test_leaving_while_reading_or_drafting_ends_the_work_and_not_the_app(
    settings: Settings, shop: Path, tiny_model: Path, store: Suggestions
) -> None:
    app = ColumnistApp(replace(settings, model=str(tiny_model)), f"duckdb:///{shop}")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await pilot.press("q")
        await settled(app, pilot)
        assert isinstance(app.screen, PickerScreen)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        await pilot.press("D", "y", "ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        drafting = app.drafting
        assert drafting is not None
        async with asyncio.timeout(20):
            while drafting.running:
                await asyncio.sleep(0.05)
    app.close_session()


async def test_a_broken_connections_file_is_explained_not_fatal(
    settings: Settings, shop: Path
) -> None:
    settings.connections.parent.mkdir(parents=True, exist_ok=True)
    settings.connections.write_text("not [ toml")
    app = ColumnistApp(settings, None)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "connections.toml" in next(iter(app._notifications)).message
        assert isinstance(app.screen, PickerScreen)


async def test_an_error_in_a_keys_action_is_explained_not_fatal(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)

        def full(*_: object, **__: object) -> None:
            raise ColumnistError("The disk is full.", "Free some space.")

        monkeypatch.setattr(Suggestions, "accept", full)
        await pilot.press("a")
        await pilot.pause()
        assert "The disk is full." in [
            n.message.split("\n")[0] for n in app._notifications
        ]
        assert isinstance(app.screen, ReviewScreen)


async def test_the_editor_keeps_its_text_from_the_lists_keys(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """Tab left the editor open under another table, and saving ended the app."""
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("e", "X", "tab", "left_square_bracket", "enter")
        assert screen._here == ORDERS
        assert state(drafted, ORDERS) == (State.EDITED, "About orders.X[")
