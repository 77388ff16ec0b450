"""Fits the chance of acceptance on labelled drafts, and measures it on unseen ones.

    python -m model.evaluation.answers dev.jsonl --model GGUF -o dev.answers
    python -m model.evaluation.calibrate dev.answers labels.jsonl [--manifest FILE]

Labels are JSON Lines `{source, schema, table, column, text, label}`, `column` null for
the table, `label` 2 (accept as it is), 1 (wants an edit) or 0 (wrong); several labels
of one text, by several readers, each count in part. Figures are of repositories
that the fit has not seen: each repository is left out in turn. What is written into the
manifest is fitted on all.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from catalog.errors import UsageError
from catalog.files import write_file
from catalog.suggestion import Source
from model.choose import SIGNS, Calibration, Scale, Signs, WeightedSum, likeliest
from model.evaluation.answers import RecordTarget, TargetAnswer, read
from model.evaluation.json_lines import read_lines

RIDGE = 2.0
"""Weight of the squared (standardised) weights: few labels, small weights."""
LEAST = 200
"""Fewer labelled texts of a kind fit a constant only."""
ACCEPTED = 2
BINS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Edges of the groups of confidence in the reliability table."""

Key = tuple[str, str, str, str | None, str]
"""Repository, schema, table, column and text."""


def main() -> None:
    """Reads the arguments, fits, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("answers", type=Path)
    parser.add_argument("labels", type=Path, nargs="+")
    parser.add_argument("--manifest", type=Path)
    arguments = parser.parse_args()
    labels = read_labels(arguments.labels)
    cases = labelled(read(arguments.answers), labels)
    calibration = fit(cases)
    document = measured(cases)
    print(json.dumps(document, indent=2))
    if arguments.manifest:
        manifest = json.loads(arguments.manifest.read_text(encoding="utf-8"))
        manifest |= {"calibration": calibration.to_json(), "scores": document}
        text = json.dumps(manifest, indent=2) + "\n"
        write_file(arguments.manifest, text)


@dataclass(frozen=True, slots=True)
class Case:
    """A target with the labels of its candidates."""

    answer: TargetAnswer
    labels: tuple[tuple[int, ...], ...]
    """Of each candidate, one by each reader; empty where nobody read it."""

    @property
    def kind(self) -> str:
        """`columns` or `tables`."""
        return "tables" if self.answer.column is None else "columns"


@dataclass(frozen=True, slots=True)
class TextLabel(RecordTarget):
    """What a reader says of a text."""

    text: str
    """What was read."""
    label: Literal[0, 1, 2]
    """As in an audit."""


def read_labels(paths: Sequence[Path]) -> dict[Key, list[int]]:
    """The labels of every text.

    Raises:
        ColumnistError: a line is no label.
    """
    found: dict[Key, list[int]] = defaultdict(list)
    hint = "Give source, schema, table, column, text and label, which is 0, 1 or 2."
    for path in paths:
        for one in read_lines(path, TextLabel, hint):
            found[*one.place, one.text].append(one.label)
    return found


def labelled(
    answers: Sequence[TargetAnswer], labels: Mapping[Key, Sequence[int]]
) -> list[Case]:
    """The answers with their labels, those without any left out.

    Raises:
        UsageError: no label belongs to any answer.
    """
    cases = []
    for answer in answers:
        found = tuple(
            tuple(labels.get((*answer.place, each.text), ()))
            for each in answer.candidates
        )
        if any(found):
            cases.append(Case(answer, found))
    if not cases:
        raise UsageError(
            "No label belongs to a text of these answers.",
            "Label the texts of this very file; a later model writes others.",
        )
    return cases


def fit(cases: Sequence[Case]) -> Calibration:
    """The calibration fitted on all of these cases."""
    scales = []
    for kind in ("columns", "tables"):
        of_kind = [case for case in cases if case.kind == kind]
        scales.append(
            Scale(
                model=_line(_texts(of_kind, Source.MODEL)),
                rules=_line(_texts(of_kind, Source.RULES)),
                sure=_line(_texts(of_kind, Source.RULES, sure=True)),
            )
        )
    return Calibration(*scales)


def _texts(
    cases: Sequence[Case], source: Source, *, sure: bool = False
) -> list[tuple[Signs, float]]:
    """Signs of each labelled text, and the share of readers that accept it."""
    return [
        (sign, sum(label == ACCEPTED for label in labels) / len(labels))
        for case in cases
        for each, sign, labels in zip(
            case.answer.candidates, case.answer.signs, case.labels, strict=True
        )
        if each.source is source and each.sure is sure and labels
    ]


def _line(texts: Sequence[tuple[Signs, float]]) -> WeightedSum:
    """Logistic regression on standardised signs, by Newton's method with a ridge."""
    import numpy as np

    if not texts:
        return WeightedSum(-1.0)
    good = np.array([share for _, share in texts])
    signs = np.array([[sign[name] for name in SIGNS] for sign, _ in texts])
    mean, spread = signs.mean(axis=0), signs.std(axis=0)
    used = spread > 1e-9
    if len(texts) < LEAST:
        used[:] = False
    scaled = (signs[:, used] - mean[used]) / spread[used]
    features = np.column_stack([np.ones(len(texts)), scaled])
    ridge = RIDGE * np.eye(features.shape[1])
    ridge[0, 0] = 1e-3
    line = np.zeros(features.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(features @ line, -30, 30)))
        slope = features.T @ (good - chance) - ridge @ line
        bend = (features * (chance * (1 - chance))[:, None]).T @ features + ridge
        line = line + np.linalg.solve(bend, slope)
    weights = line[1:] / spread[used]
    bias = float(line[0] - weights @ mean[used])
    names = [name for name, is_used in zip(SIGNS, used, strict=True) if is_used]
    return WeightedSum(
        round(bias, 5),
        {name: round(float(w), 5) for name, w in zip(names, weights, strict=True)},
    )


