"""Wins against losses: the sign test, and one that may be looked at all the time."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.preferred import PRIOR, decided_after, evidence, sign_test


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (5, 0, 0.0625), (9, 1, 0.021484375), (42, 20, 0.00715)],
)
def test_sign_test_by_hand(wins: int, losses: int, p: float) -> None:
    assert sign_test(wins, losses) == pytest.approx(p, rel=0.01)


@given(st.integers(0, 600), st.integers(0, 600))
def test_sign_test_is_a_probability_and_fair(wins: int, losses: int) -> None:
    p = sign_test(wins, losses)
    assert 0 <= p <= 1
    assert p == sign_test(losses, wins)


def evidence_of(wins: int, losses: int, seed: int = 0) -> float:
    """After so many of each, in any order."""
    outcomes = [True] * wins + [False] * losses
    Random(seed).shuffle(outcomes)
    return [0.0, *evidence(outcomes)][-1]


def test_evidence_is_a_mean_of_likelihood_ratios() -> None:
    """By its definition: over the chance of a win, weighted by a beta distribution."""
    steps = 20_000
    at = [(n + 0.5) / steps for n in range(steps)]
    weight = [(p * (1 - p)) ** (PRIOR - 1) for p in at]
    for wins, losses in ((0, 0), (7, 2), (3, 3), (30, 51)):
        ratio = [(2 * p) ** wins * (2 - 2 * p) ** losses for p in at]
        mean = sum(w * r for w, r in zip(weight, ratio, strict=True)) / sum(weight)
        for seed in range(3):
            found = math.exp(evidence_of(wins, losses, seed))
            assert found == pytest.approx(mean, rel=1e-4)


@given(st.integers(0, 400), st.integers(0, 400))
def test_evidence_is_fair_to_a_fair_coin(wins: int, losses: int) -> None:
    """What it is next is on average what it is: it may be looked at all the time."""
    after = (evidence_of(wins + 1, losses), evidence_of(wins, losses + 1))
    mean = sum(map(math.exp, after)) / 2
    assert mean == pytest.approx(math.exp(evidence_of(wins, losses)))


def test_what_is_decided_once_stays_so_and_who_wins_is_told() -> None:
    assert decided_after([]) is None
    assert decided_after([True, False] * 200) is None
    found = decided_after([True] * 50)
    assert found is not None
    assert found[1]
    assert 8 <= found[0] <= 12
    assert decided_after([True] * 50 + [False] * 500) == found
    assert decided_after([False] * 50) == (found[0], False)


def test_where_there_is_no_difference_few_histories_are_called_decided() -> None:
    """Looked at after every one of 400; `benchmarks.ab` has more of them."""
    random = Random(0)
    wrong = sum(
        decided_after(random.random() < 0.5 for _ in range(400)) is not None
        for _ in range(400)
    )
    assert wrong <= 20  # 5 %
