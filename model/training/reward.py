"""How good a text is beside a human's: what minimum risk training raises.

Likeness to one human text rewards the words that people use; the deductions are for
what a steward would strike out on sight.
"""

from __future__ import annotations

from catalog.objects import Table, Target
from catalog.suggestion import Finding
from model import checks
from model.evaluation.measures import Cosine, chrf, rouge_l
from model.names import known, singular

BROKEN = 0.4
"""Taken off a text that is cut, loops, or goes round in circles."""
INVENTED = 0.3
"""Taken off for a word that is neither English nor in the schema."""
REPETITION = 0.12
"""Taken off a text that only repeats the name, where the human's does not."""


def reward(
    text: str, reference: str, table: Table, target: Target, likeness: Cosine
) -> float:
    """Mean of ROUGE-L, chrF and TF-IDF cosine, less the deductions; at most 1.

    Args:
        text: a finished description.
        reference: the human's.
        table: as the model saw it.
        target: what both describe.
        likeness: the TF-IDF cosine.
    """
    value = 0.3 * rouge_l(text, reference)
    value += 0.4 * chrf(text, reference)
    value += 0.3 * likeness(text, reference)
    found = checks.find(text, table, target, by_model=True)
    if Finding.DEGENERATE in found:
        value -= BROKEN
    if Finding.UNSUPPORTED in found or _invents(text, table):
        value -= INVENTED
    if Finding.RESTATES in found and Finding.RESTATES not in checks.find(
        reference, table, target
    ):
        value -= REPETITION
    return value


def _invents(text: str, table: Table) -> bool:
    """Whether a word is neither known nor in the schema."""
    schema = checks.schema_text(table)
    return any(
        len(word) > 2
        and not known(word)
        and not known(singular(word))
        and word not in schema
        for word in (word.lower() for word in checks.WORD.findall(text))
    )
