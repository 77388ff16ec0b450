"""`columnist learn`, from the shell: what it refuses, and how a model is put back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import duckdb
import pytest

from catalog.addresses import DatabaseIdentity
from catalog.bounds import Bounds
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, column_of
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from model.library import DEFAULT, ModelFile
from model.registry import EXPERIMENT
from model.training.lesson import FEWEST, is_held_out, lesson
from tests.conftest import stand_in
from tests.tui.in_process import columnist
from tests.tui.test_registry import Mlflow, server
from tui.flow.settings import Settings

__all__ = ["server"]  # a fixture

COLUMNS = ("number", "weight", "shop")
SAID = {
    None: "Orders, shop.",
    "number": "Number, order.",
    "weight": "Weight, order, kilograms.",
    "shop": "Shop, order.",
}


def tables(count: int) -> list[Table]:
    found = []
    for number in range(count):
        table = TableId("sales", f"orders_{number}")
        columns = tuple(
            Column(ColumnId(table, name), place, "int")
            for place, name in enumerate(COLUMNS, 1)
        )
        found.append(Table(table, TableKind.TABLE, columns))
    return found


def decide(settings: Settings, count: int, label: str = "shop") -> None:
    """A steward edits all drafts of so many tables into the house's own words."""
    with Workspace(settings.workspace) as workspace:
        database = workspace.database(
            DatabaseIdentity(label, label), url=f"duckdb:///{label}.duckdb"
        )
        snapshot = Snapshot(workspace, database)
        snapshot.save(tables(count), scan=snapshot.begin())
        store = Suggestions(workspace, database)
        say(store, tables(count))


def say(store: Suggestions, of: Iterable[Table]) -> None:
    targets = [target for table in of for target in table.targets()]
    store.put((Draft(t, "Drafted.", Source.RULES, 0.5), None) for t in targets)
    for each in store.all():
        store.edit(each, SAID[column_of(each.target)])


def test_a_workspace_without_decisions_is_refused(settings: Settings) -> None:
    done = columnist("learn", code=3)
    assert "0 decided texts are too few" in done.stderr
    assert not (settings.data / "learning").exists()


def test_ten_decisions_are_refused_in_one_line(settings: Settings) -> None:
    decide(settings, 3)
    done = columnist("learn", code=3)
    assert "12 decided texts are too few to learn from" in done.stderr
    assert f"it takes {FEWEST}" in done.stderr
    assert "\n" not in done.stderr.strip()


def test_a_model_that_was_not_fetched_is_said(settings: Settings) -> None:
    decide(settings, 40)
    done = columnist("learn", code=2)
    assert "columnist models fetch" in done.stderr


def test_a_name_that_is_taken_is_said_before_it_begins(settings: Settings) -> None:
    decide(settings, 40)
    for name in (DEFAULT, "../mine", ""):
        done = columnist("learn", "--name", name, code=2)
        assert "cannot be called" in done.stderr


