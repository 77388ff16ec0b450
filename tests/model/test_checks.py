from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Profile,
    Table,
    TableId,
    TableKind,
)
from catalog.suggestion import Finding
from catalog.unseen import unseen
from model.checks import (
    circular,
    degenerate,
    find,
    unsupported,
    writing_only,
)
from model.teacher_set import shipped
from model.vocabulary import FILE, common, root, written

ORDERS = TableId("sales", "orders")
TABLE = Table(
    ORDERS,
    TableKind.TABLE,
    tuple(
        Column(ColumnId(ORDERS, name), position, kind)
        for position, (name, kind) in enumerate(
            [
                ("order_id", "INTEGER"),
                ("customer_id", "INTEGER"),
                ("status", "VARCHAR(20)"),
                ("email", "VARCHAR"),
            ],
            1,
        )
    ),
    primary_key=("order_id",),
    foreign_keys=(
        ForeignKey(("customer_id",), TableId("sales", "customers"), ("customer_id",)),
    ),
)


def profile(**facts: object) -> Profile:
    return Profile(
        **{"rows": 100, "null_share": 0.0, "distinct": 3, **facts}  # type: ignore[arg-type]
    )


def of(text: str, column: str = "status", **facts: object) -> set[Finding]:
    seen = profile(**facts) if facts else None
    return set(find(text, TABLE, ColumnId(ORDERS, column), seen))


GOOD = "Stage of the process that the order has reached."


def test_a_good_text_has_no_findings() -> None:
    assert of(GOOD, samples=("anna@example.com",)) == set()


def test_a_sample_value_in_the_text_is_a_leak_unless_it_is_a_code() -> None:
    text = "Address such as anna@example.com used for receipts."
    assert Finding.LEAK in of(text, "email", samples=("anna@example.com",))
    assert Finding.LEAK in of("Ends at 48213 for now.", "email", maximum="48213")
    listed = "Whether the purchase is shipped or still waits."
    seen = profile(samples=("shipped",), codes=("open", "shipped"))
    target = ColumnId(ORDERS, "status")
    assert Finding.LEAK not in find(listed, TABLE, target, seen)


PRIVATE = {
    "samples": ("Mark Kaltenbach", "HMEIER", "j.moretti@acme.org", "Ann", "AB12x")
}


@pytest.mark.parametrize(
    "text",
    [
        "User of the order: HMEIER.",
        "User of the order: hmeier.",
        "Kaltenbach who placed it.",
        "The kaltenbach who placed it.",
        "Whoever was called Mark or else.",
        "Written by moretti.",
        "Initials such as Ann has.",
        "As MARK does.",
        "Whoever has ab12x for it.",
    ],
)
def test_of_values_that_tell_of_people_a_part_is_a_leak(text: str) -> None:
    seen = profile(**PRIVATE, private=True)
    assert Finding.LEAK in find(text, TABLE, ColumnId(ORDERS, "status"), seen)
    for target in (ORDERS, ColumnId(ORDERS, "email")):
        assert Finding.LEAK in find(text, TABLE, target, beside={"a": seen})


@pytest.mark.parametrize(
    "text",
    [
        "Mark of the order.",
        "A mark on the order.",
        "An annual figure.",
        "Status of the order, in org units.",
    ],
)
def test_common_words_and_codes_are_no_part_of_a_value(text: str) -> None:
    seen = profile(**PRIVATE, private=True)
    assert Finding.LEAK not in find(text, TABLE, ColumnId(ORDERS, "status"), seen)
    code = profile(codes=("HMEIER", "open"))
    said = "Stage of the order: HMEIER or open."
    assert Finding.LEAK not in find(said, TABLE, ORDERS, beside={"a": seen, "b": code})


@pytest.mark.parametrize(
    "said", ["DE89 3704 0044 0532 0130 00", "370400440532", "3704-0044-0532"]
)
def test_most_of_a_number_is_a_leak_however_it_is_written(said: str) -> None:
    seen = profile(samples=("DE89370400440532013000",), private=True)
    assert Finding.LEAK in find(
        f"Account, as in {said}.", TABLE, ORDERS, beside={"a": seen}
    )
    same = find(
        "Account of the year 2024, 37 of them.", TABLE, ORDERS, beside={"a": seen}
    )
    assert Finding.LEAK not in same


@pytest.mark.parametrize(
    "text", ["At most 37 characters of it.", "Kept in sync with Salesforce nightly."]
)
def test_numbers_and_names_from_nowhere_are_unsupported(text: str) -> None:
    assert Finding.UNSUPPORTED in of(text)


def test_numbers_from_schema_and_sample_are_supported() -> None:
    assert Finding.UNSUPPORTED not in of("Code of the first 20 days.")
    assert Finding.UNSUPPORTED not in of("Year since 1999.", minimum="1999")


