"""Chooses between the rules' sentence and the model's by calibrated confidence.

How sure the model was of its words says how good they are only after measuring: the
lines here are fitted on human descriptions (`model.evaluation.calibrate`) and kept in
the model's manifest.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import Any

from catalog.suggestion import Source
from model.names import known, singular, word_set

UNMEASURED_RULES = 0.3
"""Confidence in a rules' sentence where nothing was measured; a cautious guess."""
UNMEASURED_FLOOR = -1.0
"""A model that was never measured has its text taken above this log-probability: an
instruct model is usually better than rules where it is not guessing."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of two candidates before anybody has read them."""

    logprob: float
    """The model's mean log-probability, in nats."""
    longer: float = 0.0
    """Logarithm of how many times as many words the model's text has."""

    @classmethod
    def of(cls, rules: str, drafted: str, logprob: float) -> Signs:
        """The signs of two texts."""
        first, second = len(_words(rules)), len(_words(drafted))
        return cls(logprob, math.log(max(1, second) / max(1, first)))


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


def invents(drafted: str, rules: str) -> bool:
    """Whether a text has a word that neither English nor the rules' sentence has.

    A small model garbles rare words ("hqit" for "headline") and names firms it has
    read of; such texts are not shown.
    """
    told = set(_words(rules))
    return any(
        word.isalpha()
        and len(word) > 2
        and word not in told
        and (word in _STRANGERS or not (known(word) or known(singular(word))))
        for word in _words(drafted)
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


@dataclass(frozen=True, slots=True)
class Line:
    """A weighted sum of signs."""

    bias: float
    """Constant part."""
    logprob: float = 0.0
    """Weight of `Signs.logprob`."""
    longer: float = 0.0
    """Weight of `Signs.longer`."""

    def __call__(self, signs: Signs) -> float:
        """The sum."""
        return self.bias + self.logprob * signs.logprob + self.longer * signs.longer

    def probability(self, signs: Signs) -> float:
        """The sum through the logistic function."""
        total = max(-30.0, min(30.0, self(signs)))
        return 1 / (1 + math.exp(-total))


@dataclass(frozen=True, slots=True)
class Scale:
    """What was measured for columns, or for tables."""

    gain: Line
    """Expected gain of the model's text over the rules'; above 0 it wins."""
    model: Line
    """Log-odds that the model's text is good, where it is chosen."""
    rules: Line
    """Log-odds that the rules' sentence is good, where it is chosen."""
    alone: float
    """Share of rules' sentences that are good, where no model was asked."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's log-probabilities become choices and confidence."""

    columns: Scale
    """For columns."""
    tables: Scale
    """For tables."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Calibration:
        """From the manifest's `calibration` object."""
        return cls(
            **{
                kind: Scale(
                    gain=Line(**data[kind]["gain"]),
                    model=Line(**data[kind]["model"]),
                    rules=Line(**data[kind]["rules"]),
                    alone=float(data[kind]["alone"]),
                )
                for kind in ("columns", "tables")
            }
        )

    def to_json(self) -> dict[str, Any]:
        """The inverse of `from_json`."""
        return asdict(self)


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
    rules: str | None,
    drafted: str | None,
    logprob: float,
    *,
    is_table: bool,
    calibration: Calibration | None,
) -> Choice:
    """The better of two candidates.

    Args:
        rules: the rules' sentence, None where they abstain.
        drafted: the model's text, None where there is none or it is unusable.
        logprob: mean log-probability of the model's tokens; ignored without a text.
        is_table: whether the text is about a table.
        calibration: the model's; without one its text is taken where there is one.
    """
    if drafted is None:
        if rules is None:
            return Choice(None, Source.RULES, 0.0)
        alone = UNMEASURED_RULES
        if calibration is not None:
            alone = (calibration.tables if is_table else calibration.columns).alone
        return Choice(rules, Source.RULES, alone)
    if calibration is None:
        if rules is not None and logprob < UNMEASURED_FLOOR:
            return Choice(rules, Source.RULES, UNMEASURED_RULES)
        return Choice(drafted, Source.MODEL, math.exp(min(0.0, logprob)))
    scale = calibration.tables if is_table else calibration.columns
    if rules is None:
        # The rules abstain on gibberish only; a model cannot know better unless sure.
        signs = Signs(logprob)
        if scale.gain(signs) <= 0 or invents(drafted, ""):
            return Choice(None, Source.MODEL, 0.0)
        return Choice(drafted, Source.MODEL, scale.model.probability(signs))
    signs = Signs.of(rules, drafted, logprob)
    if scale.gain(signs) > 0 and not invents(drafted, rules):
        return Choice(drafted, Source.MODEL, scale.model.probability(signs))
    return Choice(rules, Source.RULES, scale.rules.probability(signs))
