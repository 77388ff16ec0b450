"""Whose words a text is, who decided on it and how: after every way to decide.

The table: each way to decide x do, undo, redo, with what is stored and what is shown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog import migrations
from catalog import workspace as workspace_module
from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Outcome, WriteResult
from catalog.choice import Choices, Scope
from catalog.decisions import Decisions
from catalog.edit_distance import levenshtein
from catalog.history import history
from catalog.ledger import Ledger, RunLedger
from catalog.metrics import DecisionLog, Verdicts
from catalog.objects import make_target
from catalog.suggestion import (
    Draft,
    Finding,
    Likelihood,
    Source,
    State,
    Suggestion,
    SuggestionFilter,
    Wording,
)
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from tui.flow.text import whose

A, B, C = (make_target("s", "t", name) for name in "abc")
DRAFT = "The state of the order."
MINE = "Whether it was paid."
OTHER = "State that the order is in."
FAR = levenshtein(DRAFT, MINE)
WORDING = Wording(OTHER, Source.MODEL, "m")


class House:
    """One workspace with a database of three drafted columns, and windows on it."""

    def __init__(self, path: Path) -> None:
        self.windows = [Workspace(path), Workspace(path)]
        self.number = self.here.database(DatabaseIdentity("k", "l"), url="u")
        self.store = Suggestions(self.here, self.number)
        self.store.put(
            [
                (
                    Draft(target, DRAFT, Source.MODEL, 0.7, (Finding.LEAK,), "m"),
                    None,
                )
                for target in (A, B, C)
            ]
        )
        with self.here.transaction() as db:  # no finding keeps bulk away
            db.execute("UPDATE suggestions SET findings = '[\"restates\"]'")

    @property
    def here(self) -> Workspace:
        return self.windows[0]

    @property
    def a(self) -> Suggestion:
        return next(each for each in self.store.all() if each.target == A)

    def stored(self) -> tuple[object, ...]:
        """The suggestion, and the row of the last decision on it."""
        row = self.here.row(
            "SELECT d.*, b.sampled FROM decisions d JOIN batches b ON b.id = d.batch"
            " WHERE d.suggestion = ? ORDER BY d.id DESC LIMIT 1",
            (self.a.id,),
        )
        assert row is not None
        return (
            (self.a.state.value, self.a.text),
            row["verdict"],
            row["edit_distance"],
            row["rank"],
            row["seen"],
            row["who"],
        )

    def told(self) -> tuple[str, str]:
        """What a screen says of the text, and the history of the last event."""
        return whose(self.a), history(self.here, self.number, A)[-1].words

    def close(self) -> None:
        for each in self.windows:
            each.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    be(monkeypatch, "ann")
    house = House(tmp_path / "w.db")
    yield house
    house.close()


def be(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    """Sit down at the machine."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, who)


def accept(house: House) -> None:
    house.store.accept([house.a])


def edit(house: House) -> None:
    house.store.write_own(A, MINE, previous=None, findings=(Finding.TOO_LONG,))


def edit_then_accept(house: House) -> None:
    edit(house)
    with house.here.transaction() as db:  # as after a write that was taken back
        db.execute("UPDATE suggestions SET state = 'pending' WHERE text = ?", (MINE,))
    accept(house)


def pick(house: House) -> None:
    house.store.pick(A, WORDING, 2, previous=None)


def by_rule(house: House) -> None:
    choice = Choices(house.here, house.number).to_accept(Scope(min_confidence=0.5))
    house.store.accept_chosen(choice)


def sampled(house: House) -> None:
    choice = Choices(house.here, house.number).to_accept(Scope())
    other = next(each.id for each in house.store.all() if each.target == B)
    house.store.accept_chosen(choice, [other], sampled=1)


def in_sample(house: House) -> None:
    choice = Choices(house.here, house.number).to_accept(Scope())
    house.store.accept_chosen(choice, [house.a.id], sampled=1)


def elsewhere(house: House) -> None:
    Suggestions(house.windows[1], house.number).accept([house.a])


