"""The app is gone soon after it is told to, with its children, whatever it does."""

from __future__ import annotations

import fcntl
import inspect
import os
import pty
import select
import signal
import sqlite3
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import product
from pathlib import Path

import duckdb
import pytest
from textual.drivers.linux_driver import LinuxDriver

from catalog.workspace import Workspace
from connectors.connect import open_database
from tests.conftest import comments
from tui import jobs
from tui.session import attach
from tui.settings import Settings

EVERY = "COLUMNIST_FUZZ_RUNS" in os.environ
"""Whether all is tried at all screens; `make test-deep` does."""
SECONDS = 3.0
"""All has to be over within these."""
START_SECONDS = 60.0
"""A loaded machine has so long to show a screen."""
COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]
TABLES = 100
SLOW = """CREATE VIEW a_slow_one AS SELECT DISTINCT a.range % 7 AS code, b.range
    FROM range(10_000_000) a, range(10_000_000) b"""
WAYS = ("SIGHUP", "SIGTERM", "master")
SCREENS = {
    "catalog": ("", "a_slow_one"),
    "review": ("j\r", "value_7"),
    "editor": ("j\re", "enter"),
    "write": ("j\raw", "COMMENT"),
    "figures": ("m", "Save report"),
    "questions": ("Q", "glossary"),
    "help": ("?", "esc"),
    "palette": ("\x10", "earch for"),
    "quit": ("\x11", "Quit Columnist?"),
    "inspect": ("j\ri", "exact prompt"),
}
"""The keys that lead to a screen from the catalog, and what it shows."""
WORK = {
    "idle": ("", ""),
    "drafting": ("d", "Drafting"),
    "sampling": ("\r", "a_slow_one"),
    "writing": ("Ayw\ry", "s stops"),
}
"""The keys that begin work at the catalog, and what is shown of it."""
OVER = ("write", "help", "palette", "quit")
"""Screens that can be reached while the app writes."""


