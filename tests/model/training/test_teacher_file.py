from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catalog.errors import ColumnistError, UsageError
from model.teacher_set import read
from model.training.teacher_file import TeacherFile


def record(name: str, kind: str = "") -> dict[str, Any]:
    return {"id": name, "kind": kind, "table": name, "columns": [{"name": "a"}]}


def fill(path: Path, *names: str) -> None:
    with TeacherFile(path) as file:
        for name in names:
            file.add(record(name))


def test_it_grows_and_knows_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    fill(path, "a", "b")
    with TeacherFile(path) as file:
        assert file.ids == {"a", "b"}
        file.add(record("c"))
    assert [each.id for each in read(path)] == ["a", "b", "c"]


def test_nothing_added_nothing_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    fill(path)
    assert not path.exists()


def test_torn_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    fill(path, "a", "b")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    fill(path, "b")
    assert path.read_bytes() == whole


def test_whole_line_without_an_end_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    fill(path, "a")
    path.write_text(path.read_text().rstrip("\n"))
    fill(path, "b")
    assert [each.id for each in read(path)] == ["a", "b"]


def test_what_came_from_a_workspace_is_renewed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with TeacherFile(path) as file:
        file.add(record("a"))
        file.add(record("mine", "steward"))
    with TeacherFile(path, renew=True) as file:
        file.add(record("mine again", "steward"))
    assert [each.id for each in read(path)] == ["a", "mine again"]


@pytest.mark.parametrize("data", [b'{"other": 1}\n', b"text\n", b"\xff\n"])
def test_other_files_are_refused_and_kept(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    with pytest.raises(UsageError):
        TeacherFile(path)
    assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no JSON Lines"):
        TeacherFile(tmp_path / "a.csv")


def test_full_disk_is_told_and_goes_on_later(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    path = tmp_path / "a.jsonl"
    file = TeacherFile(path)
    path.symlink_to("/dev/full")
    with pytest.raises(ColumnistError, match="No space left") as caught:
        file.add(record("a"))
    assert "goes on from there" in caught.value.hint
