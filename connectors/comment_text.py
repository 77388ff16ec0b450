"""What a comment's text may hold, checked before any SQL is made of it."""

from __future__ import annotations

import re

_WRONG = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Control characters but for tab and newline, and halves of surrogate pairs."""
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
    # Old comments come with Windows line ends, and a revert must bring them back.
    if (found := _WRONG.search(text.replace("\r\n", "\n"))) is not None:
        code = ord(found[0])
        if code >= 0xD800:
            return f"the text holds a lone surrogate, U+{code:04X}"
        return f"the text holds the control character U+{code:04X}"
    if not supplementary and (found := _SUPPLEMENTARY.search(text)) is not None:
        return (
            f"the text holds {found[0]!r} (U+{ord(found[0]):04X}), which this database "
            "would silently turn into a question mark"
        )
    length = len(text.encode(encoding)) if encoding else len(text)
    if limit is not None and length > limit:
        unit = "bytes" if encoding else "characters"
        return f"the text has {length} {unit}; {limit} fit here"
    return None
