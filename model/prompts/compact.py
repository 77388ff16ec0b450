"""The prompt of the bundled model: the table's words between special tokens.

There are no instructions; what to do is in the weights. Training builds its examples
with the functions of this file, so that the two formats cannot drift apart. Names go
in as the words they are made of, in lower case, so that a word of the name and the
same word in the description are the same tokens and can be copied.

Text from databases is untrusted: no `|` ever gets from it into a prompt, so that no
name, comment or code can spell a special token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from catalog.objects import Column, Profile, Table, TableId, Target, column_of
from model.names import UPPER, column_words, humanize, split, subject
from model.prompt import Prompt

END = "<|end|>"
PAD = "<|pad|>"
TABLE = "<|table|>"
SCHEMA = "<|schema|>"
ABOUT = "<|about|>"
MEMBER = "<|c|>"
NOTE = "<|note|>"
WHOLE = "<|whole|>"
COLUMN = "<|col|>"
TYPE = "<|type|>"
KEY = "<|key|>"
REFERENCE = "<|ref|>"
CODES = "<|codes|>"
STYLES = {
    "rules": "<|text:rules|>",
    "data": "<|text:data|>",
    "api": "<|text:api|>",
    "standard": "<|text:standard|>",
}
"""The last token of a block: in whose manner the model shall write."""

SPECIAL = (
    END,
    PAD,
    TABLE,
    SCHEMA,
    ABOUT,
    MEMBER,
    NOTE,
    WHOLE,
    COLUMN,
    TYPE,
    KEY,
    REFERENCE,
    CODES,
    *STYLES.values(),
)
"""Every special token, in the order of their ids."""

RUN = 40
"""Most columns that one prompt asks for."""
LIMIT = 40
"""Most tokens of one description."""

_NOTE_WORDS = 12
_PLAIN_SCHEMAS = frozenset(("", "main", "public", "dbo", "default", "raw", "staging"))
_KINDS = (
    ("boolean", re.compile(r"^(bool|bit$|bit\(1\)|tinyint\(1\))")),
    ("json", re.compile(r"json|struct|map|variant|object|super|record")),
    ("list", re.compile(r"array|\[\]|list|repeated|set\b")),
    ("time", re.compile(r"^(datetime|timestamp|smalldatetime|time)")),
    ("date", re.compile(r"^date")),
    ("whole number", re.compile(r"^u?(big|small|medium|tiny|huge)?int|serial|^long")),
    (
        "number",
        re.compile(r"^(num|dec|float|double|real|money|fixed|smallmoney|byteint)"),
    ),
    ("binary", re.compile(r"^(blob|bytea|bytes|binary|varbinary|image|raw)")),
    ("id", re.compile(r"^(uuid|guid|uniqueidentifier)")),
    ("text", re.compile(r"char|text|string|clob|enum|name|citext|xml")),
)


def kind_of(type_text: str) -> str:
    """The kind of a type in a word or two; empty where it says nothing we know."""
    low = type_text.lower().strip()
    low = re.sub(r"^(nullable|lowcardinality)\((.*)\)$", r"\2", low)
    return next((kind for kind, pattern in _KINDS if pattern.search(low)), "")


def phrase(name: str) -> str:
    """An identifier as lower-case words."""
    return humanize(split(name)).lower() or "unnamed"


def column_phrase(table: Table, name: str) -> str:
    """A column's name as lower-case words, without what all of its table begin with."""
    siblings = tuple(column.name for column in table.columns)
    words = column_words(name, siblings, table.id.name)
    return humanize(words).lower() or phrase(name)


def quote(text: str, *, words: int) -> str:
    """Text from a database, made safe: lower case, no `|`, no controls, cut short."""
    cleaned = "".join(c if c.isprintable() and c != "|" else " " for c in text)
    return " ".join(cleaned.lower().split()[:words]).rstrip(".")


