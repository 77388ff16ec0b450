"""Draws the README's pictures: the app on the demo warehouse, as SVG.

    make pictures

The real app is driven with keys; the texts are our own model's. The clock and the
database's place are fixed, so that a picture changes only where the app does.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from columnist_assets.demo.warehouse import build

from catalog.objects import TableId, table_of
from catalog.suggestion import State
from catalog.workspace import Workspace
from connectors.connect import open_database
from tui.app.app import ColumnistApp
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.figures import FiguresScreen
from tui.app.screens.picker import PickerScreen
from tui.app.screens.review import ReviewScreen
from tui.app.screens.write import WriteScreen
from tui.flow import scanning, writes
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session, attach
from tui.flow.settings import locate

FOLDER = Path(__file__).parent / "pictures"
SIZE = (120, 36)
LABEL = "demo.duckdb"
TABLE = TableId("sales", "customers")
ACCEPTED = ("company_name", "country_code", "blocked_reason", "created_at")
FONTS = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace'
REASONS = ("vague", "says nothing new", "wrong")
DAYS = 5
"""Days that the decisions are spread over."""


def prepare(session: Session) -> None:
    """Read and draft everything, decide on some, write most of that."""
    for _ in scanning.scan(session):
        pass
    drafting = BackgroundDrafting(session)
    for _ in drafting.run():
        pass
    drafting.close()
    # Drafts come in no certain order.
    waiting = sorted(
        (s for s in session.suggestions.all() if s.state is State.PENDING),
        key=lambda suggestion: str(suggestion.target),
    )
    first = [s for s in waiting if table_of(s.target) != TABLE][:150]
    for number, each in enumerate(first):
        if number % 9 == 4:
            reason = REASONS[number % len(REASONS)]
            session.suggestions.reject([each], reason=reason)
        elif number % 9 == 7:
            session.suggestions.edit(each, f"{(each.text or '').rstrip('.')}, in full.")
        else:
            session.suggestions.accept([each])
    for _ in writes.apply(session):
        pass
    there = {s.target.name: s for s in waiting if table_of(s.target) == TABLE}
    session.suggestions.accept(there[name] for name in ACCEPTED)
    session.suggestions.edit(there["email"], "Where invoices and notices are sent.")
    session.suggestions.reject([there["vat_id"]])
    with session.workspace.transaction() as db:
        per_day = len(first) // DAYS + 1
        db.execute(
            "UPDATE decisions SET at = strftime('%Y-%m-%dT%H:%M:%S+00:00',"
            " '2026-03-02 09:00', (id / ? * 86400 + id % ? * (9 + id / ? % 3))"
            " || ' seconds')",
            (per_day, per_day, per_day),
        )
        (points,) = db.execute("SELECT count(*) FROM coverage_history").fetchone()
        rows = db.execute("SELECT at FROM coverage_history ORDER BY at").fetchall()
        for number, row in enumerate(rows):
            day = 2 + number * (DAYS - 1) // max(points - 1, 1)
            db.execute(
                "UPDATE coverage_history SET at = ? WHERE at = ?",
                (f"2026-03-{day:02}T17:00:00+00:00", row["at"]),
            )


async def draw(session: Session) -> None:
    """Press the keys, and keep what is then on the screen."""
    app = ColumnistApp(session.settings, None)
    async with app.run_test(size=SIZE) as pilot:

        async def reach(kind: type, done: Callable[[], bool] = lambda: True) -> None:
            async with asyncio.timeout(60):
                while not (isinstance(app.screen, kind) and done()):
                    await pilot.pause(0.05)
            await app.workers.wait_for_complete()
            await pilot.pause(0.5)

        def keep(name: str) -> None:
            FOLDER.mkdir(exist_ok=True)
            picture = without_links(app.export_screenshot(title="Columnist"))
            (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")

        app.screen.post_message(PickerScreen.Opened(session))
        await reach(CatalogScreen)
        names = [summary.id for summary in session.snapshot.summaries()]
        await pilot.press(*["j"] * names.index(TABLE))
        await reach(CatalogScreen)
        keep("catalog")
        await pilot.press("enter")
        await reach(ReviewScreen)
        keep("review")
        await pilot.press("w")
        await reach(WriteScreen)
        keep("write")
        await pilot.press("q", "q", "m")
        await reach(FiguresScreen)
        keep("figures")
        app.exit()


def without_links(svg: str) -> str:
    """A picture that loads nothing: the reader's own monospaced font."""
    svg = re.sub(r"@font-face\s*{[^}]*}\s*", "", svg)
    svg = re.sub(r"font-family:\s*Fira Code[^;]*;", f"font-family: {FONTS};", svg)
    return re.sub(r"[ \t]+\n", "\n", svg)


def main() -> None:
    """Make a warehouse and a workspace for it, and draw."""
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(locate(Path(folder) / "workspace.db"), gpu_layers=0)
        warehouse = Path(folder) / LABEL
        build(warehouse)
        database = open_database(f"duckdb:///{warehouse}")
        database.identity = replace(database.identity, label=LABEL)
        session = attach(settings, Workspace(settings.workspace), database)
        prepare(session)
        asyncio.run(draw(session))
    for picture in sorted(FOLDER.glob("*.svg")):
        print(f"{picture.stat().st_size / 1024:5.0f} KB  {picture}")


if __name__ == "__main__":
    main()
