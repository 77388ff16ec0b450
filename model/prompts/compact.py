"""The prompt of the bundled model: the table's lines and nothing else.

There are no instructions; what to do is in the adapter's weights. Training builds its
examples with the functions of this file, so that the two cannot drift apart. A head has
the table and the words of its columns; a block a column has its name, kind, keys and
codes, and before it the nearest description of a like column, if one is near.

Text from databases is untrusted: no `|`, `<` or line break ever gets from it into a
prompt, so that no name, comment or code can spell a special token or a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from catalog.objects import Column, Profile, Table, TableId, Target, column_of
from model.names import UPPER, capital, humanize, split, subject, words_of
from model.prompt import Prompt

END = "<|im_end|>"
"""The end of a text: the base model's own end of a turn."""
ABOUT = "The table:"
RUN = 40
"""Most columns that one prompt asks for."""
LONGEST_COMMENT = 120
"""Characters of the table's comment that are read."""
LIMIT = 56
"""Most tokens of one description."""

_PLAIN_SCHEMAS = frozenset(
    ("", "main", "public", "dbo", "default", "raw", "staging", "none")
)
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

Nearest = Callable[[Table, Target], str | None]
"""The line of an example for a target, or None where none is near."""


def kind_of(type_text: str) -> str:
    """The kind of a type in a word or two; empty where it says nothing we know."""
    low = type_text.lower().strip()
    low = re.sub(r"^(nullable|lowcardinality)\((.*)\)$", r"\2", low)
    return next((kind for kind, pattern in _KINDS if pattern.search(low)), "")


def column_phrase(table: Table, name: str) -> str:
    """A column's name in words, without what all of its table begin with."""
    return (
        humanize(words_of(table, name)) or humanize(split(name)).lower() or name.lower()
    )


def one_line(text: str, longest: int) -> str:
    """Text from a database, made safe: one line, no `|`, `<` or control, cut short."""
    cleaned = "".join(c if c.isprintable() and c not in "|<" else " " for c in text)
    return " ".join(cleaned.split())[:longest].rstrip()


def head(table: Table, columns: Sequence[Column]) -> str:
    """What all blocks of a prompt share: the table, and the columns in it."""
    first = f"Table {_named(table.id.name, subject(table.id.name))}"
    if table.id.schema.lower() not in _PLAIN_SCHEMAS:
        first += f" in {one_line(table.id.schema, 40)}"
    if table.comment and (about := one_line(table.comment, LONGEST_COMMENT)):
        first += f": {about}"
    names = ", ".join(one_line(column_phrase(table, c.name), 50) for c in columns)
    return f"{first}\nColumns: {names}\n"


def block(
    table: Table,
    target: Target,
    profile: Profile | None = None,
    *,
    example: str | None = None,
    opening: str = "",
) -> str:
    """What one description sees of its own, up to where the model begins to write.

    Args:
        table: as the catalog has it.
        target: the table or one of its columns.
        profile: a sample of the column.
        example: the line of `example_line` for the nearest description, if any.
        opening: the first words of the text, where they are given.
    """
    before = f"{example}\n" if example else ""
    after = f" {opening}" if opening else ""
    name = column_of(target)
    if name is None:
        return f"{before}{ABOUT}{after}"
    line = f"Column {_named(name, column_phrase(table, name))}"
    column = table.column(name)
    if column is not None and (kind := kind_of(column.type)):
        line += f", {kind}"
    if name in table.primary_key:
        line += ", key"
    reference = table.references(name)
    if reference is not None:
        line += f", refers to {one_line(reference[0].name, 40)}"
    if profile is not None and (codes := _codes(profile)):
        line += f", codes {codes}"
    return f"{before}{line}:{after}"


def example_line(name: str, table: str, text: str) -> str:
    """One described column (or table, where `name` is empty) as an example."""
    what = f"{name} of {table}" if name else table
    return f"Like {one_line(what, 80)}: {one_line(text, 160)}"


def _named(name: str, words: str) -> str:
    """A name, with its words in brackets where they are not plain from the name."""
    shown, words = one_line(name, 60), one_line(words, 60)
    plain = shown.lower().replace("_", " ")
    return shown if words.lower() == plain else f"{shown} ({words})"


def _codes(profile: Profile) -> str:
    """The first codes of a list, each safe and short; empty where there is none."""
    shown = [one_line(code, 20) for code in profile.codes[:6]]
    return ", ".join(code for code in shown if code)


def compact_prompts(
    table: Table,
    targets: Sequence[Target],
    profiles: Mapping[str, Profile],
    *,
    nearest: Nearest = lambda _table, _target: None,
    opening: Callable[[Table], str] = lambda _: "",
    offered: Callable[[Table, Target], tuple[str, ...]] = lambda _table, _target: (),
) -> list[tuple[Prompt, tuple[Target, ...]]]:
    """Prompts that ask for every target once, with each block's target.

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
            block(
                table,
                target,
                profiles.get(column_of(target) or ""),
                example=nearest(table, target),
                opening=opening(table) if isinstance(target, TableId) else "",
            )
            for target in members
        )
        weighed = tuple(offered(table, target) for target in members)
        prompt = Prompt(shared, blocks, LIMIT, (END, "\n"), offered=weighed)
        prompts.append((prompt, tuple(members)))
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
    text = _WORD.sub(lambda m: _CAPITALS.get(m.group(), m.group()), text)
    text = re.sub(
        r"(^|[.!?]\s+)([a-z]\S*)", lambda m: m.group(1) + capital(m.group(2)), text
    )
    return text if text[-1] in ".!?" else text + "."
