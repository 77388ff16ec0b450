"""URLs, identities, and errors that say what to do."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from catalog.errors import ColumnistError, ExitCode, UsageError
from connectors.connect import identify, open_database, safe_url
from connectors.dialects.dialect import dialect_named
from tests.servers import Server, execute


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("postgresql://u:p@Host/db", "postgresql://host:5432/db"),
        ("postgresql+psycopg://other@host:5432/db", "postgresql://host:5432/db"),
        ("postgres://host/db", "postgresql://host:5432/db"),
        ("postgresql:///db?host=/run/pg", "postgresql:///run/pg/db"),
        ("postgresql://u@/", "postgresql://localhost:5432/u"),
        ("mysql://u@h/d", "mysql://h:3306/d"),
        ("mariadb://u@h/d", "mysql://h:3306/d"),
        ("mysql+pymysql://h:3307/d", "mysql://h:3307/d"),
        ("snowflake://u:p@account/db", "snowflake://account/db"),
    ],
)
def test_one_database_has_one_key(url: str, key: str) -> None:
    assert identify(url).key == key


@pytest.mark.parametrize(
    ("url", "schema"),
    [
        ("mysql://u@h/d", "d"),
        ("mysql://u@h", ""),
        ("mariadb://u@h/d", "d"),
        ("clickhouse://u@h/d", "d"),
        ("hive://u@h/d", "d"),
        ("spark://u@h/d", "d"),
        ("bigquery://project/d", "d"),
        ("bigquery://project", ""),
        ("snowflake://u@account/db", ""),
        ("snowflake://u@account/db/d", "d"),
        ("trino://u@h/catalog", ""),
        ("trino://u@h/catalog/d", "d"),
        ("databricks://h?catalog=c&schema=d", "d"),
        ("databricks://h?catalog=c", ""),
        ("teradata://u@h/?database=d", "d"),
        ("postgresql://u@h/db", ""),
        ("redshift://u@h/db", ""),
        ("mssql://u@h/db", ""),
        ("oracle://u@h/sid", ""),
        ("cockroachdb://u@h/db", ""),
        ("duckdb:///file", ""),
    ],
)
def test_a_url_names_a_schema_where_it_can(url: str, schema: str) -> None:
    parsed = make_url(url)
    dialect = dialect_named(parsed.get_backend_name())
    assert dialect is not None
    assert dialect.schema_in(parsed) == schema


def test_a_file_is_known_by_its_resolved_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a.duckdb")
    key = f"duckdb:{tmp_path / 'a.duckdb'}"
    assert identify(f"duckdb:///{tmp_path}/a.duckdb").key == key
    assert identify(f"duckdb:///{tmp_path}/x/../a.duckdb").key == key
    assert identify(f"duckdb:///{tmp_path}/link").key == key


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secret@h/d",
        "postgresql://u:secret@h/d?sslpassword=secret",
        "snowflake://u:secret@a/d?private_key=secret&token=secret",
        "mysql+pymysql://u:s%40secret@h/d",
    ],
)
def test_no_secret_is_shown(url: str) -> None:
    assert "secret" not in safe_url(url)
    assert "secret" not in identify(url).key + identify(url).label
    assert "u@" in safe_url(url)


def failure(url: str, **options: object) -> ColumnistError:
    with pytest.raises(ColumnistError) as caught:
        open_database(url, **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    "url", ["", "nonsense", "://", "postgresql", "/a/file.duckdb", "http//x"]
)
def test_what_is_no_url_is_wrong_usage(url: str) -> None:
    error = failure(url)
    assert isinstance(error, UsageError)
    assert error.exit_code is ExitCode.USAGE
    assert error.hint


def test_a_bad_url_does_not_repeat_its_password() -> None:
    error = failure("postgresql://u:se[cret@h:port/d")
    assert "se[cret" not in error.message + error.hint


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("snowflake://u:p@a/d", "snowflake-sqlalchemy"),
        ("bigquery://project", "sqlalchemy-bigquery"),
        ("oracle://u:p@h/d", "oracledb"),
        ("mysql+mysqldb://u@h/d", "mysqldb"),
        ("postgresql+psycopg2://u@h/d", "psycopg2"),
    ],
)
def test_a_missing_driver_names_its_package(url: str, package: str) -> None:
    error = failure(url)
    assert isinstance(error, UsageError)
    assert package in error.hint


@pytest.mark.parametrize("url", ["nosuch://h/d", "postgresql+nosuch://h/d"])
def test_an_unknown_driver_is_wrong_usage(url: str) -> None:
    assert isinstance(failure(url), UsageError)


@pytest.mark.parametrize("url", ["duckdb://", "duckdb:///:memory:", "sqlite://"])
def test_memory_is_not_a_database(url: str) -> None:
    assert isinstance(failure(url), UsageError)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_server_that_never_answers_times_out(dialect: str, silent_port: int) -> None:
    error = failure(f"{dialect}://u@127.0.0.1:{silent_port}/d", timeout=2)
    assert "did not answer in time" in error.message


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_nothing_listens(dialect: str) -> None:
    error = failure(f"{dialect}://u@127.0.0.1:1/d", timeout=3)
    assert "Nothing answers" in error.message


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_an_unknown_host(dialect: str) -> None:
    error = failure(f"{dialect}://u@no-such-host.invalid/d", timeout=3)
    assert "host" in error.message
    assert "not known" in error.message


@pytest.mark.live
@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_a_wrong_password(name: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(f"{name}_server")
    user = "steward" if name == "postgresql" else "nobody_at_all"
    error = failure(server.with_user(user, "wrong-password"))
    assert "refused the user name or the password" in error.message
    assert "wrong-password" not in error.message + error.hint


@pytest.mark.live
@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_a_database_that_does_not_exist(
    name: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(f"{name}_server")
    error = failure(server.database("no_such_database"))
    assert "There is no such database" in error.message


@pytest.mark.live
@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_a_password_may_come_apart_from_the_url(
    name: str, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(f"{name}_url")
    from sqlalchemy import make_url

    parsed = make_url(url)
    bare = safe_url(url)
    database = open_database(bare, password=parsed.password or "")
    assert database.url == bare
    assert list(database.scan(schemas=["nothing"])) == []


@pytest.mark.live
def test_a_mysql_url_finds_mariadb(mariadb_url: str) -> None:
    for scheme in ("mysql", "mariadb", "mysql+pymysql"):
        url = mariadb_url.replace("mysql", scheme, 1)
        assert open_database(url).dialect.name == "mariadb"


def test_naming_a_database_loads_no_driver() -> None:
    """`--help` must not pay for SQLAlchemy, sqlglot or a driver."""
    code = (
        "import sys, connectors.connect, connectors.database, connectors.script\n"
        "import connectors.ledger, connectors.run\n"
        "heavy = {'sqlalchemy', 'sqlglot', 'duckdb', 'psycopg', 'pymysql'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_two_catalogs_of_databricks_are_two_databases() -> None:
    keys = {
        identify(f"databricks://token@h.example.com?http_path=/p&catalog={name}").key
        for name in ("main", "dev")
    }
    assert len(keys) == 2


@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_a_server_says_who_it_is_at_every_address(
    name: str, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(f"{name}_url")
    server: Server = request.getfixturevalue(f"{name}_server")
    said = []
    for host in ("127.0.0.1", "localhost"):
        other = make_url(url).set(host=host).render_as_string(hide_password=False)
        with open_database(other) as database:
            said.append((database.identity.server, database.identity.instance))
    assert said[0] == said[1]
    assert all(said[0])
    with open_database(server.url) as database:
        # Another database of the same running server.
        assert database.identity.server != said[0][0]
        assert database.identity.instance == said[0][1]


def test_whoever_may_not_ask_the_server_is_known_by_the_address(
    postgresql_url: str, postgresql_server: Server
) -> None:
    execute(
        postgresql_url,
        "DROP ROLE IF EXISTS asks_nothing",
        "CREATE ROLE asks_nothing LOGIN PASSWORD 'x'",
        "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public",
    )
    name = make_url(postgresql_url).database or ""
    url = postgresql_server.with_user("asks_nothing", "x", database=name)
    with open_database(url) as database:
        assert database.identity.server == ""
        assert database.identity.key
        assert not list(database.scan())
