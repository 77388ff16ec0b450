"""A glossary: what the words of names mean, in a CSV file that people edit too.

The file has the columns `term,meaning,scope` and perhaps others (UTF-8, RFC 4180, or
separated by semicolons or tabs if its first line is). Rows that are not touched stay as
they are, byte for byte, and in their order.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from catalog.csv_file import BrokenCsv, Record, delimiter_of, read_records
from catalog.errors import ColumnistError
from catalog.files import write_file
from catalog.objects import TableId

HEADER = ("term", "meaning", "scope")
_MARK = "\ufeff"
"""What some spreadsheets put in front of UTF-8."""


@dataclass(frozen=True, slots=True)
class Term:
    """One row of a glossary."""

    term: str
    """A whole name, or one or more words of names; case does not matter."""
    meaning: str
    """What it stands for, as a person wrote it."""
    scope: str = ""
    """A case-sensitive pattern on `schema` or `schema.table`; empty is everywhere."""

    @property
    def key(self) -> str:
        """By which names are compared."""
        return key_of(self.term)

    def holds_for(self, table: TableId) -> bool:
        """Whether the scope takes a table in."""
        return _in_scope(table, self.scope)


def key_of(text: str) -> str:
    """A term or name as it is compared: without case and outer spaces."""
    return text.strip().casefold()


class Glossary:
    """Terms by name, for each table those of the most specific scope.

    A scope that names a table is more specific than one that names a schema, and that
    more than none; of two alike the one with more letters is, then the later row.
    """

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        self.terms = tuple(term for term in terms if term.key and term.meaning.strip())
        self._by_scope: dict[str, dict[str, Term]] = {}
        for term in self.terms:
            self._by_scope.setdefault(term.scope.strip(), {})[term.key] = term
        self._scopes = sorted(self._by_scope, key=_specific)
        self._merged: dict[tuple[str, ...], dict[str, Term]] = {}

    def __len__(self) -> int:
        return len(self.terms)

    def of(self, table: TableId) -> Mapping[str, Term]:
        """The terms that count for a table, by key.

        Tables of the same scopes share one mapping, so that asking costs little.
        """
        scopes = tuple(s for s in self._scopes if not s or _in_scope(table, s))
        found = self._merged.get(scopes)
        if found is None:
            found = dict[str, Term]()
            for scope in scopes:
                found |= self._by_scope[scope]
            self._merged[scopes] = found
        return found


def _in_scope(table: TableId, scope: str) -> bool:
    glob = scope.strip()
    return not glob or fnmatchcase(table.schema, glob) or fnmatchcase(str(table), glob)


def _specific(scope: str) -> tuple[bool, int, bool, str]:
    letters = sum(character not in "*?[]" for character in scope)
    return "." in scope, letters, letters == len(scope), scope


class GlossaryFile:
    """A glossary on disk; read again whenever the file has changed.

    Args:
        path: the file, which need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._glossary = Glossary()

    def read(self) -> Glossary:
        """The glossary as the file has it now; empty where there is none.

        Raises:
            ColumnistError: it is broken; the line is named.
        """
        seen = self._stamp()
        if seen != self._seen:
            self._glossary = Glossary(parse(self._text(), self.path))
            self._seen = seen
        return self._glossary

    def answer(self, term: str, meaning: str, *, scope: str = "") -> str | None:
        """Put a term into the file; what it meant there before, None if nothing.

        Raises:
            ColumnistError: the term or the meaning is empty, or the file cannot be
                read or written.
        """
        if not key_of(term) or not meaning.strip():
            raise ColumnistError(
                "A term of the glossary needs a name and a meaning.", "Give both."
            )
        return self._change(term, meaning, scope)

    def forget(self, term: str, *, scope: str = "") -> str | None:
        """Take a term out of the file; what it meant, None if it was not there.

        Raises:
            ColumnistError: the file cannot be read or written.
        """
        return self._change(term, None, scope)

    def _change(self, term: str, meaning: str | None, scope: str) -> str | None:
        text = self._text()
        parse(text, self.path)  # a broken file is not added to
        mark = _MARK if text.startswith(_MARK) else ""
        records = list(_records(text.removeprefix(_MARK), self.path))
        delimiter = delimiter_of(text)
        end = "\n" if records and not records[0].raw.endswith("\r\n") else "\r\n"
        places = _places(records, self.path)
        wanted = (key_of(term), scope.strip())
        before: str | None = None
        kept: list[str] = []
        for number, record in enumerate(records):
            found = (
                _term(record, places, self.path) if number and record.fields else None
            )
            if found is None or (found.key, found.scope.strip()) != wanted:
                kept.append(record.raw)
                continue
            # Of several rows the last one counts, and the first is where it stays.
            replaced = before is not None
            before = found.meaning
            if meaning is not None and not replaced:
                fields = list(record.fields) + [""] * len(records[0].fields)
                fields = fields[: len(records[0].fields)]
                fields[places["meaning"]] = meaning
                kept.append(_row(fields, end, delimiter))
        if meaning is None and before is None:
            return None
        if not records:
            kept = [_row(HEADER, end)]
            places = {name: place for place, name in enumerate(HEADER)}
        if meaning is not None and before is None:
            fields = [""] * (len(records[0].fields) if records else len(HEADER))
            if "scope" not in places and scope.strip():
                raise ColumnistError(
                    f"{self.path.name}:1: there is no column scope.",
                    f"Add it to the first line of {self.path}.",
                )
            fields[places["term"]] = term
            fields[places["meaning"]] = meaning
            if "scope" in places:
                fields[places["scope"]] = scope
            if not kept[-1].endswith(("\n", "\r")):
                kept[-1] += end
            kept.append(_row(fields, end, delimiter))
        self._write(mark + "".join(kept))
        return before

    def _stamp(self) -> tuple[int, int, int]:
        try:
            found = self.path.stat()
        except OSError:
            return (0, 0, 0)  # reading says what is wrong, if anything is
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _text(self) -> str:
        try:
            return self.path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise _wrong(self.path, line, "this is not UTF-8") from error
        except OSError as error:
            raise ColumnistError(
                f"Cannot read {self.path}: {error.strerror}.",
                "Correct its rights, or name another glossary for the connection.",
            ) from error

    def _write(self, text: str) -> None:
        hint = "Free some space, correct its rights, or name another glossary."
        write_file(self.path, text, hint=hint, folders=True)


