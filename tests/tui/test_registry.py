"""Models and runs on a real MLflow server, and what is no such server.

`COLUMNIST_TEST_MLFLOW` names the program `mlflow` in an environment of its own; the
client, mlflow-skinny, is in ours. The server has a SQLite store, and sends the files on
its disk itself.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from threading import Thread
from typing import Any

import pytest

from catalog.errors import ColumnistError, ExitCode, RefusedError, UsageError
from model.library import Library, ModelFile, verify
from model.pack import check, pack
from model.registry import TAR, Registry
from model.signature import Signers
from tests.model.test_pack import keys
from tests.servers import unavailable
from tui.cli import app

Call = Callable[..., str]
CASES = int(os.environ.get("COLUMNIST_TEST_CASES", "200")) // 5
LOADED = 1 << 25
"""Bytes that no buffer between a server and us holds."""


class Mlflow:
    """A server's program on a folder of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{port}"
        self.files = folder / "files"
        # Nothing of ours, such as a module called `model`, may reach its Python.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        environment |= {
            "HOME": str(folder),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        self._log = folder / "server.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(program, "server", "--host", "127.0.0.1", "--port", str(port)),
                    *("--backend-store-uri", f"sqlite:///{folder}/store.db"),
                    *("--artifacts-destination", str(self.files), "--workers", "1"),
                ],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        ends = time.monotonic() + 150  # it makes its tables; 5 s on an idle core
        while self._process.poll() is None and time.monotonic() < ends:
            with (
                suppress(OSError),
                urllib.request.urlopen(f"{self.uri}/health", timeout=5),
            ):
                return
            time.sleep(0.1)
        self.kill()
        pytest.fail(self._log.read_text(errors="replace")[-2000:])

    def tar(self) -> Path:
        """The file that was sent last."""
        found = self.files.rglob("model.tar")
        return max(found, key=lambda path: path.stat().st_mtime_ns)

    def kill(self) -> None:
        """At once, with its children."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    program = os.environ.get("COLUMNIST_TEST_MLFLOW")
    if not program:
        unavailable("COLUMNIST_TEST_MLFLOW names no program mlflow")
    pytest.importorskip("mlflow")
    started = Mlflow(program, tmp_path_factory.mktemp("mlflow"))
    yield started
    started.kill()


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def registry(server: Mlflow) -> Registry:
    return Registry(server.uri)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command in this process; what it printed."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        app([str(each) for each in arguments], standalone_mode=False)
        return "".join(capsys.readouterr())

    return run


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name on the server that no other test has."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[-60:].strip(
        "-"
    )


def made(folder: Path, name: str, *, size: int = 3000, seed: int = 1) -> ModelFile:
    """A model that was added, with scores, lineage and a card."""
    home = folder / f"{name}-{seed}"
    home.mkdir()
    file = home / f"{name}.gguf"
    file.write_bytes(b"GGUF" + random.Random(seed).randbytes(size))
    (home / "CARD.md").write_text("# Mine\n", encoding="utf-8")
    manifest = {
        "name": name,
        "file": file.name,
        "sha256": "0" * 64,
        "format": "compact",
        "scores": {"columns": {"accept": 0.71, "by model": {"ü": 0.5}}},
        "base": {"name": "small", "file": "small.gguf", "sha256": "a" * 64},
        "lineage": [
            {
                "run": "late",
                "settings": {"rank": 32, "data": ["mine.jsonl"], "start": None},
                "data": [
                    {"name": "mine.jsonl", "sha256": "b" * 64},
                    {"name": "mine.jsonl", "sha256": "b" * 64},
                ],
            }
        ],
    }
    (home / f"{name}.json").write_text(json.dumps(manifest), encoding="utf-8")
    library = Library(folder / f"known-{seed}")
    library.add(file)
    return library.find(name)


def other(tmp_path: Path) -> Library:
    """Another machine's."""
    return Library(tmp_path / "other")


def assert_nothing_in(library: Library) -> None:
    assert not library.folder.exists() or not list(library.folder.iterdir())


