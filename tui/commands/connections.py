"""`columnist connections`: saved connections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tui.commands import console
from tui.commands.opening import warn_of_secret
from tui.commands.options import Json, Kinds, settings
from tui.flow.connections import Connections
from tui.flow.text import plain

app = typer.Typer(help="Saved connections: names for URLs.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="A saved connection.")]


@app.command("list")
def list_connections(context: typer.Context, json: Json = False) -> None:
    """List saved connections."""
    found = Connections(settings(context).connections).all()
    if json:
        console.out_json([each.as_json() for each in found])
        return
    if not found:
        console.note("None yet. Save one with `columnist connections add NAME URL`.")
    for each in found:
        console.out(f"{plain(each.name):<20} {plain(each.as_json()['url'])}")


@app.command("show")
def show(context: typer.Context, name: Name, json: Json = False) -> None:
    """Show what is saved of a connection, checked and without secrets."""
    found = Connections(settings(context).connections).get(name).as_json()
    if json:
        console.out_json(found)
        return
    limits = found.pop("limits")
    for key, value in [*found.items(), *limits.items()]:
        if isinstance(value, list):
            value = ", ".join(value)
        shown = "-" if value in (None, "") else plain(str(value))
        console.out(f"{key:<18} {shown}")


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What commands shall take for it.")],
    url: Annotated[str, typer.Argument(help="SQLAlchemy URL.")],
    schema: Annotated[
        list[str] | None,
        typer.Option("--schema", help="Read only this schema; may be repeated."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="PATTERN",
            help="Never read what fits this pattern (on schema or schema.table); may be"
            " repeated.",
        ),
    ] = None,
    kind: Kinds = None,
    glossary: Annotated[
        Path | None, typer.Option("--glossary", help="A file of terms.")
    ] = None,
    style: Annotated[
        Path | None, typer.Option("--style", help="A file of rules for descriptions.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Model to draft with, as the global --model."),
    ] = None,
    password_env: Annotated[
        str | None,
        typer.Option(
            "--password-env",
            metavar="NAME",
            help="Environment variable that holds its password.",
        ),
    ] = None,
) -> None:
    """Save a connection; a password in the URL goes to the system keyring."""
    warn_of_secret(url)
    kept = Connections(settings(context).connections).add(
        name,
        url,
        settings={
            "schemas": schema,
            "exclude": exclude,
            "kinds": kind,
            "glossary": str(glossary.absolute()) if glossary else None,
            "style": str(style.absolute()) if style else None,
            "model": model,
            "password_env": password_env,
        },
    )
    where = "; its password is in the system keyring" if kept else ""
    console.note(f"Saved {plain(name)}{where}.")


@app.command("remove")
def remove(context: typer.Context, name: Name) -> None:
    """Forget a connection and its password."""
    Connections(settings(context).connections).remove(name)
    console.note(f"Removed {plain(name)}.")
