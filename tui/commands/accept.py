"""`columnist accept` and `columnist reject`: decisions in bulk."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.errors import UsageError
from catalog.objects import table_of
from catalog.suggestion import UNDECIDED, Suggestion
from tui import bulk, console
from tui.commands.opening import open_session
from tui.commands.options import Json, Tables, Url, settings
from tui.text import count

All = Annotated[bool, typer.Option("--all", help="Every one that waits.")]
Confidence = Annotated[
    float | None,
    typer.Option("--min-confidence", help="At least so sure.", min=0, max=1),
]


def run_accept(
    context: typer.Context,
    url: Url,
    everything: All = False,
    table: Tables = None,
    min_confidence: Confidence = None,
    json: Json = False,
) -> None:
    """Accept pending suggestions; those with a blocking finding are left and named."""
    _demand(everything, table, min_confidence)
    session = open_session(settings(context), url)
    try:
        choice = bulk.choose_in_bulk(
            session.suggestions.all(globs=table or []),
            min_confidence=min_confidence or 0.0,
        )
        batch = session.suggestions.accept(choice.taken)
    finally:
        session.close()
    left = choice.left_out()
    if json:
        console.out_json({"accepted": batch.count, "blocked": left})
        return
    console.out(f"Accepted {_counted(choice.taken, batch.count)}.")
    if left:
        reasons = ", ".join(f"{n} {name}" for name, n in left.items())
        number = len(choice.blocked) + len(choice.replacing)
        console.out(f"Left {count(number, 'suggestion')} undecided: {reasons}.")


def run_reject(
    context: typer.Context,
    url: Url,
    everything: All = False,
    table: Tables = None,
    max_confidence: Annotated[
        float | None,
        typer.Option("--max-confidence", help="At most so sure.", min=0, max=1),
    ] = None,
    min_confidence: Confidence = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
    json: Json = False,
) -> None:
    """Reject undecided suggestions."""
    _demand(
        everything, table, min_confidence if max_confidence is None else max_confidence
    )
    session = open_session(settings(context), url)
    try:
        found = [
            suggestion
            for suggestion in session.suggestions.all(
                states=UNDECIDED, globs=table or []
            )
            if (min_confidence or 0.0)
            <= suggestion.draft.confidence
            <= (1.0 if max_confidence is None else max_confidence)
        ]
        batch = session.suggestions.reject(found, reason=reason)
    finally:
        session.close()
    if json:
        console.out_json({"rejected": batch.count})
        return
    console.out(f"Rejected {_counted(found, batch.count)}.")


def _demand(
    everything: bool, table: list[str] | None, confidence: float | None
) -> None:
    if not everything and not table and confidence is None:
        raise UsageError(
            "Say which suggestions are meant.",
            "Use --all, --table GLOB, --min-confidence X, or several of them.",
        )


def _counted(suggestions: list[Suggestion], number: int) -> str:
    tables = {table_of(suggestion.target) for suggestion in suggestions}
    return f"{count(number, 'suggestion')} in {count(len(tables), 'table')}"