def test_a_model_is_registered_promoted_and_fetched_elsewhere(
    call: Call, server: Mlflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the commands of docs/training.md."""
    monkeypatch.setenv("COLUMNIST_REGISTRY", server.uri)
    mine = made(tmp_path, "mine")
    key = keys(tmp_path, "ann")
    call("models", "add", mine.path)
    push = ("models", "push", "mine", "--alias", "candidate", "--sign", key)
    assert "Registered mine version 1" in call(*push)
    assert "Nothing to send: this is mine version 1" in call(*push)
    call("models", "add", made(tmp_path, "new", seed=2).path)
    assert "mine version 2" in call("models", "push", "new", "--name", "mine")
    told = call("models", "promote", "mine", "1")
    assert "mine@champion is version 1 now." in told
    listed = json.loads(call("models", "versions", "mine", "--json"))
    assert [each["version"] for each in listed] == [2, 1]
    assert listed[1]["aliases"] == ["candidate", "champion"]
    assert listed[1]["sha256"] == mine.sha256
    assert str(mine.sha256)[:12] in call("models", "versions")

    elsewhere = ("--workspace", tmp_path / "elsewhere" / "workspace.db", "models")
    signers = ("--signers", tmp_path / "ann.signers", "--identity", "ann@here")
    told = call(*elsewhere, "pull", "mine", *signers)
    assert "Added mine, mine version 1" in told
    (found,) = json.loads(call(*elsewhere, "list", "--json"))[1:]
    assert Path(found["file"]).read_bytes() == mine.path.read_bytes()
    assert "as its manifest says" in call(*elsewhere, "verify", "mine")
    assert "Nothing to do" in call(*elsewhere, "pull", "mine@candidate")
    told = call(*elsewhere, "pull", "mine:2", "--name", "second")
    assert "Added second, mine version 2" in told
    # The same weights, calibrated anew, are another version, and no other model's name.
    again = json.loads(mine.path.with_suffix(".json").read_text())
    again["format"] = "long"
    call("models", "remove", "mine", "--yes")
    mine.path.with_suffix(".json").write_text(json.dumps(again))
    call("models", "add", mine.path)
    assert "Registered mine version 3" in call("models", "push", "mine")
    with pytest.raises(UsageError, match="has the weights of mine here"):
        call(*elsewhere, "pull", "mine:3")
    told = call(*elsewhere, "pull", "mine:3", "--name", "third")
    assert "Added third, mine version 3" in told
    assert "third here" in call(*elsewhere, "pull", "mine:3")
    # Where it changed meanwhile, that is said, as by `models verify`.
    Path(found["file"]).write_bytes(b"GGUF changed")
    with pytest.raises(RefusedError, match="not the file"):
        call(*elsewhere, "pull", "mine@candidate")


def test_scores_and_lineage_are_on_the_server(
    registry: Registry, server: Mlflow, name: str, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    model = made(tmp_path, name)
    version = registry.register(model, alias="champion")
    client = MlflowClient(server.uri, server.uri)
    told = client.get_model_version_by_alias(name, "champion")
    run = client.get_run(told.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"columns.accept": 0.71, "columns.by model.ü": 0.5}
    assert run.data.params == {"rank": "32", "data": "['mine.jsonl']"}
    for tags in (told.tags, run.data.tags):
        assert tags["columnist.sha256"] == model.sha256
        assert tags["columnist.data"] == f"{'b' * 64}  mine.jsonl"
        assert tags["columnist.base"] == f"{'a' * 64}  small.gguf"
    assert told.tags[TAR] == version.tar


@pytest.mark.parametrize(
    "told",
    [
        {"lineage": "no list", "scores": [1], "base": "x", "adapter": 5},
        {"lineage": [5], "scores": {"a": 10**400, "b": True}},
        {"lineage": [{"settings": 5, "data": 5}], "scores": {"../x": 1, "..": 2}},
        {"lineage": [{"settings": {"x/y": 1, "x:y": "z" * 9999}, "data": [5]}]},
        {"lineage": [{"settings": {f"s{n}": n for n in range(300)}}]},
        {"scores": {f"s{n}": n for n in range(3000)}, "lineage": {}},
    ],
)
def test_a_manifest_in_another_form_is_registered_too(
    told: dict[str, Any], registry: Registry, name: str, tmp_path: Path
) -> None:
    model = made(tmp_path, name)
    model = replace(model, manifest=model.manifest | told)
    version = registry.register(model)
    assert registry.pull(version, other(tmp_path)).sha256 == model.sha256


def test_what_was_registered_is_a_packed_model_to_others_too(
    registry: Registry,
    server: Mlflow,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MLflow's own client finds by alias what `models verify` takes."""
    import mlflow

    model = made(tmp_path, name)
    registry.register(model, alias="champion")
    (tmp_path / "came").mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    folder = mlflow.artifacts.download_artifacts(
        f"models:/{name}@champion", dst_path=str(tmp_path / "came")
    )
    assert check(Path(folder) / "model.tar")["sha256"] == model.sha256
    pack(model, tmp_path / "packed.tar")
    sent = (Path(folder) / "model.tar").read_bytes()
    assert sent == (tmp_path / "packed.tar").read_bytes()


def test_an_alias_that_moves_meanwhile_changes_nothing(
    registry: Registry, name: str, tmp_path: Path
) -> None:
    first = made(tmp_path, name)
    second = made(tmp_path, name, seed=2)
    registry.register(first, alias="champion")
    meant = registry.resolve(name)
    before = registry.promote(name, registry.register(second).number, "champion")
    assert str(before) == f"{name} version 1"
    assert registry.pull(meant, other(tmp_path)).sha256 == first.sha256
    assert registry.resolve(name).sha256 == second.sha256


def in_the_weights(data: bytes) -> bytes:
    return data[:-12000] + bytes([data[-12000] ^ 1]) + data[-11999:]


def in_the_manifest(data: bytes) -> bytes:
    return data.replace(b'"accept": 0.71', b'"accept": 0.99')


def cut(data: bytes) -> bytes:
    return data[:-20000]


def longer(data: bytes) -> bytes:
    return data + bytes(512)


@pytest.mark.parametrize("change", [in_the_weights, in_the_manifest, cut, longer])
def test_a_changed_byte_is_refused(
    change: Callable[[bytes], bytes],
    registry: Registry,
    server: Mlflow,
    name: str,
    tmp_path: Path,
) -> None:
    registry.register(made(tmp_path, name, size=30_000), alias="champion")
    tar = server.tar()
    before = tar.read_bytes()
    tar.write_bytes(change(before))
    assert tar.read_bytes() != before
    version = registry.resolve(name)
    with pytest.raises(RefusedError, match=r"version 1 at 127.* is refused") as caught:
        registry.pull(version, other(tmp_path))
    assert "\n" not in caught.value.message
    assert_nothing_in(other(tmp_path))
    tar.write_bytes(before)
    verify(registry.pull(version, other(tmp_path)))


def test_every_changed_byte_is_refused(
    registry: Registry, server: Mlflow, name: str, tmp_path: Path
) -> None:
    """One byte, anywhere in headers, digests, manifest, card, weights or padding."""
    registry.register(made(tmp_path, name), alias="champion")
    version = registry.resolve(name)
    tar = server.tar()
    before = tar.read_bytes()
    chance = random.Random(7)
    for _ in range(CASES):
        place = chance.randrange(len(before))
        change = bytes([before[place] ^ chance.randrange(1, 256)])
        tar.write_bytes(before[:place] + change + before[place + 1 :])
        with pytest.raises(RefusedError, match="is refused"):
            registry.pull(version, other(tmp_path))
        assert_nothing_in(other(tmp_path))
    tar.write_bytes(before)
    verify(registry.pull(version, other(tmp_path)))


def test_who_has_the_server_cannot_sign(
    registry: Registry, server: Mlflow, name: str, tmp_path: Path
) -> None:
    """Another model with digests and tags to match: nothing but a signature tells."""
    from mlflow import MlflowClient

    keys(tmp_path, "ann")
    registry.register(made(tmp_path, name), key=tmp_path / "ann")
    evil = made(tmp_path, name, seed=2)
    pack(evil, server.tar())
    client = MlflowClient(server.uri, server.uri)
    version = registry.resolve(f"{name}:1")
    with pytest.raises(RefusedError, match="not the file that was registered"):
        registry.pull(version, other(tmp_path))
    registry.register(evil, name=f"{name}-evil")
    follows = registry.resolve(f"{name}-evil:1")
    assert follows.tar is not None
    client.set_model_version_tag(name, "1", TAR, follows.tar)
    version = registry.resolve(f"{name}:1")
    # The tag of the weights was forgotten.
    with pytest.raises(RefusedError, match="it is another model"):
        registry.pull(version, other(tmp_path))
    assert_nothing_in(other(tmp_path))
    signers = Signers(tmp_path / "ann.signers", "ann@here")
    with pytest.raises(RefusedError, match="not signed"):
        registry.pull(version, other(tmp_path), signers=signers)
    assert_nothing_in(other(tmp_path))


def test_another_model_of_that_name_here_stays(
    registry: Registry, name: str, tmp_path: Path
) -> None:
    registry.register(made(tmp_path, name), alias="champion")
    standing = made(tmp_path, name, seed=2)
    here = Library(tmp_path / "known-2")
    version = registry.resolve(name)
    with pytest.raises(UsageError, match="already"):
        registry.pull(version, here)
    verify(standing)
    assert registry.pull(version, here, name="next").name == "next"


def test_what_others_registered_is_not_taken(
    registry: Registry, server: Mlflow, name: str, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(server.uri, server.uri)
    client.create_registered_model(name)
    with registry.run("others", name, {}) as run:
        client.create_model_version(name, f"{run.place}/m", run.id)
    with pytest.raises(RefusedError, match="no digest was registered"):
        registry.pull(registry.resolve(f"{name}:1"), other(tmp_path))
    assert_nothing_in(other(tmp_path))


def test_a_stop_while_sending_leaves_no_version(
    registry: Registry, server: Mlflow, name: str, tmp_path: Path
) -> None:
    model = made(tmp_path, name, size=LOADED)
    sent = 0

    def stop(size: int) -> None:
        nonlocal sent
        sent += size
        if sent > 2.5 * LOADED:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry.register(model, advance=stop)
    with pytest.raises(UsageError, match="no model"):
        registry.versions(name)
    assert registry.register(model, alias="champion").number == "1"
    verify(registry.pull(registry.resolve(name), other(tmp_path)))


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("nothing-there", "no nothing-there@champion at 127"),
        ("nothing-there:3", "no version 3 of nothing-there at 127"),
        ("../../etc/passwd", "cannot be called"),
        ("a/b@champion", "cannot be called"),
        ("a@b@c", "cannot be an alias"),
        ("a:latest", "is no version"),
        ("a' OR '1'='1", "cannot be called"),
        ("", "cannot be called"),
    ],
)
def test_unknown_names_are_said(reference: str, said: str, registry: Registry) -> None:
    with pytest.raises(UsageError, match=said):
        registry.resolve(reference)


