"""Characters that nobody sees, or that a terminal obeys: what counts as one, for all.

Drafts with one are found, none is written, and each is shown as what it is.
"""

from __future__ import annotations

import unicodedata

VARIATIONS = frozenset(
    chr(code)
    for codes in ((0x180B, 0x180E), (0xFE00, 0xFE10), (0xE0100, 0xE01F0))
    for code in range(*codes)
)
"""Choose a glyph of the character before them, and are unseen themselves."""
FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180f\u2800\u3164\uffa0")
"""Letters, marks and a symbol that are drawn as nothing or as a blank."""
SIGNS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"
    "\U000110bd\U000110cd"
)
"""Format characters that are drawn: signs around numbers."""
JOINERS = "\u200c\u200d"
JOINING = (
    range(0x0600, 0x10A0),  # Arabic to Myanmar
    range(0x1700, 0x1D00),  # Philippine scripts, Khmer, Mongolian, Balinese
    range(0xA800, 0xAC00),
    range(0xFB50, 0xFE00),  # Arabic presentation forms
    range(0x10A00, 0x12000),
)
"""Scripts that are not spelled rightly without joiners."""
TAGS = range(0xE0000, 0xE1000)


def unseen(text: str) -> str | None:
    """The first character of a text that no description may hold; None without one.

    Line breaks and tabs may stand in it.
    """
    if all_seen(text):
        return None
    text = text.replace("\r\n", "\n")
    return next(
        (
            character
            for place, character in enumerate(text)
            if character not in "\n\t" and is_unseen(text, place)
        ),
        None,
    )


def is_unseen(text: str, place: int) -> bool:
    """Whether the character there has no picture, and gives its neighbours none.

    That are control characters, escapes, halves of surrogate pairs, direction marks and
    overrides, and what has no width. Joiners and variation selectors are seen where
    they change what is drawn.
    """
    character = text[place]
    return (
        character in FILLERS
        or character in VARIATIONS
        or ord(character) in TAGS
        or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ) and not (character in SIGNS or _does_something(text, place))


def of_the_seen(text: str) -> str:
    """A text without whatever has no picture of its own, joiners included."""
    return "".join(c for c in text if c in SIGNS or not is_unseen(c, 0))


def all_seen(text: str) -> bool:
    """Whether a text surely has nothing unseen and no line break; quick to tell."""
    return (
        text.isprintable() and VARIATIONS.isdisjoint(text) and FILLERS.isdisjoint(text)
    )


def _does_something(text: str, place: int) -> bool:
    """Whether an unseen character changes how its neighbours are drawn."""
    character = text[place]
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if character in VARIATIONS:
        kinds = ("So", "Sm", "Nd", "Po") if "\ufe00" <= character < "\ufe10" else ()
        return bool(before) and unicodedata.category(before) in (*kinds, "Lo")
    if character not in JOINERS or not before or not after:
        return False
    if all(any(ord(c) in script for script in JOINING) for c in (before, after)):
        return unicodedata.category(after)[0] == "L"
    emoji = ("So", "Sm", "Sk")
    return (
        character == "\u200d"
        and (before == "\ufe0f" or unicodedata.category(before) in emoji)
        and unicodedata.category(after) in emoji
    )