def of_name(name: str, text: str, table: str = "orders") -> set[Finding]:
    there = TableId("sales", table)
    column = Column(ColumnId(there, name), 1, "VARCHAR")
    return set(find(text, Table(there, TableKind.TABLE, (column,)), column.id))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("city", "City of the order."),
        ("safety_stock", "The safety stock."),
        ("is_active", "Whether the order is active."),
        ("unitPrice", "Unit price of the order."),
    ],
)
def test_only_the_words_of_the_name_restate_it(name: str, text: str) -> None:
    assert Finding.RESTATES in of_name(name, text)
    assert Finding.RESTATES not in of_name(name, GOOD)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("STCEG", "VAT registration number."),
        ("whse", "Warehouse of the order."),
        ("cust_seg", "Customer segment of the order."),
        ("tare_wt", "Tare weight of the order."),
        ("rack", "Rack of the order: 1, 2 or 3."),
        ("lead_min", "Lead of the order, in minutes."),
    ],
)
def test_what_a_short_form_means_is_news(name: str, text: str) -> None:
    """A name that was written out was said to be restated, on every second row."""
    assert Finding.RESTATES not in of_name(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("order_id", "Unique identifier of the order."),
        ("city_name", "Name of the city."),
        ("order_status", "The status of the order."),
    ],
)
def test_nothing_is_missing_where_the_name_says_what_it_is(
    name: str, text: str
) -> None:
    assert Finding.RESTATES not in of_name(name, text)


def test_a_part_of_the_key_is_not_unique() -> None:
    parts = Table(ORDERS, TableKind.TABLE, TABLE.columns, ("order_id", "status"))
    text = "Unique identifier of the order."
    for table, found in ((TABLE, set[Finding]()), (parts, {Finding.FALSE_CLAIM})):
        assert set(find(text, table, ColumnId(ORDERS, "order_id"))) == found
    counted = "Number of unique visitors of the order."
    assert Finding.FALSE_CLAIM not in find(counted, parts, ColumnId(ORDERS, "status"))


@pytest.mark.parametrize(
    "text",
    ["", "word", "the the same", "a b c and a b c", "broken \ufffd text", "<|end|> x"],
)
def test_broken_and_looping_texts_are_degenerate(text: str) -> None:
    assert degenerate(text)


@pytest.mark.parametrize("text", ["Cart of the cart.", "Each one is a page in a page."])
def test_a_short_text_that_goes_round_in_circles_is_known(text: str) -> None:
    assert circular(text)
    assert not circular(GOOD)


def test_a_text_that_was_cut_off_is_degenerate() -> None:
    found = find(GOOD, TABLE, ColumnId(ORDERS, "status"), complete=False)
    assert found == (Finding.DEGENERATE,)


def test_the_limit_of_the_database_counts() -> None:
    target = ColumnId(ORDERS, "status")
    assert find(GOOD, TABLE, target, limit=len(GOOD)) == ()
    assert find(GOOD, TABLE, target, limit=len(GOOD) - 1) == (Finding.TOO_LONG,)
    assert writing_only(GOOD, limit=3) == (Finding.TOO_LONG,)


def test_claims_that_the_sample_refutes_are_false() -> None:
    unique = "Unique number of the purchase across shops."
    assert Finding.FALSE_CLAIM in of(unique, "order_id", distinct=60)
    assert Finding.FALSE_CLAIM not in of(unique, "order_id", distinct=100)
    never = "Stage of fulfilment, never null."
    assert Finding.FALSE_CLAIM in of(never, null_share=0.1)
    wrong = "References the products table for the buyer."
    assert Finding.FALSE_CLAIM in of(wrong, "customer_id")
    right = "References the customers table for the buyer."
    assert Finding.FALSE_CLAIM not in of(right, "customer_id")


@given(st.text())
def test_whatever_could_drive_a_terminal_is_found(text: str) -> None:
    text = text.replace("\r\n", "\n")
    bad = any((ord(c) < 0x20 and c not in "\n\t") or c in "\x7f\x9b" for c in text)
    if bad:
        assert unseen(text)
    assert unseen(text + "\x1b[2J")
    assert unseen(text + "\u202e")


def test_a_word_from_nowhere_is_unsupported() -> None:
    target = ColumnId(ORDERS, "status")
    assert unsupported("Hadron of the order.", TABLE, target) == ("Hadron",)
    assert unsupported("Statuses of ordering customers.", TABLE, target) == ()
    shown = profile(codes=("hadron", "boson"))
    assert unsupported("Whether a hadron was sent.", TABLE, target, shown) == ()


def test_a_large_model_may_know_words_but_invents_no_names() -> None:
    target = ColumnId(ORDERS, "status")
    assert find("Hadron of the order.", TABLE, target) == (Finding.UNSUPPORTED,)
    assert find("Hadron of the order.", TABLE, target, by_large=True) == ()
    made_up = "Status as known by Salesforce."
    assert Finding.UNSUPPORTED in find(made_up, TABLE, target, by_large=True)


def test_a_text_on_a_table_needs_more_support() -> None:
    """A food truck was found in the stop times of a railway."""
    said = "One row per order, with the person who cancelled it."
    assert "cancelled" in unsupported(said, TABLE, ORDERS)
    assert unsupported(said, TABLE, ColumnId(ORDERS, "status")) == ()
    assert unsupported("One row per order and customer.", TABLE, ORDERS) == ()


def test_the_words_of_the_teacher_are_those_of_its_tables() -> None:
    assert written(common(shipped())) == FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("word", ["shipped", "ships", "shipment", "shipping", "ship"])
def test_one_family_has_one_root(word: str) -> None:
    assert root(word) == "ship"
