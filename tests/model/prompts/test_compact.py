"""The compact prompt covers every target once and cannot be broken out of."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from model.prompts.compact import (
    RUN,
    SPECIAL,
    compact_prompts,
    finish,
    head,
    kind_of,
    phrase,
)

SPELLED = re.compile(r"<\|[^|<>]*\|>")

hostile = st.one_of(
    st.sampled_from(
        [*SPECIAL, "<|end|>x", "<<||end||>>", "a<|", "|>", "[bold]\x1b[31m"]
    ),
    st.text(max_size=30),
    st.builds("{}{}".format, st.sampled_from(SPECIAL), st.text(max_size=8)),
)


def table_of(
    names: list[str], *, comments: list[str] | None = None, name: str = "orders"
) -> Table:
    table_id = TableId("sales", name)
    notes = comments or [""] * len(names)
    return Table(
        table_id,
        TableKind.TABLE,
        tuple(
            Column(ColumnId(table_id, column), at, "int", comment=note or None)
            for at, (column, note) in enumerate(zip(names, notes, strict=True), 1)
        ),
        primary_key=(names[0],),
        foreign_keys=(ForeignKey((names[-1],), TableId("sales", "customers"), ()),),
        comment=notes[0] or None,
    )


@given(
    names=st.lists(hostile.filter(bool), min_size=1, max_size=6, unique=True),
    comment=hostile,
    codes=st.lists(hostile, max_size=4),
    table_name=hostile.filter(bool),
)
def test_nothing_from_the_database_becomes_a_special_token(
    names: list[str], comment: str, codes: list[str], table_name: str
) -> None:
    table = table_of(names, comments=[comment] * len(names), name=table_name)
    plain = table_of([f"c{i}" for i in range(len(names))])
    profiles = {name: Profile(9, 0.0, 2, codes=tuple(codes)) for name in names}
    for prompt, _ in compact_prompts(table, table.targets(), profiles):
        for text in (prompt.head, *prompt.blocks):
            assert all(found in SPECIAL for found in SPELLED.findall(text))
            # All pipes are ours: two for each special token.
            assert text.count("|") == 2 * len(SPELLED.findall(text))
            assert text.isprintable()
        columns = Counter(SPELLED.findall(prompt.head))
        assert columns["<|c|>"] == len(plain.columns)


@given(count=st.integers(1, 3 * RUN), whole=st.booleans(), start=st.integers(0, 50))
def test_every_target_is_asked_once_and_blocks_belong_to_targets(
    count: int, whole: bool, start: int
) -> None:
    table = table_of([f"first{i}_id" for i in range(count)])
    targets = [t for t in table.targets() if whole or t != table.id][start:]
    asked: list[Target] = []
    for prompt, members in compact_prompts(table, targets, {}):
        assert len(prompt.blocks) == len(members) <= RUN + 1
        asked += members
        for block, member in zip(prompt.blocks, members, strict=True):
            if isinstance(member, ColumnId):
                assert f"<|col|> {phrase(member.name)}<" in block
            else:
                assert "<|whole|>" in block
    assert sorted(asked, key=str) == sorted(targets, key=str)


def test_runs_of_a_wide_table_share_its_start_and_its_keys() -> None:
    table = table_of([f"field{i}_id" for i in range(130)])
    prompts = compact_prompts(table, table.targets(), {})
    assert len(prompts) == 4
    for prompt, _ in prompts:
        assert prompt.head.startswith("<|table|> order<|schema|> sales<|c|>")
        assert f"<|c|> {phrase('field0_id')}" in prompt.head
        assert f"<|c|> {phrase('field129_id')}" in prompt.head
        assert prompt.head.count("<|c|>") <= RUN + 2


def test_keys_references_codes_and_comments_are_told() -> None:
    table = table_of(["order_id", "cust_id"], comments=["The order.", ""])
    profile = Profile(9, 0.0, 2, codes=("A", "B"))
    ((prompt, _),) = compact_prompts(table, table.targets()[1:], {"cust_id": profile})
    assert prompt.head == (
        "<|table|> order<|schema|> sales<|about|> the order"
        "<|c|> order id<|note|> the order<|c|> customer id"
    )
    assert prompt.blocks == (
        "<|col|> order id<|type|> whole number<|key|><|text:data|>",
        "<|col|> customer id<|type|> whole number<|ref|> customer<|codes|> a, b"
        "<|text:data|>",
    )
    assert prompt.stops == ("<|end|>",)


def test_samples_and_ranges_never_enter_the_prompt() -> None:
    table = table_of(["email"])
    profile = Profile(
        9, 0.0, 9, minimum="secret", maximum="secret", samples=("secret",)
    )
    ((prompt, _),) = compact_prompts(table, table.targets(), {"email": profile})
    assert "secret" not in prompt.head + "".join(prompt.blocks)


def test_the_head_is_the_same_whatever_is_asked() -> None:
    table = table_of(["a_id", "b_id", "c_id"])
    heads = {
        compact_prompts(table, [target], {})[0][0].head for target in table.targets()
    }
    assert heads == {head(table, table.columns)}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (" date and time when the order was created", None),
        (" identifier of the url , in utc", "Identifier of the URL, in UTC."),
        ("  two\n lines. and more ", "Two lines. And more."),
        ("already done.", "Already done."),
        (" is it us or them?", "Is it us or them?"),
        ("<|end|>", ""),
        ("", ""),
        (" .", ""),
    ],
)
def test_finish_gives_house_style(raw: str, text: str | None) -> None:
    assert finish(raw) == (
        "Date and time when the order was created." if text is None else text
    )


@given(st.text())
def test_finish_is_stable(raw: str) -> None:
    once = finish(raw)
    assert finish(once) == once
    assert once == "" or once[-1] in ".!?"


@pytest.mark.parametrize(
    ("type_text", "kind"),
    [
        ("VARCHAR(20)", "text"),
        ("bigint", "whole number"),
        ("DECIMAL(12,2)", "number"),
        ("timestamp with time zone", "time"),
        ("DATE", "date"),
        ("tinyint(1)", "boolean"),
        ("Nullable(DateTime64(6))", "time"),
        ("INTEGER[]", "list"),
        ("geometry", ""),
        ("", ""),
    ],
)
def test_kind_of(type_text: str, kind: str) -> None:
    assert kind_of(type_text) == kind
