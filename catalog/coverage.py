"""How much of a database was described, and since when: one row for each change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.workspace import Workspace, now


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """What was described at one moment."""

    at: datetime
    """When it was counted, UTC."""
    tables: int
    """Tables and views."""
    tables_described: int
    """Those with a comment, or with an accepted text where they can hold none."""
    columns: int
    """Their columns."""
    columns_described: int
    """Those with a comment, or with an accepted text where they can hold none."""

    @property
    def share_of_tables(self) -> float | None:
        """Described tables of all, in [0, 1]; None where there are none."""
        return self.tables_described / self.tables if self.tables else None

    @property
    def share_of_columns(self) -> float | None:
        """Described columns of all, in [0, 1]; None where there are none."""
        return self.columns_described / self.columns if self.columns else None


class CoverageHistory:
    """The coverage of one database over time.

    Args:
        workspace: the file.
        database: the database's id in it.
    """

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database

    def record(self) -> None:
        """Note what is described now, if it is not what was noted last.

        A database that was never read completely is left out: a part of it would look
        like a fall. What a connection is bounded to has a history of its own.
        """
        with self._workspace.transaction() as db:
            if self._workspace.scanned_at(self._database) is None:
                return
            place = (self._database, self._workspace.bounds_of(self._database).key)
            counted = db.execute(
                "SELECT count(*), ifnull(sum(described), 0), ifnull(sum(columns), 0),"
                " ifnull(sum(columns_described), 0) FROM documented WHERE database = ?",
                (self._database,),
            ).fetchone()
            last = db.execute(
                "SELECT tables, tables_described, columns, columns_described"
                " FROM coverage_history WHERE database = ? AND bounds = ?"
                " ORDER BY at DESC LIMIT 1",
                place,
            ).fetchone()
            if last is None or tuple(last) != tuple(counted):
                db.execute(
                    "INSERT OR REPLACE INTO coverage_history"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*place, now(), *counted),
                )

    def points(self) -> tuple[CoveragePoint, ...]:
        """Every change of the coverage, the oldest first."""
        return tuple(
            self._workspace.records(
                CoveragePoint,
                "SELECT * FROM coverage_history WHERE database = ? AND bounds = ?"
                " ORDER BY at",
                (self._database, self._workspace.bounds_of(self._database).key),
            )
        )
