"""Makes plausible values from one-line specifications, the same ones every time."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

Make = Callable[[random.Random, Mapping[str, Any]], Any]
"""Makes one value; sees the values of the row that were made before it."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    "Anna Ben Clara David Elin Felix Greta Hugo Ida Jonas Karin Lars Mia Nils Olga "
    "Paul Quentin Rosa Sven Tilda Umut Vera Willem Yara Zoe"
)
LAST = _words(
    "Albers Berg Claassen Dahl Ekström Fischer Girard Hansen Iversen Jansen Keller "
    "Lind Meier Nowak Olsen Petersen Roux Schmidt Thorsen Urban Voss Weber Zimmer"
)
STREETS = _words(
    "Hafenstraße Birkenweg Storgatan Kanaalkade Bergstraße Fjordveien Seeweg"
)
CITIES = _words(
    "Hamburg Bremen Kiel Lyon Utrecht Malmö Bergen Leeds Innsbruck Basel Rotterdam "
    "Lübeck Göteborg Graz"
)
TRADES = _words("Outdoor Kanu Alpin Trekking Bergsport Camping Nordic Wassersport")
FORMS = _words("GmbH AG Shop Handel SARL AB BV Ltd")
THINGS = _words(
    "Tent Rope Harness Kayak Paddle Stove Bivouac Snowshoe Backpack Lantern Jacket "
    "Carabiner Drybag Helmet"
)
LINES = _words("Fjord Gletscher Tundra Lagune Summit Brise Polar Delta Ridge Aurora")


def parse(specification: str) -> Make:
    """The maker that a line of `values.txt` describes.

    Raises:
        ValueError: the specification is not known.
    """
    kind, _, rest = specification.partition(" ")
    empty = 0.0
    if match := re.search(r"(?:^|\s)\?(\d+)$", rest):
        empty = int(match.group(1)) / 100
        rest = rest[: match.start()].strip()
    make = _maker(kind, rest)

    def sometimes(rng: random.Random, row: Mapping[str, Any]) -> Any:
        missing = rng.random() < empty
        value = make(rng, row)
        return None if missing else value

    return sometimes if empty else make


def _maker(kind: str, rest: str) -> Make:
    if kind in _FIXED:
        return _FIXED[kind]
    words = rest.split()
    if kind == "choice":
        return _choice(rest)
    if kind == "code":
        return lambda rng, row: re.sub(
            "[A9a]", lambda m: rng.choice(_CLASSES[m.group()]), rest
        )
    if kind == "int":
        low, high = int(words[0]), int(words[1])
        return lambda rng, row: rng.randint(low, high)
    if kind == "num":
        least, most, places = float(words[0]), float(words[1]), int(words[2])
        return lambda rng, row: round(rng.triangular(least, most, least), places)
    if kind == "bool":
        share = int(rest) / 100
        return lambda rng, row: rng.random() < share
    if kind == "share":
        least, most = float(words[1]), float(words[2])
        return lambda rng, row: round(
            float(row[words[0]]) * rng.uniform(least, most), 2
        )
    if kind == "times":
        return lambda rng, row: round(float(row[words[0]]) * float(row[words[1]]), 2)
    if kind == "after":
        return _after(words[0], int(words[1]), int(words[2]))
    if kind in ("date", "time", "daynumber"):
        return _moment(kind, date.fromisoformat(words[0]), date.fromisoformat(words[1]))
    raise ValueError(f"no way to make {kind} {rest}")


_CLASSES = {"A": "ABCDEFGHKLMNPRSTWX", "9": "0123456789", "a": "abcdef"}


def _choice(rest: str) -> Make:
    """One of `a|b*3`: b three times as often as a."""
    values: list[str] = []
    for part in rest.split("|"):
        value, star, times = part.rpartition("*")
        values += [value] * int(times) if star else [part]
    return lambda rng, row: rng.choice(values)


def _moment(kind: str, start: date, end: date) -> Make:
    days = (end - start).days

    def make(rng: random.Random, row: Mapping[str, Any]) -> Any:
        day = start + timedelta(days=rng.randint(0, days))
        if kind == "date":
            return day
        if kind == "daynumber":
            return int(day.strftime("%Y%m%d"))
        clock = timedelta(seconds=rng.randint(6 * 3600, 22 * 3600))
        return datetime(day.year, day.month, day.day) + clock

    return make


def _after(column: str, least: int, most: int) -> Make:
    def make(rng: random.Random, row: Mapping[str, Any]) -> Any:
        given = row.get(column)
        days = rng.randint(least, most)
        if given is None:
            return None
        day = given.date() if isinstance(given, datetime) else given
        return day + timedelta(days=days)

    return make


def _street(rng: random.Random, row: Mapping[str, Any]) -> str:
    return f"{rng.choice(STREETS)} {rng.randint(1, 120)}"


_FIXED: dict[str, Make] = {
    "first": lambda rng, row: rng.choice(FIRST),
    "last": lambda rng, row: rng.choice(LAST),
    "person": lambda rng, row: f"{rng.choice(FIRST)} {rng.choice(LAST)}",
    "user": lambda rng, row: f"{rng.choice(FIRST)}.{rng.choice(LAST)}".lower(),
    "login": lambda rng, row: (
        f"{rng.choice(FIRST)}.{rng.choice(LAST)}{rng.randint(1, 99)}".lower()
    ),
    "email": lambda rng, row: (
        f"{rng.choice(FIRST)}.{rng.randint(1, 9999)}@example.com".lower()
    ),
    "phone": lambda rng, row: f"+49 40 {rng.randint(1000000, 9999999)}",
    "company": lambda rng, row: (
        f"{rng.choice(LAST)} {rng.choice(TRADES)} {rng.choice(FORMS)}"
    ),
    "product": lambda rng, row: (
        f"{rng.choice(LINES)} {rng.choice(THINGS)} {rng.randint(1, 9)}"
    ),
    "city": lambda rng, row: rng.choice(CITIES),
    "street": _street,
}

BY_TYPE = {
    "DATE": "date 2021-01-04 2025-06-30",
    "TIMESTAMP": "time 2021-01-04 2025-06-30",
    "BOOLEAN": "bool 40",
    "TIME": "choice 08:15*2|10:40*3|13:05|16:50",
    "VARCHAR": "code aa99aa",
    "CHAR": "choice A*3|B",
    "DECIMAL": "num 0 50 2",
    "DOUBLE": "num 0 100 4",
}
"""What a type gets where no pattern fits; whole numbers are the other ones."""
