"""Work that fails on a screen is explained there, whichever screen it is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from catalog.errors import ColumnistError
from catalog.objects import Table
from catalog.suggestions import Suggestions
from tests.tui.test_pilot import (  # noqa: F401  # fixtures
    drafted,
    opened,
    settled,
    store,
    to_orders,
    until,
)
from tui.app import screens
from tui.app.app import ColumnistApp
from tui.app.screens import write
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.working import WorkingScreen
from tui.app.screens.write import WriteScreen
from tui.flow import scanning, writes
from tui.flow.session import Session
from tui.flow.settings import Settings


class BrokenError(ColumnistError):
    """What the test lets fail."""


def broken(*_: object, **__: object) -> Iterator[Table]:
    raise BrokenError("The disk is gone.", "Bring it back.")


def explained(app: ColumnistApp) -> list[str]:
    return [note.message for note in app._notifications if note.severity == "error"]


async def to_write(app: ColumnistApp, pilot: Pilot[None]) -> None:
    await pilot.press("w")
    await until(pilot, lambda: isinstance(app.screen, WriteScreen))
    await settled(app, pilot)


async def test_a_scan_that_fails_is_explained_once(
    settings: Settings, shop: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message of a worker goes to its own node only, so the app never heard."""
    session.close()
    async with opened(settings, shop) as (app, pilot):
        monkeypatch.setattr(scanning, "scan", broken)
        await pilot.press("r")
        await settled(app, pilot)
        assert explained(app) == ["The disk is gone.\nBring it back."]


async def test_statements_that_cannot_be_rendered_are_explained(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write, "plan_writes", broken)
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("a")
        await to_write(app, pilot)
        assert explained(app) == ["The disk is gone.\nBring it back."]


async def test_a_write_that_breaks_off_is_explained(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writes, "apply", broken)
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        await pilot.press("a")
        await to_write(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y")
        await settled(app, pilot)
        assert explained(app) == ["The disk is gone.\nBring it back."]


def test_every_screen_with_work_in_the_background_explains_its_failures() -> None:
    silent = []
    for module in pkgutil.iter_modules(screens.__path__, "tui.app.screens."):
        for name, kind in vars(importlib.import_module(module.name)).items():
            if (
                inspect.isclass(kind)
                and issubclass(kind, Screen)
                and kind.__module__ == module.name
                and not issubclass(kind, WorkingScreen)
                and "@work(" in inspect.getsource(kind)
            ):
                silent.append(name)
    assert silent == []
