"""What reaches the driver, what a read-only session refuses, and what stays unseen."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from sqlalchemy import make_url

from catalog.errors import ColumnistError, RefusedError, UsageError
from connectors.connect import (
    PasswordWanted,
    has_secret,
    identify,
    open_database,
    safe_url,
    savable_url,
)
from connectors.database import Database
from connectors.database_session import Fault
from connectors.drivers import DIALECTS, EXTRAS, install_hint
from connectors.limits import Limits
from connectors.secrets import hide
from tests.connectors.postgres_stranger import stranger
from tests.servers import Server, execute

PASSWORD = "s3cret/pass word@%'\""
ENCODED = "s3cret%2Fpass%20word%40%25%27%22"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's my.cnf and .pgpass."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("MYSQL_HOME", "PGPASSFILE", "PGPASSWORD", "PGOPTIONS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def failure(url: str, **options: Any) -> ColumnistError:
    with pytest.raises(ColumnistError) as caught:
        open_database(url, timeout=2, **options)
    return caught.value


# What reaches the driver


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """What the driver's connect is called with for a URL."""
    found: dict[str, Any] = {}

    def connect(error: type[Exception]) -> Callable[..., None]:
        def call(*positional: object, **named: Any) -> None:
            assert not positional or positional == ("",)
            found.update(named)
            raise error("enough")

        return call

    monkeypatch.setattr(
        psycopg.Connection, "connect", connect(psycopg.OperationalError)
    )
    monkeypatch.setattr(psycopg, "connect", connect(psycopg.OperationalError))
    monkeypatch.setattr(pymysql, "connect", connect(pymysql.OperationalError))

    def arguments_of(url: str, **options: Any) -> dict[str, Any]:
        found.clear()
        failure(url, **options)
        if isinstance(password := found.get("password"), bytes):
            found["password"] = password.decode()
        return dict(found)

    return arguments_of


def test_tls_options_reach_psycopg(arguments: Callable[..., dict[str, Any]]) -> None:
    found = arguments(
        "postgresql://u@h/d?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/me.crt"
        "&sslkey=/me.key"
    )
    assert found["sslmode"] == "verify-full"
    assert found["sslrootcert"] == "/ca.pem"
    assert (found["sslcert"], found["sslkey"]) == ("/me.crt", "/me.key")


def test_tls_options_reach_pymysql(arguments: Callable[..., dict[str, Any]]) -> None:
    found = arguments(
        "mysql://u@h/d?ssl_ca=/ca.pem&ssl_cert=/me.crt&ssl_key=/me.key"
        "&ssl_check_hostname=false"
    )
    assert found["ssl"] == {
        "ca": "/ca.pem",
        "cert": "/me.crt",
        "key": "/me.key",
        "check_hostname": False,
    }


def test_without_a_password_the_driver_is_given_none(
    arguments: Callable[..., dict[str, Any]],
) -> None:
    """libpq reads .pgpass only where it is given no password, not an empty one."""
    assert "password" not in arguments("postgresql://u@h/d")


def test_a_password_apart_takes_the_place_of_the_urls(
    arguments: Callable[..., dict[str, Any]],
) -> None:
    for scheme in ("postgresql", "mysql"):
        for url in (f"{scheme}://u:x@h/d", f"{scheme}://u@h/d?password=x"):
            assert arguments(url)["password"] == "x"
            assert arguments(url, password="y")["password"] == "y"


