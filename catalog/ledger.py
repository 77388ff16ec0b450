"""The ledger of writes: every statement, its intent before and its end after."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.change import CommentChange, Intent, Outcome, WriteResult
from catalog.objects import column_of, make_target, table_of
from catalog.workspace import Workspace, now


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One press of the write key, or one `apply` or `revert`."""

    id: int
    """Row id, which the steward names to revert it."""
    what: str
    """`apply` or `revert`."""
    reverts: int | None
    """The run it takes back."""
    started_at: str
    """ISO 8601, UTC."""
    written: int
    """Comments it wrote."""


class RunLedger:
    """The ledger of one run; each row is durable before its statement is executed.

    Args:
        workspace: the file.
        run: the run's id.
        on_close: called with results in the transaction that closes their intents, so
            that a suggestion's state and the ledger can never disagree.
    """

    def __init__(
        self,
        workspace: Workspace,
        run: int,
        on_close: Callable[[Sequence[WriteResult]], None] | None = None,
    ) -> None:
        self._workspace = workspace
        self.run = run
        self._on_close = on_close

    def intend(self, statements: Sequence[tuple[CommentChange, str]]) -> list[int]:
        """Commit what is about to be executed; the rows' ids, in that order."""
        if not statements:
            return []
        at = now()
        rows: list[tuple[object, ...]] = []
        for change, statement in statements:
            table, column = table_of(change.target), column_of(change.target)
            values = (change.previous, change.text, statement, at)
            rows.append((self.run, table.schema, table.name, column, *values))
        with self._workspace.transaction() as db:
            db.executemany(
                "INSERT INTO main.ledger (run, schema, name, column_name, previous,"
                " text, statement, intended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            # Nobody else writes in a write transaction, so they are consecutive.
            (last,) = db.execute("SELECT max(id) FROM main.ledger").fetchone()
        return list(range(last - len(rows) + 1, last + 1))

    def close(self, ends: Sequence[tuple[int, WriteResult]]) -> None:
        """Record how intents ended."""
        if not ends:
            return
        at = now()
        with self._workspace.transaction() as db:
            db.executemany(
                "UPDATE main.ledger SET outcome = ?, reason = ?, read_back = ?,"
                " statement = ?, closed_at = ? WHERE id = ?",
                [
                    (
                        result.outcome.value,
                        result.reason,
                        result.read_back,
                        result.statement,
                        at,
                        intent,
                    )
                    for intent, result in ends
                ],
            )
            if self._on_close is not None:
                self._on_close([result for _, result in ends])


class Ledger:
    """All runs on one database."""

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database

    def begin(self, what: str, *, reverts: int | None = None) -> int:
        """Start a run: `apply`, or `revert` of another; its id."""
        with self._workspace.transaction() as db:
            cursor = db.execute(
                "INSERT INTO runs (database, what, reverts, started_at)"
                " VALUES (?, ?, ?, ?)",
                (self._database, what, reverts, now()),
            )
            return int(cursor.lastrowid or 0)

    def end(self, run: int) -> None:
        """Note when a run ended."""
        with self._workspace.transaction() as db:
            db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", (now(), run))

    def runs(self) -> list[RecordedRun]:
        """Runs, the latest first."""
        return self._workspace.records(
            RecordedRun,
            "SELECT r.*, (SELECT count(*) FROM ledger l WHERE l.run = r.id"
            " AND l.outcome = 'written') AS written FROM runs r"
            " WHERE r.database = ? ORDER BY r.id DESC",
            (self._database,),
        )

    def last_revertible(self) -> RecordedRun | None:
        """The latest `apply` with a comment that no revert has dealt with yet.

        A revert that was interrupted leaves its run standing, so that the next one
        finishes it.
        """
        row = self._workspace.row(
            "SELECT max(l.run) AS run FROM ledger l JOIN runs r ON r.id = l.run"
            " WHERE r.database = ? AND r.what = 'apply' AND l.outcome = 'written'"
            " AND NOT EXISTS (SELECT 1 FROM ledger b JOIN runs t ON t.id = b.run"
            " WHERE t.reverts = l.run AND b.schema = l.schema AND b.name = l.name"
            " AND b.column_name IS l.column_name"
            " AND b.outcome IN ('written', 'conflict', 'refused'))",
            (self._database,),
        )
        found = row["run"] if row else None
        return next((run for run in self.runs() if run.id == found), None)

    def open_intents(self) -> list[Intent]:
        """Intents whose end is not known: a process died between the two."""
        return self._intents("l.outcome IS NULL", ())

    def written(self, run: int) -> list[Intent]:
        """What a run wrote, in order."""
        return self._intents("l.outcome = 'written' AND l.run = ?", (run,))

    def _intents(self, condition: str, parameters: tuple[int, ...]) -> list[Intent]:
        return [
            _intent(row)
            for row in self._workspace.rows(
                "SELECT l.* FROM ledger l JOIN runs r ON r.id = l.run"
                f" WHERE r.database = ? AND {condition} ORDER BY l.id",
                (self._database, *parameters),
            )
        ]


def _intent(row: sqlite3.Row) -> Intent:
    target = make_target(row["schema"], row["name"], row["column_name"])
    return Intent(
        row["id"],
        row["run"],
        CommentChange(target, row["previous"], row["text"]),
        row["statement"],
        Outcome(row["outcome"]) if row["outcome"] else None,
    )
