"""`benchmarks.limit`: what a step has to do at least, and the command on tiny work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gguf_header import Header, TensorInfo, read
from benchmarks.limit import Work, step_work, weight_bytes
from benchmarks.random_model import made
from benchmarks.rates import multiply_rate, no_bf16, read_rate

SETTINGS = {
    "general.architecture": "llama",
    "llama.embedding_length": 64,
    "llama.block_count": 1,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
}
EMBEDDING = TensorInfo("token_embd.weight", (100, 64), "F16")
INNER = TensorInfo("blk.0.ffn_up.weight", (128, 64), "Q8_0")
NORM = TensorInfo("output_norm.weight", (64,), "F32")


def test_an_embedding_counts_only_where_it_is_the_output() -> None:
    tied = Header(SETTINGS, (EMBEDDING, INNER, NORM))
    output = TensorInfo("output.weight", (100, 64), "Q8_0")
    untied = Header(SETTINGS, (EMBEDDING, INNER, NORM, output))
    inner = 128 * 64 // 32 * 34
    assert weight_bytes(tied) == 100 * 64 * 2 + inner + 64 * 4
    assert weight_bytes(untied) == 100 * 64 // 32 * 34 + inner + 64 * 4


def test_the_work_of_a_step_is_counted() -> None:
    header = Header(SETTINGS, (EMBEDDING, INNER, NORM))
    work = step_work(header, tokens=3, answers=2, cells=10, seen=30)
    # Two heads of 16 numbers, keys and values, in 16 bits.
    assert work.bytes == weight_bytes(header) + 10 * 2 * 32 * 2
    assert work.operations == 2 * (128 * 64 * 3 + 100 * 64 * 2) + 4 * 30 * 64
    assert Work(100, 10).bound(10.0, 10.0) == 10.0
    assert Work(100, 1000).bound(10.0, 10.0) == 100.0


def test_rates_are_above_nothing() -> None:
    assert read_rate(1 << 20, 2, 0.01) > 1e8
    assert multiply_rate("f32", 0.01, side=64) > 1e6
    assert isinstance(no_bf16(), str)


@pytest.mark.gguf
@pytest.mark.usefixtures("own_small")
def test_the_command_puts_every_step_beside_its_bound(
    run: Callable[..., Any], cache: Path
) -> None:
    found = run(
        "limit",
        *("--models", "bundled", "--repeats", "1", "--threads", "1"),
        *("--steps", "2", "--context", "16", "--cache", str(cache)),
    )
    assert [row["step"] for row in found["rows"]] == [
        "decode-1",
        "decode-16",
        "prefill",
    ]
    for row in found["rows"]:
        assert row["measured_seconds"] > 0
        assert row["distance"]["median"] == pytest.approx(
            row["measured_seconds"] / row["bound_seconds"]
        )
        assert row["bytes"] > weight_bytes(read(made("bundled", cache)))
    assert (found["rates"]["bf16_operations_a_second"] is None) == bool(
        found["rates"]["no_bf16"]
    )
