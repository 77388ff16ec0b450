"""Pairs are real shortenings, and right is what a person would call right."""

from __future__ import annotations

import pytest

from model.evaluation.cryptic import (
    base,
    is_right,
    real_pairs,
    shortens,
    spelled_out,
    synthetic,
)
from model.evaluation.records import Entry
from tests.model.evaluation.entries import entry_of


def entry(**columns: str) -> Entry:
    return entry_of(
        {
            "source": "a/b",
            "table": "orders",
            "columns": [{"name": n, "description": d} for n, d in columns.items()],
        }
    )


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("cust", "customer"),
        ("dept", "department"),
        ("qty", "quantity"),
        ("prev", "previous"),
        ("hrs", "hours"),
    ],
)
def test_usual_shortenings_are_known(token: str, word: str) -> None:
    assert shortens(token, word)


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("orders", "order"),  # an inflection
        ("date", "dates"),
        ("cust", "quick"),  # other letters
        ("name", "username"),  # the end of a compound
        ("tmer", "terms"),  # another order
    ],
)
def test_other_words_are_not(token: str, word: str) -> None:
    assert not shortens(token, word)


@pytest.mark.parametrize(
    ("name", "description", "found"),
    [
        ("cust_name", "Name of the customer", ("cust", ("customer",))),
        ("dob", "The date of birth.", ("dob", ("date", "birth"))),
        ("custName", "Customers' names", ("cust", ("customers",))),
        ("order_date", "Datetime of the ordering", None),
        ("at_id", "Identifier of the activity", None),
        ("cust_id", "The cust, a customer", None),  # the short form is used itself
        ("customer_cust", "The customer", None),  # the name has both
        ("x", "", None),
    ],
)
def test_a_pair_is_what_the_description_spells_out(
    name: str, description: str, found: tuple[str, tuple[str, ...]] | None
) -> None:
    assert spelled_out(name, description) == found


def test_pairs_have_their_place() -> None:
    (pair,) = real_pairs([entry(id="Key"), entry(total="Sum", qty="Quantity sold")])
    assert (pair.entry, pair.column, pair.long) == (1, "qty", ("quantity",))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Number of customers.", True),
        ("CUSTOMER", True),
        ("Customized.", False),
        (None, False),
        ("Identifier of the cust.", False),
    ],
)
def test_the_word_or_its_inflection_is_right(text: str | None, right: bool) -> None:
    assert is_right(text, ("customer",)) is right


def test_all_words_of_initials_are_needed() -> None:
    assert is_right("Date of birth.", ("date", "birth"))
    assert not is_right("Date.", ("date", "birth"))


@pytest.mark.parametrize(
    "forms",
    ["plan plans planned planning", "order orders ordered ordering", "box boxes"],
)
def test_inflections_have_one_base(forms: str) -> None:
    assert len({base(word) for word in forms.split()}) == 1


def test_synthetic_names_shorten_what_the_description_says() -> None:
    entries = [entry(customer_id="Key of the customer"), entry(id="Key")]
    renamed, (pair,) = synthetic(entries, count=5)
    assert pair.long == ("customer",)
    name = pair.column
    assert name == "cust_id"
    assert renamed[0].wanted == (renamed[0].table.columns[0].id,)
    assert synthetic(entries, count=0) == ([], [])
    assert synthetic(entries, count=5, seed=0) == (renamed, [pair])
