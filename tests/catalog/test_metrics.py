from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Outcome, WriteResult
from catalog.ledger import Ledger, RunLedger
from catalog.metrics import DecisionLog, DecisionPace, Provenance, pace, paces
from catalog.objects import Table, TableId, TableKind, Target, make_target
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace

TARGETS = [make_target("s", "t", f"c{number}") for number in range(12)]


@pytest.fixture
def number(workspace: Workspace) -> int:
    return workspace.database(DatabaseIdentity("k", "l"), url="u")


@pytest.fixture
def store(workspace: Workspace, number: int) -> Suggestions:
    return Suggestions(workspace, number)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    at = [datetime(2026, 10, 31, 12, tzinfo=UTC)]
    for module in ("suggestions", "decisions"):
        monkeypatch.setattr(f"catalog.{module}.now", lambda: at[0].isoformat())
    return at


def draft(target: Target, source: Source = Source.MODEL) -> tuple[Draft, None]:
    model = "small" if source in (Source.MODEL, Source.RULES) else None
    return Draft(target, "Drafted.", source, 0.5, model=model), None


def decide(store: Suggestions, kinds: str) -> None:
    """An action for each letter: accept, edit, reject, undo."""
    waiting = iter(store.all())
    for kind in kinds:
        if kind == "u":
            store.decisions.undo()
        elif kind == "a":
            store.accept([next(waiting)])
        elif kind == "e":
            store.edit(next(waiting), "Drafted!!")
        else:
            store.reject([next(waiting)], reason="wrong" if kind == "w" else None)


def test_acceptance_is_by_origin_and_month(
    workspace: Workspace, store: Suggestions, number: int, clock: list[datetime]
) -> None:
    store.put(draft(target) for target in TARGETS[:5])
    store.put([draft(TARGETS[5], Source.RULES), draft(TARGETS[6], Source.INHERITED)])
    decide(store, "aae")
    clock[0] += timedelta(days=1)
    rest = store.all()[3:]
    store.reject(rest[:1], reason="wrong")
    store.accept(rest[1:])
    found = DecisionLog(workspace, number).metrics()
    assert [
        (a.source, a.model, a.month, a.accepted, a.edited, a.rejected, a.distance)
        for a in found.acceptance
    ] == [
        (Source.INHERITED, None, "2026-11", 1, 0, 0, 0),
        (Source.MODEL, "small", "2026-10", 2, 1, 0, 2),
        (Source.MODEL, "small", "2026-11", 1, 0, 1, 0),
        (Source.RULES, "small", "2026-11", 1, 0, 0, 0),
    ]


def test_what_was_undone_or_decided_again_counts_as_it_stands(
    workspace: Workspace, store: Suggestions, number: int
) -> None:
    store.put(draft(target) for target in TARGETS[:3])
    decide(store, "auw")
    store.accept(store.all()[1:2])
    found = DecisionLog(workspace, number).metrics()
    assert [(a.accepted, a.rejected) for a in found.acceptance] == [(1, 0)]
    assert found.reasons == ()


def test_own_words_without_a_draft_are_no_acceptance(
    workspace: Workspace, store: Suggestions, number: int
) -> None:
    store.write_own(TARGETS[0], "Mine.", previous=None)
    assert DecisionLog(workspace, number).metrics().acceptance == ()


def test_reasons_are_counted_the_most_frequent_first(
    workspace: Workspace, store: Suggestions, number: int
) -> None:
    store.put(draft(target) for target in TARGETS[:5])
    decide(store, "wwrwr")
    found = DecisionLog(workspace, number).metrics()
    assert found.reasons == (("wrong", 3), (None, 2))


def write(
    workspace: Workspace, number: int, what: str, pairs: list[tuple[Target, str | None]]
) -> None:
    """A run in which each target gets a text."""
    ledger = Ledger(workspace, number)
    run = RunLedger(workspace, ledger.begin(what))
    changes = [CommentChange(target, None, text) for target, text in pairs]
    for intent, change in zip(
        run.intend([(change, "SQL") for change in changes]), changes, strict=True
    ):
        run.close([(intent, WriteResult(change, Outcome.WRITTEN, "SQL"))])


def test_whose_words_stand_is_told_from_the_ledger(
    workspace: Workspace, store: Suggestions, number: int
) -> None:
    store.put([draft(target) for target in TARGETS[:4]])
    store.put([draft(TARGETS[4], Source.IMPORTED)])
    decide(store, "ae")
    store.write_own(TARGETS[5], "Mine.", previous=None)
    texts: list[tuple[Target, str | None]] = [
        (TARGETS[0], "Drafted."),
        (TARGETS[1], "Drafted!!"),
        (TARGETS[2], "Drafted."),
        (TARGETS[4], "Drafted."),
        (TARGETS[5], "Mine."),
        (TARGETS[6], "Nobody's."),
    ]
    write(workspace, number, "apply", texts)
    write(workspace, number, "revert", [(TARGETS[2], None)])
    whose = DecisionLog(workspace, number).metrics().provenance
    assert whose == Provenance(machine=1, edited=1, imported=1, human=1, unknown=1)
    assert whose.assisted == 2 / 5


