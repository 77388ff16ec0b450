"""The simulated votes: drawn as asked for, and looked at with the exact test."""

from __future__ import annotations

import json
from itertools import islice
from random import Random

import pytest

from benchmarks.ab import TIES, least_wins, main, tables
from catalog.preferred import ERROR, sign_test


@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
def test_tables_have_the_share_the_ties_and_the_correlation(alike: float) -> None:
    drawn = list(islice(tables(Random(0), 2, alike, 0.6), 20_000))
    votes = [each for table in drawn for each in table]
    said = [each for each in votes if each is not None]
    assert votes.count(None) / len(votes) == pytest.approx(TIES, abs=0.01)
    assert sum(said) / len(said) == pytest.approx(0.6, abs=0.015)
    both = [(a, b) for a, b in drawn if a is not None and b is not None]
    apart = sum(a != b for a, b in both) / len(both)
    assert apart == pytest.approx(2 * 0.6 * 0.4 * (1 - alike), abs=0.015)


def test_the_sign_test_at_every_look_is_the_exact_one() -> None:
    for number, wins in enumerate(least_wins(120)):
        assert wins > number or sign_test(wins, number - wins) <= ERROR
        assert wins == 1 or sign_test(wins - 1, number - wins + 1) > ERROR


def test_it_tells_all_of_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--histories", "12", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["histories"] for each in found["null"]] == [12] * 4
    assert len(found["preference"]) == 12
    assert found["straight_wins"] == 11
