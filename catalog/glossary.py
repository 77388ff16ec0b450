"""A glossary: what the words of names mean, in a CSV file that people edit too.

The file has the columns `term,meaning,scope` and perhaps others (UTF-8, RFC 4180, or
separated by semicolons or tabs if its first line is). Rows that are not touched stay as
they are, byte for byte, and in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from catalog.csv_file import BrokenCsv, Record, csv_text, delimiter_of, read_records
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
        mark = _MARK if text.startswith(_MARK) else ""
        text = text.removeprefix(_MARK) or _row(HEADER, "\r\n")
        places, rows = _read(text, self.path)  # a broken file is not added to
        head = next(rows)[0]
        delimiter = delimiter_of(text)
        end = "\r\n" if head.raw.endswith("\r\n") else "\n"
        wanted = (key_of(term), scope.strip())
        before: str | None = None
        kept = [head.raw]
        for record, found in rows:
            if found is None or (found.key, found.scope.strip()) != wanted:
                kept.append(record.raw)
                continue
            # Of several rows the last one counts, and the first is where it stays.
            if meaning is not None and before is None:
                fields = [*record.fields, *[""] * len(head.fields)][: len(head.fields)]
                fields[places["meaning"]] = meaning
                kept.append(_row(fields, end, delimiter))
            before = found.meaning
        if before is None:
            if meaning is None:
                return None
            if "scope" not in places and scope.strip():
                raise ColumnistError(
                    f"{self.path.name}:1: there is no column scope.",
                    f"Add it to the first line of {self.path}.",
                )
            added = {"term": term, "meaning": meaning, "scope": scope}
            fields = [""] * len(head.fields)
            for name, place in places.items():
                fields[place] = added[name]
            if not kept[-1].endswith(("\n", "\r")):
                kept[-1] += end
            kept.append(_row(fields, end, delimiter))
        hint = "Free some space, correct its rights, or name another glossary."
        write_file(self.path, mark + "".join(kept), hint=hint, folders=True)
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


def parse(text: str, path: Path) -> list[Term]:
    """The terms of a text that stands in a file.

    Raises:
        ColumnistError: it is broken; the line is named.
    """
    _, rows = _read(text.removeprefix(_MARK), path)
    return [term for _, term in rows if term is not None]


def render(terms: Iterable[Term]) -> str:
    """The inverse of `parse`."""
    return _row(HEADER, "\r\n") + "".join(
        _row((term.term, term.meaning, term.scope), "\r\n") for term in terms
    )


def _read(
    text: str, path: Path
) -> tuple[dict[str, int], Iterator[tuple[Record, Term | None]]]:
    """Where in a row each of our columns is, and rows, each with the term it has."""
    try:
        records = list(read_records(text, delimiter=delimiter_of(text)))
    except BrokenCsv as error:
        raise _wrong(path, error.line, error.reason) from error
    if not records:
        return {}, iter(())
    width = len(records[0].fields)
    names = [key_of(field) for field in records[0].fields]
    if any(names.count(name) != 1 for name in ("term", "meaning")):
        raise _wrong(path, 1, "the first line must be term,meaning,scope")
    places = {name: names.index(name) for name in HEADER if name in names}
    last = max(places["term"], places["meaning"])
    terms: list[Term | None] = [None]
    for record in records[1:]:
        fields = record.fields
        if len(fields) > width:
            raise _wrong(
                path,
                record.line,
                "there are more fields than in the first line; a text with a comma is"
                " written in quotes",
            )
        if fields and len(fields) <= last:
            raise _wrong(path, record.line, "the meaning is missing")
        there = {n: fields[at] for n, at in places.items() if at < len(fields)}
        terms.append(Term(**there) if fields else None)
    return places, zip(records, terms, strict=True)


def _row(fields: Sequence[str], end: str, delimiter: str = ",") -> str:
    # A field with the end of a line in it is quoted whichever end that is.
    return csv_text([fields], delimiter=delimiter).removesuffix("\r\n") + end


def _wrong(path: Path, line: int, what: str) -> ColumnistError:
    return ColumnistError(f"{path.name}:{line}: {what}.", f"Correct {path}.")
