"""Saved connections: names and URLs in a file, passwords in the system's keyring."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError, UsageError

SERVICE = "columnist"


@dataclass(frozen=True, slots=True)
class SavedConnection:
    """One line of `connections.toml`."""

    name: str
    """What commands take in place of a URL."""
    url: str
    """SQLAlchemy URL without secrets."""


class Connections:
    """The file of saved connections, edited with its comments kept."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[SavedConnection]:
        """Saved connections in the file's order."""
        return [
            SavedConnection(str(name), str(entry.get("url", "")))
            for name, entry in self._read().items()
            if isinstance(entry, MutableMapping)
        ]

    def add(self, name: str, url: str) -> bool:
        """Save a connection; its password, if the URL has one, goes to the keyring.

        Returns:
            Whether a password was put into the keyring.
        """
        from connectors.connect import password_of, safe_url

        if "://" in name or not name.strip():
            raise UsageError(f"{name!r} is no name for a connection.")
        document = self._read()
        if name in document:
            raise UsageError(
                f"There is a connection {name} already.",
                f"Remove it with `columnist connections remove {name}`.",
            )
        document[name] = {"url": safe_url(url)}
        password = password_of(url)
        if password:
            self._remember(name, password)
        self._write(document)
        return bool(password)

    def remove(self, name: str) -> None:
        """Forget a connection and its password."""
        document = self._read()
        if name not in document:
            raise UsageError(
                f"There is no connection {name}.", "See `columnist connections list`."
            )
        del document[name]
        self._write(document)
        with suppress(Exception):
            # Nothing to forget, or no keyring: either way nothing is kept.
            import keyring

            keyring.delete_password(SERVICE, name)

    def resolve(self, target: str) -> tuple[str, str | None]:
        """A URL for a URL or a connection's name, and the password to use with it.

        The password is the keyring's, or `COLUMNIST_PASSWORD`, or None for the URL's
        own.
        """
        from_environment = os.environ.get("COLUMNIST_PASSWORD")
        if "://" in target:
            return target, from_environment
        for connection in self.all():
            if connection.name == target:
                password = from_environment
                if password is None:
                    with suppress(Exception):
                        # Machines without a keyring raise all sorts of errors.
                        import keyring

                        password = keyring.get_password(SERVICE, target)
                return connection.url, password
        hint = "Give a URL such as postgresql://user@host/db or duckdb:///FILE"
        names = ", ".join(connection.name for connection in self.all())
        raise UsageError(
            f"{target} is neither a URL nor a saved connection.",
            f"{hint}, or one of: {names}." if names else f"{hint}.",
        )

    def _remember(self, name: str, password: str) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, password)
        except (KeyringError, RuntimeError, OSError) as error:
            raise ColumnistError(
                "The system keyring cannot hold the password:"
                f" {error or 'there is none'}.",
                "Save the URL without it and set COLUMNIST_PASSWORD when you connect.",
            ) from error

    def _read(self) -> MutableMapping[str, Any]:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            return tomlkit.parse(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return tomlkit.document()
        except (OSError, UnicodeDecodeError, TOMLKitError) as error:
            raise ColumnistError(
                f"Cannot read {self._path}: {error}.", "Correct or remove the file."
            ) from error

    def _write(self, document: MutableMapping[str, Any]) -> None:
        import tomlkit

        scratch = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_text(tomlkit.dumps(document), encoding="utf-8")
            os.replace(scratch, self._path)
        except OSError as error:
            raise ColumnistError(
                f"Cannot write {self._path}: {error.strerror}.",
                "Free some space, or choose another place with --workspace.",
            ) from error
