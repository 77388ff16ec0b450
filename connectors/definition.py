"""The text of SHOW CREATE TABLE on MySQL and MariaDB, cut into definitions.

There a column's comment can only be set by restating its whole definition, and every
way of rebuilding that from the catalog loses something. So the text is sliced, never
parsed: nothing of it changes but the comment. (Of 69 varied columns the naive
restatement damaged 57, one from information_schema 13, this none.)

The text must come from a session whose sql_mode has neither ANSI_QUOTES nor
NO_BACKSLASH_ESCAPES and whose sql_quote_show_create is on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from catalog.objects import Target, column_of

REBUILD = (
    "commenting it would copy the whole table ({why}); --allow-rebuild allows that"
)
"""Why a column has no comment where no copy is allowed."""
DOUBTFUL = (
    "the {what} of it holds a question mark, which the database also prints for "
    "characters that it cannot; restated, they would be lost"
)
"""Why a column is not restated, whatever is allowed."""


class Token(NamedTuple):
    """A piece of SQL text that is not blank."""

    start: int
    """Where it begins."""
    end: int
    """Where it ends."""
    depth: int
    """How many parentheses are open around it."""
    text: str
    """The piece itself."""


_TOKEN = re.compile(
    r"""
    (?P<blank> \s+ | /\*(?!!|M!).*?(?:\*/|\Z) )
    | '(?: [^'\\] | \\. | '' )*'
    | "(?: [^"\\] | \\. | "" )*"
    | `(?: [^`] | `` )*`
    | (?P<open> ['"`] )
    | /\*M?!\d*            # what an executable comment holds counts
    | \*/
    | [\w$\x80-\U0010ffff]+
    | .
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(sql: str) -> Iterator[Token]:
    """Cuts SQL text into pieces without losing any but blanks and plain comments.

    Raises:
        ValueError: A quote is not closed.
    """
    depth = 0
    for found in _TOKEN.finditer(sql):
        kind = found.lastgroup
        if kind == "blank":
            continue
        text = found[0]
        if kind == "open":
            start = sql[found.start() : found.start() + 40]
            raise ValueError(f"a {text} is not closed: {start}")
        if text == ")":
            depth -= 1
        yield Token(found.start(), found.end(), depth, text)
        if text == "(":
            depth += 1


def name_of(quoted: str) -> str:
    """The name inside backticks."""
    return quoted[1:-1].replace("``", "`")


# https://dev.mysql.com/doc/refman/8.4/en/string-literals.html
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


def text_of(literal: str) -> str:
    """The text of a string literal in single quotes."""

    def unescaped(found: re.Match[str]) -> str:
        return _ESCAPED.get(found[1], found[1]) if found[1] else "'"

    return _ESCAPE.sub(unescaped, literal[1:-1])


