"""Drafting in the background while things go wrong, with real models."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from catalog.errors import ColumnistError
from catalog.objects import TableId, Target, table_of
from catalog.suggestion import Draft
from connectors.connect import open_database
from model.engine import Engine
from tests.model import tiny_gguf
from tests.tui.test_pilot import opened, to_orders, until
from tui.app.screens.review import ReviewScreen
from tui.flow import draft_plan, scanning
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session
from tui.flow.settings import Settings

pytestmark = pytest.mark.gguf

ORDERS = TableId("sales", "orders")


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    """Two models that are slow enough to be interrupted."""
    one, two = (
        tiny_gguf.write(
            tmp_path / f"{name}.gguf",
            seed=seed,
            width=256,
            layers=4,
            template=tiny_gguf.CHAT,
        )
        for seed, name in enumerate(("one", "two"))
    )
    return one, two


def scanned(session: Session, model: Path) -> Session:
    """The same session with another model, the catalog read."""
    for _ in scanning.scan(session):
        pass
    return replace(session, settings=replace(session.settings, model=str(model)))


def pid(drafting: BackgroundDrafting) -> int:
    engine = drafting._engine
    assert isinstance(engine, Engine)
    assert engine._process is not None
    return engine._process.pid


def signed(session: Session) -> dict[Target, str | None]:
    return {s.target: s.draft.model for s in session.suggestions.all()}


def test_stopped_it_goes_on_where_it_was_also_with_another_model(
    session: Session, models: tuple[Path, Path]
) -> None:
    first = BackgroundDrafting(scanned(session, models[0]))
    some: list[Draft] = []
    for draft in first.run():
        some.append(draft)
        first.stop()
    first.close()
    total = draft_plan.plan_drafts(session, redo=True).targets
    assert 0 < len(some) < total
    assert set(signed(session)) == {draft.target for draft in some}

    second = BackgroundDrafting(scanned(session, models[1]))
    rest = list(second.run())
    assert len(rest) == total - len(some)
    assert not {d.target for d in rest} & {d.target for d in some}
    by_model = {target: name for target, name in signed(session).items() if name}
    assert {by_model[d.target] for d in some if d.target in by_model} <= {"one"}
    assert {by_model[d.target] for d in rest if d.target in by_model} == {"two"}

    again = list(second.run(redo=True))
    assert len(again) == total
    assert set(filter(None, signed(session).values())) == {"two"}
    second.close()


def test_the_status_counts_tables_and_columns_over_a_pause(
    session: Session, models: tuple[Path, Path]
) -> None:
    drafting = BackgroundDrafting(scanned(session, models[0]))
    plan = draft_plan.plan_drafts(session)
    seen = []
    for number, _ in enumerate(drafting.run()):
        if number == 2:
            drafting._pauses += 1  # as alternatives do
            drafting._interrupted()
            drafting._pauses -= 1
        seen.append(drafting.progress)
    assert seen[-1].done == seen[-1].total == plan.targets
    assert seen[-1].tables_done == seen[-1].tables == len(plan.work)
    assert {progress.total for progress in seen} == {plan.targets}
    assert f"{len(plan.work)}/{len(plan.work)} tables" in seen[-1].line()
    drafting.close()


def test_the_file_lost_and_the_engine_crashed_keeps_what_was_drafted(
    session: Session, models: tuple[Path, Path]
) -> None:
    drafting = BackgroundDrafting(scanned(session, models[0]))
    run = drafting.run()
    some = [next(run)]
    models[0].unlink()
    os.kill(pid(drafting), signal.SIGSEGV)
    with pytest.raises(ColumnistError, match=r"one\.gguf") as caught:
        some += run
    assert caught.value.hint
    assert {draft.target for draft in some} <= set(signed(session))
    drafting.close()


async def test_the_app_says_what_happened_to_the_engine_and_goes_on(
    settings: Settings, shop: Path, models: tuple[Path, Path]
) -> None:
    async with opened(replace(settings, model=str(models[0])), shop) as (app, pilot):
        drafting = app.drafting
        assert drafting is not None
        await pilot.press("D", "y")
        await until(pilot, lambda: drafting.progress.done > 0)
        models[0].unlink()
        os.kill(pid(drafting), signal.SIGKILL)
        told: list[str] = []

        def heard() -> bool:
            told.extend(note.message for note in app._notifications)
            return any("one.gguf" in message for message in told)

        await until(pilot, heard)
        await until(pilot, lambda: not drafting.running)
        # The app is whole: a key still does what it says.
        await pilot.press("g", "enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))


async def test_a_table_opened_as_a_run_ends_is_drafted_too(
    settings: Settings, shop: Path, models: tuple[Path, Path]
) -> None:
    async with opened(replace(settings, model=str(models[0])), shop) as (app, pilot):
        drafting, session = app.drafting, app.session
        assert drafting is not None
        assert session is not None
        order = [summary.id for summary in session.snapshot.summaries()]
        drafting.running = True  # nobody is left to draft another table
        app.push_screen(ReviewScreen(session, drafting, order, ORDERS))
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.pause(0.3)
        assert not session.suggestions.of_table(ORDERS)
        drafting.running = False
        from tui.app.messages import DraftingChanged

        app.announce(DraftingChanged())
        await until(pilot, lambda: len(session.suggestions.of_table(ORDERS)) == 6)
        assert {table_of(s.target) for s in session.suggestions.all()} == {ORDERS}


def test_reading_ahead_keeps_no_other_program_from_the_file(
    session: Session, shop: Path, models: tuple[Path, Path]
) -> None:
    drafting = BackgroundDrafting(scanned(session, models[0]))
    assert list(drafting.run())
    drafting.close()
    with duckdb.connect(str(shop)) as connection:
        connection.execute("COMMENT ON TABLE sales.orders IS 'Theirs.'")
    with open_database(f"duckdb:///{shop}") as database:
        table = database.read(ORDERS)
    assert table is not None
    assert table.comment == "Theirs."


async def test_drafting_follows_the_screen_on_top(
    settings: Settings, shop: Path, models: tuple[Path, Path]
) -> None:
    """The catalog went on saying what is under its cursor from under the review."""
    async with opened(replace(settings, model=str(models[0])), shop) as (app, pilot):
        drafting = app.drafting
        assert drafting is not None
        await pilot.press("g")
        await pilot.pause(0.5)
        under = drafting._first
        assert under is not None
        review = await to_orders(app, pilot)
        await pilot.pause(0.7)
        assert drafting._first == review._here == ORDERS != under
        await pilot.press("q")
        await pilot.press("g")
        await until(pilot, lambda: drafting._first == under)
