"""`columnist models`: model files, their manifests and lineage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import ExitCode, RefusedError
from model.library import verify as verify_model
from tui import console
from tui.commands.options import Json, settings
from tui.models import library
from tui.text import plain

app = typer.Typer(help="Model files and their manifests.", rich_markup_mode=None)
Name = Annotated[str | None, typer.Argument(help="A model by name or file.")]


@app.command("list")
def list_models(context: typer.Context, json: Json = False) -> None:
    """List the bundled model and those that were added."""
    found = library(settings(context)).models()
    if json:
        console.out_json(
            [
                {
                    "name": model.name,
                    "file": str(model.path),
                    "format": model.format.value,
                    "present": model.path.is_file(),
                    "sha256": model.sha256,
                }
                for model in found
            ]
        )
        return
    for model in found:
        size = "missing"
        if model.path.is_file():
            size = f"{model.path.stat().st_size / 2**20:,.1f} MiB"
        console.out(
            f"{plain(model.name):<24} {size:>12}  {model.format.value:<8}"
            f" {plain(str(model.path))}"
        )


@app.command("show")
def show(context: typer.Context, name: Name = None, json: Json = False) -> None:
    """Show a model's manifest: what it was made from, how, and how good it is."""
    model = library(settings(context)).find(name)
    if json:
        console.out_json({"name": model.name, **model.manifest})
        return
    console.out(f"{plain(model.name)}: {plain(str(model.path))}")
    if not model.manifest:
        console.out("No manifest: nothing is known of how it was made.")
    _show(model.manifest, "  ")


@app.command("add")
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A GGUF file; it stays where it is.")],
    name: Annotated[str | None, typer.Option(help="What --model shall take.")] = None,
) -> None:
    """Remember a model file with its digest, so that a later change shows."""
    model = library(settings(context)).add(file, name=name)
    console.note(f"Added {plain(model.name)}. Use it with --model {plain(model.name)}.")


@app.command("verify")
def verify(context: typer.Context, name: Name = None) -> None:
    """Compare model files with their manifests; all of them without a name."""
    known = library(settings(context))
    chosen = [known.find(name)] if name else known.models()
    changed = 0
    for model in chosen:
        try:
            verify_model(model)
            console.out(f"{plain(model.name)}: as its manifest says")
        except RefusedError as error:
            if name:
                raise
            changed += 1
            console.out(f"{plain(model.name)}: {plain(error.message)}")
    if changed:
        raise typer.Exit(ExitCode.REFUSED)


def _show(value: object, indent: str) -> None:
    if not isinstance(value, dict):
        console.out(f"{indent}{plain(str(value))}")
        return
    for key, each in value.items():
        if isinstance(each, dict):
            console.out(f"{indent}{plain(str(key))}:")
            _show(each, indent + "  ")
        elif isinstance(each, list):
            console.out(f"{indent}{plain(str(key))}: {len(each)} entries")
        else:
            console.out(f"{indent}{plain(str(key))}: {plain(str(each))}")
