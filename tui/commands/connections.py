"""`columnist connections`: saved connections."""

from __future__ import annotations

from typing import Annotated

import typer

from tui import console
from tui.commands.options import Json, settings
from tui.connections import Connections
from tui.text import plain

app = typer.Typer(help="Saved connections: names for URLs.", rich_markup_mode=None)


@app.command("list")
def list_connections(context: typer.Context, json: Json = False) -> None:
    """List saved connections."""
    found = Connections(settings(context).connections).all()
    if json:
        console.out_json([{"name": each.name, "url": each.url} for each in found])
        return
    if not found:
        console.note("None yet. Save one with `columnist connections add NAME URL`.")
    for each in found:
        console.out(f"{plain(each.name):<20} {plain(each.url)}")


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What commands shall take for it.")],
    url: Annotated[str, typer.Argument(help="SQLAlchemy URL.")],
) -> None:
    """Save a connection; a password in the URL goes to the system keyring."""
    kept = Connections(settings(context).connections).add(name, url)
    where = "; its password is in the system keyring" if kept else ""
    console.note(f"Saved {plain(name)}{where}.")


@app.command("remove")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A saved connection.")],
) -> None:
    """Forget a connection and its password."""
    Connections(settings(context).connections).remove(name)
    console.note(f"Removed {plain(name)}.")
