"""Checks on every draft before it is shown: what it must not say, and what it lacks."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import pairwise

from catalog.objects import Profile, Table, TableId, Target
from catalog.suggestion import Finding
from catalog.unseen import unseen
from model import cues
from model.names import humanize, split, subject, word_set, words_of
from model.vocabulary import root, roots, teacher_words

CLAIM_UNIQUE = re.compile(r"\b(unique|uniquely|distinct for each)\b", re.IGNORECASE)
CLAIM_KEY = re.compile(
    r"\bunique(ly)? (identif|key\b|id\b|number\b|code\b)|\bdistinct for each\b",
    re.IGNORECASE,
)
NEVER_NULL = re.compile(r"\b(never (null|empty)|always (set|present))\b", re.IGNORECASE)
REFERENCES = re.compile(r"\breferences (?:the )?([\w .]+?) table\b", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+")
WORDS_AND_FIGURES = re.compile(r"[^\W_]+")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b")
"""A capitalised word inside a sentence: a name of something."""

SMALL_WORDS = word_set(
    "a an the of for to in on at by and or is was are that this with from its it as "
    "which whether associated record table column value field unique identifier "
    "indicates flag records stores contains"
)
SHORT_SENTENCE = 14
"""Words up to which a content word that comes twice means going round in circles."""
_FORM = roots("pairing mapping checksum coordinates").keys()
"""Words of form that the rules write."""
SHORTEST_LEAK = 4
"""Shorter sample values meet ordinary words too often."""
_DIGITS = 6
"""So many digits of a value are enough to find it by."""
_MIXED = re.compile(r"\b(?=\d*[^\W\d])(?=[^\W\d]*\d)\w{4,}\b")
"""A word with a digit, such as a user id or a token."""
_LONG_NUMBER = re.compile(r"\d(?:[ ().:/-]*\d){5,}")


def find(
    text: str,
    table: Table,
    target: Target,
    profile: Profile | None = None,
    *,
    beside: Mapping[str, Profile] | None = None,
    limit: int | None = None,
    complete: bool = True,
    by_large: bool = False,
    known: Set[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Everything that is wrong with a text, in the order of `Finding`.

    Args:
        text: the description.
        table: the table it is about, or whose column it is about.
        target: what it is about.
        profile: the column's sample, where there is one.
        beside: those of all of the table's columns; no text may give another away.
        limit: the longest comment the database takes there, in characters.
        complete: False where the model was cut off.
        by_large: a large model wrote it, which knows words that no name has; only
            numbers and names are looked for.
        known: roots of words that texts of the house have.
    """
    from_nowhere = (
        invented(text, table, profile)
        if by_large
        else unsupported(text, table, target, profile, known=known)
    )
    found = {
        Finding.LEAK: leaks(text, table, profile, beside),
        Finding.UNSUPPORTED: bool(from_nowhere),
        Finding.RESTATES: restates(text, table, target),
        Finding.DEGENERATE: not complete or degenerate(text),
        Finding.TOO_LONG: limit is not None and len(text) > limit,
        Finding.CONTROL: unseen(text) is not None,
        Finding.FALSE_CLAIM: _false_claim(text, table, target, profile),
    }
    return tuple(finding for finding in Finding if found[finding])


def writing_only(text: str, *, limit: int | None = None) -> tuple[Finding, ...]:
    """The checks that concern writing alone, for texts that people wrote."""
    found = []
    if limit is not None and len(text) > limit:
        found.append(Finding.TOO_LONG)
    if unseen(text) is not None:
        found.append(Finding.CONTROL)
    return tuple(found)


def degenerate(text: str) -> bool:
    """Whether a text is empty, broken or goes round in circles."""
    words = [word.lower() for word in WORD.findall(text)]
    if len(words) < 2 or "\ufffd" in text or "<|" in text:
        return True
    if any(a == b for a, b in pairwise(words)):
        return True
    triples = Counter(zip(words, words[1:], words[2:], strict=False))
    return bool(triples) and max(triples.values()) > 1


def circular(text: str) -> bool:
    """Whether a short text says the same content word twice: "a page in a page".

    In a model's text that means going round in circles; in the rules' sentence it comes
    from the name.
    """
    words = [word.lower() for word in WORD.findall(text)]
    content = Counter(stem(word) for word in words if word not in SMALL_WORDS)
    return len(words) <= SHORT_SENTENCE and any(
        times > 1 and len(word) > 3 for word, times in content.items()
    )


