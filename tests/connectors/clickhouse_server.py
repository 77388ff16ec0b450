"""ClickHouse for live tests: chdb, the engine as a library, behind a small HTTP server.

The driver talks to it as to any server, so what is tried is the dialect, the driver's
requests and the engine; not ClickHouse's own server, its users or a cluster.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers import _STARTED, unavailable


@dataclass
class ClickHouseServer:
    """A running engine."""

    client: Any
    """The driver's client inside the engine's own process, without HTTP."""
    port: int = 0
    """Where it listens on 127.0.0.1."""
    deaf: bool = False
    """Connections are cut without an answer."""
    asked: list[str] = field(default_factory=list)
    """What was sent."""

    def url(self, database: str) -> str:
        return f"clickhouse://default:secret@127.0.0.1:{self.port}/{database}"


@contextmanager
def run_clickhouse(folder: Path) -> Iterator[ClickHouseServer]:
    """The engine on a folder; a process can have one folder only, once."""
    for package in ("chdb", "clickhouse_connect"):
        if importlib.util.find_spec(package) is None:
            unavailable(f"{package} is not installed")
    from clickhouse_connect import get_client

    running = ClickHouseServer(get_client(interface="chdb", path=str(folder)))
    lock = threading.Lock()  # the engine's client takes one statement at a time

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Else an answer goes out in parts, 40 ms apart.
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            sql = self.rfile.read(size).decode()
            if running.deaf:
                self.close_connection = True
                return
            running.asked.append(sql)
            code = None
            with lock:
                try:
                    answer = running.client.raw_query(sql, fmt=None)
                except Exception as error:
                    answer = str(error).encode()
                    found = re.search(rb"Code: (\d+)", answer)
                    code = found[1].decode() if found else "1"
            self.send_response(200 if code is None else 500)
            if code is not None:
                self.send_header("X-ClickHouse-Exception-Code", code)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    running.port = http.server_port
    threading.Thread(target=http.serve_forever, daemon=True).start()
    version = running.client.query("SELECT version()").result_rows[0][0]
    _STARTED[f"chdb (ClickHouse {version}) behind HTTP"] = running.url("default")
    try:
        yield running
    finally:
        http.shutdown()
        http.server_close()
        running.client.close()
