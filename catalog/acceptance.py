"""Acceptance sampling: what a sample looked at says of all that were not.

A batch is accepted if none of a random sample of it is bad. What that proves is the
exact bound of the hypergeometric distribution (Clopper and Pearson's argument for a
finite population): the most bad ones there can be before so clean a sample would be
a rarer event than one minus the confidence.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

CONFIDENCE = 0.95
"""Of the statement that a bound makes."""
SAMPLE = 59
"""All good of so many proves 95 % good of any population: 0.95 ** 59 is 0.0485."""


def sample_size(population: int) -> int:
    """How many of a population are looked at."""
    return min(population, SAMPLE)


def at_least_good(
    population: int, sample: int, bad: int = 0, *, confidence: float = CONFIDENCE
) -> int:
    """How many of a population are good at least, given how a sample of it went.

    Args:
        population: all items, those of the sample among them.
        sample: items looked at, drawn at random without replacement.
        bad: how many of those were bad.
        confidence: of the bound, in (0, 1).

    Raises:
        ValueError: the sample is larger than the population, or has fewer than `bad`.
    """
    if not 0 <= bad <= sample <= population:
        raise ValueError("0 <= bad <= sample <= population does not hold")
    rare = 1 - Fraction(confidence).limit_denominator(10**6)
    low, high = bad, population - (sample - bad)
    while low < high:  # the most bad ones that are still likely enough
        middle = (low + high + 1) // 2
        if _at_most(bad, population, middle, sample) > rare:
            low = middle
        else:
            high = middle - 1
    return population - low


def _at_most(most: int, population: int, bad: int, sample: int) -> Fraction:
    """The chance that a sample holds at most so many of the bad ones."""
    ways = sum(
        comb(bad, found) * comb(population - bad, sample - found)
        for found in range(most + 1)
    )
    return Fraction(ways, comb(population, sample))
