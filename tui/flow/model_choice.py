"""Which model the options name: a file of this user, or one on a server."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import ColumnistError, RefusedError, UsageError
from model.endpoint import is_address
from tui.flow.settings import Settings
from tui.flow.text import plain

if TYPE_CHECKING:
    from model.library import Library, ModelFile
    from model.registry import Registry
    from model.remote import Model, RemoteModel
    from model.wire import EngineSettings


@dataclass(frozen=True, slots=True)
class Arm:
    """A model to draft with, and how the options say that it is to be run."""

    model: Model | None
    """What is known of it; None where rules alone draft, as ours is not there yet."""
    settings: Settings
    """With it as the one model."""


def library(settings: Settings) -> Library:
    """The program's own model and those that were added."""
    from model.library import Library  # the first tables are shown without it

    return Library(settings.data / "models", shared=settings.models)


def find_registry(settings: Settings, uri: str | None) -> Registry:
    """The registry that is named.

    Raises:
        UsageError: none is, or it cannot be used.
        RefusedError: nothing may leave.
    """
    if not uri:
        raise UsageError(
            "No registry is named.",
            "Give --registry http://HOST:PORT, an MLflow server; COLUMNIST_REGISTRY"
            " names one, too.",
        )
    if settings.offline:
        raise RefusedError(
            "--offline refused the registry: only the database's socket is allowed.",
            "Leave --offline out; `columnist models unpack` needs no network.",
        )
    from model.registry import Registry

    return Registry(uri)


def two_models(settings: Settings) -> tuple[Settings, Settings] | None:
    """The settings of each of two models that `--model A,B` names; None for one.

    A file whose name has a comma is one model.

    Raises:
        UsageError: there are more than two, one of them has no name, or an adapter is
            to be put on them.
    """
    named = settings.model
    if named is None or "," not in named or Path(named).expanduser().exists():
        return None
    one, *rest = (name.strip() for name in named.split(","))
    if len(rest) != 1 or not one or not rest[0]:
        raise UsageError(
            "--model takes one model, or two to draft with, as in A,B.",
            "`columnist models list` has their names.",
        )
    if settings.adapter is not None:
        raise UsageError(
            "--adapter goes with one model, not with two.",
            "`columnist train export` makes a model of both.",
        )
    return replace(settings, model=one), replace(settings, model=rest[0])


def refuse_two_models(settings: Settings) -> None:
    """Where one model is used, two are wrong.

    Raises:
        UsageError: `--model` names two.
    """
    if two_models(settings) is not None:
        raise UsageError(
            "Two models are for `columnist draft` alone.",
            "Name one with --model; COLUMNIST_MODEL and a connection name one, too.",
        )


def find_arms(settings: Settings, tell: Callable[[str], None]) -> list[Arm]:
    """The model to draft with, or the two that tables are to be split between.

    Args:
        settings: name them.
        tell: told in a line where there is none.

    Raises:
        UsageError: as for `find_model`; or both are one, or one has no name yet.
        RefusedError: one is elsewhere, and nothing may leave.
    """
    two = two_models(settings)
    if two is None:
        return [Arm(model_or_rules(settings, tell), settings)]
    named = [(find_model(each), each) for each in two]
    for model, each in named:
        # What a table is drawn for must be known before a server is asked.
        if model.endpoint is not None and not model.endpoint.served:
            raise UsageError(
                f"Two models need names, and {each.model} has none.",
                "Name it after a #, as in http://HOST:PORT/v1#NAME.",
            )
    if named[0][0].name == named[1][0].name:
        raise UsageError(
            f"Both models are called {named[0][0].name}.",
            "Afterwards nobody could tell them apart; `columnist models add --name`"
            " gives one another name.",
        )
    return [Arm(model, each) for model, each in named]


def rules_alone(error: ColumnistError) -> str:
    """What to tell where no model can be run, with the way out."""
    return f"Drafting by rules alone: {error.message} {error.hint}".rstrip()


def model_or_rules(settings: Settings, tell: Callable[[str], None]) -> Model | None:
    """The model to draft with; None where ours is not there, once that was told.

    Who names a model wants that one, so it is an error that it is missing.

    Raises:
        UsageError: as for `find_model`.
        RefusedError: as for `find_model`.
    """
    from model.library import MissingModelError

    try:
        return find_model(settings)
    except MissingModelError as error:
        if settings.model is not None or settings.adapter is not None:
            raise
        tell(f"columnist: {plain(rules_alone(error))}")
        return None


def find_model(settings: Settings) -> Model:
    """The model to draft with.

    Raises:
        UsageError: there is no such model, file or endpoint, or two are named.
        RefusedError: it is elsewhere, and nothing may leave.
    """
    remote = remote_model(settings)
    if remote is not None:
        return remote
    return library(settings).find(settings.model, adapter=settings.adapter)


def remote_model(settings: Settings) -> RemoteModel | None:
    """The model elsewhere that `--model` names; None where it names one here.

    Raises:
        UsageError: it is no endpoint, an adapter is to be put on it, or two models
            are named.
        RefusedError: nothing may leave.
    """
    refuse_two_models(settings)
    if settings.model is None or not is_address(settings.model):
        return None
    if settings.adapter is not None:
        raise UsageError(
            "--adapter goes with a model file, not with a URL.",
            "Have the server put the adapter on, or name a file with --model.",
        )
    from model.remote import RemoteModel

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
    from model.wire import EngineSettings

    return EngineSettings(
        model.path,
        gpu_layers=settings.gpu_layers,
        sizes=settings.sizes,
        seed=settings.seed,
        adapter=model.adapter,
    )
