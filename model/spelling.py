"""Writes names out with a glossary, so that rules and model read them as any other.

A table is given to both with its short forms replaced by the words they stand for
(`cust_rpid` becomes `cust_rate_plan`): prompts are made of the words of names, so the
model meets nothing that it was not trained on, and no file of terms can say anything to
it but words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from catalog.glossary import Term, key_of
from catalog.objects import ColumnId, ForeignKey, Table, TableId, Target
from model.names import capital, shared_letters, shared_prefix, split, word_set

Terms = Mapping[str, Term]
"""The terms that count for one table, by key."""

LONGEST_PHRASE = 6
"""Words up to which a meaning can stand in a name; a longer one explains, not names."""
LONGEST_LETTERS = 60
"""Characters that a prompt has room for in a name."""
INSIDE = (
    f"inside names only a phrase can stand, of {LONGEST_PHRASE} words and"
    f" {LONGEST_LETTERS} characters at most: begin with it, then a comma and the rest"
)
"""What to do with a meaning that has no phrase, to be said after a reason."""
_ARTICLES = word_set("a an the")
_NO_NOUNS = word_set(
    "it its this that these those there they we you he she if whether when where who "
    "which what is are was were has have can may must will contains defines denotes "
    "describes holds identifies indicates means represents shows specifies stores tells"
)
"""First words of what names nothing."""
_EXPLAINS = word_set("that which who whose where whether when")
_GOES_ON = _NO_NOUNS | word_set(
    "used as at because before after by during for from in into on per since so stands "
    "than through to under until with within without"
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A table with its names written out, and the way back."""

    table: Table
    """The table as rules and model are to read it."""
    names: Mapping[str, str]
    """Names of columns as they are to how they are written out."""

    def target(self, target: Target) -> Target:
        """A target of the table, as it is called in `table`."""
        if isinstance(target, TableId):
            return self.table.id
        return ColumnId(self.table.id, self.names[target.name])


def whole(name: str, terms: Terms) -> Term | None:
    """The term that explains a name as a whole, if there is one."""
    return terms.get(key_of(name)) if terms else None


def sentence(term: Term) -> str:
    """A meaning as a description: on one line, first letter raised, a full stop."""
    text = capital(" ".join(term.meaning.split()))
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def phrase(meaning: str) -> tuple[str, ...]:
    """The words that stand for a term inside a name; empty where there are none.

    What follows a comma, a colon, a bracket or "that" only explains them, and of a long
    meaning also what follows "for", "is" and the like. A sentence that does not begin
    with what the term names has none.
    """
    first = re.split(
        r"[,;:.!?(\[{]|\s[-\u2013\u2014]\s", " ".join(meaning.split()), maxsplit=1
    )[0]
    words = [word.lower() for word in _WORD.findall(first)]
    words = words[1:] if words[1:] and words[0] in _ARTICLES else words
    if not words or words[0] in _NO_NOUNS:
        return ()
    words = _until(words, _EXPLAINS)
    words = words if _fits(words) else _until(words, _GOES_ON)
    return tuple(words) if _fits(words) else ()


def _until(words: Sequence[str], ends: frozenset[str]) -> list[str]:
    return list(takewhile(lambda word: word not in ends, words))


def _fits(words: Sequence[str]) -> bool:
    joined = " ".join(words)
    return len(words) <= LONGEST_PHRASE and len(joined) <= LONGEST_LETTERS


def wordless(terms: Iterable[Term]) -> list[Term]:
    """The terms of one word whose meaning cannot stand inside names."""
    return [t for t in terms if len(split(t.term)) == 1 and not phrase(t.meaning)]


def used(name: str, terms: Terms) -> list[Term]:
    """The terms that explain a name or parts of it, in their order."""
    found = whole(name, terms)
    if found is not None:
        return [found]
    return [term for term, _ in _parts(split(name), terms) if term is not None]


def touched(table: Table, term: Term) -> list[Target]:
    """What of a table is read otherwise with a term than without it.

    Where it is in the table's own name that is everything, since every sentence about
    a column names what a row of its table is.
    """
    terms = {term.key: term}
    if term.holds_for(table.id) and used(table.id.name, terms):
        return list(table.targets())
    found: list[Target] = []
    letters = shared_letters(tuple(column.name for column in table.columns))
    for column in table.columns:
        names = [column.name] if term.holds_for(table.id) else []
        if names and letters is not None:
            names.append(column.name[2:])
        there = table.references(column.name)
        if there is not None and term.holds_for(there[0]):
            names.append(there[0].name)
        if any(used(name, terms) for name in names):
            found.append(column.id)
    return found


