"""`train data` with a teacher behind an endpoint that follows a script."""

from __future__ import annotations

import itertools
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.errors import ColumnistError, ExitCode, RefusedError, UsageError
from model.teacher_set import read
from tests.model import tiny_gguf
from tests.model.scripted import Asked, Say, models, serving
from tests.model.training.test_teacher import ANSWER
from tui.cli import app

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


def command(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["train", "data", *arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def failing(*arguments: str) -> BaseException:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is not None
    return result.exception


def good(_: Asked) -> Say:
    return Say(json.dumps(ANSWER))


def wish(asked: Asked) -> str:
    """What a request asks for, the word about an earlier answer left out."""
    return asked.content.split("Industry: ")[1].split("\n\n")[0]


def test_tables_are_written_in_the_form_of_the_teacher_set(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    with serving(good, models("large")) as served:
        options = ("--out", str(out), "--count", "5", "--teacher", served.url)
        figures = json.loads(command(*options, "--json"))
    assert figures == {
        "there_before": 0,
        "tables": 5,
        "columns": 15,
        "asked_again": 0,
        "dropped": 0,
        "bad_answers": {},
        "from_workspace": 0,
        "workspace_texts_left_out": {},
    }
    found = list(read(out))
    assert sorted(each.id for each in found) == [f"g1-{n}" for n in range(5)]
    assert {each.facets["teacher"] for each in found} == {"large"}
    assert len({each.facets["industry"] for each in found}) > 1


def test_only_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    with serving(good) as served:
        options = ("--out", str(out), "--teacher", served.url, "--json")
        command(*options, "--count", "3")
        before = out.read_text()
        out.write_text(before + '{"id": "g1-3", "tab')
        figures = json.loads(command(*options, "--count", "6"))
        assert (figures["there_before"], figures["tables"]) == (3, 3)
        assert out.read_text().startswith(before)
        assert len({wish(asked) for asked in served.asked}) == 6
        again = json.loads(command(*options, "--count", "6"))
        assert (again["there_before"], again["tables"]) == (6, 0)
        other = json.loads(command(*options, "--count", "2", "--seed", "2"))
        assert (other["there_before"], other["tables"]) == (6, 2)
        assert len(served.asked) == 8
    assert len({each.id for each in read(out)}) == 8


def test_bad_answers_are_counted_and_asked_once_more(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    numbers = itertools.count()

    def script(asked: Asked) -> Say:
        if "An earlier answer" in asked.content:
            return Say("Sorry." if next(numbers) == 0 else json.dumps(ANSWER))
        return Say(json.dumps(ANSWER).replace("picked.", "picked"))

    with serving(script) as served:
        options = ("--out", str(out), "--count", "4", "--teacher", served.url)
        figures = json.loads(command(*options, "--json"))
        shown = command(*options)
    assert figures["tables"] == 3
    assert (figures["asked_again"], figures["dropped"]) == (4, 1)
    assert figures["bad_answers"] == {"no full stop": 4, "no JSON": 1}
    assert re.search(r"there before: +3\n", shown)
    assert re.search(r"bad answers: +no full stop 1\n", shown)


def killed(
    tmp_path: Path, end: Callable[[subprocess.Popen[str]], None]
) -> tuple[int, list[str], list[Asked], Path]:
    """A run that is ended after its first tables, then given again to its end."""
    out = tmp_path / "a.jsonl"

    def slow(asked: Asked) -> Say:
        time.sleep(0.1)
        return good(asked)

    with serving(slow) as served:
        options = ["--out", str(out), "--count", "40", "--teacher", served.url]
        run = [*COLUMNIST, "train", "data", *options]
        running = subprocess.Popen(run, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not (out.exists() and out.stat().st_size > 2000):
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.01)
        end(running)
        running.communicate(timeout=60)
        half = [each.id for each in read(out)] if out.exists() else []
        command(*options)
        return running.returncode, half, served.asked, out


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_ended_run_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    code, half, asked, out = killed(tmp_path, lambda run: run.send_signal(number))
    assert code == (-9 if number is signal.SIGKILL else ExitCode.INTERRUPTED)
    assert 0 < len(half) < 40
    ids = [each.id for each in read(out)]
    assert ids[: len(half)] == half
    assert sorted(ids) == sorted(f"g1-{n}" for n in range(40))
    assert len(asked) <= 40 + 16  # what was in flight is asked for again


def test_failing_endpoint_keeps_what_was_written(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    numbers = itertools.count()
    with serving(lambda a: good(a) if next(numbers) < 3 else Say(status=401)) as served:
        options = ("--out", str(out), "--count", "9", "--teacher", served.url)
        error = failing("train", "data", *options)
    assert isinstance(error, ColumnistError)
    assert "COLUMNIST_API_KEY" in error.hint
    assert 1 <= len(list(read(out))) <= 3


@pytest.mark.gguf
def test_local_model_is_asked_too(tmp_path: Path) -> None:
    """A tiny random one, of which each byte is a token, invents nothing."""
    teacher = tiny_gguf.write(tmp_path / "tiny.gguf", template=tiny_gguf.CHAT)
    out = tmp_path / "a.jsonl"
    options = ("--out", str(out), "--count", "1", "--teacher", str(teacher), "--json")
    for cells, fault in (
        ("4096", "longer than the model's context"),
        ("8192", "no JSON"),
    ):
        given = ("--engine", f"cells={cells}", "train", "data", *options)
        figures = json.loads(CliRunner().invoke(app, given).stdout)
        assert figures["bad_answers"] == {fault: 2}
        assert (figures["asked_again"], figures["dropped"]) == (1, 1)
    assert not out.exists()


def test_key_is_sent_and_stored_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNIST_API_KEY", "s3cret-key")
    out = tmp_path / "a.jsonl"
    with serving(good) as served:
        command("--out", str(out), "--count", "1", "--teacher", f"{served.url}#m")
        (asked,) = served.asked
    assert asked.headers["Authorization"] == "Bearer s3cret-key"
    assert asked.body["model"] == "m"
    assert "s3cret" not in out.read_text()


def test_offline_asks_nobody(tmp_path: Path) -> None:
    out = str(tmp_path / "a.jsonl")
    with serving(good) as served:
        options = ("--out", out, "--teacher", served.url)
        error = failing("--offline", "train", "data", *options)
        assert isinstance(error, RefusedError)
        assert not served.heard


def test_wrong_usage_writes_nothing(tmp_path: Path) -> None:
    out, none = str(tmp_path / "a.jsonl"), str(tmp_path / "none.db")
    url = "http://127.0.0.1:9/v1"
    for arguments in (
        ("train", "data", "--out", out),
        ("train", "data", "--out", out, "--count", "0"),
        ("train", "data", "--out", out + ".xz", "--teacher", url),
        ("train", "data", "--out", out, "--teacher", str(tmp_path / "none.gguf")),
        (
            *("--workspace", none, "train", "data", "--out", out),
            *("--count", "0", "--from-workspace"),
        ),
    ):
        error: Any = failing(*arguments)
        assert isinstance(error, UsageError), (arguments, error)
    assert list(tmp_path.iterdir()) == []
