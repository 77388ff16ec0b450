"""`columnist models push|pull|promote|versions`: models on an MLflow server."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.errors import UsageError
from model.library import verify
from model.registry import CHAMPION, Version
from tui.commands import console
from tui.commands.options import (
    AllowedSigners,
    Identity,
    Json,
    RegistryUri,
    SigningKey,
    demanded,
    settings,
)
from tui.flow.model_choice import find_registry, library
from tui.flow.text import plain

MIB = 1 << 20
SHORT = 12
"""Characters of a digest that a person compares."""


def push(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A model by name or file.")],
    registered: Annotated[
        str | None, typer.Option("--name", help="What it is called there.")
    ] = None,
    alias: Annotated[
        str | None, typer.Option(help="What shall stand for this version.")
    ] = None,
    sign: SigningKey = None,
    registry: RegistryUri = None,
    json: Json = False,
) -> None:
    """Register a model as a new version on an MLflow server, packed as by `pack`.

    The very same model is not sent again. For example:

    columnist models push mine --alias candidate --registry http://127.0.0.1:5000
    """
    known = find_registry(settings(context), registry)
    model = library(settings(context)).find(name)
    # It is read to be compared and to be packed; then it is sent.
    total = 3 * model.path.stat().st_size
    with console.progress(f"Sending {plain(model.name)}", total, unit=MIB) as advance:
        found = known.register(
            model, name=registered, alias=alias, key=sign, advance=advance
        )
    if json:
        console.out_json(_told(found) | {"new": found.new})
        return
    done = "Registered" if found.new else "Nothing to send: this is"
    called = f", called {', '.join(found.aliases)}" if found.aliases else ""
    console.out(plain(f"{done} {found} at {known.place}{called}."))


def pull(
    context: typer.Context,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@ALIAS|:VERSION]", help=f"Without either, NAME@{CHAMPION}."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="What --model shall take.")] = None,
    signers: AllowedSigners = None,
    identity: Identity = None,
    registry: RegistryUri = None,
) -> None:
    """Add a version from an MLflow server to the models here, checked as by `unpack`.

    Its bytes must be those that were registered. For example:

    columnist models pull mine@champion --registry http://127.0.0.1:5000
    """
    wanted = demanded(signers, identity)
    known = find_registry(settings(context), registry)
    here = library(settings(context))
    version = known.resolve(reference)
    standing = [each for each in here.models() if each.present]
    same = [each for each in standing if version.is_(each)]
    near = [each for each in standing if each.sha256 == version.sha256]
    if near and not same and name is None:
        raise UsageError(
            f"{version} has the weights of {near[0].name} here, and is used otherwise.",
            "Give it a name of its own with --name, or `columnist models remove` that"
            " one.",
        )
    if same and name is None and wanted is None:
        verify(same[0])
        console.note(plain(f"Nothing to do: {version} is {same[0].name} here."))
        return
    with console.progress(
        plain(f"Taking {version}"), version.bytes, unit=MIB
    ) as advance:
        model = known.pull(version, here, name=name, signers=wanted, advance=advance)
    console.note(
        plain(f"Added {model.name}, {version}. Use it with --model {model.name}.")
    )


def promote(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the model is called there.")],
    version: Annotated[str, typer.Argument(help="The number of a version.")],
    alias: Annotated[str, typer.Option(help="What shall stand for it.")] = CHAMPION,
    registry: RegistryUri = None,
) -> None:
    """Let an alias stand for a version from now on, as champion does for the best."""
    known = find_registry(settings(context), registry)
    before = known.promote(name, version, alias)
    was = f"; it was {before}" if before else ""
    console.out(plain(f"{name}@{alias} is version {version} now{was}."))


def versions(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Of this model; else all.")] = None,
    registry: RegistryUri = None,
    json: Json = False,
) -> None:
    """List the versions on an MLflow server, with aliases and digests."""
    found = find_registry(settings(context), registry).versions(name)
    if json:
        console.out_json(list(map(_told, found)))
        return
    if not found:
        console.note("There are no models yet.")
    console.table(
        (
            each.name,
            each.number,
            f"{each.bytes / MIB:,.1f} MiB" if each.bytes else "",
            each.sha256[:SHORT] if each.sha256 else "not ours",
            " ".join(each.aliases),
        )
        for each in found
    )


def _told(version: Version) -> dict[str, object]:
    return {
        "name": version.name,
        "version": int(version.number),
        "aliases": list(version.aliases),
        "sha256": version.sha256,
        "tar_sha256": version.tar,
        "bytes": version.bytes,
    }
