"""Where a model comes from: every run back to the data, as plain values.

A run is one step of the chain: its command, settings, figures, and the files that it
learned from with their digests. The newest run comes first.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from catalog.errors import UsageError
from catalog.files import write_file
from model.library import digest
from model.teacher_set import read

FILE = "lineage.json"
PACKAGES = ("torch", "transformers", "peft", "tokenizers", "gguf", "llama_cpp_python")
NO_LICENCE = "none named"
MEASURED = ("calibration", "scores", "measured_on")
"""Keys of a manifest that are filled in after the export."""


def commit() -> str | None:
    """The commit of this program, where it runs from a checkout.

    `+changes` follows where files differ from it.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        told = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return told + ("+changes" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return done.stdout.strip()


def versions() -> dict[str, str]:
    """Versions of the packages that a model depends on, those that are there."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def data_of(path: Path) -> dict[str, Any]:
    """A data file's name, digest, and its tables by licence.

    Raises:
        UsageError: it cannot be read.
    """
    licences = Counter(each.facets.get("license") or NO_LICENCE for each in read(path))
    return {
        "name": path.name,
        "sha256": digest(path),
        "licences": dict(sorted(licences.items())),
    }


def licences_of(runs: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Tables by licence over all data of all runs, each file counted once."""
    seen: set[str] = set()
    total: Counter[str] = Counter()
    for run in runs:
        for data in run.get("data", []):
            if data["sha256"] not in seen:
                seen.add(data["sha256"])
                total.update(data.get("licences", {}))
    return dict(total.most_common())


def read_lineage(folder: Path) -> dict[str, Any]:
    """The lineage that fine-tuning wrote beside its result; empty without one."""
    path = folder / FILE
    return read_object(path) if path.exists() else {}


def read_object(path: Path, hint: str = "") -> dict[str, Any]:
    """A JSON file's object; empty where it is something else.

    Raises:
        UsageError: it cannot be read, or is no JSON.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.", hint) from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}.", hint) from error
    return found if isinstance(found, dict) else {}


def write_manifest(path: Path, name: str, about: dict[str, Any]) -> Path:
    """The manifest of a file, beside it; what was measured later is kept.

    Scores and calibration come after an export. Where the file is another one now,
    `measured_on` has the digest of the file that they are about.
    """
    sha256 = digest(path)
    manifest = {
        "name": name,
        "file": path.name,
        "sha256": sha256,
        "bytes": path.stat().st_size,
        **about,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "exported": {
            "command": "columnist train export",
            "commit": commit(),
            "versions": versions(),
        },
    }
    target = path.parent / f"{name}.json"
    if target.exists():
        try:
            before = json.loads(target.read_text(encoding="utf-8"))
        except ValueError:
            before = {}
        kept = {k: before[k] for k in MEASURED if k in before}
        if kept and before.get("sha256") != sha256:
            kept.setdefault("measured_on", before.get("sha256"))
        manifest |= kept
    write_file(target, json.dumps(manifest, indent=2) + "\n")
    return target
