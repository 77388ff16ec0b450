"""How long a steward waits for the screen in a warehouse of 100,000 tables.

    python -m benchmarks.screens [--tables 100000] [--kept FOLDER] [--json]

The workspace holds so many tables of 12 columns; every tenth is documented, all the
rest has a suggestion that waits. The real program runs in a pseudo terminal of 120 by
40 cells, in a process of its own, and keys are typed into it. Measured:

- opening: from the first byte the program draws until the first tables are drawn;
  process: from starting it, Python's imports and all; to all tables: until every one
  is listed and counted,
- key to paint: from a key until the first byte that it draws, and "whole" until the
  last one, after which nothing came for 40 ms: moving in the list of tables, typing
  and deleting a filter of 11 letters, moving and accepting in the review. The first
  byte of a filter is the letter in its box, the last one the list,
- accept, undo: from the key that confirms until the screen says that it is done, for a
  filtered list of about 10,000 suggestions,
- count all: from the key until the question with the exact count of everything, which
  is counted beside the screen, and the keys of a rule while that is being counted,
- memory: most that the app's process had, the shared pages of libraries among it.

The baseline is the same program with 100 tables, in the same run. Not covered: the
terminal that draws the bytes, a network, drafting in the background (that is
`benchmarks.latency`), and the database, which is an empty DuckDB file.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random

import duckdb

from benchmarks.emulator import Screen
from benchmarks.machine import machine
from benchmarks.measuring import (
    Json,
    arguments,
    median,
    peak_memory,
    ratio,
    ratio_text,
    table,
)
from benchmarks.scale import catalog
from catalog.objects import Table, Target
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Finding, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace, now
from connectors.connect import identify

ROOT = Path(__file__).resolve().parent.parent
SMALL = 100
WIDTH = 12
BATCH = 1000
SIZE = (40, 120)
QUIET_SECONDS = 0.04
"""A screen is drawn when nothing came for so long."""
TIMEOUT_SECONDS = 120.0
BULK = 10_000
MOVES = 60
DECISIONS = 60
RULES = 20
"""Keys typed into a rule."""
PAGE_DOWN, PAGE_UP = "\x1b[6~", "\x1b[5~"
KEYS = (
    "moving",
    "paging",
    "filtering",
    "reviewing",
    "review paging",
    "over tables",
    "next",
    "accepting",
    "review filtering",
    "ruling",
)
NAMED = "customer"
"""Typed into the filter of the review: a part of a name."""


# The workspace


def build(folder: Path, tables: int) -> Path:
    """A workspace as a scan and a draft leave it, and an empty database."""
    path = folder / f"{tables}.db"
    database = folder / "warehouse.duckdb"
    if not database.exists():
        duckdb.connect(str(database)).close()
    if path.exists():
        return path
    random = Random(1)
    identity = identify(f"duckdb:///{database}")
    made = path.with_suffix(".part")
    made.unlink(missing_ok=True)
    with Workspace(made) as workspace:
        number = workspace.database(identity, url=f"duckdb:///{database}")
        snapshot, suggestions = (
            Snapshot(workspace, number),
            Suggestions(workspace, number),
        )
        scan = snapshot.begin()
        rest = catalog(tables, width=WIDTH)
        while batch := list(islice(rest, BATCH)):
            with workspace.transaction():
                snapshot.save(batch, scan=scan)
                suggestions.put(
                    (_draft(target, random), None)
                    for each in batch
                    if each.comment is None
                    for target in _targets(each)
                )
        snapshot.finish(scan)
    made.rename(path)
    return path


def _targets(of: Table) -> list[Target]:
    return [of.id, *(column.id for column in of.columns)]


def _draft(target: Target, random: Random) -> Draft:
    text = f"The {target.name.replace('_', ' ')} as it was recorded."
    findings = (Finding.RESTATES,) if random.random() < 0.05 else ()
    source = random.choice((Source.MODEL, Source.RULES))
    model = "columnist-135m" if source is Source.MODEL else None
    return Draft(target, text, source, random.random() * 0.6, findings, model)


# The terminal


class Terminal:
    """The program in a pseudo terminal: keys go in, bytes come out.

    Args:
        command: the program.
        environment: its variables.
        size: lines and cells of the terminal.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        size: tuple[int, int] = SIZE,
    ) -> None:
        self.began = time.perf_counter()
        self.pid, self._file = pty.fork()
        given = struct.pack("HHHH", *size, 0, 0)
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, given)
            os.chdir(ROOT)
            os.execvpe(command[0], list(command), environment)
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, given)
        self.seen = b""
        self._screen = Screen()
        self._undrawn = b""

    @property
    def screen(self) -> Screen:
        """What it shows; drawn when asked for, so that no measured time pays for it."""
        self._screen.take(self._undrawn)
        self._undrawn = b""
        return self._screen

    def press(self, keys: str) -> tuple[float, float]:
        """Type; seconds until it draws, and until all that it draws has arrived."""
        self.drain()
        self.seen = b""
        pressed = time.perf_counter()
        os.write(self._file, keys.encode())
        first = last = None
        while time.perf_counter() < pressed + 2.0:
            if self._read(QUIET_SECONDS if last else 0.5):
                last = time.perf_counter()
                first = first or last
            elif last:
                break
        ended = time.perf_counter()
        return (first or ended) - pressed, (last or ended) - pressed

    def wait_for(self, text: str, keys: str = "") -> float:
        """Type, if anything; seconds until a text is drawn."""
        if keys:
            self.drain()
        self.seen = b""
        pressed = time.perf_counter()
        if keys:
            os.write(self._file, keys.encode())
        while text.encode() not in self.seen:
            if time.perf_counter() - pressed > TIMEOUT_SECONDS:
                raise TimeoutError(f"{text!r} was not drawn: {self.seen[-2000:]!r}")
            self._read(0.2)
        return time.perf_counter() - pressed

    def still(self, keys: str) -> float:
        """Type; seconds until the last thing drawn, with 1 s of nothing after it."""
        self.drain()
        began = last = time.perf_counter()
        os.write(self._file, keys.encode())
        while self._read(1.0):
            last = time.perf_counter()
        return last - began

    def drain(self) -> None:
        """Take what is still being drawn."""
        while self._read(QUIET_SECONDS):
            pass

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._file], [], [], seconds)
        if not ready:
            return False
        with suppress(OSError):
            read = os.read(self._file, 1 << 16)
            self.seen += read
            self._undrawn += read
        return True

    def close(self) -> None:
        """End the program."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self.drain()
        os.waitpid(self.pid, 0)
        os.close(self._file)


def environment(home: Path) -> dict[str, str]:
    """For a program at home in a folder that has its workspace, and nothing else."""
    sized = ("COLUMNS", "LINES")
    return {name: value for name, value in os.environ.items() if name not in sized} | {
        "COLUMNIST_WORKSPACE": str(home / "workspace.db"),
        "XDG_CONFIG_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }


def run_one(folder: Path, tables: int, bulk: str) -> Json:
    """One run of the program on a fresh copy of the workspace."""
    with tempfile.TemporaryDirectory(prefix="columnist-screens-") as name:
        home = Path(name)
        workspace = home / "workspace.db"
        shutil.copy(folder / f"{tables}.db", workspace)
        with Workspace(workspace) as fresh, fresh.transaction() as db:
            db.execute("UPDATE databases SET scanned_at = ?", (now(),))
        program = "from tui.cli import main; main()"
        command = [sys.executable, "-c", program, "open"]
        terminal = Terminal(
            [*command, f"duckdb:///{folder / 'warehouse.duckdb'}"], environment(home)
        )
        try:
            return _steps(terminal, tables, bulk)
        finally:
            terminal.close()


def _steps(terminal: Terminal, tables: int, bulk: str) -> Json:
    found: Json = {"tables": tables}
    terminal.wait_for("\x1b[")
    opened = time.perf_counter()
    terminal.wait_for("area_0.")
    found["open_seconds"] = time.perf_counter() - opened
    found["first_seconds"] = time.perf_counter() - terminal.began
    terminal.wait_for(" described:")
    found["all_seconds"] = time.perf_counter() - terminal.began
    terminal.drain()
    keys: dict[str, list[tuple[float, float]]] = {name: [] for name in KEYS}
    for _ in range(MOVES):
        keys["moving"].append(terminal.press("j"))
    for _ in range(MOVES // 4):
        keys["paging"].append(terminal.press(PAGE_DOWN))
        keys["paging"].append(terminal.press(PAGE_UP))
    terminal.press("/")
    for letter in "invoicehist":
        keys["filtering"].append(terminal.press(letter))
    for _ in "invoicehist":
        keys["filtering"].append(terminal.press("\x7f"))
    terminal.press("\r")
    terminal.press("g")
    terminal.press("j")
    found["review_seconds"] = terminal.wait_for("to decide", "\r")
    time.sleep(0.5)
    for _ in range(MOVES // 2):
        keys["reviewing"].append(terminal.press("j"))
        keys["reviewing"].append(terminal.press("k"))
    for name, to, fro in (
        ("review paging", PAGE_DOWN, PAGE_UP),
        ("over tables", "]", "["),
        ("next", "n", "N"),
    ):
        for key in (to, fro):
            for _ in range(MOVES // 4):
                keys[name].append(terminal.press(key))
    for _ in range(DECISIONS):
        keys["accepting"].append(terminal.press("a"))
    terminal.press("/")
    for letter in NAMED:
        keys["review filtering"].append(terminal.press(letter))
    for _ in NAMED:
        keys["review filtering"].append(terminal.press("\x7f"))
    # Enter leaves the box, whose cursor blinks.
    found["narrow_seconds"] = terminal.still(f"{NAMED}\r")
    terminal.press("\x1b")
    terminal.press("q")
    time.sleep(1.5)
    terminal.press("/")
    for letter in bulk:
        terminal.press(letter)
    terminal.press("\r")
    terminal.wait_for("sample first", "A")
    found["accept_seconds"] = terminal.wait_for("Accepted ", "y")
    time.sleep(2)
    found["undo_seconds"] = terminal.wait_for("Undone", "u")
    time.sleep(2)
    terminal.press("\x1b")
    time.sleep(1)
    found["count_seconds"] = terminal.wait_for("sample first", "A")
    terminal.press("n")
    terminal.press("b")
    for number in range(RULES):
        keys["ruling"].append(terminal.press("\x7f" if number % 2 else "5"))
    terminal.press("\x1b")
    found["memory_bytes"] = peak_memory(terminal.pid)
    return found | {"keys": keys}


def bulk_filter(path: Path) -> tuple[str, int]:
    """A filter whose tables have about so many suggestions, and how many."""
    from catalog.listing import Listing, TableFilter

    with Workspace(path) as workspace:
        listing = Listing(Snapshot(workspace, 1).summaries())

    def waiting(text: str) -> int:
        return sum(each.undecided for each in listing.find(TableFilter(text=text)))

    words = ("customer", "invoice", "payment", "sensor", "vehicle", "patient")
    # Letters in their order: a word and digits do not stand side by side in names.
    texts = [f"'{word}{digits}" for word in words for digits in ("", *range(100))]
    best = min(texts, key=lambda text: abs(waiting(text) - BULK))
    return best, waiting(best)


# All runs


def p95(figures: Sequence[float]) -> float:
    """The figure that one in twenty is above."""
    return sorted(figures)[int(0.95 * (len(figures) - 1))]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.set_defaults(repeats=3)
    parser.add_argument("--tables", type=int, default=100_000, help="of the large one")
    parser.add_argument("--kept", type=Path, help="a folder that keeps the workspaces")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="columnist-screens-") as name:
        folder = options.kept or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        arms: dict[int, list[Json]] = {}
        filters: dict[int, tuple[str, int]] = {}
        for tables in (SMALL, options.tables):
            _say(f"a workspace of {tables:,} tables")
            filters[tables] = bulk_filter(build(folder, tables))
            arms[tables] = []
        for repeat in range(options.repeats):
            for tables in sorted(arms, reverse=bool(repeat % 2)):
                _say(f"repeat {repeat + 1}: {tables:,} tables")
                arms[tables].append(run_one(folder, tables, filters[tables][0]))
    rows = _rows(arms[SMALL], arms[options.tables])
    if options.json:
        document = {
            "benchmark": "screens",
            "machine": machine().as_json(),
            "settings": {
                "columns": WIDTH,
                "repeats": options.repeats,
                "bulk": {f"{key}": value[1] for key, value in filters.items()},
            },
            "rows": rows,
        }
        print(json.dumps(document, indent=2))
        return
    print("\n".join(machine().lines()))
    print(
        f"work       {options.tables:,} tables of {WIDTH} columns beside {SMALL};"
        f" medians of {options.repeats}; in bulk {filters[options.tables][1]:,}"
        f" suggestions beside {filters[SMALL][1]:,}\n"
    )
    head = ["", f"{options.tables:,}", f"{SMALL}", "ratio"]
    cells = [
        [row["what"], row["shown"], row["baseline"], ratio_text(row["ratio"])]
        for row in rows
    ]
    print(table(head, cells))


def _rows(small: list[Json], large: list[Json]) -> list[Json]:
    rows: list[Json] = []

    def add(what: str, unit: str, figure: Callable[[Json], float]) -> None:
        ours, theirs = [figure(one) for one in large], [figure(one) for one in small]
        rows.append(
            {
                "what": what,
                "value": median(ours),
                "shown": f"{median(ours):,.0f} {unit}",
                "baseline": f"{median(theirs):,.0f} {unit}",
                "ratio": ratio(ours, theirs).as_json(),
            }
        )

    for what, key in (
        ("opening to first tables", "open_seconds"),
        ("process to first tables", "first_seconds"),
        ("process to all tables", "all_seconds"),
        ("opening the review", "review_seconds"),
        ("the review's filter, all tables", "narrow_seconds"),
        ("accept the list", "accept_seconds"),
        ("undo that", "undo_seconds"),
        ("count all", "count_seconds"),
    ):
        add(what, "ms", partial(_milliseconds, key=key))
    for name in KEYS:
        for part, what in enumerate(("", ", whole")):
            for label, figure in (("median", median), ("p95", p95)):
                add(
                    f"{name}{what}, {label}",
                    "ms",
                    partial(_of_keys, name=name, part=part, figure=figure),
                )
    add("memory", "MiB", lambda one: one["memory_bytes"] / 2**20)
    return rows


def _milliseconds(one: Json, *, key: str) -> float:
    return 1000 * float(one[key])


def _of_keys(
    one: Json, *, name: str, part: int, figure: Callable[[Sequence[float]], float]
) -> float:
    return 1000 * figure([both[part] for both in one["keys"][name]])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
