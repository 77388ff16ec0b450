"""Making text from databases and models safe to show in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from catalog.objects import TableId

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


def plain(text: str) -> str:
    """The text on one line, with everything unseen or moving the cursor made visible.

    Control characters, escapes, direction marks and what has no width become pictures
    or code points; line breaks become `⏎`. Combining marks stay, and so do joiners and
    variation selectors where they change what is drawn.
    """
    if text.isprintable() and VARIATIONS.isdisjoint(text) and FILLERS.isdisjoint(text):
        return text
    text = text.replace("\r\n", "\n")
    return "".join(
        character if _does_something(text, place) else _visible(character)
        for place, character in enumerate(text)
    )


def pasted(text: str) -> str:
    """What is pasted without what nobody sees; line breaks and tabs stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        character
        for place, character in enumerate(text)
        if character in "\n\t"
        or _does_something(text, place)
        or _visible(character) == character
    )


def pictured(text: str) -> str:
    """The same as `plain` for text whose characters are counted: one for each."""
    return "".join(
        character
        if character == "\t" or _does_something(text, place)
        else shown
        if len(shown := _visible(character)) == 1
        else "\ufffd"
        for place, character in enumerate(text)
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


def _visible(character: str) -> str:
    if character == "\n":
        return "⏎"
    if character == "\t":
        return " "
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    unseen = (
        character in FILLERS
        or character in VARIATIONS
        or code in TAGS
        or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    return f"<{code:04x}>" if unseen and character not in SIGNS else character


def shorten(text: str, width: int) -> str:
    """At most `width` characters, with an ellipsis where some were cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 table`, `2 tables`, `1,234 tables`."""
    word = noun if number == 1 else plural or noun + "s"
    return f"{number:,} {word}"


def duration(seconds: float) -> str:
    """`8 s`, `3 min`, `2 h 5 min`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def left_out(unread: Mapping[TableId, str]) -> list[str]:
    """What a scan could not read, each with the reason: a line of the count first."""
    if not unread:
        return []
    return [f"Could not read {count(len(unread), 'table')}; left out:"] + [
        f"  {plain(str(table))}: {plain(why)}" for table, why in unread.items()
    ]
