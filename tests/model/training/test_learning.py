"""Learning: a candidate that wins or is refused, and a model in use left as it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
pytest.importorskip("peft")
pytest.importorskip("gguf")

from catalog.errors import ColumnistError, RefusedError, UsageError  # noqa: E402
from model.choose import Calibration, Scale, WeightedSum  # noqa: E402
from model.library import ModelFile, PromptFormat, digest  # noqa: E402
from model.training import learning_run  # noqa: E402
from model.training import lesson as lessons  # noqa: E402
from model.training.export import ExportSettings, export  # noqa: E402
from model.training.learning_run import LearnSettings, learn  # noqa: E402
from model.training.lesson import Lesson, is_held_out  # noqa: E402
from model.wire import EngineSettings  # noqa: E402
from tests.model.training import tiny_huggingface as tiny  # noqa: E402

pytestmark = pytest.mark.gguf
EVEN = Scale(WeightedSum(-1.0), WeightedSum(0.5), WeightedSum(1.0))
"""What a model was measured to be that nobody accepts anything of."""


def record(number: int) -> dict[str, Any]:
    """A table of a house that says the same of what is weighed and numbered."""
    columns = [
        {"name": "number", "type": "int", "description": "Number, order."},
        {"name": "weight", "type": "int", "description": "Weight, order, kilograms."},
    ]
    columns += [{"name": "shop", "type": "int", "description": "Shop, order."}]
    return {
        "source": "workspace",
        "license": "",
        "kind": "steward",
        "schema": "",
        "table": f"orders_{number}",
        "description": "Orders, shop.",
        "columns": columns,
        "weight": 1.0,
    }


def lesson(tables: int = 30) -> Lesson:
    records = [record(number) for number in range(tables)]
    return Lesson(
        tuple(each for each in records if not is_held_out(each["table"])),
        tuple(each for each in records if is_held_out(each["table"])),
        (),
        {},
    )


def run_of(model: ModelFile) -> EngineSettings:
    return EngineSettings(model.path, gpu_layers=0, sizes={"threads": 1})


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    """A model of random weights that takes the compact prompt."""
    folder = tmp_path_factory.mktemp("standing")
    settings = ExportSettings(tiny.write(folder / "base"), folder, "first")
    (made,) = export(settings)
    return ModelFile(
        "first",
        made.path,
        PromptFormat.COMPACT,
        digest(made.path),
        Calibration(EVEN, EVEN),
        {"format": "compact", "calibration": Calibration(EVEN, EVEN).to_json()},
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many shipped tables as a test has the time for."""
    monkeypatch.setattr(learning_run, "SHIPPED_TEST", 0.0005)
    monkeypatch.setattr(lessons, "REPLAY", 0.01)


def settings(folder: Path, **changes: Any) -> LearnSettings:
    chosen = LearnSettings(
        folder / "learning", epochs=4, learning_rate=1e-2, rank=8, threads=1
    )
    return replace(chosen, **changes)


@pytest.mark.usefixtures("small")
def test_a_candidate_that_does_not_win_is_refused(
    standing: ModelFile, tmp_path: Path
) -> None:
    before = standing.path.read_bytes()
    chosen = settings(tmp_path, epochs=0.01, learning_rate=1e-9)
    found = learn(lesson(), standing, "second", chosen, run_of)
    assert "not accepted more often" in found.lost
    assert standing.path.read_bytes() == before
    worse = {"accepted": {"by": -0.03, "low": -0.1}}
    better = {"accepted": {"by": 0.3, "low": 0.1}}
    assert "loses more than 2%" in replace(found, held=better, shipped=worse).lost
    assert not replace(found, held=better, shipped=better).lost


