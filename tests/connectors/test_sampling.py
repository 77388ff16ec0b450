"""What a sample says of a column."""

from __future__ import annotations

import pytest

from catalog.objects import Column, ColumnId, Profile, TableId
from connectors.sampling import profile_column


def profiled(
    values: list[str | None], kind: str = "text", name: str = "c", unique: bool = False
) -> Profile:
    column = Column(ColumnId(TableId("s", "t"), name), 1, kind)
    return profile_column(column, values, is_unique=unique)


def test_counts_nulls_and_distinct_values() -> None:
    profile = profiled(["a", None, "a", "b"])
    assert (profile.rows, profile.null_share, profile.distinct) == (4, 0.25, 2)
    empty = profiled([])
    assert (empty.rows, empty.null_share, empty.distinct) == (0, 0.0, 0)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("integer", ["10", "9", "-3"], ("-3", "10")),
        ("numeric(10,2)", ["1.50", "12.00", "NaN"], ("1.50", "12.00")),
        ("int(11) unsigned", ["2", "100"], ("2", "100")),
        ("double precision", ["1e3", "5"], ("5", "1e3")),
        ("HUGEINT", ["5", "70"], ("5", "70")),
        ("date", ["2021-01-01", "1999-12-31"], ("1999-12-31", "2021-01-01")),
        ("timestamp with time zone", ["2020-01-01 00:00:00+00"] * 2, None),
        ("date", ["0044-03-15 BC", "2020-01-01"], ("2020-01-01", "2020-01-01")),
        ("text", ["a", "b"], (None, None)),
        ("interval", ["1 day", "2 days"], (None, None)),
        ("point", ["(1,2)"], (None, None)),
    ],
)
def test_extremes_of_numbers_and_dates(
    kind: str, values: list[str | None], expected: tuple[str | None, str | None] | None
) -> None:
    profile = profiled(values, kind)
    assert (profile.minimum, profile.maximum) == (expected or (values[0], values[0]))


def test_codes_are_few_short_and_repeated() -> None:
    assert profiled(["open", "new", None] * 10).codes == ("new", "open")
    assert profiled(["1", "0"] * 10, "integer").codes == ("0", "1")


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (["a"] * 20, {}),  # one value is no list
        ([f"v{n}" for n in range(51)] * 10, {}),
        (["a", "b"] * 3, {}),  # too few rows
        ([f"v{n}" for n in range(10)] * 2, {}),  # hardly repeated
        (["x" * 25, "y"] * 10, {}),
        (["a", "b"] * 10, {"unique": True}),
        (["2020-01-01", "2020-01-02"] * 10, {"kind": "date"}),
    ],
)
def test_what_is_no_code_list(
    values: list[str | None], options: dict[str, object]
) -> None:
    assert profiled(values, **options).codes == ()  # type: ignore[arg-type]


def test_samples_are_what_would_give_data_away() -> None:
    profile = profiled(["Ann Smith", "ab", "Bob Jones"])
    assert profile.samples == ("Ann Smith", "Bob Jones")
    assert profiled(["17", "4711", "123456"], "integer").samples == ("123456",)
    assert profiled(["open", "new"] * 10).samples == ()
    assert len(profiled([f"value {n}" for n in range(100)]).samples) == 20


def test_patterns_of_the_values_shapes() -> None:
    assert profiled(["ABC-123", "XYZ-999"]).patterns == ("AAA-999",)
    assert profiled(["A-1", "BB-22", "CCC-333", "D-4444"]).patterns
    assert profiled([f"{'x' * n} {'y' * (40 - n)}!" for n in range(20)]).patterns == ()
    assert profiled(["1", "2"], "integer").patterns == ()
