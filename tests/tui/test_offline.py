from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import comments


def test_offline_lets_only_the_databases_host_through() -> None:
    code = """
        import socket
        from catalog.errors import RefusedError
        from tui.flow import offline
        server = socket.create_server(("127.0.0.1", 0))
        offline.refuse_sockets()
        offline.allow("127.0.0.1")
        socket.create_connection(server.getsockname()).close()
        for address in [("127.0.0.2", 9), ("example.com", 80)]:
            try:
                socket.create_connection(address, timeout=1)
            except RefusedError as error:
                print("refused", error.message)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.gguf
def test_the_whole_job_needs_no_network(shop: Path, tiny_model: Path) -> None:
    """In a network namespace without routes; where that is not permitted, with every
    `socket.connect` refused by an audit hook in both processes."""
    url = f"duckdb:///{shop}"
    start = [sys.executable, "-c", "from tui.cli import main; main()"]
    if _may_unshare():
        start = ["unshare", "--map-root-user", "--net", *start]
    else:
        start.append("--offline")  # the engine's process refuses sockets by itself
    options = ["--model", str(tiny_model)]
    for command in (
        ["scan", url],
        ["draft", url],
        ["accept", url, "--all"],
        ["apply", url, "--yes"],
    ):
        done = subprocess.run(
            [*start, *options, *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert len(comments(shop)) > 15


def _may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "--map-root-user", "--net", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
