"""How a house's decisions move what is chosen, and what two models are compared by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from catalog.suggestion import Source
from model.choose import Calibration, Candidate, Scale, WeightedSum
from model.evaluation.house import (
    Answer,
    as_sheet,
    chosen,
    compare,
    documented,
    own_style,
    refit,
    same,
    unseen,
)
from model.teacher_set import Described, described

RULES, MODEL = "Weight of the order.", "Weight, order."
BEFORE = Scale(WeightedSum(0.5, {"logprob": 2.0}), WeightedSum(1.0), WeightedSum(1.5))
CALIBRATION = Calibration(BEFORE, BEFORE)


def record(number: int, *columns: str, text: str = MODEL) -> dict[str, object]:
    named = columns or ("weight",)
    told = [{"name": n, "type": "int", "description": text} for n in named]
    return {"table": f"orders_{number}", "columns": told, "kind": "steward"}


def tables(count: int, *columns: str, text: str = MODEL) -> list[Described]:
    return [described(record(number, *columns, text=text)) for number in range(count)]


def answer(number: int, each: Described, *, wanted: str = MODEL) -> Answer:
    """What was chosen from by a model that is as sure of its text as can be."""
    return Answer(
        number,
        each.table.columns[0].id,
        wanted,
        RULES,
        Source.RULES,
        (
            Candidate(RULES, Source.RULES),
            Candidate(MODEL, Source.MODEL, logprob=-0.3, tokens=5),
        ),
    )


def answers(found: Sequence[Described], **changes: str) -> list[Answer]:
    return [answer(number, each, **changes) for number, each in enumerate(found)]


def test_texts_are_the_same_but_for_white_space_and_the_last_stop() -> None:
    assert same(" Weight,  order ", "Weight, order.")
    assert not same("weight, order.", "Weight, order.")
    assert not same(None, "Weight, order.")


@pytest.mark.parametrize(("count", "moves"), [(2, False), (60, True)])
def test_hundreds_of_decisions_move_a_calibration_and_few_hardly(
    count: int, moves: bool
) -> None:
    found = tables(count)
    scale = refit(CALIBRATION, answers(found), found).columns
    signs = {"logprob": -0.3}
    assert scale.rules(signs) < BEFORE.rules(signs)
    assert (scale.rules(signs) < 0.1) is moves
    assert (scale.model(signs) > 0.9) is moves
    assert scale.sure == BEFORE.sure, "nothing was decided on it"
    assert refit(CALIBRATION, answers(found), found).tables == CALIBRATION.tables


def test_each_table_is_judged_by_the_others() -> None:
    found = tables(60)
    told = answers(found)
    assert not any(each.accepted for each in told)
    again = unseen(told, found, CALIBRATION)
    assert all(each.accepted and each.source is Source.MODEL for each in again)
    # The only table has no others, so nothing is moved.
    assert unseen(told[:1], found, CALIBRATION)[0].text == RULES
    rules = answers(found, wanted=RULES)
    assert all(e.source is Source.RULES for e in unseen(rules, found, CALIBRATION))


def test_what_the_catalog_told_stays() -> None:
    (each,) = tables(1)
    told = replace(answer(0, each), candidates=(), source=Source.INHERITED)
    assert chosen([told], [each], CALIBRATION) == [told]


def test_the_difference_is_of_whole_tables() -> None:
    found = tables(30)
    before = answers(found)
    after = [replace(each, text=MODEL) for each in before[:20]] + before[20:]
    told = compare(before, after)
    assert (told["tables"], told["texts"]) == (30, 30)
    accepted = told["accepted"]
    assert (accepted["before"], accepted["after"]) == (0.0, round(20 / 30, 4))
    assert 0.4 < accepted["low"] < accepted["by"] < accepted["high"] < 0.9
    assert told["likeness"]["before"] < told["likeness"]["after"] < 1
    assert compare(before, before)["accepted"]["by"] == 0


def test_a_houses_own_style_is_told_by_what_rules_are_sure_of() -> None:
    sure = ("created_at", "id", "status", "email")
    assert own_style(tables(10, *sure))
    by_rules = [
        replace(
            each, texts=dict.fromkeys(each.texts, "Unique identifier of the order.")
        )
        for each in tables(30, "id")
    ]
    assert not own_style(by_rules)
    assert not own_style(tables(1, "id")), "too few to tell"


def test_texts_stand_as_comments() -> None:
    found = documented(tables(25))
    assert len(found.nearest) == 25
    assert set(found.nearest.texts()) == {MODEL}


def test_a_blind_sheet_has_both_models_texts() -> None:
    found = tables(2)
    before = answers(found)
    after = [replace(each, text=MODEL) for each in before]
    records = [record(0), record(1)]
    entries, (first, second) = as_sheet(records, (before, after))
    assert [entry.table.id.name for entry in entries] == ["orders_1", "orders_0"]
    assert [t["weight"].text for t in first] == [RULES, RULES]
    assert [t["weight"].text for t in second] == [MODEL, MODEL]
