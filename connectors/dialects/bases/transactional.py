"""Databases where DDL is transactional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from catalog.objects import TableId, TableKind
from connectors.database_session import DatabaseSession
from connectors.dialects.dialect import Dialect


class TransactionalDialect(Dialect):
    """Databases where `COMMENT ON` takes part in a transaction."""

    transactional = True
    exclusive: ClassVar[bool] = False
    """While a session is open for writing nobody else can write."""
    parallel: ClassVar[int] = 1
    """Sessions that write different tables at once."""
    chunk: ClassVar[int] = 500
    """Changes whose intents are committed together, and that are read back together."""

    def kinds(
        self, session: DatabaseSession, tables: Sequence[TableId]
    ) -> Mapping[TableId, TableKind]:
        """What some tables are now, without those that are gone."""
        found = (self.read(session, table, brief=True) for table in tables)
        return {table.id: table.kind for table in found if table is not None}

    def execute(self, session: DatabaseSession, statements: Sequence[str]) -> None:
        """Begin a transaction, pin what rendering relies on, run the statements."""
        session.run("BEGIN")
        self.pin(session)
        for sql in statements:
            session.run(sql)
