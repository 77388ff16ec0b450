"""Two databases of the workspace that turn out to be one become one."""

from __future__ import annotations

import sqlite3
import time

_HELD_SECONDS = 60.0
"""A lease that was renewed since is held."""
_SAID = (
    "(s.state NOT IN ('pending', 'abstained', 'stale'),"
    " coalesce((SELECT max(at) FROM decisions d WHERE d.suggestion = s.id),"
    " s.created_at))"
)
"""What counts of two suggestions on one object: a decision, then the newer."""


def is_used(db: sqlite3.Connection, database: int) -> bool:
    """Whether anything was drafted, decided or written there."""
    found = db.execute(
        "SELECT 1 FROM main.suggestions WHERE database = ?1"
        " UNION ALL SELECT 1 FROM runs WHERE database = ?1 LIMIT 1",
        (database,),
    )
    return found.fetchone() is not None


def is_held(db: sqlite3.Connection, database: int) -> bool:
    """Whether somebody drafts or writes there."""
    found = db.execute(
        "SELECT 1 FROM leases WHERE database = ? AND beat_at > ?",
        (database, time.time() - _HELD_SECONDS),
    )
    return found.fetchone() is not None


def merge(db: sqlite3.Connection, database: int, into: int) -> int:
    """Move all that is known of a database to another; on how many objects both spoke.

    Of two suggestions on one object the decided one stays, and of two decisions the
    newer; the other becomes history, with its decisions. The row itself stays, for a
    process that has it open: what that adds is moved the next time.

    Args:
        db: the workspace, in a transaction.
        database: what becomes part of the other.
        into: the other.
    """
    both = db.execute(
        f"SELECT s.id, o.id, {_SAID} < {_SAID.replace('s.', 'o.')}"
        " FROM main.suggestions s JOIN main.suggestions o ON o.schema = s.schema"
        " AND o.name = s.name AND o.column_name IS s.column_name"
        " WHERE s.database = ? AND s.current AND o.database = ? AND o.current",
        (database, into),
    ).fetchall()
    older = [(mine if is_older else other,) for mine, other, is_older in both]
    put = "UPDATE main.suggestions SET current = {} WHERE {}"
    db.executemany(put.format(0, "id = ?"), older)
    # Triggers that count what waits see a change of `current`, not of the database.
    moved = db.execute(
        "SELECT id FROM main.suggestions WHERE database = ? AND current", (database,)
    ).fetchall()
    db.execute(put.format(0, "database = ? AND current"), (database,))
    for table in ("suggestions", "batches", "runs", "addresses", "drafting"):
        db.execute(
            f"UPDATE main.{table} SET database = ? WHERE database = ?", (into, database)
        )
    db.executemany(put.format(1, "id = ?"), map(tuple, moved))
    _move_snapshot(db, database, into)
    for table in ("outdated", "coverage_history", "unasked", "places"):
        db.execute(
            f"UPDATE OR IGNORE main.{table} SET database = ? WHERE database = ?",
            (into, database),
        )
    for table in ("outdated", "coverage_history", "unasked", "places", "waiting"):
        db.execute(f"DELETE FROM main.{table} WHERE database = ?", (database,))
    for table in ("scans", "leases", "tables"):
        db.execute(f"DELETE FROM main.{table} WHERE database = ?", (database,))
    db.execute(
        "UPDATE databases SET merged_into = ?1 WHERE ?2 IN (id, merged_into)",
        (into, database),
    )
    return len(both)


def _move_snapshot(db: sqlite3.Connection, database: int, into: int) -> None:
    """Keep the catalog that was read last; where none was read whole, of both."""
    scanned = "SELECT scanned_at FROM databases WHERE id = ?"
    mine, other = (
        db.execute(scanned, (each,)).fetchone()[0] for each in (database, into)
    )
    if (mine or "") > (other or ""):
        db.execute("DELETE FROM main.tables WHERE database = ?", (into,))
        db.execute("UPDATE databases SET scanned_at = ? WHERE id = ?", (mine, into))
    elif other:
        return
    db.execute(
        "UPDATE OR IGNORE main.tables SET database = ? WHERE database = ?",
        (into, database),
    )
