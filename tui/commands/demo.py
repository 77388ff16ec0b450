"""`columnist demo`: the embedded warehouse."""

from __future__ import annotations

from typing import Annotated

import typer

from tui.commands import console
from tui.commands.open import launch
from tui.commands.options import settings
from tui.flow.demo import demo_warehouse


def run(
    context: typer.Context,
    reset: Annotated[
        bool, typer.Option("--reset", help="Make the warehouse anew.")
    ] = False,
    path: Annotated[
        bool, typer.Option("--path", help="Only make it and print its URL.")
    ] = False,
) -> None:
    """Open the app on a demo warehouse (DuckDB), made on first use."""
    warehouse = demo_warehouse(settings(context), reset=reset, tell=console.note)
    url = f"duckdb:///{warehouse}"
    if path:
        console.out(url)
        return
    launch(settings(context), url)
