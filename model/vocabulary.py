"""The words of descriptions: which of them the teacher's tables use, and how often.

A word that neither a schema shows nor the teacher often uses is most likely invented.
The table `teacher_words.txt` beside this file is `written(counted(shipped()))` of the
teacher set: a root a line, with the number of tables that have it in any text and in
the table's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model.teacher_set import Described

FILE = Path(__file__).parent / "teacher_words.txt"
RAREST = 15
"""Words in the texts of fewer tables are not listed."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w]*")
_ENDINGS = re.compile(
    r"(?<=...)(ations?|ments?|ings?|ions?|ied|ies|ers?|ors?|ed|es|s|e|ly|y)$"
)
_DOUBLE = re.compile(r"(?<=..)([^aeiou])\1$")


@dataclass(frozen=True, slots=True)
class Uses:
    """In how many of the teacher's tables a word is used."""

    texts: int = 0
    """Anywhere."""
    tables: int = 0
    """In the text on the table itself."""


Vocabulary = Mapping[str, Uses]
"""Uses by root; see `root`."""


def root(word: str) -> str:
    """A word without its inflection, the same for `shipped`, `ships` and `shipment`."""
    return _DOUBLE.sub(r"\1", _ENDINGS.sub("", word.lower()))


def roots(text: str) -> dict[str, str]:
    """The roots of a text's words of three letters and more, each with a word."""
    return {root(word): word for word in _WORD.findall(text)}


def counted(tables: Iterable[Described]) -> dict[str, Uses]:
    """Counts the words of described tables, but for names of systems."""
    texts: Counter[str] = Counter()
    about: Counter[str] = Counter()
    for each in tables:
        found = {
            target: set(roots(_NAME.sub("", text)))
            for target, text in each.texts.items()
        }
        texts.update(set().union(*found.values()))
        about.update(found.get(None, ()))
    return {word: Uses(texts[word], about[word]) for word in texts}


def written(vocabulary: Vocabulary) -> str:
    """The lines of the file, most frequent words first."""
    kept = [item for item in vocabulary.items() if item[1].texts >= RAREST]
    kept.sort(key=lambda item: (-item[1].texts, item[0]))
    return "".join(f"{word} {uses.texts} {uses.tables}\n" for word, uses in kept)


@cache
def teacher_words() -> Vocabulary:
    """The words that the teacher uses often; read once."""
    found = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        word, texts, tables = line.split()
        found[word] = Uses(int(texts), int(tables))
    return found
