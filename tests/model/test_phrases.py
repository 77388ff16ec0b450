"""Names that say the same in every table have a sentence of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from model import phrases
from model.rules import describe_column, sure_sentence


def sentence(name: str, kind: str = "", table: str = "orders") -> str | None:
    column = Column(ColumnId(TableId("s", table), name), 1, kind)
    return sure_sentence(Table(column.id.table, TableKind.TABLE, (column,)), column)


@pytest.mark.parametrize(
    ("name", "kind", "table", "text"),
    [
        ("first_name", "text", "employees", "First name of the employee."),
        ("first_name", "text", "orders", "First name of the person."),
        ("first_name", "text", "customer_orders", "First name of the customer."),
        ("job_title", "text", "jobs", "Job title."),
        ("email", "text", "employees", "E-mail address of the employee."),
        ("email", "text", "video_engagement", "E-mail address."),
        ("longitude", "double", "store_orders", "Longitude of the store, in degrees."),
        ("address", "text", "store_orders", "Address of the store."),
        ("org", "text", "events", "Name of the organization."),
        ("record_end_date", "", "xs", "Date until which the record is effective."),
        ("createdAt", "timestamp", "orders", "Time the order was created."),
        ("created_date", "", "orders", "Date the order was created."),
        ("created_on", "date", "order_history", "Date the record was created."),
        ("start_date", "date", "campaigns", "Start date of the campaign."),
        ("active_flag", "char(1)", "orders", "Whether the order is active."),
        ("is_locked", "", "orders", "Whether the order is locked."),
        ("locked", "timestamp", "orders", None),
        ("deleted_at", "boolean", "orders", None),
        ("order_status", "text", "orders", "Status of the order."),
        ("status", "text", "qxvz", None),
        ("cost_center", "text", "qxvz", "Cost center."),
        ("date", "date", "orders", "Date of the order."),
        ("date", "date", "sales_daily", "Date to which the row refers."),
        ("type", "text", "order_types", None),
        ("product_id", "int", "orders", "Identifier of the product."),
        ("product_id", "int", "products", None),
        ("items", "json", "orders", "Items of the order, as JSON."),
        ("items", "int", "orders", "Number of items."),
        ("planned_start_date", "date", "orders", "Planned start date of the order."),
        ("billing_addr1", "text", "orders", "First line of the billing address."),
        ("gift_wrap", "text", "orders", None),
        ("x1", "text", "orders", None),
    ],
)
def test_sentences(name: str, kind: str, table: str, text: str | None) -> None:
    assert sentence(name, kind, table) == text


def test_a_declared_key_tells_more() -> None:
    table_id, users = TableId("s", "orders"), TableId("s", "users")
    names = ("currency_id", "owner_id", "created_by")
    table = Table(
        id=table_id,
        kind=TableKind.TABLE,
        columns=tuple(
            Column(ColumnId(table_id, name), place, "int")
            for place, name in enumerate(names, 1)
        ),
        primary_key=("currency_id",),
        foreign_keys=tuple(ForeignKey((n,), users, ("id",)) for n in names[1:]),
    )
    sure = [sure_sentence(table, column) for column in table.columns]
    assert sure == [None, None, "User who created the order."]
    owner = describe_column(table, table.columns[1])
    assert owner == "Identifier of the owner of the order."


def test_every_sentence_of_the_bank_can_be_said() -> None:
    for said in set(phrases.bank().values()):
        slots = dict.fromkeys(re.findall(r"\{(\w+)\}", said), "x")
        assert said.format("x", **slots).endswith(".")


@pytest.mark.parametrize("lines", ["no sentence", "a: One thing.\na|b: Another."])
def test_a_bank_that_is_none(
    lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "phrases.txt").write_text(lines, encoding="utf-8")
    monkeypatch.setattr(phrases, "FILE", tmp_path / "phrases.txt")
    with pytest.raises(ValueError, match=r"phrases\.txt has"):
        phrases.bank.__wrapped__()
