from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from catalog import migrations
from catalog import workspace as workspace_module
from catalog.addresses import DatabaseIdentity
from catalog.bounds import Bounds
from catalog.errors import ColumnistError
from catalog.inferences import FIELDS, DraftedWith, Edit, Inferences, edit_of
from catalog.merging import merge
from catalog.objects import Target, make_target
from catalog.suggestion import Draft, Effort, Finding, Source, Wording
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace

A, B, C = (make_target("s", "t", name) for name in "abc")
OURS = DraftedWith("m", "d" * 64, "compact", "processor")


def draft(target: Target, text: str = "The order.", *, asked: bool = True) -> Draft:
    if not asked:
        return Draft(target, text, Source.RULES, 0.5)
    return Draft(
        target,
        text,
        Source.MODEL,
        0.7,
        (Finding.RESTATES,),
        "m",
        "0123456789abcdef",
        effort=Effort(40, 9, 0.25),
    )


@pytest.fixture
def store(workspace: Workspace) -> Suggestions:
    return of(workspace, "k")


def of(workspace: Workspace, key: str) -> Suggestions:
    number = workspace.database(DatabaseIdentity(key, key), url="u")
    return Suggestions(workspace, number)


def put(store: Suggestions, *drafts: Draft, seconds: float = 1.0) -> None:
    row = store.inferences.spent(
        OURS,
        seconds=seconds,
        efforts=[each.effort for each in drafts],
        columns=len(drafts),
        joules=10.0,
    )
    store.put([(each, None) for each in drafts], drafting=row)


def exported(store: Suggestions) -> list[dict[str, object]]:
    return list(store.inferences.export())


def test_a_draft_and_what_it_took_are_saved_as_one(store: Suggestions) -> None:
    put(store, draft(A), draft(B, asked=False))
    one, two = exported(store)
    assert list(one) == list(FIELDS)
    assert one | {"drafted_at": "", "decisions": None} == {
        "database": "k",
        "schema": "s",
        "table": "t",
        "column": "a",
        "drafted_at": "",
        "source": "model",
        "model": "m",
        "model_digest": "d" * 64,
        "prompt_form": "compact",
        "prompt_fingerprint": "0123456789abcdef",
        "text": "The order.",
        "confidence": 0.7,
        "findings": ["restates"],
        "prompt_tokens": 40,
        "generated_tokens": 9,
        "seconds": 0.25,
        "shown_at": None,
        "is_current": True,
        "state": "pending",
        "decision": None,
        "decided_at": None,
        "decided_by": None,
        "decided_seen": None,
        "decided_text": None,
        "other_wording": None,
        "reason": None,
        "edit_distance": None,
        "edit": None,
        "words_added": None,
        "words_removed": None,
        "decisions": None,
    }
    asked = ("model", "model_digest", "prompt_form", "prompt_tokens", "seconds")
    assert [two[name] for name in asked] == [None, None, "none", None, None]


def test_a_draft_that_is_not_saved_is_not_logged(store: Suggestions) -> None:
    put(store, draft(A))
    store.reject(store.all())
    put(store, draft(A, "Another."))
    assert [row["text"] for row in exported(store)] == ["The order."]


def test_what_is_taken_back_with_its_draft_is_not_logged(
    store: Suggestions, workspace: Workspace
) -> None:
    def fail() -> None:
        with workspace.transaction():
            put(store, draft(B))
            raise RuntimeError

    put(store, draft(A))
    with pytest.raises(RuntimeError):
        fail()
    assert store.inferences.drafting()[0].drafts == 1
    assert len(exported(store)) == 1


