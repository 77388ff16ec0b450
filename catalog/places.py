"""Where the steward left each database, and what was told already."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.objects import TableId
from catalog.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database was left."""

    table: TableId
    """The table under the cursor."""
    column: str | None = None
    """The column, where its table was under review."""
    reviewing: bool = False
    """Whether the table was under review."""


def leave(workspace: Workspace, database: int, place: Place) -> None:
    """Remember a place, instead of the last one."""
    with workspace.transaction() as db:
        db.execute(
            "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?)",
            (
                database,
                place.table.schema,
                place.table.name,
                place.column,
                place.reviewing,
            ),
        )


def left(workspace: Workspace, database: int) -> Place | None:
    """Where it was left; None where it is new."""
    row = workspace.row("SELECT * FROM places WHERE database = ?", (database,))
    if row is None:
        return None
    return Place(
        TableId(row["schema"], row["name"]), row["column_name"], bool(row["reviewing"])
    )


def first_time(workspace: Workspace, hint: str) -> bool:
    """Whether a hint was never given before; from now on it was."""
    if workspace.row("SELECT 1 FROM hints WHERE hint = ?", (hint,)):
        return False
    with workspace.transaction() as db:
        cursor = db.execute("INSERT OR IGNORE INTO hints VALUES (?)", (hint,))
        return cursor.rowcount > 0
