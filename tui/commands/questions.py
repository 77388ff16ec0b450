"""`columnist questions` and `columnist answer`: what a name means, asked and told."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.glossary import GlossaryFile, Term
from catalog.unasked import Unasked
from model.spelling import INSIDE, wordless
from tui.commands import console
from tui.commands.draft import draft_with
from tui.commands.opening import open_session
from tui.commands.options import Json, Url, settings
from tui.commands.reading import read
from tui.flow import scanning
from tui.flow.draft_plan import DraftPlan, plan_redrafts
from tui.flow.model_choice import Arm, model_or_rules
from tui.flow.session import settings_for
from tui.flow.terms import census
from tui.flow.text import count, plain


def run_questions(
    context: typer.Context,
    url: Url,
    limit: Annotated[int, typer.Option(help="At most so many.", min=0)] = 20,
    json: Json = False,
) -> None:
    """List the names whose meaning would explain most that is not described."""
    with open_session(settings(context), url) as session:
        if scanning.is_stale(session):
            read(session, [], [])
        with console.stopping() as stop:
            names = census(session, stop=stop)
        hidden = Unasked(session.workspace, session.database_id).all()
        found = names.ranked(unasked=hidden, limit=limit)
    if json:
        console.out_json({"questions": found})
        return
    if not found:
        console.out("Nothing to ask: every name of what is not described can be read.")
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
    """Put a term into the glossary, and draft again what is to decide and has it."""
    options = settings_for(settings(context), url)
    with open_session(options, url) as session:
        file = GlossaryFile(session.glossary)
        if meaning.strip():
            before = file.answer(term, meaning, scope=scope)
        else:
            before = file.forget(term, scope=scope)
        told = [Term(term, text, scope) for text in (before, meaning) if text]
        if meaning.strip() and wordless([Term(term, meaning)]):
            note = f"columnist: it describes what is called {plain(term)}; {INSIDE}."
            console.note(note)
        plan = DraftPlan() if no_draft else plan_redrafts(session, told)
        model = model_or_rules(options, console.note) if plan.targets else None
        done = draft_with(session, Arm(model, options), plan)
    drafted, tables = done.texts + done.abstained, len(done.tables)
    if json:
        console.out_json(
            {
                "glossary": str(session.glossary),
                "before": before,
                "redrafted": drafted,
                "tables": tables,
            }
        )
        return
    what = "Put into" if meaning.strip() else "Taken out of"
    if not told:
        what = "It was not in"
    console.out(
        f"{what} {plain(str(session.glossary))}; redrafted"
        f" {count(drafted, 'description')} in"
        f" {count(tables, 'table')}."
    )
