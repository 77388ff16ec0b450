"""Fits the choice among rules' and model's texts on half of a set's repositories.

    python -m model.evaluation.answers dev.jsonl --model GGUF -o dev.answers
    python -m model.evaluation.calibrate dev.answers --manifest columnist-small.json

The halves are fixed by the names of the repositories. The lines are fitted on the first
half alone; the figures are given for the first half, for the second, which the fit has
not seen, and for all. With `--manifest` the calibration and the figures are written
into that file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from catalog.suggestion import Source
from model.choose import SIGNS, Calibration, Line, Scale, Signs, best
from model.evaluation.answers import Answer, read
from model.evaluation.measures import (
    Cosine,
    Scored,
    chrf,
    difference,
    halves,
    mean_of_means,
    rouge_l,
)

GOOD = {"columns": 0.4, "tables": 0.2}
"""A text with this ROUGE-L against the human's counts as good: confidence estimates
the share of such texts. It is stricter than what a steward would accept, and lower for
tables, which two people hardly ever describe in the same words."""
PRICES = {"restates": 0.0, "model": 0.02, "circular": 0.03, "invents": 0.15}
"""What a sign costs beyond what likeness says, as a steward would strike it out: a text
that goes round in circles, a word from nowhere; and the model's own words, which can be
wrong where the rules' sentence only says little. A price on mere repetition of the name
(0.05) halved it and kept likeness above the baseline's, but readers who did not know
which was which then liked the baseline better."""
RIDGE = 0.02
"""Share of the signs' own variance that keeps the weights small."""
NEVER = Line(bias=-1.0)
"""Where too little was measured: confidence is low."""


def main() -> None:
    """Reads the arguments, fits, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("answers", type=Path)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--styles", default="data,rules")
    parser.add_argument("--draws", type=int, default=7, help="as they were drawn")
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--restates", type=float, default=PRICES["restates"])
    arguments = parser.parse_args()
    found = read(arguments.answers)
    calibration, document = calibrated(
        found,
        styles=tuple(arguments.styles.split(",")),
        draws=arguments.draws,
        temperature=arguments.temperature,
        prices=PRICES | {"restates": arguments.restates},
    )
    print(json.dumps(document, indent=2))
    if arguments.manifest:
        manifest = json.loads(arguments.manifest.read_text(encoding="utf-8"))
        manifest |= {"calibration": calibration.to_json(), "scores": document}
        text = json.dumps(manifest, indent=2) + "\n"
        arguments.manifest.write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Case:
    """One target with what each of its candidates reached."""

    answer: Answer
    likeness: tuple[tuple[float, float, float], ...]
    """ROUGE-L, chrF and TF-IDF cosine of each candidate."""

    def gained(self, place: int) -> float:
        """What the choice is fitted to."""
        rouge, letters, cosine = self.likeness[place]
        return 0.3 * rouge + 0.4 * letters + 0.3 * cosine


def calibrated(
    found: Sequence[Answer],
    *,
    styles: tuple[str, ...] = ("data",),
    draws: int = 7,
    temperature: float = 0.7,
    prices: dict[str, float] = PRICES,
) -> tuple[Calibration, dict[str, Any]]:
    """The calibration of the first half, and the figures of both halves and all."""
    idf = Cosine(answer.reference for answer in found)
    cases = [_case(answer, idf) for answer in found if answer.candidates]
    first, second = halves(answer.repository for answer in found)
    seen = [case for case in cases if case.answer.repository in first]
    scales = {
        kind: _fit(
            [c for c in seen if (c.answer.column is None) == (kind == "tables")],
            kind,
            prices,
        )
        for kind in ("columns", "tables")
    }
    calibration = Calibration(
        **scales, styles=styles, draws=draws, temperature=temperature
    )
    document: dict[str, Any] = {
        "fitted_on": sorted(first),
        "unseen_by_the_fit": sorted(second),
    }
    for name, chosen in (
        ("fitted_half", first),
        ("unseen_half", second),
        ("all", first | second),
    ):
        part = [case for case in cases if case.answer.repository in chosen]
        document[name] = _report(part, calibration)
    return calibration, document


def _case(answer: Answer, idf: Cosine) -> _Case:
    reference = answer.reference
    return _Case(
        answer,
        tuple(
            (
                rouge_l(candidate.text, reference),
                chrf(candidate.text, reference),
                idf(candidate.text, reference),
            )
            for candidate in answer.candidates
        ),
    )


def _fit(cases: Sequence[_Case], kind: str, prices: dict[str, float]) -> Scale:
    worth = _worth(cases, prices)
    chosen = [(case, best(case.answer.signs, worth)) for case in cases]
    by_model = [
        (case, place)
        for case, place in chosen
        if case.answer.candidates[place].source is Source.MODEL
    ]
    by_rules = [pair for pair in chosen if pair not in by_model]
    alone = [
        case.likeness[0][0] >= GOOD[kind]
        for case in cases
        if case.answer.candidates[0].source is Source.RULES
    ]
    return Scale(
        worth=worth,
        model=_chance(by_model, GOOD[kind]),
        rules=_chance(by_rules, GOOD[kind]),
        alone=round(sum(alone) / len(alone), 4) if alone else 0.0,
    )


def _weights(cases: Sequence[_Case]) -> Any:
    """One over the repository's size, so that every repository counts the same."""
    import numpy as np

    sizes: dict[str, int] = {}
    for case in cases:
        name = case.answer.repository
        sizes[name] = sizes.get(name, 0) + 1
    return np.array([1.0 / sizes[case.answer.repository] for case in cases])


