"""`--offline`: no socket but the database's.

Python's own sockets are refused by an audit hook. Drivers written in C (libpq under
psycopg) open theirs without asking Python; they are given the database's address only.
The engine's process refuses every socket, always. A model on a server is refused when
it is chosen (`tui.flow.model_choice`), on the database's host too.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from typing import Any

from catalog.errors import RefusedError

_allowed: set[str] | None = None
"""None while every host is."""


def refuse_sockets() -> None:
    """From now on, refuse every connection and name look-up that was not allowed."""
    global _allowed
    if _allowed is None:
        _allowed = set()
        sys.addaudithook(_audit)


def allow(host: str | None) -> None:
    """Let connections to one host through, by name and by its addresses."""
    if host is None or _allowed is None:
        return
    _allowed.add(host)
    with suppress(OSError):
        for *_, address in socket.getaddrinfo(host, None):
            _allowed.add(str(address[0]))


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _allowed is None:
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in _allowed:
            raise RefusedError(
                f"--offline refused a connection to {address[0]}.",
                "Leave --offline out if it is meant.",
            )
    elif event == "socket.getaddrinfo" and arguments[0] not in _allowed:
        raise RefusedError(
            f"--offline refused to look up {arguments[0]}.",
            "Leave --offline out if it is meant.",
        )
