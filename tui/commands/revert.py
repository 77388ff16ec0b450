"""`columnist revert`: take a run back."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from catalog.errors import UsageError
from tui.commands import console
from tui.commands.apply import carry_out
from tui.commands.opening import open_session
from tui.commands.options import Json, Url, Yes, settings
from tui.flow import writes
from tui.flow.text import count


def run(
    context: typer.Context,
    url: Url,
    number: Annotated[
        int | None, typer.Option("--run", help="The run to take back.")
    ] = None,
    last: Annotated[
        bool, typer.Option("--last", help="The latest run that stands.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Restore the comments that a run replaced, unless changed since."""
    if (number is None) != last:
        raise UsageError("Say which run is meant.", "Use --run ID or --last.")
    with open_session(settings(context), url) as session:
        writes.settle_open(session)
        chosen = writes.revertible(session, number)
        question = f"Restore {count(chosen.written, 'comment')} of run {chosen.id}?"
        if not console.confirm(question, yes=yes):
            console.note("Nothing was changed.")
            return
        writing = partial(writes.revert, session, chosen.id)
        carry_out("Restoring", chosen.written, writing, json=json)
