"""Databases where a comment is part of a column's definition, which is restated."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from catalog.change import CommentChange
from catalog.objects import Table, TableId, Target, column_of
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault
from connectors.definition import DOUBTFUL, REBUILD, Definition, TableDefinition
from connectors.dialects.dialect import Dialect
from connectors.run import Allowed, Part, Refused, Statement

COPYING = ", ALGORITHM=COPY"
"""The tail of a statement that copies the table."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A table as it stands: its comments and its exact definition."""

    id: TableId
    """The table."""
    definition: TableDefinition
    """The text of its definition, with the comments apart."""
    srids: dict[str, int]
    """Reference systems of geometry columns, which that text may leave out."""

    def comment_of(self, target: Target) -> str | None:
        """The comment now on the table or on one of its columns."""
        name = column_of(target)
        if name is None:
            return self.definition.comment
        column = self.definition.columns.get(name)
        return column.comment if column else None

    def holds_doubtful_labels(self, target: Target) -> bool:
        """Whether copying the table could change what the column holds."""
        column = self.definition.columns.get(column_of(target) or "")
        return column is not None and column.doubtful_labels

    def with_comments(self, comments: Mapping[str | None, str | None]) -> str | None:
        """How it would be printed with other comments; None where that is not known.

        Args:
            comments: By column; the table's own under None.
        """
        return None if self.srids else self.definition.with_comments(comments)

    def differences(self, other: Standing) -> list[str]:
        """What another standing has changed besides comments, a sentence each."""
        found = self.definition.differences(other.definition)
        if self.srids != other.srids:
            found.append(f"reference systems: {self.srids} is now {other.srids}")
        return found


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

    @abstractmethod
    def standing(
        self, session: DatabaseSession, table_id: TableId, printed: str
    ) -> Standing:
        """The table as it stands, from that text.

        Raises:
            Fault: The text is not understood.
        """

    def look(self, session: DatabaseSession, table_id: TableId) -> Standing | None:
        """The table as it stands, or None where there is none."""
        printed = self.printed(session, table_id)
        return None if printed is None else self.standing(session, table_id, printed)

    @abstractmethod
    def restated(self, standing: Standing, definition: Definition) -> Definition:
        """The definition with what its printed text leaves out."""

    def basis(self, standing: Standing, target: Target) -> str | None:
        """The definition that a comment's clause restates; None where it has none."""
        definition = standing.definition.columns.get(column_of(target) or "")
        if definition is None:
            return None
        return self.restated(standing, definition).with_comment(None)

    def statements(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        allowed: Allowed,
    ) -> tuple[list[Statement], list[Refused]]:
        """One ALTER for all changes, plus one for each that copies the table."""
        if session is None:
            raise Fault("its statements restate definitions, so it must be connected")
        standing = self.look(session, table.id)
        if standing is None:
            reason = "the table is no longer there; scan again"
            return [], [(change, reason) for change in changes]
        return self.restate(standing, changes, allow_rebuild=allowed.rebuild)

    def restate(
        self,
        standing: Standing,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool,
    ) -> tuple[list[Statement], list[Refused]]:
        """Statements for some changes, and the changes there can be none for.

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
            definition = standing.definition.columns.get(name)
            if definition is None:
                refused.append((change, "the column is no longer there; scan again"))
                continue
            copies = definition.is_stored and allow_rebuild
            if definition.doubtful_default or (copies and definition.doubtful_labels):
                what = "default" if definition.doubtful_default else "type"
                refused.append((change, DOUBTFUL.format(what=what)))
                continue
            restated = self.restated(standing, definition)
            full = restated.with_comment(None if text is None else self.literal(text))
            clause = f"MODIFY COLUMN {self.quote(name)} {full}"
            part = Part(change, clause, restated.with_comment(None))
            if not definition.is_stored:
                instant.setdefault(self.algorithm, []).append(part)
            elif allow_rebuild:
                copied.append(part)
            else:
                refused.append((change, REBUILD.format(why="it is stored generated")))
        head = f"ALTER TABLE {self.table_name(standing.id)} "
        note = "copies the whole table and blocks writing to it meanwhile"
        statements = [
            Statement(
                tuple(parts),
                head,
                f", {algorithm}",
                copying=COPYING if allow_rebuild else "",
            )
            for algorithm, parts in instant.items()
        ]
        statements += [Statement((part,), head, COPYING, note) for part in copied]
        return statements, refused