def test_read_only_keeps_the_urls_own_options(
    arguments: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    on = "-c default_transaction_read_only=on"
    found = arguments("postgresql://u@h/d?options=-c%20work_mem%3D5MB", read_only=True)
    assert found["options"] == f"-c work_mem=5MB {on}"
    assert "options" not in arguments("postgresql://u@h/d")
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=6MB")
    found = arguments("postgresql://u@h/d", read_only=True)
    assert found["options"] == f"-c work_mem=6MB {on}"


def test_my_cnf_fills_in_what_the_url_leaves_open(
    arguments: Callable[..., dict[str, Any]],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = home / "mysql"
    folder.mkdir()
    (folder / "my.cnf").write_text("[client]\nuser=first\nssl_ca=/first.pem\n")
    (home / ".my.cnf").write_text(
        "!includedir /etc/mysql/conf.d/\n[mysqld]\npassword=no\n[client]\n"
        f"password = '{PASSWORD}'\nuser=later\nhost=Db.Example.com\nport=3307\n"
        "socket=/run/mysqld.sock\nquick\n"
    )
    monkeypatch.setenv("MYSQL_HOME", str(folder))
    found = arguments("mysql:///d")
    assert found["password"] == PASSWORD
    assert (found["user"], found["host"], found["port"]) == (
        "later",
        "Db.Example.com",
        3307,
    )
    assert found["ssl"] == {"ca": "/first.pem"}
    assert identify("mysql:///d").key == "mysql://db.example.com:3307/d"

    named = arguments("mariadb://me@h/d?ssl_ca=/mine.pem")
    assert (named["user"], named["host"]) == ("me", "h")
    assert named["password"] == PASSWORD
    assert named["ssl"] == {"ca": "/mine.pem"}
    assert "unix_socket" not in named  # PyMySQL would go there and not to the host
    assert arguments("mysql://me:mine@h/d")["password"] == "mine"
    assert "ssl" not in arguments("mysql://me:mine@h/d")
    assert arguments("mysql://me@h/d?password=mine")["password"] == "mine"


def test_my_cnf_that_anybody_may_write_or_that_is_broken(
    arguments: Callable[..., dict[str, Any]], home: Path
) -> None:
    file = home / ".my.cnf"
    file.write_text(f"password={PASSWORD}\n")
    error = failure("mysql://u@h/d")
    assert ".my.cnf" in error.message
    assert PASSWORD not in error.message + error.hint
    file.write_text("[client]\npassword=x\n")
    file.chmod(0o666)
    assert "password" not in arguments("mysql://u@h/d")


# Databases that are found behind the URL of another


@pytest.mark.parametrize(
    ("answers", "scheme"),
    [
        ({"version()": "CockroachDB CCL v25.2.1 (x86_64-pc-linux-gnu)"}, "cockroachdb"),
        (
            {
                "version()": "PostgreSQL 8.0.2 on i686-pc-linux-gnu, Redshift 1.0.1",
                "standard_conforming_strings": None,
            },
            "redshift",
        ),
    ],
)
def test_a_postgresql_url_that_meets_something_else(
    answers: dict[str, str | None], scheme: str
) -> None:
    with stranger(answers) as port:
        error = failure(f"postgresql://u:{ENCODED}@127.0.0.1:{port}/d")
    assert f"{scheme}://" in error.hint
    assert "s3cret" not in error.message + error.hint


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("clickhousedb://h/d", "clickhouse"),
        ("teradatasql://h/d", "teradata"),
        ("databricks://h", "databricks"),
        ("hive://h/d", "hive"),
    ],
)
def test_a_drivers_first_word_finds_its_dialect(url: str, dialect: str) -> None:
    from connectors.connect import _dialect_of, _parse

    assert _dialect_of(_parse(url)).name == dialect


def test_every_extra_named_in_a_hint_exists_and_brings_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    words = {**{extra: extra for extra in EXTRAS}, **DIALECTS}
    for first, extra in words.items():
        hint = install_hint(first)
        assert f"columnist[{extra}]" in hint
        package = hint.rstrip(".").rpartition(" ")[2].lower()
        assert any(each.lower().startswith(package) for each in extras[extra])


# Secrets


