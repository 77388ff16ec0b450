"""The second person's screen: keys, and what is then in the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Label, Static

from catalog.approvals import ApprovalState, Decided, SignOff
from catalog.objects import ColumnId, TableId
from catalog.sign_off_file import load, save
from catalog.suggestion import Finding, Source, Verdict
from tests.tui.test_pilot import settled, until
from tui.app.app import ColumnistApp
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.sign_off import SignOffScreen
from tui.flow.settings import Settings

HOSTILE = "[red]x[/] \x1b[31m\x1b]8;;http://evil\x07 \u202eabc\nline"
TABLE = TableId("sales", "orders")
NAMES = ("a", "b", "c")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three decisions of ann and one of bob."""
    items = [
        Decided(
            ColumnId(TABLE, name),
            Verdict.ACCEPT,
            None,
            f"About {name}. {HOSTILE}",
            "Draft.",
            Source.MODEL,
            HOSTILE,
            0.5,
            (Finding.RESTATES,),
            HOSTILE,
            "ann",
            "2026-05-01T10:00:00+00:00",
        )
        for name in NAMES
    ]
    items.append(replace(items[0], target=TABLE, who="bob"))
    at = "2026-05-01T11:00:00+00:00"
    path = tmp_path / "decisions.json"
    save(SignOff("k", HOSTILE, "ann", at, tuple(items)), path)
    return path


@asynccontextmanager
async def shown(
    settings: Settings, path: Path, *, key: Path | None = None
) -> AsyncIterator[tuple[ColumnistApp, Pilot[None], SignOffScreen]]:
    document = load(path)
    app = ColumnistApp(
        settings, None, lambda: SignOffScreen(path, document, "bob", key)
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SignOffScreen))
        assert isinstance(app.screen, SignOffScreen)
        yield app, pilot, app.screen


def head(screen: SignOffScreen) -> str:
    return str(screen.query_one("#head", Label).render())


async def test_approve_refuse_and_sign(settings: Settings, path: Path) -> None:
    async with shown(settings, path) as (app, pilot, screen):
        await pilot.press("w")
        assert app.screen is screen  # nothing to sign yet
        await pilot.press("a", "r")
        assert "1 approved · 1 refused · 2 open" in head(screen)
        await pilot.press("G", "a")
        assert "1 approved" in head(screen)  # one's own
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert isinstance(app.screen, ConfirmModal)
        assert app.screen._details[0] == "1 approved, 1 refused, 2 left open."
        await pilot.press("y")
        await settled(app, pilot)
    found = load(path).standings()
    assert [found[ColumnId(TABLE, name)][0] for name in NAMES] == [
        ApprovalState.APPROVED,
        ApprovalState.REFUSED,
        ApprovalState.OPEN,
    ]
    assert found[TABLE] == (ApprovalState.OPEN, "")


async def test_approving_all_states_the_count_and_leaves_refusals(
    settings: Settings, path: Path
) -> None:
    async with shown(settings, path) as (app, pilot, screen):
        await pilot.press("r", "A")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        assert isinstance(app.screen, ConfirmModal)
        assert app.screen._question == "Approve 2 decisions?"
        await pilot.press("n", "A")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await until(pilot, lambda: app.screen is screen)
        assert "2 approved · 1 refused · 1 open" in head(screen)
        await pilot.press("f")
        assert len(screen._rows.items) == 1
        await pilot.press("f", "g", "u")
        assert "0 refused · 2 open" in head(screen)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
    assert load(path).approvals == ()


async def test_hostile_text_is_shown_as_text(settings: Settings, path: Path) -> None:
    async with shown(settings, path) as (_, pilot, screen):
        await pilot.pause()
        details = str(screen.query_one("#details", Static).render())
        assert "[red]x[/]" in details
        assert "[red]x[/]" in head(screen)
        drawn = "".join(
            segment.text
            for strip in screen._compositor.render_strips()
            for segment in strip
        )
        for bad in ("\x1b", "\x07", "\u202e"):
            assert bad not in details + head(screen) + drawn
        assert "About a. [red]x[/]" in drawn


async def test_a_file_that_changed_meanwhile_is_not_signed(
    settings: Settings, path: Path
) -> None:
    async with shown(settings, path) as (app, pilot, _):
        document = load(path)
        fewer = replace(document, items=document.items[1:])
        save(fewer, path, over=True)
        await pilot.press("a", "w", "y")
        await settled(app, pilot)
        [note] = [n for n in app._notifications if n.severity == "error"]
        assert "other decisions by now" in note.message
    assert load(path).approvals == ()


async def test_a_key_that_does_not_sign_is_two_lines_and_signs_nothing(
    settings: Settings, path: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("no key")
    async with shown(settings, path, key=key) as (app, pilot, _):
        await pilot.press("a", "w", "y")
        await settled(app, pilot)
        assert any(n.severity == "error" for n in app._notifications)
    assert load(path).approvals == ()