BY_MODEL = "maybe (70%) · by model"
WAITS = ("pending", DRAFT)
TABLE: dict[str, tuple[Callable[[House], None], list[tuple[object, ...]]]] = {
    # what is stored: suggestion, verdict, distance, rank, seen; then what is shown
    "accept": (
        accept,
        [
            (("accepted", DRAFT), "accepted", 0, None, 1, BY_MODEL, "accepted by ann"),
            (WAITS, "undo", 0, None, 0, BY_MODEL, "undo by ann"),
            (("accepted", DRAFT), "redo", 0, None, 1, BY_MODEL, "redo by ann"),
        ],
    ),
    "edit": (
        edit,
        [
            (
                *(("edited", MINE), "edited", FAR, None, 1, "by you"),
                f"edited, {FAR} from the draft, by ann",
            ),
            (WAITS, "undo", 0, None, 0, BY_MODEL, "undo by ann"),
            (("edited", MINE), "redo", FAR, None, 1, "by you", "redo by ann"),
        ],
    ),
    "edit then accept": (
        edit_then_accept,
        [
            (
                *(("edited", MINE), "edited", FAR, None, 1, "by you"),
                f"edited, {FAR} from the draft, by ann",
            ),
            (("pending", MINE), "undo", FAR, None, 1, "by you", "undo by ann"),
            (("edited", MINE), "redo", FAR, None, 1, "by you", "redo by ann"),
        ],
    ),
    "pick": (
        pick,
        [
            (
                *(("accepted", OTHER), "accepted", 0, 2, 1, "by model"),
                "wording 2 accepted by ann",
            ),
            (WAITS, "undo", 0, None, 0, BY_MODEL, "undo by ann"),
            (("accepted", OTHER), "redo", 0, 2, 1, "by model", "redo by ann"),
        ],
    ),
    "bulk by rule": (
        by_rule,
        [
            (
                *(("accepted", DRAFT), "accepted", 0, None, 0, BY_MODEL),
                "accepted by ann in bulk, unseen",
            ),
            (WAITS, "undo", 0, None, 0, BY_MODEL, "undo by ann in bulk"),
            (("accepted", DRAFT), "redo", 0, None, 0, BY_MODEL, "redo by ann in bulk"),
        ],
    ),
    "bulk sampled": (
        sampled,
        [
            (
                *(("accepted", DRAFT), "accepted", 0, None, 0, BY_MODEL),
                "accepted by ann after a sample of 1, unseen",
            ),
            (WAITS, "undo", 0, None, 0, BY_MODEL, "undo by ann in bulk"),
            (("accepted", DRAFT), "redo", 0, None, 0, BY_MODEL, "redo by ann in bulk"),
        ],
    ),
    "in the sample": (
        in_sample,
        [
            (
                *(("accepted", DRAFT), "accepted", 0, None, 1, BY_MODEL),
                "accepted by ann in a sample of 1",
            ),
            (WAITS, "undo", 0, None, 0, BY_MODEL, "undo by ann in bulk"),
            (("accepted", DRAFT), "redo", 0, None, 1, BY_MODEL, "redo by ann in bulk"),
        ],
    ),
    "other window": (
        elsewhere,
        [
            (("accepted", DRAFT), "accepted", 0, None, 1, BY_MODEL, "accepted by ann"),
            (WAITS, "undo", 0, None, 0, BY_MODEL, "undo by ann"),
            (("accepted", DRAFT), "redo", 0, None, 1, BY_MODEL, "redo by ann"),
        ],
    ),
}


@pytest.mark.parametrize("steps", ["do", "do, undo", "do, undo, redo"])
@pytest.mark.parametrize("way", TABLE)
def test_what_is_stored_and_shown(house: House, way: str, steps: str) -> None:
    act, rows = TABLE[way]
    for number, step in enumerate(steps.split(", ")):
        if step == "do":
            act(house)
        elif step == "undo":
            assert house.store.decisions.undo() is not None
        else:
            assert house.store.decisions.redo() is not None
        *stored, by, said = rows[number]
        assert house.stored() == (*stored, "ann")
        assert house.told() == (by, said)
    assert exact(house.here) == []


