"""Other sentences for a column, by rules: what is offered to a model to weigh."""

from __future__ import annotations

import pytest

from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from model.readings import MOST, readings


def read(table: str, column: str, kind: str = "") -> tuple[str, ...]:
    """The readings of a column that stands alone in its table."""
    place = TableId("sales", table)
    found = Column(ColumnId(place, column), 1, kind)
    return readings(Table(place, TableKind.TABLE, (found,)), found)


@pytest.mark.parametrize(
    ("table", "column", "kind", "text"),
    [
        ("senate_polls", "pollster", "varchar", "Name of the pollster."),
        ("calendar_days", "fiscal_week_number", "int", "Number of the fiscal week."),
        ("problem_responses", "dump_id", "varchar", "Identifier of the dump."),
        ("song_lyrics", "fights", "int", "Number of fights in the song lyric."),
        ("song_lyrics", "explicit", "boolean", "Whether the song lyric is explicit."),
        ("initiative_labels", "retired_by_id", "int", "Identifier of the user who"),
    ],
)
def test_a_name_has_more_than_one_reading(
    table: str, column: str, kind: str, text: str
) -> None:
    found = read(table, column, kind)
    assert any(each.startswith(text) for each in found), found
    assert len(set(found)) == len(found) <= MOST


def test_a_name_that_says_nothing_has_none() -> None:
    assert read("orders", "col_3", "varchar") == ()
