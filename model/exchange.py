"""Many requests at once to one endpoint: kept connections, patience, a certain end.

Each thread has a connection of its own that it keeps. What may pass (a full queue, a
server that starts again, a dropped connection) is tried again after a while; the rest
is for the caller to judge. `end` closes the sockets, so nobody waits for a server that
hangs; a thread in a look-up or handshake is left behind and ends by its own timeout.
"""

from __future__ import annotations

import email.utils
import http.client
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue

from catalog.errors import ColumnistError
from model.endpoint import GOES_ON, LONGEST_ANSWER, Endpoint, read

PASSING = frozenset({408, 425, 429})
"""Besides 5xx, answers after which the same request may do."""
NEVER_THERE = frozenset({501, 505})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for."""

    tries: int = 6
    """How often a request is sent at most."""
    first_wait: float = 0.5
    """Seconds before the second time; doubled each time, and up to half of it off."""
    longest_wait: float = 20.0
    """The longest such wait."""
    longest_asked: float = 60.0
    """The longest wait that a server can ask for with Retry-After."""
    connect_seconds: float = 10.0
    """To connect."""
    answer_seconds: float = 120.0
    """To answer."""

    def wait(self, attempt: int, asked: float) -> float:
        """Seconds to wait after a failed attempt, counted from 1."""
        own = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        own *= random.uniform(0.5, 1.0)
        return max(own, min(asked, self.longest_asked))


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Call:
    """A request."""

    key: int
    """The caller's number for it."""
    method: str
    """GET or POST."""
    path: str
    """Below the endpoint's own."""
    body: bytes | None = None
    """JSON, where it is a POST."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    key: int
    """The call's."""
    status: int
    """200, or an error that trying again would not mend."""
    data: bytes
    """The body; more than `LONGEST_ANSWER` bytes where it was longer than allowed."""


class Exchange:
    """Calls in work; used by one thread, which must `end` it.

    Attributes:
        again: how often a call was sent again.
        why: why the last of them was, as in "answered 503"; or empty.
    """

    def __init__(self, endpoint: Endpoint, *, threads: int, patience: Patience) -> None:
        self.again = 0
        self.why = ""
        self._endpoint = endpoint
        self._most = threads
        self._patience = patience
        self._threads: list[threading.Thread] = []
        # Not SimpleQueue: a signal as its wait ends makes that endless (Python 3.11).
        self._inbox: Queue[Reply | Exception] = Queue()
        self._ended = threading.Event()
        self._changed = threading.Condition()
        """Guards what follows."""
        self._calls: deque[Call] = deque()
        self._sockets: set[socket.socket] = set()

    @property
    def waiting(self) -> int:
        """Calls that no thread has begun."""
        return len(self._calls)

    def send(self, call: Call) -> None:
        """Take a call in."""
        with self._changed:
            self._calls.append(call)
            self._changed.notify()
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, daemon=True, name="exchange")
            self._threads.append(thread)
            thread.start()

    def hurry(self, keys: Collection[int]) -> None:
        """Let these calls go before the others that wait."""
        with self._changed:
            calls = sorted(self._calls, key=lambda call: call.key not in keys)
            self._calls = deque(calls)

    def receive(self, *, seconds: float) -> Reply | None:
        """The next reply, or None where none came in that time.

        Raises:
            ColumnistError: a call failed for good.
        """
        try:
            found = self._inbox.get(timeout=seconds)
        except Empty:
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def end(self) -> None:
        """Drop all calls; returns at once."""
        with self._changed:
            self._ended.set()
            self._calls.clear()
            self._changed.notify_all()
            for each in self._sockets:
                with suppress(OSError):
                    # Not SSLSocket's own, which takes its state away from the thread
                    # that reads.
                    socket.socket.shutdown(each, socket.SHUT_RDWR)

    # In the threads

    def _work(self) -> None:
        line = _Line(self, self._endpoint, self._patience)
        try:
            while (call := self._next()) is not None:
                try:
                    self._inbox.put(self._patiently(call, line))
                except Exception as error:  # raised by `receive`, where it is seen
                    self._inbox.put(error)
        finally:
            line.close()

    def _next(self) -> Call | None:
        with self._changed:
            self._changed.wait_for(lambda: self._calls or self._ended.is_set())
            return None if self._ended.is_set() else self._calls.popleft()

    def _patiently(self, call: Call, line: _Line) -> Reply:
        place = self._endpoint.place
        for attempt in range(1, self._patience.tries + 1):
            asked = 0.0
            try:
                status, retry_after, data = line.ask(call)
            except (OSError, http.client.HTTPException) as error:
                if (hopeless := _hopeless(place, error)) is not None:
                    raise hopeless from error
                why = f"gave no answer: {_words(error)}"
            else:
                lasting = status < 500 or status in NEVER_THERE
                if lasting and status not in PASSING:
                    return Reply(call.key, status, data)
                asked = _seconds(retry_after)
                why = f"answered {status}: {self._endpoint.said(data)}".rstrip(": ")
            if attempt < self._patience.tries:
                with self._changed:
                    self.again += 1
                    self.why = why
                if self._ended.wait(self._patience.wait(attempt, asked)):
                    break
        raise ColumnistError(
            f"{place} {why}; it was asked {self._patience.tries} times.",
            f"Is it running? {GOES_ON}",
        )

    def opened(self, each: socket.socket) -> None:
        """Remember a socket, to be shut at the end.

        Raises:
            ConnectionAbortedError: the end has come.
        """
        with self._changed:
            if self._ended.is_set():
                raise ConnectionAbortedError
            self._sockets.add(each)

    def closed(self, each: socket.socket) -> None:
        """Forget a socket, before its number can become another's."""
        with self._changed:
            self._sockets.discard(each)

    @property
    def ended(self) -> bool:
        """Whether nobody waits any more."""
        return self._ended.is_set()


