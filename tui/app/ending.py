"""The app ends when it is told to: by a signal, by `q`, or as its terminal is gone.

A thread waits for that, since whoever should hear it may wait for something else: the
loop for an editor or for a terminal that takes no more, the process for a database, a
model that loads, a sample. It asks the app to end. What is not over in time is left:
what was shown as saved is saved, the next start settles a write that was under way, and
the engine's process ends as ours does.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Self

from catalog.errors import ExitCode

SECONDS = 2.0
"""From being told until what still runs is left."""
RESTORE_SECONDS = 0.5
"""Then the terminal has so long to take what restores it."""
LOOK_SECONDS = 0.5
"""How often the terminal is looked at; most systems tell at once that it is gone."""
ASK_SECONDS = 0.1
"""How often the app is asked; it may be starting, or in an editor."""
SIGNALS = (signal.SIGHUP, signal.SIGTERM)
"""SIGHUP is heard also where it came ignored: there is no app without a terminal."""
_BEGUN = b"\0"
"""Beside the numbers of signals: the app ends by itself."""
_TOLD: list[int] = []
"""The signals that have told this process to end; a handler may take no lock."""


def is_told() -> bool:
    """Whether a signal has told this process to end: nothing stops it from then on."""
    return bool(_TOLD)


class Ending:
    """Sees to it that the app ends in time; a context manager around its run.

    Args:
        terminal: descriptor of the terminal.
        ask: asks the app to end; any thread may call it, at any time and repeatedly.
        restore: gives the terminal back at once; may block.
    """

    def __init__(
        self,
        terminal: int,
        *,
        ask: Callable[[], object],
        restore: Callable[[], object],
    ) -> None:
        self._terminal = terminal
        self._ask = ask
        self._restore = restore
        self._inbox, self._outbox = os.pipe()
        os.set_blocking(self._outbox, False)

    def __enter__(self) -> Self:
        # The number is written as the signal comes, whatever the main thread does.
        signal.set_wakeup_fd(self._outbox, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, _heard)
        threading.Thread(target=self._watch, daemon=True, name="ending").start()
        return self

    def __exit__(self, *_: object) -> None:
        """The thread goes on until the process is over, and so does the deadline."""
        self.begin()

    def begin(self) -> None:
        """The app ends by itself, and from now on has to be over in time."""
        os.write(self._outbox, _BEGUN)

    def _watch(self) -> None:
        until, told = float("inf"), False
        poll = select.poll()
        poll.register(self._inbox, select.POLLIN)
        poll.register(self._terminal, 0)  # of nothing but its end
        while time.monotonic() < until:
            pause = ASK_SECONDS if told else LOOK_SECONDS
            heard: set[int] = set()
            for descriptor, _ in poll.poll(pause * 1000):
                if descriptor == self._inbox:
                    heard.update(os.read(self._inbox, 64))
                else:
                    heard.add(signal.SIGHUP)
                    poll.unregister(descriptor)
            told = told or not heard.isdisjoint(SIGNALS)
            if told or heard & set(_BEGUN):
                until = min(until, time.monotonic() + SECONDS)
            if told:
                self._ask()
        restoring = threading.Thread(target=self._restore, daemon=True)
        restoring.start()
        restoring.join(RESTORE_SECONDS)
        os._exit(ExitCode.INTERRUPTED if told else ExitCode.DONE)


def _heard(number: int, frame: FrameType | None) -> None:
    """The thread has heard it; without this the signal would end the process."""
    _TOLD.append(number)
