"""`columnist tables`: what there is, and how much of it is described."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.bounds import matches
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import Json, Schemas, Tables, Url, settings
from tui.commands.reading import Named, demand, read
from tui.flow.text import count, plain, shorten


def run(
    context: typer.Context,
    url: Url,
    undocumented: Annotated[
        bool, typer.Option("--undocumented", help="Only those that lack a comment.")
    ] = False,
    schema: Schemas = None,
    table: Tables = None,
    json: Json = False,
) -> None:
    """List tables with coverage, kind and row estimate."""
    with open_session(settings(context), url) as session:
        unread = session.snapshot.scanned_at() is None
        if unread:
            read(session, [], [])
        demand(session, Named(schema or [], table or []), fresh=unread)
        found = [
            summary
            for summary in session.snapshot.summaries()
            if (not schema or summary.id.schema in schema)
            and matches(summary.id, table or [])
            and (summary.undocumented or not undocumented)
        ]
    if json:
        console.out_json(
            [
                {
                    "schema": summary.id.schema,
                    "table": summary.id.name,
                    "kind": summary.kind.value,
                    "rows": summary.row_estimate,
                    "described": summary.described,
                    "columns": summary.columns,
                    "columns_described": summary.columns_described,
                }
                for summary in found
            ]
        )
        return
    for summary in found:
        estimate = summary.row_estimate
        rows = "" if estimate is None else f"about {count(estimate, 'row')}"
        console.out(
            f"{shorten(plain(str(summary.id)), 48):<48} {summary.kind.value:<17}"
            f" {'described' if summary.described else '-':<10}"
            f"{summary.columns_described:>5} of {summary.columns:<5} {rows}".rstrip()
        )
