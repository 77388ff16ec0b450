"""Chooses among sentences by rules and the model's text by the chance of acceptance.

Each candidate has signs: how sure the model was of it, how much the others agree with
it, whether it says the words of the name, and so on. A logistic function of them, by
whose text it is and whether it is about a table or a column, is the chance that a
careful steward accepts the text as it is. It is fitted on labelled drafts
(`model.evaluation.calibrate`) and kept in the model's manifest. The likeliest candidate
is shown, with that chance as its confidence.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import msgspec

from catalog.objects import Table, TableId, Target
from catalog.suggestion import Source
from model import checks
from model.names import expand, subject, words_of

BY_RULES = 0.65
"""Confidence in a rules' sentence without a measured model beside it: readers took 64 %
of those on columns that restate nothing, and of those on tables (28 % of what restates:
`PENALTY`)."""
SURE_BY_RULES = 0.85
"""The same of one on a column that stands without asking a model; they took 86 %."""
UNMEASURED_FLOOR = -1.0
"""A model that was never measured has its text taken above this log-probability: an
instruct model is usually better than rules where it is not guessing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text that may be shown."""

    text: str
    """The text in house style."""
    source: Source
    """`rules` or `model`."""
    logprob: float = 0.0
    """Mean log-probability of its tokens, in nats; 0 where no model was asked."""
    tokens: int = 0
    """Tokens the model wrote or weighed."""
    sure: bool = False
    """A rules' sentence that stands without asking a model."""


AHEAD = 0.1
"""So much likelier than the rules' sentence the model's text has to be. Readers accept
as many texts as without, and fewer are wrong: the rules' are plain if anything."""
SIGNS = (
    "logprob",
    "total",
    "agreement",
    "coverage",
    "noun",
    "length",
    "restates",
    "circular",
    "own",
    "owner",
)
"""Names of what is known of a candidate before anybody has read it."""

_OWNER = re.compile(r" (of|in) the ")
LEAST_MEAN, LEAST_TOTAL = -4.0, -15.0
"""Below these, in nats, a text is as unlikely as can be."""
LARGEST = 1e6
"""The largest weight that a manifest may have; ours are below 20."""

Signs = Mapping[str, float]
"""A value for every one of `SIGNS`."""


def signs_of(
    candidates: Sequence[Candidate], table: Table, target: Target
) -> list[Signs]:
    """The signs of every candidate, which depend on the others too.

    `total` is the log-probability of the whole text, in tens of nats; `agreement` the
    mean overlap with the other candidates' letter 4-grams (the utility of minimum Bayes
    risk decoding; Kumar and Byrne, 2004), 0 where there is no other; `coverage` and
    `noun` are the shares of the name's and the table's words that are said; length is
    in tens of words; `own` is the first reading of the name by the rules; `owner` is
    whether it says whose or of what the value is, which is where rules err most.
    """
    grams = [_grams(candidate.text) for candidate in candidates]
    name = _name_stems(table, target)
    noun = {_stem(word) for word in subject(table.id.name).lower().split()}
    found: list[Signs] = []
    for place, candidate in enumerate(candidates):
        words = _words(candidate.text)
        said = {_stem(word) for word in words}
        others = [
            _overlap(grams[place], other)
            for number, other in enumerate(grams)
            if number != place
        ]
        found.append(
            {
                "logprob": max(LEAST_MEAN, candidate.logprob),
                "total": max(LEAST_TOTAL, candidate.logprob * candidate.tokens) / 10,
                "agreement": sum(others) / len(others) if others else 0.0,
                "coverage": len(name & said) / max(1, len(name)),
                "noun": len(noun & said) / max(1, len(noun)),
                "length": len(words) / 10,
                "restates": float(checks.spells_out(candidate.text, table, target)),
                "circular": float(checks.circular(candidate.text)),
                "own": float(place == 0 and candidate.source is Source.RULES),
                "owner": float(_OWNER.search(candidate.text) is not None),
            }
        )
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _stem(word: str) -> str:
    """Enough of a word to know its inflections by."""
    return checks.stem(word)[:5]


def _name_stems(table: Table, target: Target) -> set[str]:
    if isinstance(target, TableId):
        words = subject(target.name).split()
    else:
        words = expand(words_of(table, target.name))
    return {_stem(word.lower()) for word in words}


def _grams(text: str) -> Counter[str]:
    joined = " ".join(_words(text))
    return Counter(joined[i : i + 4] for i in range(max(1, len(joined) - 3)))


def _overlap(one: Counter[str], other: Counter[str]) -> float:
    """Dice's coefficient of two bags, in [0, 1]."""
    size = one.total() + other.total()
    return 2 * sum(min(n, other[gram]) for gram, n in one.items()) / size if size else 0


