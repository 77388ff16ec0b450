"""The figures are what a person would work out by hand."""

from __future__ import annotations

import pytest

pytest.importorskip("rouge_score")
pytest.importorskip("sacrebleu")

from model.evaluation.measures import (
    Cosine,
    Scored,
    chrf,
    difference,
    mean_of_means,
    rouge_l,
)


def test_rouge_l_by_hand() -> None:
    # The longest common subsequence is `date of order`: 3 of 4 and 3 of 5 words.
    precision, recall = 3 / 4, 3 / 5
    expected = 2 * precision * recall / (precision + recall)
    assert rouge_l("Date of the order.", "date of a new order") == pytest.approx(
        expected
    )


def test_case_and_the_final_stop_do_not_count() -> None:
    assert rouge_l("Name of it.", "name of it") == 1
    assert chrf("Name of  it.", "name of it") == pytest.approx(1)


@pytest.mark.parametrize("text", [None, ""])
def test_a_missing_text_counts_nothing(text: str | None) -> None:
    cosine = Cosine(["name of it"])
    assert rouge_l(text, "a") == chrf(text, "a") == cosine(text, "a") == 0


def test_cosine_weighs_rare_words_more() -> None:
    cosine = Cosine(["the order", "the item", "the zebra"])
    assert cosine("the zebra", "the zebra") == pytest.approx(1)
    assert cosine("the zebra", "a zebra") > cosine("the zebra", "the item")
    assert cosine("x", "y") == 0


def rows(values: dict[str, dict[str, list[float]]]) -> list[Scored]:
    return [
        Scored(repository, table, {"s": {"m": value}})
        for repository, tables in values.items()
        for table, found in tables.items()
        for value in found
    ]


def value(row: Scored) -> float:
    return row.figures["s"]["m"]


def test_large_repositories_do_not_outweigh_small_ones() -> None:
    given = rows({"large": {"t": [1.0] * 99}, "small": {"t": [0.0]}})
    assert mean_of_means(given, value) == 0.5
    assert mean_of_means([], value) == 0


def test_the_interval_holds_the_mean_and_is_zero_wide_without_variation() -> None:
    flat = difference(rows({"a": {"t": [0.2], "u": [0.2]}}), value, draws=50)
    assert flat == pytest.approx((0.2, 0.2, 0.2))
    mean, low, high = difference(
        rows({"a": {"t": [0.0, 0.0], "u": [1.0], "v": [0.4]}}), value, draws=500
    )
    assert low < mean == pytest.approx(0.35)
    assert mean < high
