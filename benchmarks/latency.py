"""How long a steward waits while a background draft runs: suggestions and key presses.

The app runs for real, without a terminal: its screens, its threads, the engine's
process, a DuckDB file of empty tables of 12 columns. A draft of all tables runs in the
background; again and again a table that nobody has drafted yet, chosen by chance, is
opened in the review screen, and keys move the cursor. Measured:

- first, all: from opening the table until its first suggestion, and those of the table
  and all its columns, are in the list that the screen draws from (Textual then paints
  up to 60 times a second; that and the terminal's own time are left out),
- key: from the key's event until the cursor has moved.

The baseline is the same in the same run with nothing in the background: each table is
the only work that the engine has.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from textual.events import Key
from textual.pilot import Pilot

from benchmarks import machine, measuring, tables
from catalog.objects import Table, TableId
from tui.app.app import ColumnistApp
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.review import ReviewScreen
from tui.app.widgets.reading_list import ReadingList
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session
from tui.flow.settings import Settings, locate

PAUSE_SECONDS = 0.25
"""Between two tables, in which the background draft goes on."""
KEYS = 3
"""Keys pressed for each table."""
TIMEOUT_SECONDS = 60.0
FIGURES = ("busy_p50", "busy_p95", "idle_p50", "idle_p95")


async def measure(
    settings: Settings, warehouse: Path, found: list[Table], *, trials: int, busy: bool
) -> dict[str, list[float]]:
    """Seconds of every trial: `first`, `all` and `key`."""
    seconds: dict[str, list[float]] = {"first": [], "all": [], "key": []}
    chance = random.Random(5)
    async with opened(settings, warehouse) as (app, pilot):
        assert app.drafting is not None
        if busy:
            app.draft([])
            await until(lambda: bool(app.drafting and app.drafting.progress.done > 50))
        else:
            # Loads the model, which is no part of a wait that comes again.
            app.draft([found[0].id])
            await until(lambda: bool(app.drafting and not app.drafting.running))
        app.push_screen(ReviewScreen(*reviewing(app), found[0].id))
        await until(lambda: isinstance(app.screen, ReviewScreen))
        await pilot.pause(1)
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        for _ in range(trials):
            await pilot.pause(PAUSE_SECONDS)
            if busy and not app.drafting.running:
                raise SystemExit("The background draft ended too early: more --tables.")
            table = undrafted(app, found, chance)
            began = time.perf_counter()
            screen._go(table.id)
            await until(lambda: drafted(screen) > 0)
            seconds["first"].append(time.perf_counter() - began)
            whole = 1 + len(table.columns)
            await until(lambda: drafted(screen) == whole)  # noqa: B023
            seconds["all"].append(time.perf_counter() - began)
            for key in ("j", "j", "k")[:KEYS]:
                await pilot.pause(0.02)
                seconds["key"].append(await press(app, screen, key))
        app.drafting.stop()
    return seconds


async def press(app: ColumnistApp, screen: ReviewScreen, key: str) -> float:
    """Seconds from a key's event until the cursor has moved."""
    rows = screen.query_one("#targets", ReadingList)
    before = rows.cursor
    event = Key(key, key)
    event.set_sender(app)
    began = time.perf_counter()
    assert app._driver is not None
    app._driver.send_message(event)
    await until(lambda: rows.cursor != before)
    return time.perf_counter() - began


def drafted(screen: ReviewScreen) -> int:
    """Lines on the screen that have a suggestion."""
    return sum(line.suggestion is not None for line in screen._lines)


def undrafted(app: ColumnistApp, found: list[Table], chance: random.Random) -> Table:
    """A table by chance that nothing was drafted of."""
    assert app.session is not None
    while True:
        table = chance.choice(found)
        if not app.session.suggestions.of_table(table.id):
            return table


