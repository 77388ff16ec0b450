"""`columnist open URL`: the app."""

from __future__ import annotations

from typing import Annotated

import typer

from tui.commands.opening import warn_of_secret
from tui.commands.options import settings
from tui.flow.model_choice import library, remote_model
from tui.flow.session import settings_for
from tui.flow.settings import Settings


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
    # What is refused is refused before anything is opened.
    named = settings_for(settings, target) if target else settings
    if remote_model(named) is None and named.model is not None:
        from model.library import DEFAULT

        if named.model == DEFAULT:
            library(named).find(DEFAULT)
    if target is not None:
        warn_of_secret(target)
    from tui.app.app import run_app

    run_app(settings, target)
