"""Sizes fit the machine, say why, and can be asked for."""

from __future__ import annotations

import pytest

from catalog.errors import UsageError
from model.sizes import Machine, Shape, Sizes, choose, parse

SMALL = Shape(parameters=4_000_000, cell_bytes=4096, context_trained=1024)
LARGE = Shape(parameters=7_000_000_000, cell_bytes=131_072, context_trained=8192)
GIB = 1 << 30


@pytest.mark.parametrize("shape", [SMALL, LARGE])
@pytest.mark.parametrize("gib", [1, 4, 24, 128, None])
@pytest.mark.parametrize("gpu", [False, True])
def test_the_cache_fits_into_a_part_of_the_free_memory(
    shape: Shape, gib: int | None, gpu: bool
) -> None:
    memory = None if gib is None else gib * GIB
    sizes = choose(shape, Machine(2, memory, gpu))
    taken = sizes.number("cells") * shape.cell_bytes
    if sizes.text("kv_type") == "q8_0":
        taken //= 2
        assert sizes.text("flash_attention") == "on"
    least = 4096 * shape.cell_bytes // 2
    assert memory is None or taken <= max(memory / 4, least)
    for name in Sizes.__struct_fields__:
        assert getattr(sizes, name).reason


def test_a_large_model_on_a_small_machine_keeps_its_cache_in_8_bits() -> None:
    roomy = choose(LARGE, Machine(2, 24 * GIB, False))
    assert roomy.text("kv_type") == "f16"
    tight = choose(LARGE, Machine(2, GIB // 2, False))
    assert tight.text("kv_type") == "q8_0"


def test_a_gpu_gets_more_sequences_and_a_crash_takes_them_back() -> None:
    many = choose(SMALL, Machine(2, None, True)).number("sequences")
    few = choose(SMALL, Machine(2, None, False)).number("sequences")
    safe = choose(SMALL, Machine(2, None, False), safe=True).number("sequences")
    assert safe < few < many


def test_what_is_asked_for_stands_and_says_so() -> None:
    asked = parse(["threads=3", "kv-type=q8_0", "sequences=9"])
    sizes = choose(SMALL, Machine(2, None, False), asked)
    assert sizes.number("threads") == 3
    assert sizes.number("sequences") == 9
    assert sizes.text("kv_type") == "q8_0"
    assert sizes.threads.reason == sizes.kv_type.reason == "as asked"
    assert sizes.text("flash_attention") == "on"


@pytest.mark.parametrize(
    "wrong",
    [
        "threads",
        "threads=",
        "threads=x",
        "threads=0",
        "cells=9",
        "speed=9",
        "=",
        "kv-type=f8",
        "threads=٣",
        "batch=99999999",
    ],
)
def test_what_cannot_be_is_refused_in_one_line(wrong: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse([wrong])
    assert caught.value.hint
    assert "\n" not in caught.value.message
