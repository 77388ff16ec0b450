"""Suggestions and the steward's decisions on them, with undo and redo without end."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sys import intern

from catalog.bounds import matches
from catalog.change import CommentChange, Outcome, WriteResult
from catalog.choice import Choice
from catalog.decisions import Batch, Decisions, Move
from catalog.errors import ColumnistError
from catalog.inferences import Inferences
from catalog.objects import (
    ColumnId,
    TableId,
    Target,
    column_of,
    make_target,
    table_of,
)
from catalog.suggestion import (
    STAGED,
    TRIED,
    UNDECIDED,
    Draft,
    Finding,
    Offered,
    Source,
    State,
    Suggestion,
    Verdict,
    Wording,
)
from catalog.trial import Favoured, still_open
from catalog.workspace import Workspace, now

REPLACEABLE = frozenset({State.PENDING, State.ABSTAINED, State.WRITTEN})
"""States in which a new draft takes a suggestion's place: none holds a decided text."""

RECENT = 200
"""Drafts on columns of one name that are looked at for how sure they are."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of texts that people wrote elsewhere."""

    stored: int
    """How many wait now to be decided."""
    kept: tuple[Suggestion, ...]
    """What was decided otherwise before, and stands."""


class Suggestions:
    """The current suggestion of every target of one database, and their history."""

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database
        self.decisions = Decisions(workspace, database)
        """What the steward did, with undo and redo."""
        self.inferences = Inferences(workspace, database)
        """What drafts took, and which were shown."""

    # Reading

    def all(
        self,
        *,
        states: Iterable[State] = (),
        globs: Sequence[str] = (),
        schemas: Sequence[str] = (),
    ) -> list[Suggestion]:
        """Current suggestions in order of schema, table and draft."""
        wanted = [state.value for state in states]
        condition = f"AND state IN ({', '.join('?' * len(wanted))})" if wanted else ""
        found = self._current(f"{condition} ORDER BY schema, name, id", wanted)
        return [
            each for each in found if matches(table_of(each.target), globs, schemas)
        ]

    def of_table(self, table: TableId) -> dict[Target, Suggestion]:
        """Current suggestions of one table and its columns."""
        found = self._current("AND schema = ? AND name = ?", table)
        return {suggestion.target: suggestion for suggestion in found}

    def waits(self, table: TableId) -> bool:
        """Whether anything of a table waits to be decided."""
        row = self._workspace.row(
            "SELECT undecided FROM waiting WHERE database = ? AND schema = ?"
            " AND name = ?",
            (self._database, table.schema, table.name),
        )
        return bool(row and row["undecided"])

    def undecided(self, schema: str) -> int:
        """How much of a schema waits to be decided."""
        row = self._workspace.row(
            "SELECT ifnull(sum(undecided), 0) FROM waiting WHERE database = ?"
            " AND schema = ?",
            (self._database, schema),
        )
        return int(row[0]) if row else 0

    def tables(self) -> list[TableId]:
        """Tables of which something waits to be decided."""
        found = self._workspace.rows(
            "SELECT schema, name FROM waiting WHERE database = ? AND undecided > 0",
            (self._database,),
        )
        return [TableId(schema, name) for schema, name in found]

    def places(self) -> list[TableId]:
        """Tables of which anything was ever suggested, be they gone or not."""
        found = self._workspace.rows(
            "SELECT schema, name FROM waiting WHERE database = ?", (self._database,)
        )
        return [TableId(schema, name) for schema, name in found]

    def get(self, ids: Iterable[int]) -> list[Suggestion]:
        """Suggestions by id, in that order; those that are not current are left out."""
        return [each for id_ in ids for each in self._current("AND id = ?", (id_,))]

    def of_name(self, name: str, type_: str) -> list[Suggestion]:
        """What waits of columns of that name and type that have no comment."""
        return [
            _suggestion(row)
            for row in self._workspace.rows(
                f"SELECT s.*, {_WRITER}, {_RIVAL} FROM suggestions s"
                " JOIN tables t USING (database, schema, name),"
                " json_each(t.body, '$.columns') c"
                " WHERE s.database = ? AND s.column_name = ? AND s.current"
                " AND s.state IN ('pending', 'abstained') AND s.previous IS NULL"
                " AND json_extract(c.value, '$[0]') = s.column_name"
                " AND json_extract(c.value, '$[2]') = ? ORDER BY s.schema, s.name",
                (self._database, name, type_),
            )
        ]

    def settled(self) -> set[Target]:
        """Targets whose text is decided, or came from people or documentation."""
        told = (
            Source.INHERITED,
            Source.GLOSSARY,
            Source.KNOWN,
            Source.IMPORTED,
            Source.HUMAN,
        )
        rows = self._workspace.rows(
            "SELECT schema, name, column_name FROM suggestions"
            " WHERE database = ? AND current AND (state IN ('accepted', 'edited',"
            " 'rejected', 'written', 'conflict', 'refused') OR"
            f" (text IS NOT NULL AND source IN ({', '.join('?' * len(told))})))",
            (self._database, *(source.value for source in told)),
        )
        return {make_target(*row) for row in rows}

    # Drafting

    def taken(
        self, *, redo: bool = False, table: TableId | None = None
    ) -> dict[TableId, frozenset[str | None]]:
        """What keeps new drafts away: columns by table, None the table itself.

        What is outdated or written keeps none away; nor, with `redo`, what waits to be
        decided, unless it is a person's words: written and taken back, or from a file.
        Names that tables share are held once.

        Args:
            redo: also what waits is to be drafted again.
            table: only of this one.
        """
        condition, place = "", list[str]()
        if redo:
            condition += (
                " AND NOT (state IN ('pending', 'abstained')"
                " AND author IS NOT 'human' AND ifnull(author, source) <> 'imported')"
            )
        if table is not None:
            condition += " AND schema = ? AND name = ?"
            place += table
        found = self._workspace.rows(
            "SELECT schema, name, json_group_array(column_name) FROM suggestions"
            f" WHERE database = ? AND current {condition}"
            " AND state NOT IN ('stale', 'written') GROUP BY schema, name",
            (self._database, *place),
        )
        return {
            TableId(schema, name): frozenset(
                None if column is None else intern(column)
                for column in json.loads(columns)
            )
            for schema, name, columns in found
        }

    def put(
        self, drafts: Iterable[tuple[Draft, str | None]], *, drafting: int | None = None
    ) -> int:
        """Store drafts, each with the comment the database holds; how many were new.

        A target whose suggestion the steward has decided on keeps it; an undecided one
        is replaced. All in one transaction, so a table's drafts are there or not, and
        what they took with them.

        Args:
            drafts: what was drafted.
            drafting: the row of what it was drafted with (`Inferences.spent`).
        """
        stored = 0
        with self._workspace.transaction():
            for draft, previous in drafts:
                if self.takes_draft(draft.target):
                    number = self.add(draft, previous)
                    self.inferences.add(number, draft.effort, drafting)
                    stored += 1
        return stored

    def takes_draft(self, target: Target) -> bool:
        """Whether no decided text of a target is lost with a new draft."""
        old = self._of(target)
        return old is None or self._is_replaceable(old)

    def take_in(self, drafts: Iterable[tuple[Draft, str | None]]) -> TakenIn:
        """Store texts that people wrote elsewhere, each with the comment there is.

        A decision stands, but for one whose text the database did not take: another
        text is what corrects it; and for one that became doubtful since. What is the
        database's text already is left out, whatever white space is at its end.
        """
        stored = 0
        kept: list[Suggestion] = []
        with self._workspace.transaction():
            for draft, previous in drafts:
                old = self._of(draft.target)
                decided = (
                    old is not None
                    and old.state is not State.STALE
                    and not self._is_replaceable(old)
                )
                if old is not None and decided and not self._was_not_taken(old):
                    wanted = previous if old.state is State.REJECTED else old.text
                    if _differs(draft.text, wanted) or old.state is State.CONFLICT:
                        kept.append(old)
                elif _differs(draft.text, old.text if old and decided else previous):
                    self.add(draft, previous)
                    stored += 1
        return TakenIn(stored, tuple(kept))

    def _was_not_taken(self, old: Suggestion) -> bool:
        """Whether the database refused a decided text, or failed to store it."""
        if old.state not in STAGED:
            return old.state is State.REFUSED
        failed = (
            "SELECT 1 FROM ledger l JOIN runs r ON r.id = l.run WHERE r.database = ?"
            " AND l.schema = ? AND l.name = ? AND l.column_name IS ? AND l.text IS ?"
            " AND l.outcome = 'failed' LIMIT 1"
        )
        place = self._place(old.target)
        return self._workspace.row(failed, (*place, old.text)) is not None

    def _is_replaceable(self, old: Suggestion) -> bool:
        """Whether no decided text is lost with it."""
        if old.state is not State.STALE:
            return old.state in REPLACEABLE
        decided = "SELECT 1 FROM decisions WHERE suggestion = ? LIMIT 1"
        return self._workspace.row(decided, (old.id,)) is None

    def confidences(
        self, name: str, model: str | None
    ) -> dict[tuple[str, tuple[Finding, ...]], float]:
        """How sure the drafts of columns of one name are, the latest `RECENT`.

        Of those that a model was asked for, or of those by rules alone: their numbers
        were made in other ways.
        """
        rows = self._workspace.rows(
            "SELECT drafted, findings, confidence FROM main.suggestions"
            " WHERE database = ? AND column_name = ? AND current AND model IS ?"
            " AND text = drafted AND source IN ('rules', 'model')"
            " ORDER BY id DESC LIMIT ?",
            (self._database, name, model, RECENT),
        )
        return {
            (row["drafted"], _findings(row["findings"])): row["confidence"]
            for row in reversed(list(rows))
        }

    def write_own(
        self,
        target: Target,
        text: str,
        *,
        previous: str | None,
        findings: tuple[Finding, ...] = (),
    ) -> Batch:
        """Stage the steward's own words for a target, drafted or not.

        Args:
            target: what they describe.
            text: the words.
            previous: the comment there is, which the steward has seen beside them.
            findings: what the checks of writing found in the words.
        """
        with self._workspace.transaction():
            empty = Draft(target, None, Source.HUMAN, 1.0)
            return self.edit(self._beside(previous, empty), text, findings=findings)

    def pick(
        self, target: Target, wording: Wording, rank: int, *, previous: str | None
    ) -> Batch:
        """Stage another wording in place of the draft: accepted, with its number.

        Args:
            target: what it describes.
            wording: the text, and who wrote it.
            rank: its number among those that were offered, from 1.
            previous: the comment there is, which the steward has seen beside it.
        """
        with self._workspace.transaction():
            empty = Draft(target, None, Source.HUMAN, 1.0, model=wording.model)
            current = self._beside(previous, empty)
            move = Move(
                current.id,
                Verdict.ACCEPT,
                wording.text,
                author=wording.by,
                rank=rank,
                findings=wording.findings,
                seen=current,
            )
            return self._decide(Verdict.ACCEPT, [move])

    def _beside(self, previous: str | None, empty: Draft) -> Suggestion:
        """What waits of a target beside the comment that the steward has seen.

        Args:
            previous: that comment.
            empty: what is drafted, where nothing waits.
        """
        target = empty.target
        with self._workspace.transaction() as db:
            current = self._of(target)
            if current is None or current.state is State.WRITTEN:
                self.add(empty, previous)
                current = self._of(target)
            if current is None:
                raise ColumnistError(f"{target} took no draft.")
            if current.previous != previous:
                db.execute(
                    "UPDATE main.suggestions SET previous = ? WHERE id = ?",
                    (previous, current.id),
                )
            return current

    def add(self, draft: Draft, previous: str | None) -> int:
        """Make a draft the current suggestion of its target, whatever was; its id."""
        with self._workspace.transaction():
            id_ = self.set_aside(draft, previous)
            self.make_current(draft.target, id_)
            return id_

    def make_current(self, target: Target, id_: int) -> None:
        """Let one of the suggestions of a target be the one that counts."""
        with self._workspace.transaction() as db:
            db.execute(
                "UPDATE main.suggestions SET current = 0 WHERE database = ?"
                " AND schema = ? AND name = ? AND column_name IS ? AND current",
                self._place(target),
            )
            db.execute("UPDATE main.suggestions SET current = 1 WHERE id = ?", (id_,))

    def set_aside(
        self, draft: Draft, previous: str | None, *, arm: str | None = None
    ) -> int:
        """Keep a draft that nobody is shown yet; its id.

        Args:
            draft: the draft.
            previous: the comment the database holds.
            arm: the name of the one of two models it was made with.
        """
        state = State.ABSTAINED if draft.text is None else State.PENDING
        with self._workspace.transaction() as db:
            cursor = db.execute(
                "INSERT INTO main.suggestions (database, schema, name, column_name,"
                " state, text, drafted, source, confidence, findings, model, prompt,"
                " origin, guess, previous, created_at, arm, current)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (
                    *self._place(draft.target),
                    state.value,
                    draft.text,
                    draft.text,
                    draft.source.value,
                    draft.confidence,
                    json.dumps([finding.value for finding in draft.findings]),
                    draft.model,
                    draft.prompt,
                    draft.origin,
                    draft.guess,
                    previous,
                    now(),
                    arm,
                ),
            )
            return int(cursor.lastrowid or 0)

    # Deciding

    def accept(self, suggestions: Iterable[Suggestion]) -> Batch:
        """Stage suggestions whose text is on the screen.

        Those without a text are left alone, and an edited text stays edited. What was
        accepted unseen is seen from then on.
        """
        return self._decide(
            Verdict.ACCEPT,
            [Move(s.id, Verdict.ACCEPT, s.text, seen=s) for s in suggestions if s.text],
        )

    def vote(self, suggestion: Suggestion, favoured: Favoured) -> Batch:
        """Accept one of two drafts side by side, and say which is better.

        A tie takes the first. Nothing is done where either was decided on meanwhile.
        """
        target, pair = suggestion.target, suggestion.pair
        what = f"{Verdict.ACCEPT.value} {target}"
        with self._workspace.transaction():
            current = self._of(target)
            if current is None or not pair or current.pair != pair:
                return Batch(0, what, 0)
            taken = pair[favoured is Favoured.SECOND]
            if taken.id != current.id:
                self.make_current(target, taken.id)
            move = Move(taken.id, Verdict.ACCEPT, taken.text, favoured=favoured)
            return self.decisions.decide(what, [move])

    def edit(
        self, suggestion: Suggestion, text: str, *, findings: tuple[Finding, ...] = ()
    ) -> Batch:
        """Stage the steward's wording; the draft's own words count as an accept."""
        text = text.strip()
        if not text:
            raise ColumnistError("An empty text cannot be accepted.", "Reject it.")
        return self.say_of_all([suggestion], text, findings=findings)

    def say_of_all(
        self,
        suggestions: Iterable[Suggestion],
        text: str,
        *,
        findings: tuple[Finding, ...] = (),
        shown: Collection[int] | None = None,
    ) -> Batch:
        """Stage one text for all of these, as one action.

        Where it is the draft's own it counts as an accept, elsewhere as an edit.

        Args:
            suggestions: what gets it.
            text: the text.
            findings: what the checks of writing found in it.
            shown: ids of those that were on the screen; None is all.
        """
        taken = list(suggestions)
        moves = [
            Move(
                s.id,
                Verdict.ACCEPT,
                text,
                findings=findings,
                shown=shown is None or s.id in shown,
                seen=s,
            )
            for s in taken
        ]
        own = any(s.draft.text == text for s in taken)
        return self._decide(Verdict.ACCEPT if own else Verdict.EDIT, moves)

    def reject(
        self, suggestions: Iterable[Suggestion], *, reason: str | None = None
    ) -> Batch:
        """Reject suggestions; none of them is drafted again by itself."""
        return self._decide(Verdict.REJECT, _rejections(suggestions, reason))

    def judge(self, said: Iterable[tuple[Suggestion, bool]]) -> Batch:
        """Accept what was called good in a sample and reject the others, as one."""
        said = list(said)
        good = [s for s, is_good in said if is_good]
        bad = [s for s, is_good in said if not is_good]
        moves = [Move(s.id, Verdict.ACCEPT, s.text, seen=s) for s in good]
        what = f"accepted {len(good)} and rejected {len(bad)}"
        moves += _rejections(bad, None)
        return self.decisions.decide(what, moves, sampled=len(said))

    def _decide(self, verdict: Verdict, moves: Sequence[Move]) -> Batch:
        """One action, named after its target or the number of them."""
        seen = [move.seen for move in moves if move.seen]
        what: object = len(moves)
        if len(seen) == 1:
            what = seen[0].target
            if verdict is Verdict.ACCEPT and _stays_edited(moves[0], seen[0]):
                verdict = Verdict.EDIT
        return self.decisions.decide(f"{verdict.value} {what}", moves)

    def accept_over(self, suggestion: Suggestion, *, previous: str | None) -> Batch:
        """Accept after a conflict, with the comment now in the database as seen."""
        with self._workspace.transaction() as db:
            db.execute(
                "UPDATE main.suggestions SET previous = ? WHERE id = ? AND current"
                " AND state = 'conflict'",
                (previous, suggestion.id),
            )
            return self.accept([suggestion])

    def accept_chosen(
        self,
        choice: Choice,
        shown: Collection[int] = (),
        *,
        sampled: int | None = None,
    ) -> Batch:
        """Stage what a bulk choice took, but for what changed since.

        Args:
            choice: what is staged.
            shown: ids of suggestions whose text was on the screen; all others are
                accepted unseen.
            sampled: how many were looked at first, of an acceptance sample.
        """
        return self.decisions.decide_chosen(
            Verdict.ACCEPT, choice, shown=shown, sampled=sampled
        )

    def reject_chosen(self, choice: Choice, *, reason: str | None = None) -> Batch:
        """Reject what a bulk choice took, but for what was decided since."""
        return self.decisions.decide_chosen(Verdict.REJECT, choice, reason)

    # Writing

    def staged(
        self, *, globs: Sequence[str] = (), schemas: Sequence[str] = ()
    ) -> list[CommentChange]:
        """The changes that a write run takes, table by table; also refused ones."""
        return [
            change
            for change in self._staged("", ())
            if matches(table_of(change.target), globs, schemas)
        ]

    def staged_of(self, table: TableId) -> list[CommentChange]:
        """The same for one table."""
        return self._staged("AND schema = ? AND name = ?", (table.schema, table.name))

    def _staged(self, condition: str, parameters: Sequence[str]) -> list[CommentChange]:
        rows = self._workspace.rows(
            "SELECT schema, name, column_name, previous, text FROM suggestions"
            f" WHERE database = ? AND current AND state IN ({_TRIED})"
            f" {condition} ORDER BY schema, name, id",
            (self._database, *parameters),
        )
        return [
            CommentChange(make_target(schema, name, column), previous, text)
            for schema, name, column, previous, text in rows
        ]

    def record(self, results: Sequence[WriteResult]) -> None:
        """Move suggestions to where their write ended; a failed one stays."""
        rows: list[tuple[object, ...]] = []
        for result in results:
            state = _ENDED.get(result.outcome)
            place = self._place(result.change.target)
            text = result.change.text
            rows.append((state and state.value, result.reason, *place, text))
        with self._workspace.transaction() as db:
            db.executemany(
                "UPDATE main.suggestions SET state = coalesce(?, state), reason = ?"
                " WHERE database = ? AND schema = ? AND name = ?"
                " AND column_name IS ? AND current AND text IS ?"
                f" AND state IN ({_TRIED})",
                rows,
            )

    def reverted(self, changes: Sequence[CommentChange]) -> None:
        """Comments were restored: the suggestions wait for the steward again."""
        with self._workspace.transaction() as db:
            db.executemany(
                "UPDATE main.suggestions"
                " SET state = 'pending', reason = NULL, previous = ?"
                " WHERE database = ? AND schema = ? AND name = ? AND column_name IS ?"
                " AND current AND state = 'written'",
                [(change.text, *self._place(change.target)) for change in changes],
            )

    def _place(self, target: Target) -> tuple[int, str, str, str | None]:
        table = table_of(target)
        return self._database, table.schema, table.name, column_of(target)

    def outdate(self, reasons: Mapping[Target, str]) -> int:
        """Give undecided and staged suggestions back to the steward; how many.

        Args:
            reasons: targets that changed or are gone, each with what happened.
        """
        doubtful = [state.value for state in (UNDECIDED | STAGED) - {State.STALE}]
        with self._workspace.transaction() as db:
            moved = db.executemany(
                "UPDATE main.suggestions SET state = 'stale', reason = ?"
                " WHERE database = ? AND schema = ? AND name = ? AND column_name IS ?"
                f" AND current AND state IN ({', '.join('?' * len(doubtful))})",
                [
                    (reason, *self._place(target), *doubtful)
                    for target, reason in reasons.items()
                ],
            )
            # One that waits for another model's was made of what is no longer so.
            db.executemany(
                "UPDATE main.suggestions SET place = 0 WHERE database = ?"
                " AND schema = ? AND name = ? AND column_name IS ?"
                " AND arm IS NOT NULL AND place IS NULL",
                [self._place(target) for target in reasons],
            )
            return moved.rowcount

    def follow(self, renamed: Mapping[TableId, TableId]) -> None:
        """Tables have other names now: their suggestions and history go with them."""
        with self._workspace.transaction() as db:
            db.executemany(
                "UPDATE OR IGNORE main.suggestions SET schema = ?, name = ?"
                " WHERE database = ? AND schema = ? AND name = ?",
                [
                    (new.schema, new.name, self._database, old.schema, old.name)
                    for old, new in renamed.items()
                ],
            )

    def follow_column(self, old: ColumnId, new: ColumnId) -> None:
        """The same for one column."""
        with self._workspace.transaction() as db:
            db.execute(
                "UPDATE OR IGNORE main.suggestions SET column_name = ?"
                " WHERE database = ? AND schema = ? AND name = ? AND column_name IS ?",
                (new.name, *self._place(old)),
            )

    def restore_found(self, exists: Callable[[Target], bool]) -> int:
        """Give suggestions their state back whose target was gone and is back."""
        stale = self.all(states=[State.STALE])
        found = [s for s in stale if s.reason == GONE and exists(s.target)]
        with self._workspace.transaction() as db:
            for suggestion in found:
                row = db.execute(
                    "SELECT state_after FROM decisions WHERE suggestion = ?"
                    " ORDER BY id DESC LIMIT 1",
                    (suggestion.id,),
                ).fetchone()
                waiting = State.ABSTAINED if suggestion.text is None else State.PENDING
                db.execute(
                    "UPDATE main.suggestions SET state = ?, reason = NULL WHERE id = ?",
                    (row["state_after"] if row else waiting.value, suggestion.id),
                )
        return len(found)

    def _of(self, target: Target) -> Suggestion | None:
        here = "AND schema = ? AND name = ? AND column_name IS ?"
        return next(self._current(here, self._place(target)[1:]), None)

    def _current(
        self, condition: str, values: Sequence[object]
    ) -> Iterator[Suggestion]:
        """Current suggestions of which a condition is true."""
        rows = self._workspace.rows(
            f"SELECT s.*, {_WRITER}, {_RIVAL} FROM suggestions s"
            f" WHERE database = ? AND current {condition}",
            (self._database, *values),
        )
        return map(_suggestion, rows)


