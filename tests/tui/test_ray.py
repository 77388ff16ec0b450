"""`draft --ray` on a Ray cluster of several nodes on this machine.

Workers are killed, nodes and the head too; nothing is drafted twice or lost.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from model.cluster import cluster
from model.cluster.spreading import TRIES
from model.library import digest
from tests.model.cluster import actors
from tests.tui.in_process import columnist
from tests.tui.test_killed import make_tables
from tui.flow.demo import demo_warehouse
from tui.flow.settings import Settings

if find_spec("ray") is None:
    pytest.skip("Ray is not installed", allow_module_level=True)
# It is imported once its variables are set, which it reads only then.

ROOT = Path(__file__).parents[2]
TABLES = 60
KILLS = int(os.environ.get("COLUMNIST_TEST_KILLS", "4")) // 2
"""How often a worker is killed."""
QUICK = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 3,
}
"""A dead node is noticed after two seconds; Ray's own settings take some fifteen."""
ACTORS = "tests.model.cluster.actors"
SECONDS = 60.0
"""Nothing here takes longer, however busy the machine is."""


class Nodes:
    """A cluster on this machine."""

    def __init__(self, home: Path) -> None:
        from ray.cluster_utils import Cluster

        self.home = home
        with environment(RAY_USAGE_STATS_ENABLED="0"):
            self.cluster = Cluster()
            self.head = self.add("head", include_dashboard=False, _system_config=QUICK)
        self.address: str = self.cluster.address

    def add(self, name: str, *, path: Path = ROOT, **options: Any) -> Any:
        """A node with a home and a Columnist of its own."""
        places = [str(path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        with environment(
            XDG_DATA_HOME=str(self.home / name / "data"),
            XDG_CACHE_HOME=str(self.home / name / "cache"),
            PYTHONPATH=os.pathsep.join(filter(None, places)),
            RAY_worker_niceness="0",  # Ray's 15 lets whatever else runs go first
        ):
            return self.cluster.add_node(
                num_cpus=1, object_store_memory=80 << 20, **options
            )

    def workers(self, kind: str, *nodes: Any) -> list[int]:
        """Process numbers of a class of workers, of all nodes where none is named."""
        raylets = {raylet(node) for node in nodes or self.cluster.list_all_nodes()}
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                title = (path / "cmdline").read_text()
            except OSError:
                continue
            if parent in raylets and title.startswith(f"ray::{kind}"):
                found.append(int(path.name))
        return sorted(found)


def raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture(scope="module", autouse=True)
def _token() -> Iterator[None]:
    """Clusters of these tests take nobody else's work, and leave no token behind."""
    with environment(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=uuid.uuid4().hex):
        yield


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Two nodes that outlive the tests of this file."""
    found = Nodes(tmp_path_factory.mktemp("nodes"))
    found.add("second")
    yield found
    found.cluster.shutdown()


@pytest.fixture
def wide(tmp_path: Path) -> str:
    url = f"duckdb:///{make_tables(tmp_path / 'wide.duckdb', TABLES)}"
    columnist("scan", url)
    return url


def with_actor(kind: str, *arguments: str) -> list[str]:
    """The command, with other workers than the product's."""
    code = f"from tui.flow import clusters; clusters.ACTOR = '{ACTORS}:{kind}'; "
    return [sys.executable, "-c", f"{code}from tui.cli import main; main()", *arguments]


def started(kind: str, *arguments: str) -> subprocess.Popen[str]:
    return popen(with_actor(kind, *arguments))


def popen(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def drafted(settings: Settings) -> int:
    with closing(sqlite3.connect(settings.workspace)) as db:
        return int(db.execute("SELECT count(*) FROM suggestions").fetchone()[0])


def wait_for_drafts(
    settings: Settings, more_than: int, process: subprocess.Popen[str]
) -> None:
    end = time.monotonic() + SECONDS
    while drafted(settings) <= more_than:
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise AssertionError(process.communicate())
        time.sleep(0.02)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=SECONDS)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def is_whole(settings: Settings, url: str, tables: int = TABLES) -> None:
    """Everything is drafted, and once: what is replaced would be a row more."""
    assert len(texts(url).splitlines()) == tables * 9
    assert drafted(settings) == tables * 9


def texts(url: str) -> str:
    return columnist("suggestions", url, "--jsonl").stdout


def suggested(url: str) -> list[dict[str, Any]]:
    found = list(map(json.loads, texts(url).splitlines()))
    return sorted(found, key=lambda each: str((each["table"], each["column"])))


# Drafting


def test_two_nodes_draft_what_one_process_drafts(
    nodes: Nodes, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"duckdb:///{demo_warehouse(settings)}"
    columnist("draft", url)
    here = suggested(url)
    monkeypatch.setenv("COLUMNIST_WORKSPACE", str(tmp_path / "other" / "w.db"))
    done = columnist("draft", url, "--ray", nodes.address, "--json")
    found = json.loads(done.stdout)
    there = suggested(url)
    numbers: dict[tuple[str, str], set[float]] = {}
    for one, other in zip(here, there, strict=True):
        number = other.pop("confidence")
        del one["confidence"]
        # Which of several counts for a text, the first that comes decides.
        if other["source"] == "rules":
            numbers.setdefault((other["column"], other["text"]), set()).add(number)
        assert one == other
    assert all(len(each) == 1 for (column, _), each in numbers.items() if column)
    assert found["given_up"] == 0
    assert len(found["nodes"]) == 2
    assert sum(node["tables"] for node in found["nodes"]) <= found["tables"]
    assert all(node["tables"] and node["actors"] == 1 for node in found["nodes"])
    assert re.search(r"tables, [\d.]+ a second, workers: 1\.", done.stderr)


@pytest.mark.gguf
def test_a_node_without_the_model_gets_it_once(
    nodes: Nodes, settings: Settings, wide: str, tiny_model: Path
) -> None:
    draft = ["--model", str(tiny_model), "draft", wide, "--ray", nodes.address]
    first = columnist(*draft, "--limit", "4", "--json")
    assert first.stderr.count("Sends the model to") == 2
    sha256 = digest(tiny_model)
    for name in ("head", "second"):
        path = nodes.home / name / "cache" / "columnist" / "models" / f"{sha256}.gguf"
        assert digest(path) == sha256
    found = json.loads(first.stdout)
    assert found["model"] == tiny_model.stem
    assert found["generated_tokens"] > 0
    assert found["prompt_tokens"] > 0
    again = columnist(*draft, "--limit", "6")
    assert "Sends the model" not in again.stderr
    assert drafted(settings) == len(texts(wide).splitlines()) == 10 * 9


@pytest.mark.gguf
def test_two_models_draft_each_table_on_the_cluster(
    nodes: Nodes, settings: Settings, wide: str, tiny_model: Path
) -> None:
    for name in ("one", "two"):
        columnist("models", "add", tiny_model, "--name", name)
    done = columnist(
        *("--model", "one,two", "draft", wide, "--both", "--limit", "6"),
        *("--ray", nodes.address, "--json"),
    )
    found = json.loads(done.stdout)
    assert [arm["tables"] for arm in found["models"]] == [6, 6]
    assert sum(found["pairs"].values()) == 6 * 9
    assert {node["model"] for node in found["nodes"]} == {"one", "two"}
    assert len(texts(wide).splitlines()) == 6 * 9


def test_a_node_with_another_columnist_is_left_out_and_both_are_named(
    nodes: Nodes, settings: Settings, wide: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for package in ("catalog", "model"):
        shutil.copytree(ROOT / package, other / package)
    (other / "model" / "cluster" / "later.py").write_text("")
    told = other / "columnist-9.9.9.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Name: columnist\nVersion: 9.9.9\n")
    node = nodes.add("third", path=other)
    try:
        done = columnist("draft", wide, "--ray", nodes.address)
    finally:
        nodes.cluster.remove_node(node)
    (line,) = [each for each in done.stderr.splitlines() if "9.9.9" in each]
    assert re.search(r"has Columnist 9\.9\.9 \(code \w+\), and this is Columnist", line)
    is_whole(settings, wide)


# Ends


def test_killed_workers_lose_nothing_and_draft_nothing_twice(
    nodes: Nodes, settings: Settings, tmp_path: Path
) -> None:
    tables = TABLES + 40 * KILLS  # more than is drafted until the last of them
    url = f"duckdb:///{make_tables(tmp_path / 'many.duckdb', tables)}"
    columnist("scan", url)
    process = started("SlowActor", "draft", url, "--ray", nodes.address)
    for _ in range(KILLS):
        wait_for_drafts(settings, drafted(settings), process)
        workers = nodes.workers("SlowActor")
        assert workers
        os.kill(workers[0], signal.SIGKILL)
    code, _, err = ended(process)
    given_up = err.count("Gave up on")
    assert code == (3 if given_up else 0), err
    # A table that only happened to be with so many is there in the next run.
    assert not given_up or KILLS >= TRIES
    columnist("draft", url)
    is_whole(settings, url, tables)


def test_a_table_that_ends_every_worker_is_given_up(
    nodes: Nodes, settings: Settings, wide: str
) -> None:
    code, out, err = ended(
        started("PoisonedActor", "draft", wide, "--ray", nodes.address, "--json")
    )
    assert code == 3, err
    assert f"Gave up on main.{actors.POISON}" in err
    assert "1 table could not be drafted" in err
    assert json.loads(out)["given_up"] == 1
    assert drafted(settings) == (TABLES - 1) * 9
    # What is left is drafted without the cluster.
    columnist("draft", wide)
    is_whole(settings, wide)


def test_stop_ends_within_a_second_and_saves_what_came(
    nodes: Nodes, settings: Settings, wide: str
) -> None:
    process = started("SlowActor", "draft", wide, "--ray", nodes.address)
    wait_for_drafts(settings, 0, process)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    code, _, err = ended(process)
    took = time.monotonic() - began
    print(f"ended after {took:.2f} s")
    assert code == 130, err
    assert took < 3.0  # a second, and a machine that others use
    assert 0 < drafted(settings) < TABLES * 9
    columnist("draft", wide, "--ray", nodes.address)
    is_whole(settings, wide)


def test_a_cluster_of_our_own_is_gone_at_the_end(
    settings: Settings, wide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))
    code = "from model.cluster import cluster; cluster.CLOSE_SECONDS = 0; "
    command = [sys.executable, "-c", f"{code}from tui.cli import main; main()"]
    command += ["draft", wide, "--ray", "local"]
    process = popen(command)
    wait_for_drafts(settings, 0, process)
    (driver,) = numbers(lambda parent, _: parent == process.pid)
    assert len(numbers(lambda _, group: group == driver)) > 3  # Ray's own are there
    status, _, err = ended(process)
    assert status == 0, err
    is_whole(settings, wide)
    assert numbers(lambda _, group: group == driver) == []


def numbers(fits: Callable[[int, int], bool]) -> list[int]:
    """Processes by the numbers of their parent and of their group."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, group = (
                (path / "stat").read_text().rpartition(")")[2].split()[:3]
            )
            if state != "Z" and fits(int(parent), int(group)):
                found.append(int(path.name))
    return found


def test_a_lost_node_is_done_without_and_a_lost_head_ends_it_with_a_line(
    settings: Settings, wide: str, tmp_path: Path
) -> None:
    own = Nodes(tmp_path / "own")
    try:
        second = own.add("second")
        process = started("SlowActor", "draft", wide, "--ray", own.address)
        wait_for_drafts(settings, 0, process)
        # As when a machine loses its power: the workers go with their node.
        for number in (*own.workers("SlowActor", second), raylet(second)):
            os.kill(number, signal.SIGKILL)
        code, _, err = ended(process)
        assert code == 0, err
        assert "is gone; its work goes elsewhere" in err
        is_whole(settings, wide)
        process = started("SlowestActor", "draft", wide, "--redo", "--ray", own.address)
        wait_for_drafts(settings, TABLES * 9, process)
        os.kill(own.head.all_processes["gcs_server"][0].process.pid, signal.SIGKILL)
        code, _, err = ended(process)
        assert code == 1, err
        lines = [line for line in err.splitlines() if "by rules alone" not in line]
        assert len(lines) == 2, err
        assert "does not answer any more" in lines[0]
        assert drafted(settings) > TABLES * 9
    finally:
        own.cluster.shutdown()


# Bad input


def test_an_address_where_nothing_answers_is_told_at_once(wide: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    done = columnist("draft", wide, "--ray", f"127.0.0.1:{port}", code=1)
    assert f"No Ray cluster answers at 127.0.0.1:{port}" in done.stderr
    assert time.monotonic() - began < 20


def test_something_else_that_answers_is_given_up_after_a_while(
    wide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "JOIN_SECONDS", 3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        done = columnist("draft", wide, "--ray", address, code=1)
    assert address in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["draft", "URL", "--ray", "nowhere"], 2, "is no address of a Ray cluster"),
        (["draft", "URL", "--ray", "host:99999"], 2, "is no address of a Ray cluster"),
        (["draft", "URL", "--ray", ""], 2, "is no address of a Ray cluster"),
        (["draft", "URL", "--ray-actors", "2"], 2, "--ray-actors goes with --ray"),
        (["--offline", "draft", "URL", "--ray", "auto"], 3, "--offline refused"),
        (
            ["--model", "http://127.0.0.1:9/v1#m", "draft", "URL", "--ray", "auto"],
            2,
            "this one is on a server",
        ),
    ],
)
def test_what_cannot_be_right_is_refused(
    wide: str, arguments: list[str], code: int, words: str
) -> None:
    arguments = [wide if each == "URL" else each for each in arguments]
    assert words in columnist(*arguments, code=code).stderr
