"""How large the engine's parts are on this machine, and why; each can be asked for.

Pure policy: told what the model and the machine are, it says threads, sequences, KV
cells and the rest, each with the reason that `columnist doctor` shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from catalog.errors import UsageError

CELLS_A_SEQUENCE = 96
"""KV cells that a block, its text and its part of a head take, with some to spare."""
FEWEST_CELLS = 4096
"""Room for the longest head of a wide table and its columns."""
KV_SHARE = 0.25
"""Most of the free memory that the KV cache may take."""
KEPT_SHARE = 0.2
"""Part of sequences and cells that only the table on the screen may use."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model's sizes depend on."""

    parameters: int
    """Number of weights."""
    cell_bytes: int
    """Bytes that one KV cell takes in 16 bits."""
    context_trained: int
    """Longest context it was trained with, in tokens."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the sizes depend on besides."""

    cores: int
    """CPU cores that this process may use."""
    memory: int | None
    """Bytes that a new process could use; of the GPU where layers are on it."""
    gpu: bool
    """Whether layers are put on a GPU."""


class Size(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One choice."""

    value: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)] | str
    """What was chosen."""
    reason: str
    """Why, for people."""


class Sizes(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All choices; the names are those of `--engine NAME=VALUE`."""

    threads: Size
    """CPU threads."""
    sequences: Size
    """Sequence ids, heads and descriptions together."""
    cells: Size
    """KV cells, shared by all sequences."""
    batch: Size
    """Most tokens a step."""
    kv_layout: Size
    """`unified` or `split`."""
    kv_type: Size
    """`f16` or `q8_0`."""
    flash_attention: Size
    """`off`, `auto` or `on`."""

    def number(self, name: str) -> int:
        """A choice that is a number."""
        return int(getattr(self, name).value)

    def text(self, name: str) -> str:
        """A choice that is a word."""
        return str(getattr(self, name).value)

    @property
    def kept(self) -> tuple[int, int]:
        """Cells and sequences that only the table on the screen may use."""
        sequences = int(KEPT_SHARE * self.number("sequences"))
        return int(KEPT_SHARE * self.number("cells")), sequences


WORDS = {
    "kv_layout": ("unified", "split"),
    "kv_type": ("f16", "q8_0"),
    "flash_attention": ("off", "auto", "on"),
}
LIMITS = {
    "threads": (1, 1024),
    "sequences": (2, 256),
    "cells": (256, 1 << 24),
    "batch": (16, 4096),
}


def parse(asked: Sequence[str]) -> dict[str, int | str]:
    """What `--engine NAME=VALUE` asks for.

    Raises:
        UsageError: there is no such name, or the value does not fit it.
    """
    found: dict[str, int | str] = {}
    for each in asked:
        name, _, value = each.partition("=")
        name = name.strip().replace("-", "_")
        if name in WORDS:
            if value not in WORDS[name]:
                raise UsageError(
                    f"--engine {name}={value[:40]}: not one of {_or(WORDS[name])}.",
                    "`columnist doctor` shows what is chosen and why.",
                )
            found[name] = value
        elif name in LIMITS:
            low, high = LIMITS[name]
            number = value.isascii() and value.isdigit()
            if not number or not low <= int(value) <= high:
                wrong = " is out of range" if number else ": not a number"
                raise UsageError(
                    f"--engine {name}={value[:40]}{wrong}.",
                    f"A number from {low:,} to {high:,}.",
                )
            found[name] = int(value)
        else:
            raise UsageError(
                f"--engine has no {name[:40]!r}.",
                f"It has {_or(Sizes.__struct_fields__)}, as in --engine threads=2.",
            )
    return found


def choose(
    shape: Shape,
    machine: Machine,
    asked: Mapping[str, int | str] | None = None,
    *,
    safe: bool = False,
) -> Sizes:
    """The sizes for a model on a machine.

    Args:
        shape: the model.
        machine: where it runs.
        asked: choices of the steward's, which stand as they are.
        safe: small throughout, after a crash that may have been for want of memory.
    """
    asked = asked or {}

    def size(name: str, value: int | str, reason: str) -> Size:
        return Size(asked[name], "as asked") if name in asked else Size(value, reason)

    sequences = size("sequences", *_sequences(machine, safe))
    wanted = max(FEWEST_CELLS, CELLS_A_SEQUENCE * int(sequences.value))
    cells, kept = _cells(shape, machine, wanted)
    kv_type = size("kv_type", *kept)
    flash = "off", "a CPU sums in half precision with it, so batches tell"
    if machine.gpu:
        flash = "auto", "llama.cpp knows where the GPU gains from it"
    if kv_type.value != "f16":
        flash = "on", "a quantised KV cache needs it"
    return Sizes(
        threads=size("threads", machine.cores, "all cores that this process may use"),
        sequences=sequences,
        cells=size("cells", *cells),
        batch=size("batch", 512, "a step stays short, so stopping is quick"),
        kv_layout=size(
            "kv_layout", "unified", "the columns of a table share its prompt"
        ),
        kv_type=kv_type,
        flash_attention=size("flash_attention", *flash),
    )


def _sequences(machine: Machine, safe: bool) -> tuple[int, str]:
    if safe:
        return 12, "few, after a crash"
    if machine.gpu:
        return 160, "a GPU has idle units until then"
    return 24, "more gain nothing on a CPU: a text passes over the cells of all others"


def _cells(
    shape: Shape, machine: Machine, wanted: int
) -> tuple[tuple[int, str], tuple[str, str]]:
    """KV cells, and in what type they are kept, each with the reason."""
    each = f"{CELLS_A_SEQUENCE} for each sequence"
    full = "f16", "exact, and there is room for it"
    if machine.memory is None:
        return (wanted, each), full
    room = int(machine.memory * KV_SHARE) // max(shape.cell_bytes, 1)
    if wanted <= room:
        return (wanted, f"{each}, {wanted * shape.cell_bytes / 2**20:.0f} MiB"), full
    half = "q8_0", "half the memory, which is short"
    if wanted <= 2 * room:
        return (wanted, each), half
    fewer = max(FEWEST_CELLS, 2 * room // 256 * 256)
    return (fewer, "a quarter of the free memory"), half


def cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS tells no affinity


def available_memory() -> int | None:
    """Bytes of memory that a new process could use, or None where unknown."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _or(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
