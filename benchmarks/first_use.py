"""How many keys and seconds a first comment takes, and 200 decisions.

    python -m benchmarks.first_use [--json]

The real program in a pseudo terminal of 120 by 36 cells, with a fresh home: no demo
warehouse, no workspace, no settings. The script presses what the screen itself offers
(the hint of each first screen and the footer), waits for what each key leads to as a
person would, and logs every key. Then it drafts everything and decides on 200 of the
suggestions one by one: `a` accepts and goes on, also to the next table; where it did
not decide, `n` looks for what is left. Before each `a` the terminal has to show the
text under the cursor to its end in the list; what is not is a stop only to read.

What the database and the workspace say at the end is checked. Not covered: the time
that a person reads. The baseline of the keys is one for each decision.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.legibility import SETTLED_SECONDS, Texts, read, rows
from benchmarks.machine import machine
from benchmarks.measuring import Json, arguments
from benchmarks.screens import Terminal, environment
from catalog.workspace import Workspace

DECISIONS = 200
STEPS = (
    ("", "finance.budget", "start: the program makes the demo and opens it"),
    ("\r", "to decide", "enter: open the table under the cursor; it is drafted"),
    ("a", "1 accepted", "a: accept the first description"),
    ("w", "1 comment in 1 statement", "w: see the statement"),
    ("\r", "Write 1 comment?", "enter: write what is listed"),
    ("y", "1 written", "y: yes"),
)
NAMES = {"\r": "enter"}


DRAFTS_END_SECONDS = 15
"""Drafting has ended when none came for so long."""


def run() -> Json:
    """Both tasks on a fresh home; the log of keys."""
    with tempfile.TemporaryDirectory(prefix="columnist-first-") as name:
        home = Path(name)
        program = "from tui.cli import main; main()"
        terminal = Terminal(
            [sys.executable, "-c", program, "demo"],
            {**environment(home), "HOME": name},
        )
        try:
            log = _first_comment(terminal)
            commented = time.perf_counter() - terminal.began
            keys, stops, seconds = _decide(terminal, home / "workspace.db")
        finally:
            terminal.close()
        return {
            "log": log,
            "keys_to_first_comment": sum(bool(each["key"]) for each in log),
            "seconds_to_first_comment": commented,
            "comments": _comments(home),
            "decisions": DECISIONS,
            "keys": keys,
            "keys_a_decision": keys / DECISIONS,
            "stops_to_read": stops,
            "seconds": seconds,
        }


def _first_comment(terminal: Terminal) -> list[Json]:
    log: list[Json] = []
    for key, shown, what in STEPS:
        terminal.wait_for(shown, key)
        log.append(
            {
                "seconds": time.perf_counter() - terminal.began,
                "key": NAMES.get(key, key),
                "what": what,
            }
        )
        if key == "\r" and shown == "to decide":
            time.sleep(2)  # the drafts come; a person reads the first
    return log


def _decide(terminal: Terminal, workspace: Path) -> tuple[int, int, float]:
    terminal.wait_for("to decide", "q")
    terminal.press("q")
    time.sleep(1)
    terminal.wait_for(" tables listed?", "D")
    terminal.press("y")
    _drafted(terminal, workspace)
    terminal.press("g")
    terminal.wait_for("to decide", "\r")
    texts, _ = read(workspace)
    before = decided = _decided(workspace)
    keys, stops, began = 0, 0, time.perf_counter()
    while decided - before < DECISIONS:
        stops += not _is_read(terminal, texts)
        last = decided
        for key in ("a", "n"):
            terminal.press(key)
            keys += 1
            decided = _decided(workspace)
            if decided > last:
                break
    return keys, stops, time.perf_counter() - began


def _is_read(terminal: Terminal, texts: Texts) -> bool:
    """Whether the list shows the text under the cursor to its end."""
    for seconds in (0.0, SETTLED_SECONDS):
        time.sleep(seconds)
        terminal.drain()
        if any(row.here and row.whole for row in rows(terminal.screen.lines, texts)):
            return True
    return False


def _drafted(terminal: Terminal, path: Path) -> None:
    """Wait until no more drafts come."""
    before, until = -1, 0.0
    while (drafts := _count(path, "suggestions")) != before or (
        time.perf_counter() < until
    ):
        if drafts != before:
            before, until = drafts, time.perf_counter() + DRAFTS_END_SECONDS
        terminal.drain()
        time.sleep(0.5)


def _decided(path: Path) -> int:
    return _count(path, "decisions")


def _count(path: Path, what: str) -> int:
    with Workspace(path) as workspace:
        row = workspace.row(f"SELECT count(*) FROM {what}")
    return int(row[0]) if row else 0


def _comments(home: Path) -> int:
    """Comments in the database that the ledger says were written."""
    with Workspace(home / "workspace.db") as workspace:
        rows = workspace.rows(
            "SELECT schema, name, column_name, text FROM ledger"
            " WHERE outcome = 'written'"
        )
    (file,) = home.rglob("demo.duckdb")
    connection = duckdb.connect(str(file), read_only=True)
    try:
        found = dict.fromkeys(
            connection.execute(
                "SELECT schema_name, table_name, NULL, comment FROM duckdb_tables()"
                " UNION ALL SELECT schema_name, table_name, column_name, comment"
                " FROM duckdb_columns()"
            ).fetchall()
        )
    finally:
        connection.close()
    return sum(tuple(row) in found for row in rows)


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__).parse_args()
    found = run()
    if options.json:
        document = {"benchmark": "first_use", "machine": machine().as_json(), **found}
        print(json.dumps(document, indent=2))
        return
    print("\n".join(machine().lines()), end="\n\n")
    for each in found["log"]:
        print(f"{each['seconds']:6.1f} s  {each['key']:<6} {each['what']}")
    print(
        f"\nfirst comment: {found['keys_to_first_comment']} keys,"
        f" {found['seconds_to_first_comment']:.1f} s;"
        f" in the database: {found['comments']}"
        f"\n{found['decisions']} decisions: {found['keys']} keys,"
        f" {found['keys_a_decision']:.2f} each, {found['seconds']:.0f} s;"
        f" stops only to read: {found['stops_to_read']}"
    )


if __name__ == "__main__":
    main()
