"""Sessions on HiveServer2's protocol, which Hive and Spark's Thrift server speak.

The driver is PyHive. It wraps errors in the protocol's own structures, lets those of
the transport through as they are, and waits without end for a server that does not
answer; all three end here.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from connectors.database_session import (
    DatabaseSession,
    EngineSession,
    EngineSource,
    Fault,
)

if TYPE_CHECKING:
    from sqlalchemy import URL

DEFAULT_PORT = 10000
"""Where both listen unless told otherwise."""

_ERROR_CLASS = re.compile(r"\[(_?[A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]")
_JAVA_CLASS = re.compile(
    r"^(?:Error running query: )?(?:[\w.$]+(?:Exception|Error): )*"
)
_WHERE = re.compile(r";? line \d+ pos \d+(?::\d+:\d+)?$|:\d+:\d+$")


def error_class(words: str) -> str:
    """Spark's name for an error, such as `TABLE_OR_VIEW_NOT_FOUND`; else empty."""
    found = _ERROR_CLASS.search(words)
    return found[1] if found else ""


def plain_words(words: str) -> str:
    """What the server said, without Java's classes, Spark's name and the position."""
    name = error_class(words)
    if name:
        words = words[words.rindex(f"[{name}]") + len(name) + 2 :].strip()
    return _WHERE.sub("", _JAVA_CLASS.sub("", words).strip()).strip()


class HiveSession(EngineSession):
    """A session whose errors are told apart, and which can ask the metastore."""

    @staticmethod
    @contextmanager
    def faults() -> Generator[None]:
        """Tells the server's refusals from a connection that is gone."""
        try:
            with EngineSession.faults():
                yield
        except Fault as fault:
            original = getattr(fault.__cause__, "orig", None)
            status = getattr(original.args[0], "status", None) if original else None
            if status is None:
                raise
            raise _fault_of(status) from fault
        except _broken() as error:
            raise Fault(str(error), lost=True) from error

    def metadata(self, what: str, **names: str) -> list[dict[str, Any]]:
        """The answer to one of the protocol's own questions, which need no SQL.

        Args:
            what: `Tables` or `Columns`, which come with their comments, in one call.
            names: `schemaName` is one database; `tableName` and `columnName` are
                patterns with `%` and `_`, which also match themselves.
        """
        driver = self.driver
        # The protocol's structures; PyHive comes with them, and without type stubs.
        types = import_module("TCLIService.ttypes")
        request = getattr(types, f"TGet{what}Req")
        with self.faults():
            ask = getattr(driver.client, f"Get{what}")
            response = ask(request(sessionHandle=driver.sessionHandle, **names))
            if response.status.statusCode not in (0, 1):  # success, with or without
                raise _fault_of(response.status)
            # PyHive has no method for these, but reads any operation's rows.
            cursor = driver.cursor()
            cursor._operationHandle = response.operationHandle
            cursor._state = cursor._STATE_RUNNING
            columns = [str(column[0]) for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            cursor.close()
            return rows


class HiveServer(EngineSource):
    """Sessions of one HiveServer2."""

    def __init__(
        self, url: URL, *, timeout: float, settings: Mapping[str, str]
    ) -> None:
        self._address = (url.host or "localhost", url.port or DEFAULT_PORT)
        self._timeout = timeout
        super().__init__(url, connect_args={}, isolation=None, session=HiveSession)

        def prepare(connection: Any) -> None:
            """Sets once a connection what would else be set for every table."""
            for name, value in settings.items():
                # A server may forbid it; whoever writes reads it back.
                with suppress(import_module("pyhive.exc").Error):
                    connection.cursor().execute(f"SET {name}={value}")

        self.on_connect(prepare)

    def open(self, *, write: bool) -> DatabaseSession:
        """A connection from the pool, which proves that it is alive."""
        with HiveSession.faults():
            # The driver itself has no time limit.
            socket.create_connection(self._address, self._timeout).close()
        try:
            return super().open(write=write)
        except Fault as fault:
            if not fault.lost:
                raise
            self.engine.dispose()  # the server has closed what was pooled
            return super().open(write=write)


def _broken() -> type[Exception]:
    """What a broken connection raises."""
    error: type[Exception] = import_module("thrift.Thrift").TException
    return error


def _fault_of(status: Any) -> Fault:
    """The fault that a status of the protocol tells of."""
    words = str(status.errorMessage or status.infoMessages or "")
    code = error_class(words) or str(status.errorCode or status.sqlState or "")
    return Fault(plain_words(words), code=code)
