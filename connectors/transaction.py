"""Writing comments where DDL is transactional: one transaction a table.

The comments are executed first, which takes the lock that any other writer of them
needs; then a second session, which sees committed data only, reads what they replaced.
One that is not what the steward saw rolls the transaction back. So there is no moment
between the check and the write.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Table, column_of
from connectors.comment_text import normal
from connectors.dialects.dialect import Dialect, WriteOptions
from connectors.ledger import Ledger
from connectors.session import Fault, Session, Source
from connectors.statement import Statement

PAUSES = (0.2, 0.5, 1.0)
"""Seconds between tries when somebody else holds the lock."""


def render_comment_on(
    dialect: Dialect, table: Table, change: CommentChange
) -> Statement:
    """`COMMENT ON … IS …`, for the databases that have it."""
    name = column_of(change.target)
    if name is None:
        what = f"{dialect.table_keywords[table.kind]} {dialect.table_name(table.id)}"
    else:
        what = f"COLUMN {dialect.table_name(table.id)}.{dialect.quote(name)}"
    text = normal(change.text)
    value = "NULL" if text is None else dialect.literal(text)
    return Statement(f"COMMENT ON {what} IS {value}", (change,))


@dataclass(slots=True)
class Pending:
    """A change on its way."""

    change: CommentChange
    """What is asked for."""
    statement: str
    """The SQL that makes it."""
    intent: int
    """Its intent in the ledger."""
    is_open: bool = True
    """Whether it still has no end."""


class Closing:
    """Closes intents and makes their results."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.results: list[WriteResult] = []
        """What was closed, in that order."""

    def begin(self, change: CommentChange, statement: str) -> Pending:
        """Commit the intent of a change."""
        return Pending(change, statement, self._ledger.intend(change, statement))

    def renew(self, pending: Pending, statement: str) -> None:
        """Another statement is tried for the same change: it gets its own intent."""
        result = WriteResult(
            pending.change,
            Outcome.FAILED,
            pending.statement,
            "not executed so; another statement was tried",
            at=datetime.now(UTC),
        )
        self._ledger.close(pending.intent, result)
        pending.statement = statement
        pending.intent = self._ledger.intend(pending.change, statement)

    def refuse(self, change: CommentChange, reason: str) -> None:
        """A change that has no statement, and so no intent."""
        self.results.append(
            WriteResult(change, Outcome.REFUSED, "", reason, at=datetime.now(UTC))
        )

    def end(
        self,
        pending: Pending,
        outcome: Outcome,
        reason: str | None = None,
        *,
        read_back: str | None = None,
    ) -> None:
        """Close one intent."""
        result = WriteResult(
            pending.change,
            outcome,
            pending.statement,
            reason,
            read_back,
            datetime.now(UTC),
        )
        self._ledger.close(pending.intent, result)
        pending.is_open = False
        self.results.append(result)


def conflict_reason(there: str | None, change: CommentChange) -> str:
    """Why a change was not made, in words for the steward."""
    if normal(there) == normal(change.text):
        return "somebody else wrote exactly this text meanwhile"
    if there is None:
        return "the comment was removed meanwhile"
    return "the comment was changed meanwhile"


