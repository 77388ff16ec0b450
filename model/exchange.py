"""Many requests at once to one endpoint: kept connections, patience, a certain end.

What may pass (a full queue, a server that starts again, a dropped connection) is tried
again after a while; the rest is for the caller to judge. `close` shuts the sockets, so
nobody waits for a server that hangs; a thread in a look-up or handshake is left behind
and ends by its own timeout.
"""

from __future__ import annotations

import email.utils
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
from typing import Any
from weakref import WeakSet

import httpx

from catalog.errors import ColumnistError
from model.endpoint import GOES_ON, Endpoint, read

PASSING = frozenset({408, 425, 429})
"""Besides 5xx, answers after which the same request may do."""
NEVER_THERE = frozenset({501, 505})
OPENED = ("connection.connect_tcp.complete", "connection.start_tls.complete")
"""What httpx tells of a request when it has a new socket."""


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

    key: tuple[int, int, int]
    """The caller's mark for it; calls with the same first number hurry together."""
    path: str
    """Below the endpoint's own."""
    body: bytes = b""
    """JSON to POST; none makes it a GET."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    call: Call
    """Of what."""
    status: int = 0
    """200, or an error that trying again would not mend."""
    data: bytes = b""
    """The body; more than `LONGEST_ANSWER` bytes where it was longer than allowed."""
    error: Exception | None = None
    """Why there is no answer and will be none."""


class Exchange:
    """Calls in work; used by one thread, which must `close` it.

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
        self._client = endpoint.client(
            connect_seconds=patience.connect_seconds,
            answer_seconds=patience.answer_seconds,
        )
        # Not SimpleQueue: a signal as its wait ends makes that endless (Python 3.11).
        self._inbox: Queue[Reply] = Queue()
        self._closed = threading.Event()
        self._changed = threading.Condition()
        """Guards what follows."""
        self._threads = 0
        self._calls: deque[Call] = deque()
        self._sockets: WeakSet[socket.socket] = WeakSet()

    @property
    def waiting(self) -> int:
        """Calls that no thread has begun."""
        return len(self._calls)

    def send(self, call: Call) -> None:
        """Take a call in."""
        with self._changed:
            self._calls.append(call)
            self._changed.notify()
            if self._threads == self._most:
                return
            self._threads += 1
        threading.Thread(target=self._work, daemon=True, name="exchange").start()

    def hurry(self, keys: Collection[int]) -> None:
        """Let calls of these keys' first number go before the others that wait."""
        with self._changed:
            calls = sorted(self._calls, key=lambda call: call.key[0] not in keys)
            self._calls = deque(calls)

    def receive(self, *, seconds: float) -> list[Reply]:
        """All replies that have come; the first is waited for so long."""
        found: list[Reply] = []
        with suppress(Empty):
            found.append(self._inbox.get(timeout=seconds))
            while True:
                found.append(self._inbox.get_nowait())
        return found

    def close(self) -> None:
        """Drop all calls; returns at once."""
        with self._changed:
            self._closed.set()
            self._calls.clear()
            self._changed.notify_all()
            for each in self._sockets:
                _shut(each)

    # In the threads

    def _work(self) -> None:
        while (call := self._next()) is not None:
            try:
                self._inbox.put(self._patiently(call))
            except Exception as error:  # for the caller, where it is seen
                self._inbox.put(Reply(call, error=error))
        with self._changed:
            self._threads -= 1
            last = self._threads == 0
        if last:  # no other reads from what is closed
            self._client.close()

    def _next(self) -> Call | None:
        with self._changed:
            self._changed.wait_for(lambda: self._calls or self._closed.is_set())
            return None if self._closed.is_set() else self._calls.popleft()

    def _patiently(self, call: Call) -> Reply:
        place = self._endpoint.place
        for attempt in range(1, self._patience.tries + 1):
            asked = 0.0
            try:
                response, data = self._ask(call)
            except httpx.TransportError as error:
                cause = _cause(error)
                if (hopeless := _hopeless(place, cause)) is not None:
                    raise hopeless from error
                why = f"gave no answer: {_words(cause)}"
            else:
                status = response.status_code
                lasting = status < 500 or status in NEVER_THERE
                if lasting and status not in PASSING:
                    return Reply(call, status, data)
                asked = _seconds(response.headers.get("Retry-After"))
                why = f"answered {status}: {self._endpoint.said(data)}".rstrip(": ")
            if attempt < self._patience.tries:
                with self._changed:
                    self.again += 1
                    self.why = why
                if self._closed.wait(self._patience.wait(attempt, asked)):
                    break
        raise ColumnistError(
            f"{place} {why}; it was asked {self._patience.tries} times.",
            f"Is it running? {GOES_ON}",
        )

    def _ask(self, call: Call) -> tuple[httpx.Response, bytes]:
        """An answer and its body."""
        opened = False

        def trace(event: str, told: dict[str, Any]) -> None:
            nonlocal opened
            if event in OPENED:
                opened = True
                self._opened(told["return_value"].get_extra_info("socket"))

        request = self._client.build_request(
            "POST" if call.body else "GET",
            call.path,
            content=call.body,
            extensions={"trace": trace},
        )
        while True:
            try:
                response = self._client.send(request, stream=True)
                break
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                # Servers close connections that were idle for some seconds.
                if opened or self._closed.is_set():
                    raise
        try:
            return response, read(response, seconds=self._patience.answer_seconds)
        finally:
            response.close()

    def _opened(self, each: socket.socket) -> None:
        """Remember a socket, to be shut at the end."""
        with self._changed:
            self._sockets.add(each)
            if self._closed.is_set():
                _shut(each)


def _shut(each: socket.socket) -> None:
    with suppress(OSError):
        # Not SSLSocket's own, which takes its state away from the thread that reads.
        socket.socket.shutdown(each, socket.SHUT_RDWR)


def _cause(error: BaseException) -> BaseException:
    """What the system said, below what httpx makes of it."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


def _hopeless(place: str, error: BaseException) -> ColumnistError | None:
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


def _words(error: BaseException) -> str:
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
