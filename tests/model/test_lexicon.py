"""Short forms have one usual meaning, and others only in certain company."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from model import lexicon


def test_every_short_form_has_at_most_one_usual_meaning() -> None:
    with (lexicon.FOLDER / "abbreviations.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    usual = Counter(r["short"] for r in rows if not r["beside"] and not r["among"])
    assert [short for short, times in usual.items() if times > 1] == []
    for row in rows:
        assert row["short"] == row["short"].lower()
        assert row["long"] == " ".join(row["long"].split()) != ""
        assert row["short"] != row["long"] or row["beside"]


def test_no_frequent_word_is_a_short_form_by_accident() -> None:
    """`part_number` became a partition number."""
    for word in ("part", "cent", "pack", "open", "post", "bill", "app", "long"):
        assert word not in lexicon.abbreviations()


def test_a_neighbour_is_a_better_witness_than_the_table() -> None:
    told = {"team", "season"}
    assert lexicon.long_form("conf", ("conf", "name"), told) == "conference"
    assert lexicon.long_form("conf", ("conf", "interval"), told) == "confidence"
    assert lexicon.long_form("conf") == "configuration"
    assert lexicon.long_form("nothing") is None


def test_a_word_is_not_its_own_neighbour() -> None:
    assert lexicon.long_form("dev", ("dev",)) == lexicon.long_form("dev")


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("concentr", "concentration"),
        ("prgrs", "progress"),
        ("progress", None),
        ("nest", None),
        ("con", None),
        ("inte", None),
        ("zzzzz", None),
        ("größ", None),
    ],
)
def test_completed(token: str, word: str | None) -> None:
    assert lexicon.completed(token) == word
