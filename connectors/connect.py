"""From a URL to an open database, with errors that say what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import ColumnistError, UsageError
from connectors.database import Database, DatabaseIdentity
from connectors.dialects.dialect import ConnectFault, Dialect, dialect_named
from connectors.session import Fault

if TYPE_CHECKING:
    from sqlalchemy import URL

_PACKAGES = {
    "athena": "PyAthena[SQLAlchemy]",
    "awsathena": "PyAthena[SQLAlchemy]",
    "bigquery": "sqlalchemy-bigquery",
    "clickhouse": "clickhouse-connect",
    "clickhousedb": "clickhouse-connect",
    "cockroachdb": "sqlalchemy-cockroachdb",
    "databricks": "databricks-sqlalchemy",
    "db2": "ibm-db-sa",
    "dremio": "sqlalchemy-dremio",
    "firebird": "sqlalchemy-firebird",
    "hana": "sqlalchemy-hana",
    "hive": "PyHive[hive]",
    "mssql": "pyodbc",
    "oracle": "oracledb",
    "redshift": "sqlalchemy-redshift",
    "snowflake": "snowflake-sqlalchemy",
    "spark": "PyHive[hive]",
    "teradatasql": "teradatasqlalchemy",
    "trino": "trino[sqlalchemy]",
    "vertica": "sqlalchemy-vertica-python",
}
"""The package that brings the driver for a URL's first word."""

_ALIASES = {"postgres": "postgresql"}
"""First words in use that SQLAlchemy does not take."""

_COMMON_FAULTS = (
    ConnectFault(
        r"onnection refused",
        "Nothing answers at {label}: the connection was refused.",
        "Check the host and the port, and that the server runs.",
    ),
    ConnectFault(
        r"not known|could not translate host|nodename nor servname|getaddrinfo"
        r"|failed to resolve host|name resolution",
        "The host of {label} is not known.",
        "Check the host name in the URL, and the network or VPN.",
    ),
    ConnectFault(
        r"timeout|timed out",
        "{label} did not answer in time.",
        "Check the network or VPN, or allow more time.",
    ),
    ConnectFault(
        r"No such file or directory|unreachable|No route to host",
        "{label} cannot be reached.",
        "Check the host, the port and the network.",
    ),
)


def open_database(
    url: str,
    *,
    read_only: bool = False,
    password: str | None = None,
    timeout: float = 10.0,
) -> Database:
    """Opens a database and proves that it answers.

    Args:
        url: A SQLAlchemy URL; a driver need not be named.
        read_only: Refuse to write.
        password: Takes the place of the one in the URL.
        timeout: Seconds to wait for the connection, or for a file that is held.

    Raises:
        UsageError: The URL is wrong or its driver is not installed.
        ColumnistError: The database cannot be opened.
    """
    parsed = _parse(url)
    dialect = _dialect_of(parsed)
    identity = _identity(parsed, dialect)
    if password is not None:
        parsed = parsed.set(password=password)
    if "+" not in parsed.drivername and dialect.drivername:
        parsed = parsed.set(drivername=dialect.drivername)
    try:
        source = dialect.source(parsed, timeout=timeout, read_only=read_only)
    except Exception as error:
        raise _driver_problem(error, parsed) from error
    try:
        with source.session() as session:
            dialect = dialect.resolve(session)
    except ColumnistError:
        source.close()
        raise
    except Fault as fault:
        source.close()
        raise _connect_problem(fault, dialect, identity) from fault
    except ImportError as error:
        source.close()
        raise _driver_problem(error, parsed) from error
    return Database(identity, dialect, safe_url(url), source, read_only=read_only)


def safe_url(url: str) -> str:
    """The URL without its password and other secrets."""
    from sqlalchemy.util import immutabledict

    parsed = _parse(url)
    secret = re.compile(r"pass|pwd|token|secret|key", re.IGNORECASE)
    kept = {
        name: value for name, value in parsed.query.items() if not secret.search(name)
    }
    # `set(password=None)` would keep the password.
    return parsed._replace(password=None, query=immutabledict(kept)).render_as_string()


def host_of(url: str) -> str | None:
    """The host that a URL names, or None for a file or a local socket."""
    return _parse(url).host


def password_of(url: str) -> str | None:
    """The password that a URL carries, or None."""
    return _parse(url).password


def identify(url: str) -> DatabaseIdentity:
    """Which database a URL names, without connecting to it."""
    parsed = _parse(url)
    return _identity(parsed, _dialect_of(parsed))


def _parse(url: str) -> URL:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The message of make_url repeats the URL, password and all.
        raise UsageError(
            "This is not a database URL.",
            "It looks like postgresql://user@host/database or duckdb:///file.duckdb.",
        ) from error
    first, plus, driver = parsed.drivername.partition("+")
    return parsed.set(drivername=_ALIASES.get(first, first) + plus + driver)


def _dialect_of(url: URL) -> Dialect:
    """The dialect of a URL; the generic one where no file is named so."""
    found = dialect_named(url.get_backend_name())
    if found is None:
        found = dialect_named("generic")
    if found is None:
        raise UsageError(f"{url.get_backend_name()} is not a known database.")
    return found


def _identity(url: URL, dialect: Dialect) -> DatabaseIdentity:
    family = dialect.family if dialect.name != "generic" else url.get_backend_name()
    if dialect.is_file:
        if not url.database or url.database == ":memory:":
            raise UsageError(
                f"{dialect.label} in memory has nothing to describe.",
                f"Name a file: {dialect.name}:///file.",
            )
        path = str(Path(url.database).expanduser().resolve())
        return DatabaseIdentity(f"{family}:{path}", path)
    host = url.query.get("host") or url.query.get("unix_socket") or url.host
    where = ",".join(host) if isinstance(host, tuple) else host or "localhost"
    where = where if where.startswith("/") else where.lower()
    port = url.port or dialect.default_port
    database = url.database or url.username or ""
    place = f"{where}:{port}" if port and not where.startswith("/") else where
    key = f"{family}://{place}/{database}"
    return DatabaseIdentity(key, f"{database} on {place}" if database else place)


def _driver_problem(error: Exception, url: URL) -> ColumnistError:
    """A driver that is unknown or not installed."""
    first = url.get_backend_name()
    package = _PACKAGES.get(first)
    hint = (
        f"Install it beside Columnist: pip install '{package}'."
        if package
        else (
            "Check the first word of the URL, and that its SQLAlchemy driver "
            "is installed."
        )
    )
    driver = url.drivername.partition("+")[2]
    own = dialect_named(first)
    if driver and own is not None and own.drivername:
        hint = f"Begin the URL with {first}:// to use the driver that is here, or " + (
            f"install {driver}."
        )
    if isinstance(error, ImportError):
        return UsageError(f"The driver for {first} is not installed ({error}).", hint)
    if type(error).__name__ == "NoSuchModuleError":
        return UsageError(f"{first} has no driver here.", hint)
    return UsageError(f"The URL cannot be used: {error}", "Check its options.")


def _connect_problem(
    fault: Fault, dialect: Dialect, identity: DatabaseIdentity
) -> ColumnistError:
    """Why there is no connection, in the steward's words where they are known."""
    for known in (*dialect.connect_faults, *_COMMON_FAULTS):
        if re.search(known.pattern, f"{fault.code} {fault.message}"):
            message = known.message.format(label=identity.label)
            return ColumnistError(
                message[0].upper() + message[1:] + f" ({fault.message})", known.hint
            )
    return ColumnistError(
        f"{identity.label} cannot be opened: {fault.message}",
        "Check the URL and that the server runs.",
    )
