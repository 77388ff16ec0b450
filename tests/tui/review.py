"""What the review shows, for tests that press keys in it."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Static

from catalog.objects import TableId, Target
from tui.app.screens.review_list import ReviewList
from tui.app.screens.review_rows import Line
from tui.app.screens.review_tables import Spot
from tui.app.widgets.status_line import StatusLine


def lines(screen: ReviewList) -> list[Line]:
    """All that is listed, of all tables, from the first to the last."""
    found: list[Line] = []
    spot: Spot | None = screen._tables.edge(-1)
    while spot is not None:
        line = screen._tables.line(spot)
        assert line is not None
        found.append(line)
        spot = screen._tables.step(spot, 1)
    return found


def names(screen: ReviewList) -> list[str]:
    """Their names."""
    return [line.target.name for line in lines(screen)]


def signs(screen: ReviewList) -> dict[Target, str]:
    """Where each of them stands, as it is drawn."""
    return {line.target: line.sign[0] for line in lines(screen)}


def drawn(screen: ReviewList) -> list[str]:
    """The lines of the list on the screen, the heading first."""
    rows = screen._list
    return [rows.render_line(y).text.rstrip() for y in range(rows.size.height)]


def heading(screen: ReviewList, table: TableId | None = None) -> str:
    """What is said of a table in sight, or of the one at the top."""
    name = "" if table is None else f" {table} "
    return next(line for line in drawn(screen) if name in line).strip()


def details(screen: ReviewList) -> str:
    """What is said of the row under the cursor, below the list or beside it."""
    room = "#beside" if screen.has_class("-wide") else "#details"
    panel = screen.query_one(room, Static)
    return "\n".join(
        panel.render_line(y).text.rstrip() for y in range(panel.size.height)
    )


def place(screen: ReviewList) -> str:
    """What the status line says of what is listed."""
    return screen.query_one(StatusLine).place


def told(screen: ReviewList) -> list[str]:
    """What the steward was told in passing."""
    return [each.message for each in screen.app._notifications]


async def go(pilot: Pilot[None], screen: ReviewList, target: Target) -> None:
    """Move the cursor to what is listed, row by row."""
    spot = screen._tables.spot_of(target)
    while screen._target != target:
        here = screen._list.cursor
        assert here is not None
        assert spot is not None
        await pilot.press("j" if here < spot else "k")
