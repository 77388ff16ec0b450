"""What the write screen lists: statements before a run, results after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class PlanRows:
    """Statements to write, then what would be refused."""

    run: Run
    """What is listed."""

    def __len__(self) -> int:
        return len(self.run.statements) + len(self.run.refused)

    def cells(self, index: int) -> Sequence[Cell]:
        """The cells of one line; a statement that costs more than a lock stands out."""
        first, *others = self.changes(index)
        name = str(first.target) + (f" and {len(others)} more" if others else "")
        line = self._line(index)
        if not isinstance(line, Statement):
            _, reason = line
            return Cell("⊘ refused", "bad"), Cell(name, "strong"), Cell(reason, "muted")
        return (
            Cell("! costly", "warn") if line.note else Cell("→ to write", "accent"),
            Cell(name, "strong"),
            Cell(line.sql),
        )

    def changes(self, index: int) -> Sequence[CommentChange]:
        """The changes of one line."""
        line = self._line(index)
        return line.changes if isinstance(line, Statement) else (line[0],)

    def sql(self, index: int) -> str:
        """The whole statement of one line, or the reason why there is none."""
        line = self._line(index)
        if not isinstance(line, Statement):
            return f"-- {line[1]}"
        return (f"-- {line.note}\n" if line.note else "") + line.sql

    def _line(self, index: int) -> Statement | tuple[CommentChange, str]:
        number = len(self.run.statements)
        if index < number:
            return self.run.statements[index]
        return self.run.refused[index - number]


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
