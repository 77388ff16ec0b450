"""The app is gone soon after it is told to, with its children, whatever it does."""

from __future__ import annotations

import fcntl
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
from itertools import product
from pathlib import Path

import duckdb
import pytest

from catalog.workspace import Workspace
from connectors.connect import open_database
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
TABLES = 40


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

    def ends(self, way: str) -> int:
        """End it, and see that nothing is left in time; the exit status."""
        self.seen |= processes(self.leader)
        began = time.monotonic()
        if way == "master":
            os.close(self.master)
            self.master = -1
        else:
            os.kill(self.leader, getattr(signal, way))
        status: int | None = None
        while time.monotonic() - began < SECONDS:
            if way != "unread":
                self.read(0.02)
            pid, code = os.waitpid(self.leader, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(code)
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


def is_sound(settings: Settings) -> bool:
    """Whether the workspace is whole, and can be written to at once."""
    db = sqlite3.connect(settings.workspace, timeout=1.0)
    try:
        (said,) = db.execute("PRAGMA integrity_check").fetchone()
        db.execute("BEGIN IMMEDIATE")
        db.rollback()
    finally:
        db.close()
    return bool(said == "ok")


@dataclass(frozen=True)
class Screen:
    """A screen, and how it is reached from the catalog."""

    keys: tuple[str, ...]
    """Each is typed as what the one before it shows is there."""
    shows: tuple[str, ...]
    """What each shows."""


REVIEW = Screen(("\r",), ("value_7",))
SCREENS = {
    "catalog": Screen((), ()),
    "review": REVIEW,
    "editor": Screen(("\r", "e"), ("value_7", "\u2502")),
    "write": Screen(("\r", "a", "w"), ("value_7", "value_7", "COMMENT")),
    "figures": Screen(("m",), ("Pace",)),
    "questions": Screen(("Q",), ("Names",)),
    "help": Screen(("?",), ("Keys",)),
    "palette": Screen(("\x10",), ("Search",)),
    "quit": Screen(("\x11",), ("Quit",)),
    "inspect": Screen(("\r", "i"), ("value_7", "History")),
}
WAYS = ("SIGHUP", "SIGTERM", "master")
