"""What stands below or beside the review's list, for the row under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from catalog.suggestion import STAGED, Source, State, Suggestion
from tui.app.screens.review_rows import STEPS, Line
from tui.app.widgets.word_diff import side_by_side
from tui.flow.text import plain


@dataclass(frozen=True, slots=True)
class Details:
    """What is shown, and whether it takes more than a few lines."""

    text: RenderableType
    """For the panel."""
    more: bool
    """Whether there is a text to read, not only facts."""


def details(
    line: Line,
    facts: Sequence[str],
    *,
    alternatives: Sequence[str] = (),
    style: Sequence[str] = (),
    whole: bool = False,
) -> Details:
    """The facts; where the list does not say it, the text; old beside new; wordings.

    Args:
        line: what is under the cursor.
        facts: what speaks for or against the text, in short lines.
        alternatives: other wordings, numbered by the keys that take them.
        style: house rules that the text breaks.
        whole: show the text also where the list has it.
    """
    suggestion = line.suggestion
    name = Text(plain(line.target.name), "bold")
    name.append(f"  {plain(' · '.join(facts))}", "not bold")
    parts: list[RenderableType] = [name]
    if suggestion is not None:
        parts.append(Text(summary(suggestion), "dim"))
    others: list[RenderableType] = []
    new = suggestion.text if suggestion is not None else None
    if line.comment is not None and new and new != line.comment:
        others.append(side_by_side(line.comment, new))
    if whole and not others:
        others.append(Text(plain(line.text or "No description.")))
    others += [
        Text.assemble((f"{number} ", "bold"), plain(text))
        for number, text in enumerate(alternatives, 1)
    ]
    said = [suggestion.reason] if suggestion is not None and suggestion.reason else []
    if style and suggestion is not None and line.text:
        said.append("style: " + " · ".join(style))
    if said:
        parts.append(Text(plain(" · ".join(said)), "italic"))
    return Details(Group(*others, *parts), bool(others))


def summary(suggestion: Suggestion) -> str:
    """State, source, how likely it is accepted, and findings on one line."""
    draft = suggestion.draft
    if suggestion.state is State.EDITED:
        return "edited · by you"
    source = draft.source.value
    if draft.model and draft.source is Source.MODEL:
        source = draft.model
    if draft.origin:
        source += f" from {draft.origin}"
    parts = [suggestion.state.value, f"by {source}"]
    if suggestion.state not in STAGED:
        likely = next(word for low, _, word in STEPS if draft.confidence >= low)
        parts.append(f"{likely}, {draft.confidence:.0%}")
    found = ", ".join(f.value.replace("_", " ") for f in draft.findings)
    parts.append(f"finding: {found}" if found else "no finding")
    return plain(" · ".join(parts))
