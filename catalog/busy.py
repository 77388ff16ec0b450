"""What to do while another process holds the workspace: say so, and wait, or not."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from catalog.errors import ColumnistError

SAID_SECONDS = 0.5
"""A file that is held for so long is said to be."""
WAIT_SECONDS = 10.0
"""It is waited for so long, but on a thread whose event loop would stand still."""
TRY_SECONDS = 0.05
"""Between two tries."""
_BUSY = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds the file, so that another try may work."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


class Busy:
    """One wait for a file.

    Args:
        path: the file.
        tell: told once, after `SAID_SECONDS`, who holds it; None ends the wait then.
    """

    def __init__(self, path: Path, tell: Callable[[str], None] | None) -> None:
        self._path = path
        self._tell = tell
        self._begun = time.monotonic()
        self._told = False

    def wait(self, error: sqlite3.Error) -> None:
        """Wait a little after a try that failed.

        Raises:
            ColumnistError: it took too long, and who holds the file.
        """
        waited = time.monotonic() - self._begun
        if waited > SAID_SECONDS and not self._told:
            self._told = True
            self._say(error)
        if waited > WAIT_SECONDS:
            raise self._given_up() from error
        time.sleep(TRY_SECONDS)

    def _say(self, error: sqlite3.Error) -> None:
        if self._tell is None or _on_a_loop():
            raise self._given_up() from error
        self._tell(
            f"{self._held()}; waiting up to {WAIT_SECONDS:.0f} seconds. Another one"
            " is chosen with --workspace."
        )

    def _held(self) -> str:
        holder = next(holders(self._path), "another process")
        return f"The workspace {self._path} is locked by {holder}"

    def _given_up(self) -> ColumnistError:
        return ColumnistError(
            f"{self._held()}.",
            "Try again when that has ended, or choose another file with --workspace or"
            " COLUMNIST_WORKSPACE.",
        )


def _on_a_loop() -> bool:
    """Whether this thread has an event loop, which stands still meanwhile."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def holders(path: Path) -> Iterator[str]:
    """The other processes that hold a lock to write, where the system tells (Linux)."""
    files = [path, path.with_name(f"{path.name}-shm")]
    with suppress(OSError):
        numbers = {str(file.stat().st_ino) for file in files if file.exists()}
        for line in Path("/proc/locks").read_text().splitlines():
            # `7: POSIX ADVISORY WRITE 4711 fe:00:2278607 120 120`
            fields = line.split()
            if fields[3:4] != ["WRITE"] or fields[5].rpartition(":")[2] not in numbers:
                continue
            pid = fields[4]
            if _has_open(pid, files):
                name = Path(f"/proc/{pid}/comm").read_text().strip()
                yield f"process {pid} ({name})"


def _has_open(pid: str, files: list[Path]) -> bool:
    """Whether another process has one of the files open; a number may be used twice."""
    if not pid.isdigit() or int(pid) in (0, os.getpid()):
        return False
    names = {str(file.resolve()) for file in files}
    with suppress(OSError):
        open_ = Path(f"/proc/{pid}/fd").iterdir()
        return any(os.readlink(each) in names for each in open_)
    return False
