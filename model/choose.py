"""Chooses among the rules' sentence and the model's texts by what can be measured.

Each candidate has signs: how sure the model was of it, how much the other texts agree
with it, whether it says the words of the name, and so on. What the signs are worth is
fitted on human descriptions (`model.evaluation.calibrate`) and kept in the model's
manifest, as is how confident one may be in what was chosen.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any

from catalog.objects import Table, TableId, Target
from catalog.suggestion import Source
from model import checks
from model.names import column_words, expand, known, singular, subject, word_set

UNMEASURED_RULES = 0.3
"""Confidence in a rules' sentence where nothing was measured; a cautious guess."""
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
    """Mean log-probability of the model's tokens, in nats; 0 for rules."""
    tokens: int = 0
    """Tokens the model wrote; 0 for rules."""


SIGNS = (
    "model",
    "logprob",
    "total",
    "consensus",
    "rules",
    "coverage",
    "noun",
    "length",
    "square",
    "restates",
    "circular",
    "invents",
)
"""Names of what is known of a candidate before anybody has read it."""

Signs = Mapping[str, float]
"""A value for every one of `SIGNS`."""


def signs_of(
    candidates: Sequence[Candidate], table: Table, target: Target
) -> list[Signs]:
    """The signs of every candidate, which depend on the others too.

    `consensus` is the mean overlap with the model's texts (the utility of minimum
    Bayes risk decoding; Kumar and Byrne, 2004) and `rules` the overlap with the rules'
    sentence, both of letter 4-grams; `coverage` and `noun` are the shares of the name's
    and the table's words that are said; lengths are in tens of words.
    """
    grams = [_grams(candidate.text) for candidate in candidates]
    drafted = [
        gram
        for gram, candidate in zip(grams, candidates, strict=True)
        if candidate.source is Source.MODEL
    ]
    by_rules = [
        candidate for candidate in candidates if candidate.source is Source.RULES
    ]
    sentence = _grams(by_rules[0].text) if by_rules else Counter[str]()
    name = _name_stems(table, target)
    noun = {_stem(word) for word in subject(table.id.name).lower().split()}
    told = checks.schema_words(table)
    if by_rules:
        told = told.union(_words(by_rules[0].text))
    found: list[Signs] = []
    for candidate, gram in zip(candidates, grams, strict=True):
        words = _words(candidate.text)
        said = {_stem(word) for word in words}
        length = len(words) / 10
        found.append(
            {
                "model": float(candidate.source is Source.MODEL),
                "logprob": candidate.logprob,
                "total": candidate.logprob * candidate.tokens / 10,
                "consensus": _mean([_overlap(gram, other) for other in drafted]),
                "rules": _overlap(gram, sentence),
                "coverage": len(name & said) / max(1, len(name)),
                "noun": len(noun & said) / max(1, len(noun)),
                "length": length,
                "square": length * length,
                "restates": float(checks.restates(candidate.text, table, target)),
                "circular": float(checks.circular(candidate.text)),
                "invents": float(invents(candidate.text, told)),
            }
        )
    return found


_STRANGERS = word_set(
    "adyen airtable alibaba amazon apigee apple aws azure bigquery bootcamps celo "
    "cortex datadog datadoghq dbt docusign edfi edx facebook fhir fivetran gcp "
    "github gitlab gnosis google greenhouse hl7 hubspot instagram jira klaviyo "
    "kubernetes lever linkedin marketo medicare meta microsoft mit mitx mitxonline "
    "mixpanel niem ocsf openedx oracle osquery paypal pinterest quickbooks recurly "
    "reddit saleor salesforce sap shopify snapchat snowflake square stripe tiktok "
    "tuva twilio twitter workday xero xpro xpros youtube zendesk zoho zuora"
)
"""Products and firms of the training schemas; in another schema they are made up."""


