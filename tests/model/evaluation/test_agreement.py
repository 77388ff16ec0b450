"""Statistics against worked examples and by their own laws."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.evaluation.agreement import (
    clustered_difference,
    cohen_kappa,
    fall,
    fleiss_kappa,
    sign_test,
    wilson,
)

FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
"""Ten subjects, fourteen raters, five categories: the usual worked example."""


def test_fleiss_kappa_of_the_worked_example() -> None:
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=0.0005)


def test_fleiss_kappa_is_one_in_full_agreement_and_undefined_without_a_choice() -> None:
    assert fleiss_kappa([[3, 0], [0, 3]]) == pytest.approx(1)
    assert fleiss_kappa([[3, 0], [3, 0]]) is None
    assert fleiss_kappa([[1, 0], [0, 1]]) is None
    assert fleiss_kappa([]) is None
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa([[2, 0], [1, 0]])


def test_cohen_kappa_of_a_worked_example() -> None:
    # 20 both yes, 5 and 10 apart, 15 both no: observed 0.7, by chance 0.5.
    one = "y" * 25 + "n" * 25
    other = "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    assert cohen_kappa(one, other) == pytest.approx(0.4)
    assert cohen_kappa("aa", "aa") is None
    assert cohen_kappa("", "") is None


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (5, 0, 0.0625), (9, 1, 0.021484375), (42, 20, 0.00715)],
)
def test_sign_test_by_hand(wins: int, losses: int, p: float) -> None:
    assert sign_test(wins, losses) == pytest.approx(p, rel=0.01)


@given(st.integers(0, 3000), st.integers(0, 3000))
@settings(deadline=None)
def test_sign_test_is_a_probability_and_fair(wins: int, losses: int) -> None:
    p = sign_test(wins, losses)
    assert 0 <= p <= 1
    assert p == sign_test(losses, wins)


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


@given(st.lists(st.sampled_from("ab="), max_size=30))
def test_a_judge_agrees_with_itself(votes: list[str]) -> None:
    kappa = cohen_kappa(votes, votes)
    assert kappa is None or kappa == pytest.approx(1)


def test_a_fall_by_hand() -> None:
    """Newcombe 1998, table II: 56 of 70 against 48 of 80, method 10."""
    found = fall((56, 70), (48, 80))
    assert found is not None
    assert found.share == pytest.approx(0.2)
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)
    assert fall((0, 0), (1, 2)) is None


def test_a_clustered_difference_is_wider_than_that_of_independent_texts() -> None:
    """Ten texts a table, all of one mind: a tenth of the texts' evidence."""
    one = [(10, 10)] * 16 + [(0, 10)] * 4
    other = [(10, 10)] * 9 + [(0, 10)] * 11
    found = clustered_difference(one, other)
    naive = fall((160, 200), (90, 200))
    assert found is not None
    assert naive is not None
    assert found.share == pytest.approx(0.35)
    assert naive.low > 0
    assert found.high - found.low > 2.5 * (naive.high - naive.low)
    # sqrt(0.8 * 0.2 / 20 + 0.45 * 0.55 / 20) = 0.143; 1.96 of it to either side
    assert found.low == pytest.approx(0.35 - 1.96 * 0.143, abs=0.05)
    assert found.high == pytest.approx(0.35 + 1.96 * 0.143, abs=0.05)


def test_a_clustered_difference_is_the_same_every_time_and_of_nothing_none() -> None:
    one, other = [(3, 5), (1, 4), (0, 0)], [(2, 2), (0, 3)]
    assert clustered_difference(one, other) == clustered_difference(one, other)
    many = [(n % 7, 6 + n % 5) for n in range(50)]
    assert clustered_difference(many, other) != clustered_difference(
        many, other, seed=1
    )
    assert clustered_difference(one, [(0, 0)]) is None
    assert clustered_difference([], other) is None