def leaks(
    text: str,
    table: Table,
    profile: Profile | None,
    beside: Mapping[str, Profile] | None,
) -> bool:
    """A sample's value that neither is a code nor stands in the schema.

    Of a column whose values may tell of people a part of one is enough, in every text
    on its table: a last name, the local part of a mail address, most of a number.
    """
    schema, lowered = schema_text(table), text.lower()
    if profile is not None and any(
        len(value) >= SHORTEST_LEAK
        and value not in profile.codes
        and value.lower() not in schema
        and re.search(rf"(?<!\w){re.escape(value.lower())}(?!\w)", lowered) is not None
        for value in (*profile.samples, profile.minimum or "", profile.maximum or "")
    ):
        return True
    private = _private(beside) if beside else _Private.of([profile] if profile else [])
    return private.part_in(text, schema)


@dataclass(frozen=True, slots=True)
class _Private:
    """What gives away values that may tell of people, in the columns of one table."""

    whole: frozenset[str]
    """The values."""
    parts: frozenset[str]
    """Their longer words, also those with digits, lower case."""
    numbers: frozenset[str]
    """Their longer numbers, digits alone."""
    codes: frozenset[str]
    """Words, lower case, of codes beside them, which may be named."""

    @classmethod
    def of(cls, profiles: Iterable[Profile]) -> _Private:
        whole, codes = set[str](), set[str]()
        for each in profiles:
            whole |= {*each.samples} if each.private else set()
            codes |= {word for code in each.codes for word in _words_in(code)}
        digits = {re.sub(r"\D", "", value) for value in whole}
        return cls(
            frozenset(whole),
            frozenset(
                part
                for value in whole
                for part in _words_in(value) | {*_MIXED.findall(value.lower())}
                if len(part) >= SHORTEST_LEAK
            ),
            frozenset(number for number in digits if len(number) >= _DIGITS),
            frozenset(codes),
        )

    def part_in(self, text: str, schema: str) -> bool:
        """Whether a text has a part of a value that neither schema nor codes show.

        Words that descriptions often use count only where they are written as names
        are: "a mark" is none of `Mark Meier`.
        """
        if not self.whole:
            return False
        common = teacher_words().columns
        for match in WORD.finditer(text):
            word, before = match.group(), text[: match.start()].rstrip()
            named = word.isupper() or (word.istitle() and before[-1:] not in ("", "."))
            if (
                (word in self.whole and named)
                or (word.lower() in self.parts and (named or root(word) not in common))
            ) and not (word.lower() in self.codes or word.lower() in _words_in(schema)):
                return True
        if any(
            said in self.parts and said not in schema
            for said in _MIXED.findall(text.lower())
        ):
            return True
        return any(
            said in number or number in said
            for said in (re.sub(r"\D", "", n) for n in _LONG_NUMBER.findall(text))
            for number in self.numbers
        )


def _words_in(text: str) -> set[str]:
    return set(WORD.findall(text.lower()))


def _private(profiles: Mapping[str, Profile]) -> _Private:
    """What gives a table's private values away; that of the tables in work is kept."""
    for known, private in tuple(_privates):  # another thread may add to it
        if known is profiles:
            return private
    found = _Private.of(profiles.values())
    _privates.append((profiles, found))
    return found


_privates: deque[tuple[Mapping[str, Profile], _Private]] = deque(maxlen=16)


def unsupported(
    text: str,
    table: Table,
    target: Target,
    profile: Profile | None = None,
    *,
    known: Set[str] = frozenset(),
) -> tuple[str, ...]:
    """Words, numbers and names of a text that are from nowhere.

    A word has support where the schema has one of its family (in a name, written out or
    not, a comment, a code, a referenced table) or where the teacher uses it often.

    On labelled texts of an early model on dev tables this flags 22 % of the wrong texts
    on columns, 6 % of those that want an edit and 1 % of those accepted. A table's text
    finds fewer common words: 62 %, 36 % and 12 %. Of the teacher's own texts, which
    know more than names, it flags 16 % on columns and 71 % on tables.

    Args:
        text: the description.
        table: the table it is about, or whose column it is about.
        target: what it is about.
        profile: the column's sample, where there is one.
        known: roots of words that texts of the house have.
    """
    words = teacher_words()
    common = words.tables if isinstance(target, TableId) else words.columns
    own = _schema(table).roots
    if profile is not None:
        own |= roots(" ".join(profile.codes)).keys()
    found = [
        said
        for word, said in roots(text).items()
        if word not in common
        and word not in own
        and word not in _FORM
        and word not in known
        and not _family(word, own)
    ]
    names = invented(text, table, profile)
    names = tuple(each for each in names if root(each) not in known)
    return tuple(dict.fromkeys((*names, *found)))


def _family(word: str, own: Iterable[str]) -> bool:
    """Whether a schema's word begins with a text's root, or is the beginning of it."""
    return len(word) > 3 and any(
        other.startswith(word) or (len(other) > 3 and word.startswith(other))
        for other in own
    )


