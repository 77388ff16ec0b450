"""Samples of tables, taken ahead by a thread of its own, so that nobody waits for one.

A slow database, or a file that takes long to open, then delays its own table alone.
Profiles hold values of rows: they are kept until they are taken, and nowhere else.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import ExitStack

from catalog.errors import ColumnistError
from catalog.objects import Profile, Table, TableId
from catalog.stopping import Stop
from tui.flow.session import Session

HOLD_SECONDS = 10.0
"""A file is kept open for so long at a time."""
GAP_SECONDS = 0.1
"""Then others may have it for so long, unless the table on the screen waits."""
IDLE_SECONDS = 0.5
"""It is closed where nothing was asked for so long."""


class Sampler:
    """Takes the samples that are asked for, one after the other.

    Args:
        session: the open database.
        stop: ends the sample under way.
    """

    def __init__(self, session: Session, *, stop: Stop) -> None:
        self._session = session
        self._stop = stop
        self._wanted: deque[Table] = deque()
        self._asked: set[TableId] = set()
        """Those that wait, the one under way, and those whose profiles are here."""
        self._profiles: dict[TableId, dict[str, Profile]] = {}
        self._changed = threading.Condition()
        self._urgent: Table | None = None
        """The last that was wanted at once."""
        self._closed = False
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def ask(self, table: Table, *, at_once: bool = False) -> None:
        """Have a table sampled; `at_once` puts it before those that wait."""
        with self._changed:
            if table.id in self._asked:
                if not at_once or table not in self._wanted:
                    return
                self._wanted.remove(table)
            self._asked.add(table.id)
            if at_once:
                self._urgent = table
            (self._wanted.appendleft if at_once else self._wanted.append)(table)
            self._changed.notify_all()

    def take(self, table: TableId, *, wait: bool) -> dict[str, Profile] | None:
        """A table's profiles by column, once; None while they are not there yet."""
        with self._changed:
            while wait and not (self._ended() or table in self._profiles):
                self._changed.wait(0.1)
            if self._failed is not None:
                raise self._failed
            if self._ended():
                return {}
            found = self._profiles.pop(table, None)
            if found is not None:
                self._asked.discard(table)
            return found

    def close(self) -> None:
        """Take no more; the sample under way ends first."""
        with self._changed:
            self._closed = True
            self._wanted.clear()
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            while (table := self._next(None)) is not None:
                try:
                    self._sample_from(table)
                except ColumnistError:
                    # It cannot be opened now; drafts are made without a sample then.
                    self._put(table, {})
        except Exception as error:
            with self._changed:  # a defect: whoever waits here is told
                self._failed = error
                self._changed.notify_all()

    def _sample_from(self, table: Table) -> None:
        """Sample a table and those asked for meanwhile, on one opening of the file."""
        # Whoever uses the database has the lock first and the file second. So do we, at
        # the beginning and at the end; between samples others share the open file.
        file = ExitStack()
        with self._session.lock:
            file.enter_context(self._session.database.hold_open())
        try:
            begun = time.monotonic()
            following: Table | None = table
            while following is not None:
                self._sample(following)
                if time.monotonic() - begun > HOLD_SECONDS:
                    break
                following = self._next(IDLE_SECONDS)
        finally:
            with self._session.lock:
                file.close()
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._urgent in self._wanted, GAP_SECONDS
            )

    def _next(self, seconds: float | None) -> Table | None:
        """The next table to sample; None when closed, or after so long without one."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._closed, seconds)
            return self._wanted.popleft() if self._wanted else None

    def _sample(self, table: Table) -> None:
        profiles: dict[str, Profile] = {}
        try:
            if not (self._closed or self._stop()):
                profiles = self._session.profile(table, stop=self._ended)
        finally:
            self._put(table, profiles)

    def _ended(self) -> bool:
        return self._closed or self._failed is not None or self._stop()

    def _put(self, table: Table, profiles: dict[str, Profile]) -> None:
        with self._changed:
            self._profiles[table.id] = profiles
            self._changed.notify_all()
