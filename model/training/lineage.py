"""Where a model comes from: every run back to the data, as plain values.

A run is one step of the chain: its command, settings, figures, and the files that it
learned from with their digests. The newest run comes first.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from catalog.errors import UsageError
from model.training.dataset import LONGEST_LINE, digest

FILE = "lineage.json"
PACKAGES = ("torch", "transformers", "peft", "tokenizers", "gguf", "llama_cpp_python")
NO_LICENCE = "none named"


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


def today() -> str:
    """The date, UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def data_of(path: Path) -> dict[str, Any]:
    """A data file's name, digest, and its records by licence.

    Raises:
        UsageError: it cannot be read.
    """
    licences: Counter[str] = Counter()
    opener: Any = lzma.open if path.suffix == ".xz" else open
    try:
        with opener(path, "rb") as file:
            while line := file.readline(LONGEST_LINE):
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    continue  # the data set's census counts these
                if isinstance(record, dict):
                    licences[str(record.get("license") or NO_LICENCE)] += 1
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise UsageError(f"Cannot read {path}: {error}.", "Check the file.") from error
    return {
        "name": path.name,
        "sha256": digest(path),
        "licences": dict(sorted(licences.items())),
    }


def licences_of(runs: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Records by licence over all data of all runs, each file counted once."""
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
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "") from error
    return found if isinstance(found, dict) else {}


def runs_of_checkpoint(
    checkpoint: Path, *, earlier: Sequence[Path] = (), data: Sequence[Path] = ()
) -> list[dict[str, Any]]:
    """The runs behind a checkpoint of `train pretrain`, the newest first.

    Args:
        checkpoint: its `final.pt`; the run's log lies beside it.
        earlier: folders of runs before it, newest first, for logs that do not say
            which run they went on from.
        data: data files, to count their licences; matched by digest.
    """
    known = {told["sha256"]: told for told in map(data_of, data)}
    left = list(earlier)
    runs: list[dict[str, Any]] = []
    folder: Path | None = checkpoint.parent
    seen: set[Path] = set()
    while folder is not None and folder.resolve() not in seen:
        seen.add(folder.resolve())
        run, before = _run(folder, known)
        runs.append(run)
        if before is None:
            break
        folder = _folder_of(before, folder, left)
        if folder is None:
            runs.append({"run": before, "unknown": True})
    return runs


def _run(
    folder: Path, known: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], str | None]:
    """What a run's log says of it, and of the checkpoint that it went on from."""
    path = folder / "log.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        events: list[dict[str, Any]] = [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The run's log {path} cannot be read: {error}.",
            "Export from the folder in which the run was made.",
        ) from error
    starts = [event for event in events if event.get("event") == "start"]
    if not starts:
        raise UsageError(f"{path} has no start of a run.", "")
    start = starts[0]
    settings = start.get("settings") or start.get("arguments") or {}
    refined = "checkpoint" in settings
    held = [event for event in events if event.get("event") in ("held-out", "end")]
    figures = {
        key: value
        for key, value in (held[-1] if held else {}).items()
        if key not in ("event", "time")
    }
    run = {
        "run": folder.name,
        "command": "columnist train " + ("refine" if refined else "pretrain"),
        "settings": settings,
        "parameters": start.get("parameters"),
        "precision": start.get("precision"),
        "starts": len(starts),
        "began": start.get("time"),
        "ended": events[-1].get("time"),
        "figures": figures,
        "data": _data(start.get("data"), known),
    }
    before = settings.get("checkpoint") or settings.get("start_from")
    return run, str(before) if before else None


def _data(
    told: dict[str, Any] | None, known: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The data files of a log's start, from either form that logs had."""
    found = []
    for use, census in (told or {}).items():
        if isinstance(census, dict):
            sources = census.get("sources", {})
            counts = {"counts": census.get("counts", {})}
        else:
            sources, counts, use = {use: census}, {}, ""
        for name, sha256 in sources.items():
            entry = {"name": name, "sha256": sha256, "use": use, **counts}
            licences = known.get(sha256, {}).get("licences")
            found.append(entry | ({"licences": licences} if licences else {}))
    return found


def _folder_of(before: str, folder: Path, left: list[Path]) -> Path | None:
    """The folder of the checkpoint that a run went on from.

    The log has the last parts of its path: the run's folder, if it is beside this one,
    or the file's name alone, which says nothing; then the folders given help.
    """
    name = Path(before).parent.name
    if name and (folder.parent / name / "log.jsonl").exists():
        return folder.parent / name
    return left.pop(0) if left else None
