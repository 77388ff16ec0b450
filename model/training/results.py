"""What fine-tuning leaves behind: adapter or model, merged model, lineage."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from catalog.errors import ColumnistError
from model.library import PromptFormat
from model.training import lineage
from model.training.adapter import adapted
from model.training.source import ModelSource, carry
from model.training.training_run import TrainingRun


def write_results(
    run: TrainingRun, source: ModelSource, figures: dict[str, Any]
) -> list[Path]:
    """The adapter or the model, and the merged model; each is whole or not there.

    Raises:
        ColumnistError: the disk is full; the checkpoint and older results are whole.
    """
    settings = run.settings
    told = _lineage(run, source, figures)
    whole = settings.method == "full"
    first = settings.out / ("model" if whole else "adapter")

    def trained(folder: Path) -> None:
        if whole:
            model = run.model.to(getattr(torch, source.dtype))
            model.save_pretrained(str(folder))
            carry(source, folder)
        else:
            # "auto" would ask the hub whether the vocabulary grew.
            run.model.save_pretrained(str(folder), save_embedding_layers=False)
            (folder / "README.md").unlink(missing_ok=True)  # an empty form

    _write_folder(first, trained, told | {"kind": "model" if whole else "adapter"})
    written = [first]
    if settings.merge and not whole:
        merged = settings.out / "merged"
        _write_folder(
            merged, lambda to: merge(source, first, to), told | {"kind": "merged"}
        )
        written.append(merged)
    return written


def merge(source: ModelSource, adapter: Path, folder: Path) -> None:
    """Write the base model with an adapter in its weights, in the base's precision."""
    model = adapted(source, adapter).merge_and_unload()
    model = model.to(getattr(torch, source.dtype))
    model.save_pretrained(str(folder))
    carry(source, folder)


def _write_folder(
    target: Path, write: Callable[[Path], None], told: dict[str, Any]
) -> None:
    """Fill a folder beside the target, then take its place."""
    from safetensors import SafetensorError

    partial = target.with_name(f"{target.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        write(partial)
        text = json.dumps(told, indent=2) + "\n"
        (partial / lineage.FILE).write_text(text, encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        partial.replace(target)
    except (OSError, RuntimeError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise ColumnistError(
            f"Cannot write {target}: {str(error).splitlines()[0]}.",
            "The checkpoint is whole: free some space and run the same command again.",
        ) from error


def _lineage(
    run: TrainingRun, source: ModelSource, figures: dict[str, Any]
) -> dict[str, Any]:
    """Where the result comes from: this run, and what is known of its base."""
    settings = run.settings
    before = lineage.read_lineage(source.path)
    start = lineage.read_lineage(settings.start) if settings.start else {}
    this = {
        "run": settings.out.name,
        "command": "columnist train finetune",
        "settings": settings.to_json(),
        "parameters": sum(p.numel() for p in run.trained.values()),
        "figures": {
            "step": run.step,
            "tokens": run.seen,
            "seconds": round(run.elapsed, 1),
            **figures,
        },
        "start": run.identity["start"],
        "data": [lineage.data_of(path) for path in settings.data],
        "ended": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": lineage.commit(),
        "versions": lineage.versions(),
    }
    runs = [this, *(start.get("runs") or before.get("runs", []))]
    return {
        "base": before.get("base") or source.about(),
        "from": source.about(),
        "format": PromptFormat.COMPACT.value,
        "runs": runs,
        "licences": lineage.licences_of(runs),
    }
