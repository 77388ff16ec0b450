"""The choice is fitted on half of the repositories and never punishes certainty."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

pytest.importorskip("sacrebleu")
pytest.importorskip("rouge_score")

from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from catalog.suggestion import Source
from model.choose import Calibration, Candidate, signs_of
from model.evaluation.answers import Answer, main, read, write
from model.evaluation.calibrate import calibrated
from tests.model import tiny_gguf

TABLE = Table(
    TableId("", "parcels"),
    TableKind.TABLE,
    (Column(ColumnId(TableId("", "parcels"), "weight"), 1, "numeric"),),
)
GOOD, BAD = "Weight of the parcel in kilograms.", "Weight of the sender."


def answer(repository: str, number: int, sure: bool) -> Answer:
    """Where the model is sure its text is right, elsewhere the rules' is."""
    candidates = (
        Candidate(BAD if sure else GOOD, Source.RULES),
        Candidate(GOOD if sure else BAD, Source.MODEL, -0.1 if sure else -2.0, 7),
    )
    signs = signs_of(candidates, TABLE, TABLE.columns[0].id)
    return Answer(repository, str(number), f"c{number}", GOOD, candidates, tuple(signs))


def test_it_finds_what_tells_the_better_text() -> None:
    rng = random.Random(1)
    found = [
        answer(repository, number, rng.random() < 0.4)
        for repository in "abcd"
        for number in range(60)
    ]
    calibration, document = calibrated(found)
    for half in ("fitted_half", "unseen_half", "all"):
        figures = document[half]["columns"]
        assert figures["product"]["rouge_l"] == 100
        assert figures["product_less_rules"]["rouge_l"]["low"] > 0
        groups = figures["reliability"]
        assert sum(group["targets"] for group in groups) == figures["targets"]
        # Both kinds of text are always right here, and the fit is sure of them.
        assert all(group["good"] == 1 for group in groups)
        assert all(group["confidence"] > 0.8 for group in groups)
    assert not set(document["fitted_on"]) & set(document["unseen_by_the_fit"])
    assert Calibration.from_json(calibration.to_json()) == calibration


def test_certainty_is_never_punished() -> None:
    """Here the sure texts are the wrong ones: the fit may ignore that, not use it."""
    found = []
    for repository in "abcd":
        for number in range(60):
            right = answer(repository, number, number % 2 == 0)
            candidates = (
                right.candidates[0],
                Candidate(
                    right.candidates[1].text,
                    Source.MODEL,
                    -2.0 if number % 2 == 0 else -0.1,
                    7,
                ),
            )
            signs = signs_of(candidates, TABLE, TABLE.columns[0].id)
            found.append(
                Answer(repository, str(number), "c", GOOD, candidates, tuple(signs))
            )
    weights = calibrated(found)[0].columns.worth.weights
    assert weights.get("logprob", 0) >= 0
    assert weights.get("total", 0) >= 0


def test_repetition_costs() -> None:
    found = [answer(r, n, n % 3 == 0) for r in "abcd" for n in range(60)]
    free = calibrated(found, prices={})[0].columns.worth.weights
    priced = calibrated(found, prices={"restates": 0.5})[0].columns.worth.weights
    assert priced["restates"] == pytest.approx(free.get("restates", 0) - 0.5)


def test_answers_are_written_by_their_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = {
        "source": "a/b",
        "table": "parcels",
        "description": "Parcels sent",
        "columns": [
            {"name": "weight", "type": "numeric", "description": "Weight in kg"},
            {"name": "note", "type": "text", "description": None},
        ],
    }
    data = tmp_path / "dev.jsonl"
    data.write_text(json.dumps(record) + "\n", encoding="utf-8")
    model = tiny_gguf.write(tmp_path / "tiny.gguf")
    out = tmp_path / "dev.answers"
    arguments = f"answers {data} --model {model} --draws 2 -o {out}"
    monkeypatch.setattr(sys, "argv", arguments.split())
    main()
    found = read(out)
    assert {a.column for a in found} == {None, "weight"}
    for each in found:
        assert each.candidates[0].source is Source.RULES
        assert len(each.signs) == len(each.candidates) <= 4
    write(tmp_path / "again.answers", found)
    assert read(tmp_path / "again.answers") == found
