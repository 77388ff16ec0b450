"""How far judges agree."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence


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
    return _beyond(chance, observed)


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
    return _beyond(chance, observed)


def _beyond(chance: float, observed: float) -> float | None:
    return None if math.isclose(chance, 1) else (observed - chance) / (1 - chance)
