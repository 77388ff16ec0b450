"""`connections.toml`: what may stand in it, and on which line something else does."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from catalog.bounds import Bounds
from catalog.errors import UsageError
from catalog.objects import TableKind
from connectors.limits import Limits


@dataclass(frozen=True, slots=True)
class SavedConnection:
    """One table of `connections.toml`."""

    name: str
    """What commands take in place of a URL."""
    url: str
    """SQLAlchemy URL without a password."""
    schemas: tuple[str, ...] = ()
    """Exact names of the schemas there are; all where empty."""
    exclude: tuple[str, ...] = ()
    """Case-sensitive patterns on `schema` or `schema.table` that are left out."""
    kinds: tuple[TableKind, ...] = ()
    """What the tables are; all kinds where empty."""
    glossary: Path | None = None
    """A file of terms; the path is absolute."""
    style: Path | None = None
    """A file of rules for descriptions; the path is absolute."""
    model: str | None = None
    """What `--model` takes, where it is not given."""
    password_env: str | None = None
    """Name of the environment variable that holds the password."""
    limits: Limits = field(default_factory=Limits)
    """How much of the database Columnist takes for itself."""

    @property
    def bounds(self) -> Bounds:
        """The limit of everything that is done by this connection."""
        return Bounds(self.schemas, self.exclude, self.kinds)

    def as_json(self) -> dict[str, Any]:
        """All fields, without secrets."""
        from connectors.connect import safe_url

        return {
            "name": self.name,
            "url": safe_url(self.url),
            "schemas": list(self.schemas),
            "exclude": list(self.exclude),
            "kinds": [named for named, kind in KINDS.items() if kind in self.kinds],
            "glossary": str(self.glossary) if self.glossary else None,
            "style": str(self.style) if self.style else None,
            "model": self.model,
            "password_env": self.password_env,
            "limits": {
                each.name: getattr(self.limits, each.name) for each in fields(Limits)
            },
        }


_KEYS = tuple(each.name for each in fields(SavedConnection) if each.name != "name")
KINDS = {kind.value.replace(" ", "-"): kind for kind in TableKind}
"""Kinds of tables by their names in the file and on the command line."""
_KNOWN_KINDS = ", ".join(KINDS)
_WHOLE = ("sample_rows", "connections")
"""Limits that are whole numbers; the others are seconds."""


def read_connections(path: Path) -> list[SavedConnection]:
    """The connections of a file in its order; none where there is no file.

    Raises:
        UsageError: Something in it is wrong; the message begins with file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"Cannot read {path}: {reason}.", "Correct it.") from error
    return parse_connections(text, path)


def parse_connections(text: str, path: Path) -> list[SavedConnection]:
    """The connections of a text that stands in a file, or shall.

    Raises:
        UsageError: Something in it is wrong; the message begins with file and line.
    """
    return _File(path, text).connections()


