"""Automatic measures of descriptions, and the arithmetic of their means.

A missing text counts 0 in every measure of likeness. Case, spaces and the final full
stop are normalised on both sides. A figure is the mean per repository, then over
repositories, so that no large one outweighs the rest.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from catalog.errors import ColumnistError


def normal(text: str) -> str:
    """Lower case, single spaces, no final full stop."""
    return " ".join(text.lower().split()).rstrip(". ")


def rouge_l(text: str | None, reference: str) -> float:
    """ROUGE-L F of the normalised texts, in [0, 1]."""
    if not text:
        return 0.0
    score = _rouge().score(normal(reference), normal(text))
    return float(score["rougeL"].fmeasure)


def chrf(text: str | None, reference: str) -> float:
    """Sentence chrF of the normalised texts, in [0, 1]."""
    if not text:
        return 0.0
    score = _chrf().sentence_score(normal(text), [normal(reference)])
    return float(score.score) / 100


@cache
def _rouge() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer  # in the extra `evaluate`
    except ImportError as error:
        raise _missing(error) from None
    return RougeScorer(["rougeL"])


@cache
def _chrf() -> Any:
    try:
        from sacrebleu.metrics import CHRF  # in the extra `evaluate`
    except ImportError as error:
        raise _missing(error) from None
    return CHRF()


def _missing(error: ImportError) -> ColumnistError:
    return ColumnistError(
        f"Scoring needs the package {error.name}.",
        "Install it with: pip install 'columnist[evaluate]'",
    )


class Cosine:
    """TF-IDF cosine: likeness in words, rare ones counting more.

    Args:
        documents: texts that tell how rare each word is.
    """

    def __init__(self, documents: Iterable[str]) -> None:
        counts: Counter[str] = Counter()
        total = 0
        for document in documents:
            counts.update(set(_words(document)))
            total += 1
        self._total = total
        self._counts = counts

    def __call__(self, text: str | None, reference: str) -> float:
        """The cosine of two texts, in [0, 1]."""
        if not text:
            return 0.0
        one, other = self._vector(text), self._vector(reference)
        dot = sum(weight * other.get(word, 0.0) for word, weight in one.items())
        size = math.sqrt(_square(one) * _square(other))
        return dot / size if size else 0.0

    def _vector(self, text: str) -> dict[str, float]:
        return {
            word: count * math.log((1 + self._total) / (1 + self._counts[word]) + 1)
            for word, count in Counter(_words(text)).items()
        }


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _square(vector: Mapping[str, float]) -> float:
    return sum(weight * weight for weight in vector.values())


@dataclass(frozen=True, slots=True)
class Scored:
    """One described target and what every system got for it."""

    repository: str
    """Where the reference comes from."""
    table: str
    """Its table, unique within the repository: what the bootstrap draws."""
    figures: Mapping[str, Mapping[str, float]]
    """System to measure to figure."""


def mean_of_means(rows: Sequence[Scored], value: Callable[[Scored], float]) -> float:
    """Mean per repository, then over repositories; 0 for no rows."""
    groups: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        groups[row.repository].append(value(row))
    means = [sum(values) / len(values) for values in groups.values()]
    return sum(means) / len(means) if means else 0.0


def difference(
    rows: Sequence[Scored],
    value: Callable[[Scored], float],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """A per-target difference: the difference of means, and its 95 % interval.

    The interval is a bootstrap's: whole tables are drawn, per repository.

    Columns of a table are not independent, so tables are drawn, with replacement,
    within each repository; the repositories stay as they are.
    """
    import numpy as np

    tables: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        tables[row.repository][row.table].append(value(row))
    generator = np.random.default_rng(seed)
    total = np.zeros(draws)
    for by_table in tables.values():
        sums = np.array([sum(values) for values in by_table.values()])
        sizes = np.array([len(values) for values in by_table.values()])
        drawn = generator.integers(0, len(sums), size=(draws, len(sums)))
        total += sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    total /= max(1, len(tables))
    low, high = map(float, np.percentile(total, [2.5, 97.5]))
    return mean_of_means(rows, value), low, high
