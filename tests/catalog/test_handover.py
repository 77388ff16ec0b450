"""Decisions go out of one workspace and come into another, but never over others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalog import decisions as deciding
from catalog.addresses import DatabaseIdentity
from catalog.approvals import SignOff
from catalog.change import Outcome, WriteResult
from catalog.choice import Choices, Scope
from catalog.handover import Handover, HandoverResult
from catalog.history import history
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, Target
from catalog.sign_off_file import load, save
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Finding, Source, State, Verdict, Wording
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace

TABLE = TableId("sales", "orders")
A, B, C = (ColumnId(TABLE, name) for name in "abc")


class Place:
    """One steward's workspace with the same database in it."""

    def __init__(self, workspace: Workspace, comment: str | None = None) -> None:
        self.workspace = workspace
        self.id = workspace.database(
            DatabaseIdentity("key", "shop"), url="duckdb:///shop"
        )
        self.suggestions = Suggestions(workspace, self.id)
        self.handover = Handover(workspace, self.id)
        columns = tuple(
            Column(each, number, "INTEGER", comment=comment if each is B else None)
            for number, each in enumerate((A, B, C), 1)
        )
        snapshot = Snapshot(workspace, self.id)
        scan = snapshot.begin()
        snapshot.save([Table(TABLE, TableKind.TABLE, columns)], scan=scan)
        snapshot.finish(scan)

    def draft(self) -> None:
        self.suggestions.put(
            (Draft(each, f"About {each.name}.", Source.MODEL, 0.5, model="m"), None)
            for each in (TABLE, A, B, C)
        )

    def of(self, target: Target) -> tuple[State, str | None, str | None]:
        found = self.suggestions.of_table(TABLE)[target]
        return found.state, found.text, found.reason

    def take(self, document: SignOff, *, demand: bool = False) -> HandoverResult:
        return self.handover.take(document, document.standings(), demand=demand)


@pytest.fixture
def ann(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with Workspace(tmp_path / "ann.db") as workspace:
        place = Place(workspace)
        place.draft()
        monkeypatch.setattr(deciding, "steward", lambda: "ann")
        current = place.suggestions.of_table(TABLE)
        place.suggestions.accept([current[TABLE], current[A]])
        place.suggestions.edit(current[B], "Mine.")
        place.suggestions.reject([current[C]], reason="vague")
        monkeypatch.setattr(deciding, "steward", lambda: "carl")
        yield place


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Place]:
    with Workspace(tmp_path / "other.db") as workspace:
        yield Place(workspace)


def test_only_what_was_decided_and_is_not_written_goes_out(ann: Place) -> None:
    document = ann.handover.export("key", "shop")
    found = {each.target: each for each in document.items}
    assert list(found) == [TABLE, A, B, C]
    assert {each.who for each in document.items} == {"ann"}
    assert (found[B].verdict, found[B].text, found[B].drafted) == (
        Verdict.EDIT,
        "Mine.",
        "About b.",
    )
    assert (found[C].verdict, found[C].reason) == (Verdict.REJECT, "vague")
    assert found[A].model == "m"
    ann.suggestions.decisions.undo()
    assert C not in [each.target for each in ann.handover.export("k", "l").items]
    assert ann.handover.export("k", "l", schemas=["hr"]).items == ()


def test_what_the_database_refused_goes_out_to_who_may_write_it(
    ann: Place, other: Place
) -> None:
    """Who lacks a right hands the decision over, and gets it back approved."""
    ann.suggestions.record(
        [
            WriteResult(change, Outcome.REFUSED, "", "not the owner")
            for change in ann.suggestions.staged()
        ]
    )
    document = ann.handover.export("key", "shop").approved("bob")
    found = {each.target: each for each in document.items}
    assert (found[A].verdict, found[A].reason) == (Verdict.ACCEPT, None)
    assert (found[B].verdict, found[B].text) == (Verdict.EDIT, "Mine.")
    for place in (other, ann):
        assert set(place.take(document).staged) >= {TABLE, A, B}
        assert place.of(A) == (State.ACCEPTED, "About a.", "approved by bob")


def test_what_was_approved_is_staged_in_the_name_of_who_decided(
    ann: Place, other: Place
) -> None:
    document = ann.handover.export("key", "shop").approved("bob", refused=[A])
    taken = other.take(document, demand=True)
    assert taken.staged == [TABLE, B, C]
    assert taken.left_out == [(A, "bob refused it")]
    assert other.of(TABLE) == (State.ACCEPTED, "About orders.", "approved by bob")
    assert other.of(B) == (State.EDITED, "Mine.", "approved by bob")
    assert other.of(C) == (State.REJECTED, "About c.", "vague (approved by bob)")
    assert A not in other.suggestions.of_table(TABLE)
    decisions = other.suggestions.decisions.all()
    assert [each.who for each in decisions] == ["ann"] * 3
    assert len({each.batch for each in decisions}) == 1
    told = history(other.workspace, other.id, B)
    assert [(e.what, e.who, e.reason) for e in told][-1] == (
        "edited",
        "ann",
        "approved by bob",
    )
    assert [change.target for change in other.suggestions.staged()] == [TABLE, B]
    again = other.take(document, demand=True)
    assert (again.staged, again.already) == ([], [TABLE, B, C])
    assert len(other.suggestions.decisions.all()) == 3
    # One action, which undo takes back as a whole.
    other.suggestions.decisions.undo()
    assert other.of(B)[0] is State.PENDING
    assert dict(other.take(document).left_out) == {
        A: "bob refused it",
        **dict.fromkeys((TABLE, B, C), "carl decided on it here since"),
    }


