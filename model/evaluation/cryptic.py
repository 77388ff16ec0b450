"""The probe of cryptic names: does a text spell out what a column's name shortens?

A real pair is a column whose name shortens a word that its human description spells
out: `cust_first_name`, "first name of the customer"; `dob`, "date of birth". A
synthetic one is a column with a plain name of which one word was shortened, by the
rules that the training data used or by a plain cut. A text is right where it has the
word, or an inflection of it; of an acronym, all its words.

What counts as a pair is told from letters and from a list of frequent English words
alone, never from a list of abbreviations: rules and baselines have such lists, and the
probe would only repeat them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from model.evaluation.records import Entry
from model.names import singular, split, word_set, words

SMALL = word_set(
    "a all an and any are as at be bot by can day did do for from get git had has have "
    "he her his how id ids if in into is it its key may no non not now of off on one "
    "or our out own per pre put re run see set she so than that the their they this to "
    "too top two up us use via was we were what when where which who why will with you"
)
"""Words too short or too common to be anybody's abbreviation, or to be one's long form.
`off` is here for its sense in `log_off`."""
ENGLISH = 5000
"""A token above this rank among the frequent words is a word, not a shortened one."""
SHORTEST = 6
"""Letters a word needs to be shortened by us."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A column with a shortened word in its name."""

    entry: int
    """Index of the entry that the column is in."""
    column: str
    """Name of the column in it."""
    token: str
    """The short form."""
    long: tuple[str, ...]
    """The words that it stands for."""


def real_pairs(entries: Sequence[Entry]) -> list[Pair]:
    """Columns whose human description spells out a word that the name shortens."""
    found = []
    for number, entry in enumerate(entries):
        for column in entry.record.columns:
            pair = spelled_out(column.name, column.description or "")
            if pair is not None:
                found.append(Pair(number, column.name, *pair))
    return found


def spelled_out(name: str, description: str) -> tuple[str, tuple[str, ...]] | None:
    """The first token of a name that a description spells out, with the long form."""
    said = re.findall(r"[a-z]+", description.lower())
    bases = {base(word) for word in said}
    tokens = split(name)
    for token in tokens:
        if not _may_be_short(token) or base(token) in bases:
            continue
        if long := _initials(token, said):
            return token, long
        named = {base(other) for other in tokens}
        for word in dict.fromkeys(said):
            if base(word) not in named and shortens(token, word):
                return token, (word,)
    return None


def _may_be_short(token: str) -> bool:
    """Whether a token is letters, and no English word."""
    if len(token) < 3 or not token.isascii() or not token.isalpha():
        return False
    ranks = words()
    english = min(ranks.get(w, ENGLISH) for w in (token, singular(token), base(token)))
    return token not in SMALL and english >= ENGLISH


def shortens(token: str, word: str) -> bool:
    """Whether a token is a usual shortening of a word: cut, or with letters left out.

    The first letter stays and the order too; at least two letters are gone, three where
    the rest was simply cut off.
    """
    if word in SMALL or token[0] != word[0] or base(token) == base(word):
        return False
    if word.startswith(token):
        return len(word) - len(token) >= 3
    if word not in words() and singular(word) not in words():
        return False  # letters in order are soon found in a long and rare word
    if len(word) - len(token) < 2 or word.endswith(token):
        return False
    letters = iter(word)
    if not all(letter in letters for letter in token):
        return False
    # A contraction (`dept`, `mgmt`) keeps consonants, and an early one as its second.
    return token[1] in word[1:5] and not re.search(r"[aeiou]{2}", token)


def _initials(token: str, said: Sequence[str]) -> tuple[str, ...]:
    """The words in a row whose initials the token is, small words counted or not."""
    if not 3 <= len(token) <= 5:
        return ()
    for start, first in enumerate(said):
        if first[0] != token[0] or first in SMALL:
            continue
        with_small = said[start : start + len(token)]
        content = [w for w in said[start : start + len(token) + 2] if w not in SMALL]
        for row in (with_small, content[: len(token)]):
            if {"or", "nor"} & set(said[start : start + len(token)]):
                continue  # a choice is no name
            if "".join(word[0] for word in row) == token and row[-1] not in SMALL:
                long = tuple(word for word in row if word not in SMALL)
                if all(len(word) > 1 for word in row) and len(long) > 1:
                    return long
    return ()


def synthetic(
    entries: Sequence[Entry], *, count: int, seed: int = 0
) -> tuple[list[Entry], list[Pair]]:
    """Tables with one column renamed each, and what was shortened.

    A word that the name and the human description share is shortened: without its
    vowels after the first letter, or cut to four letters, in turn.
    """
    rng = random.Random(seed)
    numbers = list(range(len(entries)))
    rng.shuffle(numbers)
    renamed: list[Entry] = []
    pairs: list[Pair] = []
    for number in numbers:
        if len(pairs) >= count:
            break
        entry = entries[number]
        found = list(_shortenable(entry))
        if not found:
            continue
        index, word = rng.choice(found)
        short = _without_vowels(word) if len(pairs) % 2 else word[:4]
        tokens = split(entry.record.columns[index].name)
        name = "_".join(short if token == word else token for token in tokens)
        pairs.append(Pair(len(renamed), name, short, (word,)))
        renamed.append(entry.renamed(index, name))
    return renamed, pairs


def _shortenable(entry: Entry) -> Iterator[tuple[int, str]]:
    """Columns of a table with a word to shorten, that the description has too."""
    ranks = words()
    taken = {column.name.lower() for column in entry.record.columns}
    for index, column in enumerate(entry.record.columns):
        said = set(re.findall(r"[a-z]+", (column.description or "").lower()))
        for word in split(column.name):
            if len(word) < SHORTEST or word not in ranks or word not in said:
                continue
            shorts = {word[:4], _without_vowels(word)}
            if not shorts & (ranks.keys() | taken) and min(map(len, shorts)) > 2:
                yield index, word


def _without_vowels(word: str) -> str:
    return word[0] + re.sub(r"[aeiou]", "", word[1:])


def is_right(text: str | None, long: Iterable[str]) -> bool:
    """Whether a text has every word of a long form, or inflections of them."""
    said = {base(word) for word in re.findall(r"[a-z]+", (text or "").lower())}
    return all(base(word) in said for word in long)


_DOUBLED = re.compile(r"([bdfgmnprt])\1$")


def base(word: str) -> str:
    """A word without the endings of plural and verb forms, good enough to compare."""
    word = singular(word.lower())
    for ending in ("ing", "ied", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and re.search(r"[aeiouy]", stem):
            word = stem + "y" if ending == "ied" else _DOUBLED.sub(r"\1", stem)
            break
    return word.removesuffix("e") if len(word) > 3 else word
