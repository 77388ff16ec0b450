"""The figures are what a person would work out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rouge_score")
pytest.importorskip("sacrebleu")

from model.choose import Calibration, Line, Scale
from model.evaluation.answers import Answer, answers, main, read, write
from model.evaluation.calibrate import calibrated
from model.evaluation.measures import (
    Cosine,
    Scored,
    chrf,
    difference,
    halves,
    mean_of_means,
    rouge_l,
)
from model.evaluation.score import report
from model.prompt import Generation, Prompt


def test_rouge_l_by_hand() -> None:
    # The longest common subsequence is `date of order`: 3 of 4 and 3 of 5 words.
    precision, recall = 3 / 4, 3 / 5
    expected = 2 * precision * recall / (precision + recall)
    assert rouge_l("Date of the order.", "date of a new order") == pytest.approx(
        expected
    )


def test_case_and_the_final_stop_do_not_count() -> None:
    assert rouge_l("Name of it.", "name of it") == 1
    assert chrf("Name of  it.", "name of it") == pytest.approx(1)


@pytest.mark.parametrize("text", [None, ""])
def test_a_missing_text_counts_nothing(text: str | None) -> None:
    cosine = Cosine(["name of it"])
    assert rouge_l(text, "a") == chrf(text, "a") == cosine(text, "a") == 0


def test_cosine_weighs_rare_words_more() -> None:
    cosine = Cosine(["the order", "the item", "the zebra"])
    assert cosine("the zebra", "the zebra") == pytest.approx(1)
    assert cosine("the zebra", "a zebra") > cosine("the zebra", "the item")
    assert cosine("x", "y") == 0


def rows(values: dict[str, dict[str, list[float]]]) -> list[Scored]:
    return [
        Scored(repository, table, {"s": {"m": value}})
        for repository, tables in values.items()
        for table, found in tables.items()
        for value in found
    ]


def value(row: Scored) -> float:
    return row.figures["s"]["m"]


def test_large_repositories_do_not_outweigh_small_ones() -> None:
    given = rows({"large": {"t": [1.0] * 99}, "small": {"t": [0.0]}})
    assert mean_of_means(given, value) == 0.5
    assert mean_of_means([], value) == 0


def test_the_interval_holds_the_mean_and_is_zero_wide_without_variation() -> None:
    flat = difference(rows({"a": {"t": [0.2], "u": [0.2]}}), value, draws=50)
    assert (flat.low, flat.mean, flat.high) == pytest.approx((0.2, 0.2, 0.2))
    mixed = difference(
        rows({"a": {"t": [0.0, 0.0], "u": [1.0], "v": [0.4]}}), value, draws=500
    )
    assert mixed.low < mixed.mean == pytest.approx(0.35)
    assert mixed.mean < mixed.high


def test_halves_part_the_repositories_the_same_way_every_time() -> None:
    one, other = halves("abcdefgh")
    assert one | other == set("abcdefgh")
    assert not one & other
    assert halves(reversed("abcdefgh")) == (one, other)


def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    columns = [
        {"name": "qty", "type": "int", "description": "Number of units ordered."},
        {"name": "note", "type": "text", "description": None},
    ]
    record = {
        "source": "a/b",
        "schema": None,
        "table": "orders",
        "description": "Orders of the shop",
        "columns": columns,
    }
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return path


def parrot(prompts: Any) -> list[Generation]:
    """Writes the same text for every block, last block first."""
    assert all(isinstance(prompt, Prompt) for prompt in prompts)
    return [
        Generation(number, block, " number of units ordered", -0.1, 4, True)
        for number, prompt in enumerate(prompts)
        for block in reversed(range(len(prompt.blocks)))
    ]


def always(gain: float) -> Calibration:
    scale = Scale(Line(gain), Line(0.0), Line(0.0), 0.5)
    return Calibration(scale, scale)


def test_answers_cover_what_humans_described_and_come_back_from_disk(
    tmp_path: Path,
) -> None:
    found = answers(data(tmp_path), parrot)
    assert [(a.column, a.reference) for a in found] == [
        (None, "Orders of the shop"),
        ("qty", "Number of units ordered."),
    ]
    assert found[1].model == "Number of units ordered."
    write(tmp_path / "x.answers", found)
    assert read(tmp_path / "x.answers") == found


def test_answers_are_written_by_their_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "x.answers"
    arguments = ["answers", str(data(tmp_path)), "-o", str(output)]
    monkeypatch.setattr("sys.argv", arguments)
    main()
    assert read(output) == answers(data(tmp_path), None)


@pytest.mark.parametrize(("gain", "share"), [(1.0, 100.0), (-1.0, 0.0)])
def test_the_product_is_the_choice(tmp_path: Path, gain: float, share: float) -> None:
    found = answers(data(tmp_path), parrot)
    columns = report(found, always(gain), idf=Cosine([]))["columns"]
    assert columns["model"]["rouge_l"] == 100
    assert columns["product"]["model_share"] == share
    chosen = "model" if share else "rules"
    assert columns["product"]["rouge_l"] == columns[chosen]["rouge_l"]
    apart = columns["product"]["rouge_l"] - columns["rules"]["rouge_l"]
    assert columns["gain"]["rouge_l"]["mean"] == pytest.approx(apart, abs=0.01)


def test_without_a_model_only_rules_are_scored(tmp_path: Path) -> None:
    document = report(answers(data(tmp_path), None), None, idf=Cosine([]))
    assert "model" not in document["columns"]
    assert document["tables"]["rules"]["coverage"] == 100


def answer(repository: str, number: int, sure: bool) -> Answer:
    """Where the model is sure its text is right, elsewhere the rules' is."""
    good, bad = "The exact words of the human.", "Nothing like it at all."
    return Answer(
        repository=repository,
        table=str(number),
        column=f"c{number}",
        reference=good,
        rules=bad if sure else good,
        model=good if sure else bad,
        logprob=-0.2 if sure else -2.0,
        usable=True,
        findings=((), ()),
    )


def test_calibration_finds_the_threshold_and_reports_the_unseen_half() -> None:
    found = [
        answer(repository, number, number % 3 == 0)
        for repository in "abcd"
        for number in range(60)
    ]
    calibration, document = calibrated(found)
    for half in ("fitted_half", "unseen_half", "all"):
        assert document[half]["columns"]["product"]["rouge_l"] == 100
        assert document[half]["columns"]["gain"]["rouge_l"]["low"] > 0
    assert not set(document["fitted_on"]) & set(document["unseen_by_the_fit"])
    assert Calibration.from_json(calibration.to_json()) == calibration
