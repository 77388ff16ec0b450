"""Databases where each statement commits by itself and nothing locks a table."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from catalog.change import CommentChange
from catalog.objects import Table
from connectors.database_session import DatabaseSession, Fault
from connectors.dialects.dialect import Dialect
from connectors.run import Statement, statement


class SequentialDialect(Dialect):
    """Databases where a comment is neither locked nor rolled back.

    A statement may carry several changes, and is cut in half where the database
    refuses it as a whole.
    """

    window = True
    code_pattern: ClassVar[str] = ""
    """Finds the vendor's code in a message, as its group, where the driver has none."""

    def code(self, fault: Fault) -> str:
        """The code of a fault, from its message where the driver gives none."""
        if fault.code or not self.code_pattern:
            return fault.code
        found = re.search(self.code_pattern, fault.message)
        return found[1] if found else ""

    def explain(self, fault: Fault) -> str:
        """Why the server refused, in the steward's words where they are known."""
        known = self.refusals.get(self.code(fault))
        return f"{known} ({fault.message})" if known else fault.message

    @abstractmethod
    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """The statement of one change, or its clause where others are in it too."""

    def bases(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
    ) -> list[str]:
        """What the statement of each change says of it besides its comment.

        By default what its table is. Asked again before the statement is executed:
        where it is another by then, the change is a conflict.
        """
        return [self.table_keywords.get(table.kind, table.kind.value)] * len(changes)

    def render(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
    ) -> list[Statement]:
        """One statement a change; overridden where one carries several."""
        bases = self.bases(session, table, changes)
        return [
            statement(change, self.sql(table, change, basis), basis)
            for change, basis in zip(changes, bases, strict=True)
        ]
