"""How far judges agree, and whether a count of wins could be chance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


def sign_test(wins: int, losses: int) -> float:
    """The exact two-sided p of a sign test: ties left out, wins as likely as losses.

    Dixon and Mood 1946, "The statistical sign test": a binomial with one half. 1.0
    where nothing was decided.
    """
    decided = wins + losses
    most = max(wins, losses)
    ways = tail = math.comb(decided, most)
    for k in range(most, decided):
        ways = ways * (decided - k) // (k + 1)
        tail += ways
    # Whole numbers until the last step: 0.5 ** 1100 would be 0.
    return min(1.0, 2 * tail / (1 << decided))


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


RESAMPLES = 2000
"""Of a bootstrap: the ends of a 95 % interval are then the 50th from both ends."""


def clustered_difference(
    one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]], *, seed: int = 0
) -> Share | None:
    """How much a share differs between two groups of clusters, with its 95 % interval.

    Whole clusters are drawn again with replacement, in each group by itself, as they
    were drawn in the first place: what is inside a cluster is not independent. Davison
    and Hinkley 1997, "Bootstrap methods and their application", section 3.8.

    Args:
        one: count and total of each cluster; the share is of all of them together.
        other: the same of the other group.
        seed: of the drawing.

    Returns:
        None where a group is of nothing. The interval has no width where no group has
        two clusters that differ, and is too narrow where there are few.
    """
    # numpy takes 50 ms to import, and few commands come here.
    import numpy

    groups = [[each for each in group if each[1]] for group in (one, other)]
    if not all(groups):
        return None
    draw = numpy.random.default_rng(seed)
    shares = []
    for group in groups:
        counts = numpy.array(group)
        drawn = [
            counts[draw.integers(0, len(counts), len(counts))].sum(axis=0)
            for _ in range(RESAMPLES)
        ]
        shares.append([count / total for count, total in drawn])
    first, second = (sum(c for c, _ in g) / sum(t for _, t in g) for g in groups)
    differences = sorted(a - b for a, b in zip(*shares, strict=True))
    edge = RESAMPLES // 40
    return Share(
        first - second, float(differences[edge - 1]), float(differences[-edge])
    )


def fleiss_kappa(table: Sequence[Sequence[int]]) -> float | None:
    """Agreement of several judges beyond chance; 1 is full, 0 is chance.

    Fleiss 1971, "Measuring nominal scale agreement among many raters".

    Args:
        table: a line for each item, how many judges chose each category; every line
            has the same sum, at least 2.

    Returns:
        None where it is not defined: no items, one judge, or a single category.
    """
    if not table or sum(table[0]) < 2:
        return None
    judges = sum(table[0])
    if any(sum(line) != judges for line in table):
        raise ValueError("every item needs the same number of judges")
    observed = sum(
        (sum(count * count for count in line) - judges) / (judges * (judges - 1))
        for line in table
    ) / len(table)
    totals = [sum(line[k] for line in table) for k in range(len(table[0]))]
    chance = sum((total / (judges * len(table))) ** 2 for total in totals)
    if math.isclose(chance, 1):
        return None
    return (observed - chance) / (1 - chance)


def cohen_kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float | None:
    """Agreement of two judges beyond chance, each with habits of its own.

    Cohen 1960, "A coefficient of agreement for nominal scales". None where it is not
    defined: no items, or both said one and the same always.
    """
    if not one:
        return None
    total = len(one)
    observed = sum(a == b for a, b in zip(one, other, strict=True)) / total
    first, second = Counter(one), Counter(other)
    chance = sum(first[key] * second[key] for key in first) / total**2
    if math.isclose(chance, 1):
        return None
    return (observed - chance) / (1 - chance)
