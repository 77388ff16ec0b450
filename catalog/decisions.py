"""The log of decisions: every one is a row, carried out, undone and redone in SQL.

A decision on one suggestion is looked up by its id. A warehouse has a million of them:
a choice, an undo and a redo are one statement each for the log and the suggestions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from catalog.choice import Choice
from catalog.suggestion import (
    IN_BULK,
    UNDECIDED,
    Decision,
    Finding,
    Source,
    State,
    Suggestion,
    Verdict,
)
from catalog.trial import Favoured
from catalog.workspace import Workspace, now, steward

_WHOLE = (
    "(SELECT count(*) FROM decisions d WHERE d.batch = b.id)"
    " = (SELECT count(*) FROM main.decisions d WHERE d.batch = b.id)"
)
"""All that an action decided is within the bounds: none is taken back by half."""

_LOG = (
    "INSERT INTO main.decisions (batch, suggestion, verdict, state_before, state_after,"
    " text_before, text_after, edit_distance, author, rank, own_findings, seen, favour,"
    " reason_before, reason_after, who, at)"
    " SELECT :batch, id, {verdict}, state, {state}, text, new_text, {distance},"
    " new_author, new_rank, new_findings, new_seen, new_favour, reason, new_reason,"
    " :who, :at"
    " FROM (SELECT s.*, {text} AS new_text, {author} AS new_author,"
    " {rank} AS new_rank, {findings} AS new_findings, {seen} AS new_seen,"
    " {favour} AS new_favour, {reason} AS new_reason{more} FROM {found} AND s.current)"
)
"""Logs what every suggestion `s` that is found gets."""

_DECIDED = {
    "verdict": "iif(:verdict <> 'accepted', :verdict, iif(new_author IS 'human',"
    " 'edited', 'accepted'))",
    "state": "ifnull(:state, iif(new_author IS 'human', 'edited', 'accepted'))",
    "distance": "iif(new_author IS NOT 'human', 0,"
    " edit_distance(ifnull(drafted, ''), ifnull(new_text, '')))",
    "reason": ":reason",
    "more": "",
}
"""What taking a text makes of it follows from the text against the draft, nowhere else:
the draft's own words and a wording that was picked are accepted, others are edited."""

_FAVOUR = (
    "iif(:verdict IN ('accepted', 'edited'), ifnull({new}, (SELECT d.favour"
    " FROM main.decisions d WHERE d.suggestion = s.id ORDER BY d.id DESC LIMIT 1)),"
    " NULL)"
)
"""Of two drafts one stays favoured when its words are edited, or accepted again; an
undo has left what was before it."""

# Where somebody else decided meanwhile, what the steward saw is not there.
_LOG_ONE = _LOG.format(
    **_DECIDED,
    favour=_FAVOUR.format(new=":favour"),
    text=":text",
    author="CASE WHEN :text IS s.drafted THEN NULL WHEN :rank IS NOT NULL THEN :author"
    " WHEN :text IS s.text THEN s.author ELSE 'human' END",
    rank="CASE WHEN :text IS s.drafted THEN NULL WHEN :rank IS NOT NULL THEN :rank"
    " WHEN :text IS s.text THEN s.rank END",
    findings="iif(:text IS s.text AND :rank IS NULL, s.own_findings, :findings)",
    seen=":shown",
    found="suggestions s WHERE s.id = :suggestion AND (:seen_state IS NULL"
    " OR s.state = :seen_state AND s.text IS :seen_text)"
    # What was taken unseen may be taken again by who sees it; else nothing changes.
    " AND NOT (:verdict = 'accepted' AND s.state IN ('accepted', 'edited')"
    " AND s.text IS :text AND s.reason IS :reason AND ifnull(:rank, s.rank) IS s.rank"
    " AND ifnull((SELECT d.seen FROM main.decisions d WHERE d.suggestion = s.id"
    " ORDER BY d.id DESC LIMIT 1), 0) >= :shown)",
)

# The cross join makes SQLite begin with what is chosen, never with all there is.
_LOG_CHOSEN = _LOG.format(
    **_DECIDED,
    favour=_FAVOUR.format(new="NULL"),
    text="s.text",
    author="s.author",
    rank="s.rank",
    findings="s.own_findings",
    seen="s.id IN (SELECT value FROM json_each(:shown))",
    found="json_each(:chosen) c CROSS JOIN suggestions s ON s.id = c.value"
    " WHERE s.state IN (SELECT value FROM json_each(:states)) AND NOT EXISTS"
    " (SELECT 1 FROM decisions d WHERE d.suggestion = s.id AND d.id > :seen)",
)

