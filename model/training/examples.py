"""Makes groups to learn from: real texts, their words swapped, and synthetic tables.

Copying comes first: a description mostly says the words of the name, and a small model
learns that only if no name can be memorised. So synthetic tables of random and invented
words carry the rules' sentences, and in real tables some words are swapped for random
ones everywhere, in names and texts alike.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from catalog.objects import Column, ColumnId, ForeignKey, Profile, Table, TableId
from catalog.objects import TableKind as Kind
from model.names import expand, plural, singular, split, subject, word_set, words
from model.rules import describe_column, describe_table
from model.training.corpus import Documented
from model.training.packing import Ask, Encode, Group, make_group

GROUP = 8
"""Most blocks of a group; short rows waste little on the mask."""

_FIXED = word_set(
    "identifier date time number name type code status count amount user unique key "
    "indicates whether created updated list associated when with that from this "
    "value total record text description flag last first start end address active "
    "percentage average minimum maximum used using which have been other more than"
)
_SUFFIXES = [
    "id",
    "id",
    "id",
    "date",
    "at",
    "by",
    "count",
    "amount",
    "name",
    "type",
    "code",
    "status",
    "flag",
    "num",
    "qty",
    "url",
    "price",
    "rate",
    "desc",
    "key",
    "number",
    "total",
    "time",
    "percent",
    "kg",
    "ms",
]
_FIRSTS = [
    "is",
    "is",
    "has",
    "total",
    "avg",
    "min",
    "max",
    "num",
    "last",
    "first",
    "created",
    "parent",
]
_TYPES = ["", "", "int", "varchar(20)", "text", "numeric(10,2)", "timestamp", "date"]
_SYLLABLES = [
    "ba",
    "be",
    "bo",
    "ca",
    "ce",
    "co",
    "da",
    "de",
    "di",
    "do",
    "fa",
    "fi",
    "ga",
    "go",
    "ha",
    "hi",
    "jo",
    "ka",
    "ke",
    "ko",
    "la",
    "le",
    "li",
    "lo",
    "ma",
    "me",
    "mi",
    "mo",
    "na",
    "ne",
    "no",
    "nu",
    "pa",
    "pe",
    "pi",
    "po",
    "qua",
    "ra",
    "re",
    "ri",
    "ro",
    "sa",
    "se",
    "si",
    "so",
    "sta",
    "ta",
    "te",
    "ti",
    "to",
    "tra",
    "va",
    "ve",
    "vi",
    "vo",
    "wa",
    "we",
    "xa",
    "yo",
    "za",
    "ze",
    "zi",
    "zo",
]
_ENDS = ["", "", "n", "r", "s", "t", "x", "l", "nd", "rb", "th", "ck", "m", "ph"]


def random_word(rng: random.Random) -> str:
    """An English word of middling frequency, or an invented one.

    Names with it are read as just that word: no abbreviation, no plural.
    """
    if rng.random() < 0.55:
        known = _middling()
        return known[rng.randrange(len(known))]
    while True:
        middle = "".join(
            rng.choice(_SYLLABLES) for _ in range(rng.choice((1, 2, 2, 3)))
        )
        word = middle + rng.choice(_ENDS)
        if len(word) > 3 and _plain(word):
            return word


def _plain(word: str) -> bool:
    """Whether a word and its plural are read as themselves in a name."""
    many = plural(word)
    return (
        singular(many) == word
        and expand(split(word)) == [word]
        and expand(split(many)) == [many]
    )


_MIDDLING: list[str] = []


def _middling() -> list[str]:
    """Words worth swapping in: long enough, singular, not part of a template."""
    if not _MIDDLING:
        _MIDDLING.extend(
            word
            for word, rank in words().items()
            if rank > 150 and 4 <= len(word) <= 12 and _plain(word)
        )
    return _MIDDLING


def synthetic(rng: random.Random, encode: Encode) -> Group:
    """A table of random words with the rules' sentences."""
    noun = "_".join(random_word(rng) for _ in range(rng.choice((1, 1, 2))))
    table_id = TableId("", noun)
    names: list[str] = []
    keys: list[ForeignKey] = []
    for _ in range(rng.randint(4, GROUP)):
        middle = [random_word(rng) for _ in range(rng.choice((0, 1, 1, 1, 2)))]
        first = [rng.choice(_FIRSTS)] if rng.random() < 0.2 else []
        last = [rng.choice(_SUFFIXES)] if rng.random() < 0.7 or not middle else []
        name = "_".join([*first, *middle, *last])
        if name in names:
            continue
        names.append(name)
        if last in (["id"], ["key"]) and middle and rng.random() < 0.6:
            there = middle[-1] if rng.random() < 0.6 else random_word(rng)
            keys.append(ForeignKey((name,), TableId("", plural(there)), ("id",)))
    columns = tuple(
        Column(ColumnId(table_id, name), position, rng.choice(_TYPES))
        for position, name in enumerate(names, 1)
    )
    table = Table(table_id, Kind.TABLE, columns, tuple(names[:1]), tuple(keys))
    if rng.random() < 0.6:
        table = replace(table, primary_key=())
    asks = []
    for column in table.columns:
        text = describe_column(table, column)
        if text:
            asks.append(Ask(column.id, _as_learned(text), "rules"))
    if rng.random() < 0.3 and (text := describe_table(table)):
        asks.append(Ask(table_id, _as_learned(text), "rules"))
    return make_group(table, table.columns, asks, encode)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One table as the model sees it, and what is asked of it."""

    table: Table
    """Only the columns that the head shows, with the comments it may show."""
    asks: tuple[Ask, ...]
    """The descriptions to learn, or to try."""

    def group(self, encode: Encode) -> Group:
        """The lesson as token ids."""
        return make_group(self.table, self.table.columns, self.asks, encode)


def real(
    documented: Documented, rng: random.Random, encode: Encode, *, swap: float
) -> Iterator[Group]:
    """The groups of one table; with probability `swap` some of its words change."""
    for lesson in lessons(documented, rng, swap=swap):
        yield lesson.group(encode)


def lessons(
    documented: Documented, rng: random.Random, *, swap: float
) -> Iterator[Lesson]:
    """The lessons of one table; with probability `swap` some of its words change."""
    table = documented.table
    named = [column.name for column in table.columns if column.name in documented.texts]
    rng.shuffle(named)
    cuts = [named[i : i + GROUP] for i in range(0, len(named), GROUP)] or [[]]
    for number, chosen in enumerate(cuts):
        if rng.random() > documented.weight:
            continue
        whole = number == 0 and None in documented.texts
        yield _lesson(documented, chosen, whole, rng, swap)


def by_rules(documented: Documented, rng: random.Random, encode: Encode) -> Group:
    """A few columns of a real table, described or not, with the rules' sentences.

    The model's own version of those sentences is one of its candidates.
    """
    table = documented.table
    chosen = rng.sample(table.columns, min(len(table.columns), GROUP))
    others = [column for column in table.columns if column not in chosen]
    spare = rng.sample(others, min(len(others), rng.choice((0, 6, 16, 30))))
    shown = {column.name for column in (*chosen, *spare)}
    kept = replace(
        table,
        columns=tuple(column for column in table.columns if column.name in shown),
        foreign_keys=tuple(
            key for key in table.foreign_keys if set(key.columns) <= shown
        ),
    )
    asks = []
    if (told := describe_table(kept)) and rng.random() < 0.6:
        asks.append(Ask(kept.id, _as_learned(told), "rules"))
    for column in chosen:
        codes = documented.codes.get(column.name)
        profile = Profile(0, 0.0, 0, codes=codes) if codes else None
        if told := describe_column(kept, column, profile):
            asks.append(Ask(column.id, _as_learned(told), "rules", profile))
    return make_group(kept, kept.columns, asks, encode)


def _as_learned(sentence: str) -> str:
    """A finished sentence as the model writes it: lower case, no final stop."""
    return sentence.lower().rstrip(".")


def _lesson(
    documented: Documented,
    chosen: Sequence[str],
    whole: bool,
    rng: random.Random,
    swap: float,
) -> Lesson:
    """One lesson with a window of the table's columns as its head."""
    table = documented.table
    limit = rng.choice((10, 16, 24, 40))
    others = [column.name for column in table.columns if column.name not in chosen]
    spare = rng.sample(others, min(len(others), max(0, limit - len(chosen))))
    shown = {*chosen, *spare}
    noted = rng.random() < 0.15
    wanted: list[str | None] = [*([None] if whole else []), *chosen]
    swaps = _swaps(documented, wanted, rng) if rng.random() < swap else {}
    names = {
        column.name: _rename(column.name, swaps, rng)
        for column in table.columns
        if column.name in shown
    }
    table_id = TableId(table.id.schema, _renamed(table.id.name, swaps))
    if rng.random() < 0.4:
        table_id = TableId("", table_id.name)
    columns = []
    key: tuple[str, ...] = ()
    for column in table.columns:
        if column.name not in shown:
            continue
        text = documented.texts.get(column.name)
        note = noted and text and column.name not in chosen and rng.random() < 0.6
        kind = column.type if rng.random() < 0.85 else ""
        new = ColumnId(table_id, names[column.name])
        comment = _reword(text, swaps) if note and text else None
        columns.append(Column(new, column.position, kind, comment=comment))
        if text and text.startswith(("unique identifier", "primary key")):
            own = split(column.name)
            if own[-1:] == ("id",) and len(own) <= 3 and rng.random() < 0.5:
                key = (new.name,)
    about = documented.texts.get(None)
    comment = (
        _reword(about, swaps) if about and not whole and rng.random() < 0.3 else None
    )
    foreign = tuple(
        replace(k, columns=tuple(names[c] for c in k.columns))
        for k in table.foreign_keys
        if all(c in names for c in k.columns)
    )
    new_table = Table(table_id, table.kind, tuple(columns), key, foreign, comment)
    asks = []
    for name in wanted:
        codes = documented.codes.get(name or "")
        profile = Profile(0, 0.0, 0, codes=codes) if codes else None
        target = table_id if name is None else ColumnId(table_id, names[name])
        text = _reword(documented.texts[name], swaps)
        asks.append(Ask(target, text, documented.style, profile))
    return Lesson(new_table, tuple(asks))


