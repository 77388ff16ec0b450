from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.errors import ColumnistError, RefusedError, UsageError
from model.training.synthesis.examples import first_examples, line_of
from tui.cli import app


def command(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, ["train", "data", *arguments])
    if code and result.exception is not None:
        return result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


class Answer(BaseHTTPRequestHandler):
    asked: list[tuple[str | None, dict[str, Any]]]
    fail_after = 10**9

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        cls = type(self)
        cls.asked.append((self.headers.get("Authorization"), body))
        if len(cls.asked) > cls.fail_after:
            self.send_response(503)
            self.end_headers()
            return
        question = body["messages"][0]["content"].rsplit("Describe ", 1)[1]
        words = question.rstrip(".").replace("_", " ")
        text = f"Tells what {words} stands for in the business."
        data = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[tuple[str, type[Answer]]]:
    handler = type("Handler", (Answer,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1", handler
    server.shutdown()
    server.server_close()


def test_writes_examples_and_figures(tmp_path: Path) -> None:
    out, figures = tmp_path / "a.jsonl", tmp_path / "a.json"
    printed = command(
        "--out", str(out), "--examples", "5", "--statistics", str(figures), "--json"
    )
    assert out.read_text(encoding="utf-8") == "".join(
        map(line_of, first_examples(5, 1))
    )
    assert json.loads(printed)["tables"] == 5
    assert json.loads(figures.read_text(encoding="utf-8")) == json.loads(printed)


def test_same_bytes_packed_and_again(tmp_path: Path) -> None:
    one, other = tmp_path / "a.jsonl.xz", tmp_path / "b.jsonl.xz"
    command("--out", str(one), "--examples", "4")
    command("--out", str(other), "--examples", "4")
    first = one.read_bytes()
    assert first == other.read_bytes()
    command("--out", str(one), "--examples", "4")
    assert one.read_bytes() == first


def test_goes_on_after_a_kill(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    lines = list(map(line_of, first_examples(4, 1)))
    partial = tmp_path / "a.jsonl.partial"
    partial.write_text("".join(lines[:2]) + lines[2][:50], encoding="utf-8")
    command("--out", str(out), "--examples", "4")
    assert out.read_text(encoding="utf-8") == "".join(lines)
    assert not partial.exists()


def test_other_data_set_in_the_file_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    command("--out", str(out), "--examples", "2")
    before = out.read_bytes()
    error = command("--out", str(out), "--examples", "2", "--seed", "2", code=2)
    assert isinstance(error, UsageError)
    assert out.read_bytes() == before


def test_nothing_to_write_is_wrong_usage(tmp_path: Path) -> None:
    error = command("--out", str(tmp_path / "a.jsonl"), "--examples", "0", code=2)
    assert isinstance(error, UsageError)


def test_endpoint_teaches_and_its_key_is_stored_nowhere(
    tmp_path: Path,
    endpoint: tuple[str, type[Answer]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, handler = endpoint
    monkeypatch.setenv("COLUMNIST_API_KEY", "s3cret-key")
    out = tmp_path / "a.jsonl"
    printed = command(
        "--out",
        str(out),
        "--examples",
        "1",
        "--teacher",
        url,
        "--served",
        "m",
        "--json",
    )
    figures = json.loads(printed)
    assert figures["teachers"] == {"endpoint:m": 1}
    assert figures["teacher_texts"]["accepted"] > 0
    assert handler.asked[0][0] == "Bearer s3cret-key"
    assert handler.asked[0][1]["model"] == "m"
    for file in tmp_path.iterdir():
        assert "s3cret" not in file.read_text(encoding="utf-8")


def test_failing_endpoint_keeps_what_was_taught(
    tmp_path: Path, endpoint: tuple[str, type[Answer]]
) -> None:
    url, handler = endpoint
    out = tmp_path / "a.jsonl"
    first = next(first_examples(1, 1))
    handler.fail_after = len(first["columns"]) + 1
    arguments = ("--out", str(out), "--examples", "2", "--teacher", url)
    error = command(*arguments, code=1)
    assert isinstance(error, ColumnistError)
    assert "goes on from there" in error.hint
    assert not out.exists()
    asked = len(handler.asked)
    handler.fail_after = 10**9
    command(*arguments)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 2
    second = len(lines[1]["columns"]) + 1
    assert len(handler.asked) == asked + second


def test_offline_asks_only_this_machine(tmp_path: Path) -> None:
    out = str(tmp_path / "a.jsonl")
    result = CliRunner().invoke(
        app,
        [
            "--offline",
            "train",
            "data",
            "--out",
            out,
            "--teacher",
            "http://192.0.2.1/v1",
        ],
    )
    assert isinstance(result.exception, RefusedError)


def test_missing_workspace_is_named(tmp_path: Path) -> None:
    out = str(tmp_path / "a.jsonl")
    result = CliRunner().invoke(
        app,
        [
            "--workspace",
            str(tmp_path / "none.db"),
            *("train", "data", "--out", out, "--examples", "0", "--from-workspace"),
        ],
    )
    assert isinstance(result.exception, UsageError)
