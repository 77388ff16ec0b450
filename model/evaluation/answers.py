"""What the app would choose from for described targets of a data set.

    python -m model.evaluation.answers DATA.jsonl[.xz] --model GGUF -o dev.answers

`model.evaluation.calibrate` fits the choice on what this writes and on labels of it.
The app's own `Drafter` does the work, so prompts, checks and signs are the app's.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.files import write_file
from catalog.objects import TableId, column_of
from model.choose import Calibration, Candidate, Scale, Signs, WeightedSum, signs_of
from model.engine import Engine
from model.evaluation.json_lines import encoded, read_lines
from model.evaluation.records import Entry, read_entries
from model.evaluation.systems import drafted
from model.library import ModelFile, PromptFormat
from model.wire import EngineSettings

_UNMEASURED = Scale(WeightedSum(), WeightedSum(), WeightedSum())


@dataclass(frozen=True, slots=True)
class RecordTarget:
    """A table or column of a data set."""

    source: str
    """Repository of the record."""
    schema: str
    """Its schema."""
    table: str
    """Its table."""
    column: str | None
    """The column; None for the table itself."""

    @property
    def place(self) -> tuple[str, str, str, str | None]:
        """By which answers and labels find each other."""
        return self.source, self.schema, self.table, self.column


@dataclass(frozen=True, slots=True)
class TargetAnswer(RecordTarget):
    """One target and its candidates."""

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
    parser.add_argument("--tables", type=int, default=0, help="per repository; 0: all")
    parser.add_argument("--columns", type=int, default=0, help="per table; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    entries = sample(
        read_entries(arguments.data),
        tables=arguments.tables,
        columns=arguments.columns,
        seed=arguments.seed,
    )
    calibration = Calibration(_UNMEASURED, _UNMEASURED)
    file = arguments.model
    model = ModelFile(file.stem, file, PromptFormat.COMPACT, None, calibration, {})
    with Engine(EngineSettings(file)) as engine:
        write(arguments.output, answers(entries, engine, model))


def sample(
    entries: Sequence[Entry], *, tables: int, columns: int, seed: int
) -> list[Entry]:
    """At most so many tables of each repository and so many columns of each table."""
    rng = random.Random(seed)
    shuffled = rng.sample(entries, len(entries))
    taken: dict[str, int] = {}
    found: list[Entry] = []
    for entry in shuffled:
        number = taken.get(entry.repository, 0)
        if tables and number >= tables:
            continue
        taken[entry.repository] = number + 1
        named = [t for t in entry.wanted if not isinstance(t, TableId)]
        chosen = named
        if columns and len(named) > columns:
            chosen = rng.sample(named, columns)
        whole = [t for t in entry.wanted if isinstance(t, TableId)]
        found.append(replace(entry, wanted=(*whole, *chosen)))
    return found


def answers(
    entries: Sequence[Entry], engine: Engine, model: ModelFile
) -> Iterator[TargetAnswer]:
    """An answer for every wanted target."""
    total = sum(len(entry.wanted) for entry in entries)
    found = drafted(engine, model, entries)
    for done, (number, draft, candidates) in enumerate(found, 1):
        if done % 100 == 0:
            print(f"{done} of {total}", file=sys.stderr)
        entry, name = entries[number], column_of(draft.target)
        yield TargetAnswer(
            entry.repository,
            *entry.table.id,
            name,
            entry.human[name],
            tuple(candidates),
            tuple(signs_of(candidates, entry.table, draft.target)),
        )


def write(path: Path, found: Iterable[TargetAnswer]) -> None:
    """Answers as JSON Lines, so that a choice can be fitted without the model."""
    write_file(path, "".join(map(encoded, found)), hint="Choose another with -o.")


def read(path: Path) -> list[TargetAnswer]:
    """The inverse of `write`."""
    return list(
        read_lines(path, TargetAnswer, "Make it again, with model.evaluation.answers.")
    )


if __name__ == "__main__":
    main()
