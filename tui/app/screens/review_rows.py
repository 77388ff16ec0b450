"""How the review draws a table and its columns: the description first, and whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.cells import cell_len

from catalog.objects import Column, Table, Target
from catalog.suggestion import UNDECIDED, Likelihood, Offered, State, Suggestion
from tui.app.widgets.reading_list import LONGEST, Drawn, laid_out, wrapped
from tui.app.widgets.row_list import Cell
from tui.flow.text import plain

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
DESCRIBED, CANNOT, NOTHING = ("=", "muted"), ("-", "muted"), ("·", "muted")
FOUND = "†"
"""Stands before a text with a finding, which the details name."""
STEPS = {Likelihood.LIKELY: "▅", Likelihood.MAYBE: "▃", Likelihood.UNLIKELY: "▁"}
"""A mark for how likely a text is accepted as it is."""
LEGEND = (
    *((sign, state.words) for state, (sign, _) in SIGNS.items()),
    (DESCRIBED[0], "described in the database already"),
    (CANNOT[0], "no comment can be written there"),
    (NOTHING[0], "not drafted yet"),
    *((mark, f"{step.value} to be accepted as it is") for step, mark in STEPS.items()),
    (FOUND, "a check found something; the details say what"),
    ("•", "marked"),
)
"""What each sign means."""
NAMES = (28, 18)
"""Cells of a name where there is room, and where there is not."""
ROOMY = 100
"""Cells from which there is room."""


@dataclass(frozen=True, slots=True)
class Line:
    """One target of the review."""

    table: Table
    """The table that it is, or belongs to."""
    column: Column | None
    """None for the table itself."""
    suggestion: Suggestion | None
    """The current one."""
    longest: int
    """Cells of the longest name among the table's columns."""

    @property
    def target(self) -> Target:
        """What is described."""
        return self.table.id if self.column is None else self.column.id

    @property
    def comment(self) -> str | None:
        """What the database holds."""
        return self.table.comment if self.column is None else self.column.comment

    @property
    def pair(self) -> tuple[Offered, ...]:
        """Two models' drafts to choose between; empty for anything else."""
        return () if self.suggestion is None else self.suggestion.pair

    @property
    def undecided(self) -> bool:
        """Whether it waits for the steward."""
        return self.suggestion is not None and self.suggestion.state in UNDECIDED

    @property
    def text(self) -> str:
        """The words to show: the suggestion's, else the database's.

        Of two drafts side by side it is the first.
        """
        if self.suggestion is not None:
            if self.pair:
                return self.pair[0].text
            found = self.suggestion.text or self.suggestion.draft.guess
            if found:
                return found
        return self.comment or ""

    @property
    def lack(self) -> str:
        """What is said where there are no words."""
        if self.suggestion is not None:
            return "The model abstained; e writes your own."
        return "Not drafted yet."

    @property
    def refused(self) -> str | None:
        """Why no comment can be written on it; None where one can."""
        return (self.column or self.table).comment_refused

    @property
    def sign(self) -> tuple[str, str]:
        """Where it stands, as one character and its role."""
        if self.suggestion is not None:
            return SIGNS[self.suggestion.state]
        if self.comment is not None:
            return DESCRIBED
        return NOTHING if self.refused is None else CANNOT

    @property
    def mark(self) -> tuple[str, str]:
        """How likely it is accepted, in one character."""
        if self.suggestion is None or not self.suggestion.text:
            return " ", ""
        sure = self.suggestion.confidence
        return (" ", "") if sure is None else (STEPS[Likelihood.of(sure)], "muted")

    @property
    def found(self) -> str:
        """A sign where the checks found something in its text."""
        if self.pair:  # the texts have it each
            return " "
        return FOUND if self.suggestion and self.suggestion.findings else " "

    @property
    def texts(self) -> list[str]:
        """All that is to be read, as it is drawn; two drafts with their keys."""
        return [
            f"{number} {FOUND if each.findings else ''}{each.text}"
            for number, each in enumerate(self.pair, 1)
        ] or [self.text or self.lack]

    @property
    def role(self) -> str:
        """How its text is drawn."""
        if self.suggestion is None or not self.suggestion.text:
            return "muted"
        if self.suggestion.state is State.REJECTED:
            return "gone"
        return "strong" if self.column is None else ""


def review_lines(table: Table, suggestions: Mapping[Target, Suggestion]) -> list[Line]:
    """The table itself, then its columns."""
    longest = max((cell_len(plain(c.name)) for c in table.columns), default=0)
    return [
        Line(table, column, suggestions.get((column or table).id), longest)
        for column in (None, *table.columns)
    ]


def drawn(line: Line, width: int, *, marked: bool) -> list[Drawn]:
    """The lines of a row; a table's own has no name, its heading says it."""
    sign, mark = line.sign, line.mark
    lead = [Cell("•" if marked else " ", "accent"), Cell(f"{sign[0]} ", sign[1])]
    after = [Cell(mark[0], mark[1]), Cell(f"{line.found} ", "bad")]
    texts = [Cell(text, line.role) for text in line.texts]
    if line.column is None:
        return laid_out(lead, "", 0, after, texts, width)
    key = Cell(f"{keys(line.table, line.column):<4}", "muted")
    room = _name_room(line, width)
    return laid_out(lead, line.column.name, room, [key, *after], texts, width)


def is_cut(line: Line, width: int) -> bool:
    """Whether the list shows no more than the beginning of a description."""
    lead = 6 if line.column is None else 11 + _name_room(line, width)
    return any(
        len(wrapped(plain(text), width - lead, LONGEST + 1)) > LONGEST
        for text in line.texts
    )


def _name_room(line: Line, width: int) -> int:
    """Cells of a name: as many as the table's longest needs, within bounds."""
    return min(line.longest, NAMES[width < ROOMY])


def keys(table: Table, column: Column | None) -> str:
    """`PK` or `FK`, or `PFK` for both."""
    if column is None:
        return ""
    primary = column.name in table.primary_key
    foreign = table.references(column.name) is not None
    return {(True, True): "PFK", (True, False): "PK", (False, True): "FK"}.get(
        (primary, foreign), ""
    )
