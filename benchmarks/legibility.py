"""How much of the descriptions can be read in the review, and what else stands there.

    python -m benchmarks.legibility [--old FOLDER] [--sizes 80x24,120x40] [--json]

The embedded demo is drafted by the program's own model where it is at hand, else by
rules; which, the output says. The real program runs on it in a pseudo terminal of
each size, keys go in, and what a terminal would show of the bytes that come out is
looked at. FOLDER is another checkout, such as `git worktree add` makes; its program
drafts the demo then, as the new one can read what that has made. Counted are

- cut: descriptions that no page of the list shows to their end, when all of it is
  paged through,
- lines: the share of the screen's cells in lines of the list that hold a description,
  from where the text begins to the last cell that any text of that run reaches; ink:
  the share of cells with a character of a description. Both for tables of 20 columns
  and as the mean of all tables, each gone to with `]`,
- blank: lines of the screen with nothing on them, at the same places,
- stops: rows whose text no screen had shown whole in the list before the cursor came,
  nor when it stood there, gone through with `j`: nothing but the cursor makes them
  readable.

A panel that shows the whole text of the cursor's row is no part of the list. Not
covered: reading itself.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from statistics import fmean

from columnist_assets.demo.warehouse import build

from benchmarks.machine import machine
from benchmarks.measuring import Json, arguments, table
from benchmarks.screens import PAGE_DOWN, ROOT, Terminal, environment
from catalog.objects import TableId, Target, table_of
from catalog.snapshot import Snapshot
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace, now
from tui.app.screens.review_rows import DESCRIBED, SIGNS, review_lines
from tui.flow.text import plain

SIZES = ("80x24", "120x40", "200x60")
COLUMNS = 20
"""Of the tables that are looked at apart."""
HINT_SECONDS = 9.0
"""What a screen tells a newcomer is gone after so long."""
SETTLED_SECONDS = 0.3
"""A screen that lacks something is looked at once more after this."""
BEGINNING = 12
"""Characters that a description is found by."""
_SIGNS = re.escape("".join(sign for sign, _ in [*SIGNS.values(), DESCRIBED]))
_LEAD = re.compile(rf"[▌• ]*(?:[{_SIGNS}] )?")

Texts = Mapping[TableId, Mapping[Target, str]]
"""What there is to read, in the order of the list."""


# The demo


def prepare(folder: Path, program: Path) -> None:
    """The demo warehouse and its drafts, by one of the programs."""
    warehouse, made = folder / "demo.duckdb", folder / "workspace.part"
    build(warehouse)
    made.unlink(missing_ok=True)
    scanned(program, warehouse, made)
    _command(program, made, "--offline", "draft", f"duckdb:///{warehouse}")
    made.rename(folder / "workspace.db")


def scanned(program: Path, warehouse: Path, workspace: Path) -> None:
    """Read a warehouse into a workspace."""
    _command(program, workspace, "scan", f"duckdb:///{warehouse}")


def _command(program: Path, workspace: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-c", _run(program), *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(program),
            "COLUMNIST_WORKSPACE": str(workspace),
        },
        stdout=subprocess.DEVNULL,
        check=True,
    )


def read(workspace: Path) -> tuple[Texts, dict[str, int]]:
    """All targets and what there is to read of them; who wrote how much of it."""
    texts: dict[TableId, dict[Target, str]] = {}
    writers: Counter[str] = Counter()
    with Workspace(workspace) as opened:
        snapshot, suggestions = Snapshot(opened, 1), Suggestions(opened, 1)
        for summary in snapshot.summaries():
            one = snapshot.table(summary.id)
            assert one is not None
            lines = review_lines(one, suggestions.of_table(summary.id))
            texts[summary.id] = {line.target: plain(line.text) for line in lines}
            for line in lines:
                if line.suggestion is not None:
                    draft = line.suggestion.draft
                    writers[draft.model or draft.source.value] += 1
                elif line.comment is not None:
                    writers["the database"] += 1
    return texts, dict(writers.most_common())


# What is on a screen


@dataclass(frozen=True, slots=True)
class Row:
    """A description in the list, as far as the screen shows it."""

    target: Target
    """What it describes."""
    pieces: tuple[tuple[int, str], ...]
    """The cell that each of its lines begins at, and what stands there."""
    whole: bool
    """Whether that is all of it."""
    here: bool
    """Whether the cursor is on it, as the new list says it."""

    @property
    def edge(self) -> int:
        """The first cell that none of its lines reaches."""
        return max(cell + len(text) for cell, text in self.pieces)


def rows(screen: Sequence[str], texts: Texts) -> list[Row]:
    """The descriptions that the list shows.

    A row begins with its name or its state; a table's follows the line that names it.
    """
    lines = listed(screen)
    found: list[Row] = []
    left: dict[Target, str] = {}
    for at, line in enumerate(lines):
        token = line.strip(" ─").partition(" ")[0]
        if (table_id := _named(token, texts)) is not None:
            left = dict(texts[table_id])
            continue
        begin = _LEAD.match(line).end()  # type: ignore[union-attr]
        name = line[begin:].partition(" ")[0].rstrip("…")
        for target, text in left.items():
            cell = line.find(text[:BEGINNING], begin) if text else -1
            is_named = bool(name) and target.name.startswith(name)
            if cell < 0 or not (is_named or _is_of_table(target, cell - begin)):
                continue
            found.append(_row(target, text, lines[at:], cell))
            del left[target]
            break
    return found


def _named(token: str, texts: Texts) -> TableId | None:
    """The table that a heading names, which may end with an ellipsis."""
    for table_id in texts:
        name = str(table_id)
        if token == name or ("." in token and token == f"{name[: len(token) - 1]}…"):
            return table_id
    return None


def _is_of_table(target: Target, cells: int) -> bool:
    """Whether a text so far behind its state can be a table's, which has no name."""
    return isinstance(target, TableId) and cells <= len("▅† ")


