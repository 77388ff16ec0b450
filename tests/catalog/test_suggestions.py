from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Outcome, WriteResult
from catalog.choice import Choices, Scope
from catalog.decisions import Batch
from catalog.edit_distance import levenshtein
from catalog.errors import ColumnistError
from catalog.ledger import Ledger, RunLedger
from catalog.objects import TableId, Target, make_target
from catalog.suggestion import (
    Draft,
    Finding,
    Likelihood,
    Source,
    State,
    SuggestionFilter,
    Verdict,
)
from catalog.suggestions import GONE, Suggestions
from catalog.workspace import Workspace

A, B, C = (make_target("s", "t", name) for name in "abc")


def draft(target: Target, text: str | None = "Drafted.") -> Draft:
    return Draft(target, text, Source.MODEL, 0.7, (Finding.RESTATES,), "m", "fp", "o")


@pytest.fixture
def store(workspace: Workspace) -> Suggestions:
    return Suggestions(
        workspace, workspace.database(DatabaseIdentity("k", "l"), url="u")
    )


def states(store: Suggestions) -> dict[Target, tuple[State, str | None]]:
    return {each.target: (each.state, each.text) for each in store.all()}


def test_a_draft_comes_back_as_it_was_and_waits(store: Suggestions) -> None:
    store.put([(draft(A), "old")])
    (found,) = store.all()
    assert found.draft == draft(A)
    assert found.state is State.PENDING
    assert found.previous == "old"


def test_an_abstention_has_no_text_and_cannot_be_accepted(store: Suggestions) -> None:
    store.put([(draft(A, None), None)])
    (found,) = store.all()
    assert found.state is State.ABSTAINED
    assert store.accept([found]).count == 0


def test_a_target_has_one_current_suggestion(store: Suggestions) -> None:
    store.put([(draft(A, "One."), None)])
    store.put([(draft(A, "Two."), None)])
    assert states(store) == {A: (State.PENDING, "Two.")}


def test_a_new_draft_never_replaces_what_was_decided(store: Suggestions) -> None:
    """Re-runs overwrote reviewed text in other tools."""
    store.put([(draft(A), None), (draft(B), None), (draft(C), None)])
    found = store.of_table(TableId("s", "t"))
    store.accept([found[A]])
    store.reject([found[B]])
    store.edit(found[C], "Mine.")
    assert store.put([(draft(t, "New."), None) for t in (A, B, C)]) == 0
    assert states(store) == {
        A: (State.ACCEPTED, "Drafted."),
        B: (State.REJECTED, "Drafted."),
        C: (State.EDITED, "Mine."),
    }


def test_every_decision_is_a_row_with_who_when_and_distance(
    store: Suggestions,
) -> None:
    store.put([(draft(A), None)])
    (found,) = store.all()
    store.edit(found, "Drafted!")
    store.decisions.undo()
    verdicts = [(d.verdict, d.edit_distance) for d in store.decisions.all()]
    assert verdicts == [(Verdict.EDIT, 1), (Verdict.UNDO, 0)]
    assert all(d.who and d.at.tzinfo for d in store.decisions.all())


def test_saving_the_drafts_own_words_counts_as_accepted(store: Suggestions) -> None:
    store.put([(draft(A), None)])
    (found,) = store.all()
    store.edit(found, "Drafted. ")
    assert states(store)[A] == (State.ACCEPTED, "Drafted.")


def test_an_empty_wording_is_refused(store: Suggestions) -> None:
    store.put([(draft(A), None)])
    (found,) = store.all()
    with pytest.raises(ColumnistError):
        store.edit(found, "  ")


def test_own_words_need_no_draft(store: Suggestions) -> None:
    store.write_own(A, "Mine.", previous=None)
    (found,) = store.all()
    assert found.state is State.EDITED
    assert found.draft.source is Source.HUMAN
    assert store.staged() == [CommentChange(A, None, "Mine.")]


def test_bulk_is_one_action_to_undo_also_after_a_restart(workspace: Workspace) -> None:
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    store = Suggestions(workspace, number)
    store.put([(draft(t), None) for t in (A, B, C)])
    assert store.accept(store.all()).count == 3
    with Workspace(workspace.path) as again:
        reopened = Suggestions(again, number)
        undone = reopened.decisions.undo()
        assert undone is not None
        assert undone.count == 3
        assert {state for state, _ in states(reopened).values()} == {State.PENDING}
        redone = reopened.decisions.redo()
        assert redone is not None
        assert redone.count == 3
        assert len(reopened.staged()) == 3
        assert reopened.decisions.redo() is None


def test_a_new_decision_ends_redo(store: Suggestions) -> None:
    store.put([(draft(A), None), (draft(B), None)])
    found = store.of_table(TableId("s", "t"))
    store.accept([found[A]])
    store.decisions.undo()
    store.accept([found[B]])
    assert store.decisions.redo() is None


