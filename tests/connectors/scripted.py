"""A session that answers catalog queries with rows written down beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.database_session import DatabaseSession, Row, SessionSource

Answers = dict[str, Sequence[Row]]
"""Rows by a piece of the query that they answer; the first piece that is in it."""


@dataclass
class ScriptedSession(DatabaseSession):
    """Answers by `answers`; a query that none of them fits is an error."""

    answers: Answers
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    """Queries with their parameters, in order."""

    def run(self, sql: str) -> None:
        self.asked.append((sql, {}))

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        self.asked.append((sql, parameters))
        for piece, rows in self.answers.items():
            if piece in sql:
                # As the query would: one table where it names one.
                name = parameters.get("name")
                return [row for row in rows if name is None or row[0] == name]
        raise AssertionError(f"nobody answers {sql}")

    def witness(self) -> DatabaseSession:
        return self

    def close(self) -> None:
        return


@dataclass
class ScriptedSource(SessionSource):
    """Gives the one session."""

    session_: DatabaseSession

    def open(self, *, write: bool) -> DatabaseSession:
        return self.session_

    def close(self) -> None:
        return
