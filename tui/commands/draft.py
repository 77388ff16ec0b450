"""`columnist draft`: descriptions for what has none."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from catalog.objects import TableId
from catalog.suggestion import Source
from model.remote import RemoteModel
from tui import console, jobs
from tui.commands.opening import open_session
from tui.commands.options import Json, Schemas, Tables, Url, settings
from tui.commands.scan import read
from tui.models import find_model
from tui.session import settings_for
from tui.text import plain


def run(
    context: typer.Context,
    url: Url,
    schema: Schemas = None,
    table: Tables = None,
    limit: Annotated[
        int | None, typer.Option(help="At most so many tables.", min=0)
    ] = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Replace undecided drafts too.")
    ] = False,
    no_samples: Annotated[
        bool, typer.Option("--no-samples", help="Look at names and types only.")
    ] = False,
    json: Json = False,
) -> None:
    """Draft descriptions for what is undocumented; interrupted, it goes on later."""
    options = settings_for(settings(context), url)
    model = find_model(options)
    session = open_session(options, url)
    try:
        if jobs.is_stale(session):
            read(session, [], [])
        if session.schemas and (schema or table):
            # The connection's schemas may leave out what is named here.
            read(session, schema or [], table or [])
        plan = jobs.plan_drafts(
            session, schemas=schema or [], globs=table or [], limit=limit, redo=redo
        )
        result: dict[str, int | float | str] = {
            "tables": len(plan.work),
            "columns": plan.columns,
            "drafted": 0,
            "inherited": 0,
            "abstained": 0,
        }
        by_source = dict.fromkeys(Source, 0)
        started = time.monotonic()
        read_tokens = written_tokens = 0
        if plan.targets:
            if isinstance(model, RemoteModel):
                values = "" if no_samples else " and sampled codes and ranges"
                console.note(
                    f"columnist: sends names, types, comments{values} to"
                    f" {plain(model.endpoint.place)}."
                )
            with (
                console.stopping() as stop,
                jobs.start_engine(model, options, stop=stop) as engine,
                console.progress("Drafting", plan.targets) as advance,
            ):
                model = jobs.as_served(model, engine)
                started = time.monotonic()
                for each in jobs.draft(
                    session, plan, engine, model, samples=not no_samples, stop=stop
                ):
                    advance(1)
                    key = "drafted" if each.text is not None else "abstained"
                    if each.source is Source.INHERITED:
                        key = "inherited"
                    result[key] = int(result[key]) + 1
                    by_source[each.source] += each.text is not None
                read_tokens = engine.prompt_tokens
                written_tokens = engine.generated_tokens
                if engine.note:
                    console.note(f"columnist: {plain(engine.note)}.")
    finally:
        session.close()
    seconds = time.monotonic() - started
    result |= {
        "seconds": round(seconds, 3),
        "prompt_tokens": read_tokens,
        "generated_tokens": written_tokens,
        "tokens_per_second": round(written_tokens / seconds, 1) if seconds else 0.0,
        "model": model.name,
    }
    if json:
        console.out_json(result)
        return
    if not plan.targets:
        console.out("Nothing to draft: all is described or has a draft.")
        return
    tables = sum(isinstance(t, TableId) for ts in plan.work.values() for t in ts)
    sources = ", ".join(
        f"{number} by {source.value}" for source, number in by_source.items() if number
    )
    console.out(
        f"Drafted {int(result['drafted']) + int(result['inherited'])} descriptions"
        f" ({sources or 'none'}), abstained on {result['abstained']},"
        f" for {tables} tables and {plan.columns} columns"
        f" in {seconds:.1f} s with {plain(model.name)}."
    )
