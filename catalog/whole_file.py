"""Writing a file that people named: whole or not at all, and where they meant it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import BinaryIO

OPEN_FILES = frozenset(map(Path, ("/dev", "/dev/fd", "/proc/self/fd")))
"""Folders whose entries stand for files that are open already, such as /dev/stdout."""


def write_whole(path: Path, text: str) -> None:
    """Write a file in UTF-8, as `whole_file` does.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise OSError(errno.EILSEQ, "the text holds half a character") from error
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path) -> Generator[BinaryIO]:
    """Open a file for writing so that nobody ever reads half of it.

    A link stays one and its file is written, a file that is there keeps its mode; what
    is no file, such as a pipe or a device, gets the data as it comes.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    mode: int | None = None
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
    if mode is not None and (not S_ISREG(mode) or path.parent in OPEN_FILES):
        with path.open("ab") as stream:  # nothing before it is cut off
            yield stream
        return
    path = path.resolve()
    scratch = path.with_name(f".columnist-{secrets.token_hex(8)}")
    try:
        with scratch.open("xb") as file:
            if mode is not None:
                os.chmod(scratch, S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise
