"""The screen of figures: keys pressed, what is then on the screen and on the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.events import MouseDown, MouseScrollDown
from textual.pilot import Pilot
from textual.widgets import Label, Static

from catalog.choice import Scope
from catalog.coverage import CoverageHistory
from catalog.errors import ColumnistError
from catalog.suggestion import Draft, Source
from catalog.workspace import Workspace
from tests.tui.test_pilot import opened, settled, until
from tui.app.app import ColumnistApp
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.figures import FiguresScreen, Panel
from tui.app.screens.help import HelpModal
from tui.app.widgets.chart import Chart
from tui.flow import draft_plan, scanning, writes
from tui.flow.figures import gather
from tui.flow.report import FILE_NAME
from tui.flow.session import Session
from tui.flow.settings import Settings

EVIL = "[red]m[/]\x1b[31m\u202e<script>"


def fill(session: Session) -> None:
    """Twelve drafts of two models, decided on."""
    for _ in scanning.scan(session):
        pass
    plan = draft_plan.plan_drafts(session)
    targets = [target for targets in plan.work.values() for target in targets][:12]
    session.suggestions.put(
        (
            Draft(t, "Drafted.", Source.MODEL, 0.5, model=EVIL if n % 3 else "small"),
            None,
        )
        for n, t in enumerate(targets)
    )
    waiting = session.suggestions.all()
    for suggestion in waiting[:6]:
        session.suggestions.accept([suggestion])
    for suggestion in waiting[6:8]:
        session.suggestions.edit(suggestion, "Mine.")
    for suggestion in waiting[8:]:
        session.suggestions.reject([suggestion], reason="[b]too\x1b[0m vague")


@pytest.fixture
def decided(session: Session) -> Session:
    """The shop with decisions in its workspace, closed again."""
    fill(session)
    session.close()
    return session


@pytest.fixture
def history(settings: Settings) -> Iterator[CoverageHistory]:
    """The coverage of the one database in the workspace."""
    with Workspace(settings.workspace) as workspace:
        (known,) = workspace.databases()
        yield CoverageHistory(workspace, known.id)


async def to_figures(app: ColumnistApp, pilot: Pilot[None]) -> FiguresScreen:
    await pilot.press("m")
    await until(pilot, lambda: isinstance(app.screen, FiguresScreen))
    screen = app.screen
    assert isinstance(screen, FiguresScreen)
    await until(pilot, lambda: screen._figures is not None)
    await settled(app, pilot)
    return screen


def numbers(screen: FiguresScreen, panel: str) -> str:
    return str(screen.query_one(f"#{panel} .numbers", Static).content)


def drawn(screen: FiguresScreen) -> str:
    """All characters on the screen."""
    return "\n".join(strip.text for strip in screen._compositor.render_strips())


async def test_m_shows_the_figures_and_q_goes_back(
    settings: Settings, shop: Path, decided: Session
) -> None:
    async with opened(settings, shop, size=(200, 60)) as (app, pilot):
        screen = await to_figures(app, pilot)
        assert "0% (0 of 5)" in numbers(screen, "coverage")
        assert "12% (2 of 17)" in numbers(screen, "coverage")
        origins = numbers(screen, "origins").split("\n")
        assert origins[1].startswith("1 model ([red]m[/]␛[31m<202e><script>)")
        assert origins[1].split()[-5:] == ["8", "50%", "22%", "to", "78%"]
        assert origins[2].startswith("2 model (small)")
        assert "column" in numbers(screen, "kinds")
        assert "[b]too␛[0m vague" in numbers(screen, "reasons")
        assert "100%" in numbers(screen, "reasons")
        assert "decisions one by one" in numbers(screen, "pace")
        assert numbers(screen, "provenance") == "Nothing that was written stands."
        text = drawn(screen)
        assert "●" in text  # a share
        assert "█" in text  # a bar
        assert "\x1b" not in text
        await pilot.press("q")
        assert isinstance(app.screen, CatalogScreen)
        await to_figures(app, pilot)
        await pilot.press("escape")
        assert isinstance(app.screen, CatalogScreen)


async def test_what_was_accepted_unseen_is_told_apart(
    settings: Settings, shop: Path, session: Session
) -> None:
    fill(session)
    session.suggestions.decisions.undo()
    choice = session.choices.to_accept(Scope())
    assert session.suggestions.accept_chosen(choice).count == 1
    session.close()
    async with opened(settings, shop, size=(140, 50)) as (app, pilot):
        screen = await to_figures(app, pilot)
        said = "1 text was accepted in bulk, unseen: in no share."
        assert said in numbers(screen, "origins")
        assert said in numbers(screen, "kinds")


async def test_before_any_decision_the_screen_says_what_to_do(
    settings: Settings, shop: Path
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_figures(app, pilot)
        assert "Nothing has been decided yet." in drawn(screen)
        shown = [panel.id for panel in screen.query(Panel) if panel.display]
        assert shown == ["coverage"]
        assert "0% (0 of 5)" in numbers(screen, "coverage")


async def test_everything_fits_a_large_terminal_and_scrolls_in_a_small_one(
    settings: Settings, shop: Path, decided: Session
) -> None:
    async with opened(settings, shop, size=(200, 60)) as (app, pilot):
        screen = await to_figures(app, pilot)
        page = screen.query_one("#page")
        assert page.max_scroll_y == 0
        bottom = max(panel.region.bottom for panel in screen.query(Panel))
        assert bottom == page.region.bottom
    async with opened(settings, shop, size=(80, 24)) as (app, pilot):
        screen = await to_figures(app, pilot)
        page = screen.query_one("#page")
        assert page.max_scroll_y > 0
        assert page.max_scroll_x == 0
        await pilot.press("j")
        await until(pilot, lambda: page.scroll_y > 0)
        await pilot.press("k")
        await until(pilot, lambda: page.scroll_y == 0)
        await pilot.press("end")
        await until(pilot, lambda: page.scroll_y == page.max_scroll_y)
        assert "Whose words stand" in drawn(screen)


async def test_the_wheel_over_a_chart_scrolls_the_page(
    settings: Settings, shop: Path, decided: Session
) -> None:
    """The plot kept the wheel for zooming, so that a page of plots did not scroll."""
    async with opened(settings, shop, size=(80, 24)) as (app, pilot):
        screen = await to_figures(app, pilot)
        chart = screen.query(Chart).first()
        assert not chart.can_focus
        await pilot._post_mouse_events([MouseScrollDown], chart, button=0)
        await until(pilot, lambda: screen.query_one("#page").scroll_y > 0)
        assert chart._y_min == 0


async def test_a_click_on_a_chart_of_a_screen_that_shrank_does_nothing(
    settings: Settings, shop: Path, decided: Session
) -> None:
    """It came before the terminal shrank, and the plot looked for its legend there."""
    async with opened(settings, shop, size=(80, 24)) as (app, pilot):
        screen = await to_figures(app, pilot)
        chart = screen.query(Chart).first()
        chart.post_message(MouseDown(None, 4, 4, 0, 0, 1, False, False, False, 64, 25))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpModal))


async def test_figures_are_not_counted_where_keys_are_read(
    settings: Settings,
    shop: Path,
    decided: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = []

    def noted(*arguments: object) -> object:
        threads.append(threading.current_thread())
        return gather(*arguments)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr("tui.app.screens.figures.gather", noted)
    async with opened(settings, shop) as (app, pilot):
        await to_figures(app, pilot)
    assert threads
    assert threading.main_thread() not in threads


async def test_h_saves_the_report_in_the_current_folder(
    settings: Settings,
    shop: Path,
    decided: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    async with opened(settings, shop) as (app, pilot):
        await to_figures(app, pilot)
        await pilot.press("h")
        await settled(app, pilot)
        assert any(FILE_NAME in note.message for note in app._notifications)
    assert [path.name for path in folder.iterdir()] == [FILE_NAME]
    assert "Acceptance by origin" in (folder / FILE_NAME).read_text()


async def test_a_report_that_cannot_be_saved_is_explained(
    settings: Settings,
    shop: Path,
    decided: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "here"
    (folder / FILE_NAME / "in the way").mkdir(parents=True)
    monkeypatch.chdir(folder)
    async with opened(settings, shop) as (app, pilot):
        screen = await to_figures(app, pilot)
        await pilot.press("h")
        await settled(app, pilot)
        assert any("Cannot write" in note.message for note in app._notifications)
        assert app.screen is screen


async def test_figures_that_cannot_be_counted_are_explained(
    settings: Settings,
    shop: Path,
    decided: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ColumnistError("The workspace is locked.", "Wait.")

    monkeypatch.setattr("tui.app.screens.figures.gather", broken)
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("m")
        await settled(app, pilot)
        assert any("is locked" in note.message for note in app._notifications)
        assert "could not be counted" in str(
            app.screen.query_one("#head", Label).content
        )
        await pilot.press("h", "q")
        assert isinstance(app.screen, CatalogScreen)


async def test_another_theme_redraws_the_charts(
    settings: Settings, shop: Path, decided: Session
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_figures(app, pilot)
        chart = screen.query_one("#coverage", Panel).chart
        before = chart._colour(0)
        app.theme = "columnist-light"
        await settled(app, pilot)
        assert chart._colour(0) != before
        styles = {getattr(each, "marker_style", "") for each in chart._datasets}
        assert chart._colour(0) in styles
        assert before not in styles
        assert "Figures" in str(screen.query_one("#head", Label).content)


def test_scans_and_runs_are_in_the_history(session: Session) -> None:
    fill(session)
    history = CoverageHistory(session.workspace, session.database_id)

    def described() -> list[int]:
        return [p.tables_described + p.columns_described for p in history.points()]

    assert described() == [2]
    assert sum(1 for _ in writes.apply(session)) == 8
    assert described() == [2, 10]
    assert sum(1 for _ in scanning.scan(session)) == 5
    assert described() == [2, 10]
    assert sum(1 for _ in writes.revert(session)) == 8
    assert described() == [2, 10, 2]
    for _ in scanning.scan(session, globs=["legacy.*"]):
        pass
    assert described() == [2, 10, 2]


async def test_a_scan_in_the_app_begins_the_history(
    settings: Settings, shop: Path, decided: Session, history: CoverageHistory
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await pilot.press("r")
        await settled(app, pilot)
    assert len(history.points()) == 1