@dataclass(frozen=True, slots=True)
class Definition:
    """One column's definition, without its name and its comment."""

    name: str
    """The column's name."""
    before: str
    """What stands before the comment: type, default and the rest."""
    after: str
    """What must stand behind it: a CHECK, or nothing."""
    comment: str | None = field(default=None, compare=False)
    """The comment itself, which is no part of the definition; None for none."""
    place: tuple[int, int] = field(default=(0, 0), compare=False)
    """Where COMMENT begins and ends in the table's text, the blank before it included;
    where there is none, the place for it."""

    def with_comment(self, literal: str | None) -> str:
        """The whole definition with another comment, or with none."""
        parts = [self.before, f"COMMENT {literal}" if literal else "", self.after]
        return " ".join(part for part in parts if part)

    def with_srid(self, srid: int) -> Definition:
        """Restates a geometry's reference system, which MariaDB does not print."""
        kind, _, rest = self.before.partition(" ")
        before = f"{kind} REF_SYSTEM_ID={srid} {rest}".rstrip()
        return replace(self, before=before)

    def as_json(self, check: str, *, table_is_binary: bool) -> Definition:
        """Restates MariaDB's longtext with a JSON check as the `json` it came from.

        As longtext it would rebuild the table. Only the exact text that `json` stands
        for is taken; anything else stays as it is, to be refused by the server.

        Args:
            check: The check that `json` implies for this column.
            table_is_binary: The table's own collation is utf8mb4_bin, so that the
                column does not name it.
        """
        found = _JSON.match(self.before)
        if self.after != check or not found:
            return self
        if not (found["collation"] or table_is_binary):
            return self
        return replace(self, before="json" + self.before[found.end() :], after="")

    @property
    def type_word(self) -> str:
        """The name of its type, in small letters."""
        return self.before.split("(")[0].split(" ")[0].lower()

    @property
    def is_stored(self) -> bool:
        """Whether it is a generated column kept on disk: commenting it rebuilds."""
        if "GENERATED ALWAYS AS" not in self.before:  # how both servers print it
            return False
        words = [t.text.upper() for t in tokens(self.before) if t.depth == 0]
        return "AS" in words and not {"STORED", "PERSISTENT"}.isdisjoint(words)

    @property
    def doubtful_default(self) -> bool:
        """Whether its default may be another text than the one that is printed.

        MariaDB prints it in three-byte UTF-8, with a question mark for each character
        that has no place there; restated, it would be that question mark. Defaults that
        are expressions, and those of other types, are printed as they are.
        """
        if "?" not in self.before:
            return False
        words = [token.text for token in tokens(self.before) if token.depth == 0]
        return words[0].lower() in _CONVERTED and any(
            word.upper() == "DEFAULT" and following[0] == "'" and "?" in following
            for word, following in pairwise(words)
        )

    @property
    def doubtful_labels(self) -> bool:
        """Whether a label of an enum or set may be another than is printed.

        The server compares them, and changes none unless the table may be copied.
        """
        if not self.before.lower().startswith(("enum(", "set(")):
            return False
        labels = (token for token in tokens(self.before) if token.depth == 1)
        return any("?" in label.text for label in labels)


_CONVERTED = frozenset({"char", "varchar", "enum", "set"})
"""Types whose literal default is converted when it is printed."""
_JSON = re.compile(
    r"longtext(?P<collation> CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)?"
    r"(?! CHARACTER| COLLATE)\b"
)


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A SHOW CREATE TABLE text in pieces, without any comment."""

    columns: dict[str, Definition]
    """Name to definition, in order."""
    others: tuple[str, ...]
    """Keys, constraints and periods."""
    options: str
    """What follows the parentheses, without COMMENT and AUTO_INCREMENT."""
    comment: str | None = field(default=None, compare=False)
    """The table's comment, or None."""
    text: str = field(default="", compare=False, repr=False)
    """The whole text; empty where it leaves something out that is here."""
    place: tuple[int, int] = field(default=(0, 0), compare=False)
    """Where the table's COMMENT is in the text, or most likely would be."""

    def comment_of(self, target: Target) -> str | None:
        """The comment on the table or on one of its columns."""
        name = column_of(target)
        if name is None:
            return self.comment
        column = self.columns.get(name)
        return column.comment if column else None

    def basis_of(self, target: Target) -> str | None:
        """What a comment's clause restates besides it; None where that is nothing."""
        column = self.columns.get(column_of(target) or "")
        return column.with_comment(None) if column else None

    def with_comments(self, comments: Mapping[str | None, str | None]) -> str | None:
        """The text as the server prints it once these comments are set.

        A guess, to be compared with what it does print: where that is the same to the
        letter, the definition is the same and the comments are these.

        Args:
            comments: By column; the table's own under None.
        """
        if not self.text:
            return None
        edits: list[tuple[int, int, str]] = []
        for name, comment in comments.items():
            if name is None:
                edits.append(
                    (*self.place, f" COMMENT={_printed(comment)}" * bool(comment))
                )
            elif name in self.columns:
                place = self.columns[name].place
                edits.append((*place, f" COMMENT {_printed(comment)}" * bool(comment)))
            else:
                return None
        parts: list[str] = []
        done = 0
        for start, end, comment in sorted(edits):
            parts += (self.text[done:start], comment)
            done = end
        return "".join((*parts, self.text[done:]))

    def differences(self, other: TableDefinition) -> list[str]:
        """What is not the same in another definition, a sentence each."""
        found: list[str] = []
        for name in {**self.columns, **other.columns}:
            mine, theirs = self.columns.get(name), other.columns.get(name)
            if mine != theirs:
                found.append(f"column {name}: {_shown(mine)} is now {_shown(theirs)}")
        if self.others != other.others:
            found.append(f"keys: {self.others} is now {other.others}")
        if self.options != other.options:
            found.append(f"options: {self.options} is now {other.options}")
        return found


