"""What the review says of a column's sample."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from connectors.connect import open_database
from tui.app.screens.evidence import evidence


def test_a_sample_beyond_the_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    """It was read, and shown: any file that the steward may read."""
    secret, shop = tmp_path / "secret.csv", tmp_path / "shop.duckdb"
    secret.write_text("a,b\nnot-for-anybody,1\n")
    with duckdb.connect(str(shop)) as connection:
        connection.execute(f"CREATE VIEW v AS SELECT a FROM read_csv('{secret}')")
        connection.execute("CREATE TABLE empty (a VARCHAR)")
    database = open_database(f"duckdb:///{shop}")
    shown = {}
    for table in database.scan():
        column = table.columns[0].id
        shown[table.id.name] = evidence(table, column, database.profile(table))
        assert evidence(table, column, None) == ["VARCHAR"]
    assert shown == {
        "v": ["VARCHAR", "its sample cannot be read"],
        "empty": ["VARCHAR", "no rows"],
    }


def test_figures_say_of_which_rows_they_are(tmp_path: Path) -> None:
    """Shares and ranges of 2,000 rows were said as if they were the table's."""
    shop = tmp_path / "shop.duckdb"
    with duckdb.connect(str(shop)) as connection:
        for name, rows in {"large": 3200, "small": 40, "single": 1}.items():
            connection.execute(
                f"CREATE TABLE {name} AS SELECT CAST(i AS INTEGER) AS a"
                f" FROM range({rows}) t(i)"
            )
        connection.execute("CREATE VIEW v AS SELECT * FROM large")
    database = open_database(f"duckdb:///{shop}")
    said = {}
    for table in database.scan():
        profiles = database.profile(table, rows=2000)
        said[table.id.name] = evidence(table, table.columns[0].id, profiles)[1]
        heads = evidence(table, table.id, profiles)
        assert table.row_estimate is None or "about" in heads[0]
    assert said.pop("large").startswith("sample of 2,000 of about 3,200 rows: 0% null")
    assert said == {
        "small": "all 40 rows: 0% null, 40 distinct, from 0 to 39",
        "single": "1 row: 0% null, 1 distinct, from 0 to 0",
        "v": "sample of 2,000 rows: 0% null, 2,000 distinct, from 0 to 1999",
    }


KEYED = TableId("sales", "lines")
THERE = TableId("sales", "orders")


def keyed(*names: str, **keys: object) -> Table:
    columns = tuple(
        Column(ColumnId(KEYED, name), at, "INT") for at, name in enumerate(names, 1)
    )
    return Table(KEYED, TableKind.TABLE, columns, **keys)  # type: ignore[arg-type]


def test_a_member_of_a_key_of_several_is_a_part_of_it() -> None:
    """Each was said to be the primary key, and to refer by itself."""
    key = ForeignKey(("year", "order_no"), THERE, ("year", "no"))
    two = keyed("year", "order_no", "pos", primary_key=("order_no", "pos"))
    two = replace(two, foreign_keys=(key,))
    said = {c.name: evidence(two, c.id, None) for c in two.columns}
    assert said == {
        "year": ["INT, with order_no references sales.orders (year and no)"],
        "order_no": [
            "INT, part of the primary key,"
            " with year references sales.orders (year and no)"
        ],
        "pos": ["INT, part of the primary key"],
    }
    one = keyed("id", "order_id", primary_key=("id",))
    one = replace(one, foreign_keys=(ForeignKey(("order_id",), THERE, ("id",)),))
    assert [evidence(one, c.id, None) for c in one.columns] == [
        ["INT, primary key"],
        ["INT, references sales.orders.id"],
    ]