def invented(
    text: str, table: Table, profile: Profile | None = None
) -> tuple[str, ...]:
    """Numbers and names that neither the schema nor the sample has."""
    support = schema_text(table)
    if profile is not None:
        support += " " + " ".join(
            (*profile.codes, profile.minimum or "", profile.maximum or "")
        )
    support = support.lower()
    return tuple(
        token
        for token in (*NUMBER.findall(text), *NAME.findall(text))
        if token.lower() not in support
    )


_SAY_WHAT = frozenset(
    cues.KEYS
    | cues.NUMBERS
    | cues.TEXTS
    | cues.CLASSES
    | cues.MOMENTS
    | cues.DATES
    | cues.ATTRIBUTES
) | word_set("name at on url uri")
"""Last words of a column's name that tell themselves what the value is."""


def restates(text: str, table: Table, target: Target) -> bool:
    """Only words that stand in the name and the table's, where more is to be told.

    What a short form stands for, a unit or a code is news to whoever reads the name.
    There is no more to tell where its last word says what the value is ("Identifier of
    the order." of `order_id`). Readers of labelled texts on columns took 29 % of those
    that restate as they are, and 54 % of the others; before they could be told apart by
    the last word it was 53 % and 42 %, and with short forms written out 51 % and 43 %.
    """
    tokens = split(target.name)
    if not isinstance(target, TableId) and tokens and tokens[-1] in _SAY_WHAT:
        return False
    given = {stem(word) for word in (*tokens, *split(table.id.name))}
    said = {stem(word) for word in WORDS_AND_FIGURES.findall(text.lower())}
    return said - SMALL_WORDS <= given


def spells_out(text: str, table: Table, target: Target) -> bool:
    """Only words of the name and the table's, short forms written out.

    A sign of `model.choose`, whose weights were fitted on it, and no finding.
    """
    given = {
        stem(word)
        for source in (target.name, table.id.name)
        for word in (*split(source), *_spelled(source, table).split())
    }
    said = {stem(word) for word in WORD.findall(text.lower())}
    return said - SMALL_WORDS <= given


def _false_claim(
    text: str, table: Table, target: Target, profile: Profile | None
) -> bool:
    """A claim that the catalog or the sample refutes."""
    if isinstance(target, TableId):
        return False
    if (match := REFERENCES.search(text)) and (there := table.references(target.name)):
        words = set(humanize(split(there[0].name)).lower().split())
        claimed = {stem(word) for word in match.group(1).lower().split()}
        if not claimed & {stem(word) for word in words}:
            return True
    if table.is_part_of_key(target.name) and CLAIM_KEY.search(text):
        return True
    if profile is None or not profile.rows:
        return False
    filled = round(profile.rows * (1 - profile.null_share))
    # "Unique identifier of the customer" in a table of orders is about the customer.
    alone = table.primary_key == (target.name,)
    if alone and CLAIM_UNIQUE.search(text) and profile.distinct < filled:
        return True
    return bool(NEVER_NULL.search(text)) and profile.null_share > 0


@dataclass(frozen=True, slots=True)
class _Schema:
    """What the names and comments of a table say, lower case."""

    text: str
    roots: frozenset[str]


def schema_text(table: Table) -> str:
    """All names, types and comments of a table, lower case."""
    return _schema(table).text


def _schema(table: Table) -> _Schema:
    """What a table says; that of the tables in work is kept.

    It is asked for with every column, and a wide table's takes long.
    """
    for known, schema in tuple(_schemas):  # another thread may add to it
        if known is table:
            return schema
    text = _words(table)
    found = _Schema(text, frozenset(roots(text.replace("_", " "))))
    _schemas.append((table, found))
    return found


_schemas: deque[tuple[Table, _Schema]] = deque(maxlen=16)


def _spelled(name: str, table: Table) -> str:
    """A name's words, lower case, short forms written out as the table tells."""
    return f"{humanize(split(name))} {humanize(words_of(table, name))}".lower()


def _words(table: Table) -> str:
    parts = [table.id.schema, table.id.name, _spelled(table.id.name, table)]
    parts.append(subject(table.id.name))
    for column in table.columns:
        parts += [cues.UNITS[word] for word in split(column.name) if word in cues.UNITS]
        parts += [column.name, _spelled(column.name, table), column.type]
        parts.append(column.comment or "")
    parts.append(table.comment or "")
    for key in table.foreign_keys:
        parts += [key.references.name, humanize(split(key.references.name))]
    return " ".join(parts).lower()


def stem(word: str) -> str:
    """A word without its plural ending, good enough to compare names with texts."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
