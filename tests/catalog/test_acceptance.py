from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.acceptance import SAMPLE, at_least_good


def by_counting(population: int, sample: int, bad: int, confidence: float) -> int:
    """The definition, with whole numbers."""

    def likely(all_bad: int) -> bool:
        ways = sum(
            comb(all_bad, k) * comb(population - all_bad, sample - k)
            for k in range(bad + 1)
        )
        return 100 * ways > round(100 * (1 - confidence)) * comb(population, sample)

    possible = range(bad, population - (sample - bad) + 1)
    return population - max(b for b in possible if likely(b))


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, int, int]:
    population = draw(st.integers(1, 60))
    sample = draw(st.integers(1, population))
    return population, sample, draw(st.integers(0, sample))


@given(samples(), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_bound_is_the_definition(
    of: tuple[int, int, int], confidence: float
) -> None:
    assert at_least_good(*of, confidence=confidence) == by_counting(*of, confidence)


def test_59_good_ones_prove_95_percent_of_any_population() -> None:
    for population in (100, 1_000, 2_304, 1_000_000):
        assert at_least_good(population, SAMPLE) >= 0.95 * population
    assert at_least_good(1_000_000, SAMPLE - 1) < 950_000


def test_all_looked_at_is_no_sample() -> None:
    assert at_least_good(20, 20) == 20
    assert at_least_good(20, 20, 3) == 17


@pytest.mark.parametrize(("of"), [(10, 11, 0), (10, 5, 6), (10, 5, -1)])
def test_what_cannot_be_is_refused(of: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="does not hold"):
        at_least_good(*of)
