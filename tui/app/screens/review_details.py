"""What stands below the review's list: the text, its evidence, old and new words."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from catalog.suggestion import Source, Suggestion
from tui.app.screens.review_rows import Line
from tui.app.widgets.word_diff import side_by_side
from tui.flow.text import how_sure, plain


def details(
    line: Line,
    facts: Sequence[str],
    *,
    alternatives: Sequence[str] = (),
    style: Sequence[str] = (),
) -> RenderableType:
    """All that fits under the list.

    Args:
        line: what is under the cursor.
        facts: what speaks for or against the text, in short lines.
        alternatives: other wordings, numbered by the keys that take them.
        style: house rules that the text breaks.
    """
    suggestion = line.suggestion
    head = Text(plain(line.target.name), "bold")
    head.append(f"  {summary(suggestion)}", "not bold dim")
    parts: list[RenderableType] = [head]
    if line.comment is not None and suggestion is not None and suggestion.text:
        if line.comment == suggestion.text:
            parts.append(Text(plain(line.comment)))
        else:
            parts.append(side_by_side(line.comment, suggestion.text))
    else:
        parts.append(Text(plain(line.text or "No description.")))
    rest = Text()
    if suggestion is not None and suggestion.reason:
        rest.append(plain(suggestion.reason) + "\n", "italic")
    if style and line.text:
        rest.append("style: " + plain(" · ".join(style)) + "\n", "italic")
    if suggestion is not None and suggestion.draft.origin:
        rest.append(f"from {plain(suggestion.draft.origin)}\n", "dim")
    for number, text in enumerate(alternatives, 1):
        rest.append(f"{number} ", "bold")
        rest.append(plain(text) + "\n")
    for fact in facts:
        rest.append(plain(fact) + "\n", "dim")
    return Group(*parts, rest)


def summary(suggestion: Suggestion | None) -> str:
    """State, confidence, source, model and findings on one line."""
    if suggestion is None:
        return ""
    draft = suggestion.draft
    parts = [
        suggestion.state.value,
        how_sure(draft.confidence),
        f"by {draft.source.value}",
    ]
    if draft.model and draft.source is Source.MODEL:
        parts.append(draft.model)
    if draft.findings:
        parts.append("findings: " + ", ".join(f.value for f in draft.findings))
    return plain(" · ".join(parts))
