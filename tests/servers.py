"""Database servers for live tests: given by URL, else started here, else skipped.

`COLUMNIST_TEST_POSTGRESQL_URL` and `COLUMNIST_TEST_MARIADB_URL` name servers that may
be used freely. Without them a server is started in a temporary folder on a free
loopback port, as an ordinary user where the tests run as root. Where the programs are
missing the tests skip, or fail with `COLUMNIST_REQUIRE_LIVE=1`.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

_STARTED: dict[str, str] = {}
"""Server version to URL, for the report."""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells who started it."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["servers"] = _STARTED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker told; one that crashed did not."""
    _STARTED.update(getattr(node, "workeroutput", {}).get("servers", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the servers that the live tests ran against."""
    for version in _STARTED:
        terminalreporter.write_line(f"live server: {version}")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of 127.0.0.1 that nobody vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    key, found = path.with_name("key.pem"), path.with_name("found.pem")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=here"
    extra = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(found)]
    subprocess.run([*command.split(), *extra, *files], check=True, capture_output=True)
    path.write_bytes(key.read_bytes() + found.read_bytes())
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """What a server with that certificate wraps its sockets in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    """URL of a user who may do everything, ending in a database that exists."""
    version: str
    """What it calls itself."""
    process: Process | None = None
    """Its program, where it was started here."""

    def database(self, name: str) -> str:
        """The URL of another database on this server."""
        from sqlalchemy import make_url

        return (
            make_url(self.url).set(database=name).render_as_string(hide_password=False)
        )

    def with_user(self, user: str, password: str, *, database: str = "") -> str:
        """The URL of another user on this server."""
        from sqlalchemy import make_url

        url = make_url(self.url).set(username=user, password=password)
        if database:
            url = url.set(database=database)
        return url.render_as_string(hide_password=False)


Run = Callable[..., list[tuple[object, ...]]]
"""Runs statements as given; returns the last one's rows."""


@contextmanager
def connected(url: str) -> Iterator[Run]:
    """A connection in autocommit mode."""
    from sqlalchemy import NullPool, create_engine, make_url

    drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
    parsed = make_url(url)
    parsed = parsed.set(drivername=drivers.get(parsed.drivername, parsed.drivername))
    engine = create_engine(parsed, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection = connection.execution_options(no_parameters=True)

        def run(*statements: str) -> list[tuple[object, ...]]:
            rows: list[tuple[object, ...]] = []
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
            return rows

        yield run


def execute(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Runs statements in autocommit mode as given; returns the last one's rows."""
    with connected(url) as run:
        return run(*statements)


def unavailable(reason: str) -> NoReturn:
    """Skip for want of a server or client; where they are required, fail."""
    if os.environ.get("COLUMNIST_REQUIRE_LIVE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _program(*names: str) -> str | None:
    """The first of these programs that is installed."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if found:
            return found
    return None


def _postgres_program(name: str) -> str | None:
    """A program of the newest PostgreSQL installed; Debian keeps them off the PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    return str(versions[-1]) if versions else _program(name)


def postgres_program(name: str) -> str | None:
    """A PostgreSQL program such as pg_dump, or None where it is not installed."""
    return _postgres_program(name)


def _die_with_parent() -> None:
    """A test run that is killed leaves no server behind (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


Demotion = tuple[Callable[[], None] | None, pwd.struct_passwd | None]


def _demotion(*users: str) -> Demotion:
    """What a child calls first to become an ordinary user, where we are root."""
    if os.geteuid() != 0:
        return _die_with_parent, None
    for user in (*users, "nobody"):
        try:
            entry = pwd.getpwnam(user)
        except KeyError:
            continue

        def demote(entry: pwd.struct_passwd = entry) -> None:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            _die_with_parent()

        return demote, entry
    return None, None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _memory() -> str | None:
    """A folder in memory with room, where DDL is ten times as fast as on a disk."""
    shared = "/dev/shm"
    if not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < 2 << 30:
        return None
    return shared


@contextmanager
def _folder(
    owner: pwd.struct_passwd | None, *, durable: bool = False
) -> Iterator[Path]:
    """A short-named folder: a Unix socket's path has room for 107 characters."""
    place = None if durable else _memory()
    folder = Path(tempfile.mkdtemp(prefix="columnist-", dir=place))
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> str:
    """Waits until the server answers; its version."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return str(execute(url, "SELECT version()")[0][0])
        except Exception as error:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                raise RuntimeError(f"no server: {error}\n{tail}") from error
        time.sleep(0.1)


def _prepare(
    command: list[str], folder: Path, demote: Callable[[], None] | None
) -> None:
    """Makes a data folder."""
    done = subprocess.run(command, capture_output=True, preexec_fn=demote, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode()[-2000:]}")


class Process:
    """A server's program, which can be killed and started again on the same data."""

    def __init__(
        self,
        command: list[str],
        url: str,
        folder: Path,
        demote: Callable[[], None] | None,
    ) -> None:
        self._command = command
        self._url = url
        self._folder = folder
        self._demote = demote
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Waits until it answers; its version."""
        log = self._folder / "server.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=output,
                preexec_fn=self._demote,
                cwd=self._folder,
            )
        return _wait(self._process, self._url, log)

    def stop(self) -> None:
        """As an administrator would."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """As a power cut would: at once, with all its children."""
        if self._process is None:
            return
        children = _children(self._process.pid)
        self._process.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.wait()


def _children(parent: int) -> list[int]:
    """Processes that another one started (Linux only); asking `ps` takes too long."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


@contextmanager
def _running(
    command: list[str], url: str, folder: Path, demote: Callable[[], None] | None
) -> Iterator[Server]:
    process = Process(command, url, folder, demote)
    try:
        server = Server(url, process.start(), process)
        _STARTED[server.version] = url
        yield server
    finally:
        process.kill()  # nobody wants the data, and a stop waits for who is connected


@contextmanager
def run_postgresql(*, durable: bool = False) -> Iterator[Server]:
    """A PostgreSQL server of our own; a durable one waits for the disk, as usual."""
    initdb, postgres = _postgres_program("initdb"), _postgres_program("postgres")
    if initdb is None or postgres is None:
        unavailable("PostgreSQL is not installed")
    assert initdb
    assert postgres
    demote, owner = _demotion("postgres")
    with _folder(owner, durable=durable) as folder:
        data, port = folder / "data", _free_port()
        secret = folder / "secret"
        secret.write_text("steward")
        options = ["--username=steward", f"--pwfile={secret}", "--auth=scram-sha-256"]
        options += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        _prepare([initdb, f"--pgdata={data}", *options], folder, demote)
        wanted = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": str(folder),
            "fsync": "on" if durable else "off",
            "shared_buffers": "32MB",
            "max_connections": "40",
        }
        settings = [f"-c{key}={value}" for key, value in wanted.items()]
        url = f"postgresql://steward:steward@127.0.0.1:{port}/postgres"
        command = [postgres, "-D", str(data), *settings]
        with _running(command, url, folder, demote) as server:
            yield server


@contextmanager
def run_mariadb(*, durable: bool = False) -> Iterator[Server]:
    """A MariaDB server of our own; a durable one waits for the disk, as usual."""
    install = _program("mariadb-install-db", "mysql_install_db")
    mariadbd = _program("mariadbd")
    if install is None or mariadbd is None:
        unavailable("MariaDB is not installed")
    assert install
    assert mariadbd
    demote, owner = _demotion("mysql")
    with _folder(owner, durable=durable) as folder:
        data, port = folder / "data", _free_port()
        # A server that starts clears temporary tables of others out of a shared folder.
        temporary = f"--tmpdir={folder}"
        options = ["--skip-test-db", "--auth-root-authentication-method=normal"]
        command = [install, "--no-defaults", f"--datadir={data}", temporary, *options]
        _prepare(command, folder, demote)
        wanted = {
            "datadir": str(data),
            "bind-address": "127.0.0.1",
            "port": str(port),
            "socket": str(folder / "socket"),
            "pid-file": str(folder / "pid"),
            "innodb-buffer-pool-size": "32M",
            "innodb-flush-log-at-trx-commit": "1" if durable else "0",
            "character-set-server": "utf8mb4",
        }
        settings = [f"--{key}={value}" for key, value in wanted.items()]
        url = f"mysql://root@127.0.0.1:{port}/mysql"
        command = [mariadbd, "--no-defaults", temporary, *settings]
        with _running(command, url, folder, demote) as server:
            yield server


def _given(variable: str) -> Server | None:
    url = os.environ.get(variable)
    if not url:
        return None
    server = Server(url, str(execute(url, "SELECT version()")[0][0]))
    _STARTED[server.version] = url
    return server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL server for the whole test session."""
    given = _given("COLUMNIST_TEST_POSTGRESQL_URL")
    if given is not None:
        yield given
        return
    with run_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """A MariaDB server for the whole test session."""
    given = _given("COLUMNIST_TEST_MARIADB_URL")
    if given is not None:
        yield given
        return
    with run_mariadb() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: Server) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    name = f"test_{time.monotonic_ns()}"
    execute(postgresql_server.url, f"CREATE DATABASE {name} TEMPLATE template0")
    yield postgresql_server.database(name)
    execute(postgresql_server.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def mariadb_url(mariadb_server: Server) -> Iterator[str]:
    """A fresh, empty MariaDB database."""
    name = f"test_{time.monotonic_ns()}"
    execute(mariadb_server.url, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield mariadb_server.database(name)
    execute(mariadb_server.url, f"DROP DATABASE {name}")