def test_without_torch_a_line_names_the_extra(
    settings: Settings, own_tiny: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(settings, 40)
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [*sys.modules]:
        if name.startswith("model.training."):
            monkeypatch.delitem(sys.modules, name)
    done = columnist("learn", code=2)
    assert "Learning needs the package torch" in done.stderr
    assert "columnist[train]" in done.stderr


def test_a_registry_that_is_down_is_said_before_it_begins(settings: Settings) -> None:
    pytest.importorskip("mlflow")
    decide(settings, 40)
    done = columnist("learn", "--registry", "http://127.0.0.1:9", code=1)
    assert "127.0.0.1:9" in done.stderr
    assert not (settings.data / "learning").exists()


def test_a_registry_is_not_asked_offline(settings: Settings) -> None:
    done = columnist("--offline", "learn", "--registry", "http://127.0.0.1:9", code=3)
    assert "--offline refused the registry" in done.stderr


def test_a_registry_of_the_environment_is_left_out_offline(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asked for it here, and learning on this machine needs none."""
    monkeypatch.setenv("COLUMNIST_REGISTRY", "http://127.0.0.1:9")
    done = columnist("--offline", "learn", code=3)
    assert "0 decided texts are too few" in done.stderr


def test_what_nobody_saw_and_what_contradicts_is_left_out(settings: Settings) -> None:
    decide(settings, 2)
    decide(settings, 3, "copy")
    with Workspace(settings.workspace) as workspace:
        first, copy = sorted(each.id for each in workspace.databases())
        # In the copy one text is another, and one was accepted by nobody's eyes.
        store = Suggestions(workspace, copy)
        weight = ColumnId(TableId("sales", "orders_0"), "weight")
        (odd,) = [each for each in store.all() if each.target == weight]
        store.edit(odd, "Weight, order, pounds.")
        shop = ColumnId(TableId("sales", "orders_1"), "shop")
        (blind,) = [each for each in store.all() if each.target == shop]
        store.say_of_all([blind], "Shop of order.", shown=())
        found = lesson(workspace)
        assert found.left_out == {
            "another text for the same": 1,
            "accepted unseen": 1,
        }
        assert found.texts == 2 * 4 + 3 * 4 - 2
        assert lesson(workspace, {first: Bounds()}).texts == 2 * 4
        (told,) = lesson(workspace, {copy: Bounds()}).decided
    assert (told.database, told.edited, told.accepted) == ("copy", 12, 0)
    assert (told.people, told.first == told.last) == (1, True)


def test_what_is_learned_is_within_the_limit(settings: Settings) -> None:
    decide(settings, 3)
    with Workspace(settings.workspace) as workspace:
        (number,) = (each.id for each in workspace.databases())
        narrow = Bounds(exclude=("*.orders_1",))
        found = lesson(workspace, {number: narrow})
        names = {each["table"] for each in (*found.learned, *found.held)}
        assert names == {"orders_0", "orders_2"}
        assert found.decided[0].edited == 2 * 4
        wide = lesson(workspace, {number: Bounds()})
        assert wide.texts == 3 * 4


def test_a_connection_says_of_what_and_which_model_learns(
    settings: Settings, tmp_path: Path
) -> None:
    url = f"duckdb:///{tmp_path / 'house.duckdb'}"
    with duckdb.connect(str(tmp_path / "house.duckdb")) as made:
        made.execute("CREATE SCHEMA sales")
        for table in tables(40):
            made.execute(f"CREATE TABLE {table.id} (number int, weight int, shop int)")
    columnist("scan", url)
    with Workspace(settings.workspace) as workspace:
        (number,) = (each.id for each in workspace.databases())
        store = Suggestions(workspace, number)
        say(store, Snapshot(workspace, number).tables())
    columnist("connections", "add", "narrow", url, "--exclude", "sales.orders_1*")
    columnist("connections", "add", "none", url, "--exclude", "sales")
    columnist("connections", "add", "prod", url, "--model", "ours")
    done = columnist("learn", "none", code=3)
    assert "0 decided texts" in done.stderr
    done = columnist("learn", "narrow", "prod", code=2)
    assert "with another limit" in done.stderr
    done = columnist("learn", url, "prod", code=2)
    assert "more than one model" in done.stderr
    done = columnist("learn", "prod", code=2)
    assert "no model or file ours" in done.stderr


def test_another_language_is_learned_and_values_are_not(settings: Settings) -> None:
    said = dict(SAID)
    try:
        SAID["weight"] = "Gewicht der Bestellung."
        decide(settings, 2)
    finally:
        SAID.update(said)
    with Workspace(settings.workspace) as workspace:
        store = Suggestions(workspace, 1)
        shop = ColumnId(TableId("sales", "orders_0"), "shop")
        (odd,) = [each for each in store.all() if each.target == shop]
        store.edit(odd, "Shop, mostly Gorbelux.")
        found = lesson(workspace)
    # Of two texts for the same the later stands, and that may be a row's.
    assert found.left_out == {
        "another text for the same": 1,
        "word from the sample": 1,
    }
    assert "Gewicht der Bestellung." in json.dumps((*found.learned, *found.held))


def test_a_fifth_is_held_out_by_name_alone() -> None:
    held = [name for name in map(str, range(2000)) if is_held_out(name)]
    assert 300 < len(held) < 500
    assert is_held_out("Orders") == is_held_out("ORDERS")


def test_any_model_is_put_into_use(settings: Settings, tiny_model: Path) -> None:
    columnist("models", "add", tiny_model, "--name", "mine")
    assert "(in use)" in columnist("models", "list").stdout.splitlines()[0]
    done = columnist("models", "use", "mine")
    assert f"so far it was {DEFAULT}" in done.stderr
    assert "Not here" not in done.stderr
    done = columnist("--model", DEFAULT, "models", "use", "mine")
    assert f"COLUMNIST_MODEL says {DEFAULT}" in done.stderr
    listed = json.loads(columnist("models", "list", "--json").stdout)
    assert {each["name"]: each["used"] for each in listed} == {
        DEFAULT: False,
        "mine": True,
    }
    assert columnist("models", "show").stdout.startswith("mine:")
    columnist("models", "use", "gone", code=2)
    columnist("models", "use", tiny_model.with_name("gone.gguf"), code=2)
    assert columnist("models", "show").stdout.startswith("mine:")
    columnist("models", "remove", "mine", "--yes")
    assert "(in use)" in columnist("models", "list").stdout.splitlines()[0]
    (settings.data / "models" / "used").write_text("mine\n")
    done = columnist("models", "show", code=2)
    assert f"columnist models use {DEFAULT}" in done.stderr
    columnist("models", "use", DEFAULT)
    columnist("models", "show")


def test_it_says_where_the_model_before_stays(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from model.training.learning_run import Learned
    from tui.commands.learn import _report

    share = {"before": 0.4, "after": 0.6, "by": 0.2, "low": 0.1, "high": 0.3}
    told = {"texts": 9, "tables": 4, "accepted": share, "likeness": share}
    found = Learned(tmp_path, {"name": "learned-1"}, told, told, ((), ()))
    free = list(_report(found, "ours", named=False))
    assert "taken as drafted ours 40.0%, learned-1 60.0%: +20.0 points" in free[1]
    assert free[-2:] == [
        "learned-1 drafts from now on, where no model is named.",
        "`columnist models use ours` puts ours back.",
    ]
    named = list(_report(found, "ours", named=True))
    assert [line for line in named if line not in free] == [
        "ours is named, by --model, COLUMNIST_MODEL or a connection: where that is so,"
        " it stays until learned-1 is named there."
    ]


@pytest.fixture
def house(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModelFile:
    """A tiny model in use, and a steward who edited all that was drafted."""
    pytest.importorskip("torch")
    pytest.importorskip("peft")
    pytest.importorskip("gguf")
    from model.training import learning_run
    from model.training import lesson as lessons
    from model.training.export import ExportSettings, export
    from tests.model.training import tiny_huggingface as tiny

    base = tiny.write(tmp_path / "base")
    (made,) = export(ExportSettings(base, tmp_path / "made", "first"))
    monkeypatch.setattr(learning_run, "SHIPPED_TEST", 0.0005)
    monkeypatch.setattr(lessons, "REPLAY", 0.01)
    quick = partial(learning_run.LearnSettings, epochs=4, learning_rate=1e-2, rank=8)
    monkeypatch.setattr(learning_run, "LearnSettings", quick)
    decide(settings, 40)
    return stand_in(settings, made.path)


@pytest.mark.gguf
def test_a_house_is_learned_used_and_put_back(
    settings: Settings, house: ModelFile, tmp_path: Path
) -> None:
    """The whole way, with a tiny model of random weights."""
    before = house.path.read_bytes()
    sheet = tmp_path / "sheet"
    found = columnist("learn", "--threads", 1, "--sheet", sheet, "--json")
    told = json.loads(found.stdout)
    assert (told["used"], told["model"], told["against"]) == (
        True,
        "learned-1",
        DEFAULT,
    )
    assert told["held_out"]["accepted"]["low"] > 0
    assert "160 texts of 40 tables in shop" in found.stderr
    assert (sheet / "sheet.html").exists()
    assert not list((settings.data / "learning").glob("*/*"))
    assert house.path.read_bytes() == before
    shown = columnist("models", "show").stdout
    assert shown.startswith("learned-1:")
    assert "decisions in shop: 160 edited, 0 accepted, 0 rejected, by 1," in shown
    assert f"taught on top of {DEFAULT}" in shown
    columnist("models", "verify", "learned-1")
    columnist("models", "use", DEFAULT)
    assert columnist("models", "show").stdout.startswith(f"{DEFAULT}:")


@pytest.mark.gguf
@pytest.mark.usefixtures("house")
def test_what_is_learned_is_logged_registered_and_taken_elsewhere(
    server: Mlflow, tmp_path: Path
) -> None:
    """Against a real MLflow server; no text of the workspace is in the run."""
    from mlflow import MlflowClient

    at = ("--registry", server.uri)
    columnist("learn", "--threads", 1, *at)
    client = MlflowClient(server.uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("learned-1", "FINISHED")
    assert run.data.params["rank"] == "8"
    assert run.data.metrics["loss"] > 0
    assert not any(text in str(run.to_dictionary()) for text in SAID.values())
    assert not client.list_artifacts(run.info.run_id)
    columnist("models", "push", "learned-1", "--alias", "champion", *at)
    elsewhere = ("--workspace", tmp_path / "elsewhere" / "workspace.db", "models")
    columnist(*elsewhere, "pull", "learned-1", *at)
    assert "taught on top of" in columnist(*elsewhere, "show", "learned-1").stdout
