"""How varied a data set is: counts, shares and distances of names and texts."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from model.names import split, words

PAIRS = 4000
"""Pairs of texts that self-similarity is measured on."""

_COUNTED = (
    "kind",
    "process",
    "layer",
    "source_system",
    "dialect",
    "habit",
    "teacher",
)


def statistics(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Figures of a data set, ready for JSON."""
    names: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    abouts: Counter[str] = Counter()
    counted: dict[str, Counter[str]] = {key: Counter() for key in _COUNTED}
    entities: Counter[str] = Counter()
    industries: set[str] = set()
    widths: list[int] = []
    coded = referring = keyed = 0
    for record in records:
        widths.append(len(record["columns"]))
        keyed += bool(record.get("primary_key"))
        for key, counter in counted.items():
            if record.get(key):
                counter[record[key]] += 1
        if record.get("entity"):
            entities[record["entity"]] += 1
        if record.get("industry"):
            industries.add(record["industry"])
        if record.get("description"):
            abouts[record["description"]] += 1
        for column in record["columns"]:
            names[column["name"]] += 1
            coded += bool(column.get("enum"))
            referring += bool(column.get("references"))
            if column.get("description"):
                texts[column["description"]] += 1
    told = sorted(texts)
    every = [word_list(text) for text in texts.elements()]
    columns = sum(widths)
    return {
        "tables": len(widths),
        "columns": columns,
        "columns_a_table": [min(widths, default=0), max(widths, default=0)],
        "column_texts": texts.total(),
        "table_texts": abouts.total(),
        "distinct_names": len(names),
        "distinct_texts": len(texts),
        "distinct_table_texts": len(abouts),
        "entities": len(entities),
        "industries": len(industries),
        **{_plural(key): dict(sorted(c.items())) for key, c in counted.items()},
        "with_primary_key": keyed,
        "with_codes": coded,
        "with_reference": referring,
        "words_a_text": _mean([len(words) for words in every]),
        "words_a_table_text": _mean([len(word_list(t)) for t in abouts.elements()]),
        "distinct_1": _distinct(every, 1),
        "distinct_2": _distinct(every, 2),
        "distinct_3": _distinct(every, 3),
        "cryptic_names": _share(
            sum(n for name, n in names.items() if cryptic(name)), columns
        ),
        "duplicate_texts": _share(texts.total() - len(texts), texts.total()),
        "self_similarity": self_similarity(told),
    }


def word_list(text: str) -> list[str]:
    """The words of a text in lower case."""
    return re.findall(r"[a-z']+|\d+", text.lower())


def cryptic(name: str) -> bool:
    """Whether a name has a word that is no English word."""
    known = words()
    return any(
        token not in known and not token.isdigit() and token not in ("id", "sk")
        for token in split(name)
    )


def self_similarity(texts: Sequence[str]) -> float:
    """Mean share of words that two different texts have in common (Jaccard)."""
    if len(texts) < 2:
        return 0.0
    rng = random.Random(0)
    total = 0.0
    for _ in range(PAIRS):
        one, other = (set(word_list(text)) for text in rng.sample(texts, 2))
        total += len(one & other) / max(1, len(one | other))
    return round(total / PAIRS, 4)


def _plural(key: str) -> str:
    return {"process": "processes"}.get(key, key + "s")


def _distinct(texts: Sequence[Sequence[str]], length: int) -> float:
    """Different n-grams as a share of all n-grams."""
    grams: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        grams.update(tuple(text[i : i + length]) for i in range(len(text) - length + 1))
    return _share(len(grams), grams.total())


def _mean(values: Sequence[int]) -> float:
    return round(sum(values) / max(1, len(values)), 2)


def _share(part: int, whole: int) -> float:
    return round(part / max(1, whole), 4)
