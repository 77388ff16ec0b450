"""Files: written whole or not at all, where people meant them; one line if it fails."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import BinaryIO

from catalog.errors import ColumnistError, UsageError

OPEN_FILES = frozenset(map(Path, ("/dev", "/dev/fd", "/proc/self/fd")))
"""Folders whose entries stand for files that are open already, such as /dev/stdout."""
HINT = "Free some space, or correct the rights of the folder."
"""The way out where the caller knows no better one."""


def write_file(
    path: Path, content: str | bytes, *, hint: str = HINT, folders: bool = False
) -> None:
    """Write a file, text in UTF-8, so that nobody ever reads half of it.

    Args:
        path: a link stays one and its file is written; see `whole_file`.
        content: all of it.
        hint: the way out, should it fail.
        folders: make those it lies in.

    Raises:
        ColumnistError: it cannot be written; what was there before still is.
    """
    with writing(path, hint=hint):
        data = _encoded(content)
        if folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(data)


def write_new(path: Path, content: str | bytes, *, hint: str = HINT) -> bool:
    """Write a file unless there is one; False then. A kill may leave it empty.

    Raises:
        ColumnistError: it cannot be written, and is not there.
    """
    with writing(path, hint=hint):
        try:
            path.open("xb").close()  # from here on the name is ours
        except FileExistsError:
            return False
        try:
            write_file(path, content, hint=hint)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return True


@contextmanager
def writing(path: Path, *, hint: str = HINT) -> Generator[None]:
    """Turn what the system says of a write into one line.

    Raises:
        ColumnistError: something in the block could not be written.
    """
    try:
        yield
    except OSError as error:
        raise ColumnistError(
            f"Cannot write {path}: {error.strerror or error}.", hint
        ) from error


@contextmanager
def reading(path: Path, *, hint: str = "Check the path.") -> Generator[None]:
    """Turn what the system says of a read into one line.

    Raises:
        UsageError: there is no such file.
        ColumnistError: something in the block could not be read.
    """
    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.", hint) from None
    except OSError as error:
        raise ColumnistError(
            f"Cannot read {path}: {error.strerror or error}.", hint
        ) from error


@contextmanager
def whole_file(path: Path, *, scratch: str = "") -> Generator[BinaryIO]:
    """Open a file for writing so that nobody ever reads half of it.

    A link stays one and its file is written, a file that is there keeps its mode; what
    is no file, such as a pipe or a device, gets the data as it comes.

    Args:
        path: the file.
        scratch: what it is called as it grows, for a file so large that what kills
            leave behind must not pile up; nobody else may write it then.

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
    growing = path.with_name(scratch or f".columnist-{secrets.token_hex(8)}")
    try:
        with growing.open("wb") as file:
            if mode is not None:
                os.chmod(growing, S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(growing, path)
    except BaseException:
        with suppress(OSError):
            growing.unlink()
        raise


def _encoded(content: str | bytes) -> bytes:
    if isinstance(content, bytes):
        return content
    try:
        return content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise OSError(errno.EILSEQ, "the text holds half a character") from error
