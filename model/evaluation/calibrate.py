"""Fits the choice between rules and model on one half of a set's repositories.

    python -m model.evaluation.score dev.jsonl --model GGUF --keep dev.answers
    python -m model.evaluation.calibrate dev.answers --manifest columnist-small.json

The halves are fixed by the names of the repositories. The lines are fitted on the first
half alone; the figures are given for the first half, for the second, which the fit has
not seen, and for all. With `--manifest` the calibration and the figures are written
into that file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from model.choose import Calibration, Line, Scale, Signs, invents
from model.evaluation.answers import Answer, read
from model.evaluation.measures import Cosine, chrf, halves, rouge_l
from model.evaluation.score import report

GOOD = {"columns": 0.4, "tables": 0.2}
"""A text with this ROUGE-L against the human's counts as good: confidence estimates
the share of such texts. It is stricter than what a steward would accept, and lower for
tables, which two people hardly ever describe in the same words."""
LETTERS = {"columns": 0.0, "tables": 0.25}
"""Weight of chrF beside ROUGE-L in what is to be gained. The rules' sentences for
tables name columns; chrF rewards that and ROUGE-L alone would throw it away."""
NEVER = Line(bias=-1.0)
"""Where too little was measured: the model is never chosen, confidence is low."""


def main() -> None:
    """Reads the arguments, fits, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("answers", type=Path)
    parser.add_argument("--manifest", type=Path)
    arguments = parser.parse_args()
    found = read(arguments.answers)
    calibration, document = calibrated(found)
    print(json.dumps(document, indent=2))
    if arguments.manifest:
        manifest = json.loads(arguments.manifest.read_text(encoding="utf-8"))
        manifest |= {"calibration": calibration.to_json(), "scores": document}
        text = json.dumps(manifest, indent=2) + "\n"
        arguments.manifest.write_text(text, encoding="utf-8")


def calibrated(found: Sequence[Answer]) -> tuple[Calibration, dict[str, Any]]:
    """The calibration of the first half, and the figures of both halves and all."""
    first, second = halves(answer.repository for answer in found)
    calibration = fit([answer for answer in found if answer.repository in first])
    idf = Cosine(answer.reference for answer in found)
    document: dict[str, Any] = {
        "fitted_on": sorted(first),
        "unseen_by_the_fit": sorted(second),
    }
    for name, chosen in (
        ("fitted_half", first),
        ("unseen_half", second),
        ("all", first | second),
    ):
        part = [answer for answer in found if answer.repository in chosen]
        document[name] = report(part, calibration, idf=idf)
    return calibration, document


def fit(found: Sequence[Answer]) -> Calibration:
    """Lines for columns and for tables."""
    return Calibration(
        columns=_fit(
            [answer for answer in found if answer.column is not None],
            "columns",
        ),
        tables=_fit(
            [answer for answer in found if answer.column is None],
            "tables",
        ),
    )


def _fit(found: Sequence[Answer], kind: str) -> Scale:
    import numpy as np

    good, letters = GOOD[kind], LETTERS[kind]
    both = [
        answer
        for answer in found
        if answer.usable
        and answer.model
        and answer.rules
        and not invents(answer.model, answer.rules)
    ]
    signs = [Signs.of(a.rules or "", a.model or "", a.logprob) for a in both]
    features = np.array([[1.0, *astuple(sign)] for sign in signs]).reshape(-1, 3)
    model = np.array([rouge_l(a.model, a.reference) for a in both])
    rules = np.array([rouge_l(a.rules, a.reference) for a in both])
    weights = _weights(both)
    better = model - rules
    if letters:
        likeness = [
            chrf(a.model, a.reference) - chrf(a.rules, a.reference) for a in both
        ]
        better = (1 - letters) * better + letters * np.array(likeness)
    gain = _gain_line(features, better, weights)
    wins = np.array([gain(sign) > 0 for sign in signs], dtype=bool)
    every = np.array([rouge_l(a.rules, a.reference) >= good for a in found if a.rules])
    return Scale(
        gain=gain,
        model=_logistic(features[wins], model[wins] >= good, weights[wins]),
        rules=_logistic(features[~wins], rules[~wins] >= good, weights[~wins]),
        alone=round(float(every.mean()), 4) if len(every) else 0.0,
    )


def _weights(found: Sequence[Answer]) -> Any:
    """One over the repository's size, so that every repository counts the same."""
    import numpy as np

    sizes: dict[str, int] = {}
    for answer in found:
        sizes[answer.repository] = sizes.get(answer.repository, 0) + 1
    weights = np.array([1.0 / sizes[answer.repository] for answer in found])
    return weights / weights.sum() if len(found) else weights


def _gain_line(features: Any, gain: Any, weights: Any) -> Line:
    """Expected gain by least squares, never falling in certainty.

    The threshold is not tuned further: one that gains most on half of the repositories
    gained less on the others than this.
    """
    import numpy as np

    if len(gain) < 50:
        return NEVER
    free = np.ones(features.shape[1], dtype=bool)
    line = _least_squares(features, gain, weights, free)
    if line[1] < 0:
        free[1] = False
        line = _least_squares(features, gain, weights, free)
    return Line(*(round(float(value), 5) for value in line))


def _least_squares(features: Any, gain: Any, weights: Any, free: Any) -> Any:
    """Weights of the features that are free, 0 for the others."""
    import numpy as np

    root = np.sqrt(weights)[:, None]
    line = np.zeros(features.shape[1])
    line[free] = np.linalg.lstsq(features[:, free] * root, gain * root[:, 0])[0]
    return line


def _logistic(features: Any, good: Any, weights: Any) -> Line:
    """Log-odds of `good` in the log-probability, by Newton's method with a ridge."""
    import numpy as np

    if len(good) < 20:
        return NEVER
    used = features[:, :2]
    line = np.zeros(2)
    scaled = weights / weights.sum() * len(good)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(used @ line, -30, 30)))
        slope = used.T @ (scaled * (good - chance)) - 0.1 * line
        bend = (used * (scaled * chance * (1 - chance))[:, None]).T @ used
        line = line + np.linalg.solve(bend + 0.1 * np.eye(2), slope)
    if line[1] < 0:  # more certain never means worse
        line = np.array([_logit(float(np.average(good, weights=scaled))), 0.0])
    return Line(*(round(float(value), 5) for value in line))


def _logit(share: float) -> float:
    import math

    share = min(0.99, max(0.01, share))
    return math.log(share / (1 - share))


if __name__ == "__main__":
    main()
