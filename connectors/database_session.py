"""Sessions: one dedicated connection each, running SQL text exactly as given.

Drivers differ in how they spell their errors and in what they do to a `%` or a `:name`
inside a statement. Here both are settled once: text without parameters reaches the
server byte for byte, and every driver error becomes a `Fault`.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from catalog.errors import RefusedError
from catalog.stopping import Stop

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

Row = Sequence[Any]
"""One row as the driver returns it."""


class Fault(Exception):
    """What a database or its driver answered instead of a result."""

    def __init__(self, message: str, *, code: str = "", lost: bool = False) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        """The server's words on one line."""
        self.code = code
        """SQLSTATE or vendor number as text; empty where there is none."""
        self.lost = lost
        """True where the connection is gone."""


class DatabaseSession(ABC):
    """One connection in autocommit mode; transactions are begun by hand."""

    @abstractmethod
    def run(self, sql: str) -> None:
        """Execute one statement, passing the text through untouched."""

    @abstractmethod
    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """All rows of a query; parameters are bound by name."""

    @abstractmethod
    def witness(self) -> DatabaseSession:
        """A second session on the same database, which sees committed data only."""

    def limited(self, seconds: float, stop: Stop) -> AbstractContextManager[None]:
        """Ends what runs in it after some seconds or on `stop`.

        Servers are told their time limit in SQL; this is for an embedded engine, and
        for a server that does not keep to it.
        """
        return nullcontext()

    @abstractmethod
    def close(self) -> None:
        """Give the connection back; never raises."""

    def discard(self) -> None:
        """The connection's state is not known: it is not to be used again."""
        return

    def value(self, sql: str, **parameters: object) -> Any:
        """The first column of the first row, or None."""
        rows = self.rows(sql, **parameters)
        return rows[0][0] if rows else None

    def quietly(self, sql: str) -> None:
        """Execute a statement whose failure changes nothing, such as ROLLBACK."""
        try:
            self.run(sql)
        except Fault:
            return


@contextmanager
def watched(seconds: float, stop: Stop, end: Callable[[], object]) -> Generator[None]:
    """Calls `end`, again and again, once it took longer than that or `stop` is true."""
    over = threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + seconds
        while not over.wait(0.05):
            if stop() or time.monotonic() > deadline:
                end()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


class SessionSource(ABC):
    """Where sessions of one database come from."""

    @abstractmethod
    def open(self, *, write: bool) -> DatabaseSession:
        """A session that nobody else uses until it is closed."""

    @abstractmethod
    def close(self) -> None:
        """Close whatever is still open."""

    @contextmanager
    def session(self, *, write: bool = False) -> Generator[DatabaseSession]:
        """A session that is given back at the end."""
        session = self.open(write=write)
        try:
            yield session
        except BaseException:
            session.discard()
            raise
        finally:
            session.close()

    def hold(self, *, write: bool = True) -> AbstractContextManager[None]:
        """Keeps a file open until the end of the context."""
        return nullcontext()


class ReadOnlySource(SessionSource):
    """Another source's sessions, none of which is opened for writing.

    That holds for every database, also where the server has no way to refuse.
    """

    def __init__(self, source: SessionSource, label: str) -> None:
        self._source = source
        self._label = label

    def open(self, *, write: bool) -> DatabaseSession:
        """A session that reads.

        Raises:
            RefusedError: It is wanted for writing.
        """
        self._refuse(write)
        return self._source.open(write=False)

    def hold(self, *, write: bool = True) -> AbstractContextManager[None]:
        """Keeps a file open for reading until the end of the context.

        Raises:
            RefusedError: It is wanted for writing.
        """
        self._refuse(write)
        return self._source.hold(write=False)

    def close(self) -> None:
        """Close whatever is still open."""
        self._source.close()

    def _refuse(self, write: bool) -> None:
        if write:
            raise read_only_refusal(self._label)


def read_only_refusal(label: str) -> RefusedError:
    """What is said where a database was opened read-only and is to be written."""
    return RefusedError(
        f"{label} was opened read-only.",
        "Nothing was written; leave --read-only out.",
    )


