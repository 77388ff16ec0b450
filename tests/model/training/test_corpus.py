"""Texts are brought into house style, and those that teach nothing are dropped."""

from __future__ import annotations

import json
import lzma
import random
from pathlib import Path

import pytest

from model.training.corpus import clean, judge, read_corpus
from model.training.examples import by_rules, real, synthetic
from model.training.packing import Group


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("The date the order was placed.", "date the order was placed"),
        ("Whether the user is active.", "indicates whether the user is active"),
        ("Boolean indicating if the row is new", "indicates whether the row is new"),
        ("A unique ID for the customer.", "unique identifier of the customer"),
        (
            "Timestamp of when the record was synced.",
            "date and time when the record was synced",
        ),
        ("This field contains the total weight.", "total weight"),
        ("The `status` of the **order**. Optional.", "status of the order"),
        ("Use this parameter to filter the response.", None),
        ("Your account number.", None),
        ("N/A", None),
        ("", None),
        (None, None),
    ],
)
def test_clean(text: str | None, cleaned: str | None) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "name", "worth"),
    [
        ("weight of the parcel in kilograms", "weight_kg", 1.0),
        ("something else entirely", "weight_kg", 0.0),
        ("customer name", "cust_name", 0.1),
    ],
)
def test_judge(text: str, name: str, worth: float) -> None:
    assert judge(text, name, "parcel", "varchar") == worth


def corpus(tmp_path: Path) -> Path:
    record = {
        "source": "a/b",
        "kind": "sql",
        "schema": "s",
        "table": "orders",
        "description": "Orders of the web shop",
        "columns": [
            {"name": "order_id", "type": "int", "description": "Number of the order."},
            {
                "name": "status",
                "type": "text",
                "description": "Status of the order",
                "enum": ["A", "B"],
            },
            {"name": "cust_id", "type": "int", "references": "customers.id"},
        ],
    }
    path = tmp_path / "train.jsonl.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    return path


def test_a_record_becomes_a_table_without_comments(tmp_path: Path) -> None:
    (found,) = read_corpus(corpus(tmp_path))
    assert found.table.id.name == "orders"
    assert found.codes == {"status": ("A", "B")}
    assert found.table.references("cust_id") is not None
    assert all(column.comment is None for column in found.table.columns)


def encode(text: str) -> list[int]:
    return list(text.encode())


def text_of(group: Group) -> str:
    return bytes(group.head).decode() + "".join(bytes(b).decode() for b in group.blocks)


def test_a_description_never_stands_in_its_own_head(tmp_path: Path) -> None:
    (found,) = read_corpus(corpus(tmp_path))
    for seed in range(60):
        for group in real(found, random.Random(seed), encode, swap=0):
            for block, start in zip(group.blocks, group.starts, strict=True):
                answer = bytes(block[start:]).decode().removesuffix("<|end|>")
                assert answer not in bytes(group.head).decode()


def test_swapped_words_change_in_names_and_texts_alike(tmp_path: Path) -> None:
    (found,) = read_corpus(corpus(tmp_path))
    swapped = [
        text
        for seed in range(60)
        for group in real(found, random.Random(seed), encode, swap=1.0)
        if " order" not in (text := text_of(group))
    ]
    assert swapped
    for text in swapped:
        noun = text.split("<|table|> ")[1].split("<")[0]
        assert f"number of the {noun}<|end|>" in text


def test_synthetic_texts_copy_the_names(tmp_path: Path) -> None:
    text = text_of(synthetic(random.Random(5), encode))
    assert text.startswith("<|table|> ")
    assert "<|text:rules|> " in text


def test_the_rules_manner_is_learned_on_described_and_other_columns(
    tmp_path: Path,
) -> None:
    (found,) = read_corpus(corpus(tmp_path))
    text = "".join(
        text_of(by_rules(found, random.Random(seed), encode)) for seed in range(20)
    )
    assert "identifier of the order<|end|>" in text
    assert ": a or b<|end|>" in text
    assert "cust" not in found.texts
    assert "identifier of the customer" in text
