"""Four eyes: who may approve what, and files that were changed or made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog import sign_off_file
from catalog.approvals import ApprovalState, Decided, SignOff, same_person
from catalog.errors import RefusedError, UsageError
from catalog.objects import ColumnId, TableId
from catalog.sign_off_file import load, save, to_text
from catalog.suggestion import Finding, Source, Verdict

TABLE = TableId("sales", "orders")
STATUS = ColumnId(TABLE, "status")
TOTAL = ColumnId(TABLE, "total")
HOSTILE = "[red]x[/] \x1b[31m \x1b]8;;http://evil\x07 \u202eabc \r\n\t it's \\ 表 🙂"


def decided(target: TableId | ColumnId, who: str = "ann") -> Decided:
    return Decided(
        target,
        Verdict.EDIT,
        None,
        f"About {HOSTILE}",
        "Draft.",
        Source.MODEL,
        "small",
        0.25,
        (Finding.RESTATES,),
        None,
        who,
        "2026-05-01T10:00:00+00:00",
    )


@pytest.fixture
def document() -> SignOff:
    items = (decided(TABLE), decided(STATUS), decided(TOTAL, "bob"))
    return SignOff("k", "shop", "ann", "2026-05-01T11:00:00+00:00", items)


def test_a_file_comes_back_as_it_went(document: SignOff, tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    signed = document.approved("bob", refused=[STATUS])
    save(signed, path)
    assert load(path) == signed
    assert path.read_bytes().isascii()
    with pytest.raises(UsageError, match="already"):
        save(document, path)
    save(document, path, over=True)
    assert load(path) == document


def test_nobody_approves_a_decision_of_their_own(document: SignOff) -> None:
    mine = replace(document, items=document.items[:2])
    for name in ("ann", " Ann ", "ANN"):
        assert same_person(name, "ann")
        with pytest.raises(RefusedError, match="decided all of this"):
            mine.approved(name)
    with pytest.raises(UsageError, match="needs a name"):
        mine.approved("  ")
    # Of a file of two stewards each approves the other's.
    both = document.approved("ann").approved("bob")
    assert [standing for standing, _ in both.standings().values()] == (
        [ApprovalState.APPROVED] * 3
    )
    only = document.approved("ann")
    assert only.approvals[0].open == (TABLE, STATUS)
    assert only.standings()[TABLE] == (ApprovalState.OPEN, "")
    assert only.standings()[TOTAL] == (ApprovalState.APPROVED, "ann")
    # An approval that claims otherwise counts for nothing.
    claimed = replace(only, approvals=(replace(only.approvals[0], open=()),))
    assert claimed.standings()[TABLE] == (ApprovalState.OPEN, "")


ANN = "Ann Lée"
SAME = {
    "case": "ANN LÉE",
    "composed": "Ann Le\u0301e",
    "full width": "\uff21\uff4e\uff4e\u3000\uff2c\u00e9\uff45",
    "no-break space": "Ann\u00a0Lée",
    "a line": "Ann\nLée",
    "no width": "Ann\u200b Lée\ufeff",
    "a joiner": "A\u200dnn Lée",
    "overridden": "\u202eAnn Lée\u202c",
    "a tag": "Ann Lée\U000e0041",
    "a variation": "Ann\ufe0f Lée",
    "a filler": "Ann\u3164Lée",
    "mathematical": "\U0001d400\U0001d427\U0001d427 L\u00e9e",
    "an escape": "Ann\x9b Lée",
}


@pytest.mark.parametrize("name", SAME.values(), ids=SAME.keys())
def test_one_person_is_not_two_by_another_spelling(name: str) -> None:
    """A second form of a name approved what the first had decided."""
    assert same_person(name, ANN)
    document = SignOff("k", "shop", ANN, "2026-05-01T11:00:00Z", (decided(TABLE, ANN),))
    with pytest.raises(RefusedError, match="decided all of this"):
        document.approved(name)


def test_other_people_stay_others() -> None:
    for name in ("Ann Lee", "Anne Lée", "\u0410nn Lée", "", "Lée Ann"):  # Cyrillic A
        assert not same_person(name, ANN)
    assert same_person("Straße", "STRASSE")


def test_a_name_that_nobody_sees_is_none(document: SignOff, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a name"):
        document.approved("\u200b\u3164")
    path = tmp_path / "decisions.json"
    path.write_text(to_text(replace(document, exported_by="\u200b")))
    with pytest.raises(UsageError, match="no letter that is seen"):
        load(path)


def test_whoever_signs_says_what_they_decided(
    document: SignOff, tmp_path: Path
) -> None:
    mine = replace(document, items=document.items[:2])
    signed = mine.approved("Ann", signing=True)
    assert signed.approvals[0].decided == (TABLE, STATUS)
    assert signed.standings()[TABLE] == (ApprovalState.OPEN, "")
    path = tmp_path / "decisions.json"
    save(signed, path)
    assert load(path) == signed
    with pytest.raises(RefusedError, match="Nothing of it"):
        mine.approved("eve", open=[TABLE, STATUS], signing=True)
    refused = document.approved("ann", refused=[TABLE])
    assert refused.approvals[0].decided == (STATUS,)
    # Where proofs are demanded, they are of both who decided and who approved.
    both = signed.approved("bob")
    ann, bob = both.approvals
    assert both.standings([ann, bob])[TABLE] == (ApprovalState.APPROVED, "bob")
    assert both.standings([bob])[TABLE] == (ApprovalState.UNSIGNED, "ann")
    assert both.standings([ann])[TABLE] == (ApprovalState.OPEN, "")
    assert both.standings([])[TABLE] == (ApprovalState.OPEN, "")
    # Nobody else can sign in the name of who decided.
    theirs = replace(bob, decided=(TABLE,))
    assert both.standings([theirs])[TABLE] == (ApprovalState.UNSIGNED, "ann")


def test_one_refusal_is_enough_and_a_later_word_replaces(document: SignOff) -> None:
    signed = document.approved("carl").approved("dora", refused=[STATUS])
    assert signed.standings()[STATUS] == (ApprovalState.REFUSED, "dora")
    assert signed.standings()[TABLE] == (ApprovalState.APPROVED, "carl, dora")
    again = signed.approved("Dora")
    assert len(again.approvals) == 2
    assert again.standings()[STATUS][0] is ApprovalState.APPROVED
    with pytest.raises(UsageError, match="no decision on"):
        document.approved("bob", refused=[TableId("x", "y")])
    with pytest.raises(RefusedError, match="Nothing of it"):
        document.approved("eve", open=[TABLE, STATUS, TOTAL])


Change = Callable[[dict[str, Any]], object]

CHANGED: dict[str, Change] = {
    "a text": lambda d: d["items"][0].update(text="Other."),
    "who decided": lambda d: d["items"][0].update(who="eve"),
    "the comment seen": lambda d: d["items"][0].update(previous="x"),
    "an item less": lambda d: d["items"].pop(),
    "the database": lambda d: d["database"].update(key="other"),
    "the digest": lambda d: d.update(digest="sha256:0"),
    "who approved": lambda d: d["approvals"][0].update(who="eve"),
    "a refusal": lambda d: d["approvals"][0].update(refused=[]),
    "another content": lambda d: d["approvals"][0].update(content="sha256:0"),
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
def test_a_file_that_was_changed_is_refused(
    document: SignOff, tmp_path: Path, change: Change
) -> None:
    path = tmp_path / "decisions.json"
    whole = json.loads(to_text(document.approved("bob", refused=[STATUS])))
    change(whole)
    path.write_text(json.dumps(whole))
    with pytest.raises(RefusedError, match="was changed since") as caught:
        load(path)
    assert caught.value.hint


WRONG: dict[str, Change] = {
    "version": lambda d: d.update(version=2),
    "version of a kind": lambda d: d.update(version=True),
    "format": lambda d: d.update(format="x"),
    "items": lambda d: d.update(items={"a": 1}),
    "an item": lambda d: d.update(items=[1]),
    "twice": lambda d: d["items"].append(d["items"][0]),
    "a field more": lambda d: d["items"][0].update(more="x"),
    "a field less": lambda d: d["items"][0].pop("text"),
    "no text": lambda d: d["items"][0].update(text=""),
    "text": lambda d: d["items"][0].update(text=["x"]),
    "a surrogate": lambda d: d["items"][0].update(text="\ud800"),
    "table": lambda d: d["items"][0].update(table=None),
    "a long name": lambda d: d["items"][0].update(table="x" * 2000),
    "column": lambda d: d["items"][0].update(column=""),
    "verdict": lambda d: d["items"][0].update(verdict="undo"),
    "source": lambda d: d["items"][0].update(source="x"),
    "confidence": lambda d: d["items"][0].update(confidence=2),
    "confidence of a kind": lambda d: d["items"][0].update(confidence=True),
    "findings": lambda d: d["items"][0].update(findings=["x"]),
    "at": lambda d: d["items"][0].update(at="yesterday"),
    "at without offset": lambda d: d["items"][0].update(at="2026-05-01T10:00:00"),
    "at the beginning": lambda d: d["items"][0].update(at="0001-01-01T00:00:00+00:00"),
    "who": lambda d: d["items"][0].update(who=" "),
    "database": lambda d: d.update(database="x"),
    "approvals": lambda d: d.update(approvals=[{}] * 101),
    "an approval": lambda d: d.update(approvals=[{"who": "x"}]),
    "signature": lambda d: d["approvals"][0].update(signature=5),
    "top": lambda d: d.update(more=1),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_file_that_was_made_up_is_one_clear_line(
    document: SignOff, tmp_path: Path, change: Change
) -> None:
    path = tmp_path / "decisions.json"
    whole = json.loads(to_text(document.approved("bob")))
    change(whole)
    path.write_text(json.dumps(whole))
    with pytest.raises(UsageError) as caught:
        load(path)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"format": NaN}',
        b"1" * 5000,
        b"[]",
        b'"columnist-decisions"',
    ],
)
def test_anything_else_is_not_taken_for_a_file_of_decisions(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "decisions.json"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="not a file of decisions"):
        load(path)


def test_a_huge_file_a_folder_and_none_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_off_file, "LARGEST", 1 << 20)
    path = tmp_path / "decisions.json"
    path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(UsageError, match="more than 1 MiB"):
        load(path)
    with pytest.raises(UsageError, match="no file"):
        load(tmp_path / "none")
    with pytest.raises(Exception, match="Cannot read"):
        load(tmp_path)