def test_the_last_decision_is_joined_and_all_are_listed(store: Suggestions) -> None:
    put(store, draft(A), draft(B), draft(C))
    one, two, three = store.all()
    store.edit(one, "Number of the order.")
    store.reject([two], reason="wrong")
    store.accept([three])
    store.decisions.undo()
    edited, rejected, undone = exported(store)
    assert edited["decision"] == "edited"
    assert edited["text"] == "The order."
    assert edited["decided_text"] == "Number of the order."
    assert edited["edit_distance"] == 11
    assert (edited["edit"], edited["words_added"]) == ("added", 2)
    assert edited["decided_seen"] is True
    assert (rejected["decision"], rejected["reason"]) == ("rejected", "wrong")
    assert rejected["edit"] is None
    assert undone["decision"] is None
    decisions = undone["decisions"]
    assert isinstance(decisions, list)
    assert [each["verdict"] for each in decisions] == ["accepted", "undo"]
    assert [each["state"] for each in decisions] == ["accepted", "pending"]


def test_what_was_picked_is_no_edit(store: Suggestions) -> None:
    put(store, draft(A))
    store.pick(A, Wording("Other.", Source.MODEL, "m"), 2, previous=None)
    (row,) = exported(store)
    assert (row["decision"], row["other_wording"]) == ("accepted", 2)
    assert (row["decided_text"], row["edit"]) == ("Other.", None)


@pytest.mark.parametrize(
    ("new", "edit"),
    [
        ("The state of the order.", Edit("marks", 0, 0)),
        ("the State, of the order", Edit("marks", 0, 0)),
        ("The state of the whole order.", Edit("added", 1, 0)),
        ("State.", Edit("removed", 0, 4)),
        ("The state of the invoice.", Edit("reworded", 1, 1)),
        ("", Edit("removed", 0, 5)),
    ],
)
def test_an_edit_is_told_by_its_words(new: str, edit: Edit) -> None:
    assert edit_of("The state of the order.", new) == edit


# Shown


def test_what_is_shown_is_noted_once_with_its_first_time(store: Suggestions) -> None:
    put(store, draft(A), draft(B))
    first = store.all()[0].id
    log = store.inferences
    log.show([first])
    log.keep_shown()
    at = exported(store)[0]["shown_at"]
    assert at is not None
    log.show([first])
    log.keep_shown()
    assert [row["shown_at"] for row in exported(store)] == [at, None]
    (of_model,) = log.shown()
    assert (of_model.drafts, of_model.shown, of_model.undecided) == (2, 1, 1)


def test_who_decided_with_the_text_in_sight_has_seen_it(store: Suggestions) -> None:
    """So a kill before it was noted loses nothing that was decided on."""
    put(store, draft(A), draft(B), draft(C))
    one, two, _ = store.all()
    store.accept([one])
    store.say_of_all([two], "Mine.", shown=())
    seen, unseen, untouched = exported(store)
    assert seen["shown_at"] == seen["decided_at"]
    assert unseen["shown_at"] is None
    assert untouched["shown_at"] is None
    (of_model,) = store.inferences.shown()
    assert (of_model.shown, of_model.undecided) == (1, 0)


def test_what_could_not_be_noted_is_noted_the_next_time(store: Suggestions) -> None:
    put(store, draft(A))
    log, workspace = store.inferences, store.decisions._workspace
    log.show([store.all()[0].id])
    workspace.row("PRAGMA query_only = 1")
    with pytest.raises(ColumnistError):
        log.keep_shown()
    workspace.row("PRAGMA query_only = 0")
    log.keep_shown()
    assert exported(store)[0]["shown_at"] is not None


# How much is kept


def test_the_oldest_that_are_not_current_go_first(
    store: Suggestions, workspace: Workspace
) -> None:
    for round_ in range(3):
        put(store, *(draft(target, f"Round {round_}.") for target in (A, B, C)))
    store.accept(store.all())
    log = Inferences(workspace, store.inferences._database, keep=5)
    decided = [tuple(row) for row in workspace.rows("SELECT * FROM decisions")]
    assert log.trim() == 4
    assert [row["text"] for row in exported(store)] == [
        "Round 1.",
        "Round 1.",
        *["Round 2."] * 3,
    ]
    assert log.trim() == 0
    log = Inferences(workspace, store.inferences._database, keep=2)
    assert log.trim() == 3
    assert [row["column"] for row in exported(store)] == ["b", "c"]
    assert len(workspace.rows("SELECT 1 FROM suggestions")) == 9
    assert [tuple(row) for row in workspace.rows("SELECT * FROM decisions")] == decided


