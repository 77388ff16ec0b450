"""What rules and model say of every described target of a data set.

    python -m model.evaluation.answers DATA.jsonl[.xz] --model GGUF -o dev.answers

`model.evaluation.calibrate` fits the choice between the two on what this writes. The
model is asked with the compact prompt, as `columnist-small` is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from catalog.objects import Profile, Table, TableId, Target, column_of
from catalog.suggestion import Finding
from model import checks
from model.prompt import Generation, Prompt
from model.prompts.compact import compact_prompts, finish
from model.rules import describe_column, describe_table
from model.training.corpus import codes_of_record, read_records, table_of_record

Generate = Callable[[Sequence[Prompt]], Iterable[Generation]]
"""Writes every block of every prompt, in any order."""

UNUSABLE = frozenset({Finding.UNSUPPORTED, Finding.DEGENERATE, Finding.CONTROL})
"""A model's text with one of these is not used; the product does the same."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One target: the human's text and the candidates."""

    repository: str
    """Source of the record."""
    table: str
    """Its table, with the record's number: unique in the set."""
    column: str | None
    """The column; None for the table itself."""
    reference: str
    """What a human wrote."""
    rules: str | None
    """The rules' sentence; None where they abstain."""
    model: str | None
    """The model's text in house style; None without a model."""
    logprob: float
    """Mean log-probability of the model's tokens."""
    usable: bool
    """Whether the model's text passed the checks that the product makes."""
    findings: tuple[tuple[str, ...], tuple[str, ...]]
    """What the checks find in the rules' sentence and in the model's text."""


def main() -> None:
    """Reads the arguments, asks the model, writes its answers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="records with human texts")
    parser.add_argument("--model", type=Path, help="GGUF file; rules alone without it")
    parser.add_argument("--limit", type=int, default=0, help="tables per repository")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    generate = engine(arguments.model) if arguments.model else None
    write(arguments.output, answers(arguments.data, generate, limit=arguments.limit))


def engine(path: Path) -> Generate:
    """The product's own engine on that file."""
    from model.engine import Engine, EngineSettings  # starts llama.cpp

    def generate(prompts: Sequence[Prompt]) -> Iterable[Generation]:
        with Engine(EngineSettings(path)) as running:
            for done, generation in enumerate(running.generate(prompts), 1):
                if done % 500 == 0:
                    print(f"{done} texts", file=sys.stderr)
                yield generation

    return generate


def answers(
    path: Path, generate: Generate | None, *, style: str = "data", limit: int = 0
) -> list[Answer]:
    """Answers for a data set; without `generate` the rules' alone.

    `limit` takes only the first tables of every repository; 0 takes all.
    """
    tables = list(_tables(path, limit))
    prompts: list[Prompt] = []
    places: list[tuple[int, tuple[Target, ...]]] = []
    for number, (_, table, references, profiles) in enumerate(tables):
        for prompt, targets in compact_prompts(
            table, list(references), profiles, style=style
        ):
            prompts.append(prompt)
            places.append((number, targets))
    written: dict[tuple[int, Target], Generation] = {}
    if generate is not None:
        for generation in generate(prompts):
            number, targets = places[generation.prompt]
            written[number, targets[generation.block]] = generation
    return [
        _answer(
            tables[number], number, target, reference, written.get((number, target))
        )
        for number, (_, _, references, _) in enumerate(tables)
        for target, reference in references.items()
    ]


_Entry = tuple[str, Table, dict[Target, str], dict[str, Profile]]


def _tables(path: Path, limit: int) -> Iterator[_Entry]:
    """Repository, table, references by target, and profiles with the code lists."""
    taken: dict[str, int] = {}
    for record in read_records(path):
        source = record["source"]
        taken[source] = taken.get(source, 0) + 1
        if limit and taken[source] > limit:
            continue
        table = table_of_record(record)
        references: dict[Target, str] = {}
        if record.get("description"):
            references[table.id] = record["description"]
        for column, known in zip(record["columns"], table.columns, strict=True):
            if column.get("description"):
                references[known.id] = column["description"]
        profiles = {
            name: Profile(rows=0, null_share=0.0, distinct=len(codes), codes=codes)
            for name, codes in codes_of_record(record).items()
        }
        yield source, table, references, profiles


def _answer(
    entry: _Entry,
    number: int,
    target: Target,
    reference: str,
    generation: Generation | None,
) -> Answer:
    repository, table, _, profiles = entry
    name = column_of(target)
    profile = profiles.get(name or "")
    if isinstance(target, TableId):
        by_rules = describe_table(table)
    else:
        column = table.column(target.name)
        by_rules = describe_column(table, column, profile) if column else None
    text = finish(generation.text) or None if generation else None
    complete = generation is None or generation.complete
    found: tuple[Finding, ...] = ()
    if text:
        found = checks.find(
            text, table, target, profile, complete=complete, by_model=True
        )
    first = checks.find(by_rules, table, target, profile) if by_rules else ()
    return Answer(
        repository=repository,
        table=f"{number} {table.id}",
        column=name,
        reference=reference,
        rules=by_rules,
        model=text,
        logprob=generation.logprob if generation else float("-inf"),
        usable=bool(text) and not UNUSABLE & set(found),
        findings=(
            tuple(finding.value for finding in first),
            tuple(finding.value for finding in found),
        ),
    )


def write(path: Path, found: Sequence[Answer]) -> None:
    """Answers as JSON Lines, so that they can be scored again without a model."""
    with path.open("w", encoding="utf-8") as file:
        for answer in found:
            file.write(json.dumps(asdict(answer)) + "\n")


def read(path: Path) -> list[Answer]:
    """The inverse of `write`."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        Answer(
            **(
                row
                | {"findings": (tuple(row["findings"][0]), tuple(row["findings"][1]))}
            )
        )
        for row in rows
    ]


if __name__ == "__main__":
    main()