def measured(cases: Sequence[Case]) -> dict[str, Any]:
    """Figures of what is shown, each repository judged by a fit on the others.

    Of columns and tables apart: how many texts have labels, the shares of 2, 1 and 0 of
    rules, model (its first text) and product, and confidence against acceptance.
    """
    document: dict[str, Any] = {}
    repositories = sorted({case.answer.source for case in cases})
    shown: list[tuple[Case, int, float]] = []
    for name in repositories:
        calibration = fit([case for case in cases if case.answer.source != name])
        for case in cases:
            if case.answer.source == name:
                scale = getattr(calibration, case.kind)
                place, chance = likeliest(
                    case.answer.candidates, case.answer.signs, scale
                )
                shown.append((case, place, chance))
    for kind in ("columns", "tables"):
        of_kind = [each for each in shown if each[0].kind == kind]
        document[kind] = {
            "product": _shares(case.labels[place] for case, place, _ in of_kind),
            "rules": _shares(_first(case, Source.RULES) for case, *_ in of_kind),
            "model": _shares(_first(case, Source.MODEL) for case, *_ in of_kind),
            "by_model": sum(
                case.answer.candidates[place].source is Source.MODEL
                for case, place, _ in of_kind
            ),
            "reliability": _reliability(of_kind),
        }
    return document


def _first(case: Case, source: Source) -> tuple[int, ...]:
    """The labels of a source's first text."""
    texts = zip(case.answer.candidates, case.labels, strict=True)
    return next((labels for each, labels in texts if each.source is source), ())


def _shares(texts: Iterable[tuple[int, ...]]) -> dict[str, float]:
    """How many labelled texts, and the mean shares of the labels 2, 1 and 0."""
    found = [labels for labels in texts if labels]
    return {"texts": len(found)} | {
        name: round(
            sum(labels.count(label) / len(labels) for labels in found)
            / max(1, len(found)),
            4,
        )
        for name, label in (("accept", 2), ("edit", 1), ("wrong", 0))
    }


def _reliability(shown: Sequence[tuple[Case, int, float]]) -> list[dict[str, float]]:
    """How many of the texts shown with some confidence are accepted, by confidence."""
    found = []
    for low, high in pairwise(BINS):
        group = [
            (chance, case.labels[place])
            for case, place, chance in shown
            if case.labels[place] and (low <= chance < high or chance == high == 1)
        ]
        if group:
            accepted = [labels.count(ACCEPTED) / len(labels) for _, labels in group]
            found.append(
                {
                    "from": low,
                    "to": high,
                    "texts": len(group),
                    "confidence": round(sum(c for c, _ in group) / len(group), 3),
                    "accepted": round(sum(accepted) / len(group), 3),
                }
            )
    return found


if __name__ == "__main__":
    main()
