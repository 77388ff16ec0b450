"""How fast the machine reads memory and multiplies matrices, asked of the machine.

    python -m benchmarks.rates --threads 2

A child process, because the threads of BLAS are fixed when numpy is imported. Reads one
JSON line a request and answers with one. {"read": BYTES} gives bytes a second of
reading an array of that size again and again; {"multiply": "f32"|"bf16"} gives
operations a second.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.machine import cpu_flags

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 0.5
"""How long each rate is measured; the best pass counts, as this is about a limit."""
SIDE = 2048
"""Rows of the matrices that are multiplied."""
BF16_FLAGS = frozenset(("amx_bf16", "avx512_bf16"))


class Rates:
    """The process, as its parent sees it; a context manager."""

    def __init__(self, threads: int) -> None:
        count = str(threads)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.rates", "--threads", count],
            cwd=ROOT,
            env={
                **os.environ,
                "OPENBLAS_NUM_THREADS": count,
                "OMP_NUM_THREADS": count,
                "MKL_NUM_THREADS": count,
                "OMP_WAIT_POLICY": "passive",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Rates:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def read(self, size: int) -> float:
        """Bytes a second of reading an array of so many bytes."""
        return self._ask({"read": size})

    def multiply(self, kind: str) -> float:
        """Operations a second of multiplying matrices of `f32` or `bf16`."""
        return self._ask({"multiply": kind})

    def _ask(self, request: dict[str, Any]) -> float:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"measuring rates ended with {self._process.wait()}")
        return float(json.loads(line))


def no_bf16() -> str:
    """Why there is no bf16 rate; empty where there is one."""
    if not BF16_FLAGS & cpu_flags():
        return "this CPU has no bf16 instructions"
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return "torch is not installed, and numpy has no bf16"
    return ""


def read_rate(size: int, threads: int, seconds: float) -> float:
    """Bytes a second, the best pass of those that fit in the time.

    Each thread looks for a byte that is not there in a part of its own: the C library's
    `memchr` reads with the CPU's widest loads and does nothing else, and ctypes lets
    the other threads run.
    """
    import numpy as np

    data: Any = np.ones(size, dtype=np.uint8)
    search = ctypes.CDLL(ctypes.util.find_library("c")).memchr
    search.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
    search.restype = ctypes.c_void_p
    part = size // threads
    # A call of a few microseconds would measure Python.
    passes = max(1, (8 << 20) // max(part, 1))

    def scan(number: int) -> None:
        start = data.ctypes.data + number * part
        for _ in range(passes):
            search(start, 0, part)

    best = float("inf")
    end = time.perf_counter() + seconds
    with ThreadPoolExecutor(threads) as pool:
        while True:
            began = time.perf_counter()
            list(pool.map(scan, range(threads)))
            best = min(best, time.perf_counter() - began)
            if time.perf_counter() > end:
                break
    return part * threads * passes / best


def multiply_rate(kind: str, seconds: float, side: int = SIDE) -> float:
    """Operations a second, the best product of those that fit in the time."""
    one: Any
    other: Any
    if kind == "bf16":
        import torch

        one = torch.randn(side, side).to(torch.bfloat16)
        other = torch.randn(side, side).to(torch.bfloat16)
    else:
        import numpy as np

        random = np.random.default_rng(0)
        one = random.standard_normal((side, side), dtype=np.float32)
        other = random.standard_normal((side, side), dtype=np.float32)
    best = float("inf")
    end = time.perf_counter() + seconds
    while True:
        began = time.perf_counter()
        one @ other
        best = min(best, time.perf_counter() - began)
        if time.perf_counter() > end:
            break
    return 2.0 * float(side) ** 3 / best


def main() -> None:
    """Serve the parent until it closes the pipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    for line in sys.stdin:
        request = json.loads(line)
        if "read" in request:
            found = read_rate(request["read"], options.threads, SECONDS)
        else:
            found = multiply_rate(request["multiply"], SECONDS)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
