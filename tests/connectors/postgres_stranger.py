"""Something that speaks PostgreSQL's protocol and is not PostgreSQL."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

Answers = dict[str, str | None]
"""Part of a query to its only value; None refuses it as an unknown setting."""


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


_READY = _message(b"Z", b"I")


def _error(code: str, words: str) -> bytes:
    parts = f"SERROR\0C{code}\0M{words}\0\0"
    return _message(b"E", parts.encode())


def _row(value: str) -> bytes:
    column = b"x\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
    data = value.encode()
    return (
        _message(b"T", struct.pack("!h", 1) + column)
        + _message(b"D", struct.pack("!hi", 1, len(data)) + data)
        + _message(b"C", b"SELECT 1\0")
    )


class _Gone(Exception):
    pass


def _take(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = connection.recv(size - len(found))
        if not piece:
            raise _Gone
        found += piece
    return found


def _answer(sql: str, answers: Answers) -> bytes:
    for part, value in answers.items():
        if part in sql:
            if value is None:
                words = f'unrecognized configuration parameter "{part}"'
                return _error("42704", words)
            return _row(value)
    if sql.lower().startswith(("select", "show")):
        return _row("public")
    return _message(b"C", b"SET\0")


def _serve(connection: socket.socket, answers: Answers) -> None:
    while True:
        size, code = struct.unpack("!ii", _take(connection, 8))
        _take(connection, size - 8)
        if code == 196608:
            break
        connection.sendall(b"N")  # neither TLS nor GSSAPI
    encoding = _message(b"S", b"client_encoding\0UTF8\0")
    version = _message(b"S", b"server_version\x0013.0\0")
    connection.sendall(_message(b"R", b"\0\0\0\0") + encoding + version + _READY)
    while True:
        kind = _take(connection, 1)
        (size,) = struct.unpack("!i", _take(connection, 4))
        body = _take(connection, size - 4)
        if kind == b"Q":
            sql = body.rstrip(b"\0").decode()
            connection.sendall(_answer(sql, answers) + _READY)
        elif kind == b"S":  # the end of a query with parameters
            connection.sendall(_error("42704", "no such type") + _READY)
        elif kind == b"X":
            return


@contextmanager
def stranger(answers: Answers) -> Iterator[int]:
    """Runs it; yields its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(_Gone):
                        _serve(connection, answers)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
