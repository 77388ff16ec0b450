"""Scores rules, model and product against human descriptions.

    python -m model.evaluation.score DATA.jsonl[.xz] --model GGUF

Rules are the sentences of `model.rules` alone, model is the model's text alone, and
product is what the program shows: rules, replaced by the model where `model.choose`
says so with the calibration of the manifest beside the GGUF. Without `--model` only
rules are scored. The last lines are the gain of the product over the rules with a 95 %
interval from a paired bootstrap that draws tables.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from catalog.suggestion import Finding, Source
from model.choose import Calibration, choose
from model.evaluation.answers import Answer, answers, read, write
from model.evaluation.measures import (
    Cosine,
    Scored,
    chrf,
    difference,
    mean_of_means,
    rouge_l,
)
from model.prompt import Generation, Prompt

LIKENESS = ("rouge_l", "chrf", "cosine")
"""Measures whose difference is drawn."""
SHARES = ("coverage", "model_share", "restates", "unsupported", "degenerate")
"""Measures that are shares of the targets."""


def main() -> None:
    """Reads the arguments, scores, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="records, or answers that --keep wrote")
    parser.add_argument("--model", type=Path, help="GGUF file with its manifest beside")
    parser.add_argument("--idf", type=Path, help="records that tell how rare words are")
    parser.add_argument("--limit", type=int, default=0, help="tables per repository")
    parser.add_argument("--keep", type=Path, help="write the answers there")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    if arguments.data.suffix == ".answers":
        found = read(arguments.data)
    else:
        generate = engine(arguments.model) if arguments.model else None
        found = answers(arguments.data, generate, limit=arguments.limit)
    if arguments.keep:
        write(arguments.keep, found)
    calibration = calibration_beside(arguments.model) if arguments.model else None
    document = report(found, calibration, idf=_idf(arguments.idf, found))
    print(json.dumps(document, indent=2) if arguments.json else _table(document))


def engine(path: Path) -> Callable[[Sequence[Prompt]], Iterable[Generation]]:
    """The product's own engine on that file."""
    from model.engine import Engine, EngineSettings  # starts llama.cpp

    def generate(prompts: Sequence[Prompt]) -> Iterable[Generation]:
        with Engine(EngineSettings(path)) as running:
            for done, generation in enumerate(running.generate(prompts), 1):
                if done % 500 == 0:
                    print(f"{done} texts", file=sys.stderr)
                yield generation

    return generate


def calibration_beside(model: Path) -> Calibration | None:
    """The calibration in the manifest beside a GGUF, if it has one."""
    for path in sorted(model.parent.glob("*.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(manifest, dict) and manifest.get("file") == model.name:
            data = manifest.get("calibration")
            return Calibration.from_json(data) if data else None
    return None


def _idf(path: Path | None, found: Sequence[Answer]) -> Cosine:
    if path is None:
        return Cosine(answer.reference for answer in found)
    from model.training.corpus import read_records

    return Cosine(
        text
        for record in read_records(path)
        for text in (
            record.get("description"),
            *(column.get("description") for column in record["columns"]),
        )
        if text
    )


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


def _table(document: dict[str, Any]) -> str:
    """The report as aligned text."""
    measures = (*LIKENESS, *SHARES)
    lines = []
    for kind, part in document.items():
        lines.append(
            f"{kind}: {part['targets']} in {part['repositories']} repositories"
        )
        lines.append(" " * 9 + "".join(f"{measure:>13}" for measure in measures))
        for system in ("rules", "model", "product"):
            if system in part:
                figures = "".join(f"{part[system][m]:13.2f}" for m in measures)
                lines.append(f"{system:9}{figures}")
        for measure, gain in part.get("gain", {}).items():
            lines.append(
                f"  product - rules, {measure}: {gain['mean']:+.2f} "
                f"(95 % interval {gain['low']:+.2f} to {gain['high']:+.2f})"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
