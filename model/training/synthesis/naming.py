"""Turns full words into identifiers as real databases have them.

A name that is cut short keeps the text of its full words: that is what teaches to
expand it. Short forms are the usual abbreviations where there are any, else the word
loses its vowels or its end.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from model.names import UPPER, abbreviations, plural, word_set

LONGEST = 30
"""Most characters of a name in upper case, as old databases allowed."""

_SMALL = word_set("of the a an to in on at by and or is for no")
_WANTED = frozenset(UPPER) | {"id"}


@dataclass(frozen=True, slots=True)
class Habit:
    """How one database names its tables and columns."""

    case: str
    """snake, upper, camel, pascal, squashed upper or squashed."""
    cryptic: float
    """Share of words that are cut short."""
    letters: str = ""
    """Two letters in front of every column, or nothing."""
    typos: float = 0.0
    """Share of names with a slip."""

    @property
    def name(self) -> str:
        """The habit in a few words, for statistics."""
        cut = "cut short" if self.cryptic >= 0.3 else "full words"
        return f"{self.case}, {cut}"


@cache
def short_forms() -> dict[str, tuple[str, ...]]:
    """Full words (one or several) to their usual abbreviations, the longer first."""
    found: dict[str, list[str]] = {}
    for short, long in abbreviations().items():
        # Field names of SAP stand for a whole phrase; nobody else writes them.
        if len(short) < len(long) and not re.fullmatch(r"[a-z]{4}\d|[a-z]+\d+", short):
            found.setdefault(long.lower(), []).append(short)
    usual: dict[str, tuple[str, ...]] = {}
    for long, shorts in found.items():
        if " " in long:
            acronym = "".join(word[0] for word in long.split())
            shorts = [s for s in shorts if s == acronym or s in ("gl", "ytd", "mtd")]
        if shorts:
            usual[long] = tuple(sorted(shorts, key=lambda s: (-len(s), s)))
    return usual


def shorten(word: str, rng: random.Random) -> str:
    """One word cut short; the word itself where nothing can be cut."""
    usual = short_forms().get(word, ())
    if usual and rng.random() < 0.85:
        # The first of them in the alphabet are not better than the rest, but a fixed
        # favourite per word makes the usual form the frequent one.
        return usual[0] if rng.random() < 0.5 else rng.choice(usual)
    if len(word) < 5 or word in _WANTED:
        return word
    if rng.random() < 0.6:
        bare = word[0] + re.sub(r"[aeiou]", "", word[1:])
        bare = re.sub(r"(.)\1", r"\1", bare)
        if len(bare) >= 3:
            return bare[:5]
    return word[: rng.choice((3, 4, 4, 5))]


def cut(words: Sequence[str], habit: Habit, rng: random.Random) -> list[str]:
    """The words of a name, some of them cut short."""
    parts = list(words)
    if rng.random() < habit.cryptic:
        parts = _acronyms(parts, rng)
    if habit.case.startswith("squashed") and len(parts) > 2:
        parts = [part for part in parts if part not in _SMALL] or parts
    return [
        shorten(part, rng)
        if part not in _SMALL and rng.random() < habit.cryptic
        else part
        for part in parts
    ]


def _acronyms(words: list[str], rng: random.Random) -> list[str]:
    """Phrases with a usual acronym replaced by it (`cost center`: cc)."""
    text = " ".join(words)
    for long, shorts in short_forms().items():
        if " " in long and re.search(rf"\b{re.escape(long)}\b", text):
            text = re.sub(rf"\b{re.escape(long)}\b", rng.choice(shorts), text)
    return text.split()


def join(words: Sequence[str], case: str) -> str:
    """The words as one identifier."""
    plain = [re.sub(r"[^a-z0-9]", "", word.lower()) for word in words]
    plain = [word for word in plain if word]
    if case == "camel":
        return plain[0] + "".join(word.capitalize() for word in plain[1:])
    if case == "pascal":
        return "".join(word.capitalize() for word in plain)
    if case == "upper":
        return "_".join(plain).upper()[:LONGEST].rstrip("_")
    if case == "squashed upper":
        return "".join(plain).upper()
    if case == "squashed":
        return "".join(plain)
    return "_".join(plain)


def column_name(words: Sequence[str], habit: Habit, rng: random.Random) -> str:
    """The identifier of a column."""
    lead = "_" if words[0].startswith("_") else ""
    parts = cut([word.lstrip("_") for word in words], habit, rng)
    if habit.letters:
        return (habit.letters + _code(parts)).upper()
    if habit.case.startswith("squashed"):
        name = join([part[:4] for part in parts[:4]], habit.case)
    else:
        name = join(parts, habit.case)
    if rng.random() < habit.typos:
        name = slip(name, rng)
    if not name[0].isalpha():
        name = "n_" + name
    return lead + name


def _code(parts: Sequence[str]) -> str:
    """Up to six letters of the words, as in `CMCRLM` (credit limit)."""
    share = max(2, 6 // max(1, len(parts)))
    return "".join(part[:share] for part in parts)[:6]


def slip(name: str, rng: random.Random) -> str:
    """A name with two letters swapped or one left out."""
    inner = [i for i in range(1, len(name) - 2) if name[i : i + 2].isalpha()]
    if len(inner) < 4:
        return name
    at = rng.choice(inner)
    if rng.random() < 0.5:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name[:at] + name[at + 1 :]


def table_name(
    noun: str,
    habit: Habit,
    rng: random.Random,
    *,
    many: bool,
    prefix: str = "",
    suffix: str = "",
) -> str:
    """The identifier of a table, in the habit's case, with what stands around it."""
    words = (plural(noun) if many else noun).split()
    parts = cut(words, habit, rng)
    if habit.case == "squashed upper":
        parts = [part[:4] for part in parts[:3]]
    around = [*prefix.strip("_").split("_"), *parts, *suffix.strip("_").split("_")]
    case = "snake" if habit.case == "camel" and (prefix or suffix) else habit.case
    return join([part for part in around if part], case)
