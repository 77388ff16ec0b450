"""What the review says of a column's sample."""

from __future__ import annotations

from pathlib import Path

import duckdb

from connectors.connect import open_database
from tui.app.screens.review_rows import evidence, review_lines


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
        line = review_lines(table, {})[1]
        shown[table.id.name] = evidence(table, line, database.profile(table))
        assert evidence(table, line, None) == ["VARCHAR"]
    assert shown == {
        "v": ["VARCHAR", "its sample cannot be read"],
        "empty": ["VARCHAR"],
    }
