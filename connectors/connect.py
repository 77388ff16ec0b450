"""From a URL to an open database, with errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.addresses import DatabaseIdentity
from catalog.errors import ColumnistError, UsageError
from catalog.objects import TableId
from connectors.database import Database
from connectors.database_session import DatabaseSession, Fault, ReadOnlySource
from connectors.dialects.dialect import ConnectFault, Dialect, dialect_named
from connectors.dialects.generic import Generic
from connectors.drivers import ALIASES, DIALECTS, install_hint
from connectors.limits import Limits
from connectors.secrets import (
    PASSWORD_OPTIONS,
    hide,
    secret_options,
    secrets_of,
    unsavable_options,
    without_options,
    without_secrets,
)

if TYPE_CHECKING:
    from sqlalchemy import URL

_WANTS_PASSWORD = re.compile(
    r"no password supplied|using password: NO|password is (empty|required|missing)"
    r"|null password given|no credentials specified",
    re.IGNORECASE,
)
"""How servers and drivers say that they were given no password."""

_GIVE_PASSWORD = (
    "Give one with --password-env NAME or COLUMNIST_PASSWORD, or save it with the"
    " connection."
)

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


class PasswordWanted(ColumnistError):
    """The server wants a password, and none was given."""


def open_database(
    url: str,
    *,
    read_only: bool = False,
    password: str | None = None,
    timeout: float = 10.0,
    limits: Limits | None = None,
) -> Database:
    """Opens a database and proves that it answers.

    Args:
        url: A SQLAlchemy URL; a driver need not be named.
        read_only: Refuse to write, in the sessions too.
        password: Takes the place of the one in the URL.
        timeout: Seconds to wait for the connection, or for a file that is held.
        limits: How much to take of the database; the defaults where None.

    Raises:
        UsageError: The URL is wrong or its driver is not installed.
        PasswordWanted: The server wants a password, and none was given.
        ColumnistError: The database cannot be opened.
    """
    named = _parse(url)
    dialect = _dialect_of(named)
    parsed = dialect.complete(named)
    identity = _identity(parsed, dialect)
    if password is not None:
        # As an option of the URL it would win over this one.
        parsed = without_options(parsed, PASSWORD_OPTIONS).set(password=password)
    secrets = secrets_of(named) | secrets_of(parsed)
    if "+" not in parsed.drivername and dialect.drivername:
        parsed = parsed.set(drivername=dialect.drivername)
    try:
        source = dialect.source(parsed, timeout=timeout, read_only=read_only)
    except ColumnistError:
        raise
    except Exception as error:
        raise _driver_problem(error, parsed, secrets) from error
    try:
        with source.session() as session:
            dialect = dialect.resolve(session)
            schemas = _schemas(dialect, session, parsed)
            identity = _said(identity, dialect, session, parsed)
    except Exception as error:
        source.close()
        if isinstance(error, ColumnistError):
            raise
        if isinstance(error, ImportError):
            raise _driver_problem(error, parsed, secrets) from error
        # Drivers raise all sorts, such as TypeError for an option they do not have and
        # AssertionError for a server whose version they cannot read.
        words = f"{type(error).__name__}: {error}"
        fault = error if isinstance(error, Fault) else Fault(words)
        said = Fault(hide(fault.message, secrets), code=fault.code)
        problem = _connect_problem(said, dialect, identity)
        wanted = isinstance(error, Fault) and _WANTS_PASSWORD.search(fault.message)
        if wanted and not parsed.password:
            problem = PasswordWanted(problem.message, _GIVE_PASSWORD)
        raise problem from error
    if read_only:
        source = ReadOnlySource(source, identity.label)
    return Database(
        identity,
        dialect,
        safe_url(url),
        source,
        schemas=schemas,
        read_only=read_only,
        limits=limits,
    )


def safe_url(url: str) -> str:
    """The URL without its password and other secrets, as it may be shown."""
    return without_secrets(_parse(url)).render_as_string()


def savable_url(url: str) -> tuple[str, str | None]:
    """The URL as it may stand in a file, and the password that it carried.

    The paths of key files stay in it.

    Raises:
        UsageError: It carries another secret, such as a token.
    """
    parsed = _parse(url)
    options = unsavable_options(parsed)
    others = [name for name in options if name not in PASSWORD_OPTIONS]
    if others:
        raise UsageError(
            f"The URL's option {others[0]} looks like a secret; no file may hold it.",
            "Leave it out, and give it in the URL when you connect.",
        )
    given = [one for name in options for one in secret_options(parsed)[name]]
    bare = without_options(parsed, options).render_as_string()
    return bare, parsed.password or next(iter(given), None)


def has_secret(url: str) -> bool:
    """Whether a URL holds a password or another secret; false where it is no URL."""
    try:
        parsed = _parse(url)
    except UsageError:
        return False
    return bool(parsed.password or unsavable_options(parsed))


def host_of(url: str) -> str | None:
    """The host that a URL leads to, or None for a file or a local socket."""
    parsed = _parse(url)
    return _dialect_of(parsed).complete(parsed).host


def identify(url: str) -> DatabaseIdentity:
    """Which database a URL names, without connecting to it."""
    parsed = _parse(url)
    dialect = _dialect_of(parsed)
    return _identity(dialect.complete(parsed), dialect)


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
    return parsed.set(drivername=ALIASES.get(first, first) + plus + driver)


def _dialect_of(url: URL) -> Dialect:
    """The dialect of a URL; the generic one where no file is named so."""
    first = url.get_backend_name()
    return dialect_named(DIALECTS.get(first, first)) or Generic()


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
    # Databricks has the catalog among the options, and everybody is called "token".
    catalog = url.query.get("catalog")
    named = catalog if isinstance(catalog, str) else None
    database = url.database or named or url.username or ""
    place = f"{where}:{port}" if port and not where.startswith("/") else where
    key = f"{family}://{place}/{database}"
    return DatabaseIdentity(key, f"{database} on {place}" if database else place)


def _schemas(dialect: Dialect, session: DatabaseSession, url: URL) -> tuple[str, ...]:
    """The schemas that a URL limits everything to; all where empty."""
    named = dialect.schema_in(url)
    if named and dialect.schema_spelled:
        named = str(session.value(dialect.schema_spelled) or named)
    return (named,) if named else ()


def _said(
    identity: DatabaseIdentity, dialect: Dialect, session: DatabaseSession, url: URL
) -> DatabaseIdentity:
    """The identity with what the server says of itself, where it says anything."""
    if not (dialect.names_sql or dialect.identity_sql):
        return identity
    try:
        rows = session.rows(dialect.names_sql or dialect.identity_sql)
    except Fault as fault:
        if fault.lost:
            raise
        return identity  # an older server, or this user may not ask
    if dialect.names_sql:
        return replace(identity, names=frozenset(TableId(*row) for row in rows))
    if not rows or None in rows[0]:
        return identity
    server, instance = map(str, rows[0])
    if dialect.database_is_schema:
        server += f"/{dialect.schema_in(url)}"
    return replace(identity, server=server, instance=instance)


def _driver_problem(
    error: Exception, url: URL, secrets: Iterable[str]
) -> ColumnistError:
    """A driver that is unknown or not installed."""
    first = url.get_backend_name()
    own = dialect_named(DIALECTS.get(first, first))
    _, _, driver = url.drivername.partition("+")
    if driver and own and own.drivername and url.drivername != own.drivername:
        usual = own.drivername.partition("+")[2] or own.drivername
        hint = f"Begin the URL with {first}:// to use {usual}, or install {driver}."
    else:
        hint = install_hint(first) or (
            "Check the first word of the URL, and that its SQLAlchemy driver "
            "is installed."
        )
    words = hide(" ".join(str(error).split()), secrets)
    if isinstance(error, ImportError):
        return UsageError(f"The driver for {first} is not installed ({words}).", hint)
    if type(error).__name__ == "NoSuchModuleError":
        return UsageError(f"{first} has no driver here.", hint)
    return UsageError(f"The URL cannot be used: {words}", "Check its options.")


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