class WeightedSum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A weighted sum of signs."""

    bias: float = 0.0
    """Constant part."""
    weights: Mapping[str, float] = {}
    """Weight by sign; those left out are 0."""

    def __post_init__(self) -> None:
        numbers = (self.bias, *self.weights.values())
        if not set(self.weights) <= set(SIGNS) or not all(
            abs(number) <= LARGEST for number in numbers
        ):
            raise ValueError("its calibration has an unknown sign or no usable number")

    def __call__(self, signs: Signs) -> float:
        """The sum through the logistic function: a chance in [0, 1]."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.total(signs)))))

    def total(self, signs: Signs) -> float:
        """The sum itself, a logit."""
        return self.bias + sum(
            weight * signs[name] for name, weight in self.weights.items()
        )


class Scale(msgspec.Struct, frozen=True):
    """What was measured for columns, or for tables."""

    model: WeightedSum
    """Chance that a careful steward accepts the model's text as it is."""
    rules: WeightedSum
    """Chance that they accept the rules' sentence, where a model was asked too."""
    sure: WeightedSum
    """Chance that they accept the rules' sentence, where none was."""

    def chance(self, candidate: Candidate, signs: Signs) -> float:
        """How likely a careful steward accepts a candidate as it is."""
        if candidate.source is Source.MODEL:
            return self.model(signs)
        return (self.sure if candidate.sure else self.rules)(signs)


class Calibration(msgspec.Struct, frozen=True):
    """How one of the texts is chosen."""

    columns: Scale
    """For columns."""
    tables: Scale
    """For tables."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return dict(msgspec.to_builtins(self))

    def scale(self, target: Target) -> Scale:
        """What was measured for such a target."""
        return self.tables if isinstance(target, TableId) else self.columns


class House(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it is chosen where texts of the house that a model learned from stand."""

    calibration: Calibration
    """Fitted on what its stewards decided, held to the one of before."""
    own: bool = False
    """Whether the house words its texts otherwise than the rules do: then the model is
    asked for everything, and nothing by rules is put before or after its words."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return dict(msgspec.to_builtins(self))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The text that is shown."""

    text: str | None
    """The text; None where neither rules nor model had one."""
    source: Source
    """Whose it is."""
    confidence: float
    """The chance that a careful steward accepts it as it is, in [0, 1]."""
    measured: bool = False
    """Whether that was fitted on labelled drafts, findings and all."""


def choose(
    candidates: Sequence[Candidate],
    table: Table,
    target: Target,
    calibration: Calibration | None,
) -> Chosen:
    """The best of the candidates.

    Args:
        candidates: usable texts, the rules' own sentence first.
        table: the table it is about.
        target: what is described.
        calibration: the model's; without one its first text is taken if it is sure.
    """
    rules = next((c for c in candidates if c.source is Source.RULES), None)
    drafted = [c for c in candidates if c.source is Source.MODEL]
    if not candidates:
        return Chosen(None, Source.RULES, 0.0)
    if calibration is None:
        if drafted and (rules is None or drafted[0].logprob >= UNMEASURED_FLOOR):
            first = drafted[0]
            return Chosen(first.text, Source.MODEL, math.exp(min(0.0, first.logprob)))
        assert rules is not None
        sure = rules.sure and not isinstance(target, TableId)
        chance = SURE_BY_RULES if sure else BY_RULES
        return Chosen(rules.text, Source.RULES, chance)
    # The rules abstain on gibberish only; there a model cannot know better than that.
    if rules is None and not isinstance(target, TableId):
        return Chosen(None, Source.MODEL, 0.0)
    place, chance = likeliest(
        candidates, signs_of(candidates, table, target), calibration.scale(target)
    )
    chosen = candidates[place]
    return Chosen(chosen.text, chosen.source, chance, measured=True)


def likeliest(
    candidates: Sequence[Candidate], signs: Sequence[Signs], scale: Scale
) -> tuple[int, float]:
    """The place of the candidate that is taken, and how likely it is accepted."""
    chances = [
        scale.chance(each, sign) for each, sign in zip(candidates, signs, strict=True)
    ]
    leads = [
        chance - AHEAD * (each.source is Source.MODEL)
        for each, chance in zip(candidates, chances, strict=True)
    ]
    place = leads.index(max(leads))
    return place, chances[place]


def unlike(candidates: Sequence[Candidate], used: Set[str]) -> list[Candidate]:
    """The candidates that no other column of the table has; all where none is left.

    Args:
        candidates: of one column.
        used: texts of other columns, lower case.
    """
    kept = [each for each in candidates if each.text.lower() not in used]
    return kept or list(candidates)
