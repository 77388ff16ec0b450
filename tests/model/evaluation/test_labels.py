"""Labels are checked, and come to what a person would count."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import ColumnistError, UsageError
from model.evaluation.audit import AuditKey, AuditPlace, AuditText
from model.evaluation.labels import (
    LABELS,
    Label,
    by_item,
    keep,
    report,
    shares,
)

ITEMS = ["0001", "0002", "0003", "0004", "0005"]


def labels(judge: str, given: str) -> list[Label]:
    """One label an item, or `-` for none."""
    return [
        Label(item, judge, int(label))
        for item, label in zip(ITEMS, given, strict=True)
        if label != "-"
    ]


def key() -> AuditKey:
    """Four columns and a table; both systems say 0004, and y lacks a column."""

    def place(column: str | None, *drafts: AuditText) -> AuditPlace:
        return AuditPlace("r", "s", "t", column, drafts)

    return AuditKey(
        systems=("x", "y"),
        columns=3,
        tables=1,
        seed=0,
        data="d",
        items={
            "0001": place("a", AuditText("x", "model", 0.95)),
            "0002": place("b", AuditText("x", "rules", 0.3)),
            "0003": place("a", AuditText("y", None, None)),
            "0004": place(
                "c", AuditText("x", "model", 0.85), AuditText("y", None, None)
            ),
            "0005": place(None, AuditText("x", "known", 1.0)),
        },
    )


def test_shares_by_judge_and_pooled() -> None:
    said = by_item(labels("anna", "22012") + labels("ben", "20021"))
    found = report(key(), said)
    assert (found["items"], found["labelled"]) == (5, 5)
    assert found["judges"] == ["anna", "ben"]
    x = found["columns"]["systems"]["x"]
    assert (x["texts"], x["missing"]) == (3, 0)
    # anna says 2, 2, 1 of 0001, 0002, 0004; ben 2, 0, 2.
    assert x["judges"]["anna"]["accepted"]["share"] == pytest.approx(2 / 3, abs=1e-4)
    assert x["judges"]["ben"]["wrong"]["share"] == pytest.approx(1 / 3, abs=1e-4)
    pooled = x["pooled"]
    assert pooled["n"] == 3
    assert pooled["accepted"]["share"] == pytest.approx(4 / 6, abs=1e-4)
    assert pooled["edit"]["share"] == pytest.approx(1 / 6, abs=1e-4)
    assert pooled["wrong"]["share"] == pytest.approx(1 / 6, abs=1e-4)
    y = found["columns"]["systems"]["y"]
    assert (y["texts"], y["missing"], y["pooled"]["n"]) == (2, 1, 2)
    assert y["sources"] == {}
    assert y["confidence"] is None
    tables = found["tables"]["systems"]
    assert tables["x"]["pooled"]["accepted"]["share"] == 0.5
    assert (tables["y"]["missing"], tables["y"]["pooled"]["accepted"]) == (1, None)


def test_intervals_are_wilsons() -> None:
    """Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662, 15 of 148 0.0624 to .1605.

    The share of the 148 is of two judges, of whom one accepts 10 and the other 20.
    """
    found = shares([{"a": 2 if i < 81 else 0} for i in range(263)])
    assert found["n"] == 263
    assert found["accepted"]["low"] == pytest.approx(0.2553, abs=1e-4)
    assert found["accepted"]["high"] == pytest.approx(0.3662, abs=1e-4)
    found = shares(
        [{"a": 2 if i < 10 else 1, "b": 2 if i < 20 else 1} for i in range(148)]
    )
    assert found["accepted"]["low"] == pytest.approx(0.0624, abs=1e-4)
    assert found["accepted"]["high"] == pytest.approx(0.1605, abs=1e-4)


def test_agreement_of_two_and_of_more() -> None:
    # Alike on 0001, 0003 and 0005; by chance on 2s, 1s and 0s:
    said = by_item(labels("anna", "22012") + labels("ben", "20022"))
    (pair,) = report(key(), said)["pairs"]
    assert pair["agreement"] == 0.6
    chance = (3 * 3 + 1 * 0 + 1 * 2) / 25
    assert pair["cohen_kappa"] == pytest.approx((0.6 - chance) / (1 - chance), abs=1e-4)
    alike = [one for name in ("a", "b", "c") for one in labels(name, "22101")]
    kappa = report(key(), by_item(alike))["fleiss_kappa"]
    assert kappa == {"kappa": 1.0, "items": 5, "judges": 3}


def test_by_source_and_by_confidence() -> None:
    x = report(key(), by_item(labels("anna", "202-2")))["columns"]["systems"]["x"]
    assert x["texts"] == 3
    assert x["sources"]["model"]["n"] == 1  # 0004 has no label
    assert x["sources"]["rules"]["wrong"]["share"] == 1
    low, high = x["confidence"]["bins"]
    assert (low["from"], low["to"], low["said"], low["n"]) == (0.3, 0.4, 0.3, 1)
    assert (high["from"], high["said"], high["accepted"]["share"]) == (0.9, 0.95, 1)
    sure = x["confidence"]["sure"]
    assert (sure["n"], sure["of_all"]["share"], sure["accepted"]["share"]) == (
        1,
        0.5,
        1,
    )


def test_certainty_is_in_the_last_bin() -> None:
    found = report(key(), by_item(labels("anna", "----2")))
    (last,) = found["tables"]["systems"]["x"]["confidence"]["bins"]
    assert (last["from"], last["to"], last["said"]) == (0.9, 1.0, 1.0)


def test_nobody_labelled() -> None:
    found = report(key(), {})
    assert (found["judges"], found["pairs"], found["labelled"]) == ([], [], 0)
    assert found["columns"]["systems"]["x"]["pooled"]["accepted"] is None


def test_files_are_read_as_spreadsheets_leave_them(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(
        "\ufeffitem,judge,label,text\r\n1,anna,2,x\r\n\r\n0002,anna,,y\r\n"
        "0003, anna ,0,z\r\n",
        encoding="utf-8",
    )
    assert LABELS.read(path, ITEMS) == [
        Label("0001", "anna", 2),
        Label("0003", "anna", 0),
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("0009,anna,2", "labels 0009, which the audit does not have"),
        ("0001,anna,3", "no label: '3'"),
        ("0001,anna,2.0", "no label: '2.0'"),
        ("0001,,2", "names no judge"),
        ("0001,anna,2\n0001,anna,1", "anna labelled 0001 both 2 and 1"),
    ],
)
def test_bad_labels_are_refused(tmp_path: Path, lines: str, said: str) -> None:
    path = tmp_path / "l.csv"
    path.write_text(f"item,judge,label\n{lines}\n")
    with pytest.raises(UsageError, match=said):
        by_item(LABELS.read(path, ITEMS))


def test_a_label_may_be_given_twice_alike() -> None:
    assert by_item(labels("anna", "2----") * 2) == {"0001": {"anna": 2}}


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("item,judge,vote\n0001,anna,a\n")
    with pytest.raises(ColumnistError, match="no header item,judge,label"):
        LABELS.read(path, ITEMS)
    with pytest.raises(UsageError, match="no file"):
        LABELS.read(tmp_path / "none.csv", ITEMS)


def test_judges_keep_their_labels_side_by_side(tmp_path: Path) -> None:
    assert LABELS.kept(tmp_path, ITEMS) == []
    keep(tmp_path, ITEMS, "anna", {"0002": 2, "0001": 0})
    keep(tmp_path, ITEMS, "ben", {"0001": 1})
    keep(tmp_path, ITEMS, "anna", {"0002": 2})
    assert LABELS.kept(tmp_path, ITEMS) == [
        Label("0001", "ben", 1),
        Label("0002", "anna", 2),
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["labels.csv"]
