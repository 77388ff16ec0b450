"""A terminal that may be gone while there is still something to show.

Textual 8.2 writes in a thread, which an error ends. Nobody takes from its queue then,
and the app waits for room in it for ever. So errors are left out here. That a terminal
is gone is for `tui.app.ending` to see, since Textual's other thread does not: it reads
an end of file again and again, until the app is over.
"""

from __future__ import annotations

import os
import termios
from contextlib import suppress
from typing import Any

from textual.drivers.linux_driver import LinuxDriver


class Terminal(LinuxDriver):
    """Textual's driver, which can be ended whatever the terminal does."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ours = False
        self._file: Any = _Output(self._file)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._ours = True
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's

    def stop_application_mode(self) -> None:
        """Give the terminal back, after all that was written before."""
        super().stop_application_mode()
        self._ours = False

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
