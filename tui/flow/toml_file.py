"""A file of settings in TOML: a mistake is named with its key, and with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from catalog.checked import mistake
from catalog.errors import UsageError

Text = Annotated[str, msgspec.Meta(pattern=r"\S", description="a text")]
"""A setting that says something."""

T = TypeVar("T", bound=msgspec.Struct)


class TomlFile:
    """What is in a file of settings; nothing, where there is none.

    Args:
        path: the file.
        text: what shall stand in it; None is what does.
        called: what a key of it is.
        lines: mistakes are named with their line.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """

    def __init__(
        self,
        path: Path,
        text: str | None = None,
        *,
        called: str = "setting",
        lines: bool = True,
    ) -> None:
        self._path = path
        self._called = called
        self._lines: dict[tuple[str, ...], int] = {}
        text = _read(path) if text is None else text
        try:
            self.document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise (
                self._syntax(str(error), text) if lines else self.wrong((), f"{error}.")
            ) from None
        if lines:
            self._lines = {(): 1, **dict(_places(text))}

    def convert(
        self,
        kind: type[T],
        entry: Mapping[str, Any],
        place: tuple[str, ...] = (),
        *,
        ours: Mapping[str, Any] | None = None,
        hook: Callable[[Any, Any], Any] | None = None,
    ) -> T:
        """A table of the file as what it has to be.

        Args:
            kind: a Struct; the descriptions of its fields' kinds say what they must be.
            entry: the table.
            place: where it stands.
            ours: fields that do not stand there.
            hook: makes a value of a kind that TOML does not know, or a ValueError.

        Raises:
            UsageError: it is something else.
        """
        ours = ours or {}
        known = tuple(each for each in kind.__struct_fields__ if each not in ours)
        for name in entry:
            if name not in known:
                raise self._unknown((*place, name), len(place), known)
        try:
            return msgspec.convert({**entry, **ours}, kind, dec_hook=hook)
        except msgspec.ValidationError as error:
            found = mistake(kind, error)
        keys = tuple(each.partition("[")[0] for each in found.place)
        if found.unknown is None:
            raise self.wrong((*place, *keys), f"{found.what}.")
        raise self._unknown((*place, *keys, found.unknown), len(place), found.known)

    def wrong(self, place: tuple[str, ...], what: str, hint: str = "") -> UsageError:
        """What is said of a mistake at a place."""
        while place and place not in self._lines:
            place = place[:-1]
        line = f":{self._lines[place]}" if self._lines else ""
        return UsageError(
            f"{self._path.name}{line}: {what}", hint or f"Correct {self._path}."
        )

    def _unknown(
        self, place: tuple[str, ...], below: int, known: tuple[str, ...]
    ) -> UsageError:
        """What is said of a key that means nothing."""
        close = difflib.get_close_matches(place[-1], known, 1)
        return self.wrong(
            place,
            f"{'.'.join(place[below:])} is no {self._called}"
            + (f"; did you mean {close[0]}?" if close else "."),
            f"There are {', '.join(known)}.",
        )

    def _syntax(self, words: str, text: str) -> UsageError:
        found = re.search(r"\(at line (\d+)", words)
        line = int(found[1]) if found else text.count("\n") + 1
        # What stands there is not repeated: it may be a password.
        what = re.sub(r"\s*\(at .*", "", words).strip()
        what = what[:1].lower() + what[1:]
        if twice := re.match(r"cannot declare \('([^']*)',?.*\) twice", what):
            what = f"there is a second connection {twice[1]}"
        self._lines = {(): line}
        return self.wrong((), f"{what}.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"Cannot read {path}: {reason}.", "Correct it.") from error


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