def exact(workspace: Workspace) -> list[tuple[object, ...]]:
    """Decisions that call a person's words accepted, or miss how far they are."""
    return [
        tuple(row)
        for row in workspace.rows(
            "SELECT d.* FROM decisions d JOIN suggestions s ON s.id = d.suggestion"
            " WHERE d.verdict = 'accepted' AND d.edit_distance > 0"
            " OR (d.author IS 'human') <> (d.text_after IS NOT s.drafted"
            " AND d.rank IS NULL) OR d.edit_distance <> iif(d.author IS 'human',"
            " edit_distance(ifnull(s.drafted, ''), d.text_after), 0)"
        )
    ]


# What is shown beside an edited text


def test_an_edited_text_has_no_figures_of_its_draft(house: House) -> None:
    edit(house)
    found = house.a
    assert (found.by, found.confidence, found.model) == (Source.HUMAN, None, None)
    assert found.findings == (Finding.TOO_LONG,)
    house.store.decisions.undo()
    found = house.a
    assert (found.by, found.confidence, found.model) == (Source.MODEL, 0.7, "m")
    assert found.findings == (Finding.RESTATES,)


def test_undoing_a_second_edit_brings_the_findings_of_the_first_back(
    house: House,
) -> None:
    edit(house)
    house.store.write_own(A, "Paid or not.", previous=None)
    assert not house.a.findings
    house.store.decisions.undo()
    assert (house.a.text, house.a.findings) == (MINE, (Finding.TOO_LONG,))
    assert house.stored()[2] == FAR
    house.store.pick(A, WORDING, 4, previous=None)
    house.store.reject([house.a])
    house.store.decisions.undo()
    assert house.stored()[:5] == (("accepted", OTHER), "undo", 0, 4, 1)
    assert exact(house.here) == []


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (SuggestionFilter(sources=frozenset({Source.MODEL})), False),
        (SuggestionFilter(sources=frozenset({Source.HUMAN})), True),
        (SuggestionFilter(likelihoods=frozenset(Likelihood)), False),
        (SuggestionFilter(findings=frozenset({Finding.RESTATES})), False),
        (SuggestionFilter(findings=frozenset({Finding.TOO_LONG})), True),
    ],
)
def test_filters_ask_for_the_text_that_counts(
    house: House, wanted: SuggestionFilter, fits: bool
) -> None:
    """An edited text was listed by its draft's source, confidence and findings."""
    edit(house)
    assert wanted.fits(house.a) is fits
    with house.here.transaction() as db:
        db.execute("DELETE FROM decisions WHERE suggestion <> ?", (house.a.id,))
        db.execute("DELETE FROM suggestions WHERE id <> ?", (house.a.id,))
    tables = Choices(house.here, house.number).tables_with(wanted)
    assert bool(tables) is fits


def test_a_rule_takes_an_edited_text_by_its_own_findings(house: House) -> None:
    house.store.write_own(A, MINE, previous=None)
    house.store.write_own(B, OTHER, previous=None, findings=(Finding.CONTROL,))
    with house.here.transaction() as db:
        db.execute("UPDATE suggestions SET state = 'pending'")
    choices = Choices(house.here, house.number)
    everything = choices.to_accept(Scope(without_findings=True))
    assert list(everything.ids) == [house.a.id]
    assert choices.to_accept(Scope()).left_out == {"control": 1}
    assert choices.to_accept(Scope()).sources == {"human": 1, "model": 1}
    assert house.a.id not in choices.to_accept(Scope(min_confidence=0.1)).ids


# Picked wordings


def test_a_wording_that_is_the_draft_is_the_draft(house: House) -> None:
    house.store.pick(A, Wording(DRAFT, Source.RULES), 5, previous=None)
    assert (house.a.state, house.a.rank, house.a.by) == (
        *(State.ACCEPTED, None),
        Source.MODEL,
    )