_PRINTED = str.maketrans(
    {"\\": "\\\\", "'": "''", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
)


def _printed(comment: str | None) -> str:
    """A comment's literal as the server prints it."""
    return "'" + (comment or "").translate(_PRINTED) + "'"


def _shown(definition: Definition | None) -> str:
    return definition.with_comment(None) if definition else "nothing"


@lru_cache(maxsize=1000)
def slice_table(create: str) -> TableDefinition:
    """Cuts a SHOW CREATE TABLE text.

    What was cut when a statement was planned is mostly asked for again soon after,
    when it is executed.

    Raises:
        ValueError: It is not one, or not in the quoting described above.
    """
    columns: dict[str, Definition] = {}
    others: list[str] = []
    item: list[Token] = []
    place = -1
    for token in tokens(create):
        if place < 0:
            place = token.end if token.text == "(" else place
            continue
        ends = token.depth == 0
        if not ends and (token.depth, token.text) != (1, ","):
            if token.depth == 1:
                item.append(token)
            continue
        if item and item[0].text.startswith("`"):
            name = name_of(item[0].text)
            columns[name] = _slice_column(name, create, item, token.start)
        else:
            others.append(create[place : token.start].strip())
        place, item = token.end, []
        if ends:
            options, comment, at = _options(create, place)
            found = (columns, tuple(others), options, comment, create, at)
            return TableDefinition(*found)
    missing = "opening" if place < 0 else "closing"
    raise ValueError(f"the {missing} parenthesis is missing")


def _slice_column(name: str, sql: str, pieces: list[Token], end: int) -> Definition:
    """One column from its tokens outside parentheses, the name first."""
    start = pieces[0].end
    for token, following in pairwise(pieces):
        if token.text.upper() == "COMMENT" and following.text.startswith("'"):
            before, after = sql[start : token.start], sql[following.end : end]
            comment = text_of(following.text) or None
            place = (start + len(before.rstrip()), following.end)
            return Definition(name, before.strip(), after.strip(), comment, place)
    # Without one it belongs before the CHECK: behind it, it is a syntax error.
    checks = (token.start for token in pieces if token.text.upper() == "CHECK")
    middle = next(checks, end)
    before, after = sql[start:middle], sql[middle:end]
    at = start + len(before.rstrip())
    return Definition(name, before.strip(), after.strip(), place=(at, at))


def _options(sql: str, start: int) -> tuple[str, str | None, tuple[int, int]]:
    """Table options, without a counter that moves; their comment; its place."""
    kept: list[str] = []
    comment: str | None = None
    line = sql.find("\n", start)  # partitions stand on lines of their own
    at = len(sql) if line < 0 else line
    place = (at, at)
    pieces = list(tokens(sql[start:]))
    index = 0
    while index < len(pieces):
        word = pieces[index].text.upper()
        valued = index + 2 < len(pieces) and pieces[index + 1].text == "="
        if (
            word in ("COMMENT", "AUTO_INCREMENT")
            and valued
            and pieces[index].depth == 0
        ):
            if word == "COMMENT":
                literal = pieces[index + 2]
                comment = text_of(literal.text) or None
                before = sql[: start + pieces[index].start].rstrip()
                place = (len(before), start + literal.end)
            index += 3
            continue
        kept.append(pieces[index].text)
        index += 1
    return " ".join(kept), comment, place
