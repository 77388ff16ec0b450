from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.flow.text import count, how_sure, pasted, pictured, plain, shorten


@given(st.text())
def test_nothing_that_moves_the_cursor_survives(text: str) -> None:
    shown = plain(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not any("\u202a" <= c <= "\u202e" for c in shown)
    assert not any(0xD800 <= ord(c) < 0xE000 for c in shown)


def test_ordinary_text_is_left_alone() -> None:
    assert plain("Größe in Zoll — 寸") == "Größe in Zoll — 寸"
    assert plain("a\nb\x1b[2J") == "a⏎b␛[2J"


UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u2028"
    "\u2029\u2060\u2061\u2064\u2066\u2069\u202e\u2800\u3164\ufe0f\ufeff\uffa0\ufff9"
    "\U000e0001\U000e0041\U000e0100"
)


@pytest.mark.parametrize("character", UNSEEN, ids=lambda c: f"{ord(c):04x}")
def test_what_is_unseen_is_shown(character: str) -> None:
    """Zero-width characters made two names look the same."""
    assert plain(f"a{character}b") == f"a<{ord(character):04x}>b"
    assert plain(character) == f"<{ord(character):04x}>"


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cروم",  # Persian
        "क्\u200dष",  # Hindi
        "👨\u200d👩\u200d👧",
        "👩🏽\u200d⚕\ufe0f",
        "❤\ufe0f",
        "e\u0301 שָׁלוֹם العربية ไทย 寸 한국어",
        "\u0600\u0661",
    ],
)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("text", ["pay\u200dpal", "a\u200c1", "x\ufe0f", "👨\u200d"])
def test_joiners_between_latin_letters_are_shown(text: str) -> None:
    assert "<" in plain(text)


@given(st.text())
def test_a_picture_of_a_text_is_as_long_as_the_text(text: str) -> None:
    """The editor counts characters: its cursor would stand elsewhere."""
    shown = pictured(text)
    assert len(shown) == len(text)
    assert plain(shown.replace("\t", "")) == shown.replace("\t", "")


@given(st.text())
def test_what_is_pasted_holds_nothing_unseen(text: str) -> None:
    kept = pasted(text).replace("\n", "").replace("\t", "")
    assert plain(kept) == kept
    assert pasted("two\r\nlines\x1b[2J") == "two\nlines[2J"


def test_counts_and_lengths() -> None:
    assert count(1, "table") == "1 table"
    assert count(1234, "table") == "1,234 tables"
    assert shorten("abcdef", 4) == "abc…"


@pytest.mark.parametrize(
    ("confidence", "said"),
    [
        (1.0, "likely (100%)"),
        (0.986, "likely (95%)"),
        (0.8, "likely (80%)"),
        (0.799, "maybe (75%)"),
        (0.5, "maybe (50%)"),
        (0.4999, "unlikely (45%)"),
        (0.0, "unlikely (0%)"),
    ],
)
def test_a_confidence_is_said_in_steps_that_agree_with_its_number(
    confidence: float, said: str
) -> None:
    assert how_sure(confidence) == said
