"""The child process that times single steps of `model.llama.Model`.

    python -m benchmarks.steps MODEL --threads 2

Reads one JSON line a request and answers with one: the seconds of each step.
{"prefill": N} reads N tokens in one step. {"decode": S, "context": C, "steps": N}
writes one token in each of S sequences, N times, each with C tokens before it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import peak_memory

if TYPE_CHECKING:
    from model.llama import Model

ROOT = Path(__file__).resolve().parent.parent
BATCH = 512


class Steps:
    """The process, as its parent sees it; a context manager.

    Args:
        path: the GGUF file.
        threads: CPU threads.
        cells: KV cells.
        sequences: most sequences.
        gpu_layers: layers on the GPU; -1 is all.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int,
        cells: int,
        sequences: int,
        gpu_layers: int = 0,
    ) -> None:
        command = [sys.executable, "-m", "benchmarks.steps", str(path)]
        command += ["--threads", str(threads), "--cells", str(cells)]
        command += ["--sequences", str(sequences), "--gpu-layers", str(gpu_layers)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def prefill(self, tokens: int) -> float:
        """Seconds of reading so many tokens in one step."""
        (found,) = self._ask({"prefill": tokens})
        return found

    def decode(self, sequences: int, *, context: int, steps: int) -> list[float]:
        """Seconds of each of some steps that write one token in every sequence."""
        return self._ask({"decode": sequences, "context": context, "steps": steps})

    @property
    def peak_bytes(self) -> int | None:
        """Most memory of the process up to now."""
        return peak_memory(self._process.pid)

    def _ask(self, request: dict[str, int]) -> list[float]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"timing steps ended with {self._process.wait()}")
        found: list[float] = json.loads(line)
        return found


def measure(model: Model, request: dict[str, int]) -> list[float]:
    """The seconds of what a request asks for."""
    if "prefill" in request:
        seconds = _timed(model, _rows(0, 0, request["prefill"]))
        model.release(0)
        return [seconds]
    count, context = request["decode"], request["context"]
    # The context is shared, as the columns of a table share their head.
    for start in range(0, context, BATCH):
        model.decode(_rows(0, start, min(BATCH, context - start)))
    for sequence in range(1, count):
        model.share(0, sequence)
    found = []
    for step in range(request["steps"]):
        rows = [row for s in range(count) for row in _rows(s, context + step, 1)]
        found.append(_timed(model, rows))
    for sequence in range(count):
        model.release(sequence)
    return found


def _rows(sequence: int, start: int, count: int) -> list[Any]:
    from model.schedule import StepToken

    end = start + count - 1
    # Token ids are spread, so that no two rows are the same.
    return [
        StepToken(100 + (7 * at + sequence) % 3000, at, sequence, at == end)
        for at in range(start, start + count)
    ]


def _timed(model: Model, rows: list[Any]) -> float:
    began = time.perf_counter()
    model.decode(rows)
    return time.perf_counter() - began


def main() -> None:
    """Serve the parent until it closes the pipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--cells", type=int, default=8192)
    parser.add_argument("--sequences", type=int, default=72)
    parser.add_argument("--gpu-layers", type=int, default=0)
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from model.llama import Model
    from model.sizes import Machine
    from model.wire import EngineSettings

    asked = {
        "threads": options.threads,
        "cells": options.cells,
        "sequences": options.sequences,
        "batch": BATCH,
    }
    here = Machine(options.threads, None, options.gpu_layers != 0)
    settings = EngineSettings(Path(options.model), options.gpu_layers, asked)
    model = Model(settings, here)
    for line in sys.stdin:
        answers.write(json.dumps(measure(model, json.loads(line))) + "\n")
        answers.flush()
    model.close()


if __name__ == "__main__":
    main()
