"""A run on an MLflow server: what a training, or a registered model, tells there.

Manifests and lineage files may be anybody's, so what is not in their form is left out.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from catalog.errors import ColumnistError
from model.mlflow_server import Server

ORIGIN = ("columnist.data", "columnist.base", "columnist.adapter")
"""Tags that lead back, as lines of `sha256sum`: data, base model and adapter."""
_MOST_SETTINGS, _MOST_FIGURES = 100, 1000
"""What MLflow takes at once."""
_LONGEST = 5000
"""Of a tag or a setting; MLflow takes a little more."""


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A run that goes on.

    Its methods raise ColumnistError where the server does not take what they tell.
    """

    server: Server
    """Where it is."""
    id: str
    """As the server calls it."""
    place: str
    """Where the server says that its files are."""

    def set(self, settings: Mapping[str, Any]) -> None:
        """What it was asked to do."""
        from mlflow.entities import Param

        told = {_key(name): str(value)[:_LONGEST] for name, value in settings.items()}
        values = [Param(*each) for each in told.items()][:_MOST_SETTINGS]
        with self.server.asking():
            self.server.client.log_batch(self.id, params=values)

    def log(self, figures: Any, *, step: int = 0) -> None:
        """The numbers in some figures."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        told = {_key(name): value for name, value in _numbers(figures)}
        values = [Metric(*each, now, step) for each in told.items()][:_MOST_FIGURES]
        with self.server.asking():
            self.server.client.log_batch(self.id, metrics=values)

    def tag(self, tags: Mapping[str, str]) -> None:
        """What else is known of it."""
        with self.server.asking():
            for name, value in tags.items():
                self.server.client.set_tag(self.id, name, value)


@contextmanager
def begin(
    server: Server,
    experiment: str,
    name: str,
    settings: Mapping[str, Any],
    tags: Mapping[str, str],
) -> Generator[TrackedRun]:
    """A run of an experiment, which is made if need be; it ends as the block does.

    Raises:
        ColumnistError: the server does not answer, refuses, or answers nonsense.
    """
    client = server.client
    with server.asking():
        found = client.get_experiment_by_name(experiment)
        key = found.experiment_id if found else client.create_experiment(experiment)
        made = client.create_run(key, tags=dict(tags), run_name=name).info
    run = TrackedRun(server, made.run_id, made.artifact_uri)
    end = "FAILED"
    try:
        run.set(settings)
        yield run
        end = "FINISHED"
    except (KeyboardInterrupt, GeneratorExit):
        end = "KILLED"
        raise
    finally:
        # What ended the block matters, not that the server could not be told.
        with suppress(ColumnistError), server.asking():
            client.set_terminated(run.id, end)


def learned_with(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the last training in a manifest, those that were given."""
    runs = _objects(manifest.get("lineage"))
    settings = runs[0].get("settings") if runs else None
    told = settings if isinstance(settings, dict) else {}
    return {name: value for name, value in told.items() if value is not None}


def origin(told: Mapping[str, Any]) -> dict[str, str]:
    """Tags that lead back from what a manifest, or a lineage file, tells.

    The same data in several trainings is told once.
    """
    runs = _objects(told.get("lineage") or told.get("runs"))
    data = [each for run in runs for each in _objects(run.get("data"))]
    base, adapter = _objects([told.get("base")]), _objects([told.get("adapter")])
    tags = {}
    for tag, parts in zip(ORIGIN, (data, base, adapter), strict=True):
        lines = dict.fromkeys(line for part in parts for line in _lines(part))
        if text := "\n".join(lines):
            tags[tag] = text[:_LONGEST]
    return tags


def _lines(part: Mapping[str, Any]) -> Iterator[str]:
    """A file's digest and name; a base may be of several."""
    name, sha256 = part.get("file") or part.get("name"), part.get("sha256")
    files = sha256 if isinstance(sha256, dict) else {name: sha256}
    return (f"{known}  {file}" for file, known in files.items() if known)


def _objects(value: Any) -> list[dict[str, Any]]:
    """What is an object in a list."""
    found = value if isinstance(value, list) else []
    return [each for each in found if isinstance(each, dict)]


def _numbers(figures: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """The finite numbers of nested figures by dotted name."""
    for name, value in figures.items() if isinstance(figures, dict) else ():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            with suppress(OverflowError):
                if math.isfinite(float(value)):
                    yield f"{prefix}{name}", float(value)


def _key(name: str) -> str:
    """A name of a figure or a setting as MLflow takes it."""
    return re.sub(r"[^\w. -]", "_", name)[:200].lstrip(".") or "_"
