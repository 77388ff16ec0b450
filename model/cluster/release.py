"""Which Columnist is installed somewhere: a version, and a digest of its code.

Only what is drafted by the same code is the same wherever it is drafted. `installed`
goes to other machines by value, so it needs nothing of ours there, and may find another
Columnist, or none.
"""

from __future__ import annotations

from typing import NamedTuple

PACKAGES = ("catalog", "model")
"""What a worker runs."""


class Release(NamedTuple):
    """A version of Columnist."""

    version: str
    """Its number; empty where none is installed."""
    code: str
    """The beginning of the digest of its files, in hex."""

    def __str__(self) -> str:
        if not self.version and not self.code:
            return "no Columnist"
        return f"Columnist {self.version or 'without a number'} (code {self.code})"


def installed() -> tuple[str, str]:
    """The fields of the `Release` of this process. Reads some 5 MB."""
    import hashlib
    import importlib.metadata
    import importlib.util
    import os

    state = hashlib.sha256()
    for package in PACKAGES:
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            return "", ""
        root = next(iter(found.submodule_search_locations))
        paths = [
            os.path.join(folder, name)
            for folder, _, names in os.walk(root)
            for name in names
            if "__pycache__" not in folder
        ]
        for path in sorted(paths):
            with open(path, "rb") as file:
                name = os.path.relpath(path, root).encode()
                state.update(name + b"\0" + hashlib.sha256(file.read()).digest())
    try:
        version = importlib.metadata.version("columnist")
    except importlib.metadata.PackageNotFoundError:
        version = ""
    return version, state.hexdigest()[:12]
