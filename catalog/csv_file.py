"""CSV as people's programs save it: any usual delimiter and encoding, read strictly."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""What fields are separated by, most usual first, in words."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file as it stands there."""

    raw: str
    """Its text with the end of the line."""
    fields: tuple[str, ...]
    """Empty for an empty line."""
    line: int
    """Where it begins, from 1."""


class BrokenCsv(Exception):
    """A text that is no CSV."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        """Where it went wrong: for a quote, where that was opened."""
        self.reason = reason
        """What is wrong there, in words."""


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or what its byte order mark says.

    Raises:
        UnicodeDecodeError: it is something else.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding)
    return data.decode("utf-8")


def delimiter_of(text: str) -> str:
    """What separates the fields of the first line: most of them, else the comma."""
    head = next(iter(io.StringIO(text, newline="")), "")
    return max(DELIMITERS, key=head.count)


def read_records(text: str, *, delimiter: str = ",") -> Iterator[Record]:
    """The rows of a text, one by one.

    Raises:
        BrokenCsv: a quote is not closed or stands where none may, or a field is longer
            than 131,072 characters.
    """
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(iter(lines), strict=True, delimiter=delimiter)
    begun = 0
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            read = lines[begun : reader.line_num]
            if "field larger" in str(error):
                raise BrokenCsv(begun + 1, "this field is too long") from error
            opened = begun + _last_opened(read, delimiter)
            # A quote that closes in another line was most likely meant to open there.
            one_line = opened + 1 == reader.line_num
            raise BrokenCsv(
                opened + 1,
                "a quote stands in the middle of a field"
                if one_line and "unexpected end" not in str(error)
                else "a quote is opened here and never closed",
            ) from error
        raw = "".join(lines[begun : reader.line_num])
        yield Record(raw, tuple(fields), begun + 1)
        begun = reader.line_num


def csv_text(
    rows: Iterable[Sequence[object]], *, delimiter: str = ",", end: str = "\r\n"
) -> str:
    """Rows as the text of a file, the inverse of `read_records`."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def _last_opened(lines: list[str], delimiter: str) -> int:
    """In which of a row's lines the last quoted field begins."""
    opened = 0
    quoted = False
    before = delimiter
    for number, line in enumerate(lines):
        for character in line:
            if quoted:
                quoted = character != '"'
                before = "" if quoted else "closed"
            elif character == '"' and before == "closed":
                quoted = True  # two of them stand for one
            elif character == '"' and before == delimiter:
                opened, quoted = number, True
            else:
                before = character
    return opened
