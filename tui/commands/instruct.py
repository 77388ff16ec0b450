"""Instruct models that commands ask more of than a description."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from catalog.errors import UsageError
from model.library import PromptFormat
from model.remote import Model, RemoteModel
from tui.flow.model_choice import engine_settings

if TYPE_CHECKING:
    from model.writer import Writer
    from tui.flow.settings import Settings


def instructed(
    model: Model, chosen: Settings, *, seconds: float, task: str, option: str
) -> Writer:
    """A model to ask, not started yet.

    Args:
        model: here or elsewhere.
        chosen: how it is run.
        seconds: how long a server may take for an answer.
        task: what it is for, as in "cannot judge".
        option: the option that names it.

    Raises:
        UsageError: it only describes.
    """
    from model.engine import Engine
    from model.exchange import PATIENCE
    from model.remote import RemoteEngine

    if isinstance(model, RemoteModel):
        patience = replace(PATIENCE, answer_seconds=seconds)
        return RemoteEngine(model, seed=chosen.seed, patience=patience)
    if model.format is PromptFormat.COMPACT:
        raise UsageError(
            f"{model.name} describes tables and cannot {task}.",
            f"Name an instruct model in GGUF format, or an endpoint, with {option}.",
        )
    return Engine(engine_settings(model, chosen))
