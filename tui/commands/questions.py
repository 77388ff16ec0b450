"""`columnist questions` and `columnist answer`: what a name means, asked and told."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from catalog.glossary import GlossaryFile, Term
from catalog.objects import table_of
from catalog.suggestion import Draft
from catalog.unasked import Unasked
from model.remote import RemoteModel
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import Json, Url, settings
from tui.commands.reading import read
from tui.flow import jobs
from tui.flow.model_choice import model_or_rules
from tui.flow.session import Session, settings_for
from tui.flow.text import count, plain


def run_questions(
    context: typer.Context,
    url: Url,
    limit: Annotated[int, typer.Option(help="At most so many.", min=0)] = 20,
    json: Json = False,
) -> None:
    """List the names whose meaning would explain the most undocumented columns."""
    session = open_session(settings(context), url)
    try:
        if jobs.is_stale(session):
            read(session, [], [])
        with console.stopping() as stop:
            census = jobs.census(session, stop=stop)
        hidden = Unasked(session.workspace, session.database_id).all()
        found = census.ranked(unasked=hidden, limit=limit)
    finally:
        session.close()
    if json:
        console.out_json({"questions": [asdict(question) for question in found]})
        return
    if not found:
        console.out("Nothing to ask: every name of what is undocumented can be read.")
    for question in found:
        examples = ", ".join(plain(name) for name in question.examples)
        places = ", ".join(plain(name) for name in question.found_in)
        if question.tables > len(question.found_in):
            places += f" and {question.tables - len(question.found_in):,} more"
        console.out(
            f"{question.unlocks:>7,} {plain(question.term)}: {examples} in {places}"
        )


def run_answer(
    context: typer.Context,
    url: Url,
    term: Annotated[str, typer.Argument(help="A whole name, or a word of names.")],
    meaning: Annotated[
        str, typer.Argument(help="What it stands for; empty takes the term out.")
    ],
    scope: Annotated[
        str,
        typer.Option(
            metavar="GLOB",
            help="Only in schemas or tables that fit this pattern (on schema or"
            " schema.table).",
        ),
    ] = "",
    no_draft: Annotated[
        bool,
        typer.Option("--no-draft", help="Leave the drafts that it touches alone."),
    ] = False,
    json: Json = False,
) -> None:
    """Put a term into the glossary, and draft again what is undecided and has it."""
    options = settings_for(settings(context), url)
    session = open_session(options, url)
    try:
        file = GlossaryFile(session.glossary)
        if meaning.strip():
            before = file.answer(term, meaning, scope=scope)
        else:
            before = file.forget(term, scope=scope)
        told = [Term(term, text, scope) for text in (before, meaning) if text]
        drafted = [] if no_draft else _redraft(session, told)
    finally:
        session.close()
    tables = len({table_of(draft.target) for draft in drafted})
    if json:
        console.out_json(
            {
                "glossary": str(session.glossary),
                "before": before,
                "redrafted": len(drafted),
                "tables": tables,
            }
        )
        return
    done = "Put into" if meaning.strip() else "Taken out of"
    if not told:
        done = "It was not in"
    console.out(
        f"{done} {plain(str(session.glossary))}; redrafted"
        f" {count(len(drafted), 'description')} in"
        f" {count(tables, 'table')}."
    )


def _redraft(session: Session, terms: list[Term]) -> list[Draft]:
    plan = jobs.plan_redrafts(session, terms)
    if not plan.targets:
        return []
    model = model_or_rules(session.settings, console.note)
    if isinstance(model, RemoteModel):
        console.note(
            "columnist: sends names, types, comments and sampled codes and ranges to"
            f" {plain(model.endpoint.place)}."
        )
    with (
        console.stopping() as stop,
        jobs.engine_of(model, session.settings, stop=stop) as engine,
        console.progress("Drafting", plan.targets) as advance,
    ):
        drafts: list[Draft] = []
        if model is not None and engine is not None:
            model = jobs.as_served(model, engine)
        for each in jobs.draft(session, plan, engine, model, stop=stop):
            advance(1)
            drafts.append(each)
        return drafts
