"""Writing comments on MySQL and MariaDB: one ALTER a table, under a table lock.

DDL there commits by itself, so nothing can be taken back. `LOCK TABLES t WRITE` keeps
everybody else out between reading the old comments and the ALTER; that ALTER works
under the lock was run on MariaDB 10.11 (also for partitioned and referenced tables and
those with triggers). A user without the right to lock gets a re-read directly before
the ALTER instead, and the result says so.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table, TableId, column_of
from connectors.comment_text import normal
from connectors.definition import Definition, TableDefinition
from connectors.dialects.dialect import Dialect, WriteOptions
from connectors.intents import PAUSES, Intents, Pending, conflict_reason
from connectors.ledger import Ledger
from connectors.session import Fault, Session, Source
from connectors.statement import Statement

REBUILD = (
    "commenting it would copy the whole table ({why}); --allow-rebuild allows that"
)
UNLOCKED = (
    "written without a table lock ({why}): a change that somebody else made in the "
    "instant before would have been overwritten"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A table as it stands: its comments and its exact definition."""

    table: Table
    """The comments."""
    definition: TableDefinition
    """The text of its definition, without them."""
    srids: dict[str, int]
    """Reference systems of geometry columns, which that text may leave out."""

    def differences(self, other: Standing) -> list[str]:
        """What another standing has changed besides comments, a sentence each."""
        found = self.definition.differences(other.definition)
        if self.srids != other.srids:
            found.append(f"reference systems: {self.srids} is now {other.srids}")
        return found


