"""Which names are asked about, in which order: catalogs with known answers."""

from __future__ import annotations

from dataclasses import replace

from catalog.glossary import Glossary, Term
from catalog.objects import Column, ColumnId, Table
from model.draft import undescribed
from model.questions import Census, Question
from tests.model.test_draft import table


def ask(
    *tables: Table, terms: tuple[Term, ...] = (), **given: object
) -> list[Question]:
    census = Census()
    for each in tables:
        census.add(each, undescribed(each), Glossary(terms).of)
    return census.ranked(**given)  # type: ignore[arg-type]


PLANS = table("plans", "rpid", "rpid_code", "name")
CUSTOMERS = table("customers", "cust_rpid", "qzt_rpid", "BUKRX", "x1", "f_07")
LEDGER = table("ledger", "BUKRX", "wvx_jkq", "total_amount")
ENTRIES = table("entries", "wvx_jkq", "created_at")


def test_those_come_first_that_alone_explain_most() -> None:
    found = ask(PLANS, CUSTOMERS, LEDGER, ENTRIES)
    assert [(q.term, q.unlocks, q.names, q.tables) for q in found] == [
        ("rpid", 3, 4, 2),
        ("BUKRX", 2, 2, 2),
        ("wvx_jkq", 2, 2, 2),
        ("qzt_rpid", 1, 1, 1),
    ]
    assert found[0].examples == ("rpid", "rpid_code", "cust_rpid")
    assert found[0].found_in == ("sales.plans", "sales.customers")
    assert len(ask(PLANS, CUSTOMERS, limit=1)) == 1


def test_words_of_the_language_and_known_abbreviations_are_not_asked_about() -> None:
    known = table("customer_orders", "cust_id", "ordr_dt", "BUKRS", "skus", "qty2")
    assert ask(known) == []


def test_gibberish_is_not_asked_about_since_no_answer_would_hold() -> None:
    assert ask(table("orders", "x1", "f_07", "col_3", "zz")) == []


def test_an_answer_makes_way_for_what_is_then_the_only_unknown() -> None:
    tables = (PLANS, CUSTOMERS, LEDGER)
    now = ask(*tables, answered=["RPID"])
    then = ask(*tables, terms=(Term("RPID", "rate plan"),))
    assert [q.term for q in now] == [q.term for q in then]
    assert ("qzt", 1) in [(q.term, q.unlocks) for q in now]
    assert "rpid" not in [q.term for q in now]


def test_a_whole_name_that_was_answered_is_not_asked_about_by_its_parts() -> None:
    assert ask(ENTRIES, answered=["WVX_JKQ"]) == []
    assert ask(ENTRIES, terms=(Term("wvx_jkq", "Weight."),)) == []


def test_the_words_of_an_answer_are_no_new_questions() -> None:
    assert ask(PLANS, terms=(Term("rpid", "Buchungskreisqx"),)) == []


def test_what_is_not_worth_asking_stays_away() -> None:
    assert [q.term for q in ask(PLANS, LEDGER, unasked=["bukrx", "RPID"])] == [
        "wvx_jkq"
    ]


def test_what_is_described_needs_no_answer_and_what_takes_no_comment_does() -> None:
    """Descriptions of what takes none go to files, and need the answer as much."""
    assert ask(table("ledger", "BUKRX", comment="Company.")) == []
    refused = Column(ColumnId(LEDGER.id, "BUKRX"), 1, "INT", comment_refused="a view")
    (question,) = ask(replace(LEDGER, columns=(refused,)))
    assert question.term == "BUKRX"


def test_a_table_is_asked_about_too() -> None:
    (question,) = ask(table("stg_wvxq_items", "name"))
    assert (question.term, question.unlocks) == ("wvxq", 1)
    assert question.examples == ("stg_wvxq_items",)


def test_what_all_columns_begin_with_is_not_asked_about() -> None:
    old = table("old", "CMCUST", "CMQZX", "CMNAME", "CMAMT")
    assert [q.term for q in ask(old)] == ["qzx"]
    assert ask(old, terms=(Term("qzx", "quartz"),)) == []