def listed(screen: Sequence[str]) -> list[str]:
    """The lines of the screen that are the list's, without what stands beside it."""
    lines = [line.partition("│")[0].rstrip() for line in screen]
    rules = (at for at, line in enumerate(lines) if line and not line.strip(" ─"))
    return lines[: next(rules, len(lines))]


def _row(target: Target, text: str, lines: Sequence[str], cell: int) -> Row:
    pieces: list[tuple[int, str]] = []
    rest = text
    for line in lines:
        same = takewhile(
            lambda pair: pair[0] == pair[1], zip(rest, line[cell:], strict=False)
        )
        piece = "".join(one for one, _ in same).rstrip()
        if not piece:
            break
        pieces.append((cell, piece))
        rest = rest[len(piece) :].lstrip()
        if not rest or line[cell + len(piece) :].startswith("…"):
            break
    return Row(target, tuple(pieces), not rest, lines[0].startswith("▌"))


# Keys, and what is seen between them


class Reader:
    """The review of one program at one size, and what its list shows.

    Args:
        terminal: the program, with its catalog listed.
        texts: what there is to read.
        apart: it shows one table at a time.
    """

    def __init__(self, terminal: Terminal, texts: Texts, *, apart: bool) -> None:
        self._terminal, self._texts, self._apart = terminal, texts, apart
        self._hint_seconds = HINT_SECONDS

    def open(self) -> None:
        """Open the first table, with the cursor on its first row."""
        self._terminal.press("g")
        self._terminal.wait_for("to decide", "\r")
        time.sleep(self._hint_seconds)
        self._hint_seconds = SETTLED_SECONDS
        self._terminal.press("g")

    def back(self) -> None:
        """Go back to the catalog."""
        self._terminal.wait_for(" described:", "q")

    def rows(self) -> list[Row]:
        """What the list shows."""
        return rows(self._terminal.screen.lines, self._texts)

    def _after(self, key: str) -> list[Row]:
        """What the list shows when a key has done all it does."""
        self._terminal.press(key)
        time.sleep(SETTLED_SECONDS)
        self._terminal.drain()
        return self.rows()

    def pages(self) -> Iterator[list[Row]]:
        """All of the list, page by page."""
        last = list(self._texts)[-1]
        shown = self.rows()
        while True:
            yield shown
            for key in (PAGE_DOWN, "]"):
                before, shown = shown, self._after(key)
                if shown != before:
                    break
                if any(table_of(row.target) == last for row in shown):
                    return
            else:
                return

    def tables(self) -> Iterator[tuple[TableId, list[Row], int]]:
        """Each table, gone to: what is shown then, and lines with nothing on them."""
        shown = self.rows()
        for table_id in self._texts:
            screen = self._terminal.screen.lines
            yield table_id, shown, sum(not line.strip(" │") for line in screen)
            shown = self._after("]")

    def stops(self) -> Iterator[tuple[Target, list[Row]]]:
        """Each row that the cursor comes to, and what is shown then."""
        first = True
        for texts in self._texts.values():
            for number, target in enumerate(texts):
                if not first:
                    apart = self._apart and not number
                    for key in ("]", "g") if apart else ("j",):
                        self._terminal.press(key)
                first = False
                shown = self.rows()
                yield target, shown


