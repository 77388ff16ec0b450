"""The app is gone soon after it is told to, with its children, whatever it does."""

from __future__ import annotations

import inspect
import os
import signal
import sqlite3
import termios
import time
from contextlib import closing
from importlib.metadata import version
from itertools import product
from pathlib import Path

import duckdb
import pytest
from textual.drivers.linux_driver import LinuxDriver

from catalog.workspace import Workspace
from connectors.connect import open_database
from tests.conftest import comments
from tests.tui.in_terminal import app
from tui.flow import draft_plan, drafting, scanning
from tui.flow.session import attach
from tui.flow.settings import Settings

EVERY = "COLUMNIST_FUZZ_RUNS" in os.environ
"""Whether all is tried at all screens; `make test-deep` does."""
TABLES = 200
"""Half of them, those whose names begin with t0, are drafted before."""
SLOW = """CREATE VIEW a_slow_one AS SELECT DISTINCT a.range % 7 AS code, b.range
    FROM range(10_000_000) a, range(10_000_000) b"""
SAMPLING = """[wide]
url = "{url}"
limits = {{ sample_seconds = 600 }}
"""
WAYS = ("SIGHUP", "SIGTERM", "master")
SCREENS = {
    "catalog": ("", "q", "d Draft"),
    "review": ("j\r", "", "a Accept"),
    "editor": ("j\re", "e", "enter saves"),
    "write": ("j\raw", "aw", "COMMENT ON"),
    "figures": ("m", "qm", "Save report"),
    "questions": ("Q", "Q", "Not worth asking"),
    "help": ("?", "?", "esc closes"),
    "palette": ("\x10", "\x10", "Search for"),
    "quit": ("\x11", "\x11", "Quit Columnist?"),
    "inspect": ("j\ri", "i", "exact prompt"),
}
"""The keys that lead to a screen from the catalog and from a table, what it shows."""
WORK = {
    "idle": [("", "d Draft")],
    "drafting": [("D", "tables listed?"), ("y", "Drafting")],
    "sampling": [("\r", "a Accept")],
    # What is not shown yet cannot be agreed to.
    "writing": [("Ayw", "COMMENT ON"), ("\r", "comments?"), ("y", "s stops")],
}
"""The keys that begin work at the catalog, each with what is shown then."""
OVER = ("write", "help", "palette", "quit")
"""Screens that can be reached while the app writes."""
LEFT = {
    "drafting": f"SELECT count(*) < {9 * TABLES} FROM suggestions WHERE current",
    "writing": "SELECT count(*) > 0 FROM suggestions WHERE current"
    " AND state = 'accepted'",
}
"""Whether work that can come to an end was not done when the app ended."""


def is_sound(settings: Settings, url: str) -> bool:
    """Whether the workspace is whole and free, and knows of all that was written."""
    db = sqlite3.connect(settings.workspace, timeout=1.0)
    try:
        (said,) = db.execute("PRAGMA integrity_check").fetchone()
        db.execute("BEGIN IMMEDIATE")
        db.rollback()
        intended = set(db.execute("SELECT schema, name, column_name FROM ledger"))
    finally:
        db.close()
    written = comments(Path(url.removeprefix("duckdb:///")))
    return said == "ok" and written.keys() <= intended


@pytest.fixture
def wide(tmp_path: Path, settings: Settings) -> str:
    """A database that keeps the app busy, read and partly drafted."""
    path = tmp_path / "wide.duckdb"
    with duckdb.connect(str(path)) as connection:
        for table in range(TABLES):
            columns = ", ".join(f"value_{n}_of_{table} INTEGER" for n in range(8))
            connection.execute(f"CREATE TABLE t{table:03} ({columns})")
        connection.execute(SLOW)
    url = f"duckdb:///{path}"
    settings.connections.parent.mkdir(parents=True, exist_ok=True)
    settings.connections.write_text(SAMPLING.format(url=url))
    opened = attach(settings, Workspace(settings.workspace), open_database(url))
    for _ in scanning.scan(opened):
        pass
    plan = draft_plan.plan_drafts(opened, globs=["t0??", "a_slow_one"])
    for _ in drafting.draft(opened, plan, samples=False):
        pass
    opened.close()
    return url