def parse(text: str, path: Path) -> list[Term]:
    """The terms of a text that stands in a file.

    Raises:
        ColumnistError: it is broken; the line is named.
    """
    records = list(_records(text.removeprefix(_MARK), path))
    places = _places(records, path)
    width = len(records[0].fields) if records else 0
    for record in records:
        if len(record.fields) > width:
            raise _wrong(
                path,
                record.line,
                "there are more fields than in the first line; a text with a comma is"
                " written in quotes",
            )
    return [_term(record, places, path) for record in records[1:] if record.fields]


def render(terms: Iterable[Term]) -> str:
    """The inverse of `parse`."""
    return _row(HEADER, "\r\n") + "".join(
        _row((term.term, term.meaning, term.scope), "\r\n") for term in terms
    )


def _records(text: str, path: Path) -> Iterator[Record]:
    try:
        yield from read_records(text, delimiter=delimiter_of(text))
    except BrokenCsv as error:
        raise _wrong(path, error.line, error.reason) from error


def _places(records: Sequence[Record], path: Path) -> dict[str, int]:
    """Where in a row each of our columns is."""
    if not records:
        return {}
    names = [key_of(field) for field in records[0].fields]
    if any(names.count(name) != 1 for name in ("term", "meaning")):
        raise _wrong(path, 1, "the first line must be term,meaning,scope")
    return {name: names.index(name) for name in HEADER if name in names}


def _term(record: Record, places: Mapping[str, int], path: Path) -> Term:
    fields = record.fields
    last = max(places["term"], places["meaning"])
    if len(fields) <= last:
        raise _wrong(path, record.line, "the meaning is missing")
    scope = places.get("scope", len(fields))
    return Term(
        fields[places["term"]],
        fields[places["meaning"]],
        fields[scope] if scope < len(fields) else "",
    )


def _row(fields: Sequence[str], end: str, delimiter: str = ",") -> str:
    buffer = io.StringIO()
    # A field with the end of a line in it is quoted whichever end that is.
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(fields)
    return buffer.getvalue().removesuffix("\r\n") + end


def _wrong(path: Path, line: int, what: str) -> ColumnistError:
    return ColumnistError(f"{path.name}:{line}: {what}.", f"Correct {path}.")
