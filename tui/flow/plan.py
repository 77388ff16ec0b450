"""What a write run would do, statement by statement, without doing it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.objects import TableId, table_of
from catalog.stopping import never
from tui.flow.session import Session
from tui.flow.text import count, plain

if TYPE_CHECKING:
    from connectors.dialects.dialect import Dialect
    from connectors.statement import Shown, Statement


ABSENT = "the table is no longer in the database"
"""Why a comment is refused whose table was dropped."""


@dataclass(slots=True)
class Planned:
    """The statements of a run and what it would refuse."""

    statements: list[Statement] = field(default_factory=list["Statement"])
    """In the order in which they would be executed."""
    refused: list[tuple[CommentChange, str]] = field(
        default_factory=list[tuple[CommentChange, str]]
    )
    """Changes that would not be tried, each with the reason."""

    @property
    def shown(self) -> Shown:
        """What there is to see of each change, for writing just that."""
        from connectors.statement import shown_by

        return shown_by(self.statements)


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
        table = session.table_for(of_table)
        if table is None:
            planned.refused += [(change, ABSENT) for change in of_table]
            continue
        with session.lock:
            statements, refused = session.database.preview(
                table, of_table, allow_rebuild=allow_rebuild, unproved=unproved
            )
        planned.statements += statements
        planned.refused += refused
    return planned


def costs(dialect: Dialect) -> list[str]:
    """What writing holds up, and what it cannot promise."""
    lines = [f"Each statement locks {dialect.lock}."]
    if dialect.window:
        lines.append(
            f"{dialect.label} cannot compare and write in one step: what somebody else"
            " writes in the instant between is overwritten."
        )
    return lines


def reasons(planned: Planned) -> list[tuple[str, int]]:
    """Why changes are refused, and how many for each reason, most first."""
    return Counter(reason for _, reason in planned.refused).most_common()


def save_script(session: Session, planned: Planned, folder: Path) -> Path:
    """Save the statements as a file that a client can run; the file.

    It is named after the day, and numbered where there is one of that name.

    Raises:
        ColumnistError: it cannot be written.
    """
    from connectors.script import planned_script

    moment = datetime.now().astimezone()
    changes = sum(len(statement.changes) for statement in planned.statements)
    remarks = [
        f"{count(changes, 'comment')} in {count(len(planned.statements), 'statement')}"
        f" for {plain(session.database.identity.label)},"
        f" {moment:%Y-%m-%d %H:%M %z}, by Columnist.",
        "Nothing here is compared: what stands in the database by then is replaced.",
        *costs(session.database.dialect),
    ]
    text = planned_script(
        session.database.dialect, planned.statements, planned.refused, remarks
    )
    for number in itertools.count(1):
        more = f"-{number}" if number > 1 else ""
        path = folder / f"columnist-{moment:%Y-%m-%d}{more}.sql"
        try:
            file = path.open("x", encoding="utf-8", newline="")
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            with file:
                file.write(text)
        except OSError as error:
            path.unlink(missing_ok=True)  # half a script is worse than none
            raise _unwritable(path, error) from error
        return path
    raise AssertionError("numbers do not end")


def _unwritable(path: Path, error: OSError) -> ColumnistError:
    return ColumnistError(
        f"Cannot write {path}: {error.strerror}.",
        "Free some space, or start Columnist in a folder that you may write in.",
    )
