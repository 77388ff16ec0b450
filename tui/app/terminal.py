"""A terminal that may be gone while there is still something to show, or lent out.

Textual 8.2 writes in a thread, which an error ends. Nobody takes from its queue then,
and the app waits for room in it for ever. So errors are left out here. That a terminal
is gone is for `tui.app.ending` to see, since Textual's other thread does not: it reads
an end of file again and again, until the app is over.

What ctrl+z stops is the whole job, as every program of a terminal has it. Textual stops
its own process alone, so the shell would not hear of it where another program, such as
`uv run`, started us; and it stops it also where no shell is there to go on with it.

A signal is heard between any two steps of the main thread, which may hold the lock of
the queue to the terminal just then. So whatever writes waits for the loop's turn.
"""

from __future__ import annotations

import os
import signal
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from textual.drivers.linux_driver import LinuxDriver

from tui.app.ending import is_told

STOP_SECONDS = 0.2
"""A process that goes on for so long after it was told to stop will not be stopped."""
LOOK_SECONDS = 0.01
"""How often that is looked at."""


class Terminal(LinuxDriver):
    """Textual's driver, which can be ended whatever the terminal does."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ours = False
        self._suspending = self._continued = self._asked = False
        self._file: Any = _Output(self._file)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._ours = True
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's

    def stop_application_mode(self) -> None:
        """Give the terminal back, after all that was written before."""
        if self._ours:
            super().stop_application_mode()
            self._ours = self._asked = False

    def disable_input(self) -> None:
        """Read no more; what is not ours is left alone, or the system stops us."""
        if self._ours:
            super().disable_input()

    def suspend(self) -> bool:
        """Stop the job until its shell goes on with it; False where no shell can.

        A terminal that runs nothing but us has none: the system lets us go on.
        """
        if self._suspending:
            return True
        self._suspending = True
        ours = self._ours
        if ours:
            self.suspend_application_mode()
        # Whatever has borrowed the terminal was told so too.
        stopped = self._stop(0 if ours else os.getpid())
        if ours:
            self._take_again()
        self._suspending = False
        return stopped

    def _stop(self, whom: int) -> bool:
        """Whether this process was stopped, and then told to go on."""
        self._continued = False
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(whom, signal.SIGTSTP)
        for _ in range(round(STOP_SECONDS / LOOK_SECONDS)):
            if self._continued:
                break
            time.sleep(LOOK_SECONDS)  # a clock would count the time it was stopped for
        signal.signal(signal.SIGTSTP, self._sigtstp_application)
        return self._continued

    def _take_again(self) -> None:
        """Take the terminal once the shell lends it, which it does not by `bg`."""
        while not (is_told() or self._is_lent()):
            # What tells us to end is sent along, and other threads hear it first.
            time.sleep(STOP_SECONDS)
            if is_told() or not self._stop(0):
                break
        if not is_told():
            self.resume_application_mode()
            self._loop.call_soon(partial(self._app.refresh, layout=True))

    def _is_lent(self) -> bool:
        """Whether the terminal is ours to write to, or gone."""
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:
            return True

    def _sigtstp_application(self, *_: object) -> None:
        """Somebody stops us: as ctrl+z does."""
        if not self._ours:
            self.suspend()
        elif not (self._suspending or self._asked):
            self._asked = True
            self._soon(self._suspend_as_asked)

    def _suspend_as_asked(self) -> None:
        """Unless that is over: it went on, or an editor has the terminal."""
        if self._asked:
            self._asked = False
            self.suspend()

    def _sigcont_application(self, *_: object) -> None:
        """The job goes on."""
        self._continued, self._asked = True, False
        if self._ours and not self._suspending:
            self._soon(self._go_on)

    def _soon(self, do: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is over
            self._loop.call_soon_threadsafe(do)

    def _go_on(self) -> None:
        """Whoever stopped it otherwise than we do left the terminal to others."""
        if self._ours and not self._suspending:
            self._suspending = True
            self.suspend_application_mode()
            self._take_again()
            self._suspending = False

    def give_back(self) -> None:
        """Give the terminal back at once, where that was not done; from any thread."""
        if not self._ours:
            return
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        said: list[str] = []
        # Past the queue, which may be full.
        self.write = said.append  # type: ignore[assignment, method-assign]
        self._disable_mouse_support()  # the next leaves it out, but in the main thread
        super().stop_application_mode()
        with suppress(OSError):
            os.write(self._file.fileno(), "".join(said).encode())


class _Output:
    """A file to write to that never fails."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        return int(self._file.fileno())