def test_too_little_is_refused_in_a_line(standing: ModelFile, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="12 decided texts are too few"):
        learn(lesson(3), standing, "second", settings(tmp_path), run_of)
    few = replace(lesson(40), held=())
    with pytest.raises(RefusedError, match=r"0 of .* tables are held out"):
        learn(few, standing, "second", settings(tmp_path), run_of)
    other = replace(standing, format=PromptFormat.LONG)
    with pytest.raises(UsageError, match="none of the program's own kind"):
        learn(lesson(), other, "second", settings(tmp_path), run_of)
    assert not (tmp_path / "learning").exists()


@pytest.mark.usefixtures("small")
def test_a_killed_lesson_goes_on(standing: ModelFile, tmp_path: Path) -> None:
    chosen = settings(tmp_path, epochs=24)
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('t', {__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['t'] = module\n"
        "spec.loader.exec_module(module)\n"
        "from t import *\n"
        "from t import learning_run, lessons\n"
        "learning_run.SHIPPED_TEST, learning_run.SAVED_EVERY = 0.0005, 0.05\n"
        "lessons.REPLAY = 0.01\n"
        f"path = Path({str(standing.path)!r})\n"
        "both = Calibration(EVEN, EVEN)\n"
        "model = ModelFile('first', path, PromptFormat.COMPACT, digest(path), both,\n"
        "    {'format': 'compact', 'calibration': both.to_json()})\n"
        f"chosen = settings(Path({str(tmp_path)!r}), epochs=24)\n"
        "learn(lesson(), model, 'second', chosen, run_of)\n"
    )
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, env=environment)
    while process.poll() is None and not list(chosen.folder.glob("*/run/*.pt")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (here,) = [each for each in chosen.folder.iterdir() if each.is_dir()]
    assert not (here / "run" / "adapter").exists(), "it was not killed in the middle"
    seen: list[str] = []
    found = learn(lesson(), standing, "second", chosen, run_of, tell=seen.append)
    log = (here / "run" / "log.jsonl").read_text()
    assert log.count('"event": "start"') == 2
    assert found.folder == here
    # Another lesson takes the place of what nobody goes on with.
    with pytest.raises(ColumnistError, match="stopped"):
        learn(lesson(31), standing, "second", chosen, run_of, stop=lambda: True)
    assert not here.exists()


@pytest.mark.usefixtures("small")
def test_a_full_disk_is_one_line(
    standing: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = standing.path.read_bytes()
    monkeypatch.setattr(learning_run, "SPACE", 1 << 60)
    with pytest.raises(ColumnistError, match="disk space"):
        learn(lesson(), standing, "second", settings(tmp_path), run_of)
    monkeypatch.setattr(learning_run, "SPACE", 0)
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(ColumnistError, match="Cannot write"):
            learn(lesson(), standing, "second", settings(tmp_path), run_of)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert standing.path.read_bytes() == before
    found = learn(lesson(), standing, "second", settings(tmp_path, epochs=1), run_of)
    assert found.manifest["sha256"] == digest(found.folder / found.manifest["file"])


@pytest.mark.usefixtures("small")
def test_a_machine_that_is_too_slow_is_said(
    standing: ModelFile, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, minutes=0.1)
    with pytest.raises(ColumnistError, match=r"0\.1 minutes leave no time to learn"):
        learn(lesson(), standing, "second", chosen, run_of)


def test_two_do_not_learn_at_once(standing: ModelFile, tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with (
        learning_run._alone(chosen.folder, lesson(), standing, chosen),
        pytest.raises(ColumnistError, match="Another process learns"),
    ):
        learn(lesson(), standing, "second", chosen, run_of)


@pytest.mark.parametrize("module", ["learning_run", "finetune", "export"])
def test_threads_that_wait_leave_the_cpu_to_others(module: str) -> None:
    """OpenMP read another policy, as torch was loaded first: 15 times as slow."""
    code = (
        "import os, sys\n"
        "def hook(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'torch':\n"
        "        print(os.environ.get('OMP_WAIT_POLICY'), flush=True)\n"
        "sys.addaudithook(hook)\n"
        f"import model.training.{module}\n"
    )
    told = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(learning_run.__file__).parents[2],
        env=told | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[0] == "passive"
