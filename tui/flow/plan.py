"""What a write run would do, statement by statement, without doing it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from catalog.change import CommentChange
from catalog.files import write_new
from catalog.objects import Table, TableId, table_of
from catalog.stopping import Stop, never
from connectors.run import AS_USUAL, Allowed, Run, joined
from tui.flow.session import Session
from tui.flow.text import count, plain

ABSENT = "the table is no longer in the database"
"""Why a comment is refused whose table was dropped."""


def plan_writes(
    session: Session,
    changes: Sequence[CommentChange],
    allowed: Allowed = AS_USUAL,
    *,
    stop: Stop = never,
) -> Run:
    """All that writing some changes would do, to be shown before it is done."""
    tables = {table_of(change.target): None for change in changes}
    with session.lock:
        denied = session.database.denied(list(tables))
    refused = [
        (change, reason)
        for change in changes
        if (reason := denied.get(table_of(change.target)))
    ]
    left = [change for change in changes if table_of(change.target) not in denied]
    runs = plan_tables(session, left, allowed)
    planned = joined(itertools.takewhile(lambda _: not stop(), runs))
    return joined([Run(refused=tuple(refused)), planned])


def plan_tables(
    session: Session,
    changes: Sequence[CommentChange],
    allowed: Allowed = AS_USUAL,
) -> Iterator[Run]:
    """A run for each table of some changes, planned as it is taken.

    They come by schema and table; of each, itself before its columns in their order,
    whatever the order in which they were decided.
    """
    by_table: dict[TableId, list[CommentChange]] = {}
    for change in changes:
        by_table.setdefault(table_of(change.target), []).append(change)
    absent: list[CommentChange] = []

    def work() -> Iterator[tuple[Table, list[CommentChange]]]:
        for _, of_table in sorted(by_table.items()):
            table = session.table_for(of_table)
            if table is None:
                absent.extend(of_table)
            else:
                yield table, _in_order(table, of_table)

    runs = session.database.plan_tables(work(), allowed)
    while True:
        with session.lock:
            run = next(runs, None)
        if absent:
            yield Run(refused=tuple((change, ABSENT) for change in absent))
            absent.clear()
        if run is None:
            return
        yield run


def _in_order(table: Table, changes: list[CommentChange]) -> list[CommentChange]:
    """Changes as the table has what they are about."""
    places = {target: place for place, target in enumerate(table.targets())}
    return sorted(changes, key=lambda each: places.get(each.target, len(places)))


def save_script(session: Session, run: Run, folder: Path) -> Path:
    """Save the statements as a file that a client can run; the file.

    It is named after the day, and numbered where there is one of that name.

    Raises:
        ColumnistError: it cannot be written.
    """
    from connectors.script import render_script

    moment = datetime.now().astimezone()
    remarks = [
        f"{count(len(run.changes), 'comment')} in"
        f" {count(len(run.statements), 'statement')}"
        f" for {plain(session.database.identity.label)},"
        f" {moment:%Y-%m-%d %H:%M %z}, by Columnist.",
        "Nothing here is compared: what stands in the database by then is replaced.",
        *run.costs,
    ]
    text = render_script(session.database.dialect, run, remarks)
    hint = "Free some space, or start Columnist in a folder that you may write in."
    for number in itertools.count(1):
        more = f"-{number}" if number > 1 else ""
        path = folder / f"columnist-{moment:%Y-%m-%d}{more}.sql"
        if write_new(path, text, hint=hint):
            return path
    raise AssertionError("numbers do not end")
