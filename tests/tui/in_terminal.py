"""The real app in a pseudo terminal: what it shows, what it ends with, what is left."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.emulator import Screen

SECONDS = 3.0
"""All has to be over within these; what it waits for a core is not counted."""
SPARED_SECONDS = 0.5
"""Whoever waited longer for a core may have left the terminal as it was: two seconds
after it was told to end the app leaves what is not over yet."""
PATIENCE = 60.0
"""A loaded machine has so long to show a screen."""
COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]
SHELL = ["bash", "--noprofile", "--norc", "-i"]
PROMPT = "shell> "


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
    written: bytes = b""
    """All that it wrote."""
    late: float = 0.0
    """Seconds that it waited for a core while it ended, all threads together."""
    screen: Screen = field(default_factory=Screen)

    def read(self, seconds: float = 0.05) -> None:
        """Take what the app has drawn."""
        self.seen |= processes(self.leader)
        until = time.monotonic() + seconds
        while self.master >= 0 and time.monotonic() < until:
            if select.select([self.master], [], [], 0.02)[0]:
                try:
                    raw = os.read(self.master, 65536)
                except OSError:  # nobody has its other end
                    return
                self.written += raw
                self.screen.take(raw)

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that shall be."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"It still shows\n{self.screen}"
            self.read()

    def shows(self, text: str) -> None:
        """Wait for a text on the screen."""
        self.until(lambda: text in str(self.screen))

    def type(self, keys: str) -> None:
        """Type as fast as it goes."""
        os.write(self.master, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        set_size(self.master, rows, columns)

    def ends(self, way: str, *, read: bool = True) -> int:
        """End it, and see that nothing is left in time; the exit status.

        Args:
            way: a signal, "master" to close our end, or a key.
            read: take meanwhile what is drawn.
        """
        self.seen |= processes(self.leader)
        began, before = time.monotonic(), waited(self.seen)
        now = dict(before)
        if way == "master":
            os.close(self.master)
            self.master = -1
        elif way in signal.Signals.__members__:
            os.kill(self.leader, signal.Signals[way])
        else:
            self.type(way)
        status: int | None = None
        over = False
        while not over:
            # What is found late is found all the same: it is looked after once more.
            self.late = sum(now[each] - before.get(each, 0.0) for each in now)
            took = time.monotonic() - began
            over = took - self.late > SECONDS or took > PATIENCE
            self.read(0.02 if read else 0.0)
            if status is None:
                pid, code = os.waitpid(self.leader, os.WNOHANG)
                status = os.waitstatus_to_exitcode(code) if pid else None
            if status is not None and not self.alive():
                break
            now |= waited(self.alive())
            time.sleep(0.02)
        assert status is not None, "the app goes on"
        assert not self.alive(), "a child goes on"
        if read:
            self.read(SECONDS)
        return status

    def alive(self) -> set[int]:
        """The processes of the app that are left."""
        return {pid for pid in self.seen if _runs(pid)}

    def is_restored(self) -> bool:
        """Whether a shell could go on in it, or the machine kept the app from that."""
        last = self.written.rfind
        return self.late > SPARED_SECONDS or (
            termios.tcgetattr(self.master) == self.before
            and all(
                last(f"\x1b[?{mode}l".encode()) > last(f"\x1b[?{mode}h".encode())
                for mode in (1000, 1003, 1049, 2004)
            )
        )


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


def waited(pids: Iterable[int]) -> dict[int, float]:
    """Seconds that each thread of some processes was ready to go on and had no core.

    That is the machine's doing: with a tenth of a core all takes ten times as long.
    """
    found: dict[int, float] = {}
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with suppress(OSError):
                found[int(thread.parent.name)] = (
                    int(thread.read_text().split()[1]) / 1e9
                )
    return found


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def set_size(terminal: int, rows: int, columns: int) -> None:
    """Give a terminal a size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def app(*arguments: str, ignored: bool = False) -> AbstractContextManager[Terminal]:
    """The app in a terminal of its own; nothing of it outlives the block.

    Args:
        arguments: of the command line.
        ignored: it is started with SIGHUP ignored, as by nohup.
    """
    return running([*COLUMNIST, *arguments], ignored=ignored)


@contextmanager
def shell(*arguments: str) -> Iterator[Terminal]:
    """The app in a terminal, started by hand in a shell with job control."""
    with running(SHELL) as terminal:
        terminal.shows(PROMPT)
        terminal.type(f"{shlex.join([*COLUMNIST, *arguments])}\r")
        yield terminal


@contextmanager
def running(command: Sequence[str], *, ignored: bool = False) -> Iterator[Terminal]:
    """A program in a terminal of its own; nothing of it outlives the block."""
    # Not what the C library has: readline puts our terminal's size there.
    environment = {**os.environ, "TERM": "xterm-256color", "PS1": PROMPT}
    for name in ("COLUMNS", "LINES"):
        environment.pop(name, None)
    master, slave = pty.openpty()
    set_size(slave, 40, 120)
    before = termios.tcgetattr(slave)
    leader = os.fork()
    if leader == 0:  # pragma: no cover
        os.close(master)
        os.login_tty(slave)
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execvpe(command[0], list(command), environment)
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
