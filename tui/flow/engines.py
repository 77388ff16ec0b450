"""Running models: one here in a child process, or one on a server."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import ColumnistError
from catalog.stopping import Stop, never
from model.engine import Engine
from model.library import PromptFormat
from model.nearest import shipped
from model.remote import Model, RemoteEngine, RemoteModel
from model.writer import Writer
from tui.flow.model_choice import engine_settings
from tui.flow.settings import Settings

if TYPE_CHECKING:
    from model.cluster.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Running:
    """A model to draft with; without an engine, rules draft alone."""

    engine: Writer | None = None
    """What runs it."""
    model: Model | None = None
    """What is known of it."""
    cluster: Cluster | None = None
    """Where it runs, and the rules too, in place of an engine."""


RULES_ALONE = Running()


def start(model: Model, settings: Settings, *, stop: Stop = never) -> Running:
    """Run a model, by the name that its server has for it.

    Raises:
        ColumnistError: the model cannot be loaded, or its server does not answer.
    """
    if isinstance(model, RemoteModel):
        elsewhere = RemoteEngine(model, seed=settings.seed)
        return Running(elsewhere, elsewhere.start(stop=stop))
    engine = Engine(engine_settings(model, settings))
    # Read while the engine's process loads its weights.
    if model.format is PromptFormat.COMPACT:
        threading.Thread(target=shipped, name="examples", daemon=True).start()
    try:
        engine.start(stop=stop)
    except ColumnistError:
        engine.close()
        raise
    return Running(engine, model)


@contextmanager
def running(
    model: Model | None, settings: Settings, *, stop: Stop
) -> Generator[Running]:
    """A running model that ends with the block; rules alone for None."""
    if model is None:
        yield RULES_ALONE
        return
    found = start(model, settings, stop=stop)
    assert found.engine is not None
    with found.engine:
        yield found
