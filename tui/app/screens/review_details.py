"""What stands below or beside the review's list, for the row under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from catalog.suggestion import Finding, Suggestion
from tui.app.screens.review_rows import Line
from tui.app.widgets.word_diff import side_by_side
from tui.flow.text import plain, whose

EXPLAINED = {
    Finding.LEAK: "repeats a value of the sample that is not a code",
    Finding.UNSUPPORTED: "has numbers or names that neither schema nor sample have",
    Finding.RESTATES: "says no more than the name does",
    Finding.DEGENERATE: "is cut off, or says the same again and again",
    Finding.TOO_LONG: "is longer than the database takes",
    Finding.CONTROL: "has control characters",
    Finding.FALSE_CLAIM: "claims something that a query found untrue",
}
"""What each finding means, for the steward."""
CHOOSE = "1 or 2 takes the better one, 0 if neither is; r if both are bad"
"""What to do with two drafts side by side."""


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
    head = Text(plain(line.target.name), "bold")
    if suggestion is not None:
        head.append(f"  {summary(suggestion)}", "not bold")
    said = [suggestion.reason] if suggestion is not None and suggestion.reason else []
    if line.pair:
        said.append(CHOOSE)
    if style and suggestion is not None and line.text:
        said.append("style: " + " · ".join(style))
    parts = [head, *([Text(plain(" · ".join(said)), "italic")] if said else [])]
    parts.append(Text(plain(" · ".join(facts)), "dim"))
    others: list[RenderableType] = []
    new = suggestion.text if suggestion is not None else None
    if line.comment is not None and new and new != line.comment and not line.pair:
        others.append(side_by_side(line.comment, new))
    elif whole:
        others += [Text(plain(text)) for text in line.texts]
    others += [
        Text.assemble((f"{number} ", "bold"), plain(text))
        for number, text in enumerate(alternatives, 1)
    ]
    return Details(Group(*parts, *others), bool(others))


def summary(suggestion: Suggestion) -> str:
    """State, whose words it is and how likely they are accepted, findings."""
    parts = [suggestion.state.words, whose(suggestion)]
    if suggestion.pair:
        return plain(" · ".join([*parts, *findings_of_both(suggestion)]))
    if suggestion.model:
        parts.append(suggestion.model)
    if suggestion.rank:
        parts.append(f"wording {suggestion.rank}")
    if suggestion.draft.origin and not suggestion.author:
        parts.append(f"from {suggestion.draft.origin}")
    found = ", ".join(EXPLAINED[each] for each in suggestion.findings)
    parts.append(found or "no finding")
    return plain(" · ".join(parts))


def findings_of_both(suggestion: Suggestion) -> list[str]:
    """What the checks found in each of two drafts side by side."""
    return [
        f"{number} {', '.join(EXPLAINED[each] for each in offered.findings)}"
        for number, offered in enumerate(suggestion.pair, 1)
        if offered.findings
    ]