def test_a_secret_is_hidden_however_it_is_spelled() -> None:
    for text in (PASSWORD, ENCODED, ENCODED.replace("%20", "+"), repr(PASSWORD)):
        assert "s3cret" not in hide(f"a {text} b", {PASSWORD})
    assert hide("cannot open o", {"o"}) == "cannot open •••"
    assert hide("cannot open", {"+", "%20"}) == "cannot open"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{ENCODED}@no-such-host.invalid/d",
        f"mysql://u:{ENCODED}@no-such-host.invalid/d",
        f"postgresql://u:{ENCODED}@127.0.0.1:1/d",
        f"postgresql://u@127.0.0.1:1/d?password={ENCODED}",
        f"postgresql://u@127.0.0.1:1/d?token={ENCODED}",
        f"postgresql://u@127.0.0.1:1/d?sslmode=verify-full&sslkey={ENCODED}",
        f"mysql://u@127.0.0.1:1/d?token={ENCODED}",
        f"mysql://u@127.0.0.1:1/d?password={ENCODED}",
        f"snowflake://u:{ENCODED}@account/d?token={ENCODED}",
        f"oracle://u:{ENCODED}@h/d",
        f"nosuch://u:{ENCODED}@h/d?token={ENCODED}",
        f"postgresql+nosuch://u:{ENCODED}@h/d",
        f"mysql://u:{ENCODED}@h:port/d",
        f"postgresql://u:{ENCODED}@127.0.0.1:1/d?connect_timeout={ENCODED}x&pwd=s3cret",
    ],
)
def test_no_error_repeats_a_secret(url: str) -> None:
    error = failure(url)
    assert "s3cret" not in error.message + error.hint
    assert error.message


def test_options_that_are_secrets_are_in_no_shown_and_no_saved_url() -> None:
    url = "snowflake://u:s3cret@a/d?token=s3cret&private_key=s3cret&warehouse=w"
    assert safe_url(url) == "snowflake://u@a/d?warehouse=w"
    assert has_secret(url)
    assert has_secret("mysql://u@h/d?password=s3cret")
    assert not has_secret("postgresql://u@h/d?sslkey=/me.key")
    assert not has_secret("not a URL")
    with pytest.raises(UsageError, match="private_key"):
        savable_url(url)
    saved = "postgresql://u@h/d?sslkey=%2Fme.key"
    assert savable_url(saved.replace("u@", "u:x@")) == (saved, "x")
    assert savable_url(saved + "&password=x") == (saved, "x")
    assert "me.key" not in safe_url(saved)


def test_a_server_that_wants_a_password_is_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Fault("Access denied for user 'u'@'h' (using password: NO)", code="1045")

    monkeypatch.setattr("connectors.database_session.EngineSource.open", refuse)
    assert isinstance(failure("mysql://u@h/d"), PasswordWanted)
    assert not isinstance(failure("mysql://u:x@h/d"), PasswordWanted)


# Read-only


def writing(database: Database) -> None:
    for use in (
        lambda: database._source.open(write=True),
        lambda: database._source.session(write=True).__enter__(),
        lambda: database._source.hold(),
        lambda: database.hold().__enter__(),
    ):
        with pytest.raises(RefusedError, match="read-only"):
            use()


def test_read_only_duckdb_is_opened_so_only(shop: Path) -> None:
    database = open_database(f"duckdb:///{shop}", read_only=True)
    writing(database)
    before = shop.read_bytes()
    with (
        database.hold_open(),
        database._source.session() as session,
        pytest.raises(Fault, match="read-only"),
    ):
        session.run("COMMENT ON TABLE sales.orders IS 'x'")
    assert len(list(database.scan())) == 5
    assert shop.read_bytes() == before


def test_read_only_without_a_file_or_a_server_of_its_own(tmp_path: Path) -> None:
    import sqlite3

    sqlite3.connect(tmp_path / "a.sqlite").close()
    (tmp_path / "a.sqlite").touch()
    writing(open_database(f"sqlite:///{tmp_path / 'a.sqlite'}", read_only=True))


