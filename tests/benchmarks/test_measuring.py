"""Turns, medians and ratios, and what is told of the machine."""

from __future__ import annotations

import os

import pytest

from benchmarks import machine, measuring


def test_every_repeat_runs_all_arms_and_begins_with_another() -> None:
    order: list[str] = []

    def arm(name: str) -> int:
        order.append(name)
        return len(order)

    arms = {name: (lambda name=name: arm(name)) for name in "abc"}
    found = measuring.interleave(arms, 3)
    assert "".join(order) == "abcbcacab"
    assert found == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}


def test_a_slow_repeat_does_not_move_the_ratio() -> None:
    found = measuring.ratio([2.0, 20.0, 2.2], [1.0, 10.0, 1.0])
    assert found.median == 2.0
    assert found.low == 2.0
    assert found.high == pytest.approx(2.2)
    assert measuring.ratio_text(found.as_json()) == "2.00 (2.00-2.20)"


def test_a_process_has_used_time_and_memory() -> None:
    assert measuring.cpu_seconds(os.getpid()) > 0
    assert (measuring.peak_memory() or 0) > 1 << 20
    assert measuring.peak_memory(2**30) is None


def test_tables_line_up() -> None:
    lines = measuring.table(["a", "b"], [["long", "1"], ["x", "100"]]).splitlines()
    assert lines == ["a       b", "long    1", "x     100"]


def test_the_machine_is_named() -> None:
    found = machine.machine(1)
    assert found.cpu
    assert found.threads == 1
    assert found.bindings == "0.3.36"
    assert len(found.load) == 3
    assert any(line.startswith("llama.cpp") for line in found.lines())
