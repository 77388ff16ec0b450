"""What the write screen lists: comments before a run, what became of each after."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.objects import TableId, Target, column_of, table_of
from connectors.run import Run, Statement
from tui.app.widgets.reading_list import Drawn, laid_out
from tui.app.widgets.row_list import Cell
from tui.flow.text import count, duration

OUTCOMES = {
    Outcome.WRITTEN: ("● written", "good"),
    Outcome.CONFLICT: ("! conflict", "bad"),
    Outcome.REFUSED: ("⊘ refused", "bad"),
    Outcome.FAILED: ("✗ failed", "bad"),
}
SIGN, NAME = 12, 24
"""Cells of what becomes of a comment, and of a column's name."""


class Planned(NamedTuple):
    """A comment that a statement sets."""

    statement: Statement
    """The statement, which may set others too."""
    part: int
    """Which of its parts."""


class Refusal(NamedTuple):
    """A comment that would be refused."""

    change: CommentChange
    """The comment."""
    reason: str
    """Why."""


Row = Planned | Refusal | WriteResult
"""What is listed: what a run would do, or what it did."""


def plan_rows(
    run: Run, columns: Callable[[TableId], Sequence[str]] = lambda _: ()
) -> list[Row]:
    """A row for each comment, by schema, table and column, the table itself first.

    Args:
        run: what is planned, the statements of each table in that order.
        columns: names of a table's columns in their order.
    """
    return [row for _, own in sorted(run.by_table()) for row in _of_table(own, columns)]


def without_it(
    rows: list[Row], place: int, columns: Callable[[TableId], Sequence[str]]
) -> None:
    """Leave a row out, and its comment out of the statement that others share.

    Only rows of its table are looked at: there may be a million.
    """
    change = change_of(rows[place])
    table = table_of(change.target)
    first, end = place, place + 1
    while first and table_of(change_of(rows[first - 1]).target) == table:
        first -= 1
    while end < len(rows) and table_of(change_of(rows[end]).target) == table:
        end += 1
    own = rows[first:end]
    statements = dict.fromkeys(r.statement for r in own if isinstance(r, Planned))
    refused = tuple((r.change, r.reason) for r in own if isinstance(r, Refusal))
    rows[first:end] = plan_rows(
        Run(tuple(statements), refused).without({change}), columns
    )


def _of_table(run: Run, columns: Callable[[TableId], Sequence[str]]) -> Sequence[Row]:
    rows: list[Row] = [
        Planned(each, part)
        for each in run.statements
        for part in range(len(each.parts))
    ]
    rows += [Refusal(*each) for each in run.refused]
    if run.refused and run.statements:  # each of them in order
        table = table_of(change_of(rows[0]).target)
        places = {name: place for place, name in enumerate(columns(table), 1)}
        rows.sort(key=lambda row: _place(change_of(row).target, places))
    return rows


def _place(target: Target, places: dict[str, int]) -> int:
    name = column_of(target)
    return 0 if name is None else places.get(name, len(places) + 1)


def change_of(row: Row) -> CommentChange:
    """The comment that a row is about."""
    if isinstance(row, Planned):
        return row.statement.parts[row.part].change
    return row.change


def table_name(row: Row) -> str:
    """The table that a row is about, for the heading above its rows."""
    return str(table_of(change_of(row).target))


def row_lines(row: Row, width: int, *, restored: bool = False) -> Sequence[Drawn]:
    """The lines of a row: the old text above the new one, and what hindered it.

    Args:
        row: what is listed.
        width: cells of a line.
        restored: what was there before a run was written.
    """
    change = change_of(row)
    sign, reason = _sign(row, restored=restored)
    texts = [Cell(change.previous, "gone")] if change.previous else []
    of_table = column_of(change.target) is None
    texts.append(Cell(change.text or "(cleared)", "strong" if of_table else ""))
    if reason:
        texts.append(Cell(reason, "bad"))
    lead = Cell(sign.text.ljust(SIGN), sign.role)
    name = column_of(change.target) or ""
    return laid_out([lead], name, 0 if of_table else NAME, (), texts, width)


def _sign(row: Row, *, restored: bool) -> tuple[Cell, str]:
    """What becomes of a comment, and why."""
    if isinstance(row, Planned):
        costly = Cell("! costly", "warn"), row.statement.note
        return costly if row.statement.note else (Cell("✓ accepted", "good"), "")
    if isinstance(row, Refusal):
        return Cell("⊘ refused", "bad"), row.reason
    sign = Cell(*OUTCOMES[row.outcome])
    if restored and row.outcome is Outcome.WRITTEN:
        sign = Cell("● restored", sign.role)
    reason = row.reason or ""
    if row.outcome is Outcome.CONFLICT:
        reason = f"{reason}; there now: {row.read_back or 'nothing'}"
    return sign, reason


def row_sql(row: Row) -> str:
    """The whole statement of a row, after what there is to say of it."""
    if isinstance(row, Planned):
        each = row.statement
        return (f"-- {each.note}\n" if each.note else "") + each.sql
    if isinstance(row, Refusal):
        return f"-- {row.reason}"
    lines = [f"-- {' '.join(row.reason.split())}"] if row.reason else []
    if row.outcome is Outcome.CONFLICT:
        there = " ".join((row.read_back or "nothing").split())
        lines.append(f"-- there now: {there}")
    return "\n".join([*lines, row.statement]).strip()


def own_sql(row: Row) -> str:
    """The same, without what the statement says of other comments."""
    if not isinstance(row, Planned) or len(row.statement.parts) == 1:
        return row_sql(row)
    each = row.statement
    others = count(len(each.parts) - 1, "other comment")
    return (
        f"-- in one statement with {others}\n"
        f"{each.head}{each.parts[row.part].sql}{each.tail}"
    )


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
