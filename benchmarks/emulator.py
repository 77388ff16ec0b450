"""What a terminal shows of the bytes that the app wrote into it."""

from __future__ import annotations

import codecs
import re

from rich.cells import cell_len

_PIECE = re.compile(
    r"\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\[[0-?]*+[ -/]*+(?=[^@-~])"
    r"|\x1b[\]P][^\x1b\x07]*(?:\x07|\x1b\\|(?=\x1b[^\\]))"
    r"|\x1b[^[\]P\x1b]|\x1b(?=\x1b)|[\r\n]|[^\x1b\r\n]+"
)
"""A control sequence, with what it says and its letter, an end of a line, or text.

A program that is stopped amid a sequence leaves it cut off.
"""


class Screen:
    """The characters in a terminal's cells, as far as Textual makes use of it."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rows: dict[int, dict[int, str]] = {}
        self._at = (1, 1)
        self._begun = ""

    def take(self, raw: bytes) -> None:
        """Draw what a program wrote; it may end amid a sequence."""
        text = self._begun + self._decode(raw)
        end = 0
        while match := _PIECE.match(text, end):
            end = match.end()
            self._draw(*match.group(0, 1, 2))
        self._begun = text[end:]

    def _draw(self, piece: str, says: str | None, letter: str | None) -> None:
        row, column = self._at
        if letter == "H":
            numbers = [int(number or 1) for number in (says or "").split(";")]
            self._at = (numbers[0], numbers[1] if len(numbers) > 1 else 1)
        elif letter == "J" or (letter == "h" and says == "?1049"):
            self._rows.clear()
        elif piece == "\r":
            self._at = (row, 1)
        elif piece == "\n":
            self._at = (row + 1, column)
        elif piece[0] != "\x1b":
            cells = self._rows.setdefault(row, {})
            for character in piece:
                cells[column] = character
                column += cell_len(character)
            self._at = (row, column)

    @property
    def lines(self) -> list[str]:
        """Its lines from the top, without what is blank at their ends."""
        return [
            "".join(cells.get(at, " ") for at in range(1, max(cells, default=0) + 1))
            for cells in (
                self._rows.get(row, {})
                for row in range(1, max(self._rows, default=0) + 1)
            )
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines)
