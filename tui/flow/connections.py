"""Saved connections: settings in a file, passwords in the system's keyring."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError, UsageError
from catalog.files import write_file
from tui.flow.connection_file import (
    SavedConnection,
    read_connections,
)

SERVICE = "columnist"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What there is to open a database with."""

    url: str
    """SQLAlchemy URL."""
    password: str | None = None
    """Takes the place of the URL's own; None leaves it to the URL and the driver."""
    saved: SavedConnection | None = None
    """The saved connection that was named."""

    def __repr__(self) -> str:
        return "Resolved(…)"  # a traceback shows values of variables


class Connections:
    """The file of saved connections, edited with its comments kept."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[SavedConnection]:
        """Saved connections in the file's order.

        Raises:
            UsageError: something in the file is wrong; the line is named.
        """
        return read_connections(self._path)

    def get(self, name: str) -> SavedConnection:
        """One saved connection.

        Raises:
            UsageError: there is none, or something in the file is wrong.
        """
        found = self.find(name)
        if found is None:
            raise _missing(name)
        return found

    def find(self, name: str) -> SavedConnection | None:
        """One saved connection, or None.

        Raises:
            UsageError: something in the file is wrong.
        """
        return next((each for each in self.all() if each.name == name), None)

    def add(
        self, name: str, url: str, *, settings: Mapping[str, Any] | None = None
    ) -> bool:
        """Save a connection; its password, if the URL has one, goes to the keyring.

        Args:
            name: what commands shall take for it.
            url: SQLAlchemy URL.
            settings: further keys of its table in the file; empty ones are left out.

        Returns:
            Whether a password was put into the keyring.

        Raises:
            UsageError: the name is taken, or something could not stand in the file.
        """
        import tomlkit

        from connectors.connect import savable_url

        if "://" in name or not name.strip():
            raise UsageError(f"{name!r} is no name for a connection.")
        document = self._read()
        if name in document:
            raise UsageError(
                f"There is a connection {name} already.",
                f"Remove it with `columnist connections remove {name}`.",
            )
        bare, password = savable_url(url)
        document[name] = {
            "url": bare,
            **{key: value for key, value in (settings or {}).items() if value},
        }
        read_connections(self._path, tomlkit.dumps(document))
        if password:
            self.remember(name, password)
        self._write(document)
        return bool(password)

    def remove(self, name: str) -> None:
        """Forget a connection and its password."""
        document = self._read()
        if name not in document:
            raise _missing(name)
        del document[name]
        self._write(document)
        with suppress(Exception):
            # Nothing to forget, or no keyring: either way nothing is kept.
            import keyring

            keyring.delete_password(SERVICE, name)

    def resolve(self, target: str, *, password_env: str | None = None) -> Resolved:
        """What to open for a URL or a connection's name.

        The password is the first of: the variable that `password_env` names,
        `COLUMNIST_PASSWORD`, the keyring's, the variable that the saved connection
        names. Without any it is left to the URL, and to files of the database's own.

        Raises:
            UsageError: there is no such connection, or the variable is not set.
        """
        password: str | None = None
        if password_env is not None:
            password = os.environ.get(password_env)
            if not password:
                raise UsageError(
                    f"The variable {password_env} of --password-env is not set.",
                    "Set it in the environment, or leave --password-env out.",
                )
        password = password or os.environ.get("COLUMNIST_PASSWORD") or None
        if "://" in target:
            return Resolved(target, password)
        found = {saved.name: saved for saved in self.all()}
        if (saved := found.get(target)) is not None:
            return Resolved(saved.url, password or _own_password(saved), saved)
        hint = "Give a URL such as postgresql://user@host/db or duckdb:///FILE"
        names = ", ".join(found)
        raise UsageError(
            f"{target} is neither a URL nor a saved connection.",
            f"{hint}, or one of: {names}." if names else f"{hint}.",
        )

    def remember(self, name: str, password: str) -> None:
        """Put a connection's password into the system's keyring.

        Raises:
            ColumnistError: there is no keyring, or it does not keep it.
        """
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, password)
            kept = keyring.get_password(SERVICE, name) == password
            reason = "it forgets them"
        except (KeyringError, RuntimeError, OSError) as error:
            kept, reason = False, str(error) or "there is none"
        if not kept:
            raise ColumnistError(
                f"The system keyring cannot hold the password: {reason}.",
                "Save the URL without it, and name a variable with --password-env, or"
                " set COLUMNIST_PASSWORD when you connect.",
            )

    def _read(self) -> MutableMapping[str, Any]:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            return tomlkit.parse(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return tomlkit.document()
        except (OSError, UnicodeDecodeError, TOMLKitError) as error:
            read_connections(self._path)  # names the line
            raise ColumnistError(
                f"Cannot read {self._path}: {type(error).__name__}.",
                "Correct or remove the file.",
            ) from error

    def _write(self, document: MutableMapping[str, Any]) -> None:
        import tomlkit

        hint = "Free some space, or choose another place with --workspace."
        write_file(self._path, tomlkit.dumps(document), hint=hint, folders=True)


def _missing(name: str) -> UsageError:
    return UsageError(
        f"There is no connection {name}.", "See `columnist connections list`."
    )


def _own_password(saved: SavedConnection) -> str | None:
    """A saved connection's password: the keyring's, or that of its variable."""
    with suppress(Exception):
        # Machines without a keyring raise all sorts of errors.
        import keyring

        if password := keyring.get_password(SERVICE, saved.name):
            return password
    return os.environ.get(saved.password_env) or None if saved.password_env else None
