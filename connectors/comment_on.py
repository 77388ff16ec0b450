"""`COMMENT ON`, where each statement commits by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.objects import Table
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault
from connectors.dialects.dialect import Dialect
from connectors.sequential import SequentialDialect
from connectors.statement import Statement
from connectors.transaction import render_comment_on

PROBE = "it's \"100%\" %% %s :a ?1 \\ \\' \\n ${x} $$ -- /* */ # ;\nend"
"""Text with everything that a server or its driver may take for something else."""


class CommentOnDialect(SequentialDialect):
    """Databases with `COMMENT ON`, where nothing is locked and nothing rolled back."""

    no_comment: ClassVar[str] = "NULL"
    """What stands after IS where a comment is cleared."""

    def render(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> list[Statement]:
        """One `COMMENT ON` a change."""
        return [self._comment_on(table, change) for change in changes]

    def _comment_on(self, table: Table, change: CommentChange) -> Statement:
        statement = render_comment_on(self, table, change)
        if normal(change.text) is None:
            sql = statement.sql.removesuffix("NULL") + self.no_comment
            return Statement(sql, statement.changes)
        return statement


def check_literals(
    dialect: Dialect, session: DatabaseSession, query: str = "SELECT {literal}"
) -> None:
    """Asks the server to say a difficult text back.

    A setting, a proxy or a driver that reads literals differently would store another
    text, or let a text end its literal early.

    Raises:
        ColumnistError: It says something else, or does not understand the question.
        Fault: The connection is lost.
    """
    try:
        said = session.value(query.format(literal=dialect.literal(PROBE)))
    except Fault as fault:
        if fault.lost:
            raise
        said = fault.message
    if said != PROBE:
        raise ColumnistError(
            f"{dialect.label} does not read a difficult text as it was written: it "
            f"answered {said!r}.",
            "Nothing was written; use another driver, or ask the administrator which "
            "proxy or setting does that.",
        )
