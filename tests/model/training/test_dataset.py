"""What cannot be learned from is counted and left out, in bounded memory."""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.errors import UsageError
from model.training.dataset import Dataset, prepare


def record(number: int, **changes: object) -> dict[str, object]:
    return {
        "source": "a/b",
        "kind": "sql",
        "schema": "s",
        "table": f"parcel_{number}",
        "description": "Parcels sent to customers",
        "columns": [
            {"name": f"weight_{number}_kg", "description": "Weight of it in kilograms"},
            {"name": "note", "description": None},
        ],
    } | changes


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_bad_lines_are_counted_by_what_is_wrong(tmp_path: Path) -> None:
    good = record(1)
    lines = [
        json.dumps(good),
        json.dumps(good),
        "{ not json",
        "[" * 100_000,
        "[1, 2]",
        json.dumps(record(2, columns=[])),
        json.dumps(record(3, columns=["a"])),
        json.dumps(record(4, columns=[{"name": "a"}] * 5001)),
        '{"table": "x", "filler": "' + "x" * (9 << 20) + '"}',
        json.dumps(record(5, table="greenhouse_jobs")),
        json.dumps(record(6, description="", columns=[{"name": "a"}])),
        "",
    ]
    found = prepare([write(tmp_path / "a.jsonl", lines)], tmp_path / "d", skip="greenh")
    counts = found.census["counts"]
    assert len(found) == counts["tables kept"] == 1
    assert counts["lines of wrong JSON"] == 2
    assert counts["lines that are no table"] == 3
    assert counts["lines that are huge"] == 2
    assert counts["lines that are duplicates"] == 1
    assert counts["lines skipped by name"] == 1
    assert counts["lines without a usable text"] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("N/A", "too short"),
        ("Peso del paquete en kilogramos con embalaje", "another language"),
        ("包裹的重量 以千克为单位", "another language"),
        ("Weight in {{ doc('weight') }} of it", "markup"),
        ("Send your weight in the request", "talk to a caller"),
        ("weight " * 40, "too long"),
        (["not", "text"], "not a text"),
    ],
)
def test_unusable_texts_are_counted_by_reason(
    tmp_path: Path, text: object, reason: str
) -> None:
    columns = [{"name": "weight_kg", "description": text}]
    lines = [json.dumps(record(1)), json.dumps(record(2, columns=columns))]
    found = prepare([write(tmp_path / "a.jsonl", lines)], tmp_path / "d")
    assert found.census["counts"][f"texts {reason}"] >= 1
    assert all("weight_kg" not in table.texts for table in found)


def test_tags_and_links_are_taken_off(tmp_path: Path) -> None:
    columns = [
        {
            "name": "weight_kg",
            "description": "<p>Weight of the [parcel](https://x.org/a) in kg</p>",
        }
    ]
    path = write(tmp_path / "a.jsonl", [json.dumps(record(1, columns=columns))])
    (found,) = prepare([path], tmp_path / "d")
    assert found.texts["weight_kg"] == "weight of the parcel in kg"


def test_the_same_text_for_the_same_name_counts_four_times(tmp_path: Path) -> None:
    lines = [
        json.dumps(
            record(
                number,
                columns=[{"name": "gross_kg", "description": "Gross weight in kg"}],
            )
        )
        for number in range(9)
    ]
    found = prepare([write(tmp_path / "a.jsonl", lines)], tmp_path / "d")
    assert sum("gross_kg" in table.texts for table in found) == 4


def test_a_set_is_made_again_only_when_its_source_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.xz"
    with lzma.open(path, "wt") as file:
        file.write(json.dumps(record(1)))
    prepare([path], tmp_path / "d")
    made = (tmp_path / "d" / "tables.bin").stat().st_mtime_ns
    prepare([path], tmp_path / "d")
    assert (tmp_path / "d" / "tables.bin").stat().st_mtime_ns == made
    with lzma.open(path, "wt") as file:
        file.write("\n".join(json.dumps(record(n)) for n in range(3)))
    assert len(prepare([path], tmp_path / "d")) == 3
    assert len(Dataset(tmp_path / "d")) == 3


def test_a_file_with_nothing_to_learn_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ["{}", "oops"])
    with pytest.raises(UsageError, match="nothing to learn"):
        prepare([path], tmp_path / "d")
    with pytest.raises(UsageError, match="Cannot read"):
        prepare([tmp_path / "missing.jsonl"], tmp_path / "d")
    (tmp_path / "broken.jsonl.xz").write_bytes(b"no archive")
    with pytest.raises(UsageError, match="Cannot read"):
        prepare([tmp_path / "broken.jsonl.xz"], tmp_path / "d")


def test_a_million_lines_need_little_memory(tmp_path: Path) -> None:
    """In a process of its own; a line kept takes 300 bytes.

    VmHWM begins with the program, where `ru_maxrss` still holds what pytest took.
    """
    path = tmp_path / "million.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(1_000_000):
            if number % 20:
                file.write(f'{{"table": "empty_{number}", "columns": []}}\n')
            else:
                file.write(json.dumps(record(number)) + "\n")
    code = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from model.training.dataset import prepare\n"
        "made = prepare([Path(sys.argv[1])], Path(sys.argv[2]))\n"
        "status = Path('/proc/self/status').read_text()\n"
        "peak = int(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1])\n"
        "print(len(made), peak // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "d")],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    tables, megabytes = map(int, done.stdout.split())
    assert tables == 50_000
    assert megabytes < 150
