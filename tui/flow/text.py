"""Making text from databases and models safe to show in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from catalog.objects import TableId
from catalog.suggestion import Likelihood, Source, Suggestion
from catalog.unseen import all_seen, is_unseen
from catalog.workspace import steward


def plain(text: str) -> str:
    """The text on one line, with everything unseen or moving the cursor made visible.

    Control characters, escapes, direction marks and what has no width become pictures
    or code points; line breaks become `⏎`. Combining marks stay, and so do joiners and
    variation selectors where they change what is drawn.
    """
    if all_seen(text):
        return text
    text = text.replace("\r\n", "\n")
    return "".join(
        _visible(character) if is_unseen(text, place) else character
        for place, character in enumerate(text)
    )


def pasted(text: str) -> str:
    """What is pasted without what nobody sees; line breaks and tabs stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        character
        for place, character in enumerate(text)
        if character in "\n\t" or not is_unseen(text, place)
    )


def pictured(text: str) -> str:
    """The same as `plain` for text whose characters are counted: one for each."""
    return "".join(
        character
        if character == "\t" or not is_unseen(text, place)
        else shown
        if len(shown := _visible(character)) == 1
        else "\ufffd"
        for place, character in enumerate(text)
    )


def how_sure(confidence: float) -> str:
    """A confidence in words, with the number it can bear: fives, rounded down."""
    percent = int(confidence * 20 + 1e-9) * 5
    return f"{Likelihood.of(confidence).value} ({percent}%)"


def _visible(character: str) -> str:
    """A picture of an unseen character, or its code point."""
    if character == "\n":
        return "⏎"
    if character == "\t":
        return " "
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return f"<{code:04x}>"


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


def when(at: datetime | str) -> str:
    """A moment by this machine's clock, as `2024-02-01 13:05`; a text is ISO's."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def whose(suggestion: Suggestion) -> str:
    """Whose words a text is, and how sure it is where that is known."""
    if suggestion.pair:
        return "two drafts, unnamed until you choose"
    by = f"by {author_of(suggestion)}"
    if suggestion.confidence is None or suggestion.by is Source.HUMAN:
        return by
    return f"{how_sure(suggestion.confidence)} · {by}"


def author_of(suggestion: Suggestion) -> str:
    """A person, who may be the steward at this machine, or where a text came from."""
    if suggestion.by is not Source.HUMAN:
        return str(suggestion.by.value)
    who = suggestion.writer or steward()
    return "you" if who == steward() else plain(who)


def left_out(unread: Mapping[TableId, str]) -> list[str]:
    """What a scan could not read, each with the reason: a line of the count first."""
    if not unread:
        return []
    return [f"Could not read {count(len(unread), 'table')}; left out:"] + [
        f"  {plain(str(table))}: {plain(why)}" for table, why in unread.items()
    ]


def percent(share: float | None, decimals: int = 0) -> str:
    """A share in percent; a dash where there is nothing to have a share of."""
    return "-" if share is None else f"{share:.{decimals}%}"
