"""How often two equal models are called different, and how soon two unequal ones.

    python -m benchmarks.ab [--histories 2000] [--prior 4] [--json]

Histories of votes are drawn, and the product's own test (`catalog.preferred`) looks at
each after every vote, as the review does. In half of the cases a table has one column,
in the others eight; how far columns of one table are of one mind is the intraclass
correlation of a beta distribution over the chance that a vote goes to the first model:
0 are independent, 1 are all alike. A fifth of the votes are ties. A table counts when
all of it was voted on, for the model that won more of it.

`null` is without any preference, 1,000 votes a history: the share that was ever called
decided, with Wilson's interval, which must not be beyond 5 %. Beside it what happens
where votes are taken as independent, and where the sign test is looked at after every
vote. `preference` is with one: how many votes it took on average, up to 4,000, and how
often the wrong model was called better.

Not covered: people. Votes that change as a steward learns, several stewards who
disagree, tables that are left half done.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random

from catalog import preferred
from catalog.intervals import Share, wilson
from catalog.preferred import ERROR, decided_after

CASES = ((1, 0.0), (8, 0.0), (8, 0.3), (8, 1.0))
"""Columns of a table, and how far they are of one mind."""
SHARES = (0.6, 0.65, 0.7)
TIES = 0.2
NULL_VOTES, MOST_VOTES = 1000, 4000


@dataclass(frozen=True, slots=True)
class Null:
    """Histories without a preference."""

    columns: int
    alike: float
    histories: int
    called: Share
    """Ever called decided by the product's test."""
    called_by_votes: Share
    """The same where each vote is a unit."""
    called_by_sign_test: Share
    """Where the sign test over votes was ever below 5 %."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Histories with one."""

    columns: int
    alike: float
    share: float
    """Of votes that are no ties, for the better model."""
    histories: int
    votes: float
    """Until it was decided, on average; those that were not count with all they had."""
    median: int
    undecided: float
    wrong: float


def tables(
    random: Random, columns: int, alike: float, share: float
) -> Iterator[list[bool | None]]:
    """Tables without end, with what was said of each of their columns."""
    while True:
        if alike == 0:
            chance = share
        elif alike == 1:
            chance = float(random.random() < share)
        else:
            size = 1 / alike - 1
            chance = random.betavariate(share * size, (1 - share) * size)
        yield [
            None if random.random() < TIES else random.random() < chance
            for _ in range(columns)
        ]


def history(
    random: Random, columns: int, alike: float, share: float, votes: int
) -> tuple[list[bool], list[tuple[int, bool]]]:
    """Votes that were no ties; tables that somebody won, each with its last vote."""
    said: list[bool] = []
    won: list[tuple[int, bool]] = []
    given = 0
    for table in tables(random, columns, alike, share):
        if given + columns > votes:
            return said, won
        given += columns
        told = [each for each in table if each is not None]
        said += told
        if 2 * sum(told) != len(told):
            won.append((given, 2 * sum(told) > len(told)))
    raise AssertionError("tables have no end")


def ever(votes: Sequence[bool], decides: Callable[[int, int], bool]) -> bool:
    """Whether a look after any vote would have called it decided."""
    wins = 0
    for number, first in enumerate(votes, 1):
        wins += first
        if decides(wins, number - wins):
            return True
    return False


def null(random: Random, columns: int, alike: float, histories: int) -> Null:
    """Count false calls."""
    levels = least_wins(NULL_VOTES)
    called = by_votes = by_sign = 0
    for _ in range(histories):
        said, won = history(random, columns, alike, 0.5, NULL_VOTES)
        called += decided_after(first for _, first in won) is not None
        by_votes += decided_after(said) is not None
        by_sign += ever(said, lambda w, n: max(w, n) >= levels[w + n])
    found = [wilson(each, histories) for each in (called, by_votes, by_sign)]
    shares = [each for each in found if each is not None]
    return Null(columns, alike, histories, *shares)


def least_wins(most: int) -> list[int]:
    """Of every number of votes, the wins from which on the sign test is below 5 %."""
    chances, found = [1.0], [1]
    for number in range(1, most + 1):
        chances = [
            (a + b) / 2 for a, b in zip([0, *chances], [*chances, 0], strict=True)
        ]
        tail, wins = 0.0, number + 1
        while 2 * (tail + chances[wins - 1]) <= ERROR:
            wins -= 1
            tail += chances[wins]
        found.append(wins)
    return found


def preference(
    random: Random, columns: int, alike: float, share: float, histories: int
) -> Preference:
    """Count votes until it is decided."""
    took: list[int] = []
    undecided = wrong = 0
    for _ in range(histories):
        _, won = history(random, columns, alike, share, MOST_VOTES)
        found = decided_after(first for _, first in won)
        took.append(MOST_VOTES if found is None else won[found[0] - 1][0])
        undecided += found is None
        wrong += found is not None and not found[1]
    mean, middle = sum(took) / histories, sorted(took)[histories // 2]
    return Preference(
        *(columns, alike, share, histories, round(mean, 1), middle),
        *(undecided / histories, wrong / histories),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, count, print; 1 where more are called different than may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=2000)
    parser.add_argument("--prior", type=float, default=preferred.PRIOR)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    preferred.PRIOR = options.prior
    random, number = Random(options.seed), options.histories
    nulls = [null(random, *case, number) for case in CASES]
    found = [
        preference(random, *case, share, max(number // 4, 1))
        for case in CASES
        for share in SHARES
    ]
    if options.json:
        document = {
            "prior": options.prior,
            "straight_wins": straight_wins(),
            "null": [asdict(each) for each in nulls],
            "preference": [asdict(each) for each in found],
        }
        print(json.dumps(document))
    else:
        print(f"prior {options.prior:g}; {straight_wins()} tables in a row decide it")
        print(f"no preference, {number:,} histories of {NULL_VOTES:,} votes")
        for each in nulls:
            print(
                f"  {each.columns} a table, alike {each.alike:g}: called"
                f" {told(each.called)}; by votes {told(each.called_by_votes)};"
                f" sign test at every look {told(each.called_by_sign_test)}"
            )
        print(f"a preference, {max(number // 4, 1):,} histories each")
        for one in found:
            print(
                f"  {one.columns} a table, alike {one.alike:g}, {one.share:.0%}:"
                f" {one.votes:,.0f} votes (median {one.median:,}),"
                f" undecided {one.undecided:.1%}, wrong {one.wrong:.1%}"
            )
    return int(any(each.called.low > ERROR for each in nulls))


def straight_wins() -> int:
    """How many wins without a loss decide it."""
    found = decided_after([True] * 100)
    return 0 if found is None else found[0]


def told(share: Share) -> str:
    """A share with its interval."""
    return f"{share.share:.1%} ({share.low:.1%} to {share.high:.1%})"


if __name__ == "__main__":
    sys.exit(main())
