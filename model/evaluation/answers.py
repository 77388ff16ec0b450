"""What the app would choose from for every described target of a data set.

    python -m model.evaluation.answers DATA.jsonl[.xz] --model GGUF -o dev.answers

`model.evaluation.calibrate` fits the choice on what this writes. The app's own
`Drafter` does the work, so prompts, checks and signs are the app's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catalog.objects import Target, column_of
from catalog.suggestion import Source
from model.choose import Calibration, Candidate, Line, Scale, Signs, signs_of
from model.draft import Drafter, Job
from model.engine import Engine, EngineSettings
from model.evaluation.records import Entry, read_entries
from model.library import ModelFile, PromptFormat

_UNMEASURED = Scale(Line(), Line(), Line(), 0.0)


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
    candidates: tuple[Candidate, ...]
    """Usable texts: the rules' first where there is one, then the model's."""
    signs: tuple[Signs, ...]
    """The signs of each."""


def main() -> None:
    """Reads the arguments, asks the model, writes its answers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="records with human texts")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--styles", default="data,rules", help="one text for each")
    parser.add_argument("--draws", type=int, default=7, help="drawn in the first")
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--limit", type=int, default=0, help="tables per repository")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    entries = list(read_entries(arguments.data, limit=arguments.limit))
    calibration = Calibration(
        _UNMEASURED,
        _UNMEASURED,
        tuple(arguments.styles.split(",")),
        arguments.draws,
        arguments.temperature,
    )
    model = ModelFile(
        arguments.model.stem,
        arguments.model,
        PromptFormat.COMPACT,
        None,
        calibration,
        {},
    )
    with Engine(EngineSettings(arguments.model)) as engine:
        write(arguments.output, answers(entries, engine, model))


def answers(
    entries: Sequence[Entry], engine: Engine, model: ModelFile
) -> Iterator[Answer]:
    """An answer for every target that a human described."""
    places = {id(entry.table): number for number, entry in enumerate(entries)}
    found: list[Answer] = []

    def seen(job: Job, target: Target, candidates: Sequence[Candidate]) -> None:
        number = places[id(job.table)]
        entry = entries[number]
        found.append(
            Answer(
                entry.repository,
                f"{number} {job.table.id}",
                column_of(target),
                _reference(entry, target),
                tuple(candidates),
                tuple(signs_of(candidates, job.table, target)),
            )
        )

    drafter = Drafter(engine, model, seen=seen)
    jobs = (Job(entry.table, entry.wanted, entry.profiles) for entry in entries)
    total = sum(len(entry.wanted) for entry in entries)
    for done, _ in enumerate(drafter.draft(jobs), 1):
        if done % 500 == 0:
            print(f"{done} of {total}", file=sys.stderr)
        yield from found
        found.clear()


def _reference(entry: Entry, target: Target) -> str:
    """What the human wrote of a wanted target."""
    name = column_of(target)
    if name is None:
        return str(entry.record["description"])
    column = next(c for c in entry.record["columns"] if c["name"] == name)
    return str(column["description"])


def write(path: Path, found: Iterable[Answer]) -> None:
    """Answers as JSON Lines, so that a choice can be fitted without the model."""
    with path.open("w", encoding="utf-8") as file:
        for answer in found:
            file.write(json.dumps(asdict(answer), default=_plain) + "\n")


def _plain(value: object) -> str:
    assert isinstance(value, Source)
    return value.value


def read(path: Path) -> list[Answer]:
    """The inverse of `write`."""
    with path.open(encoding="utf-8") as file:
        return [_answer(json.loads(line)) for line in file]


def _answer(row: dict[str, Any]) -> Answer:
    candidates = tuple(
        Candidate(**(each | {"source": Source(each["source"])}))
        for each in row["candidates"]
    )
    return Answer(**(row | {"candidates": candidates, "signs": tuple(row["signs"])}))


if __name__ == "__main__":
    main()
