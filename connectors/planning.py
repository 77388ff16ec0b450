"""Planning: what a change is refused for, and the statements of the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from catalog.change import CommentChange
from catalog.objects import Table, table_of
from connectors.database_session import DatabaseSession
from connectors.run import Run

if TYPE_CHECKING:
    from connectors.dialects.dialect import Dialect

Work = Iterable[tuple[Table, Sequence[CommentChange]]]
"""Tables as last read, each with the changes to it and its columns."""


def planned(
    dialect: Dialect,
    session: DatabaseSession | None,
    table: Table,
    changes: Sequence[CommentChange],
    *,
    allow_rebuild: bool = False,
    unproved: bool = False,
    restoring: bool = False,
) -> Run:
    """The run that makes some changes to one table.

    Args:
        dialect: What its database speaks.
        session: Where definitions are asked for; needed where they are restated.
        table: The table as last read.
        changes: Changes to it and its columns.
        allow_rebuild: Statements that copy the whole table are allowed.
        unproved: Writing to a database that was never tried is allowed.
        restoring: The texts were in this database before, as odd as they may be.
    """
    fine: list[CommentChange] = []
    refused: list[tuple[CommentChange, str]] = []
    for change in changes:
        reason = _refusal(dialect, table, change, unproved, restoring)
        if reason is None:
            fine.append(change)
        else:
            refused.append((change, reason))
    if not fine:
        return Run(refused=tuple(refused))
    statements, more = dialect.plan(session, table, fine, allow_rebuild=allow_rebuild)
    costs = dialect.costs if statements else ()
    return Run(tuple(statements), (*refused, *more), costs)


def _refusal(
    dialect: Dialect,
    table: Table,
    change: CommentChange,
    unproved: bool,
    restoring: bool,
) -> str | None:
    """Why a change is refused before any SQL runs, or None where it is fine."""
    if table_of(change.target) != table.id:
        return f"{change.target} does not belong to {table.id}"
    refusal = dialect.refusal(table, change)
    if refusal is not None:
        return refusal
    if not (dialect.proved or unproved):
        return (
            f"writing comments to {dialect.label} was never tried on a live server; "
            "--unproved allows it"
        )
    if restoring and "\0" not in (change.text or ""):
        return None
    return dialect.text_refusal(change)
