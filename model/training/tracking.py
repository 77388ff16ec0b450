"""Sends a run's events to MLflow, where that is installed and asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from catalog.errors import UsageError
from model.training.event import Event


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
