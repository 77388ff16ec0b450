from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.text import count, plain, shorten


@given(st.text())
def test_nothing_that_moves_the_cursor_survives(text: str) -> None:
    shown = plain(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not any("\u202a" <= c <= "\u202e" for c in shown)
    assert not any(0xD800 <= ord(c) < 0xE000 for c in shown)


def test_ordinary_text_is_left_alone() -> None:
    assert plain("Größe in Zoll — 寸") == "Größe in Zoll — 寸"
    assert plain("a\nb\x1b[2J") == "a⏎b␛[2J"


def test_counts_and_lengths() -> None:
    assert count(1, "table") == "1 table"
    assert count(1234, "table") == "1,234 tables"
    assert shorten("abcdef", 4) == "abc…"
