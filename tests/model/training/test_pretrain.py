"""A run ends when it said it would, and a killed one goes on where it was."""

from __future__ import annotations

import json
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

from catalog.errors import ColumnistError, UsageError  # noqa: E402
from model.training import pretrain  # noqa: E402
from model.training.export import load_network  # noqa: E402
from model.training.pretrain import Settings  # noqa: E402


def corpus(folder: Path) -> Path:
    columns = [
        {"name": "order_id", "type": "int", "description": "Number of the order."},
        {"name": "weight_kg", "type": "int", "description": "Weight in kilograms."},
    ]
    for name in ("train", "dev"):
        lines = [
            json.dumps(
                {
                    "source": "a/b",
                    "kind": "synthetic",
                    "schema": "s",
                    "table": f"{name}_{number}_orders",
                    "description": "Orders of the shop",
                    "columns": columns,
                }
            )
            for number in range(20)
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def tiny(folder: Path, **changes: Any) -> Settings:
    settings = Settings(
        corpus=folder,
        out=folder / "run",
        steps=60,
        width=32,
        layers=1,
        heads=2,
        inner=32,
        vocabulary=400,
        tokens=2048,
        threads=1,
        compiled=False,
        save_every=0.2,
    )
    return replace(settings, **changes)


def events(out: Path) -> list[dict[str, Any]]:
    log = (out / "log.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in log.splitlines()]


def losses(out: Path) -> dict[int, float]:
    return {e["step"]: e["loss"] for e in events(out) if e["event"] == "train"}


def test_a_run_by_the_clock_ends_in_time(tmp_path: Path) -> None:
    settings = tiny(corpus(tmp_path), steps=0, minutes=3 / 60)
    kinds = [event.kind for event in pretrain.pretrain(settings)]
    assert (kinds[0], kinds[-1]) == ("start", "end")
    network, state = load_network(settings.out / "final.pt")
    assert state["step"] > 0
    assert network.shape.width == 32
    assert not list(settings.out.glob("*.partial"))


def test_a_killed_run_has_the_losses_of_one_that_was_not(tmp_path: Path) -> None:
    whole = tiny(corpus(tmp_path), out=tmp_path / "whole")
    list(pretrain.pretrain(whole))
    killed = tmp_path / "killed"
    code = (
        "from tests_of_pretrain import *\n"
        f"settings = tiny(Path({str(tmp_path)!r}), out=Path({str(killed)!r}))\n"
        "list(pretrain.pretrain(settings))\n"
    )
    code = code.replace(
        "from tests_of_pretrain import *",
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('t', {__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['t'] = module\n"
        "spec.loader.exec_module(module)\n"
        "from t import Path, pretrain, tiny",
    )
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, env=os.environ | {"PYTHONPATH": "."}
    )
    while process.poll() is None and not (killed / "checkpoint.pt").exists():
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "final.pt").exists(), "it was not killed in the middle"
    list(pretrain.pretrain(replace(whole, out=killed)))
    starts = [event for event in events(killed) if event["event"] == "start"]
    assert len(starts) == 2
    assert starts[1]["step"] > 0
    assert losses(killed) == pytest.approx(losses(whole.out), abs=1e-5)


def test_a_stopped_run_is_saved(tmp_path: Path) -> None:
    settings = tiny(corpus(tmp_path), save_every=1000)
    steps = iter(range(100))
    list(pretrain.pretrain(settings, stop=lambda: next(steps) >= 5))
    assert not (settings.out / "final.pt").exists()
    (*_, end) = pretrain.pretrain(settings)
    assert end.figures["step"] == 60
    assert (settings.out / "final.pt").exists()


def test_a_run_goes_on_from_an_earlier_one(tmp_path: Path) -> None:
    first = tiny(corpus(tmp_path))
    list(pretrain.pretrain(first))
    second = replace(
        first, out=tmp_path / "second", start_from=first.out / "final.pt", steps=20
    )
    (*_, end) = pretrain.pretrain(second)
    assert end.figures["step"] == 20
    assert losses(second.out)[20] < losses(first.out)[20]


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: the same error code path."""
    import resource

    settings = tiny(corpus(tmp_path), save_every=1000)
    steps = iter(range(1000))
    list(pretrain.pretrain(settings, stop=lambda: next(steps) >= 10))
    checkpoint = settings.out / "checkpoint.pt"
    before = checkpoint.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(ColumnistError, match="Cannot write"):
            list(pretrain.pretrain(settings))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert checkpoint.read_bytes() == before
    assert not list(settings.out.glob("*.partial"))
    (*_, end) = pretrain.pretrain(settings)
    assert end.kind == "end"


def test_a_checkpoint_of_other_sizes_is_refused(tmp_path: Path) -> None:
    first = tiny(corpus(tmp_path), steps=5)
    list(pretrain.pretrain(first))
    second = replace(
        first, out=tmp_path / "b", start_from=first.out / "final.pt", width=48
    )
    with pytest.raises(UsageError, match="no checkpoint of such a network"):
        list(pretrain.pretrain(second))


def test_the_losses_are_drawn(tmp_path: Path) -> None:
    settings = tiny(corpus(tmp_path))
    list(pretrain.pretrain(settings))
    curve = json.loads((settings.out / "curve.json").read_text(encoding="utf-8"))
    assert [step for step, _ in curve["train"]] == [20, 40, 60]
    assert curve["dev"]
    assert curve["copy"]
    assert "<polyline" in (settings.out / "curve.svg").read_text(encoding="utf-8")


def test_the_rate_rises_holds_and_falls_to_nothing() -> None:
    assert pretrain.rate_at(0, 0.0, 0.5) < 0.1
    assert pretrain.rate_at(500, 0.3, 0.5) == 1
    assert pretrain.rate_at(500, 0.75, 0.5) == pytest.approx(0.5)
    assert pretrain.rate_at(500, 1.0, 0.5) == 0


def test_what_a_name_does_not_give_away_is_left_out() -> None:
    values = torch.tensor([0.5, 0.7, 4.0, 5.0, 6.0, 1.0, 1.2, 2.0], requires_grad=True)
    asks = torch.tensor([0, 0, 1, 1, 1, 2, 2, 3])
    loss = pretrain.predictable(values, asks, 0.25)
    assert loss.item() == pytest.approx((0.5 + 0.7 + 1.0 + 1.2 + 2.0) / 5)
    loss.backward()
    assert values.grad is not None
    assert (values.grad == 0).tolist() == [False] * 2 + [True] * 3 + [False] * 3
    everything = pretrain.predictable(values, asks, 0)
    assert everything.item() == pytest.approx(values.mean().item())


def test_the_choice_of_precision_is_explained() -> None:
    device, _, reason = pretrain.precision()
    assert device in ("cpu", "cuda")
    assert reason