def _worth(cases: Sequence[_Case], prices: dict[str, float]) -> Line:
    """Least squares on the differences within each target, certainty never punished."""
    import numpy as np

    rows, gains, weights = [], [], []
    for case, weight in zip(cases, _weights(cases), strict=True):
        if len(case.answer.candidates) < 2:
            continue
        signs = np.array([[s[name] for name in SIGNS] for s in case.answer.signs])
        gain = np.array([case.gained(place) for place in range(len(signs))])
        rows.append(signs - signs.mean(axis=0))
        gains.append(gain - gain.mean())
        weights.append(np.full(len(signs), weight))
    if len(rows) < 50:
        return Line(weights={"model": -1.0})
    features, gain = np.concatenate(rows), np.concatenate(gains)
    root = np.sqrt(np.concatenate(weights))[:, None]
    free: Any = np.ones(len(SIGNS), dtype=bool)
    while True:
        used = features[:, free] * root
        ridge = RIDGE * np.diag((used * used).sum(axis=0) + 1e-9)
        line = np.zeros(len(SIGNS))
        line[free] = np.linalg.solve(
            used.T @ used + ridge, used.T @ (gain * root[:, 0])
        )
        wrong = [
            place
            for name in ("logprob", "total")
            if line[place := SIGNS.index(name)] < 0
        ]
        if not wrong:
            break
        free[wrong] = False
    for name, price in prices.items():
        line[SIGNS.index(name)] -= price
    return Line(
        weights={
            name: round(float(value), 5)
            for name, value in zip(SIGNS, line, strict=True)
            if value
        }
    )


SURE = ("logprob", "consensus", "rules", "coverage")
"""Signs that tell how good a chosen text is."""


def _chance(chosen: Sequence[tuple[_Case, int]], good: float) -> Line:
    """Log-odds of a good text by Newton's method with a ridge."""
    import numpy as np

    if len(chosen) < 20:
        return NEVER
    signs = [case.answer.signs[place] for case, place in chosen]
    features = np.array([[1.0, *(sign[name] for name in SURE)] for sign in signs])
    reached = np.array([case.likeness[place][0] >= good for case, place in chosen])
    scaled = _weights([case for case, _ in chosen])
    scaled *= len(chosen) / scaled.sum()
    line = np.zeros(features.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(features @ line, -30, 30)))
        slope = features.T @ (scaled * (reached - chance)) - line
        bend = (features * (scaled * chance * (1 - chance))[:, None]).T @ features
        line = line + np.linalg.solve(bend + np.eye(len(line)), slope)
    values = [round(float(value), 5) for value in line]
    return Line(values[0], dict(zip(SURE, values[1:], strict=True)))


