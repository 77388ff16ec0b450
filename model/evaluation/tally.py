"""What votes come to: wins, chance, and how far the judges agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from catalog.intervals import Share, wilson
from catalog.preferred import sign_test
from model.evaluation.agreement import cohen_kappa, fleiss_kappa
from model.evaluation.sheet import SheetKey
from model.evaluation.votes import JudgeKind, Preference, Vote, last_ones

FIRST, SECOND, TIE, UNDECIDED = "first", "second", "tie", "undecided"
CATEGORIES = (FIRST, SECOND, TIE)


def tally(
    key: SheetKey, votes: Sequence[Vote], kinds: Mapping[str, JudgeKind]
) -> dict[str, Any]:
    """The outcome as one document.

    A table goes to what more than half of its votes say, else it is undecided. Fleiss'
    kappa counts the tables on which all judges voted.
    """
    counted, replaced = last_ones(votes)
    judges = sorted({judge for _, judge in counted})
    said: dict[str, dict[str, str]] = {item: {} for item in key.items}
    for (item, judge), choice in counted.items():
        said[item][judge] = _system(key, item, choice)
    majority = {item: _majority(each.values()) for item, each in said.items()}
    by_repository: dict[str, list[str]] = {}
    for item, place in key.items.items():
        by_repository.setdefault(place.repository, []).append(majority[item])
    return {
        "first": key.first,
        "second": key.second,
        "items": len(key.items),
        "majority": outcome(majority.values()),
        "judges": [
            {
                "name": judge,
                "kind": kinds[judge].value if judge in kinds else "unknown",
                **outcome(each[judge] for each in said.values() if judge in each),
            }
            for judge in judges
        ],
        **alike(said, judges, CATEGORIES),
        "repositories": {
            name: outcome(found) for name, found in sorted(by_repository.items())
        },
        "tables": [
            {
                "item": item,
                "repository": place.repository,
                "table": place.table,
                "majority": majority[item],
                "votes": dict(sorted(said[item].items())),
            }
            for item, place in key.items.items()
        ],
        "replaced_votes": replaced,
    }


def _system(key: SheetKey, item: str, choice: Preference) -> str:
    if choice is Preference.TIE:
        return TIE
    place = key.items[item]
    chosen = place.a if choice is Preference.A else place.b
    return FIRST if chosen == key.first else SECOND


def _majority(votes: Iterable[str]) -> str:
    counts = Counter(votes)
    if not counts:
        return UNDECIDED
    name, most = counts.most_common(1)[0]
    return name if 2 * most > counts.total() else UNDECIDED


def outcome(votes: Iterable[str]) -> dict[str, Any]:
    """Counts, the first system's share of what was decided, and the sign test."""
    counts = Counter(votes)
    first, second = counts[FIRST], counts[SECOND]
    share = wilson(first, first + second)
    return {
        "votes": counts.total() - counts[UNDECIDED],
        "first_wins": first,
        "second_wins": second,
        "ties": counts[TIE],
        "undecided": counts[UNDECIDED],
        "share": share_data(share),
        "p": round(sign_test(first, second), 6),
    }


def alike(
    said: Mapping[str, Mapping[str, Hashable]],
    judges: Sequence[str],
    categories: Sequence[Hashable],
) -> dict[str, Any]:
    """How far judges agree: all of them by Fleiss' kappa, and every two.

    Fleiss' kappa is over the items that all judges spoke of.
    """
    complete = [each for each in said.values() if judges and len(each) == len(judges)]
    kappa = fleiss_kappa(
        [[list(each.values()).count(c) for c in categories] for each in complete]
    )
    return {
        "fleiss_kappa": {
            "kappa": rounded(kappa),
            "items": len(complete),
            "judges": len(judges),
        },
        "pairs": [_pair(one, other, said) for one, other in combinations(judges, 2)],
    }


def _pair(
    one: str, other: str, said: Mapping[str, Mapping[str, Hashable]]
) -> dict[str, Any]:
    both = [(v[one], v[other]) for v in said.values() if one in v and other in v]
    agreed = sum(a == b for a, b in both)
    return {
        "judges": [one, other],
        "items": len(both),
        "agreement": rounded(agreed / len(both)) if both else None,
        "cohen_kappa": rounded(cohen_kappa([a for a, _ in both], [b for _, b in both])),
    }


def share_data(share: Share | None) -> dict[str, float] | None:
    """A share as reports have it."""
    if share is None:
        return None
    return {name: round(value, 4) for name, value in asdict(share).items()}


def rounded(value: float | None) -> float | None:
    """A figure as reports have it."""
    return None if value is None else round(value, 4)
