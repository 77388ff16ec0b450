"""A workspace that another process holds, as commands and the app say it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from catalog.suggestion import State
from catalog.suggestions import Suggestions
from tests.catalog.test_busy import ALONE, WRITING, held, release
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
from tui.app.screens.picker import PickerScreen
from tui.flow.settings import Settings

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


def test_a_command_says_what_it_waits_for_and_goes_on(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    command = [*COLUMNIST, "accept", f"duckdb:///{shop}", "--all"]
    with (
        held(settings.workspace, WRITING) as holder,
        subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as accepting,
    ):
        assert accepting.stderr is not None
        said = accepting.stderr.readline()
        release(holder)
        accepting.communicate()
    assert f"locked by process {holder.pid} " in said
    assert accepting.returncode == 0
    assert state(drafted, STATUS)[0] is State.ACCEPTED


async def test_a_key_that_cannot_be_saved_says_so_and_works_again(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await to_orders(app, pilot)
        with held(settings.workspace, WRITING) as holder:
            await pilot.press("a")
            await until(pilot, lambda: len(app._notifications) > 0)
            said = [note.message for note in app._notifications]
            assert f"locked by process {holder.pid} " in said[-1]
            assert "--workspace" in said[-1]
        await pilot.press("a")
        await settled(app, pilot)
        found = [s.state for s in drafted.of_table(ORDERS).values()]
        assert found.count(State.ACCEPTED) == 1


async def test_the_picker_opens_beside_a_workspace_that_is_held(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    from tui.app.app import ColumnistApp

    drafted._workspace.close()
    app = ColumnistApp(settings, None)
    with held(settings.workspace, ALONE) as holder:
        async with app.run_test() as pilot:
            await until(pilot, lambda: len(app._notifications) > 0)
            said = [note.message for note in app._notifications]
            assert f"locked by process {holder.pid} " in said[-1]
            assert isinstance(app.screen, PickerScreen)
