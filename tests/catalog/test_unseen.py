"""What counts as unseen, for checks, writing and display alike."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.suggestion import Finding
from catalog.unseen import unseen
from connectors.comment_text import text_problem
from model.checks import writing_only
from tui.flow.text import plain


@pytest.mark.parametrize(
    ("kind", "characters"),
    [
        ("C0", "".join(chr(c) for c in range(0x20) if chr(c) not in "\n\t")),
        ("DEL and C1", "".join(map(chr, range(0x7F, 0xA0)))),
        ("directions", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e"),
        ("isolates", "\u2066\u2067\u2068\u2069"),
        ("no width", "\u00ad\u180e\u200b\u200c\u200d\u2060\u2064\ufeff"),
        ("fillers", "\u034f\u115f\u1160\u2800\u3164\uffa0"),
        ("variations and tags", "\ufe0f\U000e0100\U000e0001\U000e0041"),
        ("line ends", "\u2028\u2029"),
        ("halves", "\ud800\udfff"),
    ],
)
def test_every_kind_is_found_refused_and_shown(kind: str, characters: str) -> None:
    """A C1 control and a direction override got into a comment."""
    for character in characters:
        text = f"a{character}b"
        assert unseen(text) == character
        assert writing_only(text) == (Finding.CONTROL,)
        assert f"U+{ord(character):04X}" in (text_problem(text, limit=None) or "")
        assert character not in plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "two\n\tlines",
        "dos\r\nlines",
        "عربي שלום 寸 한 e\u0301",
        "می\u200cروم",
        "❤\ufe0f",
    ],
)
def test_what_people_write_is_not(text: str) -> None:
    assert unseen(text) is None
    assert writing_only(text) == ()
    assert text_problem(text, limit=None) is None


@given(st.text())
def test_all_of_them_agree(text: str) -> None:
    found = unseen(text) is not None
    assert (writing_only(text) == (Finding.CONTROL,)) == found
    assert (text_problem(text, limit=None) is not None) == found
    if not found:
        lines = text.replace("\r\n", "\n")
        assert plain(text) == lines.replace("\n", "⏎").replace("\t", " ")
    kinds = {unicodedata.category(character) for character in plain(text)}
    assert kinds.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
