"""Sessions of psycopg without what SQLAlchemy and the driver add to every statement."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from catalog.stopping import Stop
from connectors.database_session import (
    DatabaseSession,
    EngineSession,
    Fault,
    Row,
    watched,
)

GRACE_SECONDS = 1.0
"""So long a server may take to end a statement by itself."""

_ENCODINGS = (b"UTF8", b"SQL_ASCII")
"""Both take our UTF-8 as it is; the second, only read in, gives back any bytes."""

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult


class Garbled(str):
    """Text that is not UTF-8, with its odd bytes written out in hexadecimal."""

    __slots__ = ()


def _decoded(value: bytes | list[Any] | None) -> Any:
    """A value of a database that took whatever bytes it was given for text."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return Garbled(value.decode(errors="backslashreplace"))
    return [_decoded(one) for one in value] if isinstance(value, list) else value


class PsycopgSession(EngineSession):
    """A session that hands SQL text to libpq as it is.

    That costs a tenth of the driver's and SQLAlchemy's way, which counts where a
    steward writes a hundred thousand comments.
    """

    def run(self, sql: str) -> None:
        """Execute one statement or several, passing the text through untouched."""
        self._execute(sql)

    def tuples(self, sql: str) -> list[Row]:
        """All rows of the last of some statements, every value of its own type.

        Other threads run all the while that the server works: the driver's own way
        wakes up for every piece of the answer, and waits for them each time.
        """
        from psycopg.adapt import Transformer

        result = self._execute(sql)
        transformer = Transformer(self.driver)
        transformer.set_pgresult(result)
        rows: list[Row] = list(transformer.load_rows(0, result.ntuples, tuple))
        if self._status(b"client_encoding") == b"SQL_ASCII":  # the driver leaves bytes
            return [[_decoded(value) for value in row] for row in rows]
        return rows

    @contextmanager
    def limited(self, seconds: float, stop: Stop) -> Generator[None]:
        """Ends the connection on `stop`, or where the server does not keep its limit.

        A function may catch the cancelling that its time limit is, and go on. A server
        that looks after its clients then ends by itself.
        """
        from psycopg import OperationalError

        self.check_alive()
        try:
            there = os.dup(self._raw.socket)
        except (OperationalError, AttributeError, OSError) as error:
            raise Fault(str(error) or "the connection is closed", lost=True) from error

        def shut() -> None:
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)

        with (
            socket.socket(fileno=there) as connection,
            watched(seconds + GRACE_SECONDS, stop, shut),
        ):
            yield

    @property
    def takes_any_bytes(self) -> bool:
        """Whether the database never looked at what its texts are encoded in."""
        return self._status(b"server_encoding") == b"SQL_ASCII"

    @property
    def _raw(self) -> PGconn:
        raw: PGconn = self.driver.pgconn
        return raw

    def _status(self, name: bytes) -> bytes | None:
        return self._raw.parameter_status(name)

    def _execute(self, sql: str) -> PGresult:
        from psycopg import OperationalError
        from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus

        try:
            raw = self._raw
            if raw.parameter_status(b"client_encoding") not in _ENCODINGS:
                raise Fault("the connection's encoding is not UTF-8")
            result = raw.exec_(sql.encode())
        except (OperationalError, AttributeError) as error:
            raise Fault(str(error) or "the connection is closed", lost=True) from error
        except UnicodeError as error:
            raise Fault(str(error)) from error
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            primary = result.error_field(DiagnosticField.MESSAGE_PRIMARY)
            code = result.error_field(DiagnosticField.SQLSTATE)
            lost = raw.status != ConnStatus.OK
            if lost:
                self.discard()
            raise Fault(
                (primary or result.error_message).decode(errors="replace"),
                code=(code or b"").decode(),
                lost=lost,
            )
        return result


def tuples(session: DatabaseSession, sql: str) -> list[Row]:
    """Rows of typed values, from whatever driver there is."""
    if isinstance(session, PsycopgSession):
        return session.tuples(sql)
    return session.rows(sql)
