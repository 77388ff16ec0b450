"""Every system gives one record of texts for each table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catalog.errors import UsageError
from model.evaluation.json_lines import encoded
from model.evaluation.records import Entry, Text, Texts
from model.evaluation.systems import run_model, system, systems, texts_of
from model.library import Library, ModelFile, PromptFormat
from model.wire import EngineSettings
from tests.model.evaluation.entries import entry_of


def entry(source: str = "a/b", table: str = "orders", text: str = "Sum.") -> Entry:
    columns = [
        {"name": "order_id", "type": "int"},
        {"name": "total_amount", "type": "numeric", "description": text},
    ]
    return entry_of(
        {"source": source, "table": table, "description": "All.", "columns": columns}
    )


def no_model(model: ModelFile, entries: Any) -> Any:
    raise AssertionError("no model was asked for")


def find(name: str) -> ModelFile:
    return Library(Path("nowhere")).find(name)


def named(name: str) -> ModelFile:
    path = Path(f"{name}.gguf")
    return ModelFile(name, path, PromptFormat.COMPACT, None, None, {})


def only(spec: str, entries: list[Entry], known: Path | None = None) -> list[Texts]:
    ((_, texts),) = texts_of([system(spec, find)], entries, no_model, known=known)
    return texts


def test_baseline_and_rules_describe_everything() -> None:
    for spec in ("baseline", "rules"):
        (texts,) = only(spec, [entry()])
        assert list(texts) == [None, "order_id", "total_amount"]
        assert all(text.text for text in texts.values())


def test_a_bare_name_is_the_product_and_a_prefix_the_model_alone() -> None:
    assert not system("x", named).alone
    assert system("product:x", named) == system("x", named)
    assert system("model:x", named).alone
    assert len(systems(["x", "product:x", "model:x"], named)) == 2


@pytest.mark.parametrize("spec", ["nothing", "model:nothing", "nothing.jsonl"])
def test_what_is_no_system_is_said(spec: str) -> None:
    with pytest.raises(UsageError, match="nothing"):
        system(spec, find)


def test_a_model_runs_once_for_both_its_uses() -> None:
    calls = []

    def run(model: ModelFile, entries: Any) -> tuple[list[Texts], list[Texts]]:
        calls.append(model.name)
        return [{None: Text("own")}], [{None: Text("shown")}]

    chosen = systems(["model:x", "x"], named)
    found = [texts[0][None].text for _, texts in texts_of(chosen, [entry()], run)]
    assert found == ["own", "shown"]
    assert calls == ["x"]


def test_elsewhere_takes_the_most_frequent_text_of_other_repositories(
    tmp_path: Path,
) -> None:
    known = [
        entry("c/d", "x", "Amount due."),
        entry("c/d", "y", "amount due"),
        entry("e/f", "z", "Other."),
        *[entry("a/b", "w", "The answer.")] * 5,  # its own repository
    ]
    path = tmp_path / "known.jsonl"
    path.write_text("".join(encoded(e.record) for e in known))
    (texts,) = only("elsewhere", [entry()], path)
    assert texts == {"order_id": Text(None), "total_amount": Text("Amount due.")}
    with pytest.raises(UsageError, match="look in"):
        only("elsewhere", [entry()])


@pytest.mark.gguf
def test_texts_of_a_real_model_reach_their_tables(tiny_model: Path) -> None:
    """Two tables of one name, so that a mix-up would show."""
    entries = [entry(), entry("c/d"), entry(table="customers")]
    for prompt_format in PromptFormat:
        model = ModelFile("tiny", tiny_model, prompt_format, None, None, {})
        own, shown = run_model(model, entries, EngineSettings(tiny_model, gpu_layers=0))
        assert len(own) == len(shown) == 3
        for texts in shown:
            assert list(texts) == [None, "total_amount"]
            assert all(text.text for text in texts.values())
            assert {text.by for text in texts.values()} <= {"model", "rules"}
        (alone, _) = run_model(
            model, entries[2:], EngineSettings(tiny_model, gpu_layers=0)
        )
        assert alone[0] == own[2]
