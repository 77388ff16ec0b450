"""`columnist suggestions`: drafts and decisions, one a line."""

from __future__ import annotations

import json as jsonlib
from contextlib import suppress
from typing import Annotated

import typer

from catalog.errors import ColumnistError, UsageError
from catalog.objects import parts_of
from catalog.suggestion import State, Suggestion
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import Tables, Url, settings
from tui.commands.reading import Named, demand
from tui.flow.text import author_of, how_sure, plain

STATES = ", ".join(state.value for state in State)
"""What scripts call them."""


def run(
    context: typer.Context,
    url: Url,
    state: Annotated[
        list[str] | None,
        typer.Option(help=f"Only this state; may be repeated: {STATES}."),
    ] = None,
    table: Tables = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One JSON object a line.")
    ] = False,
) -> None:
    """List drafts with state, source, confidence and findings."""
    states = [_state(name) for name in state or []]
    with open_session(settings(context), url) as session:
        demand(session, Named(globs=table or []), decided=True)
        found = session.suggestions.all(states=states, globs=table or [])
        for suggestion in found:
            if jsonl:
                console.out(jsonlib.dumps(as_json(suggestion), ensure_ascii=True))
            else:
                console.out(_line(suggestion))
        log = session.suggestions.inferences
        log.show(each.id for each in found if each.author is None)
        with suppress(ColumnistError):  # it is printed, whatever cannot be noted
            log.keep_shown()


def as_json(suggestion: Suggestion) -> dict[str, object]:
    """The contract's shape of a suggestion."""
    draft, sure = suggestion.draft, suggestion.confidence
    return {
        **parts_of(suggestion.target),
        "text": suggestion.text,
        "state": suggestion.state.value,
        "source": suggestion.by.value,
        "confidence": None if sure is None else round(sure, 4),
        "findings": [finding.value for finding in suggestion.findings],
        "model": None if suggestion.edited else draft.model,
        "origin": None if suggestion.author else draft.origin,
        "guess": draft.guess,
        "drafted": draft.text,
        "wording": suggestion.rank,
        "reason": suggestion.reason,
    }


def _line(suggestion: Suggestion) -> str:
    findings = ", ".join(finding.words for finding in suggestion.findings)
    text = suggestion.text or f"({suggestion.draft.guess or 'no text'})"
    sure = "" if suggestion.confidence is None else how_sure(suggestion.confidence)
    return (
        f"{suggestion.state.words:<9} {sure:<14} {author_of(suggestion):<9}"
        f" {plain(str(suggestion.target))}: {plain(text)}"
        + (f"  [{findings}]" if findings else "")
    )


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError:
        raise UsageError(f"There is no state {name}.", f"Known: {STATES}.") from None
