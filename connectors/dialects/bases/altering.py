"""Databases where a comment is part of a column's definition, which is restated."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from catalog.change import CommentChange
from catalog.objects import Table, TableId, column_of, table_of
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault
from connectors.definition import DOUBTFUL, REBUILD, TableDefinition, slice_table
from connectors.dialects.dialect import Dialect
from connectors.run import Part, Refused, Run, Statement

COPYING = ", ALGORITHM=COPY"
"""The tail of a statement that copies the table."""


class AlteringDialect(Dialect):
    """Databases where a comment is set by `ALTER TABLE`, with all of its column."""

    restates = True
    algorithm: ClassVar[str]
    """Clause that refuses a column change which would not be instant."""
    table_algorithm: ClassVar[str]
    """The same for the table's own comment."""
    rebuild_codes: ClassVar[frozenset[str]]
    """Error codes that mean: only by copying the table."""
    parallel: ClassVar[int] = 1
    """Sessions that write different tables at once."""
    chunk: ClassVar[int] = 500
    """Changes whose intents are committed together."""
    unlockable_codes: ClassVar[frozenset[str]]
    """Error codes that mean: not under this table lock, or no right to take it."""

    @abstractmethod
    def printed(self, session: DatabaseSession, table_id: TableId) -> str | None:
        """The text of the table's definition, or None where there is no such table."""

    def standing(
        self, session: DatabaseSession, table_id: TableId, printed: str
    ) -> TableDefinition:
        """The table as it stands: that text, with what it leaves out.

        Raises:
            Fault: The text is not understood.
        """
        try:
            return slice_table(printed)
        except ValueError as error:
            message = f"the definition of {table_id} is not understood: {error}"
            raise Fault(message) from error

    def look(
        self, session: DatabaseSession, table_id: TableId
    ) -> TableDefinition | None:
        """The table as it stands, or None where there is none."""
        printed = self.printed(session, table_id)
        return None if printed is None else self.standing(session, table_id, printed)

    def render(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> Run:
        """One ALTER for all changes, plus one for each that copies the table."""
        if session is None:
            raise Fault("its statements restate definitions, so it must be connected")
        standing = self.look(session, table.id)
        if standing is None:
            reason = "the table is no longer there; scan again"
            return Run(refused=tuple((change, reason) for change in changes))
        return self.restate(standing, changes, allow_rebuild=allow_rebuild)

    def restate(
        self,
        standing: TableDefinition,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool,
    ) -> Run:
        """What makes some changes to one table, and the changes that have no statement.

        Args:
            standing: The table as it stands.
            changes: What to change.
            allow_rebuild: Copying the table is allowed.
        """
        refused: list[Refused] = []
        instant: dict[str, list[Part]] = {}
        copied: list[Part] = []
        for change in changes:
            name = column_of(change.target)
            text = normal(change.text)
            if name is None:
                part = Part(change, f"COMMENT={self.literal(text or '')}")
                instant.setdefault(self.table_algorithm, []).append(part)
                continue
            definition = standing.columns.get(name)
            if definition is None:
                refused.append((change, "the column is no longer there; scan again"))
                continue
            copies = definition.is_stored and allow_rebuild
            if definition.doubtful_default or (copies and definition.doubtful_labels):
                what = "default" if definition.doubtful_default else "type"
                refused.append((change, DOUBTFUL.format(what=what)))
                continue
            full = definition.with_comment(text and self.literal(text))
            clause = f"MODIFY COLUMN {self.quote(name)} {full}"
            part = Part(change, clause, definition.with_comment(None))
            if not definition.is_stored:
                instant.setdefault(self.algorithm, []).append(part)
            elif allow_rebuild:
                copied.append(part)
            else:
                refused.append((change, REBUILD.format(why="it is stored generated")))
        head = f"ALTER TABLE {self.table_name(table_of(changes[0].target))} "
        note = "copies the whole table and blocks writing to it meanwhile"
        statements = [
            Statement(
                tuple(parts),
                head,
                f", {algorithm}",
                copying=COPYING * (allow_rebuild and algorithm == self.algorithm),
            )
            for algorithm, parts in instant.items()
        ]
        statements += [Statement((part,), head, COPYING, note) for part in copied]
        return Run(tuple(statements), tuple(refused))
