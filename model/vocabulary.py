"""The words of descriptions: those that the teacher uses often.

A word that neither a schema shows nor the teacher often uses is most likely invented.
The table `teacher_words.txt` beside this file is `written(common(shipped()))` of the
teacher set.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from textwrap import fill

from model.names import familiar, split, understood
from model.teacher_set import Described

FILE = Path(__file__).parent / "teacher_words.txt"
OFTEN = 30
"""In the texts of so many of the teacher's tables a word is common, for a column."""
OFTEN_OF_TABLES = 40
"""In so many of the teacher's texts on tables it is, for a table."""

READ = 500
"""Characters of a name or a comment that are looked at; foreign ones may be long."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w]*")
_ENDINGS = re.compile(
    r"(?<=...)(ations?|ments?|ings?|ions?|ied|ies|ers?|ors?|ed|es|s|e|ly|y)$"
)
_DOUBLE = re.compile(r"(?<=..)([^aeiou])\1$")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Roots of words that descriptions use."""

    columns: frozenset[str]
    """Common in texts of any kind."""
    tables: frozenset[str]
    """Of these, those common in texts on tables."""


def root(word: str) -> str:
    """A word without its inflection, the same for `shipped`, `ships` and `shipment`."""
    return _DOUBLE.sub(r"\1", _ENDINGS.sub("", word.lower()))


def roots(text: str) -> dict[str, str]:
    """The roots of a text's words of three letters and more, each with a word."""
    return {root(word): word for word in _WORD.findall(text)}


def common(tables: Iterable[Described]) -> Vocabulary:
    """The words that described tables often use, but for names of systems."""
    texts: Counter[str] = Counter()
    about: Counter[str] = Counter()
    for each in tables:
        found = {
            target: set(roots(_NAME.sub("", text)))
            for target, text in each.texts.items()
        }
        texts.update(set().union(*found.values()))
        about.update(found.get(None, ()))
    columns = frozenset(word for word, count in texts.items() if count >= OFTEN)
    often = frozenset(word for word, count in about.items() if count >= OFTEN_OF_TABLES)
    return Vocabulary(columns, often & columns)


def written(vocabulary: Vocabulary) -> str:
    """The words in order, those of tables with an asterisk."""
    marked = (f"{w}*" if w in vocabulary.tables else w for w in vocabulary.columns)
    return fill(" ".join(sorted(marked)), 88) + "\n"


@cache
def teacher_words() -> Vocabulary:
    """The words that the teacher uses often; read once."""
    found = FILE.read_text(encoding="utf-8").split()
    return Vocabulary(
        frozenset(word.rstrip("*") for word in found),
        frozenset(word[:-1] for word in found if word.endswith("*")),
    )


@lru_cache(maxsize=1 << 17)
def is_met(name: str) -> bool:
    """Whether every word of a name can be read, or is one that the teacher uses.

    A name costs some 30 microseconds when it is first met.
    """
    return all(
        understood(word) or root(word) in teacher_words().columns
        for word in split(name[:READ])
    )


@lru_cache(maxsize=1 << 17)
def is_english(text: str) -> bool | None:
    """Whether half of a text's words of three letters and more are English.

    English are the frequent words of schemas and their abbreviations. None where there
    is no word of three letters. A name is read as its words. Of the teacher's texts one
    in 10,000 is none, of its names, many of which are not words, one in 12.
    """
    words = [w for w in split(text[:READ]) if _WORD.fullmatch(w)]
    if not words:
        return None
    known = sum(map(familiar, words))
    return 2 * known >= len(words)
