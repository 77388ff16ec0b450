"""A model elsewhere in the commands and in the app, on servers that follow a script."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.errors import ColumnistError, ExitCode
from catalog.suggestion import Source, Suggestion
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import identify
from model.exchange import Patience
from tests.model.scripted import TEXT, Asked, Say, models, serving
from tests.tui.test_pilot import opened, settled, to_orders, until
from tui.app.app import ColumnistApp
from tui.app.widgets.status_line import StatusLine
from tui.cli import app
from tui.flow.settings import Settings

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COLUMNIST, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def url(shop: Path) -> str:
    return f"duckdb:///{shop}"


@pytest.fixture
def drafts(settings: Settings, url: str) -> Callable[[], list[Suggestion]]:
    """What the workspace has of the shop."""
    identity = identify(url)

    def read() -> list[Suggestion]:
        with Workspace(settings.workspace) as workspace:
            number = workspace.database(identity, url=url)
            return list(Suggestions(workspace, number).all())

    return read


# The commands


def test_the_demo_is_drafted_by_a_model_elsewhere() -> None:
    demo = run("demo", "--path").stdout.strip()
    numbers = itertools.count()

    def script(asked: Asked) -> Say:
        number = next(numbers)
        return Say(f"Stage that {'abcdefghij'[number % 10] * 5} has reached.")

    with serving(script, models("qwen2.5")) as served:
        options = ["--model", served.url]
        done = run(*options, "draft", demo, "--schema", "sales", "--json")
        assert done.returncode == 0, done.stderr
        name = f"qwen2.5 at {served.place}"
        found = json.loads(done.stdout)
        asked = len(served.asked)
        assert len({each.connection for each in served.asked}) > 1
    assert found["model"] == name
    assert found["drafted"] > 50
    assert found["prompt_tokens"] == 100 * asked
    assert found["generated_tokens"] == 12 * asked
    assert found["drafted"] + found["abstained"] == asked
    assert found["joules"] is None  # the server's, whatever this machine tells
    (took,) = json.loads(run("metrics", "--json").stdout)["drafting"]
    assert (took["model"], took["joules"]) == (name, None)
    assert took["prompt_tokens"] == found["prompt_tokens"]
    assert (
        f"sends names, types, comments and sampled codes and ranges to {served.place}."
        in done.stderr
    )
    lines = run("suggestions", demo, "--jsonl").stdout.splitlines()
    suggested = [json.loads(line) for line in lines]
    written = [each for each in suggested if each["source"] == "model"]
    assert len(written) > 20
    assert {each["model"] for each in written} == {name}
    assert all(0.1 < each["confidence"] < 0.5 for each in written)


def test_samples_stay_here_where_that_is_asked_for(url: str) -> None:
    with serving() as served:
        done = run("--model", served.url, "draft", url, "--no-samples")
        assert "sends names, types, comments to" in done.stderr
        assert not any("codes:" in asked.content for asked in served.asked)
        run("--model", served.url, "draft", url, "--redo")
        told = [a for a in served.asked if "codes: open, paid, shipped" in a.content]
        assert told


def test_when_the_server_gives_up_the_finished_drafts_are_kept(
    url: str,
    drafts: Callable[[], list[Suggestion]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = Patience(tries=3, first_wait=0.001)
    monkeypatch.setattr("model.exchange.PATIENCE", quick)
    monkeypatch.setattr("model.remote.REQUESTS", 1)
    down = True
    answered: list[str] = []

    def script(asked: Asked) -> Say:
        if down and len(answered) >= 7:
            return Say(status=502, data=b"bad gateway")
        answered.append(asked.content)
        return Say()

    with serving(script) as served:
        arguments = ["--model", served.url, "draft", url]
        failed = CliRunner().invoke(app, arguments)
        error = failed.exception
        assert isinstance(error, ColumnistError)
        assert error.exit_code is ExitCode.FAILED
        assert "answered 502: bad gateway; it was asked 3 times" in error.message
        assert "saved" in error.hint
        kept = {each.target for each in drafts()}
        assert len(kept) >= 7
        down = False
        before = len(answered)
        assert CliRunner().invoke(app, arguments).exception is None
        assert len(drafts()) == 20
        assert len(answered) - before <= 20 - 7


def test_an_error_is_two_lines_and_exit_code_1(url: str) -> None:
    with serving(listed=Say(status=401, data=b"who\nare you")) as served:
        done = run("--model", served.url, "draft", url)
    assert done.returncode == 1
    told = done.stderr.splitlines()[-2:]
    assert told[0] == f"columnist: {served.place} answered 401: who are you"
    assert "COLUMNIST_API_KEY" in told[1]


def test_ctrl_c_ends_it_while_the_server_hangs(
    url: str, drafts: Callable[[], list[Suggestion]]
) -> None:
    answered = itertools.count()

    def script(asked: Asked) -> Say:
        return Say(hang=next(answered) >= 3)

    with serving(script) as served:
        process = subprocess.Popen(
            [*COLUMNIST, "--model", served.url, "draft", url],
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 60
        while len(served.asked) < 3 + 8 and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert len(drafts()) >= 3


def test_what_goes_with_files_only_is_wrong_usage(url: str, tmp_path: Path) -> None:
    with serving(listed=models("a", "b")) as served:
        several = run("--model", served.url, "draft", url)
        assert several.returncode == 2
        assert "has 2 models: a, b" in several.stderr
        heard = len(served.heard)
        adapter = tmp_path / "a.gguf"
        adapter.write_bytes(b"GGUF")
        for arguments in (
            ["--model", served.url, "--adapter", str(adapter), "draft", url],
            ["models", "verify", served.url],
            ["models", "show", served.url],
            ["models", "pack", served.url, "-o", str(tmp_path / "m.tar")],
        ):
            done = run(*arguments)
            assert done.returncode == 2, done.stderr
            assert "URL" in done.stderr
        assert len(served.heard) == heard
    named = run("--model", "http://u:pw@gpu/v1", "draft", url)
    assert named.returncode == 2
    assert "pw" not in named.stderr


def test_the_key_comes_from_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNIST_API_KEY", "s3cret")
    with serving() as served:
        assert run("--model", served.url, "draft", url).returncode == 0
        assert {a.headers["Authorization"] for a in served.heard} == {"Bearer s3cret"}
    far = run("--model", "http://gpu.example:8080/v1", "draft", url)
    assert far.returncode == 2
    assert "readable" in far.stderr
    assert "s3cret" not in far.stderr


@pytest.mark.parametrize("command", ["draft", "open"])
def test_offline_refuses_a_model_elsewhere_and_asks_nothing(
    url: str, command: str, settings: Settings
) -> None:
    with serving() as served:
        done = run("--offline", "--model", served.url, command, url)
        assert served.heard == []
    assert done.returncode == 3
    assert "--offline refused the model at 127.0.0.1" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not settings.workspace.exists()


def test_the_hook_of_offline_holds_in_the_threads_that_ask() -> None:
    """Were the refusal above forgotten, nothing would get out all the same."""
    code = """
        import sys
        from catalog.errors import RefusedError
        from model.prompt import Prompt
        from model.remote import RemoteEngine, RemoteModel
        from tui.flow import offline
        offline.refuse_sockets()
        offline.allow("127.0.0.2")
        engine = RemoteEngine(RemoteModel.at(sys.argv[1] + "#told"))
        for ready in (False, True):
            try:
                engine._started = ready
                list(engine.generate([Prompt("head", ("a", "b"), 9)]))
            except RefusedError as error:
                print(error.message)
    """
    with serving() as served:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), served.url],
            capture_output=True,
            text=True,
            check=True,
        )
        assert served.heard == []
    assert done.stdout.count("--offline refused") == 2


def test_doctor_says_what_is_elsewhere_and_whether_it_answers() -> None:
    def check(*options: str) -> tuple[int, dict[str, Any]]:
        done = run(*options, "doctor", "--json")
        checks = {each["name"]: each for each in json.loads(done.stdout)}
        return done.returncode, checks["model"]

    with serving(listed=models("qwen")) as served:
        code, model = check("--model", served.url)
        assert model["ok"]
        assert f"qwen at {served.place} (remote): reachable" in model["detail"]
        assert "at most 8 requests at once" in model["detail"]
        heard = len(served.heard)
        code, model = check("--offline", "--model", served.url)
        assert code == 3
        assert "--offline refused" in model["detail"]
        assert len(served.heard) == heard
    code, model = check("--model", served.url)
    assert code == 3
    assert not model["ok"]
    assert f"{served.place} (remote): {served.place} gave no answer" in model["detail"]


# The app


def shown(app: ColumnistApp) -> str:
    return app.screen.query_one(StatusLine).render().plain


@pytest.mark.parametrize("width", [80, 120])
async def test_the_screen_always_names_the_model_elsewhere(
    settings: Settings, shop: Path, width: int
) -> None:
    gate = threading.Event()

    def script(asked: Asked) -> Say:
        gate.wait(30)
        return Say()

    with serving(script, models("Qwen/Qwen2.5-7B-Instruct-AWQ")) as served:
        elsewhere = replace(settings, model=served.url)
        name = f"Qwen/Qwen2.5-7B-Instruc… at {served.place} (remote)"
        async with opened(elsewhere, shop, size=(width, 30)) as (app, pilot):
            # Nothing was sent, and it is named already.
            assert served.heard == []
            assert f"{served.place} (remote)" in shown(app)
            await pilot.press("D", "y")
            await until(pilot, lambda: len(served.asked) >= 8)
            await until(pilot, lambda: f"{name} · Drafting" in shown(app))
            assert max(map(len, shown(app).split("\n"))) <= width, shown(app)
            gate.set()
            await settled(app, pilot)
            await until(pilot, lambda: "Drafting" not in shown(app))
            assert name in shown(app)
            await to_orders(app, pilot)
            await until(pilot, lambda: name in shown(app))


async def test_a_model_here_is_not_called_remote(
    settings: Settings, shop: Path
) -> None:
    async with opened(settings, shop) as (app, _):
        assert "remote" not in shown(app)


async def test_other_wordings_come_from_the_model_elsewhere(
    settings: Settings, shop: Path
) -> None:
    def script(asked: Asked) -> Say:
        if "temperature" in asked.body and asked.body["temperature"] > 0:
            return Say(f"Step number {asked.body['seed']} on the way to the buyer.")
        return Say()

    with serving(script) as served:
        elsewhere = replace(settings, model=served.url, seed=0)
        async with opened(elsewhere, shop, size=(120, 50)) as (app, pilot):
            screen = await to_orders(app, pilot)
            await settled(app, pilot)
            await pilot.press("j", "j", "j", "j", "j", "t")
            await settled(app, pilot)
            (found,) = screen._alternatives.values()
            assert TEXT in [each.text for each in found]
            seeds = {asked.body.get("seed") for asked in served.asked}
            assert seeds >= {1, 2, 3, 4, 5}


async def test_a_server_that_is_away_is_an_error_and_not_drafts_by_rules(
    settings: Settings, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be in the way once it is back."""
    monkeypatch.setattr("model.exchange.PATIENCE", Patience(tries=2, first_wait=0.001))
    down = True

    def listed(asked: Asked) -> Say:
        return Say(status=503, data=b"loading") if down else models("told")

    with serving(listed=listed) as served:
        elsewhere = replace(settings, model=served.url)
        async with opened(elsewhere, shop) as (app, pilot):
            assert app.session is not None
            await pilot.press("D", "y")
            await settled(app, pilot)
            told = [str(each.message) for each in app._notifications]
            assert any("answered 503: loading" in each for each in told), told
            assert list(app.session.suggestions.all()) == []
            assert app.drafting is not None
            assert app.drafting.model_line == f"{served.place} (remote)"
            down = False
            await pilot.press("D", "y")
            await settled(app, pilot)
            found = list(app.session.suggestions.all())
            assert len(found) == 20
            assert Source.MODEL in {each.draft.source for each in found}
