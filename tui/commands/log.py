"""`columnist log`: the inference log, for a warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.workspace import Workspace
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import Json, MaybeUrl, settings
from tui.flow.inference_log import export
from tui.flow.text import count, plain

app = typer.Typer(
    help="The inference log: every draft, what it took, and what was decided on it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("export")
def run_export(
    context: typer.Context,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The file: .parquet, or .csv.", metavar="FILE"
        ),
    ],
    url: MaybeUrl = None,
    json: Json = False,
) -> None:
    """Write the log as Parquet, a row a draft, for any warehouse.

    A row has the draft with its model, the model's digest, form and fingerprint of the
    prompt, seconds and tokens; when it was first shown; the last decision on it with
    the kind of edit; and all decisions as a list. No values of your tables are in it,
    no text of a prompt and no password. docs/log.md says what each column is.

    Read it with DuckDB:  SELECT model, avg(decision = 'accepted') FROM 'log.parquet'
    WHERE decided_seen GROUP BY model
    """
    options = settings(context)
    if url is None:
        with Workspace(options.workspace, waiting=options.waiting) as workspace:
            rows = export(workspace, None, output)
    else:
        with open_session(options, url) as session:
            rows = export(session.workspace, session.database_id, output)
    if json:
        console.out_json({"rows": rows, "file": str(output)})
    else:
        console.out(f"Wrote {count(rows, 'draft')} to {plain(str(output))}.")
