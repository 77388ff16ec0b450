"""Chooses between the rules' sentence and the model's, by calibrated confidence.

A text is good when it is close to what a person wrote (ROUGE-L of at least
`Calibration.good`). How often that is so at a given mean log-probability is fitted by
logistic regression on held-out schemas; so is how often the rules' sentence is.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from catalog.suggestion import Source


@dataclass(frozen=True, slots=True)
class Curve:
    """Logistic map from a mean log-probability to the chance of a good text."""

    slope: float
    """Per nat; positive, so that surer texts are never less confident."""
    intercept: float
    """Log-odds at a log-probability of 0."""

    def __call__(self, logprob: float) -> float:
        """Confidence in [0, 1]."""
        if logprob == float("-inf"):
            return 0.0
        return 1.0 / (1.0 + math.exp(-(self.slope * logprob + self.intercept)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted for one model; part of its manifest."""

    good: float
    """ROUGE-L F from which on a text counts as good."""
    column: Curve
    """The model's texts for columns."""
    table: Curve
    """The model's texts for tables."""
    column_threshold: float
    """Mean log-probability from which on the model's text is taken, in nats."""
    table_threshold: float
    """The same for tables."""
    rules_column: float
    """Share of the rules' sentences for columns that is good."""
    rules_table: float
    """The same for tables."""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Calibration:
        """The inverse of `as_json`."""
        return cls(
            **{
                **value,
                "column": Curve(**value["column"]),
                "table": Curve(**value["table"]),
            }
        )

    def as_json(self) -> dict[str, Any]:
        """As the manifest holds it."""
        return asdict(self)


UNCALIBRATED = Calibration(
    good=0.4,
    column=Curve(1.5, 0.5),
    table=Curve(1.5, 0.5),
    column_threshold=-1.0,
    table_threshold=-1.0,
    rules_column=0.3,
    rules_table=0.2,
)
"""For models that were never measured: an instruct model is usually better than rules
where it is not guessing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The text that is shown, and why."""

    text: str | None
    """None is an abstention."""
    source: Source
    """Whose text it is; of an abstention, whose it would have been."""
    confidence: float
    """Chance that it is good, in [0, 1]."""


def choose(
    rules: str | None,
    drafted: str | None,
    logprob: float,
    *,
    is_table: bool,
    calibration: Calibration | None,
) -> Choice:
    """The model's text where it is sure enough, else the rules', else none.

    Args:
        rules: the rules' sentence; None where the name says nothing.
        drafted: the model's text; None where it is unusable or was not asked for.
        logprob: its mean log-probability, in nats.
        is_table: whether a table is described, not a column.
        calibration: of the model; None where it was never measured.
    """
    fitted = calibration or UNCALIBRATED
    threshold = fitted.table_threshold if is_table else fitted.column_threshold
    if drafted is not None and logprob >= threshold:
        curve = fitted.table if is_table else fitted.column
        return Choice(drafted, Source.MODEL, curve(logprob))
    if rules is not None:
        share = fitted.rules_table if is_table else fitted.rules_column
        return Choice(rules, Source.RULES, share)
    return Choice(None, Source.RULES if drafted is None else Source.MODEL, 0.0)
