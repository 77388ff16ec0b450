"""Decisions leave one workspace for a second person's eyes and come into another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from catalog.approvals import ApprovalState, Decided, SignOff, same_person
from catalog.decisions import Move
from catalog.objects import Table, TableId, Target, table_of
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, State, Suggestion, Verdict
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace, now, steward

HANDED = (State.ACCEPTED, State.EDITED, State.REJECTED)
"""States that a decision leaves until it is written."""


@dataclass(slots=True)
class HandoverResult:
    """What became of the decisions of a file."""

    staged: list[Target] = field(default_factory=list[Target])
    """Decided here now as they were there."""
    given_back: list[Target] = field(default_factory=list[Target])
    """Decided here before, refused since: they wait again."""
    already: list[Target] = field(default_factory=list[Target])
    """Decided here in the same way, and so approved, before."""
    left_out: list[tuple[Target, str]] = field(default_factory=list[tuple[Target, str]])
    """Everything else, with the reason."""


class Handover:
    """Takes decisions out of the workspace, and others into it.

    Args:
        workspace: the file.
        database: the id of the database.
    """

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database
        self._suggestions = Suggestions(workspace, database)
        self._snapshot = Snapshot(workspace, database)

    def export(
        self,
        key: str,
        label: str,
        *,
        globs: Sequence[str] = (),
        schemas: Sequence[str] = (),
    ) -> SignOff:
        """What was decided and is not written yet.

        Args:
            key: identifies the database.
            label: the same for people.
            globs: patterns on `table` or `schema.table`; all where empty.
            schemas: exact names; all where empty.
        """
        last = self._last()
        items = [
            _decided(each, *last[each.id])
            for each in self._suggestions.all(
                states=(*HANDED, State.REFUSED), globs=globs, schemas=schemas
            )
            if each.id in last
        ]
        return SignOff(
            key, label, steward(), now(), tuple(sorted(items, key=_in_order))
        )

    def take(
        self,
        document: SignOff,
        standings: Mapping[Target, tuple[ApprovalState, str]],
        *,
        demand: bool,
        problem: Callable[[Target, str], str | None] = lambda target, text: None,
    ) -> HandoverResult:
        """Carry out decisions, but for those that do not fit what is here.

        Args:
            document: the decisions.
            standings: what was said of each, and by whom.
            demand: what nobody approved is left out.
            problem: why a text cannot be a target's comment, or None.
        """
        taken = HandoverResult()
        moves: list[Move] = []
        tables: dict[TableId, Table | None] = {}
        with self._workspace.transaction():
            last = self._last()
            current = {each.target: each for each in self._suggestions.all()}
            for item in document.items:
                table_id = table_of(item.target)
                if table_id not in tables:
                    tables[table_id] = self._snapshot.table(table_id)
                here = current.get(item.target)
                who, at = last.get(here.id, ("", "")) if here else ("", "")
                move = self._move(
                    item,
                    *standings[item.target],
                    table=tables[table_id],
                    here=here,
                    who=who,
                    at=at,
                    demand=demand,
                    problem=problem,
                    taken=taken,
                )
                if move is not None:
                    moves.append(move)
            self._suggestions.decisions.decide(f"imported {len(moves)}", moves)
        return taken

    def _move(
        self,
        item: Decided,
        standing: ApprovalState,
        by: str,
        *,
        table: Table | None,
        here: Suggestion | None,
        who: str,
        at: str,
        demand: bool,
        problem: Callable[[Target, str], str | None],
        taken: HandoverResult,
    ) -> Move | None:
        """What to do for one decision; what is not done is noted.

        Args:
            item: the decision.
            standing: what was said of it.
            by: who said so.
            table: the table as last read, or None where there is none.
            here: the suggestion here, if there is one.
            who: who decided on that last.
            at: when.
            demand: what nobody approved is left out.
            problem: why a text cannot be a target's comment, or None.
            taken: where it is noted.
        """
        same = (
            here is not None
            and here.state is item.state
            and here.text == item.text
            and same_person(who, item.who)
        )
        if standing is ApprovalState.REFUSED:
            if here is None or not same:
                taken.left_out.append((item.target, f"{by} refused it"))
                return None
            taken.given_back.append(item.target)
            draft = here.draft
            return Move(
                here.id,
                verdict=Verdict.UNDO,
                state=State.ABSTAINED if draft.text is None else State.PENDING,
                text=draft.text,
                reason=f"refused by {by}",
                who=by,
            )
        reason = self._misfit(item, standing, table, demand=demand, problem=problem)
        if reason is None and here is not None and not same:
            reason = _overridden(item, here, who, at)
        if reason is not None:
            taken.left_out.append((item.target, reason))
            return None
        noted = f"approved by {by}" if by else None
        if noted and item.reason:
            noted = f"{item.reason} ({noted})"
        noted = noted or item.reason
        if here is not None and same and here.reason == noted:
            taken.already.append(item.target)
            return None
        taken.staged.append(item.target)
        if here is None or not (same or _is_same_draft(item, here)):
            current = self._suggestions.add(_draft(item), item.previous)
        else:
            current = here.id
        return Move(
            current,
            verdict=item.verdict,
            state=item.state,
            text=item.text,
            reason=noted,
            who=item.who,
        )

    def _misfit(
        self,
        item: Decided,
        standing: ApprovalState,
        table: Table | None,
        *,
        demand: bool,
        problem: Callable[[Target, str], str | None],
    ) -> str | None:
        """Why a decision is not for this database as it is, or None."""
        if standing is ApprovalState.OPEN and demand:
            return "nobody approved it"
        if standing is ApprovalState.UNSIGNED and demand:
            return f"{item.who} did not sign that they decided it"
        if table is None or item.target not in table.targets():
            return "it is not in the catalog"
        if (table.comment_of(item.target) or None) != (item.previous or None):
            return "its comment is another one than was seen"
        if item.verdict is not Verdict.REJECT and item.text:
            return problem(item.target, item.text)
        return None

    def _last(self) -> dict[int, tuple[str, str]]:
        """By suggestion: who decided on it last, and when."""
        rows = self._workspace.rows(
            "SELECT d.suggestion, d.who, d.at FROM ("
            " SELECT max(d.id) AS id FROM suggestions s"
            " JOIN decisions d ON d.suggestion = s.id"
            " WHERE s.database = ? AND s.current GROUP BY d.suggestion) last"
            " JOIN decisions d ON d.id = last.id",
            (self._database,),
        )
        return {suggestion: (who, at) for suggestion, who, at in rows}


def _overridden(item: Decided, here: Suggestion, who: str, at: str) -> str | None:
    """Why the decision that stands here is not overridden, or None without one."""
    if here.state in (*HANDED, State.CONFLICT):
        return f"it is {here.state.value} here" + (f", by {who}" if who else "")
    if at and datetime.fromisoformat(at) > datetime.fromisoformat(item.at):
        return f"{who} decided on it here since"
    return None


def _decided(suggestion: Suggestion, who: str, at: str) -> Decided:
    draft = suggestion.draft
    if suggestion.state is State.REFUSED:  # by the database, where another may write
        verdict = Verdict.ACCEPT if suggestion.text == draft.text else Verdict.EDIT
        suggestion = replace(suggestion, state=State(verdict.value), reason=None)
    return Decided(
        suggestion.target,
        # An undo or redo leaves a state that says which decision stands.
        Verdict(suggestion.state.value),
        suggestion.previous,
        suggestion.text,
        draft.text,
        draft.source,
        draft.model,
        draft.confidence,
        draft.findings,
        suggestion.reason,
        who,
        at,
    )


def _draft(item: Decided) -> Draft:
    return Draft(
        item.target,
        item.drafted,
        item.source,
        item.confidence,
        item.findings,
        item.model,
        origin=f"decided by {item.who}",
    )


def _is_same_draft(item: Decided, here: Suggestion) -> bool:
    return (
        here.state is not State.WRITTEN
        and here.draft.text == item.drafted
        and (here.previous or None) == (item.previous or None)
    )


def _in_order(item: Decided) -> tuple[TableId, bool, Target]:
    table = table_of(item.target)
    return table, item.target != table, item.target