class _Line:
    """One thread's connection."""

    def __init__(
        self, exchange: Exchange, endpoint: Endpoint, patience: Patience
    ) -> None:
        self._exchange = exchange
        self._endpoint = endpoint
        self._patience = patience
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None

    def ask(self, call: Call) -> tuple[int, str | None, bytes]:
        """Status, Retry-After and body."""
        kept = self._connection is not None
        try:
            return self._ask(call)
        except ConnectionError:
            # Servers close connections that were idle for some seconds.
            if not kept or self._exchange.ended:
                raise
        return self._ask(call)

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._exchange.closed(self._socket)
        if self._connection is not None:
            self._connection.close()
        self._connection = self._socket = None

    def _ask(self, call: Call) -> tuple[int, str | None, bytes]:
        seconds = self._patience.answer_seconds
        try:
            connection = self._connection or self._connect()
            connection.request(
                call.method,
                self._endpoint.path + call.path,
                call.body,
                self._endpoint.headers,
            )
            response = connection.getresponse()
            data = read(response, seconds=seconds)
            response.close()  # else it would stand in the way of the next
        except BaseException:
            self.close()
            raise
        if response.will_close or len(data) > LONGEST_ANSWER:
            self.close()
        return response.status, response.headers.get("Retry-After"), data

    def _connect(self) -> http.client.HTTPConnection:
        connection = self._endpoint.connection(seconds=self._patience.connect_seconds)
        self._connection = connection
        connection.connect()
        # http.client lets go of the socket when the server says that it will close.
        self._socket = connection.sock
        self._socket.settimeout(self._patience.answer_seconds)
        self._exchange.opened(self._socket)
        return connection


def _hopeless(place: str, error: Exception) -> ColumnistError | None:
    """The error where the next try would end in the same."""
    if isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN:
        return ColumnistError(
            f"{place} is not known: {_words(error)}.", "Check the URL."
        )
    dropped = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
    if isinstance(error, ssl.SSLError) and not isinstance(error, dropped):
        return ColumnistError(
            f"There is no safe connection to {place}: {_words(error)}.",
            "Check the URL and the certificate; SSL_CERT_FILE names authorities.",
        )
    return None


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    told = error.strerror if isinstance(error, OSError) else None
    return told or str(error) or type(error).__name__


def _seconds(retry_after: str | None) -> float:
    """What Retry-After asks for: seconds, or a date."""
    if retry_after is None:
        return 0.0
    with suppress(ValueError, OverflowError):
        return max(0.0, float(int(retry_after)))
    with suppress(ValueError, TypeError, OverflowError):
        when = email.utils.parsedate_to_datetime(retry_after)
        return max(0.0, when.timestamp() - time.time())
    return 0.0
