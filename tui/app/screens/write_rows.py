"""What the write screen lists: statements before a run, results after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from catalog.change import CommentChange, Outcome, WriteResult
from connectors.run import Run, Statement
from tui.app.widgets.row_list import Cell, Heading
from tui.flow.text import duration

OUTCOMES = {
    Outcome.WRITTEN: ("● written", "good"),
    Outcome.CONFLICT: ("! conflict", "bad"),
    Outcome.REFUSED: ("⊘ refused", "bad"),
    Outcome.FAILED: ("✗ failed", "bad"),
}
HEADINGS = (Heading("", 12), Heading("object", 40), Heading("statement"))


Refusal = tuple[CommentChange, str]
"""A comment that would be refused, and why."""
Row = Statement | Refusal | WriteResult
"""What is listed: what a run would do, or what it did."""


def plan_rows(run: Run) -> list[Row]:
    """Statements to write, then what would be refused."""
    return [*run.statements, *run.refused]


def changes_of(row: Row) -> Sequence[CommentChange]:
    """What a row is about."""
    if isinstance(row, Statement):
        return row.changes
    return (row.change if isinstance(row, WriteResult) else row[0],)


def row_cells(row: Row, *, restored: bool = False) -> Sequence[Cell]:
    """The cells of a row; a statement that costs more than a lock stands out.

    Args:
        row: what is listed.
        restored: what was there before a run was written.
    """
    first, *others = changes_of(row)
    name = str(first.target) + (f" and {len(others)} more" if others else "")
    if isinstance(row, Statement):
        sign = Cell("! costly", "warn") if row.note else Cell("→ to write", "accent")
        return sign, Cell(name, "strong"), Cell(row.sql)
    if not isinstance(row, WriteResult):
        return Cell("⊘ refused", "bad"), Cell(name, "strong"), Cell(row[1], "muted")
    sign = Cell(*OUTCOMES[row.outcome])
    if restored and row.outcome is Outcome.WRITTEN:
        sign = Cell("● restored", sign.role)
    return sign, Cell(name, "strong"), Cell(row.reason or first.text or "(cleared)")


def row_sql(row: Row) -> str:
    """The whole statement of a row, after what there is to say of it."""
    if isinstance(row, Statement):
        return (f"-- {row.note}\n" if row.note else "") + row.sql
    if not isinstance(row, WriteResult):
        return f"-- {row[1]}"
    lines = [f"-- {' '.join(row.reason.split())}"] if row.reason else []
    if row.outcome is Outcome.CONFLICT:
        there = " ".join((row.read_back or "nothing").split())
        lines.append(f"-- there now: {there}")
    return "\n".join([*lines, row.statement]).strip()


class Pace:
    """How far a run is, how fast, and how long it will take."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        """Comments to write."""
        self._clock = clock
        self._began = clock()

    def told(self, done: int) -> str:
        """In words; rate and time left once they mean something."""
        parts = [f"{done:,} of {self.total:,}"]
        seconds = self._clock() - self._began
        if done and seconds >= 1:
            rate = done / seconds
            parts.append(
                f"{rate:,.0f} a second" if rate >= 1 else f"{rate:.1g} a second"
            )
            parts.append(f"{duration((self.total - done) / rate)} left")
        return " · ".join(parts)