def test_undo_leaves_what_was_written_since(store: Suggestions) -> None:
    store.put([(draft(A), None), (draft(B), None)])
    store.accept(store.all())
    store.record([WriteResult(CommentChange(A, None, "Drafted."), Outcome.WRITTEN, "")])
    undone = store.decisions.undo()
    assert undone is not None
    assert undone.count == 1
    assert states(store)[A][0] is State.WRITTEN
    assert states(store)[B][0] is State.PENDING


def test_a_decision_on_what_somebody_else_decided_changes_nothing(
    store: Suggestions,
) -> None:
    store.put([(draft(A), None)])
    (seen,) = store.all()
    store.reject([seen])
    assert store.accept([seen]).count == 0
    assert states(store)[A][0] is State.REJECTED


def test_a_decision_that_came_too_late_is_nothing_to_undo(
    workspace: Workspace,
) -> None:
    """It left an action behind, which the next undo took back instead of the last."""
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    store = Suggestions(workspace, number)
    store.put([(draft(A), None), (draft(B), None)])
    seen = store.of_table(TableId("s", "t"))
    store.accept([seen[B]])
    store.decisions.undo()
    with Workspace(workspace.path) as beside:
        Suggestions(beside, number).put([(draft(A), None)])
    assert store.accept([seen[A]]) == Batch(0, "accepted s.t.a", 0)
    assert states(store)[A][0] is State.PENDING
    redone = store.decisions.redo()
    assert redone is not None
    assert redone.what == "accepted s.t.b"
    undone = store.decisions.undo()
    assert undone is not None
    assert undone.count == 1


def test_a_batch_names_the_only_one_that_it_changed(store: Suggestions) -> None:
    store.put([(draft(A), None), (draft(B), None)])
    seen = store.of_table(TableId("s", "t"))
    assert store.reject([seen[A]]).only == seen[A].id
    for batch in (store.decisions.undo(), store.decisions.redo()):
        assert batch is not None
        assert batch.only == seen[A].id
    assert store.accept(seen.values()).only == seen[B].id  # A was seen otherwise
    assert store.reject(store.all()).only == seen[B].id  # A is rejected already
    assert store.accept(store.all()).only is None


def test_accepting_an_edited_text_keeps_it_edited(workspace: Workspace) -> None:
    """`a` made it accepted, as if the draft had been good, with a distance of 4."""
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    store = Suggestions(workspace, number)

    def again(state: State) -> None:
        with workspace.transaction() as db:
            db.execute("UPDATE suggestions SET state = ?", (state.value,))

    store.put([(draft(A), None)])
    store.write_own(A, "Mine.", previous=None)
    assert store.accept(store.all()).count == 0  # it stands as it is
    for state in (State.PENDING, State.STALE, State.REFUSED, State.CONFLICT):
        again(state)
        assert store.accept(store.all()).what == "edited s.t.a"
        assert states(store)[A] == (State.EDITED, "Mine.")
    again(State.CONFLICT)
    assert store.accept_over(*store.all(), previous="theirs").count == 1
    assert states(store)[A] == (State.EDITED, "Mine.")
    store.reject(store.all())
    store.accept(store.all())
    for state in (State.PENDING, State.REFUSED):
        again(state)
        with workspace.transaction() as db:
            db.execute("UPDATE suggestions SET previous = NULL")
        choice = Choices(workspace, number).to_accept(Scope())
        assert store.accept_chosen(choice).count == 1
        assert states(store)[A] == (State.EDITED, "Mine.")
    decisions = store.decisions.all()
    assert {each.verdict for each in decisions} == {Verdict.EDIT, Verdict.REJECT}
    assert {each.edit_distance for each in decisions} == {
        levenshtein("Drafted.", "Mine.")
    }


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.WRITTEN, State.WRITTEN),
        (Outcome.CONFLICT, State.CONFLICT),
        (Outcome.REFUSED, State.REFUSED),
        (Outcome.FAILED, State.ACCEPTED),
    ],
)
def test_a_write_moves_its_suggestion(
    store: Suggestions, outcome: Outcome, state: State
) -> None:
    store.put([(draft(A), None)])
    store.accept(store.all())
    result = WriteResult(CommentChange(A, None, "Drafted."), outcome, "", "why")
    store.record([result])
    store.record([result])  # twice changes nothing
    (found,) = store.all()
    assert found.state is state
    assert found.reason == "why"


def refuse(store: Suggestions, target: Target, text: str) -> None:
    change = CommentChange(target, None, text)
    store.record([WriteResult(change, Outcome.REFUSED, "", "why")])


