"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from tui.settings import Settings

Url = Annotated[
    str,
    typer.Argument(
        metavar="URL", help="SQLAlchemy URL, or the name of a saved connection."
    ),
]
Schemas = Annotated[
    list[str] | None,
    typer.Option("--schema", help="Only this schema; may be repeated."),
]
Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        help="Only tables that fit this pattern (on table or schema.table); may be"
        " repeated.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def settings(context: typer.Context) -> Settings:
    """The global options."""
    found = context.obj
    assert isinstance(found, Settings)
    return found
