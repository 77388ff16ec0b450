"""Leases keep two processes from drafting, or writing, the same database at once."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

from catalog.errors import ColumnistError
from catalog.workspace import Workspace, steward

BEAT_SECONDS = 10.0
LOST_SECONDS = 60.0
"""A holder on another host that has not renewed for so long is taken for dead."""


class Lease:
    """A context manager that holds (database, what) while it is open.

    A holder that died is replaced: on this host its process is looked up, elsewhere its
    last renewal counts.
    """

    def __init__(self, workspace: Workspace, database: int, what: str) -> None:
        self._workspace = workspace
        self._database = database
        self._what = what
        self._token = uuid.uuid4().hex
        self._ended = threading.Event()
        self._renewer: threading.Thread | None = None

    def __enter__(self) -> Lease:
        pid, host = os.getpid(), socket.gethostname()
        with self._workspace.transaction() as db:
            row = db.execute(
                "SELECT * FROM leases WHERE database = ? AND what = ?",
                (self._database, self._what),
            ).fetchone()
            if row is not None:
                here = row["host"] == host
                alive = (
                    _started(row["pid"]) == row["process_started"]
                    if here
                    else time.time() - row["beat_at"] < LOST_SECONDS
                )
                if alive:
                    raise ColumnistError(
                        f"{row['who']} is already running {self._what} on this"
                        f" database (process {row['pid']} on {row['host']}).",
                        "Wait until it ends, or stop it.",
                    )
            db.execute(
                "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._database,
                    self._what,
                    self._token,
                    host,
                    pid,
                    _started(pid),
                    steward(),
                    time.time(),
                ),
            )
        self._renewer = threading.Thread(target=self._renew, daemon=True)
        self._renewer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        # A full disk must not hide the error that brought us here; the row of a dead
        # process is replaced by the next holder anyway.
        with suppress(ColumnistError), self._workspace.transaction() as db:
            db.execute("DELETE FROM leases WHERE token = ?", (self._token,))

    def _renew(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            with suppress(ColumnistError), self._workspace.transaction() as db:
                db.execute(
                    "UPDATE leases SET beat_at = ? WHERE token = ?",
                    (time.time(), self._token),
                )


def _started(pid: int) -> str:
    """When a process started, as the kernel counts; empty where it does not run.

    Without /proc (macOS) only its being alive is known.
    """
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.exists() and Path("/proc/self").exists():
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            return "" if fields[0] == "Z" else fields[19]
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
