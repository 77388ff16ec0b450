"""Names of columns that say the same in every table, and the sentences for them.

The sentences are data, in `phrases.txt` beside this file, which tells how a line reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path

from catalog.objects import Table
from model import cues
from model.names import capital, humanize, singular, word_set
from model.table_sentences import NO_NOUN, holder, own_noun

FILE = Path(__file__).parent / "phrases.txt"
_LINE = re.compile(r"([^/:]+?)(?: /(bool|time|number|text))?: ([A-Z{].*\.)")
TYPES = {
    "bool": r"bool|bit\b|bit\(1\)|tinyint\(1\)",
    "time": r"date|time",
    "number": r"(tiny|small|medium|big|u)*int(?!erval)|num|dec|float|double|real",
    "text": r".*(char|text|string)",
}
"""How a type begins, by the kind that a line of the bank names."""
_STATE = re.compile(r"(ed|[ai]ble|en)$")
"""What says a state, so that a column of an unknown type is yes or no."""
_OWNERS = {
    "human": (cues.PEOPLE, cues.PEOPLE),
    "holder": (cues.HOLDERS, cues.PEOPLE),
    "place": (cues.HOLDERS, cues.PLACES),
}
"""What may have an attribute, as the row and as a part of it; else nobody is told."""
_TIMED = re.compile(
    r"\b(date|time|when|phrase|day|month|year|week|quarter|start|end)\b", re.I
)
"""What says a point in time."""
_OPTIONAL = re.compile(r"\[([^]|]*)(?:\|([^]]*))?\]")
"""What a sentence says of a row that has a noun, and what of one that has none."""


@cache
def bank() -> dict[tuple[str, str], str]:
    """A phrase, without its spaces, and a type to a sentence with slots; read once.

    Raises:
        ValueError: a line is none, or says a phrase again.
    """
    found: dict[tuple[str, str], str] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{FILE.name} has a line that is none: {line}")
        heads, kind, sentence = match.groups(default="")
        for phrase in _phrases(heads):
            if found.setdefault((phrase, kind), sentence) != sentence:
                raise ValueError(f"{FILE.name} has {phrase} twice")
    return found


def _phrases(heads: str) -> Iterator[str]:
    """The phrases before a colon: `(a|b) c|d` is `ac`, `bc` and `d`."""
    for head in re.findall(r"(?:\([^)]*\)|[^|()])+", heads):
        parts = re.findall(r"\(([^)]*)\)|([^()]+)", head)
        for words in product(*((many or one).split("|") for many, one in parts)):
            yield "".join(words).replace(" ", "")


def phrase_sentence(
    table: Table, tokens: Sequence[str], kind: str, noun: str
) -> str | None:
    """The bank's sentence for a column's words, or None where it has none that fits.

    Args:
        table: whose column it is.
        tokens: the words of the name.
        kind: the column's type, in lower case.
        noun: what a row is called in a sentence.
    """
    words = humanize(tokens).split()
    kept = next((t for t, like in TYPES.items() if re.match(like, kind)), "")
    ends = {words[0].lower(), words[-1].lower()}
    asked = words[0] in cues.ASK or not ends.isdisjoint(cues.FLAGS)
    if len(words) > 1 and asked and kept != "time":
        kept = "bool"
    for form in _forms(words, kept, noun):
        sentence = _fitting("".join(form).lower(), kept)
        if sentence and (form == words or kept == "bool" or "{it}" not in sentence):
            own = own_noun(table) if "{own}" in sentence else noun
            return _filled(_owned(table, sentence), form, kind, noun, own)
    return None


def _owned(table: Table, sentence: str) -> str:
    """A sentence with whose its attribute is, where that is not simply the row."""
    for slot, kinds in _OWNERS.items():
        phrase = f" of the {{{slot}}}"
        if phrase in sentence:
            told = holder(table, *kinds)
            sentence = sentence.replace(phrase, f" of the {told}" if told else "")
    who = holder(table, cues.PEOPLE, cues.PEOPLE) if "{who}" in sentence else None
    return sentence.replace("{who}", who or "person")


def _forms(words: list[str], kept: str, noun: str) -> Iterator[list[str]]:
    """A name's words, then without what asks and without what repeats the table."""
    yield words
    plain = words
    if kept == "bool":
        plain = [w for w in words if w.lower() not in cues.FLAGS]
        plain = plain[plain[:1] in (["is"], ["was"]) :]
        yield plain
    for own in (noun.split(), noun.split()[-1:]):
        if plain[: len(own)] == own and own[-1] not in cues.LEADS:
            yield plain[len(own) :]


def _fitting(phrase: str, kept: str) -> str | None:
    """The sentence for a phrase, where it can be true of a column of the type."""
    kinds = [kept, "", "bool"] if not kept and _STATE.search(phrase) else [kept, ""]
    sentence = next((s for k in kinds if (s := bank().get((phrase, k)))), None)
    asks = sentence is not None and sentence.startswith("Whether")
    if sentence is None or (kept == "bool" and not asks):
        return None
    timed = not asks and _TIMED.search(sentence)
    return sentence if kept != "time" or timed else None


def _filled(
    sentence: str, words: list[str], kind: str, noun: str, own: str
) -> str | None:
    """The sentence for one column, None where it would go round in a circle."""
    *before, last = words
    it = " ".join(before)
    said = {singular(word) for word in re.findall(r"\w+", sentence.lower())}
    for slot, name in ("{}", noun), ("{own}", own):
        weak = name == NO_NOUN or singular(name.split()[-1].lower()) in said
        if weak and slot in sentence:
            sentence = _OPTIONAL.sub(lambda found: found[2] or "", sentence)
            if slot in sentence and slot == "{}" and " who " not in sentence:
                return None
    if last in ("ID", "key") and "{it}" in sentence and it == noun:
        return None
    when = "date" if _daily([word.lower() for word in words], kind) else "time"
    phrase = " ".join(words)
    return _OPTIONAL.sub(r"\1", sentence).format(
        noun,
        own=own,
        it=it,
        first=words[0],
        last=last,
        Last=capital(last),
        phrase=phrase,
        Phrase=capital(phrase),
        When=when.capitalize(),
        when=when,
    )


def _daily(words: Sequence[str], kind: str) -> bool:
    """Whether a column holds a date rather than a time, by its name, then its type."""
    if not _EXACT.isdisjoint(words):
        return False
    exact = re.search("timestamp|datetime", kind)
    dated = "on" in words or (kind and words[-1] in _BOUNDS)
    return kind == "date" or "date" in words or bool(dated and not exact)


_EXACT = word_set("time timestamp datetime")
_BOUNDS = word_set("from to until till thru through of")
"""Last words of names that tell no type (`valid_from`): most are kept as dates."""