class TransactionalDialect(Dialect):
    """Databases where `COMMENT ON` takes part in a transaction."""

    transactional = True

    def render(
        self,
        session: Session | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> list[Statement]:
        """One `COMMENT ON` a change."""
        return [render_comment_on(self, table, change) for change in changes]

    def write(
        self,
        source: Source,
        table: Table,
        changes: Sequence[CommentChange],
        ledger: Ledger,
        options: WriteOptions,
    ) -> Iterator[WriteResult]:
        """All changes of the table in one transaction."""
        if options.stop() or not changes:
            return
        with source.session(write=True) as session:
            closing = Closing(ledger)
            pending = [
                closing.begin(change, statement.sql)
                for change in changes
                for statement in self.render(session, table, [change])
            ]
            writing = _TableWriting(self, session, table, closing)
            try:
                writing.write(pending, options)
            finally:
                session.quietly("ROLLBACK")
        # Only now, so that nothing is held while the caller looks at the results.
        yield from closing.results
        if writing.lost is not None:
            raise writing.lost


class _TableWriting:
    """One table's transaction, tried until it is committed or nothing is left."""

    def __init__(
        self, dialect: Dialect, session: Session, table: Table, closing: Closing
    ) -> None:
        self._dialect = dialect
        self._session = session
        self._table = table
        self._closing = closing
        self.lost: ColumnistError | None = None
        """Set where the connection broke."""

    def write(self, pending: list[Pending], options: WriteOptions) -> None:
        """Tries until every change has an end or the connection is lost."""
        tries = 0
        while pending and self.lost is None:
            try:
                pending = self._attempt(pending)
            except _Locked as locked:
                if tries == len(PAUSES) or options.stop():
                    reason = f"the table is locked: {locked.fault.message}"
                    if locked.holders:
                        reason += f" (held by {locked.holders})"
                    for item in pending:
                        self._closing.end(item, Outcome.FAILED, reason)
                    return
                time.sleep(PAUSES[tries])
                tries += 1

    def _attempt(self, pending: list[Pending]) -> list[Pending]:
        """One transaction; returns what has to be tried again."""
        session = self._session
        for item in [None, *pending]:
            try:
                if item is None:
                    session.run("BEGIN")
                    self._dialect.pin(session)
                else:
                    session.run(item.statement)
            except Fault as fault:
                if fault.lost:
                    return self._not_written(pending, fault)
                holders = ""
                if fault.code in self._dialect.lock_codes:
                    holders = self._dialect.lock_holders(session, self._table.id)
                session.quietly("ROLLBACK")
                if fault.code in self._dialect.lock_codes or item is None:
                    raise _Locked(fault, holders) from fault
                return self._refuse(item, pending, fault)
        differing = self._differing(pending)
        if differing is None:
            return []
        if differing:
            session.quietly("ROLLBACK")
            for item, there in differing:
                reason = conflict_reason(there, item.change)
                self._closing.end(item, Outcome.CONFLICT, reason, read_back=there)
            gone = {item.intent for item, _ in differing}
            return [item for item in pending if item.intent not in gone]
        try:
            session.run("COMMIT")
        except Fault as fault:
            if not fault.lost:
                return self._not_written(pending, fault)
            self.lost = ColumnistError(
                f"The connection was lost while {self._table.id} was committed: "
                f"{fault.message}",
                f"{len(pending)} changes are open in the ledger; run apply again: "
                "it first asks the database whether they were written.",
            )
            return []
        self._read_back(pending)
        return []

    def _differing(
        self, pending: list[Pending]
    ) -> list[tuple[Pending, str | None]] | None:
        """Changes whose comment is not what the steward saw; None if unreadable."""
        try:
            there = self._committed()
        except Fault as fault:
            self._session.quietly("ROLLBACK")
            self._not_written(pending, fault)
            return None
        differing: list[tuple[Pending, str | None]] = []
        for item in pending:
            now = there.comment_of(item.change.target) if there else None
            if now != normal(item.change.previous):
                differing.append((item, now))
        return differing

    def _read_back(self, pending: list[Pending]) -> None:
        """Reads what the database holds now and closes the intents."""
        try:
            there = self._committed()
        except Fault as fault:
            for item in pending:
                self._closing.end(
                    item,
                    Outcome.WRITTEN,
                    f"committed, but it could not be read back: {fault.message}",
                )
            return
        for item in pending:
            now = there.comment_of(item.change.target) if there else None
            if now == normal(item.change.text):
                self._closing.end(item, Outcome.WRITTEN, read_back=now)
            else:
                reason = "written, but the database holds another text now"
                self._closing.end(item, Outcome.FAILED, reason, read_back=now)

    def _committed(self) -> Table | None:
        """The table as everybody else sees it now."""
        witness = self._session.witness()
        try:
            return self._dialect.read(witness, self._table.id, brief=True)
        finally:
            witness.close()

    def _refuse(
        self, item: Pending, pending: list[Pending], fault: Fault
    ) -> list[Pending]:
        """The server refused one statement: the others are tried without it."""
        reason = self._dialect.explain(fault)
        if fault.code in self._dialect.table_refusals:
            for each in pending:
                self._closing.end(each, Outcome.REFUSED, reason)
            return []
        self._closing.end(item, Outcome.REFUSED, reason)
        return [each for each in pending if each is not item]

    def _not_written(self, pending: list[Pending], fault: Fault) -> list[Pending]:
        """Nothing was committed and the transaction cannot go on."""
        reason = f"not written: {fault.message}"
        for item in pending:
            self._closing.end(item, Outcome.FAILED, reason)
        if fault.lost:
            self.lost = ColumnistError(
                f"The connection was lost while {self._table.id} was written: "
                f"{fault.message}",
                "Nothing of this table was written; run apply again when the "
                "database is back.",
            )
        return []


class _Locked(Exception):
    """Somebody else holds a lock that the transaction needs."""

    def __init__(self, fault: Fault, holders: str) -> None:
        super().__init__(fault.message)
        self.fault = fault
        """What the server said."""
        self.holders = holders
        """Who holds it, as far as the server tells."""