def processes(session: int) -> set[int]:
    """What runs of a terminal's session, and what that started; Linux only."""
    parents: dict[int, tuple[int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                parents[int(stat.parent.name)] = (int(fields[1]), int(fields[3]))
    found = {pid for pid, (_, of) in parents.items() if of == session}
    for _ in range(3):
        found |= {pid for pid, (parent, _) in parents.items() if parent in found}
    return found


@dataclass
class Terminal:
    """A pseudo terminal with the app in it."""

    leader: int
    """The process in it."""
    master: int
    """Our end; -1 once closed."""
    before: list[object]
    """The attributes of the terminal as it was."""
    seen: set[int] = field(default_factory=set)
    """All processes of the app that there were."""
    shown: bytes = b""

    def read(self, seconds: float = 0.05) -> None:
        """Take what the app has drawn."""
        self.seen |= processes(self.leader)
        until = time.monotonic() + seconds
        while self.master >= 0 and time.monotonic() < until:
            if select.select([self.master], [], [], 0.02)[0]:
                try:
                    self.shown += os.read(self.master, 65536)
                except OSError:
                    return

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + START_SECONDS
        while not true():
            assert time.monotonic() < end, self.shown[-3000:].decode("utf-8", "replace")
            self.read()

    def shows(self, text: str) -> None:
        """Wait for a text on the screen."""
        self.until(lambda: text.encode() in self.shown)

    def type(self, keys: str) -> None:
        self.shown = b""
        os.write(self.master, keys.encode())

    def ends(self, way: str, *, read: bool = True) -> int:
        """End it, and see that nothing is left in time; the exit status.

        Args:
            way: a signal, "master" to close our end, or a key.
            read: take meanwhile what is drawn.
        """
        self.seen |= processes(self.leader)
        began = time.monotonic()
        if way == "master":
            os.close(self.master)
            self.master = -1
        elif way in signal.Signals.__members__:
            os.kill(self.leader, signal.Signals[way])
        else:
            self.type(way)
        status: int | None = None
        while time.monotonic() - began < SECONDS:
            if read:
                self.read(0.02)
            if status is None:
                pid, code = os.waitpid(self.leader, os.WNOHANG)
                status = os.waitstatus_to_exitcode(code) if pid else None
            if status is not None and not self.alive():
                break
            time.sleep(0.02)
        assert status is not None, "the app goes on"
        assert not self.alive(), "a child goes on"
        self.read(0.1)
        return status

    def alive(self) -> set[int]:
        """The processes of the app that are left."""
        return {pid for pid in self.seen if _runs(pid)}

    def is_restored(self) -> bool:
        """Whether a shell could go on in it."""
        last = self.shown.rfind
        return termios.tcgetattr(self.master) == self.before and all(
            last(f"\x1b[?{mode}l".encode()) > last(f"\x1b[?{mode}h".encode())
            for mode in (1000, 1003, 1049, 2004)
        )


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def app(*arguments: str, ignored: bool = False) -> Iterator[Terminal]:
    """The app in a terminal of its own; nothing of it outlives the block."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    before = termios.tcgetattr(slave)
    leader = os.fork()
    if leader == 0:  # pragma: no cover
        os.close(master)
        os.login_tty(slave)
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.environ["TERM"] = "xterm-256color"
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)
        os.execv(COLUMNIST[0], [*COLUMNIST, *arguments])
    os.close(slave)
    terminal = Terminal(leader, master, before)
    try:
        yield terminal
    finally:
        for pid in terminal.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(leader, 0)
        if terminal.master >= 0:
            os.close(terminal.master)


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
    opened = attach(settings, Workspace(settings.workspace), open_database(url))
    for _ in jobs.scan(opened):
        pass
    plan = jobs.plan_drafts(opened, globs=["t0??", "a_slow_one"])
    for _ in jobs.draft(opened, plan, None, None, samples=False):
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


def go(terminal: Terminal, keys: str, text: str) -> None:
    """Type keys one after the other, as somebody does who waits for what they do."""
    for key in keys:
        terminal.type(key)
        terminal.until(lambda: bool(terminal.shown))
        terminal.read(0.4)
    terminal.shows(text)


@pytest.mark.gguf
@pytest.mark.parametrize(("screen", "work", "way"), combinations())
def test_nothing_goes_on_and_nothing_is_lost(
    wide: str, settings: Settings, tiny_model: Path, screen: str, work: str, way: str
) -> None:
    with app("--model", str(tiny_model), "open", wide) as terminal:
        terminal.shows("t005")
        go(terminal, *WORK[work])
        keys, text = SCREENS[screen]
        if work == "sampling":
            # It goes on in the review of one table, so what follows is there.
            keys = keys.removeprefix("j\r").replace("m", "qm")
            text = text.replace("value_7", "a_slow_one")
        if (screen, work) == ("write", "writing"):
            keys = ""
        go(terminal, keys, text)
        status = terminal.ends(way)
        if way != "master":
            assert status == 130
            assert terminal.is_restored()
    assert is_sound(settings, wide)


def test_with_the_end_of_the_terminal_ignored(wide: str, settings: Settings) -> None:
    """It read an end of file for ever, or waited for a writer that had died."""
    with app("open", wide, ignored=True) as terminal:
        terminal.shows("t005")
        go(terminal, *SCREENS["editor"])
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
        go(terminal, "j\rE", "opened")
        terminal.ends(way)


def test_q_ends_it_while_the_model_loads(wide: str, tiny_model: Path) -> None:
    with app("--model", str(tiny_model), "open", wide) as terminal:
        terminal.shows("t005")
        terminal.type("d")
        terminal.shows("starting the model")
        go(terminal, "\x11", "Quit")
        assert terminal.ends("y") == 0
        assert terminal.is_restored()


def test_what_of_textual_the_terminal_leans_on() -> None:
    """Where one of these is gone, `tui/terminal.py` has to be read again."""
    source = inspect.getsource(LinuxDriver)
    for inside in (
        "self._file = sys.__stderr__",
        "WriterThread(self._file)",
        "self.attrs_before = termios.tcgetattr(self.fileno)",
        "def _disable_mouse_support(self)",
        "def write(self, data: str)",
    ):
        assert inside in source, f"Textual {version('textual')} is without {inside}"
