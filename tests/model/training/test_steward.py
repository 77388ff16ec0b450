from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Finding, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from model.teacher_set import described
from model.training.steward import personal, steward_examples

Drafts = dict[str | None, tuple[str, str | None]]
ORDERS = TableId("acme_prod", "orders")


def table() -> Table:
    columns = tuple(
        Column(ColumnId(ORDERS, name), number, "text", default="'secret'")
        for number, name in enumerate(("id", "customer_id", "status", "note"), 1)
    )
    key = ForeignKey(("customer_id",), TableId("acme_prod", "customers"), ("id",))
    return Table(ORDERS, TableKind.TABLE, columns, ("id",), (key,), row_estimate=4321)


def filled(path: Path, drafts: Drafts) -> Workspace:
    """A workspace in which each draft was accepted, or edited into the second text."""
    workspace = Workspace(path)
    database = workspace.database(
        DatabaseIdentity("key", "warehouse-acme"),
        url="postgresql://jdoe@db7.acme.example/acmeprod",
    )
    snapshot = Snapshot(workspace, database)
    scan = snapshot.begin()
    snapshot.save([table()], scan=scan)
    store = Suggestions(workspace, database)
    for name, (drafted, edited) in drafts.items():
        target = ORDERS if name is None else ColumnId(ORDERS, name)
        store.put([(Draft(target, drafted, Source.MODEL, 0.5), None)])
        suggestion = store.of_table(ORDERS)[target]
        if edited is None:
            store.accept([suggestion])
        else:
            store.edit(suggestion, edited)
    return workspace


def collected(workspace: Workspace) -> tuple[list[dict[str, Any]], Counter[str]]:
    dropped: Counter[str] = Counter()
    with workspace:
        return list(steward_examples(workspace, dropped)), dropped


def test_accepted_and_edited_texts_become_an_example(tmp_path: Path) -> None:
    drafts: Drafts = {
        None: ("Orders that customers have placed.", None),
        "status": ("Status.", "Stage of the order between entry and delivery."),
    }
    records, dropped = collected(filled(tmp_path / "w.db", drafts))
    (record,) = records
    assert not dropped
    assert record["kind"] == "steward"
    assert record["description"] == "Orders that customers have placed."
    assert record["columns"][2]["description"].startswith("Stage of the order")
    assert record["columns"][1] == {
        "name": "customer_id",
        "type": "text",
        "references": "customers.id",
    }
    assert record["columns"][0]["key"] is True
    assert record["weight"] == 1.0
    found = described(record)
    assert len(found.texts) == 2
    assert (found.table.primary_key, found.weight) == (("id",), 1.0)


def test_accepted_alone_weighs_less(tmp_path: Path) -> None:
    drafts: Drafts = {"status": ("Stage of the order.", None)}
    ((record,), _) = collected(filled(tmp_path / "w.db", drafts))
    assert record["weight"] == 0.5


def test_nothing_of_database_host_user_or_rows_is_in_it(tmp_path: Path) -> None:
    drafts: Drafts = {
        "status": ("Stage of the order between entry and delivery.", None)
    }
    records, _ = collected(filled(tmp_path / "w.db", drafts))
    text = json.dumps(records).lower()
    for word in ("acme", "jdoe", "db7", "warehouse", "secret", "4321"):
        assert word not in text
    assert records[0]["schema"] == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Ask jane.roe@example.com about it.", "mail address"),
        ("Status, see https://wiki.example/x.", "link"),
        ("Status that phone +49 30 1234567 explains.", "telephone number"),
        ("Status of contract 90210777.", "number like a key"),
        ("Status such as DE89370400.", "number like a key"),
        ("Machine 10.0.0.12 writes the status.", "network address"),
        ("Status such as “gold”.", "quoted value"),
        ("Status in the acmeprod system.", "name of a database, host or user"),
        ("Status that jdoe sets.", "name of a database, host or user"),
        ("Stage of the order, often Millerstown.", "word from the sample"),
        ("Stage of the order, mostly gorbelux.", "word from the sample"),
    ],
)
def test_personal_texts_are_dropped_and_counted(
    tmp_path: Path, text: str, reason: str
) -> None:
    drafts: Drafts = {"status": ("Status.", text)}
    records, dropped = collected(filled(tmp_path / "w.db", drafts))
    assert records == []
    assert dropped == Counter({reason: 1})


def test_pending_and_rejected_texts_stay_out(tmp_path: Path) -> None:
    workspace = filled(tmp_path / "w.db", {"status": ("Stage of the order.", None)})
    store = Suggestions(workspace, 1)
    store.put([(Draft(ColumnId(ORDERS, "note"), "Note.", Source.RULES, 0.2), None)])
    store.reject([store.of_table(ORDERS)[ColumnId(ORDERS, "status")]])
    assert collected(workspace) == ([], Counter())


def test_leaking_draft_stays_out(tmp_path: Path) -> None:
    workspace = filled(tmp_path / "w.db", {})
    store = Suggestions(workspace, 1)
    target = ColumnId(ORDERS, "note")
    draft = Draft(target, "Note of the order.", Source.MODEL, 0.2, (Finding.LEAK,))
    store.put([(draft, None)])
    store.accept([store.of_table(ORDERS)[target]])
    assert collected(workspace) == ([], Counter({"word from the sample": 1}))


def test_plain_text_is_not_personal() -> None:
    assert personal("Number of items in the order, up to 12.", {"acme"}) is None
