from __future__ import annotations

import pytest

from catalog.objects import TableId
from catalog.trial import drawn_model

TABLES = [TableId("s", f"t{number}") for number in range(2000)]


def test_tables_are_drawn_alike_whatever_the_order_of_the_models() -> None:
    for table in TABLES[:50]:
        drawn = drawn_model("k", table, ("a", "b"))
        assert drawn in ("a", "b")
        assert drawn == drawn_model("k", table, ("b", "a"))


def test_the_drawing_is_the_same_in_every_version() -> None:
    """A run that goes on after an upgrade keeps each table's model."""
    drawn = "".join(drawn_model("k", table, ("a", "b")) for table in TABLES[:16])
    assert drawn == "baaabaaaaaaaabab"


def test_half_of_the_tables_are_drawn_for_each() -> None:
    number = sum(drawn_model("k", table, ("a", "b")) == "a" for table in TABLES)
    assert number == pytest.approx(1000, abs=90)  # four standard deviations


def test_other_models_and_other_databases_are_drawn_anew() -> None:
    def draws(key: str, models: tuple[str, str]) -> list[bool]:
        return [drawn_model(key, table, models) == models[0] for table in TABLES]

    drawn = draws("k", ("a", "b"))
    for other in (draws("k2", ("a", "b")), draws("k", ("a", "c"))):
        same = sum(one == two for one, two in zip(drawn, other, strict=True))
        assert same == pytest.approx(1000, abs=90)
