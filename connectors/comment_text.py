"""What a comment's text may hold, checked before any SQL is made of it."""

from __future__ import annotations

import re
import unicodedata

from catalog.unseen import unseen

_SUPPLEMENTARY = re.compile(r"[\U00010000-\U0010ffff]")


def normal(text: str | None) -> str | None:
    """The text as databases are asked for it: an empty comment is no comment."""
    return text or None


def text_problem(
    text: str | None,
    *,
    limit: int | None,
    encoding: str = "",
    supplementary: bool = True,
) -> str | None:
    """Why this text cannot be a comment, or None where it can.

    Args:
        text: The comment; None clears and is always fine.
        limit: Longest text, or None where no limit is known.
        encoding: The limit counts bytes in this encoding; characters where empty.
        supplementary: Whether characters above U+FFFF survive in this database.
    """
    if text is None:
        return None
    if (found := unseen(text)) is not None:
        code = f"U+{ord(found):04X}"
        if unicodedata.category(found) == "Cs":
            return f"the text holds a lone surrogate, {code}"
        if unicodedata.category(found) == "Cc":
            return f"the text holds the control character {code}"
        return f"the text holds {code}, which nobody sees; type that part again"
    if not supplementary and (wide := _SUPPLEMENTARY.search(text)) is not None:
        return (
            f"the text holds {wide[0]!r} (U+{ord(wide[0]):04X}), which this database "
            "would silently turn into a question mark"
        )
    length = len(text.encode(encoding)) if encoding else len(text)
    if limit is not None and length > limit:
        unit = "bytes" if encoding else "characters"
        return f"the text has {length} {unit}; {limit} fit here"
    return None