def test_a_model_without_a_manifest_or_with_another_file_is_not_sent(
    registry: Registry, name: str, tmp_path: Path
) -> None:
    model = made(tmp_path, name)
    model.path.write_bytes(b"GGUF changed")
    with pytest.raises(RefusedError, match="not the file"):
        registry.register(model)
    with pytest.raises(UsageError, match="no model"):
        registry.versions(name)


@pytest.mark.gguf
def test_a_training_is_logged_where_models_are(
    call: Call, server: Mlflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("torch", "gguf", "transformers", "peft"):
        pytest.importorskip(package)
    from mlflow import MlflowClient

    from model.library import digest
    from tests.model.training import tiny_huggingface

    base = tiny_huggingface.write(tmp_path / "base")
    data = tiny_huggingface.corpus(tmp_path / "data.jsonl")
    options: tuple[object, ...] = ("--steps", 2, "--tokens", 200, "--threads", 1)
    options = (*options, "--mlflow", "trying")
    run = ("--data", data, "--out", tmp_path / "run")
    with pytest.raises(UsageError, match="No registry"):
        call("train", "finetune", base, *run, *options)
    options = (*options, "--registry", server.uri)
    told = call("train", "finetune", base, *run, *options)
    assert f"Wrote {tmp_path / 'run' / 'adapter'}" in told
    assert server.uri not in told
    client = MlflowClient(server.uri)
    experiment = client.get_experiment_by_name("trying")
    assert experiment is not None
    [found] = client.search_runs([experiment.experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.params["rank"] == "32"
    assert found.data.metrics["step"] == 2
    assert found.data.metrics["loss"] > 0
    assert found.data.tags["columnist.data"] == f"{digest(data)}  data.jsonl"


# What needs no server


def test_without_the_package_the_extra_is_named(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UsageError, match="package mlflow") as caught:
        call("models", "versions", "--registry", "http://127.0.0.1:9")
    assert "columnist[mlflow]" in caught.value.hint


@pytest.mark.parametrize(
    "command",
    [
        ("models", "push", "mine"),
        ("models", "pull", "mine"),
        ("models", "promote", "mine", "1"),
        ("models", "versions"),
    ],
)
def test_a_registry_has_to_be_named_and_is_never_asked_offline(
    command: tuple[str, ...], call: Call
) -> None:
    with pytest.raises(UsageError, match="No registry"):
        call(*command)
    with pytest.raises(RefusedError, match="--offline refused the registry"):
        call("--offline", *command, "--registry", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    "uri",
    [
        "http://ann:hush@127.0.0.1:9",
        "sqlite:///x.db",
        "databricks",
        "file:///",
        "x",
        "",
    ],
)
def test_only_a_server_is_a_registry(uri: str) -> None:
    with pytest.raises(UsageError) as caught:
        Registry(uri)
    assert "hush" not in caught.value.message + caught.value.hint


def test_a_password_does_not_go_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hush")
    with pytest.raises(UsageError, match="readable"):
        Registry("http://registry.example.com")
    Registry("https://registry.example.com")
    Registry("http://127.0.0.1:9")


class Foreign(BaseHTTPRequestHandler):
    """Says to everything what `answer` is."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, body = self.server.answer  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_PATCH = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def foreign() -> Iterator[Any]:
    pytest.importorskip("mlflow")
    with ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as server:
        server.asked = []  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def at(server: Any, status: int, headers: dict[str, str], body: bytes) -> Registry:
    server.answer = status, headers, body
    return Registry(f"http://127.0.0.1:{server.server_address[1]}")


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {}, b"<html>hello", "not answer as an MLflow server"),
        (200, {}, b"[]", "not answer as an MLflow server"),
        (200, {}, b'{"model_version": 5}', "not answer as an MLflow server"),
        (200, {}, b'{"model_version": {"version": "../1"}}', "as an MLflow server"),
        (200, {}, b"", "not answer as an MLflow server"),
        (200, {}, b'{"model_version":' * 100_000, "not answer as an MLflow server"),
        (302, {"Location": "http://127.0.0.1:9/"}, b"", "as an MLflow server"),
        (401, {}, b"who?", "refuses who asks"),
        (403, {}, b'{"error_code": "PERMISSION_DENIED"}', "refuses who asks"),
        (500, {}, b"oh", "errors of its own"),
        (404, {}, b"nothing here", "not answer as an MLflow server"),
    ],
)
def test_foreign_answers_are_said_in_a_line(
    status: int, headers: dict[str, str], body: bytes, said: str, foreign: Any
) -> None:
    with pytest.raises(ColumnistError, match=said) as caught:
        at(foreign, status, headers, body).resolve("mine@champion")
    assert "\n" not in caught.value.message + caught.value.hint


def test_a_server_that_always_has_another_page_is_not_followed(foreign: Any) -> None:
    registry = at(foreign, 200, {}, b'{"next_page_token": "more"}')
    assert registry.versions() == []
    assert len(foreign.asked) == 2  # models, and their versions


def test_over_tls_a_certificate_has_to_be_vouched_for(
    foreign: Any, certificate: Path, tls: SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign.socket = tls.wrap_socket(foreign.socket, server_side=True)
    foreign.answer = 401, {}, b""
    uri = f"https://127.0.0.1:{foreign.server_address[1]}"
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hush")
    with pytest.raises(ColumnistError, match="no safe connection"):
        Registry(uri).resolve("mine")
    assert not foreign.asked
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
    with pytest.raises(ColumnistError, match="refuses who asks"):
        Registry(uri).resolve("mine")
    assert foreign.asked


def test_a_server_that_repeats_the_password_is_not_repeated(
    foreign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hush-hush")
    body = b'{"error_code": "BAD_REQUEST", "message": "no hush-hush\\nhere"}'
    with pytest.raises(ColumnistError, match="says: BAD_REQUEST: no … here") as caught:
        at(foreign, 400, {}, body).resolve("mine@champion")
    assert caught.value.exit_code is ExitCode.FAILED


@pytest.mark.parametrize(
    "place",
    [
        "file:///etc",
        "/etc",
        "mlflow-artifacts:/../../etc",
        "mlflow-artifacts:/1/../../../2.0/mlflow/users",
        "mlflow-artifacts://elsewhere.example.com/1",
        "mlflow-artifacts:/1?x=y",
        "mlflow-artifacts:/%2e%2e/x",
        "s3://bucket/model",
        "http://127.0.0.1:9/model",
        "models:/m-1",
    ],
)
def test_files_elsewhere_are_not_taken(
    place: str, foreign: Any, tmp_path: Path
) -> None:
    names = (TAR, "columnist.sha256")
    tags = [{"key": name, "value": "a" * 64} for name in names]
    told = {"name": "mine", "version": "1", "source": place, "tags": tags}
    body = json.dumps({"model_version": told}).encode()
    registry = at(foreign, 200, {}, body)
    version = registry.resolve("mine")
    foreign.asked.clear()
    with pytest.raises(RefusedError, match="keeps its files elsewhere"):
        registry.pull(version, other(tmp_path))
    assert not foreign.asked
    assert_nothing_in(other(tmp_path))


def test_names_from_the_server_cannot_reach_the_terminal(
    foreign: Any, call: Call
) -> None:
    told = {
        "name": "\x1b[31mred",
        "version": "1",
        "source": "x",
        "aliases": ["\x1b[0m"],
    }
    body = json.dumps({"model_version": told, "model_versions": [told]}).encode()
    registry = at(foreign, 200, {}, body)
    uri = f"http://{registry.place}"
    assert "\x1b" not in call("models", "versions", "--registry", uri)
    with pytest.raises(RefusedError, match="no digest"):
        call("models", "pull", "mine", "--registry", uri)


def test_nobody_there_is_said_soon(call: Call) -> None:
    pytest.importorskip("mlflow")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(ColumnistError, match="does not answer") as caught:
        call("models", "versions", "--registry", f"http://127.0.0.1:{port}")
    assert caught.value.exit_code is ExitCode.FAILED
    assert time.monotonic() - began < 20


def test_a_server_that_says_nothing_is_not_waited_for_longer_than_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registry = Registry(f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(ColumnistError, match="does not answer"):
            registry.resolve("mine")
    assert time.monotonic() - began < 20


# The last one: it takes the server away.


def test_a_server_that_is_killed_in_the_middle(
    registry: Registry, server: Mlflow, name: str, tmp_path: Path
) -> None:
    from model.training.event import Event, tracked

    model = made(tmp_path, name, size=LOADED)
    registry.register(model, alias="champion")
    version = registry.resolve(name)
    told: list[str] = []
    events = iter([Event("train", {"step": each, "loss": 1.0}) for each in range(3)])
    logged = tracked(
        events,
        registry,
        experiment="killed",
        folder=tmp_path / "run",
        settings={},
        tell=told.append,
    )
    next(logged)
    came = 0

    def kill(size: int) -> None:
        nonlocal came
        came += size
        server.kill()

    with pytest.raises(ColumnistError, match="does not answer"):
        registry.pull(version, other(tmp_path), advance=kill)
    assert 0 < came < LOADED
    assert_nothing_in(other(tmp_path))
    with pytest.raises(ColumnistError, match="does not answer"):
        registry.register(made(tmp_path, name, seed=2))
    # A training goes on.
    assert [event.figures["step"] for event in logged] == [1, 2]
    assert len(told) == 1
    assert "goes on" in told[0]
