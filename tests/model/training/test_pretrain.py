"""A run ends when it said it would, and a killed one goes on where it was."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from model.training import pretrain
from model.training.export import load_network


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
                    "kind": "sql",
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


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, seconds: float) -> list[Any]:
    out = folder / "run"
    arguments = (
        f"pretrain --corpus {folder} --out {out} --minutes {seconds / 60} --eager "
        "--width 32 --layers 1 --heads 2 --inner 32 --vocabulary 400 --tokens 2048 "
        "--save-every 0.2 --threads 1"
    )
    monkeypatch.setattr(sys, "argv", arguments.split())
    pretrain.main()
    log = (out / "log.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in log.splitlines()]


def test_a_run_ends_in_time_and_a_killed_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = run(monkeypatch, corpus(tmp_path), 3)
    assert [events[0]["event"], events[-1]["event"]] == ["start", "end"]
    assert set(events[0]["data"]) == {"train.jsonl", "dev.jsonl"}
    network, state = load_network(tmp_path / "run" / "final.pt")
    assert state["step"] == events[-1]["step"] > 0
    # As if it had been killed after its last checkpoint: half of the time is spent.
    (tmp_path / "run" / "final.pt").unlink()
    events = run(monkeypatch, tmp_path, 5)
    assert events[-1]["event"] == "end"
    assert events[-1]["step"] > state["step"] - 50
    starts = [event for event in events if event["event"] == "start"]
    assert starts[1]["step"] > 0
    assert network.shape.width == 32
    assert not list((tmp_path / "run").glob("*.partial"))


def test_the_rate_rises_holds_and_falls_to_nothing() -> None:
    assert pretrain.rate_at(0, 0.0, 0.5) < 0.1
    assert pretrain.rate_at(500, 0.3, 0.5) == 1
    assert pretrain.rate_at(500, 0.75, 0.5) == pytest.approx(0.5)
    assert pretrain.rate_at(500, 1.0, 0.5) == 0


def test_the_choice_of_precision_is_explained() -> None:
    device, _, reason = pretrain.precision()
    assert device in ("cpu", "cuda")
    assert reason
