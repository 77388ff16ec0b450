"""What a new steward is told, once for each screen."""

from __future__ import annotations

from catalog.places import first_time
from tui.session import Session

HINTS = {
    "catalog": (
        "enter opens a table and drafts it, d drafts everything."
        " ? explains every key, ctrl+p finds them by name."
    ),
    "review": (
        "a accepts and goes on, e edits, r rejects, u takes back."
        " Nothing is written before w."
    ),
    "write": "enter asks once more, then writes; b takes the run back.",
}


def hint(session: Session, screen: str) -> str | None:
    """The hint for a screen that this workspace has not seen before."""
    return HINTS[screen] if first_time(session.workspace, screen) else None
