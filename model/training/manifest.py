"""The manifest of an exported file: everything that tells where it comes from."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from catalog.files import write_file
from model.library import digest
from model.training import lineage

MEASURED = ("calibration", "scores", "measured_on")
"""Keys of a manifest that are filled in after the export."""


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
            "commit": lineage.commit(),
            "versions": lineage.versions(),
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
