"""What a write run would do, statement by statement, without doing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.change import CommentChange
from catalog.objects import TableId, table_of
from model.engine import never
from tui.session import Session

if TYPE_CHECKING:
    from connectors.statement import Statement


@dataclass(slots=True)
class Planned:
    """The statements of a run and what it would refuse."""

    statements: list[Statement] = field(default_factory=list["Statement"])
    """In the order in which they would be executed."""
    refused: list[tuple[CommentChange, str]] = field(
        default_factory=list[tuple[CommentChange, str]]
    )
    """Changes that would not be tried, each with the reason."""


def plan_writes(
    session: Session,
    changes: Sequence[CommentChange],
    *,
    allow_rebuild: bool = False,
    unproved: bool = False,
    stop: Callable[[], bool] = never,
) -> Planned:
    """Render changes with the very function that writing uses."""
    planned = Planned()
    by_table: dict[TableId, list[CommentChange]] = {}
    for change in changes:
        by_table.setdefault(table_of(change.target), []).append(change)
    with session.lock:
        denied = session.database.denied(list(by_table))
    for table_id, of_table in by_table.items():
        if stop():
            break
        if table_id in denied:
            planned.refused += [(change, denied[table_id]) for change in of_table]
            continue
        table = session.snapshot.table(table_id)
        if table is None:
            planned.refused += [
                (c, "the table is not in the catalog") for c in of_table
            ]
            continue
        with session.lock:
            statements, refused = session.database.preview(
                table, of_table, allow_rebuild=allow_rebuild, unproved=unproved
            )
        planned.statements += statements
        planned.refused += refused
    return planned