@pytest.mark.live
@pytest.mark.parametrize(
    ("name", "statements"),
    [
        (
            "postgresql",
            [
                "COMMENT ON TABLE t IS 'x'",
                "BEGIN; COMMENT ON COLUMN t.i IS 'x'; COMMIT",
                "INSERT INTO t VALUES (1)",
                "CREATE TABLE u (i int)",
            ],
        ),
        (
            "mariadb",
            [
                "ALTER TABLE t COMMENT = 'x'",
                "ALTER TABLE t MODIFY i int COMMENT 'x', ALGORITHM=INSTANT",
                "INSERT INTO t VALUES (1)",
                "LOCK TABLES t WRITE",
                "DROP TABLE t",
            ],
        ),
    ],
)
def test_a_read_only_session_of_a_server_refuses_by_itself(
    name: str, statements: list[str], request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(f"{name}_url")
    execute(url, "CREATE TABLE t (i int)")
    database = open_database(url, read_only=True)
    writing(database)
    with database._source.session() as session:
        for sql in statements:
            with pytest.raises(Fault, match=re.compile("read-?\\s?only", re.I)):
                session.run(sql)
            session.quietly("ROLLBACK")
    (table,) = [t for t in database.scan() if t.id.name == "t"]
    assert table.comment is None
    assert database.profile(table)["i"].rows == 0
    database.close()


# The database's own files


@pytest.fixture
def bare(postgresql_server: Server) -> str:
    return make_url(postgresql_server.url)._replace(password=None).render_as_string()


@pytest.mark.live
def test_pgpass_is_read_by_libpq(
    bare: str, postgresql_server: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(failure(bare), PasswordWanted)
    file = home / "passwords"
    secret = make_url(postgresql_server.url).password
    file.write_text(f"*:*:*:steward:{secret}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    with open_database(bare) as database:
        assert database.url == bare
    file.write_text("*:*:*:steward:wrong-one\n")
    error = failure(bare)
    assert not isinstance(error, PasswordWanted)
    assert "wrong-one" not in error.message


@pytest.mark.live
def test_my_cnf_opens_mariadb(mariadb_server: Server, home: Path) -> None:
    execute(
        mariadb_server.url,
        "CREATE OR REPLACE USER filed@'%' IDENTIFIED BY 'from the file'",
        "GRANT SELECT ON mysql.* TO filed@'%'",
    )
    url = make_url(mariadb_server.url)
    bare = f"mysql://filed@{url.host}:{url.port}/mysql"
    assert isinstance(failure(bare), PasswordWanted)
    file = home / ".my.cnf"
    file.write_text('[client]\npassword="from the file"\nsocket=/nowhere.sock\n')
    file.chmod(0o600)
    assert os.environ["HOME"] == str(home)
    with open_database(bare) as database:
        assert database.dialect.name == "mariadb"
    file.write_text("[client]\npassword=wrong-one\n")
    error = failure(bare)
    assert "refused the user name or the password" in error.message
    assert "wrong-one" not in error.message


@pytest.mark.live
def test_a_password_beyond_latin_1_opens_mariadb(mariadb_server: Server) -> None:
    """PyMySQL could not encode it, and the error showed a character of it."""
    execute(
        mariadb_server.url,
        "CREATE OR REPLACE USER wide@'%' IDENTIFIED BY 'ä表😀'",
        "GRANT SELECT ON mysql.* TO wide@'%'",
    )
    with open_database(mariadb_server.with_user("wide", "ä表😀")) as database:
        assert database.dialect.name == "mariadb"
    assert "refused" in failure(mariadb_server.with_user("wide", "表")).message


# Limits


def test_limits_bound_the_sample(shop: Path) -> None:
    limits = Limits(sample_rows=7)
    with open_database(f"duckdb:///{shop}", limits=limits) as database:
        assert database.limits is limits
        (orders,) = database.scan(tables=["sales.orders"])
        assert database.profile(orders)["status"].rows == 7
        assert database.profile(orders, rows=3)["status"].rows == 3


def test_limits_reach_whoever_writes(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.dialects.duckdb import DuckDB
    from connectors.writing.transaction import TransactionWriter

    given: list[Limits] = []

    class Opened(TransactionWriter):
        def __init__(self, dialect: DuckDB, *rest: Any) -> None:
            given.append(dialect.limits)
            super().__init__(dialect, *rest)

    monkeypatch.setattr("connectors.writing.dispatch.TransactionWriter", Opened)
    limits = Limits(lock_seconds=0.5, connections=4)
    with open_database(f"duckdb:///{shop}", limits=limits) as database:
        assert list(database.execute([], NoLedger())) == []
    assert given == [limits]


class NoLedger:
    """A ledger that nothing may be written into."""

    def intend(self, statements: object) -> list[int]:
        raise AssertionError

    def close(self, ends: object) -> None:
        raise AssertionError
