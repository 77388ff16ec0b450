"""`columnist evaluate audit` as readers and scripts use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]
CURSED = "Key of \x1b[2Jthe order."


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COLUMNIST, "evaluate", "audit", *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def record(number: int) -> dict[str, Any]:
    return {
        "source": f"owner/repository{number % 2}",
        "schema": "sales",
        "table": f"orders{number}",
        "description": "Orders that customers placed.",
        "columns": [
            {"name": "order_id", "type": "int", "description": CURSED},
            {"name": "qty", "type": "int", "description": "Quantity ordered."},
        ],
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(record(n)) + "\n" for n in range(4)))
    return path


@pytest.fixture
def blind(data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "blind"
    done = run("draw", data, "rules", "human", "-o", folder, "--columns", 4)
    assert done.returncode == 0, done.stderr
    assert "4 columns and 4 tables" in done.stdout
    assert "the data has only" in done.stderr  # 60 tables were asked for
    return folder


def whose(folder: Path) -> dict[str, list[str]]:
    key = json.loads((folder / "audit-key.json").read_text())
    return {
        item: [draft["system"] for draft in place["drafts"]]
        for item, place in key["items"].items()
    }


def test_a_round_trip(blind: Path, tmp_path: Path) -> None:
    for judge in ("anna", "ben"):
        lines = [
            f"{item},{judge},{2 if 'human' in systems else 1}"
            for item, systems in whose(blind).items()
        ]
        text = "\n".join(["item,judge,label", *lines, ""])
        (tmp_path / f"{judge}.csv").write_text(text)
    given = [tmp_path / "anna.csv", tmp_path / "ben.csv"]
    found = json.loads(run("report", blind, *given, "--json").stdout)
    for kind in ("columns", "tables"):
        human = found[kind]["systems"]["human"]
        assert (human["texts"], human["missing"]) == (4, 0)
        # Wilson's interval of 4 of 4 begins at 4 / (4 + 1.96 squared).
        assert human["pooled"]["accepted"] == {"share": 1.0, "low": 0.5101, "high": 1.0}
        assert human["pooled"]["wrong"]["share"] == 0
    rules = found["columns"]["systems"]["rules"]
    assert rules["pooled"]["edit"]["share"] == 1
    assert found["pairs"][0]["cohen_kappa"] == 1
    said = run("report", blind, *given).stdout
    assert "by anna" in said
    assert "100 % (51 to 100)" in said
    assert "agree on 100 %" in said


def test_readers_do_not_see_whose_a_text_is(blind: Path) -> None:
    for name in ("audit.csv", "audit.html", "audit.jsonl"):
        text = (blind / name).read_text(encoding="utf-8")
        assert "rules" not in text
        assert "human" not in text
        assert "repository" not in text


def at_terminal(folder: Path, keys: str) -> tuple[int, str]:
    """Labels at a pseudo terminal, one key at each question."""
    import pty

    command = [*COLUMNIST, "evaluate", "audit", "label", str(folder)]
    process, terminal = pty.fork()
    if process == 0:  # pragma: no cover
        os.execv(command[0], [*command, "--judge", "anna"])
    said, asked = b"", 0
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so at the end
            break
        if not piece:
            break
        said += piece
        if said.count(b"q quit: ") > asked:
            wait_for_keys(terminal)
            os.write(terminal, keys[asked].encode())
            asked += 1
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), said.decode()


def wait_for_keys(terminal: int) -> None:
    """Until keys count by themselves; what was typed before is thrown away."""
    import termios
    import time

    while termios.tcgetattr(terminal)[3] & termios.ICANON:
        time.sleep(0.005)


def test_labels_in_a_terminal_are_saved_at_once_and_go_on_later(blind: Path) -> None:
    total = len(whose(blind))
    (blind / "labels.csv").write_text("item,judge,label\n0001,ben,1\n")
    code, said = at_terminal(blind, "2x0u1q")
    assert code == 0, said
    head = "item,judge,label\n0001,ben,1\n0001,anna,2\n"
    assert (blind / "labels.csv").read_text() == f"{head}0002,anna,1\n"
    assert f"anna labelled 2 of {total} texts" in said
    code, said = at_terminal(blind, "u0" + "2" * (total - 2))
    assert f"labelled {total} of {total}" in said
    assert (blind / "labels.csv").read_text().startswith(f"{head}0002,anna,0\n")
    assert "\x1b[2J" not in said
    report = json.loads(run("report", blind, "--json").stdout)
    assert report["judges"] == ["anna", "ben"]


@pytest.mark.parametrize(
    "line", ["9999,anna,2", "0001,anna,5", "0001,,1", "0001,anna,0\n0001,anna,2"]
)
def test_bad_labels_end_with_a_line(blind: Path, tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(f"item,judge,label\n{line}\n")
    done = run("report", blind, path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2


def test_wrong_requests_end_with_a_line(
    data: Path, blind: Path, tmp_path: Path
) -> None:
    again = run("draw", data, "human", "-o", blind)
    assert again.returncode == 2
    assert "already" in again.stderr
    named = tmp_path / "human.jsonl"
    named.write_text(data.read_text())
    both = run("draw", data, "human", named, "-o", tmp_path / "x")
    assert both.returncode == 2
    assert "Two systems are named human" in both.stderr
    silent = tmp_path / "silent.jsonl"
    silent.write_text('{"db": "elsewhere", "table": "t", "columns": []}\n')
    assert run("draw", data, silent, "-o", tmp_path / "x").returncode == 2
    assert not (tmp_path / "x").exists()
    assert run("draw", data, "nobody", "-o", tmp_path / "x").returncode == 2
    assert run("report", tmp_path).returncode == 2
    blocked = run("label", blind, "--judge", "anna")
    assert blocked.returncode == 2
    assert "no terminal" in blocked.stderr
