"""An OpenAI-compatible server that says what a script says, and keeps what it heard."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TEXT = "Stage of the process that the order has reached."


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: tuple[str, int]

    @property
    def content(self) -> str:
        return str(self.body["messages"][0]["content"])


@dataclass(frozen=True)
class Say:
    """An answer."""

    text: Any = TEXT
    status: int = 200
    data: bytes | None = None
    """The whole body, in place of one around the text."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    logprobs: list[Any] | None = None
    finish: str = "stop"
    usage: Any = field(default_factory=lambda: usage(100, 12))
    hang: bool = False
    """Say nothing until the server ends."""
    drip: float = 0.0
    """Seconds between two bytes of the body."""
    cut: bool = False
    """Hang up in the middle of the body."""

    def body(self) -> bytes:
        if self.data is not None:
            return self.data
        choice: dict[str, Any] = {
            "message": {"role": "assistant", "content": self.text},
            "finish_reason": self.finish,
        }
        if self.logprobs is not None:
            choice["logprobs"] = {"content": [{"logprob": p} for p in self.logprobs]}
        return json.dumps({"choices": [choice], "usage": self.usage}).encode()


def usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion}


def models(*names: object) -> Say:
    listed = {"object": "list", "data": [{"id": name} for name in names]}
    return Say(data=json.dumps(listed).encode())


Script = Callable[[Asked], Say]


@dataclass
class Served:
    """A server that runs."""

    url: str
    heard: list[Asked]
    """All requests, in order."""
    working: int = 0
    """Answers in the making."""
    most: int = 0
    """Most answers that were in the making at once."""

    @property
    def place(self) -> str:
        return self.url.split("/")[2]

    @property
    def asked(self) -> list[Asked]:
        """Requests for a text."""
        return [each for each in self.heard if each.method == "POST"]


@contextmanager
def serving(
    script: Script = lambda _: Say(),
    listed: Say | Script | None = None,
    *,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Served]:
    """The server of a script; `listed` is what it says of its models."""
    ended = threading.Event()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            told = listed or models("told")
            self.answer(told if callable(told) else lambda _: told)

        def do_POST(self) -> None:
            self.answer(script)

        def answer(self, script: Script) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or "{}")
            asked = Asked(
                self.command, self.path, dict(self.headers), body, self.client_address
            )
            with lock:
                served.heard.append(asked)
                served.working += 1
                served.most = max(served.most, served.working)
            say = script(asked)
            with lock:
                served.working -= 1
            if say.hang:
                ended.wait(60)
                self.close_connection = True
                return
            data = say.body()
            self.send_response(say.status)
            for name, value in say.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            for byte in data if say.drip else b"":
                time.sleep(say.drip)
                self.wfile.write(bytes((byte,)))
            if not say.drip:
                self.wfile.write(data[: len(data) // 2] if say.cut else data)
            if say.cut or say.headers.get("Connection") == "close":
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64  # else a burst of connections waits a second

        def handle_error(self, *_: object) -> None:
            pass  # clients hang up on purpose

    server = Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "https" if tls else "http"
    served = Served(f"{scheme}://127.0.0.1:{server.server_port}/v1", [])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
