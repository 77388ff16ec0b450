"""Which model the options name: a file of this user, or one on a server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from catalog.errors import RefusedError, UsageError
from model.endpoint import is_address
from model.library import Library, ModelFile
from model.remote import Model, RemoteModel
from tui.settings import Settings

if TYPE_CHECKING:
    from model.engine import EngineSettings


def library(settings: Settings) -> Library:
    """The bundled models and those that were added."""
    return Library(settings.data / "models")


def find_model(settings: Settings) -> Model:
    """The model to draft with.

    Raises:
        UsageError: there is no such model, file or endpoint.
        RefusedError: it is elsewhere, and nothing may leave.
    """
    remote = remote_model(settings)
    if remote is not None:
        return remote
    return library(settings).find(settings.model, adapter=settings.adapter)


def remote_model(settings: Settings) -> RemoteModel | None:
    """The model elsewhere that `--model` names; None where it names one here.

    Raises:
        UsageError: it is no endpoint, or an adapter is to be put on it.
        RefusedError: nothing may leave.
    """
    if settings.model is None or not is_address(settings.model):
        return None
    if settings.adapter is not None:
        raise UsageError(
            "--adapter goes with a model file, not with a URL.",
            "Have the server put the adapter on, or name a file with --model.",
        )
    key = os.environ.get("COLUMNIST_API_KEY")
    found = RemoteModel.at(settings.model, key=key)
    if settings.offline:
        raise RefusedError(
            f"--offline refused the model at {found.endpoint.place}: only the"
            " database's socket is allowed, on this machine too.",
            "Leave --offline out, or name a model file with --model.",
        )
    return found


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