def invents(text: str, told: Set[str]) -> bool:
    """Whether a text has a word that is neither English nor told by the schema.

    A small model garbles rare words ("hqit" for "headline") and names firms it has
    read of.
    """
    return any(
        word.isalpha()
        and len(word) > 2
        and word not in told
        and (word in _STRANGERS or not (known(word) or known(singular(word))))
        for word in _words(text)
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _stem(word: str) -> str:
    """Enough of a word to know its inflections by."""
    return checks.stem(word)[:5]


def _name_stems(table: Table, target: Target) -> set[str]:
    if isinstance(target, TableId):
        words = subject(target.name).split()
    else:
        siblings = tuple(column.name for column in table.columns)
        words = expand(column_words(target.name, siblings, table.id.name))
    return {_stem(word.lower()) for word in words}


def _grams(text: str) -> Counter[str]:
    joined = " ".join(_words(text))
    return Counter(joined[i : i + 4] for i in range(max(1, len(joined) - 3)))


def _overlap(one: Counter[str], other: Counter[str]) -> float:
    """Dice's coefficient of two bags, in [0, 1]."""
    size = one.total() + other.total()
    return 2 * sum(min(n, other[gram]) for gram, n in one.items()) / size if size else 0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A weighted sum of signs."""

    bias: float = 0.0
    """Constant part."""
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """Weight by sign; those left out are 0."""

    def __call__(self, signs: Signs) -> float:
        """The sum."""
        return self.bias + sum(
            weight * signs[name] for name, weight in self.weights.items()
        )

    def probability(self, signs: Signs) -> float:
        """The sum through the logistic function."""
        total = max(-30.0, min(30.0, self(signs)))
        return 1 / (1 + math.exp(-total))


@dataclass(frozen=True, slots=True)
class Scale:
    """What was measured for columns, or for tables."""

    worth: Line
    """Expected likeness to what a human would write, less what repeating costs."""
    model: Line
    """Log-odds that the model's text is good, where it is chosen."""
    rules: Line
    """Log-odds that the rules' sentence is good, where it is chosen."""
    alone: float
    """Share of rules' sentences that are good, where no model was asked."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many texts a model is asked for, and how one of them is chosen."""

    columns: Scale
    """For columns."""
    tables: Scale
    """For tables."""
    styles: tuple[str, ...] = ("data",)
    """In whose manner the model is asked to write; a text for each."""
    draws: int = 0
    """Texts drawn besides the likeliest one, in the first style."""
    temperature: float = 0.7
    """Of drawing them."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Calibration:
        """From the manifest's `calibration` object."""
        scales = {
            kind: Scale(
                worth=Line(**data[kind]["worth"]),
                model=Line(**data[kind]["model"]),
                rules=Line(**data[kind]["rules"]),
                alone=float(data[kind]["alone"]),
            )
            for kind in ("columns", "tables")
        }
        return cls(
            **scales,
            styles=tuple(data.get("styles", ("data",))),
            draws=int(data.get("draws", 0)),
            temperature=float(data.get("temperature", 0.7)),
        )

    def to_json(self) -> dict[str, Any]:
        """The inverse of `from_json`."""
        return asdict(self)

    def scale(self, target: Target) -> Scale:
        """What was measured for such a target."""
        return self.tables if isinstance(target, TableId) else self.columns


@dataclass(frozen=True, slots=True)
class Choice:
    """The text that is shown."""

    text: str | None
    """The text; None where neither rules nor model had one."""
    source: Source
    """Whose it is."""
    confidence: float
    """Estimated probability that it is good, in [0, 1]."""


def choose(
    candidates: Sequence[Candidate],
    table: Table,
    target: Target,
    calibration: Calibration | None,
) -> Choice:
    """The best of the candidates, of which at most one is the rules'.

    Args:
        candidates: usable texts, the model's in the order they were written.
        table: the table it is about.
        target: what is described.
        calibration: the model's; without one its first text is taken if it is sure.
    """
    rules = next((c for c in candidates if c.source is Source.RULES), None)
    drafted = [c for c in candidates if c.source is Source.MODEL]
    if not drafted:
        if rules is None:
            return Choice(None, Source.RULES, 0.0)
        alone = UNMEASURED_RULES
        if calibration is not None:
            alone = calibration.scale(target).alone
        return Choice(rules.text, Source.RULES, alone)
    if calibration is None:
        first = drafted[0]
        if rules is not None and first.logprob < UNMEASURED_FLOOR:
            return Choice(rules.text, Source.RULES, UNMEASURED_RULES)
        return Choice(first.text, Source.MODEL, math.exp(min(0.0, first.logprob)))
    scale = calibration.scale(target)
    # The rules abstain on gibberish only; there a model cannot know better than that.
    if rules is None and not isinstance(target, TableId):
        return Choice(None, Source.MODEL, 0.0)
    signs = signs_of(candidates, table, target)
    place = best(signs, scale.worth)
    chosen = candidates[place]
    line = scale.model if chosen.source is Source.MODEL else scale.rules
    return Choice(chosen.text, chosen.source, line.probability(signs[place]))


def unlike(candidates: Sequence[Candidate], used: Set[str]) -> list[Candidate]:
    """The candidates that no other column of the table has; all where none is left.

    Args:
        candidates: of one column.
        used: texts of other columns, lower case.
    """
    kept = [each for each in candidates if each.text.lower() not in used]
    return kept or list(candidates)


def best(signs: Sequence[Signs], worth: Line) -> int:
    """The place of the candidate that is worth most; the first of equals."""
    values = [worth(each) for each in signs]
    return values.index(max(values))
