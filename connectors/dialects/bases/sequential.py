"""Databases where each statement commits by itself and nothing locks a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from catalog.errors import ColumnistError
from connectors.database_session import DatabaseSession, Fault
from connectors.dialects.dialect import Dialect

PROBE = "it's \"100%\" %% %s :a ?1 \\ \\' \\n ${x} $$ -- /* */ # ;\nend"
"""Text with everything that a server or its driver may take for something else."""


class SequentialDialect(Dialect):
    """Databases where a comment is neither locked nor rolled back.

    A statement may carry several changes, and is cut in half where the database
    refuses it as a whole.
    """

    window = True
    settings: ClassVar[tuple[str, ...]] = ()
    """Statements before anything is written."""
    pinned: ClassVar[Mapping[str, str]] = {}
    """Settings without which nothing is written, with their values in small letters."""
    pinning_sql: ClassVar[str] = "SET {name} = {value}"
    """Pins one of them; what comes of it is read back."""
    pinned_sql: ClassVar[str] = ""
    """Asks for the setting `{name}`, which is in the first column or the second."""
    probe_sql: ClassVar[str] = "SELECT {literal}"
    """Asks the server to say a text back before anything is written; not if empty."""

    def pin(self, session: DatabaseSession) -> None:
        """Pins what rendering relies on, reads it back, raises where it is not so."""
        for sql in self.settings:
            session.run(sql)
        found: list[str] = []
        for name, value in self.pinned.items():
            session.quietly(self.pinning_sql.format(name=name, value=value))
            rows = session.rows(self.pinned_sql.format(name=name))
            said = str(rows[0][:2][-1]).lower() if rows else "nothing"
            found.append(said.removeprefix(f"{name}="))
        self.check_pins(self.pinned, found)
        if self.probe_sql:
            self._check_literals(session)

    def _check_literals(self, session: DatabaseSession) -> None:
        """Asks the server to say a difficult text back.

        A setting, a proxy or a driver that reads literals differently would store
        another text, or let a text end its literal early.

        Raises:
            ColumnistError: It says something else, or does not understand the question.
            Fault: The connection is lost.
        """
        try:
            said = session.value(self.probe_sql.format(literal=self.literal(PROBE)))
        except Fault as fault:
            if fault.lost:
                raise
            said = fault.message
        if said != PROBE:
            raise ColumnistError(
                f"{self.label} does not read a difficult text as it was written: it "
                f"answered {said!r}.",
                "Nothing was written; use another driver, or ask the administrator "
                "which proxy or setting does that.",
            )
