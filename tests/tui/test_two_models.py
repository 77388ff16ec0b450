"""`columnist --model A,B draft`: tables are split between two models."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import UsageError
from catalog.intervals import fall
from catalog.objects import TableId
from catalog.trial import drawn_model
from connectors.connect import identify
from model.engine import Engine
from tests.model import tiny_gguf
from tui.cli import app
from tui.flow.model_choice import find_arms, two_models
from tui.flow.session import settings_for
from tui.flow.settings import Settings
from tui.flow.two_models import clustered_difference

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]
CUSTOMERS, ORDERS = TableId("sales", "customers"), TableId("sales", "orders")
TABLES = [
    TableId("legacy", "zz9"),
    CUSTOMERS,
    TableId("sales", 'odd "table".%'),
    TableId("sales", "open_orders"),
    ORDERS,
]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models that differ in their names."""
    folder = tmp_path_factory.mktemp("models")
    return tiny_gguf.write(folder / "one.gguf"), tiny_gguf.write(folder / "two.gguf")


@pytest.fixture
def split(shop: Path) -> Path:
    """The shop, where the two tables with most columns are not drawn alike.

    The drawing takes the file's name into account, which is another in every run.
    """
    for number in range(200):
        path = shop.with_name(f"shop{number}.duckdb")
        models = drawn(path)
        if (models[CUSTOMERS], models[ORDERS]) == ("one", "two"):
            return shop.rename(path)
    raise AssertionError("no name draws them apart")


