"""Passwords: asked for where they are wanted, and found nowhere afterwards."""

from __future__ import annotations

import asyncio
import logging
import os
import pty
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url
from textual.pilot import Pilot
from textual.widgets import Checkbox, Input

from catalog.errors import ColumnistError
from catalog.workspace import Workspace
from connectors import connect
from connectors.database import Database
from tests.servers import Server, execute
from tui.app.app import ColumnistApp
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.password import PasswordModal
from tui.app.screens.picker import PickerScreen
from tui.flow.connections import Connections
from tui.flow.settings import Settings

PASSWORD = "s3cret/pass word@%"
ENCODED = "s3cret%2Fpass%20word%40%25"
COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("MYSQL_HOME", "PGPASSFILE", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)


def columnist(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COLUMNIST, *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def nowhere(folder: Path, *outputs: str) -> None:
    """No file below a folder and no output holds the password, however spelled."""
    for output in outputs:
        assert "s3cret" not in output
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"s3cret" not in path.read_bytes(), path


def bare(url: str) -> str:
    return make_url(url)._replace(password=None).render_as_string()


@pytest.fixture
def server(postgresql_server: Server) -> Iterator[str]:
    """A URL without the password of a user who has one."""
    execute(
        postgresql_server.url,
        f"CREATE USER reader PASSWORD '{PASSWORD}'",
        "CREATE TABLE IF NOT EXISTS listed (i int)",
    )
    yield bare(postgresql_server.with_user("reader", "x"))
    execute(postgresql_server.url, "DROP USER reader")


def full(url: str) -> str:
    return url.replace("reader@", f"reader:{ENCODED}@")


# By command


@pytest.mark.live
def test_a_password_that_was_used_is_in_no_file_and_no_output(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned = columnist("scan", full(server), "--json")
    assert warned.returncode == 0
    assert warned.stderr.count("history") == 1
    assert len(warned.stderr.splitlines()) == 1
    done = [warned]
    monkeypatch.setenv("NAMED", PASSWORD)
    done.append(columnist("--password-env", "NAMED", "scan", server, "--json"))
    done.append(columnist("connections", "add", "a", server, "--password-env", "NAMED"))
    done.append(columnist("scan", "a"))
    done.append(columnist("tables", "a", "--json"))
    done.append(columnist("connections", "list", "--json"))
    monkeypatch.delenv("NAMED")
    monkeypatch.setenv("COLUMNIST_PASSWORD", PASSWORD)
    done.append(columnist("scan", server, "--json"))
    assert [one.returncode for one in done] == [0] * len(done)
    assert all("history" not in one.stderr for one in done[1:])
    nowhere(tmp_path, *(one.stdout + one.stderr for one in done))


@pytest.mark.live
def test_a_wrong_password_is_in_no_error(server: str, tmp_path: Path) -> None:
    wrong = server.replace("reader@", "reader:s3cret-wrong@")
    done = columnist("scan", wrong, "--json")
    assert done.returncode == 1
    assert "refused the user name or the password" in done.stderr
    nowhere(tmp_path, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ["scan", f"postgresql://u:{ENCODED}@no-such-host.invalid/d"],
        ["scan", f"mysql://u:{ENCODED}@127.0.0.1:1/d"],
        ["scan", f"snowflake://u:{ENCODED}@a/d?token={ENCODED}"],
        ["scan", f"mysql://u@127.0.0.1:1/d?token={ENCODED}"],
        ["scan", f"postgresql://u@127.0.0.1:1/d?password={ENCODED}"],
        ["scan", f"postgresql://u@127.0.0.1:1/d?sslkey={ENCODED}"],
        ["scan", f"postgresql://u:{ENCODED}@127.0.0.1:port/d"],
        ["tables", f"nosuch://u:{ENCODED}@h/d", "--json"],
        ["connections", "add", "a", f"postgresql://u:{ENCODED}@h/d"],
        ["connections", "add", "a", f"snowflake://u@a/d?token={ENCODED}"],
        ["connections", "add", "a", f"nonsense {ENCODED}"],
        ["open", f"postgresql://u:{ENCODED}@h/d"],
    ],
)
def test_no_failure_repeats_a_secret(arguments: list[str], tmp_path: Path) -> None:
    done = columnist(*arguments)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    nowhere(tmp_path, done.stdout, done.stderr)


@pytest.mark.live
def test_without_a_terminal_nothing_is_asked(server: str) -> None:
    done = columnist("scan", server)
    assert done.returncode == 1
    assert "--password-env" in done.stderr
    assert "Password for" not in done.stderr


@pytest.mark.live
@pytest.mark.parametrize(("typed", "code"), [(PASSWORD, 0), ("s3cret-no", 1), ("", 1)])
def test_at_a_terminal_it_is_asked_for_and_not_shown(
    server: str, tmp_path: Path, typed: str, code: int
) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.execv(COLUMNIST[0], [*COLUMNIST, "scan", server])
    shown = b""
    answered = False
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        shown += piece
        if not answered and b"Password for" in shown:
            answered = True
            os.write(terminal, f"{typed}\n".encode())
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    text = shown.decode()
    assert os.waitstatus_to_exitcode(status) == code, text
    assert text.count("Password for postgresql://reader@") == 1
    assert "Traceback" not in text
    nowhere(tmp_path, text)


# In the app


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await pilot.pause(0.02)


@pytest.fixture
def guarded(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file that opens with the password only, as a server would."""
    real = connect.open_database

    def open_database(
        url: str, *, password: str | None = None, **options: Any
    ) -> Database:
        if password is None:
            raise connect.PasswordWanted("Shop wants a password.")
        if password != PASSWORD:
            raise ColumnistError("Shop refused the password.")
        return real(url, **options)

    monkeypatch.setattr(connect, "open_database", open_database)
    return f"duckdb:///{shop}"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """A keyring that keeps what it is given."""
    ring: dict[tuple[str, str], str] = {}

    def keep(service: str, name: str, password: str) -> None:
        ring[service, name] = password

    monkeypatch.setattr("keyring.set_password", keep)
    monkeypatch.setattr("keyring.get_password", lambda *key: ring.get(key))
    return ring


@asynccontextmanager
async def asked(
    settings: Settings, target: str
) -> AsyncIterator[tuple[ColumnistApp, Pilot[None]]]:
    app = ColumnistApp(settings, target)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PasswordModal))
        await pilot.pause()
        yield app, pilot
        await app.workers.wait_for_complete()
        app.close_session()


def drawn(app: ColumnistApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def test_a_password_typed_in_the_app_opens_the_database_and_is_kept_nowhere(
    settings: Settings,
    guarded: str,
    kept: dict[tuple[str, str], str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    Connections(settings.connections).add("shop", guarded)
    async with asked(settings, "shop") as (app, pilot):
        await pilot.press(*"s3cret", "slash")
        assert app.screen.query_one(Input).value == "s3cret/"
        assert "s3cret" not in drawn(app)
        app.screen.query_one(Input).value = PASSWORD
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await app.workers.wait_for_complete()
        await pilot.pause(0.1)
        assert app.session is not None
        assert len(app.session.snapshot.summaries()) == 5
        assert "s3cret" not in drawn(app)
        assert "s3cret" not in repr(list(app.workers)) + repr(app.session)
    assert kept == {}
    with Workspace(settings.workspace) as workspace:
        (known,) = workspace.databases()
    nowhere(tmp_path, repr(known), caplog.text)


async def test_a_password_is_asked_for_once_nothing_else_is_asked(
    settings: Settings, guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    refuse = connect.open_database

    def late(*arguments: Any, **options: Any) -> Database:
        answered.wait(30)
        return refuse(*arguments, **options)

    monkeypatch.setattr(connect, "open_database", late)
    app = ColumnistApp(settings, guarded)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+c")
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        answered.set()
        await until(pilot, lambda: all(w.is_finished for w in app.workers))
        await pilot.pause(0.1)
        assert isinstance(app.screen, ConfirmModal)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, PasswordModal))
        await pilot.press("escape")
        app.close_session()


async def test_escape_leaves_the_database_closed(
    settings: Settings, guarded: str, kept: dict[tuple[str, str], str]
) -> None:
    async with asked(settings, guarded) as (app, pilot):
        # A URL has no name that the keyring could keep a password by.
        assert not app.screen.query(Checkbox)
        await pilot.press(*"s3cret", "escape")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        assert app.session is None
        assert not app._notifications
    assert kept == {}


async def test_a_password_is_kept_only_where_asked_and_only_if_it_opens(
    settings: Settings, guarded: str, kept: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    Connections(settings.connections).add("shop", guarded)
    async with asked(settings, "shop") as (app, pilot):
        await pilot.press(*"s3cret-no", "tab", "space", "enter")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await until(pilot, lambda: bool(app._notifications))
        assert "refused the password" in next(iter(app._notifications)).message
        assert kept == {}
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PasswordModal))
        await pilot.pause()
        app.screen.query_one(Input).value = PASSWORD
        await pilot.press("tab", "space", "enter")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
    assert kept == {("columnist", "shop"): PASSWORD}
    nowhere(tmp_path)


async def test_a_keyring_that_keeps_nothing_does_not_close_the_database(
    settings: Settings, guarded: str
) -> None:
    Connections(settings.connections).add("shop", guarded)
    async with asked(settings, "shop") as (app, pilot):
        app.screen.query_one(Input).value = PASSWORD
        await pilot.press("tab", "space", "enter")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        messages = [each.message for each in app._notifications]
        assert any("keyring cannot hold" in message for message in messages)


async def test_a_defects_traceback_shows_no_values(
    settings: Settings, guarded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Textual prints local variables with a traceback, and one was the password."""
    app = ColumnistApp(settings, None)

    def fail(secret: str) -> None:
        raise ZeroDivisionError

    async def run() -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            app.call_later(fail, PASSWORD)
            await pilot.pause()

    with pytest.raises(ZeroDivisionError):
        await run()
    app._print_error_renderables()
    printed = "".join(capsys.readouterr())
    assert "ZeroDivisionError" in printed
    assert "s3cret" not in printed


@pytest.mark.live
async def test_a_server_that_wants_a_password_is_opened_with_one(
    settings: Settings, server: str, tmp_path: Path
) -> None:
    async with asked(settings, server) as (app, pilot):
        app.screen.query_one(Input).value = PASSWORD
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await app.workers.wait_for_complete()
        assert app.session is not None
        assert app.session.snapshot.summaries()
    nowhere(tmp_path)
