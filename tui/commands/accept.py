"""`columnist accept` and `columnist reject`: decisions in bulk."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.bounds import matches
from catalog.choice import Choice, Scope
from catalog.errors import UsageError
from catalog.objects import TableId
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import Json, Tables, Url, settings
from tui.commands.reading import Named, demand
from tui.flow.session import Session
from tui.flow.text import count

All = Annotated[bool, typer.Option("--all", help="Every draft that is to decide.")]
Confidence = Annotated[
    float | None,
    typer.Option("--min-confidence", help="At least so likely.", min=0, max=1),
]


def run_accept(
    context: typer.Context,
    url: Url,
    everything: All = False,
    table: Tables = None,
    min_confidence: Confidence = None,
    no_findings: Annotated[
        bool,
        typer.Option("--no-findings", help="Only those in which no check found any."),
    ] = False,
    json: Json = False,
) -> None:
    """Accept drafts; those with a blocking finding stay to decide, and are named."""
    _demand(everything, table, min_confidence)
    with open_session(settings(context), url) as session:
        choice = session.choices.to_accept(
            Scope(
                tables=_named(session, table),
                min_confidence=min_confidence or 0.0,
                without_findings=no_findings,
            )
        )
        batch = session.suggestions.accept_chosen(choice)
    left = choice.left_out
    if json:
        console.out_json({"accepted": batch.count, "blocked": left})
        return
    console.out(f"Accepted {_counted(choice, batch.count)}.")
    if left:
        console.out(f"Left {count(choice.left, 'draft')} to decide: {choice.told}.")


def run_reject(
    context: typer.Context,
    url: Url,
    everything: All = False,
    table: Tables = None,
    max_confidence: Annotated[
        float | None,
        typer.Option("--max-confidence", help="At most so likely.", min=0, max=1),
    ] = None,
    min_confidence: Confidence = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
    json: Json = False,
) -> None:
    """Reject drafts that are to decide."""
    _demand(
        everything, table, min_confidence if max_confidence is None else max_confidence
    )
    with open_session(settings(context), url) as session:
        choice = session.choices.to_reject(
            Scope(
                tables=_named(session, table),
                min_confidence=min_confidence or 0.0,
                max_confidence=1.0 if max_confidence is None else max_confidence,
            )
        )
        batch = session.suggestions.reject_chosen(choice, reason=reason)
    if json:
        console.out_json({"rejected": batch.count})
        return
    console.out(f"Rejected {_counted(choice, batch.count)}.")


def _demand(
    everything: bool, table: list[str] | None, confidence: float | None
) -> None:
    if not everything and not table and confidence is None:
        raise UsageError(
            "Say which drafts are meant.",
            "Use --all, --table GLOB, --min-confidence X, or several of them.",
        )


def _named(session: Session, globs: list[str] | None) -> list[TableId] | None:
    if not globs:
        return None
    demand(session, Named(globs=globs), decided=True)
    return [table for table in session.suggestions.tables() if matches(table, globs)]


def _counted(choice: Choice, number: int) -> str:
    return f"{count(number, 'draft')} in {count(choice.tables, 'table')}"