def test_a_picked_wording_edited_is_edited_and_accepted_again_is_picked(
    house: House,
) -> None:
    pick(house)
    house.store.write_own(A, OTHER, previous=None)  # e, enter
    assert (house.a.state, house.a.rank) == (State.ACCEPTED, 2)
    house.store.reject([house.a])
    house.store.accept([house.a])
    assert (house.a.state, house.a.rank) == (State.ACCEPTED, 2)
    house.store.write_own(A, MINE, previous=None)
    assert (house.a.state, house.a.rank, house.a.edited) == (State.EDITED, None, True)
    house.store.decisions.undo()
    assert (house.a.state, house.a.rank, house.a.by) == (
        *(State.ACCEPTED, 2),
        Source.MODEL,
    )


def test_a_wording_is_picked_where_nothing_was_drafted(house: House) -> None:
    target = make_target("s", "t", "d")
    house.store.pick(target, WORDING, 1, previous="Theirs.")
    (found,) = (each for each in house.store.all() if each.target == target)
    assert (found.state, found.text, found.previous) == (
        *(State.ACCEPTED, OTHER),
        "Theirs.",
    )
    assert (found.by, found.model, found.confidence) == (Source.MODEL, "m", None)
    (acceptance,) = DecisionLog(house.here).metrics().acceptance
    assert (acceptance.source, acceptance.model) == (Source.MODEL, "m")
    assert (acceptance.accepted, acceptance.reworded) == (1, 1)


# Figures


def test_what_was_accepted_unseen_is_seen_once_a_takes_it(house: House) -> None:
    """Reading on through what a rule had taken changed no figure."""
    by_rule(house)
    assert house.store.accept([house.a]).count == 1
    assert house.stored()[:5] == (("accepted", DRAFT), "accepted", 0, None, 1)
    assert house.store.accept([house.a]).count == 0
    house.store.decisions.undo()
    assert house.stored()[:5] == (("accepted", DRAFT), "undo", 0, None, 0)


def test_figures_tell_seen_unseen_and_other_wordings(house: House) -> None:
    found = {each.target: each for each in house.store.all()}
    choice = Choices(house.here, house.number).to_accept(Scope(ids=[found[B].id]))
    house.store.accept_chosen(choice)
    house.store.accept([found[C]])
    pick(house)
    (acceptance,) = DecisionLog(house.here).metrics().acceptance
    assert acceptance.counts == Verdicts(3, 0, 0, unseen=1, reworded=1).counts
    assert (acceptance.seen, acceptance.read) == (2, 2)
    assert acceptance.share is not None
    assert acceptance.share.share == 1


def test_whose_words_stand_tells_what_nobody_saw(house: House) -> None:
    by_rule(house)
    house.store.decisions.undo()
    pick(house)
    by_rule(house)
    run = RunLedger(house.here, Ledger(house.here, house.number).begin("apply"))
    changes = house.store.staged()
    intents = run.intend([(change, "COMMENT") for change in changes])
    run.close(
        [
            (intent, WriteResult(change, Outcome.WRITTEN, ""))
            for intent, change in zip(intents, changes, strict=True)
        ]
    )
    provenance = DecisionLog(house.here).metrics().provenance
    assert (provenance.machine, provenance.unseen, provenance.edited) == (3, 2, 0)
    assert CommentChange(A, None, OTHER) in changes


# Windows


def test_undo_takes_back_what_this_window_did_last(house: House) -> None:
    other = Suggestions(house.windows[1], house.number)
    found = {each.target: each for each in house.store.all()}
    house.store.accept([found[A]])
    other.accept([found[B]])
    undone = house.store.decisions.undo()
    assert undone is not None
    assert (undone.what, undone.here) == ("accepted s.t.a", True)
    house.store.accept([found[C]])  # which drops no one else's redo
    undone = other.decisions.undo()
    assert undone is not None
    assert (undone.what, undone.here) == ("accepted s.t.b", True)
    house.store.reject([found[A]])
    redone = other.decisions.redo()
    assert redone is not None
    assert redone.what == "accepted s.t.b"
    assert house.store.decisions.redo() is None


