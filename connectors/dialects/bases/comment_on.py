"""`COMMENT ON`, where each statement commits by itself."""

from __future__ import annotations

from catalog.change import CommentChange
from catalog.errors import ColumnistError
from catalog.objects import Table
from connectors.database_session import DatabaseSession, Fault
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import Dialect

PROBE = "it's \"100%\" %% %s :a ?1 \\ \\' \\n ${x} $$ -- /* */ # ;\nend"
"""Text with everything that a server or its driver may take for something else."""


class CommentOnDialect(SequentialDialect):
    """Databases with `COMMENT ON`, where nothing is locked and nothing rolled back."""

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """One `COMMENT ON`."""
        return self.comment_on(table, change)


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
