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


@pytest.fixture
def blind(run: Run, data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "blind"
    done = run("evaluate", "sheet", data, "rules", "baseline", "-n", 3, "-o", folder)
    assert done.code == 0, done.err
    return folder


def in_terminal(folder: Path, keys: str) -> tuple[int, str]:
    """Runs a vote at a pseudo terminal and types."""
    import os
    import pty

    command = [*COLUMNIST, "evaluate", "vote", str(folder), "--judge", "anna"]
    process, terminal = pty.fork()
    if process == 0:  # pragma: no cover
        os.execv(command[0], command)
    os.write(terminal, keys.encode())
    said = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so at the end
            break
        if not piece:
            break
        said += piece
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), said.decode()


def test_votes_in_a_terminal_are_saved_at_once_and_go_on_later(blind: Path) -> None:
    code, said = in_terminal(blind, "a\nwhat\nb\nback\nt\nq\n")
    assert code == 0, said
    assert "Not understood" in said
    assert "enter keeps b" in said
    votes = (blind / "votes.csv").read_text()
    assert votes == "item,judge,vote\n001,anna,a\n002,anna,tie\n"
    code, said = in_terminal(blind, "b\n")
    assert "3 of 3" in said
    assert "1 of 3" not in said
    assert len((blind / "votes.csv").read_text().splitlines()) == 4


def test_votes_come_from_files_and_are_counted(
    run: Run, blind: Path, tmp_path: Path
) -> None:
    votes = tmp_path / "v.csv"
    votes.write_text("item,judge,vote\n1,anna,a\n1,anna,b\n2,anna,tie\n")
    added = run("evaluate", "vote", blind, "--import", votes, "--json").json
    assert added == {"votes": 3, "judges": ["anna"], "replaced": 1}
    votes.write_text("item,judge,vote\n001,bot,b\n002,bot,tie\n003,bot,a\n")
    assert (
        run("evaluate", "vote", blind, "--import", votes, "--kind", "model").code == 0
    )
    report = run("evaluate", "report", blind, "--json").json
    assert (report["first"], report["second"]) == ("rules", "baseline")
    assert [judge["kind"] for judge in report["judges"]] == ["person", "model"]
    assert report["pairs"][0]["agreement"] == 1
    assert report["fleiss_kappa"]["items"] == 2
    text = run("evaluate", "report", blind).out
    assert "sign test p" in text
    assert "Fleiss' kappa" in text


def test_voting_needs_a_terminal_a_sheet_and_two_systems(
    run: Run, data: Path, blind: Path, tmp_path: Path
) -> None:
    blocked = run("evaluate", "vote", blind, "--judge", "anna")
    assert blocked.code == 2
    assert "--import" in blocked.err
    assert run("evaluate", "vote", tmp_path, "--judge", "anna").code == 2
    assert run("evaluate", "report", tmp_path).code == 2
    same = run("evaluate", "sheet", data, "rules", "rules", "-o", tmp_path / "x")
    assert same.code == 2
    again = run("evaluate", "sheet", data, "rules", "baseline", "-o", blind)
    assert again.code == 2
    strange = tmp_path / "v.csv"
    strange.write_text("item,judge,vote\n999,anna,a\n")
    assert run("evaluate", "vote", blind, "--import", strange).code == 3


def test_a_scripted_endpoint_judges_a_sheet(
    run: Run, blind: Path, tmp_path: Path
) -> None:
    from tests.model.evaluation.test_judge import BAD, GOOD, answer, content_of, served

    def shortest(body: dict[str, Any]) -> tuple[int, str]:
        own = content_of(body).rpartition("Now judge this.")[2]
        _, one, other = own.split("\nDocumentation ")
        better = len(one) < len(other.removesuffix("\nAnswer"))
        return 200, answer(GOOD, BAD) if better else answer(BAD, GOOD)

    votes = tmp_path / "v.csv"
    votes.write_text("item,judge,vote\n001,anna,a\n")
    run("evaluate", "vote", blind, "--import", votes)
    arguments = ["evaluate", "judge", blind, "--judge", "short one", "--model"]
    with served(shortest) as (url, asked):
        found = run("--offline", *arguments, url, "--json")
        assert found.code == 0, found.err
        assert len(asked) == 6
        again = run(*arguments, url, "--json").json
        assert len(asked) == 6  # nothing is asked twice
        other = run(*arguments, url, "--served", "other")
        assert other.code == 2
    assert again == found.json
    assert found.json["votes"] == 3
    assert found.json["missing"] == []
    assert found.json["position"]["turned"] == 0
    assert found.json["pairs"][0]["judges"] == ["anna", "short one"]
    assert (blind / "judge-short-one.jsonl").exists()
    report = run("evaluate", "report", blind, "--json").json
    assert [j["kind"] for j in report["judges"]] == ["person", "model"]


def test_judging_refuses_other_hosts_offline_and_models_that_cannot(
    run: Run, blind: Path
) -> None:
    arguments = ["evaluate", "judge", blind, "--judge", "x", "--model"]
    far = run("--offline", *arguments, "http://example.com/v1")
    assert far.code == 3
    assert "--offline" in far.err
    assert run(*arguments, "columnist-135m").code == 2
    assert run(*arguments, "nothing.gguf").code == 2
    assert run(*arguments[:4], "..", "--model", "x").code == 2


@pytest.mark.gguf
def test_a_model_that_only_mumbles_has_no_votes(
    run: Run, blind: Path, tiny_model: Path
) -> None:
    done = run("evaluate", "judge", blind, "--judge", "x", "--model", tiny_model)
    assert done.code == 3
    assert "could not be read" in done.out
    assert not (blind / "votes.csv").exists()