def reviewing(
    app: ColumnistApp,
) -> tuple[Session, BackgroundDrafting, list[TableId]]:
    """What the review screen takes before its table."""
    assert app.session is not None
    assert app.drafting is not None
    ids = [summary.id for summary in app.session.snapshot.summaries()]
    return app.session, app.drafting, ids


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, looking every millisecond."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not true():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def opened(
    settings: Settings, warehouse: Path
) -> AsyncIterator[tuple[ColumnistApp, Pilot[None]]]:
    """The app on the warehouse, its catalog read."""
    app = ColumnistApp(settings, f"duckdb:///{warehouse}")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: isinstance(app.screen, CatalogScreen))
        await until(
            lambda: (
                app.session is not None
                and app.session.snapshot.scanned_at() is not None
            )
        )
        await pilot.pause(1)
        yield app, pilot
        app.close_session()


@contextmanager
def warehouse(found: list[Table]) -> Iterator[Path]:
    """A folder with a DuckDB file that has these tables, empty."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("BEGIN")
            for schema in {table.id.schema for table in found}:
                connection.execute(f'CREATE SCHEMA "{schema}"')
            for table in found:
                columns = ", ".join(
                    f'"{c.name}" {_type(c.type)}' for c in table.columns
                )
                connection.execute(
                    f'CREATE TABLE "{table.id.schema}"."{table.id.name}" ({columns})'
                )
            connection.execute("COMMIT")
        yield path


def _type(name: str) -> str:
    return "varchar" if name.startswith("char") else name


def percentile(figures: list[float], share: float) -> float:
    """The figure that this share of them does not exceed (nearest rank)."""
    ordered = sorted(figures)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def summary(busy: dict[str, list[float]], idle: dict[str, list[float]]) -> Any:
    """Milliseconds at p50 and p95, busy and idle, and the ratio of the medians."""
    return {
        name: {
            "trials": len(busy[name]),
            "busy_p50_ms": 1000 * percentile(busy[name], 0.5),
            "busy_p95_ms": 1000 * percentile(busy[name], 0.95),
            "idle_p50_ms": 1000 * percentile(idle[name], 0.5),
            "idle_p95_ms": 1000 * percentile(idle[name], 0.95),
            "ratio_p50": percentile(busy[name], 0.5) / percentile(idle[name], 0.5),
        }
        for name in ("first", "all", "key")
    }


def main() -> None:
    """Print how long one waits, busy and idle."""
    parser = measuring.arguments(__doc__)
    parser.add_argument("--tables", type=int, default=1000, help="of the warehouse")
    parser.add_argument("--trials", type=int, default=60, help="tables opened")
    parser.add_argument("--model", help="another model, by name or file")
    options = parser.parse_args()
    found = tables.tables(options.tables)
    here = machine.machine(options.threads)
    results: dict[str, dict[str, list[float]]] = {}
    with warehouse(found) as path:
        for arm in ("idle", "busy"):
            busy = arm == "busy"
            settings = replace(
                locate(path.parent / arm / "workspace.db"),
                model=options.model,
                sizes={"threads": options.threads},
            )
            settings.workspace.parent.mkdir()
            results[arm] = asyncio.run(
                measure(settings, path, found, trials=options.trials, busy=busy)
            )
    report = {
        "benchmark": "latency",
        "machine": here.as_json(),
        "tables": options.tables,
        "waits": summary(results["busy"], results["idle"]),
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print("\n".join(here.lines()))
    names = ("first suggestion", "all 13", "key press")
    rows = [
        [
            label,
            *(
                f"{row[f'{arm}_p{p}_ms']:.0f}"
                for arm in ("busy", "idle")
                for p in (50, 95)
            ),
            f"{row['ratio_p50']:.2f}",
        ]
        for label, row in zip(names, report["waits"].values(), strict=True)
    ]
    head = ["milliseconds", "busy p50", "p95", "idle p50", "p95", "busy/idle p50"]
    print(measuring.table(head, rows))


if __name__ == "__main__":
    main()
