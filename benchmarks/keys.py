"""How long a key takes from the terminal to the row that it changes, old against new.

    python -m benchmarks.keys --old FOLDER [--tables 10000] [--json]

FOLDER is another checkout, such as `git worktree add` makes. Both programs run in a
pseudo terminal on copies of one workspace: so many tables whose suggestions wait, among
them one of 20 columns and one of 300. Measured is

- from `a` until the count of what is left to decide is drawn, which comes with the row,
- the same for the `u` that takes it back,
- CPU: what a key takes of the processor until all is drawn, which says more than the
  time where the machine is busy.

The arms take turns, a program each; a ratio is the new one beside the old one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

import duckdb

from benchmarks import screens
from benchmarks.machine import machine
from benchmarks.measuring import (
    Json,
    arguments,
    cpu_seconds,
    interleave,
    median,
    ratio,
    ratio_text,
    table,
)
from benchmarks.scale import catalog
from benchmarks.screens import BATCH, ROOT, Terminal
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, Target
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace, now
from connectors.connect import identify

WIDTHS = (20, 300)
DECISIONS = 15


def build(folder: Path, tables: int) -> None:
    """A workspace in which everything waits, and an empty database."""
    database = folder / "warehouse.duckdb"
    duckdb.connect(str(database)).close()
    identity = identify(f"duckdb:///{database}")
    with Workspace(folder / "workspace.db") as workspace:
        number = workspace.database(identity, url=f"duckdb:///{database}")
        snapshot = Snapshot(workspace, number)
        suggestions = Suggestions(workspace, number)
        scan = snapshot.begin()
        rest = chain(map(_wide, WIDTHS), catalog(tables - len(WIDTHS)))
        while batch := list(islice(rest, BATCH)):
            snapshot.save(batch, scan=scan)
            suggestions.put((draft, None) for each in batch for draft in _drafts(each))
        snapshot.finish(scan)
        with workspace.transaction() as db:
            db.execute("UPDATE databases SET scanned_at = ?", (now(),))


def _wide(width: int) -> Table:
    """The first of the list, by name."""
    table_id = TableId("a_first", f"wide_{width:03}")
    columns = (
        Column(ColumnId(table_id, f"measure_{number}"), number, "bigint")
        for number in range(1, width + 1)
    )
    return Table(table_id, TableKind.TABLE, tuple(columns))


def _drafts(of: Table) -> Iterator[Draft]:
    targets: list[Target] = [of.id, *(column.id for column in of.columns)]
    for target in targets:
        text = f"The {target.name.replace('_', ' ')} as it was recorded."
        yield Draft(target, text, Source.MODEL, 0.5)


def decide(program: Path, workspace: Path, width: int) -> Json:
    """One run of a program: seconds of each key."""
    with tempfile.TemporaryDirectory(prefix="columnist-keys-") as name:
        home = Path(name)
        copy = home / "workspace.db"
        shutil.copy(workspace, copy)
        run = f"import os; os.chdir({str(program)!r}); from tui.cli import main; main()"
        url = f"duckdb:///{workspace.with_name('warehouse.duckdb')}"
        terminal = Terminal(
            [sys.executable, "-c", run, "open", url],
            {**screens.environment(home), "PYTHONPATH": str(program)},
        )
        try:
            terminal.wait_for("a_first.")
            terminal.wait_for(" described:")
            for _ in range(WIDTHS.index(width)):
                terminal.press("j")
            left = width + 1
            terminal.wait_for(f" {left} to decide", "\r")
            found: Json = {}
            for key, change in (("a", -1), ("u", 1)):
                terminal.drain()
                used = cpu_seconds(terminal.pid)
                seconds: list[float] = []
                for _ in range(DECISIONS):
                    left += change
                    seconds.append(terminal.wait_for(f" {left} to decide", key))
                terminal.drain()
                used = cpu_seconds(terminal.pid) - used
                found[key] = median(seconds)
                found[f"{key}, CPU"] = used / DECISIONS
            return found
        finally:
            terminal.close()


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--old", type=Path, help="another checkout")
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--build", type=Path, help="only make the workspace, there")
    options = parser.parse_args()
    if options.build is not None:
        build(options.build, options.tables)
        return
    if options.old is None:
        parser.error("--old is needed")
    old = options.old.resolve()
    rows: list[Json] = []
    with tempfile.TemporaryDirectory(prefix="columnist-keys-") as name:
        # By the old program, as the new one can read what that has made.
        subprocess.run(
            [sys.executable, __file__, "--build", name, f"--tables={options.tables}"],
            env={**os.environ, "PYTHONPATH": str(old)},
            check=True,
        )
        workspace = Path(name) / "workspace.db"
        for width in WIDTHS:
            arms = {
                "old": partial(decide, old, workspace, width),
                "new": partial(decide, ROOT, workspace, width),
            }
            found = interleave(arms, options.repeats, told=_tell)
            for key in ("a", "u", "a, CPU", "u, CPU"):
                before, after = (
                    [1000 * run[key] for run in found[arm]] for arm in arms
                )
                rows.append(
                    {
                        "what": f"{key}, {width} columns",
                        "new_ms": median(after),
                        "old_ms": median(before),
                        "ratio": ratio(after, before).as_json(),
                    }
                )
    if options.json:
        document = {"benchmark": "keys", "machine": machine().as_json(), "rows": rows}
        print(json.dumps(document, indent=2))
        return
    print("\n".join(machine().lines()))
    print(f"work       {DECISIONS} decisions, {options.tables:,} tables\n")
    cells = [
        [
            row["what"],
            f"{row['new_ms']:.1f}",
            f"{row['old_ms']:.1f}",
            ratio_text(row["ratio"]),
        ]
        for row in rows
    ]
    print(table(["ms", "new", "old", "ratio"], cells))


def _tell(arm: str, repeat: int) -> None:
    print(f"repeat {repeat + 1}: {arm}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
