"""House rules for descriptions: what each marks, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.style import StyleRules, check

NONE = StyleRules()
STRICT = StyleRules(
    min_length=10,
    max_length=40,
    banned_words=("TBD", "etc."),
    banned_openings=("This column", "Contains"),
    full_stop=True,
    capital=True,
    present_tense=True,
    more_than_name=True,
    one_line=True,
)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("Date when the order was paid.", []),
        ("Payment.", ["shorter than 10 characters"]),
        (
            "Date when the order was paid by the one who ordered.",
            ["longer than 40 characters"],
        ),
        ("Day of payment, tbd by sales.", ["says \u201cTBD\u201d"]),
        ("The outbdoor price of it all.", []),
        ("Ways, dates etc. of payment.", ["says \u201cetc.\u201d"]),
        ("this  column has the payment.", ["begins", "no capital"]),
        ("Payment this column has there.", []),
        ("Containship of the payments.", []),
        ("Date when the order was paid", ["no full stop"]),
        ("Date when it will be paid.", ["speaks of the future: \u201cwill\u201d"]),
        ("Willingness to pay for goods.", []),
        ("Paid at, the order paidAt.", []),
        ("The date of paid order.", ["only repeats the name"]),
        ("Day of payment,\nand its hour.", ["more than one line"]),
    ],
)
def test_each_rule_marks_what_it_says(text: str, marks: list[str]) -> None:
    found = check(text, "order_paid_date", STRICT)
    assert len(found) == len(marks), found
    for mark, words in zip(found, marks, strict=True):
        assert mark.startswith(words)


@pytest.mark.parametrize(
    ("text", "given", "mark"),
    [
        ("Order date", {"full_stop": True}, "no full stop at the end"),
        ("Order date.", {"full_stop": False}, "a full stop at the end"),
        ("OrderDate", {"more_than_name": True}, "only repeats the name"),
        ("42 orders", {"capital": True}, ""),
        ("", {"full_stop": True, "more_than_name": True}, ""),
    ],
)
def test_a_rule_alone(text: str, given: dict[str, Any], mark: str) -> None:
    found = check(text, "OrderDate", replace(NONE, **given))
    assert found == ([mark] if mark else [])


@given(st.text(), st.text(), st.lists(st.text()))
def test_any_text_is_checked_and_without_rules_nothing_is_marked(
    text: str, name: str, words: list[str]
) -> None:
    assert check(text, name, NONE) == []
    rules = replace(STRICT, banned_words=tuple(words), banned_openings=tuple(words))
    assert all(check(text, name, rules))
