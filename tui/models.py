"""Where this user's models are."""

from __future__ import annotations

from model.library import Library
from tui.settings import Settings


def library(settings: Settings) -> Library:
    """The bundled models and those that were added."""
    return Library(settings.data / "models")
