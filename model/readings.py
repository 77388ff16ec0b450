"""Other sentences that a column's name may stand for, by rules.

The rules of `model.rules` commit to one reading of a name. Where they are not sure, the
others are worth having too: a model that knows how such columns are described tells how
likely each is, and as all of them follow from the catalog, none invents anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.objects import Column, Table
from model import hints
from model.names import column_words, gibberish, humanize, plural, singular
from model.prompts.compact import kind_of
from model.rules import describe_column
from model.tables import NO_NOUN, a, row_noun

MOST = 12
"""Sentences that are offered for a column at most, the rules' own among them."""


def readings(table: Table, column: Column) -> tuple[str, ...]:
    """Sentences for a column, the rules' own first; none where its name says nothing.

    Code lists are in none of them.
    """
    own = describe_column(table, column)
    siblings = tuple(other.name for other in table.columns)
    tokens = list(column_words(column.name, siblings, table.id.name))
    if own is None or gibberish(tuple(tokens)):
        return () if own is None else (own,)
    others = (text for text in _others(table, column, tokens) if not _twice(text))
    return tuple(dict.fromkeys([own, *map(_capital, others)]))[:MOST]


def _others(table: Table, column: Column, tokens: list[str]) -> Iterator[str]:
    noun = row_noun(table)
    short = noun.split()[-1]
    kind, last = kind_of(column.type), tokens[-1]
    phrase, rest = humanize(tokens), humanize(tokens[:-1])
    if last in hints.KEYS:
        if rest:
            yield f"identifier of the {rest}."
            yield f"unique identifier of the {rest}."
            yield f"identifier of the {rest} the {short} belongs to."
            if last == "key":
                yield f"key of the {rest}."
        for other in _nouns(noun):
            yield describe_column(table, column, noun=other) or ""
        return
    for other in _nouns(noun):
        yield describe_column(table, column, noun=other) or ""
    if last in hints.SMALL or last in ("name", "url", "at"):
        return
    many = singular(last) != last
    *before, number = tokens
    if before and re.fullmatch(r"(19|20)\d\d", number):
        yield f"number of {humanize(before)} in {number}."
        yield f"{humanize(before)} in {number}."
    if kind in ("boolean", "") and len(tokens) < 4:
        yield f"whether the {short} is {phrase}."
        yield f"whether the {short} has {phrase if many else a(phrase)}."
    if kind in ("whole number", "number", "") and last not in hints.AMOUNTS:
        yield f"number of {phrase if many else plural(phrase)}."
        yield f"number of {phrase if many else plural(phrase)} in the {short}."
    if kind in ("text", "") and len(tokens) < 4 and not many:
        yield f"name of the {phrase}."
        yield f"{phrase} the {short} is for."
    if kind in ("time", "date"):
        yield f"{'date' if kind == 'date' else 'time'} of the {phrase}."
    if kind == "json":
        yield f"{phrase}, as JSON."
    if rest and not many:
        yield f"{humanize([last])} of the {rest}."
        yield f"{humanize([last])} of {rest}."
    if rest:
        yield f"{phrase}."
    yield f"{phrase} in the {short}."


def _nouns(noun: str) -> list[str]:
    """What else a row may be called: a part of its noun, or nothing."""
    words = noun.split()
    parts = [words[-1], " ".join(words[:-1])] if words[1:] else []
    return [part for part in (*parts, NO_NOUN) if part != noun]


def _twice(text: str) -> bool:
    """Whether a sentence says a word of weight twice, or only what any column is."""
    words = [word for word in text.lower().rstrip(".").split() if len(word) > 4]
    return len(set(words)) < len(words) or text == "Unique identifier."


def _capital(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
