"""`columnist open URL`: the app."""

from __future__ import annotations

from typing import Annotated

import typer

from tui.commands.options import settings
from tui.models import remote_model
from tui.settings import Settings


def run(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]", help="URL or saved connection; without it, the picker."
        ),
    ] = None,
) -> None:
    """Open the app on a database."""
    launch(settings(context), url)


def launch(settings: Settings, target: str | None) -> None:
    """Start the app; Textual is imported only here."""
    remote_model(settings)  # what is refused is refused before anything is opened
    from tui.app import run_app

    run_app(settings, target)
