"""What is to be drafted: found in one pass over the snapshot, and in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from sys import intern

from catalog.change import CommentChange
from catalog.glossary import Term
from catalog.objects import ColumnId, Table, TableId, Target, column_of, table_of
from catalog.suggestion import Source, State
from catalog.trial import drawn_for_both, drawn_model
from model.draft import Documented, undescribed
from model.spelling import touched
from tui.flow.session import Session
from tui.flow.text import count, plain

NOTHING_TO_DRAFT = "Nothing to draft: all is described, drafted or decided on."
ASKED_FIRST = 16
"""Tables that ask a model and go before all others: enough to begin with."""
REDRAFTED = frozenset((Source.MODEL, Source.RULES, Source.GLOSSARY))
"""Drafts that a new meaning of a name may change."""


class Targets(Mapping[TableId, tuple[Target, ...]]):
    """Targets by table, in the order in which they will be drafted.

    A catalog may have a hundred thousand tables with a million columns: what is held
    of them is their names, those that tables share once.
    """

    def __init__(self, given: Mapping[TableId, tuple[Target, ...]] = {}) -> None:
        self._columns: dict[TableId, tuple[str | None, ...]] = {}
        for table, targets in given.items():
            self[table] = targets

    def __getitem__(self, table: TableId) -> tuple[Target, ...]:
        return tuple(
            table if column is None else ColumnId(table, column)
            for column in self._columns[table]
        )

    def __setitem__(self, table: TableId, targets: Iterable[Target]) -> None:
        self._columns[table] = tuple(
            intern(target.name) if isinstance(target, ColumnId) else None
            for target in targets
        )

    def __len__(self) -> int:
        return len(self._columns)

    def __iter__(self) -> Iterator[TableId]:
        return iter(self._columns)

    def copy(self) -> Targets:
        """The same; what is taken from it is still in this."""
        found = Targets()
        found._columns = self._columns.copy()
        return found

    def take(self, table: TableId) -> tuple[Target, ...]:
        """A table's targets, which are not among these any more; perhaps none."""
        targets = self.get(table, ())
        self._columns.pop(table, None)
        return targets

    def reorder(self, tables: Iterable[TableId]) -> None:
        """Have the same tables in this order."""
        self._columns = {table: self._columns[table] for table in tables}


@dataclass(slots=True)
class DraftPlan:
    """What is to be drafted, and what there is to inherit from."""

    work: Targets = field(default_factory=Targets)
    """Targets by table, in the order in which they will be drafted."""
    documented: Documented = field(default_factory=Documented)
    """Columns that have a comment."""
    targets: int = 0
    """How many descriptions are to be drafted."""
    tables: int = 0
    """Tables that were looked at."""
    for_files: Counter[str] = field(default_factory=Counter[str])
    """Why descriptions can only be exported, with how many each reason holds for."""

    @property
    def columns(self) -> int:
        """How many of them are columns, not tables."""
        return self.targets - sum(table in ts for table, ts in self.work.items())

    def notes(self) -> list[str]:
        """How many can be written and how many only exported, and why, in lines."""
        if not self.for_files:
            return []
        only = self.for_files.total()
        return [
            f"Of {count(self.targets, 'description')} to draft"
            f" {self.targets - only:,} can be written to the database;"
            f" {only:,} can only be exported:",
            *(f"  {n:,}: {plain(why)}" for why, n in self.for_files.most_common()),
        ]

    def add(self, table: TableId, targets: tuple[Target, ...]) -> None:
        """Take in a table's targets."""
        self.work[table] = targets
        self.targets += len(targets)

    def split(
        self, database: str, models: tuple[str, str], *, both: float = 0.0
    ) -> tuple[DraftPlan, DraftPlan]:
        """A plan for each of two models: tables are drawn, columns go with theirs.

        Args:
            database: what identifies the database in the workspace.
            models: the names of both; a table that was drawn before is drawn alike.
            both: the share of tables, drawn too, that are in the plans of both.
        """
        plans = (
            DraftPlan(documented=self.documented),
            DraftPlan(documented=self.documented),
        )
        for table, targets in self.work.items():
            drawn = models.index(drawn_model(database, table, models))
            is_both = drawn_for_both(database, table, models, both)
            for plan in plans if is_both else plans[drawn : drawn + 1]:
                plan.add(table, targets)
        return plans

    def take_turns(self, derived: Set[TableId]) -> None:
        """Let tables that others seem to tell alternate with those that ask a model.

        However many there are of one kind, neither waits for the end of the other.

        Args:
            derived: views and children, whose columns are other tables'.
        """
        described = self.documented.names()
        told: list[TableId] = []
        asking: list[TableId] = []
        for table, targets in self.work.items():
            columns = [t for t in targets if isinstance(t, ColumnId)]
            same = columns and all(c.name.lower() in described for c in columns)
            (told if same or table in derived else asking).append(table)
        rest = zip_longest(told, asking[ASKED_FIRST:])
        order = chain(asking[:ASKED_FIRST], chain.from_iterable(rest))
        self.work.reorder(table for table in order if table is not None)

    def put_first(self, other: DraftPlan) -> None:
        """Do what another plan names before all else."""
        work, self.work, self.targets = self.work, Targets(), 0
        for table, targets in other.work.items():
            rest = (t for t in work.take(table) if t not in targets)
            self.add(table, (*targets, *rest))
        for table, targets in work.items():
            self.add(table, targets)

    def leave_out(self, drafted: Set[Target]) -> None:
        """Go on without what was drafted meanwhile."""
        work, self.work, self.targets = self.work, Targets(), 0
        for table, targets in work.items():
            if left := tuple(t for t in targets if t not in drafted):
                self.add(table, left)