def test_what_was_refused_is_tried_again_and_can_be_decided_on(
    workspace: Workspace,
) -> None:
    """A refused text was stuck: no run, no decision and no import took it."""
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    store = Suggestions(workspace, number)
    store.put([(draft(A), None), (draft(B), "theirs"), (draft(C), None)])
    store.accept(store.all())
    for target in (A, B, C):
        refuse(store, target, "Drafted.")
    assert [change.target for change in store.staged()] == [A, B, C]
    assert store.waits(TableId("s", "t"))
    choices = Choices(workspace, number)
    named = Scope(tables=store.tables())
    assert len(choices.to_reject(named)) == 3
    assert store.accept_chosen(choices.to_accept(named)).count == 3
    assert {state for state, _ in states(store).values()} == {State.ACCEPTED}
    store.record(
        [WriteResult(change, Outcome.WRITTEN, "") for change in store.staged()]
    )
    assert not store.staged()


def imported(target: Target, text: str) -> Draft:
    return Draft(target, text, Source.IMPORTED, 1.0)


def test_another_text_corrects_what_was_refused(store: Suggestions) -> None:
    store.put([(draft(A), None), (draft(B), None)])
    store.accept(store.all())
    refuse(store, A, "Drafted.")
    refuse(store, B, "Drafted.")
    taken = store.take_in(
        [(imported(A, "Corrected."), None), (imported(B, "Drafted."), None)]
    )
    assert (taken.stored, taken.kept) == (1, ())
    assert states(store) == {
        A: (State.PENDING, "Corrected."),
        B: (State.REFUSED, "Drafted."),
    }


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CONFLICT])
def test_another_text_corrects_what_could_not_be_stored(
    workspace: Workspace, outcome: Outcome
) -> None:
    """A text that the server changes on the way fails for ever; a conflict stands."""
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    store = Suggestions(workspace, number)
    store.put([(draft(A), None)])
    store.accept(store.all())
    run = RunLedger(workspace, Ledger(workspace, number).begin("apply"), store.record)
    (change,) = store.staged()
    (intent,) = run.intend([(change, "COMMENT …")])
    run.close([(intent, WriteResult(change, outcome, "COMMENT …", "why"))])
    taken = store.take_in([(imported(A, "Corrected."), None)])
    assert taken.stored == (outcome is Outcome.FAILED)
    assert len(taken.kept) == (outcome is Outcome.CONFLICT)


def test_a_file_says_anew_what_became_doubtful_and_names_a_conflict(
    store: Suggestions,
) -> None:
    store.put([(draft(A), None), (draft(B), None)])
    store.accept(store.all())
    store.outdate({A: "its type changed"})
    change = CommentChange(B, None, "Drafted.")
    store.record([WriteResult(change, Outcome.CONFLICT, "", "why")])
    taken = store.take_in([(imported(t, "Drafted."), None) for t in (A, B)])
    assert states(store)[A] == (State.PENDING, "Drafted.")
    assert [each.target for each in taken.kept] == [B]


def test_a_file_that_says_something_else_than_was_decided_is_told(
    store: Suggestions,
) -> None:
    """It was dropped without a word."""
    store.put([(draft(A), None), (draft(B), None), (draft(C), None)])
    found = store.of_table(TableId("s", "t"))
    store.accept([found[A], found[B]])
    store.reject([found[C]])
    new = [(imported(A, "New."), None), (imported(B, "Drafted."), None)]
    taken = store.take_in([*new, (imported(C, "New."), None)])
    assert taken.stored == 0
    assert [each.target for each in taken.kept] == [A, C]
    assert states(store)[A] == (State.ACCEPTED, "Drafted.")


def test_what_is_gone_is_stale_and_no_longer_staged(store: Suggestions) -> None:
    store.put([(draft(A), None), (draft(B), None)])
    store.accept(store.all())
    assert store.outdate({B: GONE}) == 1
    assert states(store)[B][0] is State.STALE
    assert [change.target for change in store.staged()] == [A]
    assert store.outdate({C: GONE}) == 0
    assert store.restore_found(lambda target: target == A) == 0
    assert store.restore_found(lambda target: target == B) == 1
    assert states(store)[B][0] is State.ACCEPTED


def decide(store: Suggestions, move: str, target: Target) -> Batch:
    found = store.of_table(TableId("s", "t"))
    if move == "accept":
        return store.accept([found[target]])
    if move == "reject":
        return store.reject([found[target]])
    if move == "edit":
        return store.edit(found[target], "Mine.")
    return store.accept(found.values())


