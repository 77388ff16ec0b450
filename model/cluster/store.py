"""The model's files on one node: found there, or brought in pieces, and checked.

An actor for each node, without a CPU of its own. What the node's own library has with
the same digest is used where it lies; anything else lands in the node's cache folder,
under its digest, whole or not at all. A lock on a file keeps two runs apart.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from catalog.errors import ColumnistError
from model.library import Library, digest

PIECE = 8 << 20
"""Bytes that are sent at a time."""


class ModelStore:
    """Files by digest, in the library and in the cache of this account on this node."""

    def __init__(self) -> None:
        from platformdirs import PlatformDirs

        folders = PlatformDirs("columnist", appauthor=False)
        self._library = Path(folders.user_data_dir) / "models"
        self._cache = Path(folders.user_cache_dir) / "models"
        self._lock: IO[str] | None = None
        self._coming: IO[bytes] | None = None
        self._sha256 = ""
        self._state = hashlib.sha256()

    def find(self, sha256: str) -> str | None:
        """A file with that digest, read whole to be sure; None: it is to be brought.

        Waits for another run that brings it just now.
        """
        self._cache.mkdir(parents=True, exist_ok=True)
        self._sha256 = sha256
        self._lock = (self._cache / f"{sha256}.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        cached = self._cache / f"{sha256}.gguf"
        known = [m.path for m in Library(self._library).models() if m.sha256 == sha256]
        for path in (*known, cached):
            with suppress(ColumnistError):
                if path.is_file() and digest(path) == sha256:
                    self._unlock()
                    return str(path)
        return None

    def take(self, piece: bytes) -> None:
        """The next piece of the file that was not found."""
        if self._coming is None:
            # What a run left that ended is written over: the lock is ours.
            part = self._cache / f"{self._sha256}.part"
            self._coming = part.open("wb")
            self._state = hashlib.sha256()
        self._state.update(piece)
        self._coming.write(piece)

    def keep(self) -> str | None:
        """Where the file is, all pieces of which were taken; None: it is another."""
        assert self._coming is not None
        self._coming.flush()
        os.fsync(self._coming.fileno())
        self._coming.close()
        part, self._coming = Path(self._coming.name), None
        try:
            if self._state.hexdigest() != self._sha256:
                part.unlink()
                return None
            return str(part.replace(part.with_suffix(".gguf")))
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
