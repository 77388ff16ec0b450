"""What the write screen lists: statements before a run, results after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.change import CommentChange, Outcome, WriteResult
from tui.app.widgets.row_list import Cell, Heading
from tui.flow.plan import Planned
from tui.flow.text import duration

OUTCOMES = {
    Outcome.WRITTEN: ("● written", "good"),
    Outcome.CONFLICT: ("! conflict", "bad"),
    Outcome.REFUSED: ("⊘ refused", "bad"),
    Outcome.FAILED: ("✗ failed", "bad"),
}
HEADINGS = (Heading("", 12), Heading("object", 40), Heading("statement"))


@dataclass(frozen=True, slots=True)
class PlanRows:
    """Statements to write, then what would be refused."""

    planned: Planned
    """What is listed."""

    def __len__(self) -> int:
        return len(self.planned.statements) + len(self.planned.refused)

    def cells(self, index: int) -> Sequence[Cell]:
        """The cells of one line; a statement that costs more than a lock stands out."""
        number = len(self.planned.statements)
        if index < number:
            statement = self.planned.statements[index]
            first = statement.changes[0].target
            more = len(statement.changes) - 1
            name = str(first) + (f" and {more} more" if more else "")
            sign = Cell("→ to write", "accent")
            return (
                Cell("! costly", "warn") if statement.note else sign,
                Cell(name, "strong"),
                Cell(statement.sql),
            )
        change, reason = self.planned.refused[index - number]
        return (
            Cell("⊘ refused", "bad"),
            Cell(str(change.target), "strong"),
            Cell(reason, "muted"),
        )

    def changes(self, index: int) -> Sequence[CommentChange]:
        """The changes of one line."""
        number = len(self.planned.statements)
        if index < number:
            return self.planned.statements[index].changes
        return (self.planned.refused[index - number][0],)

    def without(self, dropped: set[CommentChange]) -> PlanRows:
        """The lines of which nothing was dropped."""
        return PlanRows(
            Planned(
                [s for s in self.planned.statements if not dropped & set(s.changes)],
                [each for each in self.planned.refused if each[0] not in dropped],
            )
        )

    def sql(self, index: int) -> str:
        """The whole statement of one line, or the reason why there is none."""
        number = len(self.planned.statements)
        if index < number:
            statement = self.planned.statements[index]
            note = f"-- {statement.note}\n" if statement.note else ""
            return note + statement.sql
        return f"-- {self.planned.refused[index - number][1]}"


@dataclass(frozen=True, slots=True)
class ResultRows:
    """What became of each object."""

    results: Sequence[WriteResult]
    """What is listed."""
    restored: bool = False
    """Whether what was there before was written."""

    def __len__(self) -> int:
        return len(self.results)

    def cells(self, index: int) -> Sequence[Cell]:
        """The cells of one line."""
        result = self.results[index]
        sign, role = OUTCOMES[result.outcome]
        if self.restored and result.outcome is Outcome.WRITTEN:
            sign = "● restored"
        return (
            Cell(sign, role),
            Cell(str(result.change.target), "strong"),
            Cell(result.reason or result.change.text or "(cleared)"),
        )

    def sql(self, index: int) -> str:
        """The statement, after what there is to say of its end."""
        result = self.results[index]
        lines = [f"-- {' '.join(result.reason.split())}"] if result.reason else []
        if result.outcome is Outcome.CONFLICT:
            there = " ".join((result.read_back or "nothing").split())
            lines.append(f"-- there now: {there}")
        return "\n".join([*lines, result.statement]).strip()


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
