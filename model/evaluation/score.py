"""Figures of rules, model and product from answers, for calibration.

Rules are the sentences of `model.rules` alone, model is the model's text alone, and
product is what the program shows: rules, replaced by the model where `model.choose`
says so with a calibration. `model.evaluation.comparison` compares any systems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catalog.suggestion import Finding, Source
from model.choose import Calibration, choose
from model.evaluation.answers import Answer
from model.evaluation.measures import (
    Cosine,
    Scored,
    chrf,
    difference,
    mean_of_means,
    rouge_l,
)

LIKENESS = ("rouge_l", "chrf", "cosine")
"""Measures whose difference is drawn."""
SHARES = ("coverage", "model_share", "restates", "unsupported", "degenerate")
"""Measures that are shares of the targets."""


def report(
    found: Sequence[Answer], calibration: Calibration | None, *, idf: Cosine
) -> dict[str, Any]:
    """Figures of all systems, for columns and for tables; shares and likeness x 100."""
    document: dict[str, Any] = {}
    for kind in ("columns", "tables"):
        chosen = [a for a in found if (a.column is None) == (kind == "tables")]
        rows = [scored(answer, calibration, idf) for answer in chosen]
        if not rows:
            continue
        systems = list(rows[0].figures)
        document[kind] = {
            "targets": len(rows),
            "repositories": len({row.repository for row in rows}),
        }
        for system in systems:
            document[kind][system] = {
                measure: round(100 * mean_of_means(rows, _figure(system, measure)), 2)
                for measure in (*LIKENESS, *SHARES)
            }
        if "product" in systems:
            document[kind]["gain"] = {
                measure: _gain(rows, measure) for measure in LIKENESS
            }
    return document


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


def scored(answer: Answer, calibration: Calibration | None, idf: Cosine) -> Scored:
    """The figures of one target for every system."""
    by_rules, by_model = (set(findings) for findings in answer.findings)
    systems = {"rules": (answer.rules, by_rules, 0.0)}
    if answer.model is not None:
        systems["model"] = (answer.model, by_model, 1.0)
        choice = choose(
            answer.rules,
            answer.model if answer.usable else None,
            answer.logprob,
            is_table=answer.column is None,
            calibration=calibration,
        )
        from_model = choice.source is Source.MODEL and choice.text is not None
        systems["product"] = (
            choice.text,
            by_model if from_model else by_rules,
            float(from_model),
        )
    reference = answer.reference
    return Scored(
        answer.repository,
        answer.table,
        {
            system: {
                "rouge_l": rouge_l(text, reference),
                "chrf": chrf(text, reference),
                "cosine": idf(text, reference),
                "coverage": float(text is not None),
                "model_share": share,
                "restates": float(Finding.RESTATES.value in findings),
                "unsupported": float(Finding.UNSUPPORTED.value in findings),
                "degenerate": float(Finding.DEGENERATE.value in findings),
            }
            for system, (text, findings, share) in systems.items()
        },
    )