@pytest.fixture
def run() -> Run:
    def call(*arguments: object) -> Done:
        done = subprocess.run(
            [*COLUMNIST, *map(str, arguments)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return call


def drawn(shop: Path) -> dict[TableId, str]:
    key = identify(f"duckdb:///{shop}").key
    return {table: drawn_model(key, table, ("one", "two")) for table in TABLES}


def asked(run: Run, url: str) -> dict[TableId, set[str]]:
    """By table, the models that drafts are signed with."""
    found: dict[TableId, set[str]] = {}
    for line in run("suggestions", url, "--jsonl").out.splitlines():
        each = json.loads(line)
        signed = found.setdefault(TableId(each["schema"], each["table"]), set())
        if each["model"] is not None:
            signed.add(each["model"])
    return found


@pytest.mark.gguf
def test_each_table_is_drafted_by_the_model_it_is_drawn_for(
    run: Run, split: Path, models: tuple[Path, Path]
) -> None:
    one, two = models
    url = f"duckdb:///{split}"
    expected = drawn(split)
    # Stopped after two tables, and gone on with in the other order.
    first = run("--model", f"{one},{two}", "draft", url, "--limit", 2, "--json").json
    assert first["tables"] == 2
    done = run("--model", f"{two}, {one}", "draft", url)
    assert done.code == 0
    found = asked(run, url)
    assert set(found) == set(TABLES)
    for table, signed in found.items():
        assert signed <= {expected[table]}
    assert found[CUSTOMERS] == {"one"}
    assert found[ORDERS] == {"two"}
    last = done.out.splitlines()[-1]
    assert last.startswith("Tables drawn: ")
    assert "for two and" in last
    assert last.endswith("for one.")
    again = run("--model", f"{one},{two}", "draft", url)
    assert again.out == "Nothing to draft: all is described, drafted or decided on.\n"


@pytest.mark.gguf
def test_the_whole_is_told_as_json_with_a_part_for_each_model(
    run: Run, split: Path, models: tuple[Path, Path]
) -> None:
    one, two = models
    url = f"duckdb:///{split}"
    found = run("--model", f"{one},{two}", "draft", url, "--json").json
    assert found["model"] == "one,two"
    assert found["tables"] == 5
    expected = list(drawn(split).values())
    assert [(each["model"], each["tables"]) for each in found["models"]] == [
        ("one", expected.count("one")),
        ("two", expected.count("two")),
    ]
    for key in ("tables", "columns", "drafted", "inherited", "abstained"):
        assert sum(each[key] for each in found["models"]) == found[key]
    run("accept", url, "--min-confidence", 0)
    compared = run("metrics", url, "--compare", "one,two", "--json")
    assert compared.code == 0, compared.err
    comparison = compared.json["comparison"]
    assert comparison["left_out"] == 0
    assert [arm["model"] for arm in comparison["models"]] == ["one", "two"]
    # Nobody has read what `accept` took, so it says nothing of either model.
    assert [arm["decided"] for arm in comparison["models"]] == [0, 0]
    unseen = [arm["accepted_unseen"] for arm in comparison["models"]]
    assert min(unseen) > 0
    assert comparison["verdict"] == (
        "Not decided: nothing that one drafted was read yet."
    )


@pytest.mark.gguf
def test_never_two_models_are_in_memory_at_once(
    split: Path,
    settings: Settings,
    models: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from typer.testing import CliRunner

    log: list[str] = []
    start, close = Engine.start, Engine.close

    def started(self: Engine, **options: Any) -> Any:
        log.append("start")
        return start(self, **options)

    def closed(self: Engine) -> None:
        log.append("close")
        close(self)

    monkeypatch.setattr(Engine, "start", started)
    monkeypatch.setattr(Engine, "close", closed)
    names = ",".join(map(str, models))
    call = ["--model", names, "draft", f"duckdb:///{split}"]
    assert CliRunner().invoke(app, call).exit_code == 0
    told = [each for n, each in enumerate(log) if n == 0 or log[n - 1] != each]
    assert told == ["start", "close", "start", "close"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "URL"),
        ("open", "URL"),
        ("metrics",),
        ("doctor",),
        ("evaluate", "report", "x"),
        (),
    ],
)
def test_elsewhere_two_models_are_wrong_usage_in_a_line(
    run: Run, shop: Path, arguments: tuple[str, ...]
) -> None:
    url = f"duckdb:///{shop}"
    done = run("--model", "a,b", *(url if a == "URL" else a for a in arguments))
    assert done.code == 2
    assert done.out == ""
    assert done.err.splitlines()[0] == (
        "columnist: Two models are for `columnist draft` alone."
    )


@pytest.mark.parametrize("text", ["a,", ",b", "a,b,c", ","])
def test_what_is_not_one_model_or_two_is_wrong_usage(
    run: Run, shop: Path, text: str
) -> None:
    done = run("--model", text, "draft", f"duckdb:///{shop}")
    assert done.code == 2
    assert "--model takes one model, or two to draft with" in done.err


def test_a_file_whose_name_has_a_comma_is_one_model(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "a,b.gguf"
    path.write_bytes(b"")
    assert two_models(replace(settings, model=str(path))) is None
    assert two_models(replace(settings, model=f"{path} ")) is not None


def test_two_models_must_be_told_apart_before_they_draft(
    settings: Settings, models: tuple[Path, Path], tmp_path: Path
) -> None:
    one, _ = models
    other = tmp_path / "one.gguf"
    other.write_bytes(one.read_bytes())
    for text, problem in (
        (f"{one},{other}", "Both models are called one"),
        (f"http://127.0.0.1:1/v1,{one}", "has none"),
        (f"{one},nowhere", "There is no model or file nowhere"),
    ):
        with pytest.raises(UsageError, match=problem):
            find_arms(replace(settings, model=text), print)
    adapted = replace(settings, model="a,b", adapter=Path("x.gguf"))
    with pytest.raises(UsageError, match="--adapter goes with one model"):
        find_arms(adapted, print)


def test_a_connection_names_one_model(settings: Settings) -> None:
    settings.connections.parent.mkdir(parents=True, exist_ok=True)
    settings.connections.write_text(
        '[shop]\nurl = "duckdb:///shop.duckdb"\nmodel = "a,b"\n'
    )
    with pytest.raises(UsageError, match="Two models are for"):
        settings_for(settings, "shop")


def test_a_clustered_difference_is_wider_than_that_of_independent_texts() -> None:
    """Ten texts a table, all of one mind: a tenth of the texts' evidence."""
    one = [(10, 10)] * 16 + [(0, 10)] * 4
    other = [(10, 10)] * 9 + [(0, 10)] * 11
    found = clustered_difference(one, other)
    naive = fall((160, 200), (90, 200))
    assert found is not None
    assert naive is not None
    assert found.share == pytest.approx(0.35)
    assert naive.low > 0
    assert found.high - found.low > 2.5 * (naive.high - naive.low)
    # sqrt(0.8 * 0.2 / 20 + 0.45 * 0.55 / 20) = 0.143; 1.96 of it to either side
    assert found.low == pytest.approx(0.35 - 1.96 * 0.143, abs=0.05)
    assert found.high == pytest.approx(0.35 + 1.96 * 0.143, abs=0.05)


def test_a_clustered_difference_is_the_same_every_time_and_of_nothing_none() -> None:
    one, other = [(3, 5), (1, 4), (0, 0)], [(2, 2), (0, 3)]
    assert clustered_difference(one, other) == clustered_difference(one, other)
    many = [(n % 7, 6 + n % 5) for n in range(50)]
    assert clustered_difference(many, other) != clustered_difference(
        many, other, seed=1
    )
    assert clustered_difference(one, [(0, 0)]) is None
    assert clustered_difference([], other) is None
