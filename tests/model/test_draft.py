"""Which text is proposed and from which source, with a writer told what to say."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Profile,
    Table,
    TableId,
    TableKind,
    Target,
)
from catalog.stopping import Stop
from catalog.suggestion import Draft, Finding, Source
from model import rules
from model.choose import Calibration, House, Scale, WeightedSum
from model.draft import HOUSE, Documented, Drafter, Job, undescribed
from model.engine import Engine
from model.library import ModelFile, PromptFormat
from model.nearest import Nearest, example_of
from model.prompt import Generation, Prompt
from model.remote import RemoteEngine, RemoteModel
from tests.model.scripted import Asked, Say, serving

FULL = ", with its status and date."
GOOD = "Stage of the process that the order has reached."
MODEL = ModelFile("told", Path("told.gguf"), PromptFormat.COMPACT, None, None, {})


class FakeWriter:
    """An engine that answers every block with the next queued text.

    What it is offered it finds unlikely, or as likely as `weights` says.
    """

    weights: Mapping[str, float] = {}

    def __init__(self, *answers: str, logprob: float = -0.1) -> None:
        self.answers = list(answers)
        self.logprob = logprob
        self.prompts: list[Prompt] = []

    def generate(
        self, prompts: Iterable[Prompt], *, stop: Stop, **_: Any
    ) -> Iterator[Generation]:
        for index, prompt in enumerate(prompts):
            self.prompts.append(prompt)
            for block in range(len(prompt.blocks)):
                if stop():
                    return
                text = self.answers.pop(0) if self.answers else GOOD
                yield Generation(index, block, text, self.logprob, 9, True)
                for draw, each in enumerate(prompt.weighed(block), 1):
                    weight = self.weights.get(each, -3.0)
                    yield Generation(index, block, each, weight, 9, True, draw)


def table(
    name: str, *columns: str, comment: str | None = None, **given: object
) -> Table:
    table_id = TableId("sales", name)
    return Table(
        table_id,
        TableKind.TABLE,
        tuple(
            Column(ColumnId(table_id, column), n, "VARCHAR", comment=comment)
            for n, column in enumerate(columns, 1)
        ),
        **given,  # type: ignore[arg-type]
    )


def draft(
    writer: FakeWriter | None,
    table: Table,
    *targets: Target,
    documented: Documented | None = None,
    profiles: dict[str, Profile] | None = None,
    limit: int | None = None,
) -> list[Draft]:
    drafter = Drafter(
        cast("Engine | None", writer),
        MODEL if writer else None,
        documented=documented,
        limit=lambda _: limit,
    )
    return list(drafter.draft([Job(table, targets, profiles or {})]))


ORDERS = table("orders", "handling")
HANDLING = ColumnId(ORDERS.id, "handling")


def test_the_models_text_is_taken_where_it_is_usable() -> None:
    (found,) = draft(FakeWriter(GOOD), ORDERS, HANDLING)
    assert (found.text, found.source, found.model) == (GOOD, Source.MODEL, "told")
    assert found.prompt is not None
    assert 0 < found.confidence <= 1


@pytest.mark.parametrize(
    "text",
    ["", "loop loop loop", "Made by Salesforce in 1987.", "bad \x1b[2J escape text"],
)
def test_the_rules_speak_where_the_models_text_is_unusable(text: str) -> None:
    (found,) = draft(FakeWriter(text), ORDERS, HANDLING)
    assert found.source is Source.RULES
    assert found.text
    assert "\x1b" not in found.text


def test_without_a_model_rules_speak_for_everything() -> None:
    found = draft(None, ORDERS, *ORDERS.targets())
    assert [each.source for each in found] == [Source.RULES] * 2
    assert all(each.model is None for each in found)


def test_findings_lower_the_confidence_and_are_kept() -> None:
    (clean,) = draft(FakeWriter(GOOD), ORDERS, HANDLING)
    (restating,) = draft(FakeWriter("The handling of the order."), ORDERS, HANDLING)
    assert restating.findings == (Finding.RESTATES,)
    assert restating.confidence < clean.confidence


def test_a_name_that_says_nothing_abstains_and_keeps_the_best_guess() -> None:
    odd = table("zz9", "x1")
    (found,) = draft(FakeWriter("gibber gibber gibber"), odd, odd.columns[0].id)
    assert found.text is None
    assert found.guess


def test_a_sample_value_never_gets_into_a_draft_by_the_model() -> None:
    people = table("people", "contact")
    seen = Profile(10, 0.0, 10, samples=("anna@example.com",))
    (found,) = draft(
        FakeWriter("Address such as anna@example.com for receipts."),
        people,
        people.columns[0].id,
        profiles={"contact": seen},
    )
    assert found.source is Source.RULES
    assert "anna" not in (found.text or "")


def test_the_same_column_documented_elsewhere_is_inherited() -> None:
    customers = table("customers", "customer_number", comment="Names the buyer.")
    orders = table("orders", "customer_number")
    documented = Documented()
    documented.add(customers)
    writer = FakeWriter()
    (found,) = draft(writer, orders, orders.columns[0].id, documented=documented)
    assert (found.text, found.source) == ("Names the buyer.", Source.INHERITED)
    assert found.origin == "sales.customers.customer_number"
    assert writer.prompts == []


def test_columns_documented_in_two_ways_are_not_inherited() -> None:
    documented = Documented()
    documented.add(table("a", "customer_number", comment="Names the buyer."))
    documented.add(table("b", "customer_number", comment="Line in a ledger."))
    orders = table("orders", "customer_number")
    (found,) = draft(FakeWriter(), orders, orders.columns[0].id, documented=documented)
    assert found.source is not Source.INHERITED


def test_the_other_end_of_a_foreign_key_is_inherited() -> None:
    customers = table("customers", "id", comment="Names the buyer.")
    key = ForeignKey(("id",), customers.id, ("id",))
    extra = table("customer_extra", "id", foreign_keys=(key,))
    documented = Documented()
    documented.add(customers)
    (found,) = draft(FakeWriter(), extra, extra.columns[0].id, documented=documented)
    assert found.source is Source.INHERITED


def test_a_text_over_the_databases_limit_gives_way() -> None:
    (found,) = draft(
        FakeWriter("Very long " + "and so on " * 30), ORDERS, HANDLING, limit=90
    )
    assert found.source is Source.RULES


def test_what_has_a_comment_is_not_drafted_and_what_cannot_have_one_is() -> None:
    """Who may not comment had nothing to draft, and so nothing to export."""
    said = table("t", "a", "b", comment="Said.")
    assert undescribed(said) == (said.id,)
    refused = replace(ORDERS, comment_refused="not the owner")
    assert ORDERS.id in undescribed(refused)
    assert undescribed(ORDERS, [HANDLING]) == (ORDERS.id,)


def test_a_table_of_a_thousand_columns_is_drafted_whole() -> None:
    wide = table("wide", *(f"value_{n}" for n in range(1000)))
    writer = FakeWriter()
    found = draft(writer, wide, *wide.targets())
    assert {each.target for each in found} == set(wide.targets())
    assert len(found) == 1001
    assert len(writer.prompts) > 10


def test_the_measured_best_of_rules_and_model_is_proposed() -> None:
    scale = Scale(
        WeightedSum(weights={"length": 1.0}), WeightedSum(-2.0), WeightedSum()
    )
    model = replace(MODEL, calibration=Calibration(scale, scale))
    ships = table("ships", "handling")
    seen: dict[Target, int] = {}
    drafter = Drafter(
        cast(Engine, FakeWriter(GOOD)),
        model,
        seen=lambda _job, target, candidates: seen.update({target: len(candidates)}),
    )
    found = {
        each.target: each for each in drafter.draft([Job(ships, ships.targets(), {})])
    }
    column = found[ships.columns[0].id]
    assert (column.text, column.source) == (GOOD, Source.MODEL)
    # Other sentences by rules are offered of columns alone.
    assert seen[ships.id] == 1
    assert seen[column.target] > 2


def test_the_reading_of_a_name_that_the_model_finds_likely_is_proposed() -> None:
    scale = Scale(
        WeightedSum(-9.0), WeightedSum(weights={"logprob": 1.0}), WeightedSum()
    )
    model = replace(MODEL, calibration=Calibration(scale, scale))
    polls = table("senate_polls", "pollster")
    writer = FakeWriter(GOOD)
    writer.weights = {"Name of the pollster.": -0.2}
    asked = [Job(polls, (polls.columns[0].id,), {})]
    (found,) = Drafter(cast(Engine, writer), model).draft(asked)
    assert (found.text, found.source) == ("Name of the pollster.", Source.RULES)


def test_the_small_model_is_not_asked_for_a_table_that_the_rules_describe() -> None:
    ships = table("ships", "handling")
    writer = FakeWriter(GOOD)
    (found,) = draft(writer, ships, ships.id)
    assert (found.source, found.model) == (Source.RULES, None)
    assert writer.prompts == []
    odd = table("zz9", "x1")
    draft(writer, odd, odd.id)
    assert len(writer.prompts) == 1


def test_the_stewards_own_text_is_the_example_before_the_teachers() -> None:
    documented = Documented()
    documented.add(table("journeys", "hull_status", comment="Our word for hull state."))
    taught = Nearest()
    taught.add(
        example_of(
            table("boats", "hull_status"),
            ColumnId(TableId("sales", "boats"), "hull_status"),
            "Taught words.",
            origin="a/b",
        )
    )
    writer = FakeWriter()
    ships = table("ships", "hull_status_code")
    drafter = Drafter(
        cast(Engine, writer), MODEL, documented=documented, nearest=taught
    )
    list(drafter.draft([Job(ships, (ships.columns[0].id,), {})]))
    (block,) = writer.prompts[0].blocks
    assert block.startswith("Like hull status of journeys: Our word for hull state.\n")
    list(
        Drafter(cast(Engine, writer), MODEL, nearest=taught).draft(
            [Job(ships, (ships.columns[0].id,), {})]
        )
    )
    assert writer.prompts[1].blocks[0].startswith("Like hull status of boats: Taught")


def test_two_columns_of_a_table_do_not_get_the_same_text() -> None:
    ships = table("ships", "hull", "keel")
    writer = FakeWriter(GOOD, GOOD)
    job = Job(ships, tuple(column.id for column in ships.columns), {})
    drafts = list(Drafter(cast(Engine, writer), MODEL).draft([job]))
    assert drafts[0].text == GOOD
    assert drafts[1].text not in (GOOD, None)


def test_alternatives_come_from_one_reading_of_the_prompt() -> None:
    class Several(FakeWriter):
        def generate(
            self, prompts: Iterable[Prompt], *, stop: Stop, **_: Any
        ) -> Iterator[Generation]:
            for index, prompt in enumerate(prompts):
                self.prompts.append(prompt)
                texts = [GOOD, "Hull.", "Speed of the ship.", GOOD, "Type of the ship."]
                for draw in reversed(range(prompt.texts(0))):
                    text = texts[draw % len(texts)]
                    yield Generation(index, 0, text, -0.5, 5, True, draw)

    writer = Several()
    ships = table("ships", "handling")
    job = Job(ships, (ships.columns[0].id,), {})
    found = Drafter(cast(Engine, writer), MODEL).alternatives(job, 4)
    assert len(writer.prompts) == 1
    assert writer.prompts[0].temperature > 0
    by_rules = rules.describe_column(ships, ships.columns[0], None)
    assert [(each.text, each.by) for each in found] == [
        (GOOD, Source.MODEL),
        ("Speed of the ship.", Source.MODEL),
        ("Type of the ship.", Source.MODEL),
        (by_rules, Source.RULES),
    ]
    assert [each.model for each in found] == [*[MODEL.name] * 3, None]


def test_a_name_that_says_the_same_everywhere_is_not_asked_of_the_model() -> None:
    writer = FakeWriter(GOOD)
    orders = table("orders", "handling", "created_at")
    found = draft(writer, orders, orders.columns[1].id, orders.columns[0].id)
    by_target = {each.target.name: each for each in found}
    assert by_target["created_at"].text == "Time the order was created."
    assert by_target["created_at"].model is None
    assert by_target["handling"].source is Source.MODEL
    assert [len(prompt.blocks) for prompt in writer.prompts] == [1]


def test_such_a_name_is_asked_where_the_house_describes_it_in_its_own_way() -> None:
    documented = Documented()
    documented.add(table("bills", "paid", "created_at", comment="When it was typed."))
    orders = table("orders", "created_at", "handling")
    writer = FakeWriter(GOOD)
    asked = orders.columns[0].id
    other = Column(asked, 1, "TIMESTAMP")  # of another type, so it is not inherited
    orders = replace(orders, columns=(other, orders.columns[1]))
    draft(writer, orders, asked, documented=documented)
    assert len(writer.prompts) == 1


def test_what_a_declared_key_refers_to_is_said_by_rule() -> None:
    key = ForeignKey(("handling",), TableId("sales", "depots"), ("id",))
    orders = table("orders", "handling", foreign_keys=(key,))
    (found,) = draft(FakeWriter("Place of delivery."), orders, orders.columns[0].id)
    assert found.text == "Place of delivery. Refers to depots."
    (found,) = draft(FakeWriter("Depot of delivery."), orders, orders.columns[0].id)
    assert found.text == "Depot of delivery."


def test_tables_that_are_told_by_others_wait_for_no_model() -> None:
    """Their drafts came with the next text of the model, and it with theirs."""
    documented = Documented()
    documented.add(table("lines", "ship_mode", comment="Way in which it travels."))
    others = [table(f"t{n}", "ship_mode") for n in range(200)]
    told = [Job(each, (each.columns[0].id,), {}) for each in others]
    enough = threading.Event()
    waited: list[bool] = []

    def script(asked: Asked) -> Say:
        waited.append(enough.wait(30))
        return Say(GOOD)

    with serving(script) as served, RemoteEngine(RemoteModel.at(served.url)) as running:
        drafter = Drafter(running, MODEL, documented=documented)
        inherited = 0
        for each in drafter.draft([Job(ORDERS, (HANDLING,), {}), *told]):
            inherited += each.source is Source.INHERITED
            if inherited == 100:
                enough.set()
    assert waited == [True]
    assert inherited == 200


EVEN = Scale(WeightedSum(1.0), WeightedSum(-1.0), WeightedSum(-1.0))
HOUSE_MODEL = replace(
    MODEL, house=House(Calibration(EVEN, EVEN), own=True), calibration=None
)


def house(texts: int, *, about: bool = True) -> Documented:
    """A database with so many described columns, and tables where these are too."""
    found = Documented()
    for number in range(texts):
        told = table(f"deal_{number}", "volume", comment="Menge: Geschäft.")
        found.add(replace(told, comment="Zeile: Geschäft.") if about else told)
    return found


def in_house(texts: int, writer: FakeWriter, *, about: bool = True) -> list[Draft]:
    """What a model that learned from a house drafts of a table there."""
    beside = house(texts, about=about)
    orders = table(
        "orders",
        "created_at",
        foreign_keys=(ForeignKey(("created_at",), ORDERS.id, ()),),
    )
    drafter = Drafter(cast("Engine", writer), HOUSE_MODEL, documented=beside)
    return list(drafter.draft([Job(orders, (orders.id, orders.columns[0].id), {})]))


def test_a_model_that_learned_a_house_is_asked_for_everything_there() -> None:
    writer = FakeWriter("Zeile: Geschäft.", "Menge: Geschäft.")
    found = in_house(HOUSE, writer)
    assert [each.text for each in found] == ["Zeile: Geschäft.", "Menge: Geschäft."]
    assert {each.source for each in found} == {Source.MODEL}
    (prompt,) = writer.prompts
    assert not any(prompt.offered[block] for block in range(2))
    assert all("Like " in block for block in prompt.blocks), "however far it is"
    assert prompt.blocks[0].endswith("The table:"), "nothing is put before its words"


def test_it_drafts_as_before_where_no_house_is() -> None:
    writer = FakeWriter("Zeile: Geschäft.", "Menge: Geschäft.")
    found = in_house(1, writer)
    assert all(each.source is Source.RULES for each in found)
    assert not any("Menge" in (each.text or "") for each in found)


def test_a_table_is_the_rules_where_no_table_shows_how_the_house_says_it() -> None:
    writer = FakeWriter("Menge: Geschäft.")
    by_rules, by_model = in_house(HOUSE, writer, about=False)
    assert (by_rules.source, by_model.source) == (Source.RULES, Source.MODEL)


def test_words_that_no_text_of_the_house_has_are_from_nowhere_there_too() -> None:
    writer = FakeWriter("Zeile: Gorbelux.", "Menge: Gorbelux.")
    found = in_house(HOUSE, writer)
    assert all(each.source is Source.RULES for each in found)
