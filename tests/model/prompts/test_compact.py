"""The compact prompt covers every target once and cannot be broken out of."""

from __future__ import annotations

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
    ABOUT,
    END,
    RUN,
    compact_prompts,
    example_line,
    finish,
    head,
    kind_of,
)

SPECIAL = (END, "<|im_start|>", "<|endoftext|>")

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
    profiles = {name: Profile(9, 0.0, 2, codes=tuple(codes)) for name in names}
    example = example_line(names[0], table_name, comment)
    for prompt, _ in compact_prompts(
        table, table.targets(), profiles, nearest=lambda *_: example
    ):
        assert prompt.head.count("\n") == 2
        for text in (prompt.head, *prompt.blocks):
            assert "|" not in text
            assert "<" not in text
            assert text.replace("\n", "").isprintable()
        assert all(block.count("\n") == 1 for block in prompt.blocks)


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
                assert block.startswith(f"Column {member.name} (")
            else:
                assert block == ABOUT
    assert sorted(asked, key=str) == sorted(targets, key=str)


def test_runs_of_a_wide_table_share_its_start_and_its_keys() -> None:
    table = table_of([f"field{i}_id" for i in range(130)])
    prompts = compact_prompts(table, table.targets(), {})
    assert len(prompts) == 4
    for prompt, _ in prompts:
        first, second = prompt.head.splitlines()
        assert first == "Table orders (order) in sales"
        shown = second.removeprefix("Columns: ").split(", ")
        assert {"field 0 ID", "field 129 ID"} <= set(shown)
        assert len(shown) <= RUN + 2


def test_keys_references_codes_comments_and_examples_are_told() -> None:
    table = table_of(["order_id", "cust_id"], comments=["The order.", ""])
    profile = Profile(9, 0.0, 2, codes=("A", "B"))
    like = example_line("customer ID", "invoice", "Identifier of the customer billed.")
    ((prompt, _),) = compact_prompts(
        table,
        table.targets(),
        {"cust_id": profile},
        nearest=lambda _, target: like if target.name == "cust_id" else None,
        opening=lambda _: "One row per order",
    )
    assert prompt.head == (
        "Table orders (order) in sales: The order.\nColumns: order ID, customer ID\n"
    )
    assert prompt.blocks == (
        "The table: One row per order",
        "Column order_id, whole number, key:",
        "Like customer ID of invoice: Identifier of the customer billed.\n"
        "Column cust_id (customer ID), whole number, refers to customers, codes A, B:",
    )
    assert prompt.stops == (END, "\n")


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
        (END, ""),
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