def test_trimming_that_is_stopped_drops_nothing(
    store: Suggestions, workspace: Workspace
) -> None:
    put(store, draft(A), draft(B))
    log = Inferences(workspace, store.inferences._database, keep=1)
    assert log.trim(stop=lambda: True) in (0, 1)  # so few are found before it is asked
    assert len(store.all()) == 2


# What drafting took


def test_a_day_and_a_model_have_one_row(
    store: Suggestions, workspace: Workspace
) -> None:
    put(store, draft(A))
    put(store, draft(B), draft(C, asked=False), seconds=2.0)
    other = of(workspace, "other")
    put(other, draft(A), seconds=4.0)
    store.inferences.spent(
        DraftedWith(), seconds=8.0, efforts=[None], columns=0, joules=None
    )
    rules, ours = store.inferences.drafting()
    assert (ours.model, ours.seconds, ours.drafts, ours.columns) == ("m", 3.0, 3, 3)
    assert (ours.prompt_tokens, ours.generated_tokens) == (80, 18)
    assert (ours.joules, ours.metered_seconds) == (20.0, 3.0)
    assert (rules.model, rules.joules, rules.metered_seconds) == (None, None, 0.0)
    (_, both) = Inferences(workspace, None).drafting()
    assert (both.seconds, both.joules) == (7.0, 30.0)
    assert len(workspace.rows("SELECT 1 FROM drafting")) == 3


def test_what_drafting_took_goes_with_a_database_that_is_another(
    store: Suggestions, workspace: Workspace
) -> None:
    put(store, draft(A))
    other = of(workspace, "other")
    put(other, draft(B), seconds=4.0)
    into, gone = store.inferences._database, other.inferences._database
    assert into is not None
    assert gone is not None
    with workspace.transaction() as db:
        merge(db, gone, into)
    (ours,) = store.inferences.drafting()
    assert ours.seconds == 5.0
    assert len(exported(store)) == 2


# Workspaces from before


def test_drafts_of_an_older_workspace_are_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.db"
    before = migrations.MIGRATIONS[:13]
    with monkeypatch.context() as older:
        older.setattr(migrations, "MIGRATIONS", before)
        older.setattr(workspace_module, "MIGRATIONS", before)
        Workspace(path).close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO databases VALUES (1, 'k', 'k', 'u', NULL, '', NULL, 0)")
        for number, source, model, current in (
            (1, "model", "m", 0),
            (2, "rules", None, 1),
            (3, "human", None, 1),
            (4, "imported", None, 1),
            (5, "model", "m", 1),
        ):
            db.execute(
                "INSERT INTO suggestions (id, database, schema, name, column_name,"
                " state, text, drafted, source, confidence, findings, model,"
                " created_at, current) VALUES (?, 1, 's', 't', ?, 'pending', 'T.',"
                " 'T.', ?, 0.5, '[]', ?, '2026-01-02T03:04:05.000000+00:00', ?)",
                (number, f"c{number}", source, model, current),
            )
    db.close()
    with Workspace(path) as workspace:
        store = Suggestions(workspace, 1)
        rows = exported(store)
        assert [row["column"] for row in rows] == ["c1", "c2", "c5"]
        assert [row["prompt_form"] for row in rows] == [None, "none", None]
        assert {row["seconds"] for row in rows} == {None}
        assert store.inferences.shown()[1].seconds is None
        put(store, draft(A))
        assert exported(store)[-1]["seconds"] == 0.25


def test_no_more_is_read_than_a_connection_is_limited_to(
    store: Suggestions, workspace: Workspace
) -> None:
    elsewhere = make_target("other", "t", "a")
    put(store, draft(A), draft(elsewhere))
    assert store.inferences._database is not None
    workspace.bound(store.inferences._database, Bounds(schemas=("other",)))
    assert [row["schema"] for row in exported(store)] == ["other"]
    assert store.inferences.shown()[0].drafts == 1
    store.inferences.show(each.id for each in store.all())
    store.inferences.keep_shown()
    assert store.inferences.shown()[0].shown == 1
