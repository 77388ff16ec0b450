"""What the review lists: a table and its columns with their suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.objects import Column, Table, Target
from catalog.suggestion import STAGED, UNDECIDED, State, Suggestion
from tui.app.widgets.row_list import Cell, Heading

SIGNS = {
    State.PENDING: ("○", "warn"),
    State.ACCEPTED: ("✓", "good"),
    State.EDITED: ("✎", "good"),
    State.REJECTED: ("✗", "muted"),
    State.ABSTAINED: ("?", "warn"),
    State.WRITTEN: ("●", "accent"),
    State.CONFLICT: ("!", "bad"),
    State.REFUSED: ("⊘", "bad"),
    State.STALE: ("~", "muted"),
}
"""A sign and a role for every state: no colour is the only sign."""

HEADINGS = (
    Heading("", 1),
    Heading("column", 24),
    Heading("type", 14, minimum=100),
    Heading("key", 3, minimum=90),
    Heading("state", 11),
    Heading("sure", 4, right=True),
    Heading("source", 9, minimum=110),
    Heading("description"),
    Heading("findings", 14, minimum=118),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One target of the review."""

    target: Target
    """The table, on the first line, or one of its columns."""
    column: Column | None
    """None for the table itself."""
    comment: str | None
    """What the database holds."""
    suggestion: Suggestion | None
    """The current one."""

    @property
    def undecided(self) -> bool:
        """Whether it waits for the steward."""
        return self.suggestion is not None and self.suggestion.state in UNDECIDED

    @property
    def text(self) -> str:
        """The words to show: the suggestion's, else the database's."""
        if self.suggestion is not None:
            found = self.suggestion.text or self.suggestion.draft.guess
            if found and self.suggestion.state is not State.REJECTED:
                return found
        return self.comment or ""


def line_cells(table: Table, line: Line, *, marked: bool) -> Sequence[Cell]:
    """The cells of one line of a table, one for each of `HEADINGS`."""
    suggestion = line.suggestion
    sign, role = "", "muted"
    sure = source = findings = ""
    if suggestion is not None:
        sign, role = SIGNS[suggestion.state]
        sign = f"{sign} {suggestion.state.value}"
        sure = f"{suggestion.draft.confidence:.0%}"
        source = suggestion.draft.source.value
        findings = " ".join(f.value for f in suggestion.draft.findings)
    elif line.comment is not None:
        sign = "= described"
    elif line.column is not None and line.column.comment_refused:
        sign = "- cannot"
    text_role = "muted" if suggestion is None or not suggestion.text else ""
    if suggestion is not None and suggestion.state in STAGED:
        text_role = "strong"
    kind = line.column.type if line.column else table.kind.value
    name = line.target.name if line.column is None else f"  {line.target.name}"
    return (
        Cell("▌" if marked else "", "accent"),
        Cell(name, "strong" if line.column is None else ""),
        Cell(kind, "muted"),
        Cell(keys(table, line.column), "accent"),
        Cell(sign, role),
        Cell(sure, "muted"),
        Cell(source, "muted"),
        Cell(line.text, text_role),
        Cell(findings, "bad"),
    )


def keys(table: Table, column: Column | None) -> str:
    """`PK` or `FK`, or `PFK` for both."""
    if column is None:
        return ""
    primary = column.name in table.primary_key
    foreign = table.references(column.name) is not None
    return {(True, True): "PFK", (True, False): "PK", (False, True): "FK"}.get(
        (primary, foreign), ""
    )


def review_lines(table: Table, suggestions: dict[Target, Suggestion]) -> list[Line]:
    """The table itself, then its columns."""
    lines = [Line(table.id, None, table.comment, suggestions.get(table.id))]
    lines += [
        Line(column.id, column, column.comment, suggestions.get(column.id))
        for column in table.columns
    ]
    return lines
