"""Intervals against worked examples and by their own laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.intervals import fall, wilson


def test_wilson_by_hand() -> None:
    found = wilson(8, 10)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) is None


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_its_share(count: int, total: int) -> None:
    found = wilson(min(count, total), total)
    assert found is not None
    assert 0 <= found.low <= found.share + 1e-9
    assert found.share - 1e-9 <= found.high <= 1


def test_a_fall_by_hand() -> None:
    """Newcombe 1998, table II: 56 of 70 against 48 of 80, method 10."""
    found = fall((56, 70), (48, 80))
    assert found is not None
    assert found.share == pytest.approx(0.2)
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)
    assert fall((0, 0), (1, 2)) is None
