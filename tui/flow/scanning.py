"""Reading the catalog into the workspace; what was yielded is already saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from catalog.errors import ColumnistError
from catalog.lease import Lease
from catalog.objects import Table, TableKind
from catalog.rescan import Changes, Rescan
from catalog.stopping import Stop, never
from tui.flow import writes
from tui.flow.session import Session

SCAN_BATCH = 1000
"""Most tables stored in one transaction, which costs a flush of the disk."""
SCAN_SECONDS = 0.5
"""Tables are stored at least so often, however slowly they come."""
FRESH_SECONDS = 600.0
"""A snapshot older than this is read again before drafting."""


def scan(
    session: Session,
    *,
    schemas: Sequence[str] = (),
    globs: Sequence[str] = (),
    kinds: Collection[TableKind] = (),
    on_changes: Callable[[Changes], None] = lambda _: None,
    stop: Stop = never,
) -> Iterator[Table]:
    """Read the catalog into the workspace; tables as they are saved.

    A scan that is stopped forgets nothing: tables it did not meet stay, and so does
    what is beyond the session's bounds.

    Args:
        session: the open database.
        schemas: exact names; all within the bounds where empty.
        globs: patterns on `table` or `schema.table`; all where empty.
        kinds: what the tables are; all where empty.
        on_changes: called at the end with what has changed since the last scan.
        stop: ends it between two tables.
    """
    if session.ledger.open_intents():
        # A crash left writes open; or another process is writing now, and its lease
        # keeps us out.
        lease = Lease(session.workspace, session.database_id, "apply")
        with suppress(ColumnistError), lease, session.lock:
            writes.settle(session)
    number = session.snapshot.begin()
    rescan = Rescan(session.workspace, session.database_id)
    batch: list[Table] = []
    saved_at = time.monotonic()

    def save() -> Iterator[Table]:
        nonlocal saved_at
        rescan.save(batch, scan=number)
        yield from (table for table in batch if not table.unread)
        batch.clear()
        saved_at = time.monotonic()

    bounds = session.bounds
    with session.lock:
        for table in session.database.scan(
            schemas=schemas or bounds.schemas,
            tables=globs,
            exclude=bounds.exclude,
            kinds=kinds or bounds.kinds,
            stop=stop,
        ):
            kind = None if table.unread else table.kind
            if not bounds.takes(table.id, kind):
                continue
            batch.append(table)
            late = time.monotonic() - saved_at > SCAN_SECONDS
            if late or len(batch) >= SCAN_BATCH:
                yield from save()
        yield from save()
    if stop():
        return
    with session.workspace.transaction():  # forgotten together with what follows of it
        gone = session.snapshot.finish(
            number, schemas=schemas, globs=globs, kinds=kinds
        )
        changes = rescan.finish(gone)
    on_changes(changes)


def is_stale(session: Session) -> bool:
    """Whether the snapshot is missing or too old to draft from."""
    scanned = session.snapshot.scanned_at()
    if scanned is None:
        return True
    age = datetime.now(UTC) - datetime.fromisoformat(scanned)
    return age.total_seconds() > FRESH_SECONDS
