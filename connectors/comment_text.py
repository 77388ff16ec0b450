"""What a comment's text may hold, checked before any SQL is made of it."""

from __future__ import annotations


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
    for character in text.replace("\r\n", "\n"):
        code = ord(character)
        if (code < 0x20 and character not in "\n\t") or code == 0x7F:
            return f"the text holds the control character U+{code:04X}"
        if 0xD800 <= code <= 0xDFFF:
            return f"the text holds a lone surrogate, U+{code:04X}"
        if code > 0xFFFF and not supplementary:
            return (
                f"the text holds {character!r} (U+{code:04X}), which this database "
                "would silently turn into a question mark"
            )
    length = len(text.encode(encoding)) if encoding else len(text)
    if limit is not None and length > limit:
        unit = "bytes" if encoding else "characters"
        return f"the text has {length} {unit}; {limit} fit here"
    return None