def test_after_its_own_comes_what_others_did_and_says_whose(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Suggestions(house.windows[1], house.number)
    found = {each.target: each for each in house.store.all()}
    house.store.accept([found[A]])
    be(monkeypatch, "bob")
    other.accept([found[B]])
    house.store.decisions.undo()
    upcoming = house.store.decisions.upcoming("undo")
    assert upcoming is not None
    assert (upcoming.who, upcoming.here, upcoming.count) == ("bob", False, 1)
    assert upcoming.at
    other.accept([found[C]])  # while the question stood
    undone = house.store.decisions.undo(upcoming.id)
    assert undone is not None
    assert undone.what == "accepted s.t.b"
    assert house.store.decisions.undo(upcoming.id) is None  # it stands no longer
    for what in ("accepted s.t.b", "accepted s.t.a"):  # the last undone first
        redone = house.store.decisions.redo()
        assert redone is not None
        assert redone.what == what
    assert house.store.decisions.redo() is None


def test_what_another_window_undid_is_redone_only_where_nothing_came_since(
    house: House,
) -> None:
    other = Suggestions(house.windows[1], house.number)
    found = {each.target: each for each in house.store.all()}
    house.store.accept([found[A]])
    house.store.decisions.undo()
    upcoming = other.decisions.upcoming("redo")
    assert upcoming is not None  # as after a restart
    other.accept([found[B]])
    assert other.decisions.upcoming("redo") is None
    assert house.store.decisions.redo() is not None


def test_words_are_those_of_who_said_them_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_then_accept(house)
    be(monkeypatch, "bob")
    assert whose(house.a) == "by ann"
    with house.here.transaction() as db:
        db.execute("UPDATE suggestions SET state = 'pending' WHERE text = ?", (MINE,))
    Suggestions(house.windows[1], house.number).accept([house.a])
    assert whose(house.a) == "by ann"
    house.store.write_own(A, OTHER, previous=None)
    assert whose(house.a) == "by you"
    be(monkeypatch, "ann")
    assert whose(house.a) == "by bob"


def test_undo_leaves_what_another_window_decided_alike_since(house: House) -> None:
    other = Suggestions(house.windows[1], house.number)
    by_rule(house)
    other.accept([house.a])  # read, and meant
    undone = house.store.decisions.undo()
    assert undone is not None
    assert undone.count == 2
    assert house.stored()[0] == ("accepted", DRAFT)
    assert other.decisions.undo() is not None
    assert house.stored()[0] == ("accepted", DRAFT)  # unseen, as it was before


def test_undo_of_a_redo_in_vain_leaves_what_stood_in_its_way(house: House) -> None:
    other = Suggestions(house.windows[1], house.number)
    accept(house)
    house.store.decisions.undo()
    other.accept([house.a])
    for replay in (house.store.decisions.redo, house.store.decisions.undo):
        batch = replay()
        assert batch is not None
        assert batch.count == 0
        assert house.stored()[0] == ("accepted", DRAFT)


def test_what_is_unseen_still_is_not_decided_again(house: House) -> None:
    by_rule(house)
    assert house.store.say_of_all([house.a], DRAFT, shown=()).count == 0


def test_history_names_no_draft_where_there_was_none(house: House) -> None:
    d = make_target("s", "t", "d")
    house.store.write_own(d, MINE, previous=None)
    assert history(house.here, house.number, d)[-1].words == "edited by ann"


def test_a_connection_beside_is_the_same_window(house: House) -> None:
    with house.here.beside() as beside:
        Suggestions(beside, house.number).accept([house.a])
    upcoming = house.store.decisions.upcoming("undo")
    assert upcoming is not None
    assert upcoming.here


# Workspaces from before


def old_workspace(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file as it was before windows were told apart, with two databases."""
    before = migrations.MIGRATIONS[:12]
    with monkeypatch.context() as older:
        older.setattr(migrations, "MIGRATIONS", before)
        older.setattr(workspace_module, "MIGRATIONS", before)
        Workspace(path).close()
    with sqlite3.connect(path) as db:
        for number, key in ((1, "k"), (2, "other")):
            db.execute(
                "INSERT INTO databases VALUES (?, ?, 'l', 'u', NULL, '', NULL, 0)",
                (number, key),
            )
    db.close()


def test_what_was_undone_before_is_redone_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Actions were called alike, in this database and in another."""
    path = tmp_path / "old.db"
    old_workspace(path, monkeypatch)
    with sqlite3.connect(path) as db:
        for number, database, what, standing in (
            (1, 1, "edited s.t.a", "undone"),
            (2, 1, "edited s.t.b", "undone"),
            (3, 1, "edited s.t.a", "undone"),
            (4, 1, "undo: edited s.t.a", "log"),
            (5, 1, "undo: edited s.t.b", "log"),
            (6, 1, "undo: edited s.t.a", "log"),
            (7, 2, "edited s.t.b", "dropped"),
            (8, 2, "undo: edited s.t.b", "log"),
        ):
            db.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, '')",
                (number, database, what, standing),
            )
    db.close()
    with Workspace(path) as workspace:
        decisions = Decisions(workspace, 1)
        redone = [decisions.redo() for _ in range(4)]
        assert [each and each.id for each in redone] == [1, 2, 3, None]


