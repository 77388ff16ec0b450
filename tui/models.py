"""Where this user's models are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.library import Library, ModelFile
from tui.settings import Settings

if TYPE_CHECKING:
    from model.engine import EngineSettings


def library(settings: Settings) -> Library:
    """The bundled models and those that were added."""
    return Library(settings.data / "models")


def engine_settings(model: ModelFile, settings: Settings) -> EngineSettings:
    """How the global options say that a model is to be run."""
    from model.engine import EngineSettings

    return EngineSettings(
        model.path,
        gpu_layers=settings.gpu_layers,
        sizes=settings.sizes,
        seed=settings.seed,
        adapter=model.adapter,
    )
