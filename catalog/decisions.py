"""The log of decisions: every one is a row, carried out, undone and redone in SQL.

A decision on one suggestion is looked up by its id. A warehouse has a million of them:
a choice, an undo and a redo are one statement each for the log and the suggestions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from catalog.choice import Choice
from catalog.suggestion import UNDECIDED, Decision, State, Suggestion, Verdict
from catalog.workspace import Workspace, now, steward

_WHOLE = (
    "(SELECT count(*) FROM decisions d WHERE d.batch = b.id)"
    " = (SELECT count(*) FROM main.decisions d WHERE d.batch = b.id)"
)
"""All that an action decided is within the bounds: none is taken back by half."""

_LOG = (
    "INSERT INTO main.decisions (batch, suggestion, verdict, state_before, state_after,"
    " text_before, text_after, edit_distance, reason_before, reason_after, who, at)"
    " SELECT :batch, s.id, :verdict, s.state, {state}, s.text, {text}, {distance},"
    " s.reason, {reason}, :who, :at FROM {found} AND s.current"
)
"""Logs what every suggestion `s` that is found gets."""

_DISTANCE = (
    "CASE WHEN s.drafted IS {text} THEN 0"
    " ELSE edit_distance(ifnull(s.drafted, ''), ifnull({text}, '')) END"
)
"""How far a text is from the draft, in characters."""

# Where somebody else decided meanwhile, what the steward saw is not there.
_LOG_ONE = _LOG.format(
    state=":state",
    text=":text",
    distance=_DISTANCE.format(text=":text"),
    reason=":reason",
    found="suggestions s WHERE s.id = :suggestion AND (:seen_state IS NULL"
    " OR s.state = :seen_state AND s.text IS :seen_text)",
)

# The cross join makes SQLite begin with what is chosen, never with all there is.
_LOG_CHOSEN = _LOG.format(
    state=":state",
    text="s.text",
    distance=_DISTANCE.format(text="s.text"),
    reason=":reason",
    found="json_each(:chosen) c CROSS JOIN suggestions s ON s.id = c.value"
    " WHERE s.state IN (SELECT value FROM json_each(:undecided)) AND NOT EXISTS"
    " (SELECT 1 FROM decisions d WHERE d.suggestion = s.id AND d.id > :seen)",
)

# What has been written, replaced or re-decided since stays. What is undone or redone is
# as far from the draft as it was.
_LOG_REPLAYED = _LOG.format(
    state="d.state_{there}",
    text="d.text_{there}",
    distance="d.edit_distance",
    reason="d.reason_{there}",
    found="decisions d JOIN suggestions s ON s.id = d.suggestion"
    " WHERE d.batch = :replayed AND s.state = d.state_{here}"
    " AND s.text IS d.text_{here}",
)


@dataclass(frozen=True, slots=True)
class Batch:
    """One action of the steward, on one or many suggestions."""

    id: int
    """Row id; 0 where nothing was decided."""
    what: str
    """What it did, in words for the steward."""
    count: int
    """How many suggestions it changed."""
    only: int | None = None
    """Id of the suggestion, where it changed one."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a decision makes of one suggestion."""

    suggestion: int
    """Its id."""
    verdict: Verdict
    """What the decision says."""
    state: State
    """The state it gets."""
    text: str | None
    """The text that counts from then on."""
    reason: str | None = None
    """Why."""
    seen: Suggestion | None = None
    """What it has to be still; None where that was looked at already."""
    who: str | None = None
    """Whose decision it is; None is the steward at this machine."""


