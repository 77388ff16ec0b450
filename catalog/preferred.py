"""Whether one of two is preferred: wins against losses, tested once or at any time."""

from __future__ import annotations

import math
from collections.abc import Iterable

ERROR = 0.05
"""The chance that a difference is called decided where there is none, however often
somebody looks."""
PRIOR = 4.0
"""How even the test expects a preference to be: both parameters of a beta distribution
over the chance of a win. Of 1, 2, 4, 8, 16 it decides true shares of 60 to 70 % with
few votes (`python -m benchmarks.ab`)."""


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


def evidence(wins: int, losses: int) -> float:
    """What a fair coin's opponent would have made of one coin by now; its logarithm.

    The likelihood ratio of a beta mixture over the chance of a win against one half.
    Where wins are as likely as losses it is a martingale that begins at 1, so that it
    ever comes to 1 / a with a chance of at most a (Ville 1939), whenever somebody looks
    or stops: Robbins 1970, "Statistical methods related to the law of the iterated
    logarithm", section 2; Ramdas et al. 2023, "Game-theoretic statistics and safe
    anytime-valid inference".
    """
    c = PRIOR
    return (
        (wins + losses) * math.log(2)
        + math.lgamma(wins + c)
        + math.lgamma(losses + c)
        - math.lgamma(wins + losses + 2 * c)
        + math.lgamma(2 * c)
        - 2 * math.lgamma(c)
    )


def decided_after(won: Iterable[bool]) -> tuple[int, bool] | None:
    """When it was decided which is preferred, and whether the first is; None for never.

    Looked at after every one, which the error rate allows for; what is decided once
    stays so.

    Args:
        won: whether the first won, in the order in which that became known; ties are
            left out.
    """
    wins = losses = 0
    for number, first in enumerate(won, 1):
        wins, losses = wins + first, losses + (not first)
        if evidence(wins, losses) >= -math.log(ERROR):
            return number, wins > losses
    return None
