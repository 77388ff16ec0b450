"""What happens in a run: one line of its log each, and sent to MLflow if asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import UsageError
from catalog.files import writing


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a run's log."""

    kind: str
    """`start`, `train`, `held-out` or `end`."""
    figures: dict[str, Any]
    """What was measured."""

    def line(self) -> str:
        """The event for a person."""
        told = self.figures
        if self.kind == "train":
            rest = told["seconds"] * (1 / max(told["done"], 1e-9) - 1)
            return (
                f"step {told['step']:,}, {told['done']:.0%}: loss {told['loss']:.3f};"
                f" {rest / 60:.0f} min left; Ctrl-C stops and saves"
            )
        if self.kind == "start":
            tables = told["tables"]
            return (
                f"{told['parameters']:,} parameters; {told['texts']:,} texts of"
                f" {tables['learned']:,} tables, {tables['held out']:,} held out;"
                f" {told['precision']}"
            )
        held = told.get("held_out")
        what = f"loss on held-out tables {held['loss']:.3f}" if held else "done"
        return f"step {told['step']:,}: {what}"


def log(folder: Path, kind: str, **figures: Any) -> Event:
    """Append one event to a run's log.

    Raises:
        ColumnistError: the disk is full.
    """
    told = {"event": kind, **figures}
    told["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    path = folder / "log.jsonl"
    hint = "Free some space and run the same command again."
    with writing(path, hint=hint), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told, default=str) + "\n")
    return Event(kind, figures)


def tracked(
    events: Iterable[Event], experiment: str | None, settings: dict[str, Any]
) -> Iterator[Event]:
    """The same events, logged to that MLflow experiment on their way.

    Where MLflow writes to is its own affair (`MLFLOW_TRACKING_URI`).

    Raises:
        UsageError: MLflow is asked for and not installed.
    """
    if experiment is None:
        yield from events
        return
    try:
        import mlflow  # optional, and slow to import
    except ImportError as error:
        raise UsageError(
            "MLflow is not installed.", "Install mlflow, or leave --mlflow out."
        ) from error
    mlflow.set_experiment(experiment)
    with mlflow.start_run():
        mlflow.log_params({name: str(value) for name, value in settings.items()})
        for event in events:
            step = int(event.figures.get("step", 0))
            mlflow.log_metrics(dict(numbers(event.figures)), step=step)
            yield event


def numbers(figures: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of nested figures by dotted name."""
    for name, value in figures.items():
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float):
            yield f"{prefix}{name}", float(value)
        elif isinstance(value, dict):
            yield from numbers(value, f"{prefix}{name}.")