def spell(table: Table, terms_of: Callable[[TableId], Terms]) -> Spelled | None:
    """A table with its names written out; None where no term touches any of them.

    Args:
        table: as the catalog has it.
        terms_of: the terms that count for a table; it is asked for those that are
            referred to too.
    """
    terms = terms_of(table.id)
    others = {key.references for key in table.foreign_keys}
    there = {other: _spelled(other.name, terms_of(other)) for other in others}
    name = _spelled(table.id.name, terms)
    columns = tuple(column.name for column in table.columns)
    names = (
        _columns(columns, terms) if terms else dict(zip(columns, columns, strict=True))
    )
    same = all(old == new for old, new in names.items())
    if same and name == table.id.name and all(o.name == n for o, n in there.items()):
        return None
    table_id = TableId(table.id.schema, name)
    spelled = replace(
        table,
        id=table_id,
        columns=tuple(
            column._replace(id=ColumnId(table_id, names[column.name]))
            for column in table.columns
        ),
        primary_key=tuple(names.get(key, key) for key in table.primary_key),
        foreign_keys=tuple(
            ForeignKey(
                tuple(names.get(column, column) for column in key.columns),
                TableId(key.references.schema, there[key.references]),
                key.referenced_columns,
            )
            for key in table.foreign_keys
        ),
    )
    return Spelled(spelled, names)


def _columns(columns: tuple[str, ...], terms: Terms) -> dict[str, str]:
    """The columns of a table, written out; no two alike."""
    letters = shared_letters(columns)
    prefix = shared_prefix(columns)
    found: dict[str, str] = {}
    for name in columns:
        if whole(name, terms) is None and letters is not None:
            found[name] = _joined(name, _parts(split(name[2:]), terms))
        else:
            found[name] = _spelled(name, terms, prefix=prefix)
    changed = any(old != new for old, new in found.items())
    if letters is not None and changed:
        # What begins all names is only seen to while all of them have it.
        found = {
            old: new if new != old else "_".join(split(old[2:])) or old
            for old, new in found.items()
        }
    taken = {new for old, new in found.items() if old == new}
    for old, new in found.items():
        if old != new:
            while new in taken:
                new += "_"  # the same words to whoever splits it
            taken.add(new)
            found[old] = new
    return found


def _spelled(name: str, terms: Terms, *, prefix: str | None = None) -> str:
    if not terms:
        return name
    term = whole(name, terms)
    if term is not None:
        return "_".join(phrase(term.meaning)) or name
    tokens = split(name)
    if prefix is not None and len(tokens) > 1 and tokens[0] == prefix:
        rest = _parts(tokens[1:], terms)
        return _joined(name, [(None, (prefix,)), *rest])
    return _joined(name, _parts(tokens, terms))


_Part = tuple[Term | None, tuple[str, ...]]


def _joined(name: str, parts: Iterable[_Part]) -> str:
    """The parts as a name; the name itself where none of them is explained."""
    found = list(parts)
    if all(term is None for term, _ in found):
        return name
    return "_".join(word for _, words in found for word in words)


def _parts(tokens: Sequence[str], terms: Terms) -> list[_Part]:
    """Tokens with the longest terms among them replaced by their words."""
    if not terms:
        return [(None, tuple(tokens))]
    found: list[_Part] = []
    place = 0
    while place < len(tokens):
        for end in range(len(tokens), place, -1):
            term = _term(tokens[place:end], terms)
            if term is not None and (words := phrase(term.meaning)):
                found.append((term, words))
                place = end
                break
        else:
            found.append((None, (tokens[place],)))
            place += 1
    return found


def _term(tokens: Sequence[str], terms: Terms) -> Term | None:
    """The term for a run of tokens: as one word, or joined as names join them."""
    if len(tokens) == 1:
        return terms.get(tokens[0].casefold())
    for joint in ("_", " ", "", "-"):
        if found := terms.get(joint.join(tokens).casefold()):
            return found
    return None