def head(table: Table, columns: Sequence[Column], *, notes: bool = True) -> str:
    """What all blocks of a prompt share: the table, and the columns in it."""
    parts = [f"{TABLE} {subject(table.id.name).lower()}"]
    if table.id.schema.lower() not in _PLAIN_SCHEMAS:
        parts.append(f"{SCHEMA} {phrase(table.id.schema)}")
    if (
        notes
        and table.comment
        and (about := quote(table.comment, words=2 * _NOTE_WORDS))
    ):
        parts.append(f"{ABOUT} {about}")
    for column in columns:
        parts.append(f"{MEMBER} {column_phrase(table, column.name)}")
        if (
            notes
            and column.comment
            and (note := quote(column.comment, words=_NOTE_WORDS))
        ):
            parts.append(f"{NOTE} {note}")
    return "".join(parts)


def block(
    table: Table,
    target: Target,
    profile: Profile | None = None,
    *,
    style: str = "data",
) -> str:
    """What one description sees of its own, up to where the model begins to write."""
    name = column_of(target)
    if name is None:
        return f"{WHOLE}{STYLES[style]}"
    parts = [f"{COLUMN} {column_phrase(table, name)}"]
    column = table.column(name)
    if column is not None and (kind := kind_of(column.type)):
        parts.append(f"{TYPE} {kind}")
    if table.primary_key == (name,):
        parts.append(KEY)
    reference = table.references(name)
    if reference is not None:
        parts.append(f"{REFERENCE} {subject(reference[0].name).lower()}")
    if profile is not None and (codes := _codes(profile)):
        parts.append(f"{CODES} {codes}")
    return "".join(parts) + STYLES[style]


def _codes(profile: Profile) -> str:
    """The first codes of a list, each safe and short; empty where there is none."""
    shown = [quote(code, words=3)[:20] for code in profile.codes[:6]]
    return ", ".join(code for code in shown if code)


def compact_prompts(
    table: Table,
    targets: Sequence[Target],
    profiles: Mapping[str, Profile],
    *,
    styles: Sequence[str] = ("data",),
) -> list[tuple[Prompt, tuple[Target, ...]]]:
    """Prompts that ask for every target once in each style, with each block's target.

    A wide table is cut into runs of `RUN` columns. Each run's head has the table and
    its key columns besides the columns of the run.
    """
    asked = {column_of(target) for target in targets} - {None}
    ahead = [target for target in targets if isinstance(target, TableId)]
    rest = [target for target in targets if not isinstance(target, TableId)]
    runs = [rest[i : i + RUN] for i in range(0, len(rest), RUN)] or [[]]
    prompts = []
    for number, run in enumerate(runs):
        members: list[Target] = [*ahead, *run] if number == 0 else [*run]
        if not members:
            continue
        shared = head(table, _members(table, {column_of(t) for t in run}, asked))
        blocks = tuple(
            block(table, target, profiles.get(column_of(target) or ""), style=style)
            for target in members
            for style in styles
        )
        asked_for = tuple(target for target in members for _ in styles)
        prompts.append((Prompt(shared, blocks, LIMIT, (END,)), asked_for))
    return prompts


def _members(
    table: Table, run: set[str | None], asked: set[str | None]
) -> Sequence[Column]:
    """The columns a run's head shows: all of a narrow table, else keys and the run."""
    if len(table.columns) <= RUN:
        return table.columns
    keys = {name for key in table.foreign_keys for name in key.columns}
    keys |= set(table.primary_key)
    shown = [c for c in table.columns if c.name in run or c.name in keys]
    spare = [c for c in table.columns if c not in shown and c.name not in asked]
    chosen = {column.name for column in [*shown, *spare[: max(0, RUN - len(shown))]]}
    return [column for column in table.columns if column.name in chosen]


_CAPITALS = {
    low: word
    for low, word in UPPER.items()
    if low not in {"it", "us", "rest", "pos", "pin", "ram", "mac", "os", "ui", "po"}
}
_WORD = re.compile(r"[A-Za-z0-9]+")


def finish(raw: str) -> str:
    """House style: one line, first letter raised, acronyms upper, a final full stop."""
    text = " ".join(raw.replace(END, " ").split())
    text = re.sub(r"\s+([.,;:)])", r"\1", text).strip(" ,;:-")
    if not re.search(r"\w", text):
        return ""
    text = _WORD.sub(lambda m: _CAPITALS.get(m.group().lower(), m.group()), text)
    text = re.sub(
        r"(^|[.!?]\s+)([a-z])", lambda m: m.group(1) + m.group(2).upper(), text
    )
    return text if text[-1] in ".!?" else text + "."
