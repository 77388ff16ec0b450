"""Shares and their differences with 95 % intervals, of texts that are independent."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval."""

    share: float
    """Of the whole, in [0, 1]."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""


def wilson(count: float, total: int) -> Share | None:
    """A share with Wilson's 95 % score interval; None of nothing.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    A count with a fraction is of wholes that several judges share.
    """
    if total == 0:
        return None
    z = 1.959964
    share = count / total
    centre = share + z * z / (2 * total)
    width = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    whole = 1 + z * z / total
    low, high = (centre - width) / whole, (centre + width) / whole
    return Share(share, max(0.0, low), min(1.0, high))


def fall(before: tuple[int, int], after: tuple[int, int]) -> Share | None:
    """How much a share fell, with its 95 % interval; None where one is of nothing.

    Newcombe 1998, "Interval estimation for the difference between independent
    proportions", method 10: from the Wilson intervals of both.

    Args:
        before: count and total.
        after: count and total, of others.
    """
    first, second = wilson(*before), wilson(*after)
    if first is None or second is None:
        return None
    lost = first.share - second.share
    down = math.hypot(first.share - first.low, second.high - second.share)
    up = math.hypot(first.high - first.share, second.share - second.low)
    return Share(lost, lost - down, lost + up)
