"""One open database: read it, sample it, plan and execute comments."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import (
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Intent, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.objects import Profile, Table, TableId, TableKind, table_of
from catalog.stopping import Stop, never
from connectors.comment_text import normal
from connectors.database_session import (
    DatabaseSession,
    Fault,
    SessionSource,
    read_only_refusal,
)
from connectors.dialects.dialect import Dialect, Selection
from connectors.ledger import Ledger
from connectors.limits import Limits
from connectors.run import AS_USUAL, Allowed, Run, Statement, joined

Work = Iterable[tuple[Table, Sequence[CommentChange]]]
"""Tables as last read, each with the changes to it and its columns."""
_COLLECTED = 100_000
"""Values made between two looks for garbage while a catalog is read."""


@contextmanager
def _collecting_seldom() -> Generator[None]:
    """Looks for garbage in cycles less often.

    A scan makes a million values without any cycle, and looking for some every few
    hundred of them takes up to half of its time.
    """
    first, second, third = gc.get_threshold()
    if not 0 < first < _COLLECTED:  # off, or seldom enough already
        yield
        return
    gc.set_threshold(_COLLECTED, second, third)
    try:
        yield
    finally:
        gc.set_threshold(first, second, third)


class Database:
    """One open target. One worker at a time uses it."""

    def __init__(
        self,
        identity: DatabaseIdentity,
        dialect: Dialect,
        url: str,
        source: SessionSource,
        *,
        schemas: Sequence[str] = (),
        read_only: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self.identity = identity
        """Which database this is."""
        self.dialect = dialect
        """What it speaks."""
        self.url = url
        """Its URL without the password."""
        self.schemas = tuple(schemas)
        """Schemas that its URL names, beyond which nothing is read; all where empty."""
        self.read_only = read_only
        """Writing is refused whatever the change; sessions refuse it too."""
        self.limits = dialect.limits = limits or Limits()
        """How much of it Columnist takes for itself."""
        self._source = source

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; a file is not held anyway."""
        self._source.close()

    # -- reading ---------------------------------------------------------------

    def scan(
        self,
        *,
        schemas: Sequence[str] = (),
        tables: Sequence[str] = (),
        exclude: Sequence[str] = (),
        kinds: Collection[TableKind] = (),
        stop: Stop = never,
    ) -> Iterator[Table]:
        """Streams tables in catalog order, without those of the system.

        One that cannot be read comes with its name and the reason.

        Args:
            schemas: Exact names; all where empty.
            tables: Case-sensitive patterns on `table` or `schema.table`; all where
                empty.
            exclude: Case-sensitive patterns on `schema` or `schema.table` that are
                left out, whatever else is asked for.
            kinds: What the tables are; all where empty.
            stop: Asked between tables; true ends the scan.
        """
        if self.schemas:
            wanted = set(schemas or self.schemas)
            schemas = [each for each in self.schemas if each in wanted]
            if not schemas:
                return
        selection = Selection(
            tuple(schemas), tuple(tables), tuple(exclude), frozenset(kinds)
        )
        read, unread = False, list[str]()
        try:
            with _collecting_seldom():
                for table in self.dialect.scan(self._source, selection, stop):
                    fits = table.unread or selection.takes_kind(table.kind)
                    if not fits or not selection.takes(table.id):
                        continue
                    if table.unread is None:
                        read = True
                    elif not read:
                        unread.append(table.unread)
                    yield self._with_refusals(table)
        except Fault as fault:
            raise self._failed("read", fault) from fault
        if len(unread) > 1 and not read:  # more than one broken thing is wrong
            raise self._failed("read", Fault(unread[0]))

    def read(self, table_id: TableId) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        try:
            with self._source.session() as session:
                table = self.dialect.read(session, table_id)
        except Fault as fault:
            raise self._failed("read", fault) from fault
        return table and self._with_refusals(table)

    def _with_refusals(self, table: Table) -> Table:
        """The table with the reason where its kind has no comments at all."""
        dialect, kind = self.dialect, table.kind
        if dialect.why_no_comments or table.unread:
            return table  # said already, of everything
        if kind not in dialect.table_keywords and table.comment_refused is None:
            reason = dialect.refusal(table, CommentChange(table.id, None, None))
            table = replace(table, comment_refused=reason)
        if kind in dialect.column_kinds or not table.columns:
            return table
        change = CommentChange(table.columns[0].id, None, None)
        reason = dialect.refusal(table, change)
        columns = tuple(
            column._replace(comment_refused=column.comment_refused or reason)
            for column in table.columns
        )
        return replace(table, columns=columns)

    def profile(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        rows: int | None = None,
        seconds: float | None = None,
        stop: Stop = never,
    ) -> dict[str, Profile]:
        """What a bounded sample says of the columns; empty where none can be taken.

        Args:
            table: The table to look at.
            columns: Names of the columns wanted; all where None.
            rows: At most this many rows; None is `limits.sample_rows`.
            seconds: The server gives up after this long; None is
                `limits.sample_seconds`.
            stop: True ends it early, with nothing.
        """
        from connectors.sampling import profile_table

        return profile_table(
            self.dialect,
            self._source,
            table,
            columns=columns,
            rows=self.limits.sample_rows if rows is None else rows,
            seconds=self.limits.sample_seconds if seconds is None else seconds,
            stop=stop,
        )

    def hold_open(self) -> AbstractContextManager[None]:
        """Keeps a file open for reading until the end of the context."""
        return self._source.hold(write=False)

    # -- writing ---------------------------------------------------------------

    def limit(self, target_is_table: bool) -> int | None:
        """Longest comment in characters, or None where no limit is known.

        Where the limit counts bytes, a text of so many characters may not fit.
        """
        dialect = self.dialect
        limit = dialect.table_limit if target_is_table else dialect.column_limit
        if limit is not None and dialect.limit_encoding.startswith("utf-16"):
            return limit // 2
        return limit

    def plan_run(self, work: Work, allowed: Allowed = AS_USUAL) -> Run:
        """All that writing some changes would execute, and what it would refuse.

        Raises:
            ColumnistError: The connection is lost.
        """
        return joined(self.plan_tables(work, allowed))

    def plan_tables(self, work: Work, allowed: Allowed = AS_USUAL) -> Iterator[Run]:
        """The same, a run for each table as it is taken.

        Databases whose statement restates a column's definition are asked for it, so
        this can connect.

        Args:
            work: Tables as last read, each with changes to it and its columns.
            allowed: What the run may do.

        Raises:
            ColumnistError: The connection is lost.
        """
        dialect = self.dialect
        with ExitStack() as stack:
            session: DatabaseSession | None = None
            for table, changes in work:
                try:
                    if dialect.restates and session is None:
                        session = stack.enter_context(self._source.session())
                    run = dialect.plan(session, table, changes, allowed)
                except Fault as fault:
                    if fault.lost or session is None:
                        what = "asked for its definitions"
                        raise self._failed(what, fault) from fault
                    # What is left of the answer must not be taken for the next one.
                    session.discard()
                    session = None
                    reason = f"its definition cannot be read: {dialect.explain(fault)}"
                    run = Run(refused=tuple((change, reason) for change in changes))
                yield run

    def denied(self, tables: Sequence[TableId]) -> Mapping[TableId, str]:
        """Which of these tables may not be commented on now, and why.

        Rights may have been taken away since the catalog was read. It is asked once for
        all of them; where the database does not tell, nothing is denied.
        """
        try:
            return self.dialect.denied(self._source, tables) if tables else {}
        except Fault as fault:
            if fault.lost:
                raise self._failed("asked for rights", fault) from fault
            return {}

    def execute(
        self,
        runs: Iterable[Run],
        ledger: Ledger,
        *,
        stop: Stop = never,
    ) -> Iterator[WriteResult]:
        """Executes just these statements, each only if the database is as it was.

        What makes a comment or a definition that it was planned from another one by now
        is a conflict. Every statement has a committed intent in the ledger before it
        runs. A change that was stopped before it began has no result.

        Args:
            runs: What to execute, taken a little ahead of the results; some tables are
                written at once where the database gains from it.
            ledger: Where intents and ends are recorded.
            stop: Asked between statements; true ends the run.

        Raises:
            ColumnistError: The connection is lost; the message says what is known of
                the changes without a result.
        """
        from connectors.writing.dispatch import write

        if self.read_only:
            raise read_only_refusal(self.identity.label)
        refused: deque[WriteResult] = deque()

        def tables() -> Iterator[tuple[TableId, tuple[Statement, ...]]]:
            for run in runs:
                if stop():
                    return
                for table, own in run.by_table():
                    at = datetime.now(UTC)
                    refused.extend(
                        WriteResult(change, Outcome.REFUSED, "", reason, at=at)
                        for change, reason in own.refused
                    )
                    if own.statements:
                        yield table, own.statements

        try:
            for result in write(self.dialect, self._source, tables(), ledger, stop):
                while refused:
                    yield refused.popleft()
                yield result
        except Fault as fault:
            yield from refused
            raise self._failed("written", fault) from fault
        except ColumnistError:
            yield from refused
            raise
        yield from refused

    def hold(self) -> AbstractContextManager[None]:
        """A file stays open for writing until the end of the context."""
        return self._source.hold()

    def settle(self, intents: Sequence[Intent], ledger: Ledger) -> list[WriteResult]:
        """Finds out what became of intents that a crash left open.

        The text asked for is there: written. The previous one is: it was not. Anything
        else is a conflict.
        """
        tables: dict[TableId, Table | None] = {}
        results: list[WriteResult] = []
        for intent in intents:
            change = intent.change
            reason: str | None
            table_id = table_of(change.target)
            if table_id not in tables:
                tables[table_id] = self.read(table_id)
            table = tables[table_id]
            there = table.comment_of(change.target) if table else None
            outcome = Outcome.CONFLICT
            reason = "the comment was changed meanwhile"
            if table is None:
                reason = "the table is no longer in the database"
            elif there == normal(change.text):
                outcome, reason = Outcome.WRITTEN, None
            elif there == normal(change.previous):
                outcome = Outcome.FAILED
                reason = "interrupted before it was written"
            result = WriteResult(
                change, outcome, intent.statement, reason, there, datetime.now(UTC)
            )
            results.append(result)
        ledger.close(
            [(intent.id, one) for intent, one in zip(intents, results, strict=True)]
        )
        return results

    def _failed(self, what: str, fault: Fault) -> ColumnistError:
        """An error for the steward from a fault."""
        if fault.lost:
            return ColumnistError(
                f"The connection to {self.identity.label} was lost: {fault.message}",
                "Try again when the database is back.",
            )
        return ColumnistError(
            f"{self.identity.label} could not be {what}: {self.dialect.explain(fault)}"
        )
