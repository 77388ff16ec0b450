"""House rules for descriptions: what they ask for, and what a text lacks of it.

Marks only: no text is refused or changed because of them.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

_WORD = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_FUTURE = re.compile(r"\b(will|shall|going to)\b", re.IGNORECASE)
_SMALL = frozenset(
    re.findall(
        r"\w+",
        "a an the of for to in on at by and or is this that with from its it table"
        " column field value record",
    )
)
"""Words that add nothing to a name."""


_Length = Annotated[int, msgspec.Meta(ge=0, description="a whole number, 0 or above")]
_Words = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"\S")], ...],
    msgspec.Meta(description='a list of texts, as in ["a", "b"]'),
]
_Flag = Annotated[bool, msgspec.Meta(description="true or false")]


class StyleRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a house asks of its descriptions; without any, nothing."""

    min_length: _Length = 0
    """Fewest characters."""
    max_length: _Length | None = None
    """Most characters; the database's own limit is checked apart from this."""
    banned_words: _Words = ()
    """Words and phrases that stand nowhere in a text, whatever their case."""
    banned_openings: _Words = ()
    """Words that no text begins with, whatever their case."""
    full_stop: _Flag | None = None
    """True asks for a full stop at the end, False for none."""
    capital: _Flag = False
    """Begin with a capital letter or a figure."""
    present_tense: _Flag = False
    """No `will`, `shall` or `going to`."""
    more_than_name: _Flag = False
    """Say more than the words of the name."""
    one_line: _Flag = False
    """No line breaks."""


def check(text: str, name: str, rules: StyleRules) -> list[str]:
    """What a text does not keep of the rules, in a few words each.

    Args:
        text: the description.
        name: of the table or column that it describes.
        rules: the house's.
    """
    text = text.strip()
    found: list[str] = []
    if len(text) < rules.min_length:
        found.append(f"shorter than {rules.min_length:,} characters")
    if rules.max_length is not None and len(text) > rules.max_length:
        found.append(f"longer than {rules.max_length:,} characters")
    found += [f"says \u201c{w}\u201d" for w in rules.banned_words if _says(text, w)]
    found += [
        f"begins with \u201c{opening}\u201d"
        for opening in rules.banned_openings
        if _says(text, opening, at_start=True)
    ]
    if rules.full_stop and text and not text.endswith("."):
        found.append("no full stop at the end")
    if rules.full_stop is False and text.endswith("."):
        found.append("a full stop at the end")
    if rules.capital and text[:1].islower():
        found.append("no capital at the beginning")
    if rules.present_tense and (future := _FUTURE.search(text)):
        found.append(f"speaks of the future: \u201c{future[0]}\u201d")
    if rules.more_than_name and text and _repeats(text, name):
        found.append("only repeats the name")
    if rules.one_line and "\n" in text:
        found.append("more than one line")
    return found


def _says(text: str, words: str, *, at_start: _Flag = False) -> bool:
    """Whether words stand in a text as whole words."""
    spoken = r"\s+".join(re.escape(word) for word in words.split())
    if not spoken:
        return False
    before = r"\A\W*" if at_start else r"(?<!\w)"
    return re.search(rf"{before}{spoken}(?!\w)", text, re.IGNORECASE) is not None


def _repeats(text: str, name: str) -> bool:
    said = {word.casefold() for word in _WORD.findall(text)} - _SMALL
    parts = {part.casefold() for part in _PARTS.findall(name)}
    return said <= parts | {word.casefold() for word in _WORD.findall(name)}