# What has been written, replaced or re-decided since stays, also where another window
# decided alike. Whose words come back, and how they were decided on, is said by the
# decision that left them: the one that is redone, or the one before what is undone.
_LOG_REPLAYED = _LOG.format(
    verdict=":verdict",
    state="new_state",
    text="d.text_{there}",
    distance="new_distance",
    author="l.author",
    rank="l.rank",
    findings="ifnull(l.own_findings, '[]')",
    seen="ifnull(l.seen, 0)",
    favour="l.favour",
    reason="d.reason_{there}",
    more=", d.state_{there} AS new_state, ifnull(l.edit_distance, 0) AS new_distance",
    found="decisions d JOIN suggestions s ON s.id = d.suggestion"
    " LEFT JOIN main.decisions l ON l.id = {leaves}"
    " WHERE d.batch = :replayed AND s.state = d.state_{here}"
    " AND s.text IS d.text_{here} AND NOT EXISTS (SELECT 1 FROM main.decisions x"
    " JOIN main.batches b ON b.id = x.batch WHERE x.suggestion = d.suggestion"
    " AND x.id > d.id AND b.standing = 'done')",
)
_LEAVES = {
    Verdict.UNDO: "(SELECT max(x.id) FROM main.decisions x"
    " WHERE x.suggestion = d.suggestion AND x.id < d.id)",
    Verdict.REDO: "d.id",
}


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
    who: str = ""
    """Who did it, or who undid it where it is done again."""
    at: str = ""
    """When, as the workspace has it."""
    here: bool = True
    """Whether that was in this window."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a decision makes of one suggestion."""

    suggestion: int
    """Its id."""
    verdict: Verdict
    """What the decision says."""
    text: str | None
    """The text that counts from then on."""
    state: State | None = None
    """The state it gets; None where a text is taken, which says it."""
    reason: str | None = None
    """Why."""
    author: Source | None = None
    """Who wrote the wording that was picked."""
    rank: int | None = None
    """Its number; None where no wording was picked."""
    findings: tuple[Finding, ...] = ()
    """What the checks found in the text, where it is another than before."""
    shown: bool = True
    """Whether the text was on the screen."""
    seen: Suggestion | None = None
    """What it has to be still; None where that was looked at already."""
    who: str | None = None
    """Whose decision it is; None is the steward at this machine."""
    favoured: Favoured | None = None
    """What is said of two drafts that stood side by side."""


