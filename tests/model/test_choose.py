"""The choice follows the measurements and never punishes certainty."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from catalog.suggestion import Source
from model.choose import (
    SIGNS,
    Calibration,
    Candidate,
    Chosen,
    Scale,
    WeightedSum,
    choose,
    signs_of,
    unlike,
)

COLUMNS = Scale(
    model=WeightedSum(1.0, {"logprob": 2.0, "agreement": 1.0}),
    rules=WeightedSum(-1.0),
    sure=WeightedSum(0.0, {"noun": 1.0}),
)
TABLES = Scale(model=WeightedSum(-3.0), rules=WeightedSum(-2.0), sure=WeightedSum(0.0))
CALIBRATION = Calibration(COLUMNS, TABLES)
ORDERS = TableId("", "orders")
PRICE = ColumnId(ORDERS, "unit_price")
TABLE = Table(ORDERS, TableKind.TABLE, (Column(PRICE, 1, "numeric"),))
RULES = Candidate("Unit price of the order.", Source.RULES)

texts = st.sampled_from(["Name of the order.", "Price in euros.", "Date."])
logprobs = st.floats(-12, 0)


def drafted(text: str, logprob: float) -> Candidate:
    return Candidate(text, Source.MODEL, logprob, 5)


def pick(*candidates: Candidate, is_table: bool = False) -> Chosen:
    return choose(candidates, TABLE, ORDERS if is_table else PRICE, CALIBRATION)


@given(text=texts, one=logprobs, other=logprobs)
def test_more_certainty_never_loses_the_model_its_place(
    text: str, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    before, after = pick(RULES, drafted(text, low)), pick(RULES, drafted(text, high))
    if before.source is Source.MODEL:
        assert after.source is Source.MODEL
    if before.source is after.source:
        assert after.confidence >= before.confidence


@given(
    rules=st.booleans(),
    written=st.lists(st.tuples(texts, logprobs), max_size=4),
    is_table=st.booleans(),
    measured=st.booleans(),
)
def test_a_choice_is_a_candidate_with_a_probability(
    rules: bool, written: list[tuple[str, float]], is_table: bool, measured: bool
) -> None:
    candidates = [RULES] if rules else []
    candidates += [drafted(*each) for each in written]
    choice = choose(
        candidates,
        TABLE,
        ORDERS if is_table else PRICE,
        CALIBRATION if measured else None,
    )
    assert choice.text in [None, *(each.text for each in candidates)]
    assert 0 <= choice.confidence <= 1
    if rules:
        assert choice.text is not None


def test_sure_texts_win_and_unsure_ones_do_not() -> None:
    assert pick(RULES, drafted("Price in euros.", -0.1)).source is Source.MODEL
    unsure = pick(RULES, drafted("Price in euros.", -3.0))
    assert (unsure.text, unsure.source) == (RULES.text, Source.RULES)
    sure = drafted("Price in euros.", -0.1)
    assert pick(RULES, sure, is_table=True).source is Source.RULES


def test_of_the_models_texts_the_one_that_the_others_agree_with_wins() -> None:
    odd = drafted("Colour of a shipment.", -0.5)
    one = drafted("Price of a unit of the order.", -0.5)
    other = drafted("Price of one unit of the order.", -0.5)
    assert pick(odd, one, other, RULES).text in (one.text, other.text)


def test_a_sentence_that_needs_no_model_has_a_scale_of_its_own() -> None:
    assert pick(RULES).confidence == pytest.approx(1 / (1 + math.e))
    sure = replace(RULES, sure=True)
    assert pick(sure).confidence == pytest.approx(1 / (1 + 1 / math.e))
    plain = replace(sure, text="Unit price.")
    assert pick(plain).confidence == 0.5


def test_where_rules_abstain_on_a_column_the_model_does_not_guess() -> None:
    assert pick(drafted("Price in euros.", -0.1)).text is None
    assert pick().text is None
    assert pick(drafted("Orders.", -0.1), is_table=True).text == "Orders."


def test_an_unmeasured_model_is_trusted_unless_it_guesses() -> None:
    def unmeasured(logprob: float) -> Chosen:
        return choose((RULES, drafted("M.", logprob)), TABLE, PRICE, None)

    assert unmeasured(-0.3).source is Source.MODEL
    assert unmeasured(-2.0).source is Source.RULES


def test_the_manifest_keeps_a_calibration() -> None:
    text = json.dumps(CALIBRATION.to_json())
    assert msgspec.convert(json.loads(text), Calibration) == CALIBRATION


def test_confidence_is_the_likeliest_candidates_chance() -> None:
    choice = pick(drafted("Price in euros.", -0.1), RULES)
    assert choice.measured
    assert 1 / (1 + 2.718281828**-0.8) < choice.confidence < 0.86


def test_signs_by_hand() -> None:
    text = "Price of one unit."
    rules, own = signs_of((RULES, drafted(text, -0.5)), TABLE, PRICE)
    assert set(rules) == set(own) == set(SIGNS)
    assert (own["logprob"], own["total"]) == (-0.5, -0.25)
    assert rules["agreement"] == own["agreement"] > 0
    assert (own["coverage"], rules["noun"], own["noun"]) == (1, 1, 0)
    assert own["length"] == pytest.approx(0.4)
    assert (rules["restates"], own["restates"]) == (1, 0)
    (alone,) = signs_of((RULES,), TABLE, PRICE)
    assert alone["agreement"] == 0


def test_a_text_that_another_column_has_is_the_last_resort() -> None:
    other = drafted("Price in euros.", -0.1)
    assert unlike((RULES, other), {RULES.text.lower()}) == [other]
    assert unlike((RULES,), {RULES.text.lower()}) == [RULES]
