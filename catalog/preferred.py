"""Whether one of two is preferred: wins against losses, tested once or at any time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

ERROR = 0.05
"""The chance that a difference is called decided where there is none, however often
somebody looks."""
PRIOR = 4.0
"""How even the test expects a preference to be: both parameters of a beta distribution
over the chance of a win. Less decides a clear one with fewer votes, more a slight one;
the error rate is the same with any (`python -m benchmarks.ab --prior`)."""


def sign_test(wins: int, losses: int) -> float:
    """The exact two-sided p of a sign test: ties left out, wins as likely as losses.

    Dixon and Mood 1946, "The statistical sign test": a binomial with one half. 1.0
    where nothing was decided. It holds for one look at a number that was settled
    before.
    """
    decided = wins + losses
    tail = sum(math.comb(decided, k) for k in range(max(wins, losses), decided + 1))
    # Whole numbers until the last step: 0.5 ** 1100 would be 0.
    return min(1.0, 2 * tail / (1 << decided))


def evidence(won: Iterable[bool]) -> Iterator[float]:
    """The evidence for a preference after each outcome: a logarithm that begins at 0.

    Each outcome is foretold from those before it, at `PRIOR` wins and losses to begin
    with, and its chance compared with one half. That is the likelihood ratio of a beta
    mixture over the chance of a win, whatever the order of the outcomes. Where wins are
    as likely as losses it is a martingale, so that it ever comes to 1 / a with a chance
    of at most a (Ville 1939), whenever somebody looks or stops: Robbins 1970,
    "Statistical methods related to the law of the iterated logarithm"; Ramdas et al.
    2023, "Game-theoretic statistics and safe anytime-valid inference".

    Args:
        won: whether the first of two won; ties are left out.
    """
    count, sums = [PRIOR, PRIOR], 0.0
    for first in won:
        sums += math.log(2 * count[first] / sum(count))
        count[first] += 1
        yield sums


def decided_after(won: Iterable[bool]) -> tuple[int, bool] | None:
    """When it was decided which is preferred, and whether the first is; None for never.

    Looked at after every one, which the error rate allows for; what is decided once
    stays so.

    Args:
        won: whether the first won, in the order in which that became known; ties are
            left out.
    """
    outcomes = list(won)
    for number, found in enumerate(evidence(outcomes), 1):
        if found >= -math.log(ERROR):
            return number, 2 * sum(outcomes[:number]) > number
    return None
