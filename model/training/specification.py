"""What a teacher is asked to invent: numbered specifications of tables.

A specification joins an industry, a use case, a layer of a warehouse, a way of naming,
a dialect and a size. Industries are those of NAICS 2022; the rest is drawn from the
shipped teacher set, as often as it comes there.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from model.teacher_set import SHIPPED, folder, read

NATIONAL = 6
"""Digits of a NAICS code that names an industry, not a group of them."""


@dataclass(frozen=True, slots=True)
class Specification:
    """One table to invent."""

    id: str
    """Seed and number; the id of the table that comes of it."""
    industry: str
    """Title of an industry."""
    use_case: str
    """What the table is used for."""
    layer: str
    """Where in a warehouse it stands."""
    naming: str
    """How its names are formed."""
    dialect: str
    """Whose types it has."""
    columns: int
    """About how many columns it has."""


def specifications(count: int, seed: int) -> Iterator[Specification]:
    """The first specifications of a seed; the same ones for the same seed.

    Each is drawn by its own number, so fewer are the first of more.
    """
    for number in range(count):
        # Text seeds are hashed by SHA-512: the same on every machine.
        rng = random.Random(f"{seed}/{number}")
        yield Specification(f"g{seed}-{number}", *map(rng.choice, _choices()))


@cache
def _choices() -> tuple[Any, ...]:
    """What each field is drawn from; what comes often is there often."""
    table = files("columnist_assets") / "taxonomy" / "naics_2022.csv"
    with table.open(encoding="utf-8") as file:
        industries = [
            row["title"] for row in csv.DictReader(file) if len(row["code"]) == NATIONAL
        ]
    invented = list(read(folder() / SHIPPED[0]))

    def told(facet: str) -> list[str]:
        return [described.facets[facet] for described in invented]

    return (
        industries,
        sorted(set(told("use_case"))),
        told("layer"),
        told("naming"),
        sorted(set(told("dialect"))),
        [len(described.table.columns) for described in invented],
    )