def plan_drafts(
    session: Session,
    *,
    tables: Collection[TableId] = (),
    schemas: Sequence[str] = (),
    globs: Sequence[str] = (),
    limit: int | None = None,
    redo: bool = False,
) -> DraftPlan:
    """Find what is undocumented and undrafted, in one pass over the snapshot.

    Args:
        session: the open database.
        tables: only these; all where empty.
        schemas: exact names; all where empty.
        globs: patterns on `table` or `schema.table`.
        limit: most tables.
        redo: also what has an undecided draft.
    """
    plan = DraftPlan()
    chosen: Set[TableId] | None = set(tables) or None
    if schemas or globs:
        found = session.snapshot.tables(schemas=schemas, globs=globs)
        named = {table.id for table in found}
        chosen = named if chosen is None else named & chosen
    taken = session.suggestions.taken(redo=redo)
    derived: set[TableId] = set()
    refusal = session.database.dialect.refusal
    for table in session.snapshot.tables():
        plan.documented.add(table)
        if chosen is not None and table.id not in chosen:
            continue
        if limit is not None and len(plan.work) >= limit:
            continue
        plan.tables += 1
        if targets := _left(table, taken):
            plan.add(table.id, targets)
            comments = (CommentChange(target, None, None) for target in targets)
            reasons = (refusal(table, comment) for comment in comments)
            plan.for_files.update(filter(None, reasons))
            if table.view_sql is not None or table.parents:
                derived.add(table.id)
    plan.take_turns(derived)
    return plan


def plan_redrafts(session: Session, terms: Sequence[Term]) -> DraftPlan:
    """Find the undecided drafts that answers touch, in one pass over the snapshot.

    What somebody decided on or wrote stays, and so does what is imported or inherited.
    """
    plan = DraftPlan()
    waiting: dict[TableId, set[Target]] = {}
    for suggestion in session.suggestions.all(states=[State.PENDING, State.ABSTAINED]):
        # A pending text that is not the drafted one was edited, written and reverted.
        if suggestion.draft.source in REDRAFTED and not suggestion.author:
            table_id = table_of(suggestion.target)
            waiting.setdefault(table_id, set()).add(suggestion.target)
    for table in session.snapshot.tables():
        plan.documented.add(table)
        undecided = waiting.get(table.id)
        if undecided is None:
            continue
        read = {target for term in terms for target in touched(table, term)}
        lacking = undescribed(table)
        targets = tuple(t for t in lacking if t in undecided and t in read)
        if targets:
            plan.add(table.id, targets)
    return plan


def lacking(
    session: Session, table_id: TableId, *, redo: bool = False
) -> tuple[Target, ...]:
    """What of one table is undocumented and undrafted; undecided where `redo` is."""
    table = session.snapshot.table(table_id)
    if table is None:
        return ()
    return _left(table, session.suggestions.taken(redo=redo, table=table_id))


def _left(
    table: Table, taken: Mapping[TableId, Collection[str | None]]
) -> tuple[Target, ...]:
    kept = taken.get(table.id, ())
    return tuple(t for t in undescribed(table) if column_of(t) not in kept)
