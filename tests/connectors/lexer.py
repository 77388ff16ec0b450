"""What vendors' manuals say of literals and names, as small lexers of their own.

Nothing here is shared with the product: a statement is right where these lexers find
in it just the words, names and texts that were meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

Token = tuple[str, str]
"""A kind, which is `word`, `name`, `text` or `symbol`, and what it says."""

_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Rules:
    """How a vendor reads what stands in quotes."""

    page: str
    """Where the vendor says so."""
    backslash: bool = False
    """A backslash in a literal begins an escape."""
    doubled: bool = True
    """Two quotes in a literal are one."""
    raw_newline: bool = True
    """A literal can go over lines."""
    joins_lines: bool = False
    """A backslash at the end of a line takes the line's end with it."""
    controls: Mapping[str, str] | None = None
    """Letters after a backslash that mean something else than themselves."""
    e_strings: bool = False
    """A literal that begins with E has escapes."""
    name_mark: str = '"'
    """What names are quoted with."""
    name_backslash: bool = False
    """A backslash in a quoted name begins an escape."""


_STANDARD = "https://www.postgresql.org/docs/current/sql-syntax-lexical.html"

RULES = {
    "redshift": Rules(
        "https://docs.aws.amazon.com/redshift/latest/dg/r_Examples_with_character_types.html",
        backslash=True,
        controls=_CONTROLS,
    ),
    "cockroachdb": Rules("https://www.cockroachlabs.com/docs/stable/sql-constants"),
    "greenplum": Rules(_STANDARD, e_strings=True),
    "snowflake": Rules(
        "https://docs.snowflake.com/en/sql-reference/data-types-text",
        backslash=True,
        controls={**_CONTROLS, "0": "\0"},
    ),
    "bigquery": Rules(
        "https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical",
        backslash=True,
        doubled=False,
        raw_newline=False,
        controls={**_CONTROLS, "a": "\a", "v": "\v"},
        name_mark="`",
        name_backslash=True,
    ),
    "oracle": Rules(
        "https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/Literals.html"
    ),
    "mssql": Rules(
        "https://learn.microsoft.com/sql/t-sql/data-types/constants-transact-sql",
        joins_lines=True,
    ),
    "trino": Rules("https://trino.io/docs/current/language/types.html#varchar"),
    "teradata": Rules(
        "https://docs.teradata.com/r/Teradata-VantageTM-Data-Types-and-Literals/"
    ),
}
"""The rules of each dialect that is tested so."""

_ESCAPE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")


def tokens(sql: str, rules: Rules) -> list[Token]:
    """Splits a statement; raises ValueError where a quote or a remark is left open.

    Remarks count as errors, because no rendered statement has one.
    """
    found: list[Token] = []
    at = 0
    while at < len(sql):
        rest = sql[at:]
        if rest[0] in " \n":
            at += 1
        elif rest.startswith(("--", "/*", "#")):
            raise ValueError(f"a remark in {sql!r}")
        elif rest[0] == "'" or rest[:2] == "N'":
            start = at + rest.index("'") + 1
            text, at = _quoted(sql, start, "'", rules, name=False)
            found.append(("text", text))
        elif rest[:2] == "E'" and rules.e_strings:
            escaping = replace(rules, backslash=True, controls=_CONTROLS)
            text, at = _quoted(sql, at + 2, "'", escaping, name=False)
            found.append(("text", text))
        elif rest[0] == rules.name_mark:
            text, at = _quoted(sql, at + 1, rules.name_mark, rules, name=True)
            found.append(("name", text))
        elif word := re.match(r"[A-Za-z_@][A-Za-z0-9_]*", rest):
            found.append(("word", word[0]))
            at += len(word[0])
        else:
            found.append(("symbol", rest[0]))
            at += 1
    return found


def _quoted(
    sql: str, at: int, mark: str, rules: Rules, *, name: bool
) -> tuple[str, int]:
    """What stands in quotes, and where it goes on after them."""
    backslash = rules.name_backslash if name else rules.backslash
    doubled = rules.doubled if not name else not rules.name_backslash
    said: list[str] = []
    while at < len(sql):
        character = sql[at]
        if character == mark:
            if doubled and sql[at + 1 : at + 2] == mark:
                said.append(mark)
                at += 2
                continue
            return "".join(said), at + 1
        if character == "\\" and backslash:
            escape = _ESCAPE.match(sql, at + 1)
            if escape is not None:
                said.append(chr(int(escape[1] or escape[2] or escape[3], 16)))
                at = escape.end()
                continue
            letter = sql[at + 1 : at + 2]
            said.append((rules.controls or {}).get(letter, letter))
            at += 2
            continue
        joined = re.compile(r"\\\r?\n").match(sql, at)
        if rules.joins_lines and joined is not None and not name:
            at = joined.end()
            continue
        if character == "\n" and not rules.raw_newline:
            raise ValueError("a literal goes over lines")
        said.append(character)
        at += 1
    raise ValueError(f"a quote is left open in {sql!r}")
