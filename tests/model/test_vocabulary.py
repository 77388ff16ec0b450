"""Which names and languages the word lists know."""

from __future__ import annotations

import pytest

from model.vocabulary import is_english, is_met


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("customer_id", True),
        ("KUNDENNUMMER", False),
        ("fecha_nacimiento", False),
        ("Amount in EUR before tax", True),
        ("Der Betrag in Euro für die Bestellung", False),
        ("Date de création de la commande", False),
        ("x1", None),
        ("", None),
        ("顧客番号", False),
    ],
)
def test_language_is_told_by_english_words(text: str, english: bool | None) -> None:
    assert is_english(text) is english


def test_a_name_is_met_where_all_its_words_are() -> None:
    assert is_met("ORDER_QTY")
    assert not is_met("order_xqzzy")
    assert is_met("")


def test_of_a_long_text_the_beginning_is_read() -> None:
    assert is_english("kunde " * 1_000_000) is False
    assert not is_met("kundennummer" * 1_000_000)
