"""What a new steward is told, once for each screen."""

from __future__ import annotations

from textual.screen import Screen

from catalog.places import first_time
from tui.flow.session import Session

HINTS = {
    "catalog": (
        "enter opens a table and drafts it, d drafts it from here, D all that is"
        " listed. ? explains every key, ctrl+p finds them by name."
    ),
    "review": (
        "a accepts and goes on, e edits, r rejects, u takes back, q leaves."
        " Nothing is written before w."
    ),
    "write": "enter asks once more, then writes; b takes the run back.",
}

HINT_SECONDS = 8


def give_hint(screen: Screen[None], session: Session, name: str) -> None:
    """Tell of a screen that this workspace has not seen before."""
    if first_time(session.workspace, name):
        screen.notify(HINTS[name], timeout=HINT_SECONDS)
