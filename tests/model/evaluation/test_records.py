"""Files of tables are read whole or not at all."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import ColumnistError, UsageError
from model.evaluation import json_lines
from model.evaluation.records import Text, line_of, read_entries, read_texts

GOOD: dict[str, Any] = {
    "source": "a/b",
    "schema": "s",
    "table": "t",
    "description": "All of t",
    "columns": [
        {"name": "a", "type": "int", "description": "An a", "enum": ["x", "y"]},
        {"name": "b", "description": None},
    ],
}


def write(path: Path, *lines: object) -> Path:
    path.write_text(
        "".join(x if isinstance(x, str) else json.dumps(x) + "\n" for x in lines),
        encoding="utf-8",
    )
    return path


def test_what_humans_described_is_wanted(tmp_path: Path) -> None:
    (entry,) = read_entries(write(tmp_path / "x.jsonl", GOOD))
    assert [str(target) for target in entry.wanted] == ["s.t", "s.t.a"]
    assert entry.profiles["a"].codes == ("x", "y")


def test_the_limit_is_by_repository(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", GOOD, GOOD, {**GOOD, "source": "c/d"})
    assert [e.repository for e in read_entries(path, limit=1)] == ["a/b", "c/d"]


def test_compressed_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.xz"
    path.write_bytes(lzma.compress(json.dumps(GOOD).encode()))
    assert len(read_entries(path)) == 1
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ColumnistError, match="damaged"):
        read_entries(path)


@pytest.mark.parametrize(
    "line",
    [
        "{\n",
        "[]\n",
        "[" * 100_000 + "\n",
        {"columns": []},
        {"table": "", "columns": []},
        {"table": "t"},
        {"table": "t", "columns": [1]},
        {"table": "t", "columns": [{"name": 1}]},
        {"table": "t", "columns": [{"name": "a", "description": 1}]},
        {"table": "t", "columns": [{"name": "a", "enum": "x"}]},
        {"table": "t", "columns": [], "description": []},
        {"table": "t", "columns": [], "source": 3},
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, line: object) -> None:
    with pytest.raises(ColumnistError, match="Line 2 of"):
        read_entries(write(tmp_path / "x.jsonl", GOOD, line))


def test_a_huge_line_is_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 10)
    with pytest.raises(ColumnistError, match="too long"):
        read_entries(write(tmp_path / "x.jsonl", GOOD))


def test_missing_files_and_empty_ones_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        read_entries(tmp_path / "x.jsonl")
    with pytest.raises(ColumnistError, match="no description"):
        read_entries(
            write(tmp_path / "x.jsonl", {**GOOD, "description": "", "columns": []})
        )
    (tmp_path / "y.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(ColumnistError, match="damaged"):
        read_entries(tmp_path / "y.jsonl")


def test_texts_come_back_as_they_were_kept(tmp_path: Path) -> None:
    entries = read_entries(write(tmp_path / "x.jsonl", GOOD, GOOD))
    first = {None: Text("About", "model"), "a": Text("A"), "b": Text(None)}
    second = {None: Text(None), "a": Text("Other", "rules"), "b": Text(None)}
    kept = write(
        tmp_path / "k.jsonl",
        *(line_of(e, t) for e, t in zip(entries, (first, second), strict=True)),
    )
    assert read_texts(kept, entries) == [first, second]


def test_what_a_file_lacks_is_missing(tmp_path: Path) -> None:
    entries = read_entries(write(tmp_path / "x.jsonl", GOOD, GOOD))
    line = {"db": "a/b", "schema": "s", "table": "t", "description": " ", "columns": []}
    other = {**line, "db": "z"}
    found = read_texts(write(tmp_path / "k.jsonl", other, line), entries)
    assert not any(text.text for texts in found for text in texts.values())
