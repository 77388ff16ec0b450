"""Two models' drafts side by side: how they meet, who is told what, and the votes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import migrations
from catalog import workspace as workspace_module
from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Outcome, WriteResult
from catalog.choice import Choices, Scope
from catalog.history import history
from catalog.metrics import DecisionLog
from catalog.objects import ColumnId, TableId, Target
from catalog.pairs import Fate, Joined, PairOutcome, Pairs, last_models, outcomes
from catalog.suggestion import (
    Draft,
    Finding,
    Likelihood,
    Source,
    State,
    Suggestion,
    SuggestionFilter,
)
from catalog.suggestions import Suggestions
from catalog.trial import Favoured, drawn_for_both, drawn_order
from catalog.workspace import Workspace

MODELS = ("apple", "pear")
TABLE = TableId("s", "t")
COLUMNS = [ColumnId(TABLE, f"c{number}") for number in range(20)]


def target_with(first: str) -> ColumnId:
    """A column whose first text is one model's."""
    return next(c for c in COLUMNS if drawn_order("k", c, MODELS)[0] == first)


APPLE, PEAR = target_with("apple"), target_with("pear")
"""Columns whose first draft is that model's."""


class House:
    """A workspace with what two models draft."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.number = workspace.database(DatabaseIdentity("k", "l"), url="u")
        self.store = Suggestions(workspace, self.number)
        self.pairs = Pairs(workspace, self.number, "k", MODELS)

    def draft(
        self,
        model: str,
        target: Target,
        text: str | None,
        source: Source = Source.MODEL,
        *,
        asked: bool = True,
        findings: tuple[Finding, ...] = (),
    ) -> int:
        name = model if asked else None
        made = Draft(target, text, source, 0.9, findings, model=name, prompt="f00d")
        return self.pairs.put(model, [(made, None)])

    def pair(self, target: Target = APPLE) -> Suggestion:
        self.draft("apple", target, "Round.")
        self.draft("pear", target, "Long.")
        return self.of(target)

    def of(self, target: Target = APPLE) -> Suggestion:
        return self.store.of_table(TABLE)[target]

    def outcome(self, target: Target = APPLE) -> PairOutcome:
        found = outcomes(self.workspace, self.number, MODELS)
        (one,) = [each for each in found if each.target == target]
        return one

    def told(self, target: Target = APPLE) -> tuple[Fate, str | None]:
        one = self.outcome(target)
        return one.fate, one.winner


@pytest.fixture
def house(workspace: Workspace) -> House:
    return House(workspace)


# How they meet


def test_nobody_is_shown_the_first_until_the_second_is_there(house: House) -> None:
    """Who saw a text alone would know it again."""
    house.draft("apple", APPLE, "Round.")
    assert house.store.of_table(TABLE) == {}
    assert house.store.tables() == []
    assert history(house.workspace, house.number, APPLE) == []
    assert house.pairs.waiting("apple") == {APPLE}
    house.draft("pear", APPLE, "Long.")
    found = house.of()
    assert [each.text for each in found.pair] == ["Round.", "Long."]
    assert (found.state, found.text) == (State.PENDING, "Round.")
    assert house.store.tables() == [TABLE]
    assert house.pairs.waiting("apple") == frozenset()
    assert house.pairs.joined == {Joined.PAIR: 1}


def test_the_order_is_drawn_for_each_target_whoever_drafts_first(house: House) -> None:
    assert [each.text for each in house.pair(PEAR).pair] == ["Long.", "Round."]
    house.draft("pear", APPLE, "Long.")
    house.draft("apple", APPLE, "Round.")
    assert [each.text for each in house.of().pair] == ["Round.", "Long."]
    firsts = [drawn_order("k", ColumnId(TABLE, str(n)), MODELS)[0] for n in range(2000)]
    assert firsts.count("apple") == pytest.approx(1000, abs=90)
    assert drawn_order("k", APPLE, MODELS) == drawn_order("k", APPLE, MODELS[::-1])


def test_a_share_of_the_tables_is_drawn_and_a_larger_one_has_it_too() -> None:
    tables = [TableId("s", f"t{number}") for number in range(2000)]

    def drawn(share: float) -> set[TableId]:
        return {t for t in tables if drawn_for_both("k", t, MODELS, share)}

    assert drawn(0) == set()
    assert drawn(1) == set(tables)
    assert len(drawn(0.2)) == pytest.approx(400, abs=72)
    assert drawn(0.2) < drawn(0.5)


@pytest.mark.parametrize(
    ("one", "other", "shown", "joined"),
    [
        (("Same.", Source.MODEL), ("Same.", Source.MODEL), "Same.", Joined.ALIKE),
        ((None, Source.MODEL), ("Long.", Source.MODEL), "Long.", Joined.SINGLE),
        (("Round.", Source.MODEL), (None, Source.MODEL), "Round.", Joined.SINGLE),
        (("Told.", Source.INHERITED), ("Long.", Source.MODEL), "Told.", Joined.SINGLE),
        (("Long.", Source.MODEL), ("Told.", Source.GLOSSARY), "Told.", Joined.SINGLE),
        ((None, Source.MODEL), (None, Source.MODEL), None, Joined.SINGLE),
        (("Round.", Source.MODEL), ("Rule.", Source.RULES), "Round.", Joined.PAIR),
    ],
)
def test_where_there_is_no_choice_nobody_is_asked(
    house: House,
    one: tuple[str | None, Source],
    other: tuple[str | None, Source],
    shown: str | None,
    joined: Joined,
) -> None:
    house.draft("apple", APPLE, *one)
    house.draft("pear", APPLE, *other)
    found = house.of()
    assert found.text == shown
    assert bool(found.pair) is (joined is Joined.PAIR)
    assert house.pairs.joined == {joined: 1}
    if joined is Joined.ALIKE:
        assert house.told() == (Fate.ALIKE, None)


def test_what_neither_model_was_asked_says_nothing_of_them(house: House) -> None:
    for model, text in (("apple", "Key of it."), ("pear", "Key.")):
        house.draft(model, APPLE, text, Source.RULES, asked=False)
    assert not house.of().pair
    assert outcomes(house.workspace, house.number, MODELS) == []


def test_who_decided_meanwhile_is_not_overruled(house: House) -> None:
    house.draft("apple", APPLE, "Round.")
    house.store.write_own(APPLE, "Mine.", previous=None)
    assert house.draft("pear", APPLE, "Long.") == 0
    assert house.of().text == "Mine."


def test_a_draft_that_waits_is_not_used_when_its_column_changed(house: House) -> None:
    house.draft("apple", APPLE, "Round.")
    house.store.outdate({APPLE: "its type changed"})
    assert house.pairs.waiting("apple") == frozenset()
    house.draft("pear", APPLE, "Long.")
    assert house.store.of_table(TABLE) == {}
    house.draft("apple", APPLE, "Rounder.")
    assert {each.text for each in house.of().pair} == {"Rounder.", "Long."}


def test_drafts_of_one_model_take_the_place_of_both(house: House) -> None:
    house.pair()
    house.store.put([(Draft(APPLE, "New.", Source.MODEL, 0.5, model="fig"), None)])
    assert (house.of().text, house.of().pair) == ("New.", ())
    assert house.told() == (Fate.GONE, None)


# Nobody is told whose they are


def names_nothing(value: object) -> bool:
    return not any(name in repr(value) for name in (*MODELS, "f00d", "0.9"))


def test_no_field_of_two_drafts_tells_whose_they_are(house: House) -> None:
    for target in (APPLE, PEAR):
        assert names_nothing(house.pair(target))
    one, other = house.of(APPLE), house.of(PEAR)
    assert (one.confidence, one.model, one.by) == (None, None, other.by)
    assert (other.confidence, other.model) == (None, None)


def test_the_history_names_no_model_and_has_no_order_of_them(house: House) -> None:
    """The first model drafts first: times would tell."""
    old = Draft(APPLE, "Round.", Source.MODEL, 0.5, model="apple")
    house.store.put([(old, None)])
    house.store.put([(Draft(APPLE, "Old.", Source.MODEL, 0.5, model="pear"), None)])
    house.pair()
    events = history(house.workspace, house.number, APPLE)
    assert [(each.text, each.who) for each in events] == [
        ("Round.", "a model"),
        ("Old.", "a model"),
    ]
    house.store.vote(house.of(), Favoured.SECOND)
    events = history(house.workspace, house.number, APPLE)
    assert [each.who for each in events if each.what == "drafted"] == [
        *("model apple", "model pear"),
        *("model apple", "model pear"),
    ]


def test_the_log_names_nobody_before_the_vote(house: House) -> None:
    house.draft("apple", PEAR, "Waits.")
    house.pair()
    log = house.store.inferences
    assert [*log.export()] == []
    house.store.vote(house.of(), Favoured.SECOND)
    assert {row["model"] for row in log.export()} == set(MODELS)


def test_no_filter_and_no_rule_tells_them_apart(house: House) -> None:
    """A rule for what is likely would take the one that is."""
    found = house.pair()
    choices = Choices(house.workspace, house.number)
    for wanted in (
        *(SuggestionFilter(sources=frozenset([source])) for source in Source),
        *(SuggestionFilter(likelihoods=frozenset([step])) for step in Likelihood),
    ):
        assert not wanted.fits(found)
        assert choices.tables_with(wanted) == frozenset()
    assert choices.tables_with(SuggestionFilter(states=frozenset([State.PENDING])))
    assert choices.to_reject(Scope()).sources == {"one of two models": 1}
    assert not choices.to_reject(Scope(min_confidence=0.01))


def test_bulk_leaves_them_to_a_choice(house: House) -> None:
    house.pair()
    choice = Choices(house.workspace, house.number).to_accept(Scope())
    assert (len(choice), dict(choice.left_out)) == (0, {"two drafts": 1})


def test_findings_are_told_of_each(house: House) -> None:
    house.draft("pear", APPLE, "Long.", findings=(Finding.LEAK,))
    house.draft("apple", APPLE, "Round.")
    assert [each.findings for each in house.of().pair] == [(), (Finding.LEAK,)]


# Votes


@pytest.mark.parametrize("target", [APPLE, PEAR])
@pytest.mark.parametrize("favoured", list(Favoured))
def test_a_vote_accepts_its_text_and_undo_and_redo_go_with_it(
    house: House, target: ColumnId, favoured: Favoured
) -> None:
    found = house.pair(target)
    order = drawn_order("k", target, MODELS)
    texts = {"apple": "Round.", "pear": "Long."}
    taken = order[favoured is Favoured.SECOND]
    voted = (Fate.TIE, None) if favoured is Favoured.TIE else (Fate.VOTED, taken)
    decisions = house.store.decisions
    assert house.store.vote(found, favoured).count == 1
    after = house.of(target)
    assert (after.state, after.text, after.pair) == (State.ACCEPTED, texts[taken], ())
    # It is that model's draft, taken as drafted: nobody's wording, nobody's edit.
    assert (after.model, after.by, after.rank) == (taken, Source.MODEL, None)
    assert after.confidence == 0.9
    assert decisions.all()[-1].favoured is favoured
    assert house.told(target) == voted
    assert house.store.staged()[0].text == texts[taken]
    assert decisions.undo()
    again = house.of(target)
    assert again.pair == found.pair
    assert again.state is State.PENDING
    assert names_nothing(again)
    assert house.told(target) == (Fate.OPEN, None)
    assert house.store.staged() == []
    assert decisions.redo()
    assert house.of(target).text == texts[taken]
    assert house.told(target) == voted
    decisions.undo()
    other = Favoured.FIRST if favoured is Favoured.SECOND else Favoured.SECOND
    assert house.store.vote(house.of(target), other).count == 1
    assert house.told(target) == (Fate.VOTED, order[other is Favoured.SECOND])


def wrote(house: House) -> None:
    house.store.edit(house.of(), "My own.")


def rejected(house: House) -> None:
    house.store.reject([house.of()])


def accepted(house: House) -> None:
    house.store.accept([house.of()])


@pytest.mark.parametrize(
    ("act", "fate"),
    [(wrote, Fate.EDITED), (rejected, Fate.REJECTED), (accepted, Fate.OTHERWISE)],
)
def test_what_is_no_vote_is_told_apart(
    house: House, act: Callable[[House], None], fate: Fate
) -> None:
    house.pair()
    act(house)
    assert house.told() == (fate, None)
    house.store.decisions.undo()
    assert house.told() == (Fate.OPEN, None)
    assert house.of().pair


def test_a_vote_stays_when_its_text_is_edited_and_not_when_it_is_rejected(
    house: House,
) -> None:
    house.store.vote(house.pair(), Favoured.SECOND)
    house.store.edit(house.of(), "Long, and thin.")
    one = house.outcome()
    assert (one.fate, one.winner, one.edited) == (Fate.VOTED, "pear", True)
    house.store.accept([house.of()])  # edited text taken again
    assert house.told() == (Fate.VOTED, "pear")
    house.store.decisions.undo()
    one = house.outcome()
    assert (one.fate, one.winner, one.edited) == (Fate.VOTED, "pear", False)
    house.store.reject([house.of()])
    assert house.told() == (Fate.REJECTED, None)
    house.store.accept([house.of()])
    assert house.told() == (Fate.OTHERWISE, None)


def test_a_decision_is_as_old_as_what_it_says(house: House) -> None:
    """Else an edit of an old text would have a test go over its votes in another order.

    What is favoured anew is as new as that.
    """
    house.store.vote(house.pair(), Favoured.SECOND)
    voted = house.outcome().decision
    house.store.vote(house.pair(PEAR), Favoured.FIRST)
    assert house.outcome(PEAR).decision > voted > 0
    house.store.edit(house.of(), "Longer.")
    assert house.outcome().decision == voted
    house.store.decisions.undo()
    assert house.outcome().decision == voted
    house.store.reject([house.of()])
    rejected = house.outcome().decision
    assert rejected > house.outcome(PEAR).decision
    house.store.decisions.undo()
    assert house.outcome().winner == "pear"
    assert house.outcome().decision > rejected
    house.store.decisions.undo()
    house.store.decisions.undo()
    assert house.told() == (Fate.OPEN, None)
    assert house.outcome().decision == 0


def test_what_another_window_decided_meanwhile_is_not_voted_on(house: House) -> None:
    seen = house.pair()
    with house.workspace.beside() as beside:
        beside.window = "another"
        there = Suggestions(beside, house.number)
        there.vote(seen, Favoured.SECOND)
        assert house.store.vote(seen, Favoured.FIRST).count == 0
        assert house.told() == (Fate.VOTED, "pear")
        there.decisions.undo()
        # The second is the current one now, and the order is what it was.
        assert house.store.vote(seen, Favoured.FIRST).count == 1
        assert house.told() == (Fate.VOTED, "apple")
        redone = there.decisions.redo()
        assert redone is not None
        assert redone.count == 0
        assert house.told() == (Fate.VOTED, "apple")


def test_of_one_decision_the_waiting_is_counted_right(house: House) -> None:
    house.pair()
    assert house.store.undecided("s") == 1
    house.store.vote(house.of(), Favoured.SECOND)
    assert house.store.undecided("s") == 0
    house.store.decisions.undo()
    assert house.store.undecided("s") == 1


def test_what_was_written_and_taken_back_is_not_asked_again(house: House) -> None:
    house.store.vote(house.pair(), Favoured.SECOND)
    (change,) = house.store.staged()
    house.store.record([WriteResult(change, Outcome.WRITTEN, "")])
    assert house.of().state is State.WRITTEN
    assert house.told() == (Fate.VOTED, "pear")
    house.store.reverted([CommentChange(APPLE, change.text, None)])
    assert (house.of().state, house.of().pair) == (State.PENDING, ())
    assert house.of().model == "pear"


def test_an_outdated_pair_is_chosen_from_all_the_same(house: House) -> None:
    house.pair()
    house.store.outdate({APPLE: "its type changed"})
    found = house.of()
    assert (found.state, len(found.pair)) == (State.STALE, 2)
    assert house.store.vote(found, Favoured.SECOND).count == 1
    assert house.told() == (Fate.VOTED, "pear")


def test_their_names_are_known_and_the_split_knows_nothing_of_them(
    house: House,
) -> None:
    assert last_models(house.workspace) is None
    house.pair()
    assert set(last_models(house.workspace) or ()) == set(MODELS)
    log = DecisionLog(house.workspace, house.number)
    assert log.models() == MODELS
    house.store.vote(house.of(), Favoured.FIRST)
    # Of two the better was taken: that is another thing than a text on its own.
    assert log.by_table(MODELS) == []
    assert [each.model for each in log.metrics().acceptance] == ["apple"]


def test_a_workspace_from_before_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tuple(m for m in migrations.MIGRATIONS if "pairs" not in m.__name__)
    before = before[: migrations.MIGRATIONS.index(migrations.m015_pairs)]
    with monkeypatch.context() as older:
        older.setattr(migrations, "MIGRATIONS", before)
        older.setattr(workspace_module, "MIGRATIONS", before)
        Workspace(tmp_path / "w.db").close()
    with Workspace(tmp_path / "w.db") as workspace:
        house = House(workspace)
        house.store.vote(house.pair(), Favoured.FIRST)
        assert house.told() == (Fate.VOTED, "apple")


def test_hostile_names_are_values(house: House) -> None:
    models = ("a'; DROP TABLE decisions; --", json.dumps(["x", '"']))
    pairs = Pairs(house.workspace, house.number, "k", models)
    for model in models:
        pairs.put(model, [(Draft(APPLE, model, Source.MODEL, 0.5, model=model), None)])
    house.store.vote(house.of(), Favoured.FIRST)
    (one,) = outcomes(house.workspace, None, models)
    assert one.winner == drawn_order("k", APPLE, models)[0]
