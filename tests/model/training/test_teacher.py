from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from catalog.objects import Profile, Table, Target, column_of
from model.prompt import Generation
from model.training.teacher import (
    BuiltinTeacher,
    EndpointTeacher,
    EngineTeacher,
    Taught,
    apply_teacher,
)

RECORD: dict[str, Any] = {
    "kind": "synthetic",
    "schema": "sales",
    "table": "orders",
    "description": "Orders of customers.",
    "primary_key": ["id"],
    "columns": [
        {"name": "id", "type": "int", "description": "Identifier of the order."},
        {"name": "qty", "type": "int", "description": "Quantity that was ordered."},
    ],
    "teacher": "builtin",
}


class Scripted:
    name = "scripted"

    def __init__(self, answers: dict[str | None, str]) -> None:
        self.answers = answers

    def teach(
        self, table: Table, targets: Sequence[Target], profiles: dict[str, Profile]
    ) -> Iterator[tuple[Target, str]]:
        for target in targets:
            if text := self.answers.get(column_of(target)):
                yield target, text


def test_builtin_leaves_the_record() -> None:
    assert apply_teacher(BuiltinTeacher(), RECORD, Taught()) is RECORD


def test_good_text_is_taken_and_signed() -> None:
    taught = Taught()
    text = "Number of pieces in the order, as asked for."
    new = apply_teacher(Scripted({"qty": text}), RECORD, taught)
    assert new["columns"][1]["description"] == text
    assert new["columns"][0] == RECORD["columns"][0]
    assert new["teacher"] == "scripted"
    assert (taught.accepted, taught.silent) == (1, 2)
    assert RECORD["columns"][1]["description"] == "Quantity that was ordered."


def test_failing_texts_fall_back_and_are_counted() -> None:
    taught = Taught()
    answers = {
        None: "You can see orders here.",
        "id": "the identifier without a capital.",
        "qty": "Quantity of 4711 pieces kept by Walmart.",
    }
    new = apply_teacher(Scripted(answers), RECORD, taught)
    assert new["columns"] == RECORD["columns"]
    assert new["description"] == RECORD["description"]
    assert taught.accepted == 0
    assert dict(taught.refused) == {"talk": 1, "house style": 1, "unsupported": 1}


def test_same_text_for_two_columns_is_refused() -> None:
    taught = Taught()
    apply_teacher(Scripted({"qty": "Identifier of the order."}), RECORD, taught)
    assert taught.refused.total() == 1


def test_endpoint_is_asked_with_the_long_prompt() -> None:
    asked: list[str] = []

    def ask(content: str) -> str:
        asked.append(content)
        return "Quantity that the customer wants of the item."

    taught = Taught()
    new = apply_teacher(EndpointTeacher(ask, "endpoint:m"), RECORD, taught)
    assert len(asked) == 3
    assert "Describe the column qty of orders." in asked[2]
    assert "- qty int" in asked[2]
    assert new["teacher"] == "endpoint:m"


class Facts:
    chat_template = None
    bos = ""
    eos = ""


class FakeEngine:
    def start(self) -> Facts:
        return Facts()

    def generate(self, prompts: Any) -> Iterator[Generation]:
        for number, prompt in enumerate(prompts):
            for block in range(len(prompt.blocks)):
                text = " Number of pieces that the customer asked for"
                yield Generation(number, block, text, 0.0, 9, block != 1)


def test_engine_texts_are_finished_and_broken_ones_left_out() -> None:
    taught = Taught()
    engine: Any = FakeEngine()
    new = apply_teacher(EngineTeacher(engine, "llama"), RECORD, taught)
    assert new["description"] == "Number of pieces that the customer asked for."
    assert taught.silent == 1
