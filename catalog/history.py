"""What happened to one table or column: drafts, decisions and writes, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.objects import Target, column_of, table_of
from catalog.workspace import Workspace


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One thing that happened to a target."""

    at: datetime
    """When, UTC."""
    what: str
    """`drafted`, a verdict such as `accepted` or `undo`, or how a write ended."""
    who: str
    """The steward, or what made the draft."""
    text: str | None
    """The text that it left; None where it left none."""
    reason: str | None = None
    """Why, where that was said."""


def history(workspace: Workspace, database: int, target: Target) -> list[HistoryEvent]:
    """Everything that is known to have happened to a target, oldest first."""
    table = table_of(target)
    place = (database, table.schema, table.name, column_of(target))
    here = "schema = ? AND name = ? AND column_name IS ?"
    return workspace.records(
        HistoryEvent,
        "SELECT created_at AS at, CASE WHEN drafted IS NULL THEN 'abstained'"
        " ELSE 'drafted' END AS what, coalesce(model, source) AS who, drafted AS text,"
        f" origin AS reason, 0 AS rank FROM suggestions WHERE database = ? AND {here}"
        " AND (drafted IS NOT NULL OR source <> 'human')"
        " UNION ALL SELECT d.at, d.verdict, d.who, d.text_after, d.reason_after, 1"
        " FROM suggestions s CROSS JOIN decisions d ON d.suggestion = s.id"
        f" WHERE s.database = ? AND s.{here}"
        " UNION ALL SELECT l.closed_at, CASE WHEN r.what = 'revert'"
        " AND l.outcome = 'written' THEN 'restored' ELSE l.outcome END,"
        " 'run ' || r.id, l.text, l.reason, 2"
        " FROM ledger l JOIN runs r ON r.id = l.run"
        f" WHERE l.outcome IS NOT NULL AND r.database = ? AND l.{here}"
        " ORDER BY at, rank",
        (*place, *place, *place),
    )
