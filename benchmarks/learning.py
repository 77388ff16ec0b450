"""What `columnist learn` does for a steward with rules of their own.

    python -m benchmarks.learning [--house terse|german] [--texts 300] [--minutes 15]

A simulated steward (`benchmarks.houses`) of the demo warehouse, without the comments
that it comes with, decides on drafts of the model in use until there are so many
decided texts: takes a draft as it is where it says what the house says, else edits it.
Then `columnist learn` runs as it is for a steward, in a workspace of its own. In the
end both models draft the tables that nobody decided on, with the decided texts beside
them as the database's comments, the same for both: how often does the steward take a
draft as it is? The models in use before and after are of the same run.

Texts are taken as they are where they are equal but for white space and a last stop.
The interval of the difference draws whole tables again, paired (2,000 times).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.houses import HOUSES, House
from benchmarks.machine import machine
from catalog.addresses import DatabaseIdentity
from catalog.intervals import wilson
from catalog.objects import Table, Target, make_target
from catalog.snapshot import Snapshot
from catalog.suggestion import State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from model.draft import Drafter, Job
from model.engine import Engine
from model.evaluation.house import Answer, answers, compare, documented, same
from model.known_systems import KnownSystems
from model.library import ModelFile
from model.nearest import shipped
from model.teacher_set import Described
from tui.flow.model_choice import engine_settings, library
from tui.flow.settings import Settings, locate

SEED = 1
"""Of the order of tables."""


def main() -> None:
    """Reads the arguments, simulates, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--house", choices=sorted(HOUSES), default="terse")
    parser.add_argument("--texts", type=int, default=300, help="decided on")
    parser.add_argument("--minutes", type=float, default=15, help="of learning")
    parser.add_argument("--tables", type=int, default=25, help="drafted in the end")
    parser.add_argument("--folder", type=Path, help="kept; else a temporary one")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        document = simulate(
            HOUSES[given.house],
            folder,
            texts=given.texts,
            minutes=given.minutes,
            most=given.tables,
        )
    document = {"house": given.house, **document, "machine": machine().as_json()}
    print(json.dumps(document, indent=2) if given.json else "\n".join(_told(document)))


def simulate(
    house: House, folder: Path, *, texts: int, minutes: float, most: int
) -> dict[str, Any]:
    """Decide, learn, and see what the steward takes of both models' drafts.

    Args:
        house: what the steward wants.
        folder: where all of it is kept.
        texts: how many are decided on.
        minutes: that learning may take.
        most: tables never decided on that are drafted in the end.
    """
    options = locate(folder / "workspace.db")
    known = library(options)
    standing = known.find(None)
    tables = demo_tables(folder)
    random.Random(SEED).shuffle(tables)
    decided: list[Described] = []
    while tables and sum(len(each.texts) for each in decided) < texts:
        decided.append(described_by(house, tables.pop()))
    taken = _decide(decided, standing, options)
    begin, busy = time.monotonic(), cpu()
    learning = subprocess.run(
        [
            *(sys.executable, "-c", "from tui.cli import main; main()"),
            *("--workspace", options.workspace, "learn", "--json"),
            *("--minutes", str(minutes)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - begin
    if learning.returncode not in (0, 3) or not learning.stdout:
        sys.exit(f"learn ended with {learning.returncode}")
    told = json.loads(learning.stdout)
    rest = [described_by(house, each) for each in tables[:most]]
    beside = documented(decided)

    def answered(model: ModelFile) -> list[Answer]:
        with Engine(engine_settings(model, options)) as engine:
            return answers(engine, model, rest, beside)

    before, after = map(answered, (standing, known.find(None)))
    return {
        "decided": {"texts": sum(len(d.texts) for d in decided), "as_drafted": taken},
        "learn": told,
        "exit_code": learning.returncode,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu() - busy, 1),
        "undecided_tables": compare(before, after),
    }


def cpu() -> float:
    """CPU time of all processes that were started here and have ended, in seconds."""
    used = os.times()
    return used.children_user + used.children_system


def demo_tables(folder: Path) -> list[Table]:
    """The tables of the demo warehouse without their comments."""
    from columnist_assets.demo.warehouse import build

    from tui.flow.scanning import scan
    from tui.flow.session import open_session

    path = folder / "demo.duckdb"
    if not path.exists():
        build(path)
    with open_session(
        locate(folder / "scan" / "workspace.db"), f"duckdb:///{path}"
    ) as s:
        tables = list(scan(s))
    return [
        replace(
            each,
            comment=None,
            columns=tuple(c._replace(comment=None) for c in each.columns),
        )
        for each in sorted(tables, key=lambda table: table.id)
    ]


def described_by(house: House, table: Table) -> Described:
    """A table with what a house says of it and of each of its columns."""
    texts = {None: house(table, None)} | {
        column.name: house(table, column) for column in table.columns
    }
    return Described(table, texts, {}, str(table.id), "", {})


def _decide(decided: Sequence[Described], model: ModelFile, options: Settings) -> int:
    """Draft these tables and decide on all of it; how many are taken as drafted."""
    jobs = [
        Job(each.table, tuple(_target(each.table, name) for name in each.texts), {})
        for each in decided
    ]
    wanted = {
        _target(each.table, name): text
        for each in decided
        for name, text in each.texts.items()
    }
    with Workspace(options.workspace) as workspace:
        database = workspace.database(
            DatabaseIdentity("simulated", "demo"), url="duckdb:///demo.duckdb"
        )
        snapshot = Snapshot(workspace, database)
        snapshot.save([each.table for each in decided], scan=snapshot.begin())
        store = Suggestions(workspace, database)
        if not store.all():  # else the folder was kept of a run before
            with Engine(engine_settings(model, options)) as engine:
                drafter = Drafter(
                    engine, model, nearest=shipped(), known=KnownSystems.shipped()
                )
                store.put((draft, None) for draft in drafter.draft(jobs))
        for each in store.all(states=(State.PENDING, State.ABSTAINED)):
            if same(each.text, wanted[each.target]):
                store.accept([each])
            else:
                store.edit(each, wanted[each.target])
        return sum(not each.edited for each in store.all())


def _target(table: Table, name: str | None) -> Target:
    return make_target(*table.id, name)


def _told(document: dict[str, Any]) -> list[str]:
    learn = document["learn"]
    lines = [
        f"{document['house']}: {document['decided']['as_drafted']} of"
        f" {document['decided']['texts']} drafts taken as they were;"
        f" learn took {document['seconds'] / 60:.1f} minutes,"
        f" {document['cpu_seconds'] / 60:.1f} of CPU time, exit code"
        f" {document['exit_code']}"
    ]
    for where, each in (
        ("held-out tables", learn["held_out"]),
        ("shipped test set", learn["shipped"]),
        ("tables never decided on", document["undecided_tables"]),
    ):
        lines.append(f"{where}: {each['texts']} texts of {each['tables']} tables")
        for measure in ("accepted", "likeness"):
            found = each[measure]
            shares = " to ".join(
                _share(found[side], each["texts"])
                if measure == "accepted"
                else f"{found[side]:.1%}"
                for side in ("before", "after")
            )
            lines.append(
                f"  {measure}: {shares}, {100 * found['by']:+.1f} points"
                f" ({100 * found['low']:+.1f} to {100 * found['high']:+.1f})"
            )
    return lines


def _share(share: float, total: int) -> str:
    found = wilson(round(share * total), total)
    assert found is not None
    return f"{found.share:.1%} ({found.low:.1%} to {found.high:.1%})"


if __name__ == "__main__":
    main()
