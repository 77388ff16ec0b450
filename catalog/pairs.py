"""Two models' drafts of the same targets, side by side, and what was said of them.

Both are suggestions. The one of the model that drafts first is set aside, and nobody is
shown it, until the other's is there: a text that was once alone is known again. Then
they have an order that is drawn for the target, and the first is the current one. Which
of them was favoured is part of the decision, so that undo, redo and another window do
with it as with any decision.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from catalog.objects import TableId, Target, column_of, make_target, table_of
from catalog.suggestion import Draft
from catalog.suggestions import Suggestions
from catalog.trial import Favoured, drawn_order
from catalog.workspace import Workspace


class Joined(Enum):
    """What came of two models' drafts of one target."""

    PAIR = "to_choose"
    """They stand side by side."""
    ALIKE = "alike"
    """They are the same."""
    SINGLE = "single"
    """One has no text, or a text of neither model."""


class Pairs:
    """What two models draft of one database.

    Args:
        workspace: the file.
        database: the id of the database.
        key: what identifies it.
        models: the names of both.
    """

    def __init__(
        self, workspace: Workspace, database: int, key: str, models: tuple[str, str]
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._key = key
        self._models = models
        self._suggestions = Suggestions(workspace, database)
        self.joined: Counter[Joined] = Counter()
        """What came of the drafts that met here."""

    def put(
        self,
        model: str,
        drafts: Iterable[tuple[Draft, str | None]],
        *,
        drafting: int | None = None,
    ) -> int:
        """Store one model's drafts, each with the comment there is; how many were new.

        A target that was decided on keeps its text. All in one transaction.

        Args:
            model: which of both drafted.
            drafts: what it drafted.
            drafting: the row of what it was drafted with (`Inferences.spent`).
        """
        stored = 0
        one, two = self._models
        other = two if model == one else one
        with self._workspace.transaction() as db:
            for draft, previous in drafts:
                target = draft.target
                if not self._suggestions.takes_draft(target):
                    continue
                waits = self._waiting(db, target, other)
                id_ = self._suggestions.set_aside(draft, previous, arm=model)
                self._suggestions.inferences.add(id_, draft.effort, drafting)
                stored += 1
                if waits is not None:
                    self._join(db, target, {other: waits, model: id_})
        return stored

    def waiting(self, model: str) -> frozenset[Target]:
        """What one model drafted that waits for the other's text."""
        rows = self._workspace.rows(
            "SELECT schema, name, column_name FROM suggestions"
            " WHERE database = ? AND arm = ? AND place IS NULL",
            (self._database, model),
        )
        return frozenset(make_target(*row) for row in rows)

    def forget(self, tables: Iterable[TableId]) -> None:
        """Have what waits of these tables drafted anew."""
        with self._workspace.transaction() as db:
            db.executemany(
                "UPDATE main.suggestions SET place = 0 WHERE database = ?"
                " AND schema = ? AND name = ? AND arm IN (?, ?) AND place IS NULL",
                ((self._database, t.schema, t.name, *self._models) for t in tables),
            )

    def _waiting(self, db: sqlite3.Connection, target: Target, arm: str) -> int | None:
        table = table_of(target)
        row = db.execute(
            "SELECT id FROM main.suggestions WHERE database = ? AND schema = ?"
            " AND name = ? AND column_name IS ? AND arm = ? AND place IS NULL"
            " ORDER BY id DESC LIMIT 1",
            (self._database, table.schema, table.name, column_of(target), arm),
        ).fetchone()
        return None if row is None else int(row[0])

    def _join(
        self, db: sqlite3.Connection, target: Target, ids: dict[str, int]
    ) -> None:
        """Let both stand side by side, or the one that there is to stand for."""
        order = [ids[name] for name in drawn_order(self._key, target, self._models)]
        rows = [
            db.execute(
                "SELECT drafted, drafted IS NULL AS lacks, model IS NOT NULL AS asked,"
                " source IN ('model', 'rules') AS own FROM main.suggestions"
                " WHERE id = ?",
                (id_,),
            ).fetchone()
            for id_ in order
        ]
        put = "UPDATE main.suggestions SET place = ?, rival = ? WHERE id = ?"
        both = all(row["own"] and not row["lacks"] for row in rows)
        # What neither was asked says nothing of them: a sure rule, the glossary.
        if both and any(row["asked"] for row in rows):
            db.execute(put, (1, order[1], order[0]))
            db.execute(put, (2, order[0], order[1]))
            alike = rows[0]["drafted"] == rows[1]["drafted"]
            self.joined[Joined.ALIKE if alike else Joined.PAIR] += 1
            self._suggestions.make_current(target, order[0])
            return
        # What people wrote goes before a model's text, and any text before none.
        rank = [(row["lacks"], row["own"]) for row in rows]
        self.joined[Joined.SINGLE] += 1
        db.executemany(put, [(0, None, id_) for id_ in order])
        self._suggestions.make_current(target, order[rank.index(min(rank))])


_SAID = ("accepted", "edited", "rejected")
"""States of what was decided on."""


class Fate(Enum):
    """What became of two drafts side by side."""

    VOTED = "voted"
    """One was taken as the better."""
    TIE = "tie"
    """One was taken, and neither called better."""
    EDITED = "edited"
    """Somebody wrote other words, without a vote."""
    REJECTED = "rejected"
    """Neither was good."""
    OTHERWISE = "otherwise"
    """One was taken without being called better, such as by another's sign-off."""
    OPEN = "open"
    """Nobody has decided yet."""
    ALIKE = "alike"
    """Both models wrote the same: a tie by nature that nobody is asked about."""
    GONE = "gone"
    """Other drafts took their place before anybody decided."""


@dataclass(frozen=True, slots=True)
class PairOutcome:
    """Two drafts that stood side by side, and what was said of them last."""

    database: str
    """The key of the target's database."""
    target: Target
    """What they describe."""
    fate: Fate
    """What became of them."""
    winner: str | None
    """The model whose text was called better."""
    edited: bool
    """Whether the better one was edited in the end."""
    decision: int
    """The one since which it stands: a later edit or acceptance of what is favoured is
    no news. 0 for none; later ones have larger numbers."""


def outcomes(
    workspace: Workspace, database: int | None, models: tuple[str, str]
) -> list[PairOutcome]:
    """Everything that stood side by side of two models, oldest first.

    Args:
        workspace: the file.
        database: the id of a database; None is all of them.
        models: the names of both.
    """
    rows = workspace.rows(
        "SELECT b.key, f.schema, f.name, f.column_name, f.arm AS first,"
        " o.arm AS second, f.drafted IS o.drafted AS alike,"
        " f.current OR o.current AS current,"
        " (SELECT ifnull(min(x.id), 0) FROM main.decisions x"
        " WHERE x.suggestion IN (f.id, o.id) AND x.id > ifnull((SELECT max(y.id)"
        " FROM main.decisions y WHERE y.suggestion IN (f.id, o.id)"
        f" AND (y.favour IS NOT d.favour OR y.state_after NOT IN {_SAID})), 0))"
        " AS decision, d.state_after, d.favour"
        " FROM suggestions f JOIN main.suggestions o ON o.id = f.rival"
        " JOIN databases b ON b.id = f.database"
        " LEFT JOIN main.decisions d ON d.id = (SELECT max(x.id) FROM main.decisions x"
        " WHERE x.suggestion IN (f.id, o.id))"
        f" WHERE f.place = 1 AND f.database {_of(database)}"
        " AND f.arm IN (?, ?) AND o.arm IN (?, ?) ORDER BY f.id",
        (*models, *models),
    )
    return [_outcome(row) for row in rows]


def last_models(
    workspace: Workspace, database: int | None = None
) -> tuple[str, str] | None:
    """The two models whose drafts were put side by side last; None for none."""
    row = workspace.row(
        "SELECT f.arm, o.arm FROM suggestions f JOIN main.suggestions o"
        f" ON o.id = f.rival WHERE f.place = 1 AND f.database {_of(database)}"
        " ORDER BY f.id DESC LIMIT 1"
    )
    return None if row is None else (row[0], row[1])


def _of(database: int | None) -> str:
    return "IS NOT NULL" if database is None else f"= {database:d}"


def _outcome(row: sqlite3.Row) -> PairOutcome:
    state, favour, winner = row["state_after"], row["favour"], None
    decided = state in _SAID
    if row["alike"]:
        fate = Fate.ALIKE
    elif not decided:
        fate = Fate.OPEN if row["current"] else Fate.GONE
    elif favour is not None:
        fate = Fate.TIE if favour == Favoured.TIE.value else Fate.VOTED
        winner = row[favour] if fate is Fate.VOTED else None
    else:
        fate = Fate.OTHERWISE if state == "accepted" else Fate(state)
    return PairOutcome(
        row["key"],
        make_target(row["schema"], row["name"], row["column_name"]),
        fate,
        winner,
        winner is not None and state == "edited",
        row["decision"],
    )