def test_an_old_workspace_is_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its edited texts that were accepted again were called accepted."""
    path = tmp_path / "old.db"
    old_workspace(path, monkeypatch)
    with sqlite3.connect(path) as db:
        for number, (name, state, text) in enumerate(
            [
                ("a", "accepted", MINE),
                ("b", "accepted", DRAFT),
                ("c", "pending", DRAFT),
            ],
            1,
        ):
            db.execute(
                "INSERT INTO suggestions (id, database, schema, name, column_name,"
                " state, text, drafted, source, confidence, findings, created_at)"
                " VALUES (?, 1, 's', 't', ?, ?, ?, ?, 'model', 0.7, '[]',"
                " '2026-11-01T00:00:00+00:00')",
                (number, name, state, text, DRAFT),
            )
        for number, standing in enumerate(["done", "done", "done", "log"], 1):
            db.execute(
                "INSERT INTO batches VALUES (?, 1, 'what', ?, '')", (number, standing)
            )
        for batch, suggestion, verdict, states, texts, distance in (
            (1, 1, "edited", ("pending", "edited"), (DRAFT, MINE), FAR),
            (2, 1, "accepted", ("edited", "accepted"), (MINE, MINE), FAR),
            (3, 2, "accepted", ("pending", "accepted"), (DRAFT, DRAFT), 0),
            (3, 3, "accepted", ("pending", "accepted"), (DRAFT, DRAFT), 0),
            (4, 3, "undo", ("accepted", "pending"), (DRAFT, DRAFT), 0),
        ):
            db.execute(
                "INSERT INTO decisions (batch, suggestion, verdict, state_before,"
                " state_after, text_before, text_after, edit_distance, who, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'ann', '2026-11-01T00:00:00+00:00')",
                (batch, suggestion, verdict, *states, *texts, distance),
            )
    db.close()
    be(monkeypatch, "ann")
    with Workspace(path) as workspace:
        store = Suggestions(workspace, 1)
        assert [(s.state, s.by) for s in store.all()] == [
            (State.EDITED, Source.HUMAN),
            (State.ACCEPTED, Source.MODEL),
            (State.PENDING, Source.MODEL),
        ]
        decisions = Decisions(workspace, 1).all()
        assert [(d.verdict.value, d.edit_distance, d.seen) for d in decisions] == [
            ("edited", FAR, True),
            ("edited", FAR, True),
            ("accepted", 0, False),
            ("accepted", 0, False),
            ("undo", 0, True),
        ]
        assert exact(workspace) == []
        upcoming = store.decisions.upcoming("undo")
        assert upcoming is not None
        assert (upcoming.id, upcoming.who, upcoming.here) == (3, "ann", False)
        for _ in range(3):
            assert store.decisions.undo() is not None
        assert [(s.state, s.text) for s in store.all()] == [
            (State.PENDING, DRAFT),
        ] * 3
