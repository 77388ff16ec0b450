"""Sessions of PyMySQL without what SQLAlchemy adds to every statement."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any, cast

from connectors.database_session import (
    EngineSession,
    Fault,
    Row,
    server_code,
    server_words,
)


class PyMySQLSession(EngineSession):
    """A session that hands SQL text to PyMySQL's own cursor.

    A table takes five statements to comment, and half of what Python does for a
    statement is SQLAlchemy's.
    """

    def run(self, sql: str) -> None:
        """Execute one statement, passing the text through untouched."""
        with self._cursor() as cursor:
            cursor.execute(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """All rows of a query; parameters are bound by name."""
        if parameters:
            return super().rows(sql, **parameters)
        with self._cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    @contextmanager
    def _cursor(self) -> Generator[Any]:
        import pymysql

        raw = self.driver
        cursor: Any = None
        try:
            with closing(raw.cursor()) as cursor:
                yield cursor
        except pymysql.Error as error:
            dialect = cast("Any", self.connection.dialect)
            lost = dialect.is_disconnect(error, raw, cursor)
            if lost:
                self.discard()
            code = server_code(error)
            raise Fault(server_words(error), code=code, lost=lost) from error
        except (OSError, UnicodeError) as error:
            raise Fault(str(error)) from error
