"""What is to be written: planned once, then shown, saved as a script, and executed.

The statements of a run are values. What a steward sees, what a script holds and what
the database gets are the same bytes; nothing is rendered a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from catalog.change import CommentChange
from catalog.objects import TableId, table_of


@dataclass(frozen=True, slots=True)
class Part:
    """What one change is in a statement."""

    change: CommentChange
    """The comment that it sets."""
    sql: str
    """Its clause; the whole text where the statement carries nothing else."""
    basis: str = ""
    """What the text says besides the comment, such as a definition that it restates.
    Where that is another by the time it is executed, the change is a conflict."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that sets comments of one table: the same object is shown and executed."""

    parts: tuple[Part, ...]
    """What it changes; several where the database wants them in one statement."""
    head: str = ""
    """What stands before the clauses."""
    tail: str = ""
    """What stands behind them."""
    note: str = ""
    """What the steward should know about running it, or nothing."""
    copying: str = ""
    """The tail that copies the table, where that is allowed if nothing else helps."""

    @property
    def sql(self) -> str:
        """The text exactly as it is executed, without a closing semicolon."""
        return f"{self.head}{', '.join(part.sql for part in self.parts)}{self.tail}"

    @property
    def changes(self) -> tuple[CommentChange, ...]:
        """The changes it makes, in the order of its clauses."""
        return tuple(part.change for part in self.parts)

    @property
    def table(self) -> TableId:
        """The table that it is about."""
        return table_of(self.parts[0].change.target)

    def only(self, kept: Collection[CommentChange]) -> Statement | None:
        """The statement of the same clauses without those of other changes."""
        parts = tuple(part for part in self.parts if part.change in kept)
        if len(parts) == len(self.parts):
            return self
        return replace(self, parts=parts) if parts else None

    def halves(self) -> tuple[Statement, Statement]:
        """Two statements of the same clauses."""
        middle = len(self.parts) // 2
        first, second = self.parts[:middle], self.parts[middle:]
        return replace(self, parts=first), replace(self, parts=second)


def statement(change: CommentChange, sql: str, basis: str = "") -> Statement:
    """A statement that makes one change, and has no other clauses."""
    return Statement((Part(change, sql, basis),))


Refused = tuple[CommentChange, str]
"""A change that has no statement, and why."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the steward lets a run do."""

    rebuild: bool = False
    """Statements that copy a whole table."""
    unproved: bool = False
    """Writing to a database that was never tried."""
    restoring: bool = False
    """Texts that were in this database before, as odd as they may be."""


AS_USUAL = Allowed()
"""What a run may do where nothing else was said."""


@dataclass(frozen=True, slots=True)
class Run:
    """Statements in the order in which they are executed, and what has none."""

    statements: tuple[Statement, ...] = ()
    """Those of a table stand together."""
    refused: tuple[Refused, ...] = ()
    """Changes that are not tried, each with the reason."""
    costs: tuple[str, ...] = ()
    """What its statements lock, and what cannot be promised of them; a line each."""

    @property
    def changes(self) -> list[CommentChange]:
        """The changes that its statements make."""
        return [change for each in self.statements for change in each.changes]

    def without(self, dropped: Collection[CommentChange]) -> Run:
        """The run without some changes."""
        if not dropped:
            return self
        gone = set(dropped)
        tables = {table_of(change.target) for change in gone}  # few, of perhaps many

        def left(each: Statement) -> Statement | None:
            if each.table not in tables:
                return each
            return each.only([c for c in each.changes if c not in gone])

        return replace(
            self,
            statements=tuple(s for each in self.statements if (s := left(each))),
            refused=tuple(each for each in self.refused if each[0] not in dropped),
        )

    def by_table(self) -> Iterator[tuple[TableId, Run]]:
        """What it has of each table."""
        statements: dict[TableId, list[Statement]] = {}
        refused: dict[TableId, list[Refused]] = {}
        for each in self.statements:
            statements.setdefault(each.table, []).append(each)
        for one in self.refused:
            refused.setdefault(table_of(one[0].target), []).append(one)
        for table in {**statements, **refused}:
            some, others = statements.get(table, ()), refused.get(table, ())
            yield table, Run(tuple(some), tuple(others), self.costs)

    def reasons(self) -> list[tuple[str, int]]:
        """Why changes are refused, and how many for each reason, most first."""
        return Counter(reason for _, reason in self.refused).most_common()


def joined(runs: Iterable[Run]) -> Run:
    """One run of many, in their order."""
    runs = list(runs)
    return Run(
        tuple(each for run in runs for each in run.statements),
        tuple(each for run in runs for each in run.refused),
        next((run.costs for run in runs if run.costs), ()),
    )
