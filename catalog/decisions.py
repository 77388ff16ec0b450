"""The log of decisions: every one is a row, carried out, undone and redone in SQL.

A warehouse has a million suggestions; decisions on many of them are one statement each
for the log and for the suggestions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from catalog.choice import Choice
from catalog.suggestion import UNDECIDED, Decision, State, Suggestion, Verdict
from catalog.workspace import Workspace, now, steward

Move = tuple[Suggestion, State, str | None, str | None]
"""A suggestion as it was seen, and the state, text and reason it gets."""

_WHOLE = (
    "(SELECT count(*) FROM decisions d WHERE d.batch = b.id)"
    " = (SELECT count(*) FROM main.decisions d WHERE d.batch = b.id)"
)
"""All that an action decided is within the bounds: none is taken back by half."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One action of the steward, on one or many suggestions."""

    id: int
    """Row id; 0 where nothing had to be decided."""
    what: str
    """What it did, in words for the steward."""
    count: int
    """How many suggestions it changed."""


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
        row = self._last_done()
        return self._replay(row, Verdict.UNDO) if row else None

    def redo(self) -> Batch | None:
        """Do again what was undone last; None where nothing was, or since decided."""
        row = self._first_undone()
        return self._replay(row, Verdict.REDO) if row else None

    def _replay(self, batch: sqlite3.Row, verdict: Verdict) -> Batch:
        back = verdict is Verdict.UNDO
        here, there = ("after", "before") if back else ("before", "after")
        with self._workspace.transaction() as db:
            log = self._batch(db, f"{verdict.value}: {batch['what']}", "log")
            # What has been written, replaced or re-decided since stays. What is undone
            # or redone is as far from the draft as it was.
            count = self.move(
                db,
                log,
                verdict,
                f"SELECT suggestion, d.state_{there} AS state, d.text_{there} AS text,"
                f" d.reason_{there} AS reason, d.edit_distance FROM decisions d"
                " JOIN suggestions s ON s.id = d.suggestion WHERE d.batch = ?"
                f" AND s.state = d.state_{here} AND s.text IS d.text_{here}",
                (batch["id"],),
            )
            db.execute(
                "UPDATE batches SET standing = ? WHERE id = ?",
                ("undone" if back else "done", batch["id"]),
            )
        return Batch(batch["id"], batch["what"], count)

    def decide(self, moves: Mapping[Verdict, list[Move]]) -> Batch:
        """One action on suggestions as they were seen; what changed since stays."""
        taken = {verdict: each for verdict, each in moves.items() if each}
        number = sum(map(len, taken.values()))
        what = f"{next(iter(taken or moves)).value} {number}"
        if number == 1:
            ((verdict, ((suggestion, *_),)),) = taken.items()
            what = f"{verdict.value} {suggestion.target}"
        if not number:
            return Batch(0, what, 0)
        count = 0
        with self._workspace.transaction() as db:
            batch = self.begin(db, what)
            db.execute(
                "CREATE TEMP TABLE moves (suggestion, seen_state, seen_text, state,"
                " text, reason)"
            )
            for verdict, each in taken.items():
                db.executemany(
                    "INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        (s.id, s.state.value, s.text, state.value, text, reason)
                        for s, state, text, reason in each
                    ],
                )
                # Somebody else decided meanwhile: what the steward saw is not there.
                count += self.move(
                    db,
                    batch,
                    verdict,
                    "SELECT suggestion, m.state, m.text, m.reason, NULL AS"
                    " edit_distance FROM moves m"
                    " JOIN suggestions s ON s.id = suggestion"
                    " WHERE s.state = seen_state AND s.text IS seen_text",
                )
                db.execute("DELETE FROM temp.moves")
            db.execute("DROP TABLE temp.moves")
        return Batch(batch, what, count)

    def decide_chosen(
        self, verdict: Verdict, state: State, choice: Choice, reason: str | None
    ) -> Batch:
        """One action on a bulk choice; what somebody decided since stays."""
        what = f"{verdict.value} {len(choice)}"
        if not choice:
            return Batch(0, what, 0)
        with self._workspace.transaction() as db:
            db.execute("CREATE TEMP TABLE chosen (suggestion INTEGER PRIMARY KEY)")
            db.executemany("INSERT INTO chosen VALUES (?)", ((i,) for i in choice.ids))
            batch = self.begin(db, what)
            count = self.move(
                db,
                batch,
                verdict,
                "SELECT suggestion, ? AS state, s.text, ? AS reason, NULL AS"
                " edit_distance FROM chosen c"
                " CROSS JOIN suggestions s ON s.id = suggestion"
                " WHERE s.state IN (SELECT value FROM json_each(?)) AND NOT EXISTS ("
                " SELECT 1 FROM decisions d WHERE d.suggestion = s.id AND d.id > ?)",
                (
                    state.value,
                    reason,
                    json.dumps([each.value for each in UNDECIDED]),
                    choice.seen,
                ),
            )
            db.execute("DROP TABLE temp.chosen")
        return Batch(batch, what, count)

    def begin(self, db: sqlite3.Connection, what: str) -> int:
        """A new action, which makes what was undone unreachable, as in any editor."""
        db.execute(
            "UPDATE batches SET standing = 'dropped' WHERE database = ?"
            " AND standing = 'undone'",
            (self._database,),
        )
        return self._batch(db, what, "done")

    def _batch(self, db: sqlite3.Connection, what: str, standing: str) -> int:
        cursor = db.execute(
            "INSERT INTO batches (database, what, standing, at) VALUES (?, ?, ?, ?)",
            (self._database, what, standing, now()),
        )
        return int(cursor.lastrowid or 0)

    def move(
        self,
        db: sqlite3.Connection,
        batch: int,
        verdict: Verdict,
        moves: str,
        parameters: Sequence[object] = (),
        *,
        who: str | None = None,
    ) -> int:
        """Log decisions and carry them out; how many there were.

        Args:
            db: the open transaction.
            batch: the action that they belong to.
            verdict: what they say.
            moves: a query of suggestion, the state, text and reason it gets, and how
                far that text is from the draft, NULL where that is not known.
            parameters: of that query.
            who: whose decisions they are; None is the steward at this machine.
        """
        db.create_function("edit_distance", 2, levenshtein, deterministic=True)
        logged = db.execute(
            "INSERT INTO main.decisions (batch, suggestion, verdict, state_before,"
            " state_after, text_before, text_after, edit_distance, reason_before,"
            " reason_after, who, at)"
            " SELECT ?, s.id, ?, s.state, m.state, s.text, m.text,"
            " ifnull(m.edit_distance, CASE WHEN s.drafted IS m.text THEN 0"
            " ELSE edit_distance(ifnull(s.drafted, ''), ifnull(m.text, '')) END),"
            f" s.reason, m.reason, ?, ? FROM ({moves}) m"
            " CROSS JOIN suggestions s ON s.id = m.suggestion WHERE s.current",
            (
                batch,
                verdict.value,
                who or steward(),
                now(),
                *parameters,
            ),
        )
        db.execute(
            "UPDATE main.suggestions SET state = d.state_after, text = d.text_after,"
            " reason = d.reason_after FROM decisions d"
            " WHERE d.batch = ? AND suggestions.id = d.suggestion",
            (batch,),
        )
        return logged.rowcount


@lru_cache(maxsize=1 << 8)  # columns of one name have one draft and get one text
def levenshtein(a: str, b: str) -> int:
    """Edit distance in characters: insertions, deletions and substitutions.

    A column of the table at a time, as the bits of two numbers (Hyyrö, "A bit-vector
    algorithm for computing Levenshtein and Damerau edit distances", 2003): 10,000
    characters against as many take 0.1 s, where cell by cell it was half a minute.
    """
    if len(a) < len(b):
        a, b = b, a
    if not b:
        return len(a)
    places: dict[str, int] = {}
    for place, letter in enumerate(a):
        places[letter] = places.get(letter, 0) | 1 << place
    every, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    more, less, distance = every, 0, len(a)
    for letter in b:
        equal = places.get(letter, 0)
        diagonal = (((equal & more) + more) ^ more) | equal | less
        right = less | (every & ~(diagonal | more))
        left = more & diagonal
        distance += bool(right & last) - bool(left & last)
        right = every & (right << 1 | 1)
        more = every & (left << 1 | ~(diagonal | right))
        less = right & diagonal
    return distance
