"""Making text from databases and models safe to show in a terminal."""

from __future__ import annotations

import unicodedata

BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """The text on one line, with everything that could move the cursor made visible.

    Control characters, escapes and direction overrides become pictures or code points;
    line breaks become `⏎`.
    """
    if text.isprintable():
        return text
    return "".join(_visible(c) for c in text.replace("\r\n", "\n"))


def _visible(character: str) -> str:
    if character == "\n":
        return "⏎"
    if character == "\t":
        return " "
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if character in BIDI or unicodedata.category(character) in ("Cc", "Cs"):
        return f"<{code:04x}>"
    return character


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
