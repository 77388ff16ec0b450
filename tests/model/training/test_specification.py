from __future__ import annotations

from collections import Counter

from model.training.specification import specifications


def test_same_seed_same_specifications_and_another_seed_others() -> None:
    made = list(specifications(50, 1))
    assert list(specifications(50, 1)) == made
    assert list(specifications(7, 1)) == made[:7]
    assert not set(specifications(50, 2)) & set(made)


def test_they_are_the_same_on_every_machine() -> None:
    (first,) = specifications(1, 1)
    assert first.id == "g1-0"
    assert first.industry == "RV (Recreational Vehicle) Parks and Campgrounds"
    assert (first.use_case, first.dialect) == ("risk exposure", "databricks")
    assert (first.layer, first.columns) == ("fact table", 12)


def test_they_are_spread_over_what_there_is() -> None:
    made = list(specifications(3000, 1))
    assert len({each.industry for each in made}) > 800
    assert len({each.use_case for each in made}) == 117
    assert len({each.layer for each in made}) == 13
    assert len({each.naming for each in made}) == 28
    assert set(Counter(each.dialect for each in made)) == {
        *("bigquery", "databricks", "duckdb", "mysql", "oracle"),
        *("postgresql", "snowflake", "sql server"),
    }
    assert all(4 <= each.columns <= 26 for each in made)
