"""The source of the llama.cpp that Columnist runs: that inside llama-cpp-python."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDORED = "vendor/llama.cpp/"
"""Where it lies in the source distribution."""


def version() -> str:
    """The pinned version of llama-cpp-python.

    Raises:
        ValueError: pyproject.toml does not pin it.
    """
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'"llama-cpp-python==([0-9.]+)"', text)
    if found is None:
        raise ValueError("pyproject.toml does not pin llama-cpp-python")
    return found[1]


def fetch(folder: Path) -> Path:
    """The source distribution, downloaded with pip unless it is there (77 MB)."""
    path = folder / f"llama_cpp_python-{version()}.tar.gz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        command += ["--no-binary", "llama-cpp-python", "--dest", str(folder)]
        command += [f"llama-cpp-python=={version()}"]
        subprocess.run(command, check=True)
    return path


def unpack(source: Path, folder: Path, wanted: Callable[[str], bool]) -> Path:
    """Unpack the files whose path inside the distribution is wanted.

    Links are left out, and files are made to stay inside the folder.
    """
    with tarfile.open(source) as archive:
        for member in archive:
            _, _, inside = member.name.partition("/")
            if member.isfile() and wanted(inside):
                member.name = inside
                archive.extract(member, folder, filter="data")
    return folder