def _report(cases: Sequence[_Case], calibration: Calibration) -> dict[str, Any]:
    """Figures x 100 of rules, model and product, for columns and for tables."""
    document: dict[str, Any] = {}
    for kind, scale in (
        ("columns", calibration.columns),
        ("tables", calibration.tables),
    ):
        chosen = [c for c in cases if (c.answer.column is None) == (kind == "tables")]
        if not chosen:
            continue
        rows = [
            Scored(case.answer.repository, case.answer.table, _figures(case, scale))
            for case in chosen
        ]
        part: dict[str, Any] = {"targets": len(rows)}
        for system in ("rules", "model", "product"):
            part[system] = {
                measure: round(100 * mean_of_means(rows, _figure(system, measure)), 2)
                for measure in ("rouge_l", "chrf", "cosine", "restates", "by_model")
            }
        part["reliability"] = _reliability(chosen, scale, GOOD[kind])
        part["product_less_rules"] = {
            measure: _gain(rows, measure) for measure in ("rouge_l", "chrf", "cosine")
        }
        document[kind] = part
    return document


def _figures(case: _Case, scale: Scale) -> dict[str, dict[str, float]]:
    candidates = case.answer.candidates
    places = {
        "rules": [p for p, c in enumerate(candidates) if c.source is Source.RULES],
        "model": [p for p, c in enumerate(candidates) if c.source is Source.MODEL],
        "product": list(range(len(candidates))),
    }
    found = {}
    for system, allowed in places.items():
        if not allowed:
            found[system] = dict.fromkeys(
                ("rouge_l", "chrf", "cosine", "restates", "by_model"), 0.0
            )
            continue
        signs: list[Signs] = [case.answer.signs[place] for place in allowed]
        place = allowed[best(signs, scale.worth)]
        rouge, letters, cosine = case.likeness[place]
        found[system] = {
            "rouge_l": rouge,
            "chrf": letters,
            "cosine": cosine,
            "restates": case.answer.signs[place]["restates"],
            "by_model": float(candidates[place].source is Source.MODEL),
        }
    return found


BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0)
"""Edges of the groups of confidence in the reliability table."""


def _reliability(
    cases: Sequence[_Case], scale: Scale, good: float
) -> list[dict[str, float]]:
    """How many of the texts shown with some confidence are good, by confidence.

    Repositories count the same, as everywhere. Where the choice is calibrated, the mean
    confidence of a group is the share of good texts in it.
    """
    rows: list[tuple[float, float, float]] = []
    for case, weight in zip(cases, _weights(cases), strict=True):
        signs = case.answer.signs
        place = best(signs, scale.worth)
        by_model = case.answer.candidates[place].source is Source.MODEL
        line = scale.model if by_model else scale.rules
        reached = float(case.likeness[place][0] >= good)
        rows.append((line.probability(signs[place]), reached, float(weight)))
    found = []
    for low, high in pairwise(BINS):
        group = [row for row in rows if low <= row[0] < high or row[0] == high == 1]
        if group:
            total = sum(weight for *_, weight in group)
            found.append(
                {
                    "from": low,
                    "to": high,
                    "targets": len(group),
                    "confidence": round(sum(c * w for c, _, w in group) / total, 3),
                    "good": round(sum(g * w for _, g, w in group) / total, 3),
                }
            )
    return found


def _figure(system: str, measure: str) -> Callable[[Scored], float]:
    return lambda row: row.figures[system][measure]


def _gain(rows: Sequence[Scored], measure: str) -> dict[str, float]:
    product, rules = _figure("product", measure), _figure("rules", measure)
    found = difference(rows, lambda row: product(row) - rules(row))
    return {
        "mean": round(100 * found.mean, 3),
        "low": round(100 * found.low, 3),
        "high": round(100 * found.high, 3),
    }


if __name__ == "__main__":
    main()
