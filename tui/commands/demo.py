"""`columnist demo`: the embedded warehouse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import ColumnistError
from tui.commands import console
from tui.commands.open import launch
from tui.commands.options import settings
from tui.flow.settings import Settings


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
    warehouse = make(settings(context), reset=reset)
    url = f"duckdb:///{warehouse}"
    if path:
        console.out(url)
        return
    launch(settings(context), url)


def make(settings: Settings, *, reset: bool = False) -> Path:
    """The demo warehouse's file, made if it is not there."""
    from columnist_assets.demo.warehouse import build

    target = settings.data / "demo.duckdb"
    if target.exists() and not reset:
        return target
    console.note("Making the demo warehouse (once, a few seconds)…")
    scratch = target.with_suffix(".new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.unlink(missing_ok=True)
        build(scratch)
        Path(f"{target}.wal").unlink(missing_ok=True)
        os.replace(scratch, target)
    except OSError as error:
        raise ColumnistError(
            f"Cannot make the demo warehouse in {target.parent}: {error.strerror}.",
            "Free some space, or choose another place with --workspace.",
        ) from error
    return target
