from __future__ import annotations

import json
import lzma
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import UsageError
from catalog.objects import TableId
from model.teacher_set import Described, folder, read, shipped
from model.training.teacher import fault_of

LINE = {
    "id": "x1",
    "industry": "Fruit Farming",
    "schema": "farm",
    "table": "harvest",
    "description": "One row per harvest of an orchard.",
    "columns": [
        {"name": "id", "type": "int", "key": True, "description": "Key of the row."},
        {"name": "orchard_id", "type": "int", "references": "orchard.id"},
        {"name": "grade", "type": "text", "codes": ["A", "B"]},
    ],
}


@cache
def everything() -> list[Described]:
    return list(shipped())


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_shipped_set_has_the_stated_counts() -> None:
    invented = [each for each in everything() if "use_case" in each.facets]
    real = [each for each in everything() if "license" in each.facets]
    assert (len(invented), len(real)) == (2790, 1803)
    assert sum(len(each.table.columns) for each in invented) == 35_272
    assert sum(len(each.table.columns) for each in real) == 22_517
    assert sum(each.landed for each in everything()) == 603
    assert len({each.id for each in everything()}) == 4593
    told = folder().joinpath("README.md").read_text(encoding="utf-8")
    for number in ("4,593", "57,789", "2,790", "1,803", "35,272", "22,517"):
        assert number in told


def test_every_shipped_table_is_described_as_the_brief_asks() -> None:
    """Invented ones in everything; what real ones are called is no invention."""
    faults = Counter(
        (reason, each.id[0])
        for each in everything()
        if (reason := fault_of(each)) is not None
    )
    known = {"names a vendor", "a number that nothing shows"}
    assert {reason for reason, _ in faults} <= {*known, "a description comes twice"}
    assert {kind for _, kind in faults} == {"r"}
    assert faults.total() < 0.04 * 1803


def test_every_source_is_attributed_with_its_licence() -> None:
    told = folder().joinpath("ATTRIBUTION.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in told.splitlines()]
    attributed = {
        row[0].split("]")[0].strip("["): row[1:] for row in rows if len(row) == 5
    }
    counts = Counter(each.source for each in everything() if "license" in each.facets)
    assert len(counts) == 107
    for each in everything():
        if "license" in each.facets:
            assert attributed[each.source][1] == each.facets["license"]
    for source, count in counts.items():
        commit, _, owner, tables = attributed[source]
        assert len(commit) == 12
        assert owner
        assert int(tables) == count


def test_a_line_becomes_a_table_with_texts(tmp_path: Path) -> None:
    (found,) = read(written(tmp_path / "a.jsonl", LINE))
    assert found.table.id == TableId("farm", "harvest")
    assert found.table.primary_key == ("id",)
    assert found.table.references("orchard_id") == (TableId("", "orchard"), "id")
    assert found.texts == {
        None: "One row per harvest of an orchard.",
        "id": "Key of the row.",
    }
    assert found.codes == {"grade": ("A", "B")}
    assert (found.source, found.id, found.weight) == ("x1", "x1", 1.0)
    assert found.facets == {"industry": "Fruit Farming"}
    assert not found.landed


def test_packed_lines_read_the_same(tmp_path: Path) -> None:
    plain = written(tmp_path / "a.jsonl", LINE, LINE)
    packed = tmp_path / "a.jsonl.xz"
    packed.write_bytes(lzma.compress(plain.read_bytes()))
    assert list(read(packed)) == list(read(plain))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no object"),
        ({"columns": [{"name": "a"}]}, "has no table's name"),
        ({"table": "t"}, "has no columns"),
        ({"table": "t", "columns": [1]}, "has no name for column 1"),
        ({"table": "t", "columns": [{"name": 7}]}, "has a name that is no text"),
        (
            {"table": "t", "columns": [{"name": "a"}, {"name": "a"}]},
            "has the column a twice",
        ),
        (
            {"table": "t", "columns": [{"name": "a", "codes": "AB"}]},
            "has codes that are no list",
        ),
        (
            {"table": "t", "columns": [{"name": "a"}], "weight": 0},
            "has a weight that is not between 0 and 1",
        ),
        (
            {"table": "t", "columns": [{"name": "a", "description": []}]},
            "has a description that is no text",
        ),
    ],
)
def test_what_is_no_table_is_one_line_with_its_place(
    tmp_path: Path, line: Any, reason: str
) -> None:
    path = written(tmp_path / "a.jsonl", LINE)
    with path.open("a") as file:
        file.write(line if isinstance(line, str) else json.dumps(line))
    with pytest.raises(UsageError) as caught:
        list(read(path))
    assert caught.value.message == f"{path}, line 2: {reason}."


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", None])
def test_what_cannot_be_read_is_told(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "a.jsonl.xz"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError, match="cannot be read"):
        list(read(path))
