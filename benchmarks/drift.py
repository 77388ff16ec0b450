"""How often the watch alarms where nothing changed, and how soon where something did.

Histories are made by chance: a steward reads so many tables a week, of three schemas
with an acceptance of their own. Columns of one table stand or fall together (a share of
acceptance drawn for each table), confidence is right on average, one text in twenty has
a finding, one name in ten an unknown word. After every day the watch looks, as a timer
would have it do. An alarm in any series and on any day of 13 weeks counts.

A fall is a model that is swapped for a worse one on the Monday of the last week; it is
found if an alarm on acceptance over all texts stands at the end of a day of that week.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from benchmarks import machine
from catalog.drift import QUARTER, WEEK, Extent, Measure, TableWeek, Watch
from catalog.intervals import wilson

START = date(2026, 8, 31)
SCHEMAS = {"sales": 0.05, "finance": 0.0, "legacy": -0.1}
"""What each adds to the acceptance."""
FALLS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
VOLUMES = (15, 30, 60)
"""Tables read in a week."""


@dataclass(frozen=True, slots=True)
class World:
    """How a steward and a model are, as long as nothing changes."""

    name: str
    """What is special in it."""
    tables: int = 30
    """Read in a week, more or less."""
    acceptance: float = 0.7
    """Of a text, on average."""
    alike: float = 0.2
    """Correlation of two texts of one table."""
    by_schema: bool = False
    """Whether a week is mostly of one schema."""
    moods: float = 0.0
    """Standard deviation of a week's acceptance, whatever its tables."""


WORLDS = (
    World("as described"),
    World("15 tables a week", tables=15),
    World("95 % accepted", acceptance=0.93),
    World("30 % accepted", acceptance=0.35),
    World("tables stand or fall as one", alike=0.7),
    World("a schema a week", by_schema=True),
    World("weeks differ by 3 points", moods=0.03),
)


def history(
    world: World, draw: random.Random, *, fall: float = 0.0, weeks: int = QUARTER
) -> list[tuple[date, TableWeek]]:
    """Tables with the day they were read on; the last week's may be of a worse model.

    Args:
        world: as it is until then.
        draw: of chance.
        fall: by how much the acceptance is less in the last week.
        weeks: how many.
    """
    found = []
    names = list(SCHEMAS)
    for number in range(weeks):
        week = START + number * WEEK
        mood = draw.gauss(0, world.moods)
        swapped = number == weeks - 1 and fall > 0
        for table in range(draw.randint(world.tables * 2 // 3, world.tables * 4 // 3)):
            schema = draw.choice(names)
            if world.by_schema and draw.random() < 0.8:
                schema = names[number % len(names)]
            mean = world.acceptance + SCHEMAS[schema] + mood - (fall if swapped else 0)
            sums = _table(min(max(mean, 0.02), 0.98), world, draw, swapped=swapped)
            row = TableWeek(week, schema, f"{number}-{table}", None, sums)
            model = "worse" if swapped else "good"
            day = week + timedelta(
                days=draw.choices(range(7), (6, 6, 6, 6, 6, 1, 1))[0]
            )
            found.append((day, replace(row, model=model)))
    return sorted(found, key=lambda each: each[0])


def _table(
    mean: float, world: World, draw: random.Random, *, swapped: bool
) -> dict[Measure, tuple[float, float]]:
    texts = draw.randint(3, 20)
    strength = 1 / world.alike - 1
    own = draw.betavariate(mean * strength, (1 - mean) * strength)
    accepted = sum(draw.random() < own for _ in range(texts))
    edited = sum(draw.random() < 0.5 for _ in range(texts - accepted))
    promised = world.acceptance if swapped else mean
    words = draw.betavariate(1, 9)
    unknown = sum(draw.random() < words for _ in range(texts))
    foreign = texts if draw.random() < 0.1 else 0
    return {
        Measure.ACCEPTANCE: (accepted, texts),
        Measure.EDITS: (sum(draw.random() for _ in range(edited)), accepted + edited),
        Measure.CONFIDENCE: (
            sum(min(max(draw.gauss(promised, 0.1), 0), 1) for _ in range(texts))
            - accepted,
            texts,
        ),
        Measure.FINDINGS: (sum(draw.random() < 0.05 for _ in range(texts)), texts),
        Measure.OWN_WORDS: (sum(draw.random() < 0.8 for _ in range(texts)), texts),
        Measure.NAMES: (unknown, texts),
        Measure.LANGUAGE: (foreign, texts),
    }


def alarms(
    rows: list[tuple[date, TableWeek]], first: int = 1
) -> Iterator[list[tuple[Extent, str, Measure]]]:
    """What alarms at the end of every day, from a week on.

    Args:
        rows: with their days, in that order.
        first: the number of that week.
    """
    watcher = Watch()
    for week, of_week in groupby(rows, key=lambda each: each[1].week):
        days = list(of_week)
        for number in range(7):
            day = week + timedelta(days=number)
            if number < 6 and week < START + first * WEEK:
                continue
            look = watcher.look(week, (row for at, row in days if at <= day), day)
            yield look.alarms
        watcher.take(look)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=500, help="of each world")
    parser.add_argument("--power", type=int, default=100, help="of each fall")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    started = time.monotonic()
    with ProcessPoolExecutor(options.jobs) as pool:
        swaps = [
            pool.submit(_found, tables, fall, options.power, options.seed)
            for tables in VOLUMES
            for fall in FALLS
        ]
        nothing = [
            pool.submit(_quiet, world, options.histories, options.seed)
            for world in WORLDS
        ]
        found = [each.result() for each in swaps]
        quiet = [each.result() for each in nothing]
    if options.json:
        print(json.dumps({"false_alarms": quiet, "power": found}, indent=2))
        return
    print("\n".join(machine.machine(1).lines()[:1]))
    print(f"{options.histories} quarters of each, a look after every day:")
    for each in quiet:
        print(
            f"{each['world']:<28} {each['alarmed']:>4} with an alarm:"
            f" {each['rate']:.1%} ({each['low']:.1%} to {each['high']:.1%})"
        )
    print(f"{options.power} swaps of each, found within the week:")
    for tables in VOLUMES:
        cells = [
            f"{each['fall']:.0%}: {each['rate']:.0%}"
            for each in found
            if each["tables"] == tables
        ]
        print(f"{tables} tables a week  " + "   ".join(cells))
    print(f"{time.monotonic() - started:.0f} s")


def _quiet(world: World, histories: int, seed: int) -> dict[str, object]:
    alarmed = 0
    for number in range(histories):
        rows = history(world, random.Random(f"{seed} {world.name} {number}"))
        alarmed += any(alarms(rows))
    return {"world": world.name, "alarmed": alarmed, **_rate(alarmed, histories)}


def _found(tables: int, fall: float, histories: int, seed: int) -> dict[str, object]:
    world = World("", tables=tables)
    wanted = (Extent.ALL, "", Measure.ACCEPTANCE)
    found = 0
    for number in range(histories):
        draw = random.Random(f"{seed} {tables} {fall} {number}")
        rows = history(world, draw, fall=fall)
        found += any(wanted in each for each in alarms(rows, QUARTER - 1))
    return {"tables": tables, "fall": fall, "found": found, **_rate(found, histories)}


def _rate(count: int, total: int) -> dict[str, float]:
    share = wilson(count, total)
    assert share is not None
    return {"rate": share.share, "low": share.low, "high": share.high}


if __name__ == "__main__":
    main()
