"""Questions about names that the steward finds not worth asking."""

from __future__ import annotations

from catalog.glossary import key_of
from catalog.workspace import Workspace


class Unasked:
    """Terms of one database that are never asked about."""

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database

    def all(self) -> frozenset[str]:
        """Every such term, by its key."""
        rows = self._workspace.rows(
            "SELECT term FROM unasked WHERE database = ?", (self._database,)
        )
        return frozenset(row["term"] for row in rows)

    def add(self, term: str) -> None:
        """Never ask about a term again."""
        with self._workspace.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO unasked VALUES (?, ?)",
                (self._database, key_of(term)),
            )

    def remove(self, term: str) -> None:
        """Ask about a term again."""
        with self._workspace.transaction() as db:
            db.execute(
                "DELETE FROM unasked WHERE database = ? AND term = ?",
                (self._database, key_of(term)),
            )
