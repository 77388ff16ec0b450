"""Names written out with a glossary: what rules and model then read."""

from __future__ import annotations

import pytest

from catalog.glossary import Glossary, Term
from catalog.objects import ColumnId, ForeignKey, TableId
from catalog.suggestion import Draft, Finding, Source
from model.draft import Documented, Drafter, Job
from model.engine import Engine
from model.spelling import phrase, sentence, spell, touched, wordless
from tests.model.test_draft import MODEL, FakeWriter, table

RPID = Term("RPID", "rate plan")


def names(*columns: str, terms: list[Term], name: str = "orders") -> list[str]:
    found = spell(table(name, *columns), Glossary(terms).of)
    return list(found.names.values()) if found else list(columns)


@pytest.mark.parametrize(
    ("column", "meaning", "written"),
    [
        ("cust_rpid", "rate plan", "cust_rate_plan"),
        ("custRpidCd", "Rate Plan", "cust_rate_plan_cd"),
        ("RPID", "rate plan, as billing knows it", "rate_plan"),
        ("rpid_x", "rate plan (old)", "rate_plan_x"),
        ("grpid", "rate plan", "grpid"),
        ("rpid_x", "one two three four five six seven", "rpid_x"),
        ("rpid_x", "[bold]\x1b[2J<|end|>", "rpid_x"),
        ("rpid_x", "c|b\n<|end|>", "c_b_end_x"),
        ("rpid_x", "Buchungskreis", "buchungskreis_x"),
    ],
)
def test_a_part_of_a_name_is_written_out(
    column: str, meaning: str, written: str
) -> None:
    assert names(column, "total", terms=[Term("rpid", meaning)]) == [written, "total"]


def test_the_longest_term_counts_and_no_two_columns_become_alike() -> None:
    terms = [Term("net", "internet"), Term("net_wt", "net weight"), Term("nw", "x y")]
    assert names("net_wt_kg", "netWt", "net_id", terms=terms) == [
        "net_weight_kg",
        "net_weight",
        "internet_id",
    ]
    assert names("x_y", "nw", "NW", terms=terms) == ["x_y", "x_y_", "x_y__"]


def test_what_all_columns_begin_with_stays_out_of_it() -> None:
    terms = [Term("o", "other"), Term("qz", "quartz zone"), Term("cm", "centimetre")]
    columns = ("o_id", "o_qz", "o_date", "o_total")
    assert names(*columns, terms=terms)[1] == "o_quartz_zone"
    assert names("CMCUST", "CMQZ", "CMNAME", "CMAMT", terms=terms) == [
        "cust",
        "quartz_zone",
        "name",
        "amt",
    ]


def test_keys_and_references_are_written_out_too() -> None:
    plans = TableId("sales", "rpid")
    orders = table(
        "orders",
        "rpid_id",
        primary_key=("rpid_id",),
        foreign_keys=(ForeignKey(("rpid_id",), plans, ("id",)),),
    )
    found = spell(orders, Glossary([RPID]).of)
    assert found is not None
    assert found.table.primary_key == ("rate_plan_id",)
    there = found.table.references("rate_plan_id")
    assert there == (TableId("sales", "rate_plan"), "id")
    assert spell(orders, Glossary([Term("other", "x")]).of) is None


def test_what_a_term_touches() -> None:
    plans = table("rpid_plans", "name")
    assert touched(plans, RPID) == list(plans.targets())
    orders = table(
        "orders",
        "cust_rpid",
        "plan",
        "status",
        foreign_keys=(ForeignKey(("plan",), plans.id, ()),),
    )
    assert [t.name for t in touched(orders, RPID)] == ["cust_rpid", "plan"]
    assert touched(orders, Term("rpid", "rate plan", "hr")) == []
    old = table("old", "CMCUST", "CMQZ", "CMNAME", "CMAMT")
    assert [t.name for t in touched(old, Term("qz", "quartz"))] == ["CMQZ"]


def test_a_meaning_in_a_name_is_words_and_as_a_sentence_is_text() -> None:
    assert phrase("rate plan: the tariff") == ("rate", "plan")
    assert phrase("[bold red]\x1b[2J") == ()
    assert sentence(Term("x", " code of\n the plan ")) == "Code of the plan."
    assert sentence(Term("x", "Really?")) == "Really?"


@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        ("company code that the posting belongs to", "company code"),
        ("The rate plan.", "rate plan"),
        ("delivery stage from 1 to 9 of the whole shipment", "delivery stage"),
        ("weight of the package as measured at the gate", "weight of the package"),
        ("number of days since the last order was shipped", "number of days"),
        ("time in transit", "time in transit"),
        ("It is the rate plan.", ""),
        ("Indicates if the parcel is damaged", ""),
        ("x" * 61, ""),
        ("word " * 7, ""),
        ("\u2014", ""),
    ],
)
def test_of_a_sentence_its_first_phrase_stands_in_names(
    meaning: str, words: str
) -> None:
    assert " ".join(phrase(meaning)) == words
    assert [t.term for t in wordless([Term("x", meaning)])] == ["x"] * (not words)


def drafted(writer: FakeWriter | None, *terms: Term, **given: object) -> list[Draft]:
    orders = table("orders", "cust_rpid", "BUKRX", "status", **given)  # type: ignore[arg-type]
    engine: Engine | None = writer  # type: ignore[assignment]  # it only generates
    drafter = Drafter(
        engine, MODEL if writer else None, glossary=lambda: Glossary(terms)
    )
    return list(drafter.draft([Job(orders, orders.targets(), {})]))


def test_a_whole_name_is_described_by_its_meaning_before_model_and_rules() -> None:
    writer = FakeWriter()
    found = {d.target.name: d for d in drafted(writer, Term("bukrx", "company code"))}
    draft = found["BUKRX"]
    assert (draft.text, draft.source) == ("Company code.", Source.GLOSSARY)
    assert (draft.origin, draft.model) == ("glossary: bukrx", None)
    assert found["cust_rpid"].model == "told"
    assert len(found) == 4


def test_rules_and_model_read_the_meaning_and_targets_keep_their_names() -> None:
    rules = {d.target.name: d for d in drafted(None, RPID)}
    assert rules["cust_rpid"].text == "Customer rate plan of the order."
    assert Finding.RESTATES not in rules["cust_rpid"].findings
    assert Finding.RESTATES in rules["BUKRX"].findings
    writer = FakeWriter()
    found = drafted(writer, RPID)
    assert {d.target for d in found} == set(
        table("orders", "cust_rpid", "BUKRX", "status").targets()
    )
    (prompt,) = writer.prompts
    assert "customer rate plan" in prompt.head
    assert prompt.table == TableId("sales", "orders")


def test_a_hostile_meaning_is_text_and_its_controls_are_a_finding() -> None:
    found = drafted(None, Term("status", "[red]x\x1b[2J\u202e"))
    draft = next(d for d in found if d.target.name == "status")
    assert draft.text == "[red]x\x1b[2J\u202e."
    assert Finding.CONTROL in draft.findings


def test_the_same_column_documented_elsewhere_goes_before_the_glossary() -> None:
    there = table("plans", "rate_code", comment="Code that billing gave the rate.")
    documented = Documented()
    documented.add(there)
    orders = table("orders", "rate_code")
    target = ColumnId(orders.id, "rate_code")
    drafter = Drafter(
        None,
        None,
        documented=documented,
        glossary=lambda: Glossary([Term("rate_code", "another")]),
    )
    (draft,) = drafter.draft([Job(orders, (target,), {})])
    assert draft.source is Source.INHERITED
