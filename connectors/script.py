"""A file of statements that sets comments, for running elsewhere or later.

It holds the statements that `write` would execute, but none of its checks: whoever runs
the file overwrites what stands in the database then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.change import CommentChange
from catalog.errors import UsageError
from catalog.objects import Table
from connectors.database import Database
from connectors.dialects.dialect import Dialect, dialect_named
from connectors.statement import Statement


def render_script(
    target: Database | str,
    changes: Iterable[tuple[Table, Sequence[CommentChange]]],
    *,
    allow_rebuild: bool = False,
) -> str:
    """SQL text that makes all changes; what is refused stands in it as a remark.

    Args:
        target: An open database, or a dialect's name where none is at hand. MySQL and
            MariaDB need the database, because their statements restate definitions.
        changes: Tables as last read, each with its changes.
        allow_rebuild: Statements that copy a whole table are allowed.

    Raises:
        UsageError: The dialect is unknown, needs an open database, or has no comments.
    """
    dialect = target.dialect if isinstance(target, Database) else _named(target)
    if dialect.why_no_comments:
        raise UsageError(
            f"There is no SQL for this: {dialect.why_no_comments}.",
            "Export as dbt, csv, json or markdown.",
        )
    lines = _head(dialect)
    for table, wanted in changes:
        lines += _table_lines(target, dialect, table, wanted, allow_rebuild)
    lines += [f"{sql};" for sql in dialect.script_tail]
    return "\n".join(lines) + "\n"


def planned_script(
    dialect: Dialect,
    statements: Sequence[Statement],
    refused: Sequence[tuple[CommentChange, str]],
    remarks: Sequence[str] = (),
) -> str:
    """SQL text of statements that are rendered already, as they would be executed.

    Args:
        dialect: What they are written in.
        statements: In order.
        refused: Changes that have none, each with the reason, as remarks.
        remarks: What stands at the top besides.
    """
    lines = [*map(_remark, remarks), *_head(dialect)]
    lines += [_remark(f"left out: {one.target}: {why}") for one, why in refused]
    for statement in statements:
        lines += _statement_lines(statement)
    lines += [f"{sql};" for sql in dialect.script_tail]
    return "\n".join(lines) + "\n"


def _head(dialect: Dialect) -> list[str]:
    lines = [f"-- Comments for {dialect.label}."]
    if not dialect.proved:
        lines.append("-- These statements were never tried on a live server.")
    if dialect.restates:
        lines.append("-- They restate column definitions: run them before any change.")
    return lines + [f"{sql};" for sql in dialect.script_head]


def _statement_lines(statement: Statement) -> list[str]:
    note = [_remark(statement.note)] if statement.note else []
    return [*note, f"{statement.sql};"]


def _table_lines(
    target: Database | str,
    dialect: Dialect,
    table: Table,
    wanted: Sequence[CommentChange],
    allow_rebuild: bool,
) -> list[str]:
    lines: list[str] = []
    fine: list[CommentChange] = []
    for change in wanted:
        reason = dialect.refusal(table, change) or dialect.text_refusal(change)
        if reason is None:
            fine.append(change)
        else:
            lines.append(_remark(f"left out: {change.target}: {reason}"))
    if isinstance(target, Database):
        statements = target.render(table, fine, allow_rebuild=allow_rebuild)
    else:
        statements = dialect.render(None, table, fine)
    rendered = {change for statement in statements for change in statement.changes}
    for change in fine:
        if change not in rendered:
            lines.append(_remark(f"left out: {change.target}: it copies the table"))
    for statement in statements:
        lines += _statement_lines(statement)
    return lines


def _remark(text: str) -> str:
    """One line of remark, whatever a name in it holds."""
    return "-- " + " ".join(text.split())


def _named(name: str) -> Dialect:
    found = dialect_named(name)
    if found is None:
        raise UsageError(f"{name} is not a dialect with SQL of its own.")
    if found.restates:
        raise UsageError(
            f"{found.label} needs an open database: its statements restate columns.",
            "Give the database's URL.",
        )
    return found