def combinations() -> list[tuple[str, str, str]]:
    """Screens, work and ways; a few of them where not all are asked for."""
    if not EVERY:
        return [
            ("quit", "idle", "SIGHUP"),
            ("editor", "idle", "SIGTERM"),
            ("review", "drafting", "SIGTERM"),
            ("catalog", "drafting", "master"),
            ("review", "sampling", "SIGHUP"),
            ("write", "writing", "SIGTERM"),
        ]
    return [
        (screen, work, way)
        for screen, work, way in product(SCREENS, WORK, WAYS)
        if work != "writing" or screen in OVER
    ]


def steps(screen: str, work: str) -> list[tuple[str, str]]:
    """Keys that begin work and then lead to a screen, each with what is shown then."""
    at_catalog, at_table, shown = SCREENS[screen]
    if (screen, work) == ("write", "writing"):
        return WORK[work]
    return [*WORK[work], (at_table if work == "sampling" else at_catalog, shown)]


def is_left(settings: Settings, work: str) -> bool:
    """Whether the app was ended amid its work."""
    with closing(sqlite3.connect(settings.workspace)) as db:
        return work not in LEFT or bool(db.execute(LEFT[work]).fetchone()[0])


@pytest.mark.gguf
@pytest.mark.parametrize(("screen", "work", "way"), combinations())
def test_nothing_goes_on_and_nothing_is_lost(
    wide: str, settings: Settings, tiny_model: Path, screen: str, work: str, way: str
) -> None:
    with app("--model", str(tiny_model), "open", "wide") as terminal:
        terminal.shows("t005")
        for typed, shown in steps(screen, work):
            terminal.type(typed)
            terminal.shows(shown)
        status = terminal.ends(way)
        if way != "master":
            assert status == 130
            assert terminal.is_restored()
    assert is_sound(settings, wide)
    assert is_left(settings, work)


def test_with_the_end_of_the_terminal_ignored(wide: str, settings: Settings) -> None:
    """It read an end of file for ever, or waited for a writer that had died."""
    with app("open", wide, ignored=True) as terminal:
        terminal.shows("t005")
        terminal.type("j\re")
        terminal.shows("enter saves")
        terminal.ends("master")
    assert is_sound(settings, wide)


def test_a_terminal_that_takes_no_more_does_not_hold_it(wide: str) -> None:
    """The app waited for room in the queue of what is to be drawn."""
    with app("open", wide) as terminal:
        terminal.shows("t005")
        os.write(terminal.master, b"\x1b[B\x1b[A" * 2000)
        time.sleep(1.0)
        assert terminal.ends("SIGTERM", read=False) == 130
        assert termios.tcgetattr(terminal.master) == terminal.before


@pytest.mark.parametrize("way", WAYS if EVERY else WAYS[1:2])
def test_the_editor_ends_with_it(
    wide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The loop waits for the editor, so it did not hear the signal."""
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\ntrap '' HUP TERM\necho opened\nexec sleep 60\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    with app("open", wide) as terminal:
        terminal.shows("t005")
        terminal.type("j\rE")
        terminal.shows("opened")
        terminal.ends(way)


@pytest.mark.gguf
@pytest.mark.parametrize("way", ["q", *WAYS] if EVERY else ["q"])
def test_it_ends_while_the_model_loads(
    wide: str, settings: Settings, tiny_model: Path, way: str
) -> None:
    with app("--model", str(tiny_model), "open", wide) as terminal:
        terminal.shows("t005")
        before = terminal.alive()
        terminal.type("D")
        terminal.shows("tables listed?")
        terminal.type("y")
        terminal.until(lambda: bool(terminal.alive() - before))
        for pid in terminal.alive() - before:
            os.kill(pid, signal.SIGSTOP)  # so it takes as long as it is looked at
        terminal.shows("starting the model")
        if way == "q":
            terminal.type("\x11")
            terminal.shows("Quit Columnist?")
            assert terminal.ends("y") == 0
            assert terminal.is_restored()
        else:
            terminal.ends(way)
    assert is_sound(settings, wide)


def test_what_of_textual_the_terminal_leans_on() -> None:
    """Where one of these is gone, `tui/app/terminal.py` has to be read again."""
    source = inspect.getsource(LinuxDriver)
    for inside in (
        "self._file = sys.__stderr__",
        "WriterThread(self._file)",
        "self.attrs_before = termios.tcgetattr(self.fileno)",
        "def _disable_mouse_support(self)",
        "def write(self, data: str)",
    ):
        assert inside in source, f"Textual {version('textual')} is without {inside}"
