"""Reads JSON Lines, plain or `.xz`, each line as a value of one type.

A line that is not what it has to be ends the reading with its number: a figure from
half a file would look like one from the whole.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from catalog.errors import ColumnistError
from catalog.files import reading

LONGEST_LINE = 1 << 24
"""Characters of the longest line that is read; a table of 20,000 columns has fewer."""

T = TypeVar("T")


def read_lines(path: Path, kind: type[T], hint: str) -> Iterator[T]:
    """The values of a file, read as they are asked for; empty lines are none.

    Args:
        path: of the file.
        kind: what every line is; fields that it does not have are passed over.
        hint: what errors say a line has to be.

    Raises:
        UsageError: there is no such file.
        ColumnistError: it cannot be read, or a line is something else.
    """
    decoder = msgspec.json.Decoder(kind)
    number = 0
    opener = lzma.open if path.suffix == ".xz" else open
    try:
        with reading(path), opener(path, "rt", encoding="utf-8") as file:
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise _wrong(path, number, "it is too long", hint)
                if line.strip():
                    try:
                        yield decoder.decode(line)
                    except (msgspec.MsgspecError, RecursionError) as error:
                        raise _wrong(path, number, reason(error), hint) from None
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise ColumnistError(
            f"{path} is damaged after line {number}: {error}.",
            "JSON Lines in UTF-8 are needed, plain or compressed with xz.",
        ) from error


def _wrong(path: Path, number: int, what: str, hint: str) -> ColumnistError:
    return ColumnistError(
        f"Line {number} of {path} is damaged, or something else: {what}.", hint
    )


def reason(error: Exception) -> str:
    """Why a text is no value of its type; a field's name instead of a JSON path."""
    told = re.fullmatch(r"(.+) - at `\$.*?(\w+)(?:\[.*\])?`", str(error))
    return f"`{told[2]}`: {told[1]}" if told else str(error)


def encoded(value: object) -> str:
    """A value as a line, the inverse of `read_lines`."""
    return msgspec.json.encode(value).decode() + "\n"
