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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table, TableId, Target, column_of
from connectors.chunks import Chunk, Plan, Work, cut, write_chunks
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault, Source
from connectors.definition import Definition, TableDefinition
from connectors.dialects.dialect import Dialect, WriteOptions
from connectors.intents import PAUSES, Intents, Pending, conflict_reason
from connectors.ledger import Ledger
from connectors.statement import Statement, differing, shown_by

REBUILD = (
    "commenting it would copy the whole table ({why}); --allow-rebuild allows that"
)
DOUBTFUL = (
    "the {what} of it holds a question mark, which the database also prints for "
    "characters that it cannot; restated, they would be lost"
)
UNREADABLE = "its definition cannot be read: {why}"
GONE = "the table is no longer there; scan again"
UNLOCKED = (
    "written without a table lock ({why}): a change that somebody else made in the "
    "instant before would have been overwritten"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A table as it stands: its comments and its exact definition."""

    id: TableId
    """The table."""
    definition: TableDefinition
    """The text of its definition, with the comments apart."""
    srids: dict[str, int]
    """Reference systems of geometry columns, which that text may leave out."""

    def comment_of(self, target: Target) -> str | None:
        """The comment now on the table or on one of its columns."""
        name = column_of(target)
        if name is None:
            return self.definition.comment
        column = self.definition.columns.get(name)
        return column.comment if column else None

    def with_comments(self, comments: Mapping[str | None, str | None]) -> str | None:
        """How it would be printed with other comments; None where that is not known.

        Args:
            comments: By column; the table's own under None.
        """
        return None if self.srids else self.definition.with_comments(comments)

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
    parallel: ClassVar[int] = 1
    """Sessions that write different tables at once."""
    chunk: ClassVar[int] = 500
    """Changes whose intents are committed together."""
    unlockable_codes: ClassVar[frozenset[str]]
    """Error codes that mean: not under this table lock, or no right to take it."""

    @abstractmethod
    def printed(self, session: DatabaseSession, table_id: TableId) -> str | None:
        """The text of the table's definition, or None where there is no such table."""

    @abstractmethod
    def standing(
        self, session: DatabaseSession, table_id: TableId, printed: str
    ) -> Standing:
        """The table as it stands, from that text.

        Raises:
            Fault: The text is not understood.
        """

    def look(self, session: DatabaseSession, table_id: TableId) -> Standing | None:
        """The table as it stands, or None where there is none."""
        printed = self.printed(session, table_id)
        return None if printed is None else self.standing(session, table_id, printed)

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
        instant: dict[str, list[tuple[CommentChange, str, str]]] = {}
        rebuilds: list[Statement] = []
        for change in changes:
            name = column_of(change.target)
            text = normal(change.text)
            if name is None:
                clause = f"COMMENT={self.literal(text or '')}"
                part = (change, clause, "COMMENT")
                instant.setdefault(self.table_algorithm, []).append(part)
                continue
            definition = standing.definition.columns.get(name)
            if definition is None:
                refused.append((change, "the column is no longer there; scan again"))
                continue
            copied = definition.is_stored and allow_rebuild
            if definition.doubtful_default or (copied and definition.doubtful_labels):
                what = "default" if definition.doubtful_default else "type"
                refused.append((change, DOUBTFUL.format(what=what)))
                continue
            restated = self.restated(standing, definition)
            basis = restated.with_comment(None)
            full = restated.with_comment(None if text is None else self.literal(text))
            clause = f"MODIFY COLUMN {self.quote(name)} {full}"
            if not definition.is_stored:
                instant.setdefault(self.algorithm, []).append((change, clause, basis))
            elif allow_rebuild:
                rebuilds.append(self.rebuild(standing, change, clause, basis))
            else:
                refused.append((change, REBUILD.format(why="it is stored generated")))
        statements = [
            self._alter(standing, algorithm, group)
            for algorithm, all_of_it in instant.items()
            for group in ([[one] for one in all_of_it] if singly else [all_of_it])
        ]
        return statements + rebuilds, refused

    def rebuild(
        self, standing: Standing, change: CommentChange, clause: str, basis: str
    ) -> Statement:
        """The statement that copies the table."""
        return Statement(
            f"ALTER TABLE {self.table_name(standing.id)} {clause}, ALGORITHM=COPY",
            (change,),
            "copies the whole table and blocks writing to it meanwhile",
            (basis,),
        )

    def _alter(
        self,
        standing: Standing,
        algorithm: str,
        clauses: Sequence[tuple[CommentChange, str, str]],
    ) -> Statement:
        text = ", ".join(clause for _, clause, _ in clauses)
        return Statement(
            f"ALTER TABLE {self.table_name(standing.id)} {text}, {algorithm}",
            tuple(change for change, _, _ in clauses),
            bases=tuple(basis for _, _, basis in clauses),
        )

    def render(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> list[Statement]:
        """One ALTER for all changes, plus one for each that copies the table."""
        return self.preview(session, table, changes, allow_rebuild=allow_rebuild)[0]

    def preview(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> tuple[list[Statement], list[tuple[CommentChange, str]]]:
        """The same, and why there is no statement for the others."""
        if session is None:
            raise Fault("its statements restate definitions, so it must be connected")
        try:
            standing = self.look(session, table.id)
        except Fault as fault:
            if fault.lost:
                raise
            session.discard()  # half an answer may be left on it
            reason = UNREADABLE.format(why=self.explain(fault))
            return [], [(change, reason) for change in changes]
        if standing is None:
            return [], [(change, GONE) for change in changes]
        return self.plan(standing, changes, allow_rebuild=allow_rebuild)

    def write(
        self,
        source: Source,
        table: Table,
        changes: Sequence[CommentChange],
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[WriteResult]:
        """All changes of the table under one lock."""
        return self.write_many(source, [(table, changes)], ledger, options)

    def write_many(
        self,
        source: Source,
        work: Work,
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[WriteResult]:
        """The changes of many tables, each under a lock of its own."""
        plans: dict[TableId, tuple[Standing, list[Statement]]] = {}
        with ExitStack() as stack:
            session = stack.enter_context(source.session())

            def planned(table: Table, changes: Sequence[CommentChange]) -> Plan:
                nonlocal session
                try:
                    standing = self.look(session, table.id)
                except Fault as fault:
                    if fault.lost:
                        raise
                    # What is left of the answer must not be taken for the next one.
                    session.discard()
                    session = stack.enter_context(source.session())
                    reason = UNREADABLE.format(why=self.explain(fault))
                    return Plan([], [(change, reason) for change in changes])
                if standing is None:
                    return Plan([], [(change, GONE) for change in changes])
                statements, refused = self.plan(
                    standing, changes, allow_rebuild=options.allow_rebuild
                )
                plans[table.id] = standing, statements
                return Plan(
                    [(change, one.sql) for one in statements for change in one.changes],
                    refused,
                )

            yield from write_chunks(
                cut(work, planned, ledger, most=self.chunk, stop=options.stop),
                lambda: _Writer(self, source, options, plans),
                parallel=self.limits.connections or self.parallel,
                stop=options.stop,
            )


class _Writer:
    """One session that alters table after table."""

    def __init__(
        self,
        dialect: AlteringDialect,
        source: Source,
        options: WriteOptions,
        plans: dict[TableId, tuple[Standing, list[Statement]]],
    ) -> None:
        self._dialect = dialect
        self._options = options
        self._plans = plans
        self._session = source.open(write=True)
        self.lost: ColumnistError | None = None
        """Set where the connection broke."""

    def close(self) -> None:
        """Give the session back."""
        if self.lost is not None:
            self._session.discard()
        self._session.close()

    def write(self, chunk: Chunk, *, ended: Callable[[], bool]) -> None:
        """Table after table; locking one gives up the one before."""
        if not chunk.tables:
            return
        try:
            self._write(chunk, ended=ended)
        finally:
            self._session.quietly("UNLOCK TABLES")

    def _write(self, chunk: Chunk, *, ended: Callable[[], bool]) -> None:
        if self.lost is None and not ended():
            self._dialect.pin(self._session)
        for table, pending in chunk.tables:
            if self.lost is not None or ended():
                for item in pending:
                    chunk.intents.drop(item, "stopped before it was written")
                continue
            writing = _Alteration(
                self._dialect,
                self._session,
                *self._plans.pop(table.id),
                chunk.intents,
                self._options,
            )
            writing.write(pending)
            self.lost = writing.lost


class _Locked(Exception):
    """Somebody else holds the table."""


class _Unlockable(Exception):
    """The change cannot be made under a table lock."""


class _Alteration:
    """One table's ALTER, from the lock to the comparison afterwards."""

    def __init__(
        self,
        dialect: AlteringDialect,
        session: DatabaseSession,
        planned: Standing,
        statements: list[Statement],
        intents: Intents,
        options: WriteOptions,
    ) -> None:
        self._dialect = dialect
        self._session = session
        self._planned = planned
        self._statements = statements
        self._shown = {
            change: options.shown.get(change, basis)
            for change, basis in shown_by(statements).items()
        }
        self._id = planned.id
        self._intents = intents
        self._options = options
        self._executed: list[Pending] = []
        self._unlocked = ""
        self.lost: ColumnistError | None = None
        """Set where the connection broke."""

    def write(self, pending: list[Pending]) -> None:
        """Tries until every change has an end or the connection is lost."""
        tries = 0
        while pending and self.lost is None:
            try:
                self._attempt(pending)
                return
            except _Unlockable as unlockable:
                self._unlocked = str(unlockable)
                self._session.quietly("UNLOCK TABLES")
            except _Locked as locked:
                self._session.quietly("UNLOCK TABLES")
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
            pending = [item for item in pending if item.is_open]

    def _plan(
        self,
        standing: Standing,
        changes: Sequence[CommentChange],
        waiting: dict[CommentChange, Pending],
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
            self._intents.end(waiting[change], Outcome.REFUSED, reason)
        return statements

    def _attempt(self, pending: list[Pending]) -> None:
        """Lock, compare, alter, compare again."""
        self._lock()
        before = self._look()
        for item in pending:
            there = before.comment_of(item.change.target) if before else None
            if item.is_open and there != normal(item.change.previous):
                reason = conflict_reason(there, item.change)
                self._intents.end(item, Outcome.CONFLICT, reason, read_back=there)
        if before is None:
            for item in pending:
                if item.is_open:
                    self._intents.end(item, Outcome.REFUSED, GONE)
            return
        waiting = {item.change: item for item in pending if item.is_open}
        try:
            for statement in self._as_shown(before, waiting):
                self._run(before, statement, waiting)
        except (_Locked, _Unlockable):
            self._compare(before)
            raise
        self._compare(before)

    def _as_shown(
        self, before: Standing, waiting: dict[CommentChange, Pending]
    ) -> list[Statement]:
        """Statements of changes that restate what was shown; the others end here."""
        statements = self._statements
        if before != self._planned or waiting.keys() != self._shown.keys():
            statements = self._plan(before, list(waiting), waiting)
        other = differing(statements, self._shown)
        if not other:
            return statements
        for change, reason in other.items():
            there = before.comment_of(change.target)
            conflict = Outcome.CONFLICT
            self._intents.end(waiting[change], conflict, reason, read_back=there)
        left = [change for change, item in waiting.items() if item.is_open]
        return self._plan(before, left, waiting)

    def _look(self) -> Standing | None:
        """The table as it stands: mostly as it was when its statements were made."""
        printed = self._dialect.printed(self._session, self._id)
        if printed is None:
            return None
        if printed == self._planned.with_comments({}):
            return self._planned
        return self._dialect.standing(self._session, self._id, printed)

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
        definition = before.definition.columns.get(column_of(change.target) or "")
        if definition is not None and definition.doubtful_labels:
            reason = DOUBTFUL.format(what="type")
            self._intents.end(waiting[change], Outcome.REFUSED, reason)
            return
        head = f"ALTER TABLE {self._dialect.table_name(self._id)} "
        clause = statement.sql.removeprefix(head).removesuffix(f", {instant}")
        [basis] = statement.by_change().values()
        copying = self._dialect.rebuild(before, change, clause, basis)
        self._run(before, copying, waiting)

    def _compare(self, before: Standing) -> None:
        """Reads back what was executed and closes the intents."""
        if not self._executed:
            return
        printed = self._dialect.printed(self._session, self._id)
        done = self._executed
        comments = {column_of(item.change.target): item.change.text for item in done}
        if printed is not None and printed == before.with_comments(comments):
            # What was expected, to the letter: the usual case, and nothing to cut.
            self._executed = []
            for item in done:
                self._written(item, normal(item.change.text))
            return
        after: Standing | None = None
        if printed is not None:
            after = self._dialect.standing(self._session, self._id, printed)
        differences = before.differences(after) if after else ["the table is gone"]
        self._executed = []
        for item in done:
            there = after.comment_of(item.change.target) if after else None
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
                self._written(item, there)

    def _written(self, item: Pending, there: str | None) -> None:
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
