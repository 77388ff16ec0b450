from __future__ import annotations

import subprocess
import sys
import textwrap


def test_offline_lets_only_the_databases_host_through() -> None:
    code = """
        import socket
        from catalog.errors import RefusedError
        from tui import offline
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