def _rejections(suggestions: Iterable[Suggestion], reason: str | None) -> list[Move]:
    return [
        Move(s.id, Verdict.REJECT, s.text, State.REJECTED, reason, seen=s)
        for s in suggestions
        if s.state not in (State.REJECTED, State.WRITTEN)
    ]


def _stays_edited(move: Move, seen: Suggestion) -> bool:
    """Whether what is taken is an edited text as it was."""
    return seen.edited and move.text == seen.text and move.rank is None


def _differs(one: str | None, other: str | None) -> bool:
    """Whether two texts say different things; white space at an end says nothing."""
    return (one or "").rstrip() != (other or "").rstrip()


GONE = "it no longer exists"
"""Why a suggestion is stale whose target was dropped."""

_WRITER = (
    "iif(s.author IS 'human', (SELECT d.who FROM main.decisions d WHERE"
    " d.suggestion = s.id AND d.text_after IS s.text ORDER BY d.id LIMIT 1), NULL)"
    " AS writer"
)
"""Who said the words first: others may have accepted or undone them since."""

_RIVAL = (
    f"iif({still_open('s')}, (SELECT json_array(o.id, o.drafted, json(o.findings))"
    " FROM main.suggestions o WHERE o.id = s.rival), NULL) AS other"
)
"""The other one of two drafts side by side, as long as they are."""

