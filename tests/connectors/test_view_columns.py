"""Which base column a view's column comes from."""

from __future__ import annotations

import pytest

from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from connectors.view_columns import base_columns

TABLES = {
    "orders": ("order_id", "customer_id", "net_amount", "state"),
    "customers": ("customer_id", "name", "state"),
    "Odd Table": ("Some Column", "b"),
}


def table(name: str, columns: tuple[str, ...], schema: str = "sales") -> Table:
    table_id = TableId(schema, name)
    return Table(
        table_id,
        TableKind.TABLE,
        tuple(
            Column(ColumnId(table_id, column), position, "text")
            for position, column in enumerate(columns, 1)
        ),
    )


def lookup(table_id: TableId) -> Table | None:
    columns = TABLES.get(table_id.name)
    if columns is None or table_id.schema != "sales":
        return None
    return table(table_id.name, columns)


def bases(sql: str, *columns: str, dialect: str = "postgres") -> dict[str, str]:
    made = table("v", columns)
    view = Table(made.id, TableKind.VIEW, made.columns, view_sql=sql)
    found = base_columns(view, dialect=dialect, lookup=lookup)
    return {name: f"{base.table.name}.{base.name}" for name, base in found.items()}


@pytest.mark.parametrize(
    ("sql", "columns", "expected"),
    [
        (
            "SELECT order_id, net_amount AS amount FROM orders",
            ("order_id", "amount"),
            {"order_id": "orders.order_id", "amount": "orders.net_amount"},
        ),
        (
            "SELECT o.order_id, c.name, upper(c.name) AS shout FROM sales.orders o"
            " JOIN sales.customers c ON c.customer_id = o.customer_id",
            ("order_id", "name", "shout"),
            {"order_id": "orders.order_id", "name": "customers.name"},
        ),
        (
            "SELECT * FROM customers",
            ("customer_id", "name", "state"),
            {
                "customer_id": "customers.customer_id",
                "name": "customers.name",
                "state": "customers.state",
            },
        ),
        (
            "WITH big AS (SELECT order_id AS id, net_amount * 2 AS twice FROM orders)"
            " SELECT id, twice FROM (SELECT id, twice FROM big) x",
            ("id", "twice"),
            {"id": "orders.order_id"},
        ),
        (
            "SELECT order_id FROM orders UNION ALL SELECT customer_id FROM customers",
            ("order_id",),
            {},
        ),
        (
            'SELECT "Some Column" AS a FROM "Odd Table"',
            ("a",),
            {"a": "Odd Table.Some Column"},
        ),
        ("SELECT x FROM elsewhere.t", ("x",), {}),
        ("SELECT FROM WHERE (", ("x",), {}),
        ("", ("x",), {}),
        ("DROP TABLE orders", ("x",), {}),
    ],
)
def test_what_comes_through_as_it_is_has_a_base(
    sql: str, columns: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert bases(sql, *columns) == expected


def test_names_that_the_view_gives_itself_count() -> None:
    sql = "CREATE VIEW sales.v(nr, wer) AS SELECT order_id, customer_id FROM orders"
    assert bases(sql, "nr", "wer", dialect="duckdb") == {
        "nr": "orders.order_id",
        "wer": "orders.customer_id",
    }


def test_mysql_writes_every_name_in_full() -> None:
    sql = (
        "select `sales`.`orders`.`order_id` AS `order_id`,"
        "`sales`.`orders`.`net_amount` + 1 AS `more` from `sales`.`orders`"
    )
    assert bases(sql, "order_id", "more", dialect="mysql") == {
        "order_id": "orders.order_id"
    }