def test_at_home_an_approval_is_noted_and_a_refusal_gives_back(ann: Place) -> None:
    document = ann.handover.export("key", "shop").approved("bob", refused=[A])
    taken = ann.take(document)
    assert taken.staged == [TABLE, B, C]
    assert taken.given_back == [A]
    assert ann.of(A) == (State.PENDING, "About a.", "refused by bob")
    assert ann.of(TABLE) == (State.ACCEPTED, "About orders.", "approved by bob")
    undone = {each for each in ann.suggestions.decisions.all() if each.who == "bob"}
    assert [each.verdict for each in undone] == [Verdict.UNDO]
    assert len(ann.suggestions.of_table(TABLE)) == 4


def test_without_approval_it_depends_on_what_is_demanded(
    ann: Place, other: Place
) -> None:
    document = ann.handover.export("key", "shop")
    taken = other.take(document, demand=True)
    assert taken.staged == []
    assert {reason for _, reason in taken.left_out} == {"nobody approved it"}
    assert other.take(document).staged == [TABLE, A, B, C]
    assert other.of(A) == (State.ACCEPTED, "About a.", None)


def test_decisions_made_here_meanwhile_stand(ann: Place, other: Place) -> None:
    document = ann.handover.export("key", "shop").approved("bob")
    other.draft()
    current = other.suggestions.of_table(TABLE)
    other.suggestions.edit(current[A], "Theirs.")
    other.suggestions.reject([current[B]])
    other.suggestions.accept([current[TABLE]])
    other.suggestions.accept([current[C]])
    other.suggestions.decisions.undo()
    taken = other.take(document, demand=True)
    assert taken.staged == []
    assert dict(taken.left_out) == {
        TABLE: "it is accepted here, by carl",
        A: "it is edited here, by carl",
        B: "it is rejected here, by carl",
        C: "carl decided on it here since",
    }
    assert other.of(A)[1] == "Theirs."


def test_drafts_here_make_room_and_equal_ones_are_kept(
    ann: Place, other: Place
) -> None:
    document = ann.handover.export("key", "shop").approved("bob")
    other.draft()
    kept = other.suggestions.of_table(TABLE)[TABLE].id
    other.suggestions.put(
        [(Draft(A, "Another model's.", Source.MODEL, 0.5, (Finding.LEAK,)), None)]
    )
    assert len(other.take(document).staged) == 4
    assert other.suggestions.of_table(TABLE)[TABLE].id == kept
    assert other.of(A)[:2] == (State.ACCEPTED, "About a.")


def test_what_does_not_fit_the_catalog_is_left_out(ann: Place, tmp_path: Path) -> None:
    document = ann.handover.export("key", "shop")
    lost = replace(document.items[0], target=TableId("sales", "gone"))
    gone = replace(document.items[0], target=ColumnId(TABLE, "z"))
    document = replace(document, items=(*document.items, lost, gone)).approved("bob")
    with Workspace(tmp_path / "third.db") as workspace:
        third = Place(workspace, comment="Written by somebody.")
        taken = third.take(document)
        assert dict(taken.left_out) == {
            B: "its comment is another one than was seen",
            lost.target: "it is not in the catalog",
            gone.target: "it is not in the catalog",
        }


def test_a_text_that_cannot_be_written_is_not_staged(ann: Place, other: Place) -> None:
    document = ann.handover.export("key", "shop").approved("bob")
    taken = other.handover.take(
        document,
        document.standings(),
        demand=True,
        problem=lambda target, text: "too long" if target == A else None,
    )
    assert taken.left_out == [(A, "too long")]


def test_how_it_was_decided_goes_along(
    ann: Place, other: Place, tmp_path: Path
) -> None:
    """Whether a text was seen, and which wording it is, ended at the workspace."""
    while ann.suggestions.decisions.undo():
        pass
    choice = Choices(ann.workspace, ann.id).to_accept(Scope())
    ann.suggestions.accept_chosen(choice, [ann.suggestions.of_table(TABLE)[B].id])
    wording = Wording("What it is.", Source.RULES)
    ann.suggestions.pick(A, wording, 3, previous=None)
    ann.suggestions.write_own(C, "Mine.", previous=None)
    path = tmp_path / "decisions.json"
    save(ann.handover.export("key", "shop"), path)
    document = load(path)
    assert {each.target: each.said for each in document.items} == {
        TABLE: "accepted, unseen",
        A: "wording 3 accepted",
        B: "accepted",
        C: "edited",
    }
    assert len(other.take(document).staged) == 4
    found = other.suggestions.of_table(TABLE)
    assert (found[A].state, found[A].rank, found[A].by) == (
        *(State.ACCEPTED, 3),
        Source.RULES,
    )
    assert (found[C].state, found[C].edited) == (State.EDITED, True)
    decided = {each.suggestion: each for each in other.suggestions.decisions.all()}
    seen = {target: decided[each.id].seen for target, each in found.items()}
    assert seen == {TABLE: False, A: True, B: True, C: True}
    assert len(other.take(document).already) == 4


def test_a_file_that_calls_an_edited_text_accepted_stages_it_edited(
    ann: Place, other: Place
) -> None:
    document = ann.handover.export("key", "shop")
    items = [
        replace(each, verdict=Verdict.ACCEPT) if each.target == B else each
        for each in document.items
    ]
    taken = other.take(replace(document, items=tuple(items)))
    assert B in taken.staged
    assert other.of(B)[:2] == (State.EDITED, "Mine.")
    (decision,) = (
        each
        for each in other.suggestions.decisions.all()
        if each.suggestion == other.suggestions.of_table(TABLE)[B].id
    )
    assert (decision.verdict, decision.edit_distance > 0) == (Verdict.EDIT, True)