class EngineSession(DatabaseSession):
    """A session on a SQLAlchemy connection."""

    def __init__(self, source: EngineSource, connection: Connection) -> None:
        self._source = source
        # Without this psycopg and pymysql read a % in the text as a placeholder.
        self._connection = connection.execution_options(no_parameters=True)

    def run(self, sql: str) -> None:
        """Execute one statement, passing the text through untouched."""
        self.check_alive()
        with self.faults():
            self._connection.exec_driver_sql(sql).close()

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """All rows of a query; parameters are bound by name."""
        from sqlalchemy import text

        self.check_alive()
        with self.faults():
            if parameters:
                return list(self._connection.execute(text(sql), parameters).fetchall())
            return list(self._connection.exec_driver_sql(sql).fetchall())

    @staticmethod
    @contextmanager
    def faults() -> Generator[None]:
        """Turns SQLAlchemy's and the drivers' errors into faults."""
        from sqlalchemy import exc

        try:
            yield
        except exc.DBAPIError as error:
            original = error.orig if error.orig is not None else error
            raise Fault(
                server_words(original),
                code=server_code(original),
                lost=error.connection_invalidated,
            ) from error
        except (exc.SQLAlchemyError, OSError, UnicodeError) as error:
            raise Fault(str(error)) from error

    def witness(self) -> DatabaseSession:
        """A second connection, from the pool."""
        return self._source.open(write=False)

    def discard(self) -> None:
        """The connection's state is not known: it is not to be used again."""
        try:
            with self.faults():
                self._connection.invalidate()
        except Fault:
            return

    def check_alive(self) -> None:
        """SQLAlchemy would connect again, unasked and without our settings.

        Raises:
            Fault: The connection was lost or discarded.
        """
        if self._connection.invalidated:
            raise Fault("the connection is closed", lost=True)

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection, for its inspector.

        Raises:
            Fault: It was lost or discarded.
        """
        self.check_alive()
        return self._connection

    @property
    def driver(self) -> Any:
        """The driver's own connection.

        Raises:
            Fault: It was lost or discarded.
        """
        with self.faults():
            return self.connection.connection.driver_connection

    def close(self) -> None:
        """Roll back what is open and give the connection back."""
        try:
            with self.faults():
                self._connection.close()
        except Fault:
            return


class EngineSource(SessionSource):
    """Sessions of a SQLAlchemy engine."""

    def __init__(
        self,
        url: URL,
        *,
        connect_args: Mapping[str, object],
        settings: Sequence[str] = (),
        isolation: str | None = "AUTOCOMMIT",
        session: type[EngineSession] = EngineSession,
    ) -> None:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import QueuePool

        self._settings = tuple(settings)
        self._session = session
        self.engine: Engine = create_engine(
            url,
            connect_args=dict(connect_args),
            poolclass=QueuePool,  # Teradata's dialect has one without a size
            pool_size=2,  # one that writes and its witness
            max_overflow=8,
            pool_pre_ping=True,
            pool_recycle=300,
            hide_parameters=True,
            **({"isolation_level": isolation} if isolation else {}),
        )

    def on_connect(self, prepare: Callable[[object], None]) -> None:
        """Calls `prepare` with every new connection of the driver."""
        from sqlalchemy import event

        def connected(connection: object, _record: object) -> None:
            prepare(connection)

        event.listen(self.engine, "connect", connected)

    def open(self, *, write: bool) -> DatabaseSession:
        """A connection from the pool, which proves that it is alive."""
        with self._session.faults():
            session = self._session(self, self.engine.connect())
        try:
            for sql in self._settings:
                session.run(sql)
        except Fault:
            session.close()
            raise
        return session

    def close(self) -> None:
        """Close the pool."""
        self.engine.dispose()


def server_code(error: BaseException) -> str:
    """The vendor's number where the driver gives one, else the SQLSTATE."""
    first = error.args[0] if error.args else None
    if isinstance(first, int):
        return str(first)
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else ""


def server_words(error: BaseException) -> str:
    """What the server said, without the driver's tuple around it."""
    diagnostics = getattr(error, "diag", None)
    primary = getattr(diagnostics, "message_primary", None)
    if isinstance(primary, str) and primary:
        return primary
    if len(error.args) > 1 and isinstance(error.args[1], str):
        return error.args[1]
    return str(error)
