"""Confidence is fitted on labels and measured on repositories left out."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import msgspec
import pytest

from catalog.errors import ColumnistError, UsageError
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from catalog.suggestion import Source
from model.choose import Calibration, Candidate, signs_of
from model.evaluation.answers import TargetAnswer, main, read, write
from model.evaluation.calibrate import fit, labelled, measured, read_labels
from tests.model import tiny_gguf

TABLE = Table(
    TableId("", "parcels"),
    TableKind.TABLE,
    (Column(ColumnId(TableId("", "parcels"), "weight"), 1, "numeric"),),
)
GOOD, BAD = "Weight of the parcel in kilograms.", "Weight of the sender."


def answer(repository: str, number: int, sure: bool) -> TargetAnswer:
    """Where the model is sure its text is right, elsewhere the rules' is."""
    candidates = (
        Candidate(BAD if sure else GOOD, Source.RULES),
        Candidate(GOOD if sure else BAD, Source.MODEL, -0.1 if sure else -2.0, 7),
    )
    signs = signs_of(candidates, TABLE, TABLE.columns[0].id)
    place = (repository, "", str(number), f"c{number}")
    return TargetAnswer(*place, GOOD, candidates, tuple(signs))


def label_file(path: Path, answers: list[TargetAnswer], *, readers: int = 2) -> Path:
    rows = [
        {
            "source": a.source,
            "schema": a.schema,
            "table": a.table,
            "column": a.column,
            "text": each.text,
            "label": 2 if each.text == GOOD else 0,
        }
        for a in answers
        for each in a.candidates
        for _ in range(readers)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_it_finds_what_tells_the_better_text(tmp_path: Path) -> None:
    rng = random.Random(1)
    found = [
        answer(repository, number, rng.random() < 0.4)
        for repository in "abcd"
        for number in range(80)
    ]
    labels = read_labels([label_file(tmp_path / "labels.jsonl", found)])
    cases = labelled(found, labels)
    assert len(cases) == 320
    figures = measured(cases)["columns"]
    assert figures["product"] == {"texts": 320, "accept": 1, "edit": 0, "wrong": 0}
    share = figures["model"]["accept"]
    assert figures["rules"]["accept"] == pytest.approx(1 - share, abs=1e-3)
    assert sum(group["texts"] for group in figures["reliability"]) == 320
    # What is shown is always right here, and the fit is sure of it.
    assert all(group["accepted"] == 1 for group in figures["reliability"])
    assert all(group["confidence"] > 0.7 for group in figures["reliability"])
    calibration = fit(cases)
    assert msgspec.convert(calibration.to_json(), Calibration) == calibration


def test_figures_are_of_repositories_that_the_fit_has_not_seen() -> None:
    """In d sure texts are wrong, which a fit on a, b and c cannot know."""
    found = [answer(r, n, n % 2 == 0) for r in "abcd" for n in range(80)]
    labels = {
        (a.source, a.schema, a.table, a.column, each.text): [
            2 if (each.text == GOOD) == (a.source != "d") else 0
        ]
        for a in found
        for each in a.candidates
    }
    figures = measured(labelled(found, labels))["columns"]["product"]
    assert figures == {"texts": 320, "accept": 0.75, "edit": 0, "wrong": 0.25}


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        '{"source": "a"}',
        '{"source": "a", "schema": "", "table": "t", "column": null, "text": "x",'
        ' "label": 3}',
    ],
)
def test_what_is_no_label_is_told_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ColumnistError, match=r"Line 1 of .*labels\.jsonl"):
        read_labels([path])


def test_labels_of_other_texts_are_refused() -> None:
    with pytest.raises(UsageError, match="No label"):
        labelled([answer("a", 1, True)], {})


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
    arguments = f"answers {data} --model {model} -o {out}"
    monkeypatch.setattr(sys, "argv", arguments.split())
    main()
    found = read(out)
    assert {a.column for a in found} == {None, "weight"}
    for each in found:
        assert each.candidates[0].source is Source.RULES
        assert len(each.signs) == len(each.candidates) <= 4
    write(tmp_path / "again.answers", found)
    assert read(tmp_path / "again.answers") == found