def count(terminal: Terminal, texts: Texts, *, apart: bool, size: str) -> Json:
    """Everything that is counted of one program at one size."""
    lines, cells = parsed(size)
    reader = Reader(terminal, texts, apart=apart)
    wanted = {target for of in texts.values() for target, text in of.items() if text}
    terminal.wait_for(" described:")
    reader.open()
    whole, edge = set[Target](), 0
    for shown in reader.pages():
        whole.update(row.target for row in shown if row.whole)
        edge = max([edge, *(row.edge for row in shown)])
    cut = sorted(map(str, wanted - whole))
    reader.back()
    reader.open()
    places = {table_id: (shown, blank) for table_id, shown, blank in reader.tables()}
    edge = max(row.edge for shown, _ in places.values() for row in shown)
    reader.back()
    reader.open()
    seen, stops = set[Target](), 0
    for target, shown in reader.stops():
        seen.update(row.target for row in shown if row.whole)
        if target in wanted - seen:
            time.sleep(SETTLED_SECONDS)
            seen.update(row.target for row in reader.rows() if row.whole)
            stops += target not in seen
    found: Json = {
        "size": size,
        "descriptions": len(wanted),
        "cut": cut,
        "cut_share": len(cut) / len(wanted),
        "stops": stops,
    }
    every = list(texts)
    typical = [each for each in every if len(texts[each]) == COLUMNS + 1] or every
    for name, tables in (("typical", typical), ("all", every)):
        kept = [places[table_id] for table_id in tables]
        pieces = [[p for row in shown for p in row.pieces] for shown, _ in kept]
        area = [sum(edge - cell for cell, _ in each) for each in pieces]
        ink = [sum(len(t.replace(" ", "")) for _, t in each) for each in pieces]
        found[name] = {
            "tables": len(tables),
            "lines_share": fmean(area) / (lines * cells),
            "ink_share": fmean(ink) / (lines * cells),
            "blank": fmean(blank for _, blank in kept),
        }
    return found


def run(program: Path, folder: Path, texts: Texts, size: str) -> Json:
    """One program on a copy of the workspace."""
    with tempfile.TemporaryDirectory(prefix="columnist-legibility-") as name:
        home = Path(name)
        copy = Path(shutil.copy(folder / "workspace.db", home))
        with sqlite3.connect(copy) as db:  # else it is read anew
            db.execute("UPDATE databases SET scanned_at = ?", (now(),))
        db.close()
        url = f"duckdb:///{folder / 'demo.duckdb'}"
        terminal = Terminal(
            [sys.executable, "-c", _run(program), "open", url],
            {**environment(home), "PYTHONPATH": str(program)},
            parsed(size),
        )
        try:
            return count(terminal, texts, apart=program != ROOT, size=size)
        finally:
            terminal.close()


def _run(program: Path) -> str:
    return f"import os; os.chdir({str(program)!r}); from tui.cli import main; main()"


def parsed(size: str) -> tuple[int, int]:
    """Lines and cells of `120x40`."""
    cells, _, lines = size.partition("x")
    return int(lines), int(cells)


# All runs


def main() -> None:
    """Count and print."""
    parser = arguments(__doc__)
    parser.add_argument("--old", type=Path, help="another checkout")
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--kept", type=Path, help="a folder that keeps the drafts")
    options = parser.parse_args()
    programs = {"new": ROOT}
    if options.old is not None:
        programs["old"] = options.old.resolve()
    with tempfile.TemporaryDirectory(prefix="columnist-legibility-") as name:
        folder = (options.kept or Path(name)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "workspace.db").exists():
            _say("drafting the demo")
            prepare(folder, programs.get("old", ROOT))
        # Of a copy: an older program could not read what this one made of it.
        texts, writers = read(
            Path(shutil.copy(folder / "workspace.db", Path(name) / "read.db"))
        )
        found: dict[str, list[Json]] = {arm: [] for arm in programs}
        for size in options.sizes.split(","):
            for arm, program in programs.items():
                _say(f"{size}: {arm}")
                found[arm].append(run(program, folder, texts, size))
    document = {
        "benchmark": "legibility",
        "machine": machine().as_json(),
        "writers": writers,
        "found": found,
    }
    if options.json:
        print(json.dumps(document, indent=2))
        return
    print("\n".join(machine().lines()))
    print("work       the demo, its drafts by " + _by(writers), end="\n\n")
    for at, size in enumerate(options.sizes.split(",")):
        arms = [found[arm][at] for arm in programs]
        print(table([size, *programs, "asked for"], _cells(arms, size)), end="\n\n")


def _by(writers: Mapping[str, int]) -> str:
    return ", ".join(f"{writer} ({number:,})" for writer, number in writers.items())


def _cells(arms: Sequence[Json], size: str) -> list[list[str]]:
    asked = {("cut", "80x24"): "3 %", ("lines", "120x40"): "45 %"}
    asked |= {("cut", each): "0 %" for each in ("120x40", "200x60")}
    rows = [
        ["descriptions", *(f"{arm['descriptions']:,}" for arm in arms), ""],
        [
            "cut in the list",
            *(f"{len(arm['cut']):,}, {arm['cut_share']:.1%}" for arm in arms),
            asked.get(("cut", size), ""),
        ],
        ["stops only to read", *(f"{arm['stops']:,}" for arm in arms), ""],
    ]
    for name, what in (("typical", f"{COLUMNS} columns"), ("all", "all tables")):
        aim = asked.get(("lines", size), "") if name == "typical" else ""
        rows += [
            [
                f"{what}: lines",
                *(f"{arm[name]['lines_share']:.1%}" for arm in arms),
                aim,
            ],
            [f"{what}: ink", *(f"{arm[name]['ink_share']:.1%}" for arm in arms), ""],
            [f"{what}: blank", *(f"{arm[name]['blank']:.1f}" for arm in arms), ""],
        ]
    return rows


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
