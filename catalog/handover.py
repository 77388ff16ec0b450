"""Decisions leave one workspace for a second person's eyes and come into another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

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
            _decided(each, last[each.id])
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
        table = cache(self._snapshot.table)
        with self._workspace.transaction():
            last = self._last()
            current = {each.target: each for each in self._suggestions.all()}
            for item in document.items:
                standing, by = standings[item.target]
                here = current.get(item.target)
                who, at, _ = last.get(here.id, _NOBODY) if here else _NOBODY
                same = here is not None and _is_same_decision(item, here, who)
                if standing is ApprovalState.REFUSED:
                    reason = None if same else f"{by} refused it"
                else:
                    reason = (
                        (_unproved(item, standing) if demand else None)
                        or _misfit(item, table(table_of(item.target)), problem)
                        or (None if same else _overridden(item, here, who, at))
                    )
                noted = _noted(item, by)
                if reason is not None:
                    taken.left_out.append((item.target, reason))
                elif here and standing is ApprovalState.REFUSED:
                    taken.given_back.append(item.target)
                    moves.append(_given_back(here, by))
                elif here and same and here.reason == noted:
                    taken.already.append(item.target)
                else:
                    taken.staged.append(item.target)
                    if here and (same or _is_same_draft(item, here)):
                        current_id = here.id
                    else:
                        current_id = self._suggestions.add(_draft(item), item.previous)
                    rejected = item.state is State.REJECTED
                    moves.append(
                        Move(
                            current_id,
                            verdict=Verdict.REJECT if rejected else Verdict.ACCEPT,
                            text=item.text,
                            state=State.REJECTED if rejected else None,
                            reason=noted,
                            author=item.author,
                            rank=item.rank,
                            shown=item.seen or item.state is State.EDITED,
                            who=item.who,
                        )
                    )
            self._suggestions.decisions.decide(f"imported {len(moves)}", moves)
        return taken

    def _last(self) -> dict[int, tuple[str, str, bool]]:
        """By suggestion: who decided on it last, when, and whether they saw it."""
        rows = self._workspace.rows(
            "SELECT d.suggestion, d.who, d.at, d.seen FROM ("
            " SELECT max(d.id) AS id FROM suggestions s"
            " JOIN decisions d ON d.suggestion = s.id"
            " WHERE s.database = ? AND s.current GROUP BY d.suggestion) last"
            " JOIN decisions d ON d.id = last.id",
            (self._database,),
        )
        return {id_: (who, at, bool(seen)) for id_, who, at, seen in rows}


_NOBODY = ("", "", False)
"""Where nobody decided."""


def _unproved(item: Decided, standing: ApprovalState) -> str | None:
    """Why a decision does not count where approvals are demanded, or None."""
    match standing:
        case ApprovalState.OPEN:
            return "nobody approved it"
        case ApprovalState.UNSIGNED:
            return f"{item.who} did not sign that they decided it"
        case _:
            return None


def _misfit(
    item: Decided, table: Table | None, problem: Callable[[Target, str], str | None]
) -> str | None:
    """Why a decision is not for this database as it is, or None."""
    if table is None or item.target not in table.targets():
        return "it is not in the catalog"
    if (table.comment_of(item.target) or None) != (item.previous or None):
        return "its comment is another one than was seen"
    if item.verdict is not Verdict.REJECT and item.text:
        return problem(item.target, item.text)
    return None


def _overridden(
    item: Decided, here: Suggestion | None, who: str, at: str
) -> str | None:
    """Why the decision that stands here is not overridden, or None without one."""
    if here and here.state in (*HANDED, State.CONFLICT):
        return f"it is {here.state.words} here" + (f", by {who}" if who else "")
    if at and datetime.fromisoformat(at) > datetime.fromisoformat(item.at):
        return f"{who} decided on it here since"
    return None


def _given_back(here: Suggestion, by: str) -> Move:
    """A decision that was taken in before somebody refused it waits again."""
    draft = here.draft
    return Move(
        here.id,
        verdict=Verdict.UNDO,
        state=State.ABSTAINED if draft.text is None else State.PENDING,
        text=draft.text,
        reason=f"refused by {by}",
        who=by,
    )


def _noted(item: Decided, by: str) -> str | None:
    """The reason that is kept, with who approved."""
    if not by:
        return item.reason
    return f"{item.reason} (approved by {by})" if item.reason else f"approved by {by}"


def _decided(suggestion: Suggestion, last: tuple[str, str, bool]) -> Decided:
    draft = suggestion.draft
    who, at, seen = last
    if suggestion.state is State.REFUSED:  # by the database, where another may write
        verdict = Verdict.EDIT if suggestion.edited else Verdict.ACCEPT
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
        seen and suggestion.state is State.ACCEPTED,
        suggestion.rank,
        suggestion.author if suggestion.rank else None,
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


def _is_same_decision(item: Decided, here: Suggestion, who: str) -> bool:
    return (
        here.state is item.state
        and here.text == item.text
        and same_person(who, item.who)
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
