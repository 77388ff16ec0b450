"""A file of statements that sets comments, for running elsewhere or later.

It holds the statements of a run, but none of the comparisons that executing it makes:
whoever runs the file overwrites what stands in the database then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from catalog.errors import UsageError
from connectors.run import Run

if TYPE_CHECKING:
    from connectors.dialects.dialect import Dialect


def render_script(dialect: Dialect, run: Run, remarks: Sequence[str] = ()) -> str:
    """SQL text of a run; what is refused stands in it as a remark.

    Args:
        dialect: What it is written in.
        run: The statements, and what has none.
        remarks: What stands at the top besides.

    Raises:
        UsageError: The database has no comments.
    """
    if dialect.why_no_comments:
        raise UsageError(
            f"There is no SQL for this: {dialect.why_no_comments}.",
            "Export as dbt, csv, json or markdown.",
        )
    lines = [*map(_remark, remarks), f"-- Comments for {dialect.label}."]
    if not dialect.proved:
        lines.append("-- These statements were never tried on a live server.")
    if dialect.restates:
        lines.append("-- They restate column definitions: run them before any change.")
    lines += [f"{sql};" for sql in dialect.script_head]
    lines += [_remark(f"left out: {one.target}: {why}") for one, why in run.refused]
    for statement in run.statements:
        if statement.note:
            lines.append(_remark(statement.note))
        lines.append(f"{statement.sql};")
    lines += [f"{sql};" for sql in dialect.script_tail]
    return "\n".join(lines) + "\n"


def _remark(text: str) -> str:
    """One line of remark, whatever a name in it holds."""
    return "-- " + " ".join(text.split())
