"""The choice follows the measurements and never punishes certainty."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.suggestion import Source
from model.choose import Calibration, Choice, Line, Scale, Signs, choose, invents

COLUMNS = Scale(
    gain=Line(1.1, 1.0, 0.1),
    model=Line(1.0, 2.0, 0.5),
    rules=Line(-1.0, 0.5, 1.0),
    alone=0.25,
)
TABLES = Scale(gain=Line(-1.0), model=Line(0.0), rules=Line(-2.0), alone=0.1)
CALIBRATION = Calibration(COLUMNS, TABLES)

texts = st.sampled_from(["Name of the order.", "Price in euros.", "Date."])
logprobs = st.floats(-12, 0)


def pick(
    rules: str | None, drafted: str | None, logprob: float, is_table: bool = False
) -> Choice:
    return choose(rules, drafted, logprob, is_table=is_table, calibration=CALIBRATION)


@given(rules=texts, drafted=texts, one=logprobs, other=logprobs)
def test_more_certainty_never_loses_the_model_its_place(
    rules: str, drafted: str, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    before, after = pick(rules, drafted, low), pick(rules, drafted, high)
    if before.source is Source.MODEL:
        assert after.source is Source.MODEL
    if before.source is after.source:
        assert after.confidence >= before.confidence


@given(
    rules=st.none() | texts,
    drafted=st.none() | texts,
    logprob=logprobs | st.just(float("-inf")),
    is_table=st.booleans(),
    known=st.booleans(),
)
def test_a_choice_is_a_candidate_with_a_probability(
    rules: str | None, drafted: str | None, logprob: float, is_table: bool, known: bool
) -> None:
    choice = choose(
        rules,
        drafted,
        logprob,
        is_table=is_table,
        calibration=CALIBRATION if known else None,
    )
    assert choice.text in (rules, drafted, None)
    assert 0 <= choice.confidence <= 1
    if rules is not None:
        assert choice.text is not None


def test_sure_texts_win_and_unsure_ones_do_not() -> None:
    rules, drafted = "Name of the order.", "Price in euros."
    assert pick(rules, drafted, -0.1).source is Source.MODEL
    unsure = pick(rules, drafted, -3.0)
    assert (unsure.text, unsure.source) == (rules, Source.RULES)
    assert unsure.confidence == pytest.approx(
        1 / (1 + math.exp(2.5 + math.log(4 / 3))), abs=1e-3
    )
    assert pick(rules, drafted, -0.1, is_table=True).source is Source.RULES


def test_without_a_model_the_measured_share_is_the_confidence() -> None:
    assert pick("Name.", None, float("-inf")) == Choice("Name.", Source.RULES, 0.25)


def test_where_rules_abstain_only_a_sure_model_speaks() -> None:
    assert pick(None, "Price in euros.", -0.1).text == "Price in euros."
    assert pick(None, "Price in euros.", -5.0).text is None
    assert pick(None, None, float("-inf")).text is None


def test_an_unmeasured_model_is_trusted_unless_it_guesses() -> None:
    def unmeasured(logprob: float) -> Choice:
        return choose("R.", "M.", logprob, is_table=False, calibration=None)

    assert unmeasured(-0.3).source is Source.MODEL
    assert unmeasured(-2.0).source is Source.RULES


def test_the_manifest_keeps_a_calibration() -> None:
    text = json.dumps(CALIBRATION.to_json())
    assert Calibration.from_json(json.loads(text)) == CALIBRATION


def test_signs_by_hand() -> None:
    signs = Signs.of("Name of the order.", "Name of buyer", -0.5)
    assert signs.logprob == -0.5
    assert signs.longer == pytest.approx(math.log(3 / 4))
    assert Signs.of("", "", -1.0) == Signs(-1.0, 0.0)


@pytest.mark.parametrize(
    ("drafted", "invented"),
    [
        ("Headline of the products.", False),
        ("Zorbs of the row.", False),
        ("Hqit of the product.", True),
        ("Product in Shopify.", True),
    ],
)
def test_texts_with_garbled_words_are_not_shown(drafted: str, invented: bool) -> None:
    rules = "Zorbs of the product."
    assert invents(drafted, rules) is invented
    if invented:
        assert pick(rules, drafted, 0.0).source is Source.RULES
