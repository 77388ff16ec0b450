"""A teacher's answers: what is taken, what is asked for again, what is dropped."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from model.prompts.long import render_chat
from model.remote import RemoteEngine, RemoteModel
from model.teacher_set import described
from model.training.specification import Specification
from model.training.teacher import (
    LIMIT,
    BadAnswerError,
    Taught,
    brief,
    fault_of_text,
    question,
    read_answer,
    teach,
)
from tests.model.scripted import Asked, Say, serving

WANTED = Specification(
    "g1-0", "Fruit Farming", "yield and scrap", "fact table", "camelCase", "duckdb", 3
)
ANSWER: dict[str, Any] = {
    "schema": "orchard",
    "table": "harvestLot",
    "description": "One row per lot of fruit that was picked in an orchard block.",
    "columns": [
        {
            "name": "lotId",
            "type": "BIGINT",
            "key": True,
            "references": None,
            "codes": [],
            "description": "Surrogate key of the lot.",
        },
        {
            "name": "blockId",
            "type": "BIGINT",
            "key": False,
            "references": "orchardBlock",
            "description": "Orchard block in which the lot was picked.",
        },
        {
            "name": "gradeCode",
            "type": "VARCHAR",
            "codes": ["A", "B"],
            "description": "Grade  given to the\nlot on arrival.",
        },
    ],
}


def read(answer: object) -> dict[str, Any]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return read_answer(text, WANTED, "large")


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    answer = copy.deepcopy(ANSWER)
    change(answer)
    return answer


def test_good_answer_becomes_a_line_of_the_teacher_set() -> None:
    record = read(ANSWER)
    assert record["id"] == "g1-0"
    assert record["teacher"] == "large"
    assert record["use_case"] == "yield and scrap"
    assert record["columns"] == [
        {
            "name": "lotId",
            "key": True,
            "type": "BIGINT",
            "description": "Surrogate key of the lot.",
        },
        {
            "name": "blockId",
            "references": "orchardBlock",
            "type": "BIGINT",
            "description": "Orchard block in which the lot was picked.",
        },
        {
            "name": "gradeCode",
            "type": "VARCHAR",
            "codes": ["A", "B"],
            "description": "Grade given to the lot on arrival.",
        },
    ]
    assert described(record).table.primary_key == ("lotId",)


@pytest.mark.parametrize(
    "around",
    ["```json\n{}\n```", "Here you are:\n{}\nAnything else?", "<think>{{</think>{}"],
)
def test_talk_around_the_object_is_left_out(around: str) -> None:
    text = around.replace("{}", json.dumps(ANSWER))
    assert read(text) == read(ANSWER)


def column(number: int, **values: object) -> dict[str, Any]:
    return changed(lambda answer: answer["columns"][number].update(values))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I am sorry.", "no JSON"),
        ("", "no JSON"),
        (json.dumps(ANSWER)[:-40], "no JSON"),
        ('{"a":' * 100_000, "no JSON"),
        ({}, "no table"),
        (changed(lambda a: a.update(columns=["lotId"])), "no table"),
        (changed(lambda a: a.update(table=None)), "no table"),
        (changed(lambda a: a.update(schema=["x"])), "no table"),
        (column(0, codes="A, B"), "no table"),
        (column(0, name=None), "no table"),
        (changed(lambda a: a["columns"].pop()), "too few or many columns"),
        (changed(lambda a: a["columns"].extend(a["columns"] * 20)), "too few or many"),
        (column(0, name="BLOCKID"), "a column comes twice"),
        (column(0, name="lot\x1b[2J"), "a name is not plain"),
        (column(0, name="gr\u00f6\u00dfe"), "a name is not plain"),
        (column(1, references="a\nb"), "a name is not plain"),
        (column(2, codes=["x" * 200]), "a name is not plain"),
        (column(1, description=None), "a description is missing"),
        (changed(lambda a: a.pop("description")), "a description is missing"),
        (column(1, description="Gr\u00f6\u00dfe of the lot."), "not plain ASCII"),
        (column(1, description="Block <|im_end|> of it."), "not plain ASCII"),
        (column(1, description="Block."), "too short or too long"),
        (column(1, description="Block " * 70 + "."), "too short or too long"),
        (column(1, description="Block of the lot"), "no full stop"),
        (column(1, description="block of the lot."), "no capital"),
        (column(1, description="This column has the block."), "opens as it must not"),
        (column(1, description="Contains the block."), "opens as it must not"),
        (
            column(1, description="Block, references the orchard table."),
            "says what a key refers to",
        ),
        (column(1, description="Block as kept in Salesforce."), "names a vendor"),
        (column(1, description="Block from 1 to 99."), "a number that nothing shows"),
        (
            column(1, description="Surrogate key of the lot."),
            "a description comes twice",
        ),
    ],
)
def test_bad_answers_have_a_reason(answer: object, reason: str) -> None:
    with pytest.raises(BadAnswerError, match=reason.replace("few or many", ".*")):
        read(answer)


def test_what_the_schema_shows_may_be_said() -> None:
    shown = "campaign salesforce_id sales_30d usd"
    for text in (
        "Identifier of the campaign in Salesforce.",
        "Sales of the last 30 days in US dollars.",
        "iOS version of the device.",
        "Month that the forecast refers to.",
    ):
        assert fault_of_text(text, shown) is None


def taught_by(
    script: Callable[[Asked], Say], count: int
) -> tuple[list[dict[str, Any] | None], Taught, list[Asked]]:
    taught = Taught()
    wanted = [
        Specification(f"g1-{n}", f"Industry {n}", "payroll", "mart", "camel", "x", 9)
        for n in range(count)
    ]
    with (
        serving(script) as served,
        RemoteEngine(RemoteModel.at(served.url), requests=3) as engine,
    ):
        records = list(teach(engine, "large", wanted, taught))
        return records, taught, served.asked


def test_question_has_brief_specification_and_room() -> None:
    records, _, asked = taught_by(lambda _: Say(json.dumps(ANSWER)), 1)
    assert len(records) == 1
    content = asked[0].content
    assert content.startswith(brief())
    assert "Industry: Industry 0\nUse case: payroll\n" in content
    assert asked[0].body["max_tokens"] == LIMIT
    assert asked[0].body["temperature"] > 0


def test_bad_answer_is_asked_for_once_more_with_the_reason() -> None:
    bad = json.dumps(column(1, description="block"))

    def script(asked: Asked) -> Say:
        again = "An earlier answer was of no use (" in asked.content
        return Say(json.dumps(ANSWER) if again else bad)

    records, taught, asked = taught_by(script, 4)
    assert sorted(r["id"] for r in records if r) == ["g1-0", "g1-1", "g1-2", "g1-3"]
    assert (taught.written, taught.columns, taught.again) == (4, 12, 4)
    assert taught.dropped == 0
    assert taught.faults == {"too short or too long": 4}
    assert len(asked) == 8


def test_second_bad_answer_is_dropped_and_counted() -> None:
    numbers = itertools.count()
    said = [Say("{"), Say("no", finish="length")]
    records, taught, asked = taught_by(lambda _: said[next(numbers) % 2], 1)
    assert records == [None]
    assert taught.faults == {"no JSON": 1, "cut off": 1}
    assert (taught.again, taught.dropped, taught.written) == (1, 1, 0)
    assert len(asked) == 2


def test_long_answers_are_read_whole() -> None:
    """A description's limit of characters would have cut them."""
    wide = changed(
        lambda a: a["columns"].extend(
            {
                "name": f"c{'x' * n}",
                "type": "INT",
                "description": f"Sum {'y' * 200}{n}.",
            }
            for n in range(1, 30)
        )
    )
    for entry in wide["columns"][3:]:
        entry["description"] = f"Weight of fruit {'and of more ' * 12}{entry['name']}."
    (record,), taught, _ = taught_by(lambda _: Say(json.dumps(wide)), 1)
    assert record is not None
    assert len(record["columns"]) == 32
    assert len(json.dumps(wide)) > 6000
    assert not taught.faults


def test_local_model_is_asked_in_its_own_template() -> None:
    class Local:
        turn = partial(
            render_chat,
            template="{{ bos_token }}<|user|>{{ messages[0]['content'] }}<|model|>",
            bos="<s>",
            eos="</s>",
        )

    engine: Any = Local()
    asked = question(engine, WANTED, "cut off")
    assert asked.head == f"<s><|user|>{brief()}\n\n"
    assert asked.blocks[0].endswith("Mind the brief.<|model|>")