moves = st.lists(
    st.tuples(
        st.sampled_from(["accept", "reject", "edit", "undo", "redo", "bulk"]),
        st.sampled_from([A, B, C]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(moves=moves)
def test_undoing_everything_restores_every_state_before_it(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, Target]]
) -> None:
    path = tmp_path_factory.mktemp("undo") / "workspace.db"
    with Workspace(path) as workspace:
        store = Suggestions(
            workspace, workspace.database(DatabaseIdentity("k", "l"), url="u")
        )
        store.put([(draft(t), None) for t in (A, B, C)])
        first = states(store)
        history = [first]
        future: list[dict[Target, tuple[State, str | None]]] = []
        for move, target in moves:
            if move == "undo":
                done = store.decisions.undo() is not None
                assert done == (len(history) > 1)
                if done:
                    future.append(history.pop())
            elif move == "redo":
                done = store.decisions.redo() is not None
                assert done == bool(future)
                if done:
                    history.append(future.pop())
            else:
                batch = decide(store, move, target)
                if batch.id:
                    history.append(states(store))
                    future.clear()
            assert states(store) == history[-1]
        while store.decisions.undo():
            pass
        assert states(store) == first


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert (levenshtein(a, b) == 0) == (a == b)
    assert levenshtein(a, b) == levenshtein(b, a)
    assert levenshtein(a, c) <= levenshtein(a, b) + levenshtein(b, c)
    assert levenshtein("kitten", "sitting") == 3
    assert levenshtein(a, b) == cell_by_cell(a, b)


def cell_by_cell(a: str, b: str) -> int:
    before = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        line = [i]
        for j, right in enumerate(b, 1):
            line.append(
                min(line[-1] + 1, before[j] + 1, before[j - 1] + (left != right))
            )
        before = line
    return before[-1]


def test_a_long_text_is_measured_too() -> None:
    """A pasted page of 20,000 characters held the screen for a minute."""
    page, other = "lorem ipsum, " * 1500, "dolor sit amet; " * 1200
    assert levenshtein(page, page[:9000] + "X" + page[9000:]) == 1
    assert 0 < levenshtein(page, other) <= len(page)
    assert levenshtein("a" * 20_000, "b" * 20_000) == 20_000


def test_undoing_many_edits_measures_none_of_them(workspace: Workspace) -> None:
    """It was done on the screen's loop, and takes long of thousands."""
    store = Suggestions(
        workspace, workspace.database(DatabaseIdentity("k", "l"), url="u")
    )
    target = make_target("s", "t", "c")
    store.put([(Draft(target, "A draft.", Source.MODEL, 0.5), None)])
    store.write_own(target, "Something else.", previous=None)
    with workspace.transaction() as db:
        db.create_function("edit_distance", 2, None)
    assert store.decisions.undo() is not None
    assert store.decisions.redo() is not None
    edited, undone, redone = store.decisions.all()
    assert edited.edit_distance == redone.edit_distance > 0
    assert undone.edit_distance == 0


@pytest.mark.parametrize(
    ("confidence", "step"),
    [
        (1.0, Likelihood.LIKELY),
        (0.8, Likelihood.LIKELY),
        (0.7999, Likelihood.MAYBE),
        (0.5, Likelihood.MAYBE),
        (0.4999, Likelihood.UNLIKELY),
        (0.0, Likelihood.UNLIKELY),
    ],
)
def test_a_draft_is_of_one_step_in_memory_and_in_the_workspace(
    store: Suggestions, workspace: Workspace, confidence: float, step: Likelihood
) -> None:
    store.put([(replace(draft(A), confidence=confidence), None)])
    (one,) = store.all()
    assert one.draft.likelihood is step
    choices = Choices(workspace, 1)
    for each in Likelihood:
        wanted = SuggestionFilter(likelihoods=frozenset({each}))
        assert wanted.fits(one) is (each is step)
        assert len(choices.to_accept(Scope(wanted=wanted))) == (each is step)


def test_the_speed_of_a_model_is_that_of_its_last_drafts(
    workspace: Workspace, store: Suggestions
) -> None:
    columns = [make_target("s", "t", f"c{i}") for i in range(60)]
    store.put([(draft(column), None) for column in columns])
    with workspace.transaction() as db:
        db.execute(  # ten a second; the first half long before
            "UPDATE main.suggestions SET created_at = '2026-11-01T0' || (id > 30)"
            " || printf(':00:%06.3f+00:00', id / 10.0)"
        )
    choices = Choices(workspace, 1)
    assert choices.drafted_a_second("m") == pytest.approx(10)
    assert choices.drafted_a_second("another") is None


def test_a_choice_takes_nothing_that_became_doubtful_since(
    workspace: Workspace, store: Suggestions
) -> None:
    store.put([(draft(A), None), (draft(B), None)])
    choice = Choices(workspace, 1).to_accept(Scope())
    store.outdate({A: "its type changed"})
    assert store.accept_chosen(choice).count == 1
    assert states(store)[A] == (State.STALE, "Drafted.")
    assert store.reject_chosen(Choices(workspace, 1).to_reject(Scope())).count == 1
