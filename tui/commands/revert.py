"""`columnist revert`: take a run back."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.change import WriteResult
from catalog.errors import ColumnistError, RefusedError, UsageError
from tui.commands import console
from tui.commands.apply import report, show
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
    session = open_session(settings(context), url)
    results: list[WriteResult] = []
    runs: list[int] = []
    try:
        chosen = number
        if chosen is None:
            latest = session.ledger.last_revertible()
            if latest is None:
                raise RefusedError("There is no run to take back.")
            chosen = latest.id
        written = len(session.ledger.written(chosen))
        if not console.confirm(
            f"Restore {count(written, 'comment')} of run {chosen}?", yes=yes
        ):
            console.note("Nothing was changed.")
            return
        with (
            console.stopping() as stop,
            console.progress("Restoring", written) as advance,
        ):
            for result in writes.revert(session, chosen, on_run=runs.append, stop=stop):
                results.append(result)
                advance(1)
    except (ColumnistError, console.Interrupted):
        if runs:  # what was restored is said, and then why it ended
            show(results, runs[0], json=json)
        raise
    finally:
        session.close()
    report(results, runs[0] if runs else None, json=json)
