"""What a comment may hold."""

from __future__ import annotations

import pytest

from connectors.comment_text import normal, text_problem
from tests.connectors.nasty import PLAIN_TEXTS, REFUSED_TEXTS, SUPPLEMENTARY


def problem(
    text: str | None, limit: int | None = None, wide: bool = True
) -> str | None:
    return text_problem(text, limit=limit, supplementary=wide)


@pytest.mark.parametrize(
    "text", [*PLAIN_TEXTS, *SUPPLEMENTARY, None, "a\n\tb", "dos\r\nlines\r\n"]
)
def test_takes_every_printable_text(text: str | None) -> None:
    assert problem(text) is None


@pytest.mark.parametrize("text", REFUSED_TEXTS)
def test_refuses_controls_and_surrogates(text: str) -> None:
    assert problem(text)


def test_counts_characters_not_bytes() -> None:
    assert problem("ä" * 10, limit=10) is None
    assert problem("ä" * 11, limit=10) == "the text has 11 characters; 10 fit here"


@pytest.mark.parametrize("text", SUPPLEMENTARY)
def test_refuses_what_would_become_a_question_mark(text: str) -> None:
    found = problem(text, wide=False)
    assert found
    assert "question mark" in found


def test_an_empty_comment_is_none() -> None:
    assert normal("") is None
    assert normal(None) is None
    assert normal(" ") == " "