class AlteringDialect(Dialect):
    """Databases where a comment is part of a column's definition."""

    restates = True
    algorithm: ClassVar[str]
    """Clause that refuses a column change which would not be instant."""
    table_algorithm: ClassVar[str]
    """The same for the table's own comment."""
    rebuild_codes: ClassVar[frozenset[str]]
    """Error codes that mean: only by copying the table."""
    unlockable_codes: ClassVar[frozenset[str]]
    """Error codes that mean: not under this table lock, or no right to take it."""

    @abstractmethod
    def standing(self, session: Session, table_id: TableId) -> Standing | None:
        """The table as it stands, or None where there is none."""

    @abstractmethod
    def restated(self, standing: Standing, definition: Definition) -> Definition:
        """The definition with what its printed text leaves out."""

    def plan(
        self,
        standing: Standing,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool,
        singly: bool = False,
    ) -> tuple[list[Statement], list[tuple[CommentChange, str]]]:
        """Statements for some changes, and the changes there can be none for.

        Args:
            standing: The table as it stands.
            changes: What to change.
            allow_rebuild: Copying the table is allowed.
            singly: One statement a change.
        """
        refused: list[tuple[CommentChange, str]] = []
        instant: dict[str, list[tuple[CommentChange, str]]] = {}
        rebuilds: list[Statement] = []
        for change in changes:
            name = column_of(change.target)
            text = normal(change.text)
            if name is None:
                clause = f"COMMENT={self.literal(text or '')}"
                instant.setdefault(self.table_algorithm, []).append((change, clause))
                continue
            definition = standing.definition.columns.get(name)
            if definition is None:
                refused.append((change, "the column is no longer there; scan again"))
                continue
            full = self.restated(standing, definition).with_comment(
                None if text is None else self.literal(text)
            )
            clause = f"MODIFY COLUMN {self.quote(name)} {full}"
            if not definition.is_stored:
                instant.setdefault(self.algorithm, []).append((change, clause))
            elif allow_rebuild:
                rebuilds.append(self.rebuild(standing, change, clause))
            else:
                refused.append((change, REBUILD.format(why="it is stored generated")))
        statements = [
            self._alter(standing, algorithm, group)
            for algorithm, all_of_it in instant.items()
            for group in ([[one] for one in all_of_it] if singly else [all_of_it])
        ]
        return statements + rebuilds, refused

    def rebuild(
        self, standing: Standing, change: CommentChange, clause: str
    ) -> Statement:
        """The statement that copies the table."""
        return Statement(
            f"ALTER TABLE {self.table_name(standing.table.id)} {clause}, "
            "ALGORITHM=COPY",
            (change,),
            "copies the whole table and blocks writing to it meanwhile",
        )

    def _alter(
        self,
        standing: Standing,
        algorithm: str,
        clauses: Sequence[tuple[CommentChange, str]],
    ) -> Statement:
        text = ", ".join(clause for _, clause in clauses)
        return Statement(
            f"ALTER TABLE {self.table_name(standing.table.id)} {text}, {algorithm}",
            tuple(change for change, _ in clauses),
        )

    def render(
        self,
        session: Session | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> list[Statement]:
        """One ALTER for all changes, plus one for each that copies the table."""
        if session is None:
            raise Fault("its statements restate definitions, so it must be connected")
        standing = self.standing(session, table.id)
        if standing is None:
            return []
        return self.plan(standing, changes, allow_rebuild=allow_rebuild)[0]

    def write(
        self,
        source: Source,
        table: Table,
        changes: Sequence[CommentChange],
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[WriteResult]:
        """All changes of the table under one lock."""
        with source.session(write=True) as session:
            self.pin(session)
            intents = Intents(ledger)
            writing = _Alteration(self, session, table.id, intents, options)
            try:
                writing.write(changes)
            finally:
                session.quietly("UNLOCK TABLES")
        # Only now, so that nothing is held while the caller looks at the results.
        yield from intents.save()
        if writing.lost is not None:
            raise writing.lost


class _Locked(Exception):
    """Somebody else holds the table."""


class _Unlockable(Exception):
    """The change cannot be made under a table lock."""


class _Alteration:
    """One table's ALTER, from the lock to the comparison afterwards."""

    def __init__(
        self,
        dialect: AlteringDialect,
        session: Session,
        table_id: TableId,
        intents: Intents,
        options: WriteOptions,
    ) -> None:
        self._dialect = dialect
        self._session = session
        self._id = table_id
        self._intents = intents
        self._options = options
        self._executed: list[Pending] = []
        self._unlocked = ""
        self.lost: ColumnistError | None = None
        """Set where the connection broke."""

    def write(self, changes: Sequence[CommentChange]) -> None:
        """Tries until every change has an end or the connection is lost."""
        standing = self._dialect.standing(self._session, self._id)
        if standing is None:
            for change in changes:
                self._intents.refuse(change, "the table is no longer there; scan again")
            return
        pending: list[Pending] = self._intents.begin(
            (change, statement.sql)
            for statement in self._plan(standing, changes)
            for change in statement.changes
        )
        tries = 0
        while pending and self.lost is None:
            try:
                self._attempt(pending)
                return
            except _Unlockable as unlockable:
                self._unlocked = str(unlockable)
            except _Locked as locked:
                pending = [item for item in pending if item.is_open]
                if tries == len(PAUSES) or self._options.stop():
                    for item in pending:
                        reason = f"the table is in use: {locked}"
                        self._intents.end(item, Outcome.FAILED, reason)
                    return
                time.sleep(PAUSES[tries])
                tries += 1
            except Fault as fault:
                self._give_up(pending, fault)
            finally:
                self._session.quietly("UNLOCK TABLES")
            pending = [item for item in pending if item.is_open]

    def _plan(
        self,
        standing: Standing,
        changes: Sequence[CommentChange],
        waiting: dict[CommentChange, Pending] | None = None,
        *,
        singly: bool = False,
    ) -> list[Statement]:
        """Statements for some changes; those there are none for are refused."""
        statements, refused = self._dialect.plan(
            standing,
            changes,
            allow_rebuild=self._options.allow_rebuild,
            singly=singly,
        )
        for change, reason in refused:
            if waiting is None:
                self._intents.refuse(change, reason)
            else:
                self._intents.end(waiting[change], Outcome.REFUSED, reason)
        return statements

    def _attempt(self, pending: list[Pending]) -> None:
        """Lock, compare, alter, compare again."""
        self._lock()
        before = self._dialect.standing(self._session, self._id)
        for item in pending:
            there = before.table.comment_of(item.change.target) if before else None
            if item.is_open and there != normal(item.change.previous):
                reason = conflict_reason(there, item.change)
                self._intents.end(item, Outcome.CONFLICT, reason, read_back=there)
        if before is None:
            return
        waiting = {item.change: item for item in pending if item.is_open}
        try:
            for statement in self._plan(before, list(waiting), waiting):
                self._run(before, statement, waiting)
        except (_Locked, _Unlockable):
            self._compare(before)
            raise
        self._compare(before)

    def _lock(self) -> None:
        if self._unlocked:
            return
        name = self._dialect.table_name(self._id)
        try:
            self._session.run(f"LOCK TABLES {name} WRITE")
        except Fault as fault:
            if fault.code in self._dialect.lock_codes:
                raise _Locked(fault.message) from fault
            if fault.code in self._dialect.unlockable_codes:
                raise _Unlockable(fault.message) from fault
            raise

    def _run(
        self,
        before: Standing,
        statement: Statement,
        waiting: dict[CommentChange, Pending],
    ) -> None:
        """Runs one statement; what is refused together is tried one by one."""
        items = [waiting[change] for change in statement.changes]
        other = [item for item in items if item.statement != statement.sql]
        if other:
            self._intents.renew(other, statement.sql)
        dialect = self._dialect
        try:
            self._session.run(statement.sql)
        except Fault as fault:
            if fault.lost:
                self._executed += items
                raise
            if fault.code in dialect.lock_codes:
                raise _Locked(fault.message) from fault
            if not self._unlocked and fault.code in dialect.unlockable_codes:
                raise _Unlockable(fault.message) from fault
            if len(items) > 1 and fault.code not in dialect.table_refusals:
                changes = [item.change for item in items]
                for single in self._plan(before, changes, waiting, singly=True):
                    self._run(before, single, waiting)
            elif fault.code in dialect.rebuild_codes:
                self._rebuild(before, statement, waiting, fault)
            else:
                for item in items:
                    reason = dialect.explain(fault)
                    self._intents.end(item, Outcome.REFUSED, reason)
            return
        self._executed += items

    def _rebuild(
        self,
        before: Standing,
        statement: Statement,
        waiting: dict[CommentChange, Pending],
        fault: Fault,
    ) -> None:
        """The server would only copy the table: done where that is allowed."""
        instant = self._dialect.algorithm
        change = statement.changes[0]
        if not (self._options.allow_rebuild and statement.sql.endswith(instant)):
            reason = REBUILD.format(why=fault.message)
            self._intents.end(waiting[change], Outcome.REFUSED, reason)
            return
        head = f"ALTER TABLE {self._dialect.table_name(self._id)} "
        clause = statement.sql.removeprefix(head).removesuffix(f", {instant}")
        copying = self._dialect.rebuild(before, change, clause)
        self._run(before, copying, waiting)

    def _compare(self, before: Standing) -> None:
        """Reads back what was executed and closes the intents."""
        if not self._executed:
            return
        after = self._dialect.standing(self._session, self._id)
        differences = before.differences(after) if after else ["the table is gone"]
        done, self._executed = self._executed, []
        for item in done:
            there = after.table.comment_of(item.change.target) if after else None
            if differences:
                self._intents.end(
                    item,
                    Outcome.FAILED,
                    "the comment was written, but more changed with it: "
                    f"{'; '.join(differences)}. To undo: {self._undo(before, item)}",
                    read_back=there,
                )
            elif there != normal(item.change.text):
                reason = "written, but the database holds another text now"
                self._intents.end(item, Outcome.FAILED, reason, read_back=there)
            else:
                note = self._unlocked and UNLOCKED.format(why=self._unlocked)
                self._intents.end(item, Outcome.WRITTEN, note or None, read_back=there)

    def _undo(self, before: Standing, item: Pending) -> str:
        """The statement that restores the definition as it was."""
        back = CommentChange(item.change.target, item.change.text, item.change.previous)
        statements, _ = self._dialect.plan(before, [back], allow_rebuild=True)
        return statements[0].sql.removesuffix(f", {self._dialect.algorithm}")

    def _give_up(self, pending: list[Pending], fault: Fault) -> None:
        """The run of this table ends here: what is known is said of each change."""
        unknown = {item.intent for item in self._executed}
        for item in pending:
            if item.is_open and item.intent not in unknown:
                reason = f"not written: {fault.message}"
                self._intents.end(item, Outcome.FAILED, reason)
        if not (fault.lost or unknown):
            return
        hint = "Nothing of this table was written; run apply again."
        if unknown:
            hint = (
                f"{len(unknown)} changes are open in the ledger; run apply again: it "
                "first asks the database whether they were written."
            )
        self.lost = ColumnistError(
            f"The connection was lost while {self._id} was written: {fault.message}",
            hint,
        )