class Decisions:
    """The steward's actions on the suggestions of one database."""

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database

    def all(self) -> list[Decision]:
        """Every decision on this database, oldest first."""
        return self._workspace.records(
            Decision,
            "SELECT d.*, d.state_before AS before, d.state_after AS after"
            " FROM decisions d JOIN batches b ON b.id = d.batch"
            " WHERE b.database = ? ORDER BY d.id",
            (self._database,),
        )

    def replayed(self, what: Literal["undo", "redo"]) -> int:
        """How many decisions an undo or redo would go over."""
        row = self._last_done() if what == "undo" else self._first_undone()
        if row is None:
            return 0
        count = "SELECT count(*) FROM decisions WHERE batch = ?"
        found = self._workspace.row(count, (row["id"],))
        return int(found[0]) if found else 0

    def _last_done(self) -> sqlite3.Row | None:
        return self._workspace.row(
            "SELECT * FROM batches b WHERE database = ? AND standing = 'done'"
            f" AND {_WHOLE} ORDER BY id DESC LIMIT 1",
            (self._database,),
        )

    def _first_undone(self) -> sqlite3.Row | None:
        return self._workspace.row(
            "SELECT * FROM batches b WHERE database = ? AND standing = 'undone'"
            f" AND {_WHOLE} ORDER BY id LIMIT 1",
            (self._database,),
        )

    def undo(self) -> Batch | None:
        """Take back the latest action that stands; None where there is none."""
        with self._workspace.transaction() as db:
            row = self._last_done()
            return self._replay(db, row, Verdict.UNDO) if row else None

    def redo(self) -> Batch | None:
        """Do again what was undone last; None where nothing was, or since decided."""
        with self._workspace.transaction() as db:
            row = self._first_undone()
            return self._replay(db, row, Verdict.REDO) if row else None

    def _replay(
        self, db: sqlite3.Connection, batch: sqlite3.Row, verdict: Verdict
    ) -> Batch:
        back = verdict is Verdict.UNDO
        here, there = ("after", "before") if back else ("before", "after")
        log = self._batch(db, f"{verdict.value}: {batch['what']}", "log")
        query = _LOG_REPLAYED.format(here=here, there=there)
        replayed = {"replayed": batch["id"], "verdict": verdict.value}
        count, only = self._move(db, log, query, [replayed])
        db.execute(
            "UPDATE batches SET standing = ? WHERE id = ?",
            ("undone" if back else "done", batch["id"]),
        )
        return Batch(batch["id"], batch["what"], count, only)

    def decide(self, what: str, moves: Sequence[Move]) -> Batch:
        """One action on suggestions as they were seen; what changed since stays."""
        each = [
            {
                "suggestion": move.suggestion,
                "verdict": move.verdict.value,
                "state": move.state.value,
                "text": move.text,
                "reason": move.reason,
                "seen_state": move.seen and move.seen.state.value,
                "seen_text": move.seen and move.seen.text,
                "who": move.who or steward(),
            }
            for move in moves
        ]
        return self._decide(what, _LOG_ONE, each)

    def decide_chosen(
        self, verdict: Verdict, choice: Choice, reason: str | None = None
    ) -> Batch:
        """One action on a bulk choice; what somebody decided since stays."""
        chosen = {
            "chosen": json.dumps(choice.ids.tolist()),
            "verdict": verdict.value,
            "state": verdict.value,  # states are called what led to them
            "reason": reason,
            "undecided": json.dumps([each.value for each in UNDECIDED]),
            "seen": choice.seen,
        }
        what = f"{verdict.value} {len(choice)}"
        return self._decide(what, _LOG_CHOSEN, [chosen] if choice else [])

    def _decide(
        self, what: str, query: str, each: Sequence[Mapping[str, object]]
    ) -> Batch:
        """A new action; one that changes nothing leaves no trace."""
        if not each:
            return Batch(0, what, 0)
        with self._workspace.transaction() as db:
            batch = self._batch(db, what, "done")
            count, only = self._move(db, batch, query, each)
            if not count:
                db.execute("DELETE FROM batches WHERE id = ?", (batch,))
                return Batch(0, what, 0)
            # What was undone can no longer be reached, as in any editor.
            db.execute(
                "UPDATE batches SET standing = 'dropped' WHERE database = ?"
                " AND standing = 'undone'",
                (self._database,),
            )
        return Batch(batch, what, count, only)

    def _batch(self, db: sqlite3.Connection, what: str, standing: str) -> int:
        cursor = db.execute(
            "INSERT INTO batches (database, what, standing, at) VALUES (?, ?, ?, ?)",
            (self._database, what, standing, now()),
        )
        return int(cursor.lastrowid or 0)

    def _move(
        self,
        db: sqlite3.Connection,
        batch: int,
        query: str,
        each: Sequence[Mapping[str, object]],
    ) -> tuple[int, int | None]:
        """Log decisions and carry them out; how many, and on which if on one.

        Args:
            db: the open transaction.
            batch: the action that they belong to.
            query: one of those made from `_LOG`.
            each: its parameters, a run of it for each of them.
        """
        every = {"batch": batch, "who": steward(), "at": now()}
        count = db.executemany(query, [{**every, **one} for one in each]).rowcount
        db.execute(
            "UPDATE main.suggestions SET state = d.state_after, text = d.text_after,"
            " reason = d.reason_after FROM decisions d"
            " WHERE d.batch = ? AND suggestions.id = d.suggestion",
            (batch,),
        )
        if count != 1:
            return count, None
        only = "SELECT suggestion FROM main.decisions WHERE batch = ?"
        return 1, int(db.execute(only, (batch,)).fetchone()[0])
