"""`columnist evaluate` as a script uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rouge_score")
pytest.importorskip("sacrebleu")

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run() -> Run:
    def call(*arguments: object) -> Done:
        done = subprocess.run(
            [*COLUMNIST, *map(str, arguments)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return call


def record(number: int) -> dict[str, Any]:
    return {
        "source": f"owner/repository{number % 2}",
        "schema": "sales",
        "table": f"orders{number}",
        "description": "Orders that customers placed.",
        "columns": [
            {"name": "order_id", "type": "int", "description": "Key of the order."},
            {"name": "cust_name", "type": "text", "description": "Name of customer"},
            {"name": "qty", "type": "int", "description": "Quantity ordered."},
            {"name": "customer_ref", "type": "int", "description": "The customer."},
            {"name": "free", "type": "text"},
        ],
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(record(n)) + "\n" for n in range(6)))
    return path


def test_scores_can_be_kept_and_scored_again(
    run: Run, data: Path, tmp_path: Path
) -> None:
    arguments = ["evaluate", "score", data, "--no-embedding", "--cryptic", "--json"]
    kept = tmp_path / "kept"
    first = run(*arguments, "-s", "baseline", "-s", "rules", "--keep", kept).json
    assert first["columns"]["targets"] == 24
    assert set(first["columns"]["differences"]) == {"rules"}
    assert first["cryptic"]["real"]["columns"] == 12
    assert first["cryptic"]["synthetic"]["columns"] > 0
    again = run(*arguments, "-s", kept / "rules.jsonl", "--idf", data).json
    for part in ("columns", "tables"):
        assert again[part]["systems"]["rules"] == first[part]["systems"]["rules"]
    assert again["cryptic"] == first["cryptic"]
    assert again["idf"] == str(data)


def test_the_report_for_people_names_what_was_left_out(run: Run, data: Path) -> None:
    found = run("evaluate", "score", data, "-s", "rules", "--no-embedding")
    assert found.code == 0
    assert "rules less baseline" in found.out
    assert "95 % interval" in found.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nothing.jsonl"], 2),
        (["DATA", "-s", "nobody"], 2),
        (["DATA", "-s", "elsewhere"], 2),
        (["DATA", "-s", "baseline", "--known", "nothing"], 0),
        (["DATA", "-s", "BROKEN.jsonl"], 1),
        (["DATA", "-s", "baseline", "--keep", "DATA"], 2),
        (["DATA", "-s", "baseline", "--idf", "BROKEN.jsonl"], 1),
    ],
)
def test_wrong_requests_end_with_a_line_and_a_hint(
    run: Run, data: Path, tmp_path: Path, arguments: list[str], code: int
) -> None:
    broken = tmp_path / "BROKEN.jsonl"
    broken.write_text("{}\n")
    given = {"DATA": str(data), "BROKEN.jsonl": str(broken)}
    filled = [given.get(argument, argument) for argument in arguments]
    done = run("evaluate", "score", "--no-embedding", *filled)
    assert done.code == code, done.err
    assert code == 0 or 1 < len(done.err.splitlines()) <= 3
