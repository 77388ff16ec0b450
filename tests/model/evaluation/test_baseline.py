"""The baseline is frozen: these texts were recorded when the bar was set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from model.evaluation.baseline import describe_column, describe_table


def recorded() -> Any:
    path = Path(__file__).parent / "baseline_texts.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_columns_are_described_as_recorded() -> None:
    rows = recorded()["columns"]
    assert len(rows) == 400
    for name, kind, table, reference, text in rows:
        assert describe_column(name, kind, table, reference) == text


def test_tables_are_described_as_recorded() -> None:
    for table, columns, text in recorded()["tables"]:
        assert describe_table(table, columns) == text


@given(st.text(max_size=40), st.text(max_size=10), st.text(max_size=40))
def test_any_name_gets_a_sentence(name: str, kind: str, table: str) -> None:
    assert describe_column(name, kind, table, None).endswith(".")
    assert describe_table(table, [name]).endswith(".")
