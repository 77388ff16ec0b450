"""Compares systems with human descriptions, and with each other.

Likeness (chrF, ROUGE-L, TF-IDF cosine, embedding cosine) and shares are means per
repository, then over repositories, times 100; a missing text counts 0. Differences in
likeness have a 95 % interval of the paired bootstrap that draws whole tables within
each repository, as columns of one table are not independent (Koehn 2004, "Statistical
significance tests for machine translation evaluation").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from catalog.objects import make_target
from catalog.suggestion import Finding
from model import checks
from model.evaluation import cryptic
from model.evaluation.embedding import EmbeddingCosine, Encode
from model.evaluation.measures import (
    Cosine,
    Scored,
    chrf,
    difference,
    mean_of_means,
    normal,
    rouge_l,
)
from model.evaluation.records import MISSING, Entry, Text, Texts

Likeness = Callable[[str | None, str], float]

SHARES = ("coverage", "restates", "unsupported", "degenerate", "same_text")
"""Shares of all described targets: with a text; with one that only repeats the name,
has numbers or names that the schema lacks, is broken or loops; and with one that
another column of the table has too, under another name."""


def likeness_measures(
    entries: Sequence[Entry],
    texts: Mapping[str, Sequence[Texts]],
    *,
    idf: Cosine | None,
    encode: Encode | None,
) -> dict[str, Likeness]:
    """The measures of likeness by name.

    Args:
        entries: what is described.
        texts: each system's.
        idf: a cosine with the corpus's frequencies; the references' where None.
        encode: makes vectors; without it the embedding cosine is left out.
    """
    references = [text for entry in entries for text in entry.human.values()]
    found: dict[str, Likeness] = {
        "chrf": chrf,
        "rouge_l": rouge_l,
        "tfidf_cosine": idf or Cosine(references),
    }
    if encode is not None:
        said = (
            text
            for each in texts.values()
            for entry, written in zip(entries, each, strict=True)
            for name in entry.human
            if (text := written.get(name, MISSING).text)
        )
        found["embedding_cosine"] = EmbeddingCosine(chain(references, said), encode)
    return found


def compare(
    entries: Sequence[Entry],
    texts: Mapping[str, Sequence[Texts]],
    measures: Mapping[str, Likeness],
    *,
    against: str,
) -> dict[str, Any]:
    """Figures of every system, and its differences from one of them.

    Args:
        entries: tables with human texts.
        texts: what each system says, by its name, one for each entry.
        measures: of likeness, by name.
        against: the system that the others are compared with.
    """
    columns: list[Scored] = []
    tables: list[Scored] = []
    for number, entry in enumerate(entries):
        written = {name: each[number] for name, each in texts.items()}
        for target, figures in _score(entry, written, measures):
            row = Scored(entry.repository, f"{number}", figures)
            (tables if target is None else columns).append(row)
    document: dict[str, Any] = {}
    for kind, rows in (("columns", columns), ("tables", tables)):
        if rows:
            document[kind] = {
                "targets": len(rows),
                "repositories": len({row.repository for row in rows}),
                "systems": {name: _figures(rows, name, measures) for name in texts},
                "differences": {
                    name: {
                        measure: _difference(rows, name, against, measure)
                        for measure in measures
                    }
                    for name in texts
                    if name != against
                },
            }
    return document


def _score(
    entry: Entry, texts: Mapping[str, Texts], measures: Mapping[str, Likeness]
) -> Iterator[tuple[str | None, dict[str, dict[str, float]]]]:
    """The figures of every system for each target that has a human text."""
    shared = {name: _same_texts(entry, written) for name, written in texts.items()}
    for target, reference in entry.human.items():
        figures = {}
        for name, written in texts.items():
            text = written.get(target, MISSING)
            figures[name] = {
                **{
                    measure: like(text.text, reference)
                    for measure, like in measures.items()
                },
                **_faults(entry, target, text),
                "same_text": float(target in shared[name]),
            }
        yield target, figures


def _faults(entry: Entry, name: str | None, text: Text) -> dict[str, float]:
    target = make_target(*entry.table.id, name)
    profile = entry.profiles.get(name) if name else None
    # The same checks for every system, so none asks who wrote the text.
    found = checks.find(text.text, entry.table, target, profile) if text.text else ()
    return {
        "coverage": float(text.text is not None),
        "restates": float(
            bool(text.text) and checks.spells_out(text.text or "", entry.table, target)
        ),
        "unsupported": float(Finding.UNSUPPORTED in found),
        "degenerate": float(Finding.DEGENERATE in found),
        "words": float(len((text.text or "").split())),
        **({f"by_{text.by}": 1.0} if text.text and text.by else {}),
    }


def _same_texts(entry: Entry, texts: Texts) -> set[str | None]:
    """Described columns whose text another one has too, under another name."""
    said = {
        name: normal(text)
        for name in entry.human
        if name is not None and (text := texts.get(name, MISSING).text)
    }
    times = Counter(said.values())
    return {name for name, text in said.items() if times[text] > 1}


def _figures(
    rows: Sequence[Scored], name: str, measures: Mapping[str, Likeness]
) -> dict[str, float]:
    def mean(measure: str) -> float:
        return mean_of_means(rows, lambda row: row.figures[name].get(measure, 0.0))

    written = [row for row in rows if row.figures[name]["coverage"]]
    found = {measure: round(100 * mean(measure), 2) for measure in measures}
    found |= {share: round(100 * mean(share), 2) for share in SHARES}
    words = mean_of_means(written, lambda row: row.figures[name]["words"])
    found["words"] = round(words, 2)
    sources = sorted(
        {key for row in rows for key in row.figures[name] if key[:3] == "by_"}
    )
    return found | {source: round(100 * mean(source), 2) for source in sources}


def _difference(
    rows: Sequence[Scored], name: str, against: str, measure: str
) -> dict[str, float]:
    found = difference(
        rows, lambda row: row.figures[name][measure] - row.figures[against][measure]
    )
    names = ("mean", "low", "high")
    return {end: round(100 * each, 3) for end, each in zip(names, found, strict=True)}


def probe(
    texts: Mapping[str, Sequence[Texts]],
    pairs: Sequence[cryptic.Pair],
    *,
    against: str,
) -> dict[str, Any]:
    """The share of cryptic names that each system spells out.

    A system without a single text for them has None.
    """
    shares: dict[str, float | None] = {}
    for name, each in texts.items():
        said = [each[pair.entry].get(pair.column, MISSING).text for pair in pairs]
        right = sum(
            cryptic.is_right(text, pair.long)
            for text, pair in zip(said, pairs, strict=True)
        )
        shares[name] = right / len(pairs) if any(said) else None
    base = shares[against]
    return {
        "columns": len(pairs),
        "distinct": len({(pair.token, pair.long) for pair in pairs}),
        "right": {
            n: None if s is None else round(100 * s, 2) for n, s in shares.items()
        },
        "ratio": {
            n: round(s / base, 3) if s is not None and base else None
            for n, s in shares.items()
        },
    }
