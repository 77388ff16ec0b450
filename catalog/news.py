"""Which tables changed in the workspace, by whomever: another window, a command, us."""

from __future__ import annotations

import json

from catalog.objects import TableId
from catalog.workspace import Workspace


class News:
    """What was drafted, decided on and written since it was read last.

    Drafts, decisions and intents are rows with ids that grow, so it costs what is new
    and not what there is.
    """

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database
        self._seen: tuple[int, ...] = ()
        self._read_at: str | None = None
        self._open: set[int] = set()
        """Intents whose end was not known when it was read."""

    def read(self, *, most: int) -> frozenset[TableId] | None:
        """Tables of which anything is new; None where more than `most` are, or all.

        It may be all where the catalog is read anew, and when it is asked first.
        """
        seen, before, read_at = self._seen, self._open, self._read_at
        self._look()
        if not seen or read_at != self._read_at:
            return None
        # The plus keeps SQLite from going through all that a database has.
        found = self._workspace.rows(
            "SELECT schema, name FROM main.suggestions WHERE id > ?2 AND +database = ?1"
            " UNION SELECT s.schema, s.name FROM main.decisions d"
            " CROSS JOIN main.suggestions s ON s.id = d.suggestion"
            " WHERE d.id > ?3 AND s.database = ?1"
            " UNION SELECT l.schema, l.name FROM main.ledger l"
            " CROSS JOIN main.runs r ON r.id = l.run WHERE r.database = ?1"
            " AND (l.id > ?4 OR l.id IN (SELECT value FROM json_each(?5)))"
            " LIMIT ?6",
            (
                self._database,
                *seen,
                json.dumps(sorted(before - self._open)),
                most + 1,
            ),
        )
        if len(found) > most:
            return None
        return frozenset(TableId(schema, name) for schema, name in found)

    def _look(self) -> None:
        """Note what there is by now, before it is read: nothing falls in between."""
        (row,) = self._workspace.rows(
            "SELECT (SELECT ifnull(max(id), 0) FROM main.suggestions),"
            " (SELECT ifnull(max(id), 0) FROM main.decisions),"
            " (SELECT ifnull(max(id), 0) FROM main.ledger)"
        )
        self._seen = tuple(row)
        self._read_at = self._workspace.read_at(self._database)
        self._open = {
            row["id"]
            for row in self._workspace.rows(
                "SELECT id FROM main.ledger WHERE outcome IS NULL"
            )
        }