_TRIED = ", ".join(f"'{state.value}'" for state in TRIED)
"""For a query."""

_ENDED = {
    Outcome.WRITTEN: State.WRITTEN,
    Outcome.CONFLICT: State.CONFLICT,
    Outcome.REFUSED: State.REFUSED,
}
"""Where a staged suggestion goes when its write has ended."""


def _suggestion(row: sqlite3.Row) -> Suggestion:
    target = make_target(row["schema"], row["name"], row["column_name"])
    findings = _findings(row["findings"])
    pair: tuple[Offered, ...] = ()
    draft = Draft(
        target=target,
        text=row["drafted"],
        source=Source(row["source"]),
        confidence=row["confidence"],
        findings=findings,
        model=row["model"],
        prompt=row["prompt"],
        origin=row["origin"],
        guess=row["guess"],
    )
    if row["other"]:
        id_, text, found = json.loads(row["other"])
        pair = (
            Offered(row["id"], row["drafted"], findings),
            Offered(id_, text, tuple(map(Finding, found))),
        )
        pair = pair if row["place"] == 1 else pair[::-1]
        # Whoever shows it can say no more than this.
        draft = Draft(target, row["drafted"], Source.MODEL, 0.5, findings)
    return Suggestion(
        id=row["id"],
        draft=draft,
        state=State(row["state"]),
        text=row["text"],
        previous=row["previous"],
        created_at=datetime.fromisoformat(row["created_at"]),
        reason=row["reason"],
        author=Source(row["author"]) if row["author"] else None,
        rank=row["rank"],
        own_findings=_findings(row["own_findings"]),
        writer=row["writer"],
        pair=pair,
    )


def _findings(text: str) -> tuple[Finding, ...]:
    return tuple(Finding(value) for value in json.loads(text))