class Decisions:
    """The steward's actions on the suggestions of one database."""

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database

    def all(self) -> list[Decision]:
        """Every decision on this database, oldest first."""
        return self._workspace.records(
            Decision,
            "SELECT d.*, d.state_before AS before, d.state_after AS after,"
            " d.favour AS favoured"
            " FROM decisions d JOIN batches b ON b.id = d.batch"
            " WHERE b.database = ? ORDER BY d.id",
            (self._database,),
        )

    def upcoming(self, what: Literal["undo", "redo"]) -> Batch | None:
        """What an undo or redo would go over; None where there is nothing."""
        row = self._last_done() if what == "undo" else self._last_undone()
        if row is None:
            return None
        count = "SELECT count(*) FROM decisions WHERE batch = ?"
        found = self._workspace.row(count, (row["id"],))
        return self._as_batch(row, int(found[0]) if found else 0)

    def _as_batch(self, row: sqlite3.Row, count: int, only: int | None = None) -> Batch:
        here = row["window"] == self._workspace.window
        who, at = row["who"], row["at"]
        return Batch(row["id"], row["what"], count, only, who, at, here)

    def _last_done(self, batch: int | None = None) -> sqlite3.Row | None:
        """The last action of this window that stands, else the last of anybody.

        Args:
            batch: only this one, whosever it is.
        """
        done = f"database = ? AND standing = 'done' AND {_WHOLE}"
        last = "ORDER BY id DESC LIMIT 1"
        if batch is not None:
            return self._workspace.row(
                f"SELECT b.* FROM batches b WHERE {done} AND id = ?",
                (self._database, batch),
            )
        return self._workspace.row(
            f"SELECT b.* FROM batches b WHERE {done} AND window = ? {last}",
            (self._database, self._workspace.window),
        ) or self._workspace.row(
            # From the latest on: by an index all there ever were would be sorted.
            f"SELECT b.* FROM batches b NOT INDEXED WHERE {done} {last}",
            (self._database,),
        )

    def _last_undone(self, batch: int | None = None) -> sqlite3.Row | None:
        """What this window undid last; else what anybody did, if that was the last.

        Args:
            batch: only this one, whosever it is.
        """
        one = (
            "SELECT b.id, b.what, l.who, l.window, l.at FROM batches b"
            " JOIN batches l ON l.id = b.undone"
            " WHERE b.database = ? AND b.standing = 'undone'"
        )
        last = f" AND {_WHOLE} ORDER BY l.id DESC LIMIT 1"
        if batch is not None:
            return self._workspace.row(
                f"{one} AND b.id = ? AND {_WHOLE}", (self._database, batch)
            )
        mine = (self._database, self._workspace.window)
        return self._workspace.row(
            f"{one} AND l.window = ?{last}", mine
        ) or self._workspace.row(
            f"{one} AND NOT EXISTS (SELECT 1 FROM batches n"
            " WHERE n.database = b.database AND n.id > l.id AND n.standing <> 'log')"
            f"{last}",
            (self._database,),
        )

    def undo(self, batch: int | None = None) -> Batch | None:
        """Take back what `upcoming` names; None where there is nothing.

        Args:
            batch: the one to take back, if it still stands, whosever it is.
        """
        with self._workspace.transaction() as db:
            row = self._last_done(batch)
            return self._replay(db, row, Verdict.UNDO) if row else None

    def redo(self, batch: int | None = None) -> Batch | None:
        """Do again what was undone last; None where nothing was, or since decided.

        Args:
            batch: the one to do again, if it is still undone, whosever it is.
        """
        with self._workspace.transaction() as db:
            row = self._last_undone(batch)
            return self._replay(db, row, Verdict.REDO) if row else None

    def _replay(
        self, db: sqlite3.Connection, batch: sqlite3.Row, verdict: Verdict
    ) -> Batch:
        back = verdict is Verdict.UNDO
        here, there = ("after", "before") if back else ("before", "after")
        log = self._batch(db, f"{verdict.value}: {batch['what']}", "log")
        query = _LOG_REPLAYED.format(here=here, there=there, leaves=_LEAVES[verdict])
        replayed = {"replayed": batch["id"], "verdict": verdict.value}
        count, only = self._move(db, log, query, [replayed])
        db.execute(
            "UPDATE batches SET standing = ?, undone = ? WHERE id = ?",
            ("undone" if back else "done", log if back else None, batch["id"]),
        )
        return self._as_batch(batch, count, only)

    def decide(
        self, what: str, moves: Sequence[Move], *, sampled: int | None = None
    ) -> Batch:
        """One action on suggestions as they were seen; what changed since stays.

        Args:
            what: the action in words.
            moves: what becomes of each.
            sampled: how many make the sample that they belong to.
        """
        each = [
            {
                "suggestion": move.suggestion,
                "verdict": move.verdict.value,
                "state": move.state and move.state.value,
                "text": move.text,
                "reason": move.reason,
                "author": move.author and move.author.value,
                "rank": move.rank,
                "findings": json.dumps([each.value for each in move.findings]),
                "shown": move.shown,
                "seen_state": move.seen and move.seen.state.value,
                "seen_text": move.seen and move.seen.text,
                "who": move.who or steward(),
                "favour": move.favoured and move.favoured.value,
            }
            for move in moves
        ]
        return self._decide(what, _LOG_ONE, each, sampled)

    def decide_chosen(
        self,
        verdict: Verdict,
        choice: Choice,
        reason: str | None = None,
        *,
        shown: Collection[int] = (),
        sampled: int | None = None,
    ) -> Batch:
        """One action on a bulk choice; what was decided or became doubtful since stays.

        Args:
            verdict: accepted, for which each text says what it is, or rejected.
            choice: what is decided on.
            reason: why.
            shown: ids of suggestions whose text was on the screen.
            sampled: how many were looked at first.
        """
        taken = verdict is Verdict.ACCEPT
        chosen = {
            "chosen": json.dumps(choice.ids.tolist()),
            "verdict": verdict.value,
            "state": None if taken else verdict.value,
            "reason": reason,
            "shown": json.dumps(list(shown)),
            "states": json.dumps(
                [each.value for each in (IN_BULK if taken else UNDECIDED)]
            ),
            "seen": choice.seen,
        }
        what = f"{verdict.value} {len(choice)}"
        return self._decide(what, _LOG_CHOSEN, [chosen] if choice else [], sampled)

    def _decide(
        self,
        what: str,
        query: str,
        each: Sequence[Mapping[str, object]],
        sampled: int | None,
    ) -> Batch:
        """A new action; one that changes nothing leaves no trace."""
        if not each:
            return Batch(0, what, 0)
        with self._workspace.transaction() as db:
            batch = self._batch(db, what, "done", sampled)
            count, only = self._move(db, batch, query, each)
            if not count:
                db.execute("DELETE FROM batches WHERE id = ?", (batch,))
                return Batch(0, what, 0)
            # What was undone here can no longer be reached, as in any editor; what
            # another window undid, can there.
            db.execute(
                "UPDATE batches SET standing = 'dropped' WHERE database = ?"
                " AND standing = 'undone' AND EXISTS (SELECT 1 FROM batches l"
                " WHERE l.id = batches.undone AND l.window = ?)",
                (self._database, self._workspace.window),
            )
        return Batch(batch, what, count, only)

    def _batch(
        self,
        db: sqlite3.Connection,
        what: str,
        standing: str,
        sampled: int | None = None,
    ) -> int:
        cursor = db.execute(
            "INSERT INTO batches (database, what, standing, at, who, window, sampled)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._database, what, standing, now()),
                *(steward(), self._workspace.window, sampled),
            ),
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
            " reason = d.reason_after, author = d.author, rank = d.rank,"
            " own_findings = d.own_findings FROM decisions d"
            " WHERE d.batch = ? AND suggestions.id = d.suggestion",
            (batch,),
        )
        if count != 1:
            return count, None
        only = "SELECT suggestion FROM main.decisions WHERE batch = ?"
        return 1, int(db.execute(only, (batch,)).fetchone()[0])