def _swaps(
    documented: Documented, wanted: Sequence[str | None], rng: random.Random
) -> dict[str, str]:
    """Up to three words that names and texts share, each with a random new one."""
    nouns = set(subject(documented.table.id.name).lower().split())
    shared: set[str] = set()
    for name in wanted:
        own = nouns | ({w.lower() for w in expand(split(name))} if name else set())
        said = re.findall(r"[a-z]+", documented.texts[name])
        shared |= {singular(w) for w in own} & {singular(w) for w in said}
    open_ = sorted(w for w in shared if len(w) > 3 and w not in _FIXED)
    picked = rng.sample(open_, min(len(open_), rng.choice((1, 2, 3))))
    return {word: random_word(rng) for word in picked}


def _reword(text: str, swaps: dict[str, str]) -> str:
    """The text with its swapped words, plural where they were plural."""
    if not swaps:
        return text

    def new(match: re.Match[str]) -> str:
        word = match.group()
        if word in swaps:
            return swaps[word]
        one = singular(word)
        return plural(swaps[one]) if one in swaps else word

    return re.sub(r"[a-z]+", new, text)


def _renamed(name: str, swaps: dict[str, str]) -> str:
    """The identifier with its swapped words; as it was where none is in it."""
    parts = [part.lower() for part in expand(split(name))]
    if not swaps or not any(p in swaps or singular(p) in swaps for p in parts):
        return name
    return "_".join(
        swaps.get(p) or (plural(swaps[singular(p)]) if singular(p) in swaps else p)
        for p in parts
    )


def _rename(name: str, swaps: dict[str, str], rng: random.Random) -> str:
    """As `_renamed`; now and then a word loses its vowels, as cryptic names do."""
    renamed = _renamed(name, swaps)
    if rng.random() > 0.12:
        return renamed
    parts = [part.lower() for part in expand(split(renamed))]
    long = [i for i, part in enumerate(parts) if len(part) > 5]
    if long:
        index = rng.choice(long)
        word = parts[index]
        parts[index] = word[0] + re.sub(r"[aeiou]", "", word[1:])
    return "_".join(parts) or name