class _File:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._lines: dict[tuple[str, ...], int] = {}

    def connections(self) -> list[SavedConnection]:
        try:
            document = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise self._syntax(str(error)) from None
        self._lines = dict(_places(self._text))
        found: list[SavedConnection] = []
        for name, entry in document.items():
            if not isinstance(entry, dict):
                raise self._wrong((name,), f"{name} must stand below a [name].")
            found.append(self._connection(name, entry))
        return found

    def _connection(self, name: str, entry: Mapping[str, Any]) -> SavedConnection:
        place = (name,)
        self._check_keys(place, entry, _KEYS)
        if "url" not in entry:
            raise self._wrong(place, f"{name} has no url.")
        password_env = self._text_of((*place, "password_env"), entry)
        if password_env is not None and not re.fullmatch(r"\w+", password_env):
            raise self._wrong(
                (*place, "password_env"),
                "password_env must be the name of an environment variable.",
            )
        return SavedConnection(
            name,
            self._url((*place, "url"), entry),
            self._texts_of((*place, "schemas"), entry),
            self._texts_of((*place, "exclude"), entry),
            self._kinds_of((*place, "kinds"), entry),
            self._file_of((*place, "glossary"), entry),
            self._file_of((*place, "style"), entry),
            self._model((*place, "model"), entry),
            password_env,
            self._limits((*place, "limits"), entry.get("limits", {})),
        )

    def _url(self, place: tuple[str, ...], entry: Mapping[str, Any]) -> str:
        from connectors.connect import savable_url

        url = self._text_of(place, entry)
        assert url is not None
        try:
            _, password = savable_url(url)
        except UsageError as error:
            raise self._wrong(place, f"url: {error.message}", error.hint) from None
        if password is not None:
            raise self._wrong(
                place,
                "url holds a password, which this file may not.",
                "Take it out, and set password_env, or add the connection anew with"
                " `columnist connections add`, which puts it into the keyring.",
            )
        return url

    def _model(self, place: tuple[str, ...], entry: Mapping[str, Any]) -> str | None:
        model = self._text_of(place, entry)
        if model is not None and re.match(r"https?://[^/]*@", model):
            raise self._wrong(
                place,
                "model holds a user or a key, which this file may not.",
                "Put the key into COLUMNIST_API_KEY.",
            )
        return model

    def _limits(self, place: tuple[str, ...], entry: object) -> Limits:
        if not isinstance(entry, dict):
            raise self._wrong(place, "limits must be a table.")
        self._check_keys(place, entry, tuple(each.name for each in fields(Limits)))
        for name, value in entry.items():
            whole = name in _WHOLE
            kinds = int if whole else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds) or value <= 0:
                what = "a whole number" if whole else "a number of seconds"
                raise self._wrong(
                    (*place, name), f"limits.{name} must be {what} above 0."
                )
            if value > 1_000_000:
                raise self._wrong(
                    (*place, name), f"limits.{name} must be at most 1000000."
                )
        return Limits(**entry)

    def _text_of(self, place: tuple[str, ...], entry: Mapping[str, Any]) -> str | None:
        value = entry.get(place[-1])
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(place, f"{place[-1]} must be a text.")
        return value

    def _file_of(self, place: tuple[str, ...], entry: Mapping[str, Any]) -> Path | None:
        name = self._text_of(place, entry)
        if name is None:
            return None
        return (self._path.parent / Path(name).expanduser()).absolute()

    def _texts_of(
        self, place: tuple[str, ...], entry: Mapping[str, Any]
    ) -> tuple[str, ...]:
        value = entry.get(place[-1], [])
        if not isinstance(value, list) or not all(
            isinstance(one, str) and one for one in value
        ):
            raise self._wrong(place, f'{place[-1]} must be a list, as in ["a", "b"].')
        return tuple(value)

    def _kinds_of(
        self, place: tuple[str, ...], entry: Mapping[str, Any]
    ) -> tuple[TableKind, ...]:
        names = self._texts_of(place, entry)
        for name in names:
            if name not in KINDS:
                raise self._wrong(
                    place, f"{name} is no kind of table.", f"There are {_KNOWN_KINDS}."
                )
        return tuple(KINDS[name] for name in names)

    def _check_keys(
        self,
        place: tuple[str, ...],
        entry: Mapping[str, Any],
        known: tuple[str, ...],
    ) -> None:
        for key in entry:
            if key not in known:
                close = difflib.get_close_matches(key, known, 1)
                raise self._wrong(
                    (*place, key),
                    f"{'.'.join((*place[1:], key))} is no setting"
                    + (f"; did you mean {close[0]}?" if close else "."),
                    f"There are {', '.join(known)}.",
                )

    def _wrong(self, place: tuple[str, ...], what: str, hint: str = "") -> UsageError:
        while place and place not in self._lines:
            place = place[:-1]
        line = self._lines.get(place, 1)
        return UsageError(
            f"{self._path.name}:{line}: {what}", hint or f"Correct {self._path}."
        )

    def _syntax(self, words: str) -> UsageError:
        found = re.search(r"\(at line (\d+)", words)
        line = int(found[1]) if found else self._text.count("\n") + 1
        # What stands there is not repeated: it may be a password.
        what = re.sub(r"\s*\(at .*", "", words).strip()
        what = what[:1].lower() + what[1:]
        twice = re.match(r"cannot declare \('([^']*)',?.*\) twice", what)
        if twice:
            what = f"there is a second connection {twice[1]}"
        return UsageError(
            f"{self._path.name}:{line}: {what}.", f"Correct {self._path}."
        )


def _places(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every key of a valid document with its line, from 1."""
    table: tuple[str, ...] = ()
    begun: list[str] = []
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not begun:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        begun.append(line)
        try:
            found = tomllib.loads("\n".join(begun))
        except tomllib.TOMLDecodeError:
            continue  # a list or a text that goes on in the next line
        if len(begun) == 1 and line.lstrip().startswith("["):
            table = max(_paths(found), key=len)
            yield table, start
        else:
            for path in _paths(found):
                yield (*table, *path), start
        begun = []


def _paths(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, value in found.items():
        yield (key,)
        if isinstance(value, dict):
            for path in _paths(value):
                yield (key, *path)
