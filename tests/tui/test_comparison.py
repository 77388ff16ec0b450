"""Two models side by side, on logs made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.addresses import DatabaseIdentity
from catalog.errors import UsageError
from catalog.metrics import DecisionLog
from catalog.objects import TableId, make_target
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.trial import drawn_model
from catalog.workspace import Workspace
from tui.cli import app
from tui.flow.two_models import compare

PAIR = ("one", "two")


def tables_of(model: str, pair: tuple[str, str] = PAIR) -> list[str]:
    """Names of tables that are drawn for a model."""
    names = [f"t{number}" for number in range(200)]
    return [n for n in names if drawn_model("k", TableId("s", n), pair) == model]


def decide(
    workspace: Workspace, outcomes: dict[str, Sequence[tuple[int, int]]]
) -> DecisionLog:
    """Texts of each model, so many accepted of so many decided for each table."""
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    store = Suggestions(workspace, number)
    for model, tables in outcomes.items():
        for name, (accepted, decided) in zip(tables_of(model), tables, strict=False):
            targets = [make_target("s", name, f"c{n}") for n in range(decided)]
            store.put(
                (Draft(target, "Drafted.", Source.MODEL, 0.5, model=model), None)
                for target in targets
            )
            found = list(store.of_table(TableId("s", name)).values())
            store.accept(found[:accepted])
            store.reject(found[accepted:])
    return DecisionLog(workspace, number)


def test_a_clear_difference_is_decided(workspace: Workspace) -> None:
    log = decide(workspace, {"one": [(4, 5)] * 12, "two": [(1, 5)] * 12})
    found = compare(log, "one,two")
    assert (found.first.accepted, found.first.decided) == (48, 60)
    assert (found.second.accepted, found.second.decided) == (12, 60)
    assert found.by_texts is not None
    assert found.by_texts.share == pytest.approx(0.6)
    # Newcombe's interval of 48/60 and 12/60.
    assert (found.by_texts.low, found.by_texts.high) == pytest.approx(
        (0.4334, 0.7156), abs=5e-4
    )
    assert found.better == "one"
    assert found.verdict.startswith("Decided: texts of one are taken as drafted more")
    swapped = compare(log, "two,one")
    assert swapped.better == "one"
    assert swapped.by_texts is not None
    assert swapped.by_texts.share == pytest.approx(-0.6)
    assert "more often than those of two, by 43 to 72 percentage" in swapped.verdict


def test_what_texts_would_decide_tables_may_not(workspace: Workspace) -> None:
    """All columns of a table stand or fall together: eleven tables, not 88 texts."""
    log = decide(
        workspace,
        {
            "one": [(8, 8)] * 7 + [(0, 8)] * 4,
            "two": [(8, 8)] * 5 + [(0, 8)] * 6,
        },
    )
    found = compare(log, "one,two")
    assert found.by_texts is not None
    assert found.by_tables is not None
    assert found.by_texts.low > 0
    assert found.by_tables.low < 0
    assert found.better is None
    assert "may be chance" in found.verdict


def test_few_tables_decide_nothing_however_clear(workspace: Workspace) -> None:
    log = decide(workspace, {"one": [(9, 9)] * 3, "two": [(0, 9)] * 12})
    found = compare(log, "one,two")
    assert found.better is None
    assert found.verdict == (
        "Not decided: 3 tables and 12 tables are too few; it takes 10 of each."
    )


def test_texts_for_a_table_that_was_drawn_for_the_other_are_left_out(
    workspace: Workspace,
) -> None:
    """Such as those drafted before, or again in the app with one model."""
    log = decide(workspace, {"one": [(1, 2)], "two": [(1, 2)]})
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    store = Suggestions(workspace, number)
    for column in ("x", "y", "z"):
        target = make_target("s", tables_of("one")[0], column)
        store.put([(Draft(target, "Drafted.", Source.MODEL, 0.5, model="two"), None)])
        store.accept([store.of_table(TableId("s", tables_of("one")[0]))[target]])
    found = compare(log, "one, two")
    assert found.left_out == 3
    assert (found.first.decided, found.second.decided) == (2, 2)


def test_of_a_model_with_nothing_but_others_tables_nothing_is_said(
    workspace: Workspace,
) -> None:
    decide(workspace, {"one": [(1, 2)]})
    store = Suggestions(
        workspace, workspace.database(DatabaseIdentity("k", "l"), url="u")
    )
    target = make_target("s", tables_of("one")[0], "x")
    store.put([(Draft(target, "Drafted.", Source.MODEL, 0.5, model="two"), None)])
    store.accept([store.of_table(TableId("s", tables_of("one")[0]))[target]])
    found = compare(DecisionLog(workspace), "one,two")
    assert found.verdict == "Not decided: nothing that two drafted was yet."
    assert found.by_tables is None


@pytest.mark.parametrize("text", ["one", "one,", "one,one", "one,three", "a,b,c", ""])
def test_what_is_no_pair_of_known_models_is_wrong_usage(
    workspace: Workspace, text: str
) -> None:
    log = decide(workspace, {"one": [(1, 2)], "two": [(1, 2)]})
    with pytest.raises(UsageError) as caught:
        compare(log, text)
    assert "one, two" in caught.value.hint


def test_a_model_may_have_a_comma_in_its_name(workspace: Workspace) -> None:
    store = Suggestions(
        workspace, workspace.database(DatabaseIdentity("k", "l"), url="u")
    )
    for number, model in enumerate(("a,b", "c")):
        target = make_target("s", f"t{number}", None)
        store.put([(Draft(target, "Drafted.", Source.MODEL, 0.5, model=model), None)])
    store.accept(store.all())
    found = compare(DecisionLog(workspace), "a,b,c")
    assert (found.first.model, found.second.model) == ("a,b", "c")


def test_by_command(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace(path) as workspace:
        decide(workspace, {"one": [(4, 5)] * 12, "two": [(1, 5)] * 12})
    call = ["--workspace", str(path), "metrics", "--compare", "one,two"]
    shown = CliRunner().invoke(app, call).stdout
    assert "one: 60 texts of 12 tables decided, 80% accepted (68% to 88%)." in shown
    assert "Difference: +60.0 points (+60.0 to +60.0) with whole tables" in shown
    assert "Decided: texts of one" in shown
    done = CliRunner().invoke(app, [*call, "--json"])
    found = json.loads(done.stdout)["comparison"]
    assert [arm["tables"] for arm in found["models"]] == [12, 12]
    assert found["models"][0]["acceptance"] == 0.8
    assert found["difference_by_texts"]["difference"] == 0.6
    assert found["difference_by_tables"]["low"] == 0.6
    assert found["better"] == "one"
    assert found["left_out"] == 0
    plain = CliRunner().invoke(app, [*call[:-2], "--json"])
    assert "comparison" not in json.loads(plain.stdout)
    wrong = CliRunner().invoke(app, [*call[:-1], "one,three"])
    assert isinstance(wrong.exception, UsageError)
