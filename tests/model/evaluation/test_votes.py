"""Votes are checked, kept at once, and counted as a person would count them."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import ColumnistError, RefusedError, UsageError
from model.evaluation.sheet import SheetKey, SheetPlace
from model.evaluation.tally import tally
from model.evaluation.votes import (
    VOTES,
    JudgeKind,
    Preference,
    Vote,
    add,
    kinds,
    last_ones,
)

ITEMS = ["001", "002", "003", "004"]


def key() -> SheetKey:
    """On odd items the first system stands as a, on even ones as b."""
    places = {
        item: SheetPlace("x", "y", "r1", f"t{item}")
        if int(item) % 2
        else SheetPlace("y", "x", "r2", f"t{item}")
        for item in ITEMS
    }
    return SheetKey("x", "y", 0, "data", places)


def votes(judge: str, choices: str) -> list[Vote]:
    """One vote an item: `a`, `b`, `t`, or `-` for none."""
    named = {"a": Preference.A, "b": Preference.B, "t": Preference.TIE}
    return [
        Vote(item, judge, named[choice])
        for item, choice in zip(ITEMS, choices, strict=True)
        if choice != "-"
    ]


def test_sides_become_systems() -> None:
    found = tally(key(), votes("anna", "abta"), {"anna": JudgeKind.PERSON})
    anna = found["judges"][0]
    assert anna["kind"] == "person"
    assert (anna["first_wins"], anna["second_wins"], anna["ties"]) == (2, 1, 1)
    assert anna["share"]["share"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["tables"][1]["votes"] == {"anna": "first"}
    assert found["repositories"]["r2"]["first_wins"] == 1
    assert found["pairs"] == []


def test_a_table_needs_more_than_half_of_its_votes() -> None:
    given = votes("a", "aa-a") + votes("b", "ba-a") + votes("c", "tb-a")
    found = tally(key(), given, {})
    assert [t["majority"] for t in found["tables"]] == [
        "undecided",  # one each
        "second",
        "undecided",  # nobody voted
        "second",
    ]
    assert found["majority"]["undecided"] == 2
    assert found["majority"]["second_wins"] == 2
    assert found["majority"]["p"] == 0.5
    assert found["fleiss_kappa"]["items"] == 3
    assert found["judges"][0]["kind"] == "unknown"


def test_agreement_is_by_pair() -> None:
    found = tally(
        key(), votes("a", "aabb") + votes("b", "aab-") + votes("c", "---a"), {}
    )
    pairs = {tuple(pair["judges"]): pair for pair in found["pairs"]}
    assert pairs["a", "b"]["agreement"] == 1
    assert pairs["a", "b"]["items"] == 3
    assert pairs["a", "c"]["agreement"] == 0
    assert pairs["b", "c"]["agreement"] is None
    assert found["fleiss_kappa"] == {"kappa": None, "items": 0, "judges": 3}


def test_the_last_vote_counts_and_the_others_are_reported() -> None:
    given = [*votes("a", "a---"), *votes("a", "b---")]
    assert last_ones(given) == ({("001", "a"): Preference.B}, 1)
    found = tally(key(), given, {})
    assert found["judges"][0]["second_wins"] == 1
    assert found["replaced_votes"] == 1


def test_nobody_voted() -> None:
    found = tally(key(), [], {})
    assert found["judges"] == []
    assert found["majority"]["undecided"] == 4
    assert found["majority"]["share"] is None


def test_votes_are_on_disk_and_two_judges_do_not_lose_each_other(
    tmp_path: Path,
) -> None:
    add(tmp_path, ITEMS, votes("anna", "a---"), JudgeKind.PERSON)
    add(tmp_path, ITEMS, votes("llm, the", "-b--"), JudgeKind.MODEL)
    add(tmp_path, ITEMS, votes("anna", "b---"), JudgeKind.PERSON)
    assert (tmp_path / "votes.csv").read_text() == (
        'item,judge,vote\n001,anna,b\n002,"llm, the",b\n'
    )
    assert kinds(tmp_path) == {"anna": JudgeKind.PERSON, "llm, the": JudgeKind.MODEL}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["judges.json", "votes.csv"]


def read(tmp_path: Path, content: str) -> list[Vote]:
    path = tmp_path / "v.csv"
    path.write_text(content, encoding="utf-8")
    return VOTES.read(path, ITEMS)


def test_votes_of_a_spreadsheet_are_read(tmp_path: Path) -> None:
    content = "\ufeffjudge,Vote,item,note\r\nanna, Tie ,1,x\r\n\r\nbob,A,002\r\n"
    assert read(tmp_path, content) == [
        Vote("001", "anna", Preference.TIE),
        Vote("002", "bob", Preference.A),
    ]


def test_votes_on_another_sheet_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="Line 2"):
        read(tmp_path, "item,judge,vote\n009,anna,a\n")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "item,vote\n001,a\n",
        "item,judge,vote\n001,,a\n",
        "item,judge,vote\n001,anna,c\n",
        "item,judge,vote\n001,anna\n",
        "item,judge,vote\n001,anna," + "a" * 200_000 + "\n",
    ],
)
def test_what_is_no_vote_is_said(tmp_path: Path, content: str) -> None:
    with pytest.raises(ColumnistError):
        read(tmp_path, content)


def test_damaged_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        VOTES.read(tmp_path / "none.csv", ITEMS)
    (tmp_path / "v.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ColumnistError, match="no CSV"):
        VOTES.read(tmp_path / "v.csv", ITEMS)
    (tmp_path / "judges.json").write_text("[]")
    with pytest.raises(ColumnistError, match="damaged"):
        kinds(tmp_path)