def test_databases_are_kept_apart_and_counted_together(
    workspace: Workspace, store: Suggestions, number: int
) -> None:
    other = workspace.database(DatabaseIdentity("k2", "l2"), url="u2")
    store.put([draft(TARGETS[0])])
    Suggestions(workspace, other).put([draft(TARGETS[0]), draft(TARGETS[1])])
    decide(store, "a")
    decide(Suggestions(workspace, other), "aa")
    write(workspace, other, "apply", [(TARGETS[0], "Drafted.")])
    counted = [
        (
            sum(a.accepted for a in log.metrics().acceptance),
            log.metrics().provenance.comments,
        )
        for log in (
            DecisionLog(workspace, number),
            DecisionLog(workspace, other),
            DecisionLog(workspace),
        )
    ]
    assert counted == [(1, 0), (2, 1), (3, 1)]


def test_pace_leaves_out_breaks_and_other_people() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    at = [start + timedelta(seconds=s) for s in (0, 3, 6, 600, 604)]
    found = pace([*(("ann", one) for one in at), ("bob", at[-1])])
    assert (found.decisions, found.seconds) == (3, 10.0)
    assert found.per_minute == 18
    assert pace([]).per_minute is None


def test_pace_leaves_out_bulk_and_undo(
    workspace: Workspace, store: Suggestions, number: int, clock: list[datetime]
) -> None:
    store.put(draft(target) for target in TARGETS)
    waiting = store.all()
    for suggestion in waiting[:3]:
        store.accept([suggestion])
        clock[0] += timedelta(seconds=2)
    store.decisions.undo()
    store.accept(waiting[3:])
    found = DecisionLog(workspace, number).metrics().pace
    assert (found.decisions, found.seconds) == (2, 4.0)


def test_pace_is_told_day_by_day() -> None:
    night = datetime(2026, 11, 1, 23, 59, 50, tzinfo=UTC)
    later = [night + timedelta(seconds=s) for s in (0, 5, 15, 1000)]
    found = paces([("ann", at) for at in later])
    assert [(day.day.isoformat(), day.pace) for day in found] == [
        ("2026-11-01", DecisionPace(1, 5.0)),
        ("2026-11-02", DecisionPace(1, 10.0)),
    ]


def test_acceptance_by_kind_asks_the_catalog_what_a_table_is(
    workspace: Workspace, store: Suggestions, number: int
) -> None:
    tables = [
        Table(TableId("s", name), kind, ())
        for name, kind in (("t", TableKind.TABLE), ("v", TableKind.VIEW))
    ]
    snapshot = Snapshot(workspace, number)
    snapshot.save(tables, scan=snapshot.begin())
    names = ("t", "v", "gone")
    store.put([draft(make_target("s", name, None)) for name in names])
    store.put([draft(TARGETS[0]), draft(TARGETS[1])])
    waiting = store.all()
    store.accept(waiting[:1])
    store.reject(waiting[1:3])
    store.accept(waiting[3:])
    found = DecisionLog(workspace, number).metrics().kinds
    assert [(k.kind, k.decided) for k in found] == [
        ("column", 2),
        ("table", 1),
        ("view", 1),
        (None, 1),
    ]


def test_two_models_are_told_apart_by_table_and_nothing_else_counts(
    workspace: Workspace, store: Suggestions, number: int
) -> None:
    def put(column: str, model: str, source: Source) -> None:
        target = make_target("s", "t", column)
        store.put([(Draft(target, "Drafted.", source, 0.5, model=model), None)])

    put("a", "one", Source.MODEL)
    put("b", "one", Source.RULES)
    put("c", "two", Source.MODEL)
    put("d", "three", Source.MODEL)
    put("e", "one", Source.INHERITED)
    put("f", "one", Source.GLOSSARY)
    put("g", "one", Source.IMPORTED)
    put("h", "one", Source.MODEL)  # waits
    waiting = {s.target.name: s for s in store.all()}
    store.accept([waiting[name] for name in "adefg"])
    store.reject([waiting["b"]])
    store.edit(waiting["c"], "Mine.")
    log = DecisionLog(workspace, number)
    assert [
        (o.database, str(o.table), o.model, o.accepted, o.decided)
        for o in log.by_table(("one", "two"))
    ] == [("k", "s.t", "one", 1, 2), ("k", "s.t", "two", 0, 1)]
    assert log.models() == ("one", "three", "two")
