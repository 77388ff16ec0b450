"""What happens in a run: one line of its log each, and sent to a registry."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError
from catalog.files import writing
from model.registry import Registry
from model.tracked_run import origin
from model.training.lineage import read_lineage


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
    events: Iterable[Event],
    registry: Registry,
    *,
    experiment: str,
    folder: Path,
    settings: dict[str, Any],
    tell: Callable[[str], None],
    name: str = "",
) -> Iterator[Event]:
    """The same events, logged to a run in the registry on their way.

    Training goes on where the registry stops answering: that is told once.

    Args:
        events: of the training.
        registry: where the run is.
        experiment: what the run is part of.
        folder: of the training.
        settings: its parameters.
        tell: told in a line that no more is logged.
        name: of the run; empty is the folder's.

    Raises:
        ColumnistError: the registry does not answer at the start.
    """
    with registry.run(experiment, name or folder.name, settings) as run:
        logged = True
        for event in events:
            try:
                if logged:
                    run.log(event.figures, step=int(event.figures.get("step", 0)))
                    for name in event.figures.get("written", ())[:1]:
                        run.tag(origin(read_lineage(folder / name)))
            except ColumnistError as error:
                logged = False
                tell(f"{error.message} The training goes on and is logged no more.")
            yield event
