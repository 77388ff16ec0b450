"""The systems that `benchmarks.drafting` compares, each behind the same two calls."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from benchmarks.measuring import cpu_seconds, peak_memory
from benchmarks.tables import profiles
from catalog.objects import Table, TableId
from model.draft import Drafter, Job
from model.engine import Engine
from model.library import ModelFile
from model.prompt import Prompt
from model.prompts.compact import compact_prompts
from model.sizes import KEPT_SHARE, LIMITS
from model.wire import EngineSettings

ROOT = Path(__file__).resolve().parent.parent
TABLE_KEY = "table_description"
WIDE = 64
"""Texts at once from which on heads are counted among them, so that this number gives
the 80 ids that the product took for a small model before this was measured."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one turn of an arm took."""

    seconds: float
    """From the first prompt to the last text; loading is left out."""
    cpu_seconds: float
    """CPU time of all processes of the arm."""
    descriptions: int
    """How many texts came."""
    text_tokens: int
    """Tokens of those texts."""
    other_tokens: int
    """Tokens that had to be written besides: the JSON around the texts."""
    peak_bytes: int | None
    """Most memory of the process that runs the model, up to now."""
    exact: bool
    """Whether every text had the length that was asked for."""
    read_tokens: int = 0
    """Tokens of prompts, where the arm counts them."""


class Arm(Protocol):
    """One way of drafting the same tables."""

    def run(self) -> Pass:
        """Draft all tables once."""

    def close(self) -> None:
        """Give everything back."""


# The high-level class


class SequentialArm:
    """llama-cpp-python's `Llama`, a table at a time, the whole table as one JSON."""

    def __init__(
        self,
        path: Path,
        tables: Sequence[Table],
        *,
        text_tokens: int,
        threads: int,
        grammar: bool,
        lengths: Sequence[int] = (),
    ) -> None:
        self._texts = [len(table.columns) + 1 for table in tables]
        self._text_tokens = text_tokens
        self._documents = [
            {
                "prompt": whole_prompt(table),
                "keys": [TABLE_KEY, *(column.name for column in table.columns)],
                "text_tokens": text_tokens,
                "tokens": lengths[number] if lengths else 0,
            }
            for number, table in enumerate(tables)
        ]
        command = [sys.executable, "-m", "benchmarks.sequential", str(path)]
        command += ["--threads", str(threads), *(["--grammar"] if grammar else [])]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lengths: list[int] = []

    def run(self) -> Pass:
        """Draft all tables once."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"documents": self._documents}) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"the arm ended with {self._process.wait()}")
        found = json.loads(line)
        self.lengths = found["tokens"]
        texts = sum(self._texts)
        return Pass(
            seconds=found["seconds"],
            cpu_seconds=found["cpu_seconds"],
            descriptions=texts,
            text_tokens=texts * self._text_tokens,
            other_tokens=sum(self.lengths) - texts * self._text_tokens,
            peak_bytes=found["peak_bytes"],
            exact=found["exact"],
        )

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def whole_prompt(table: Table) -> str:
    """All that our prompts say of a table, once: the head and what each block adds."""
    ((prompt, _),) = table_prompts(table)
    return prompt.head + "".join(prompt.blocks)


def table_prompts(table: Table) -> list[tuple[Prompt, tuple[TableId | Any, ...]]]:
    """The compact prompts of a table, the same for every arm."""
    return compact_prompts(table, table.targets(), profiles(table))


# Our engine


class WatchedEngine(Engine):
    """The product's engine, child process and all; tells which process that is."""

    @property
    def process(self) -> int:
        """The child's process id."""
        assert self._process is not None
        return self._process.pid


def ids_for(texts: int) -> int:
    """Sequence ids that let so many texts be written at once.

    Heads need ids as well, and a share is kept for the table on the screen, which
    nobody looks at here.
    """
    wanted = texts if texts >= WIDE else texts + 1 + texts // 16
    most = LIMITS["sequences"][1]
    return max(n for n in range(2, most + 1) if n - int(KEPT_SHARE * n) <= wanted)


class EngineArm:
    """Our engine on prompts as the product makes them."""

    def __init__(
        self,
        path: Path,
        prompts: Sequence[Prompt],
        *,
        sequences: int,
        threads: int,
        gpu_layers: int = 0,
    ) -> None:
        self._prompts = prompts
        self._engine = WatchedEngine(
            EngineSettings(
                path,
                gpu_layers=gpu_layers,
                sizes={"threads": threads, "sequences": ids_for(sequences)},
            )
        )
        self._engine.start()

    def run(self) -> Pass:
        """Write all prompts once."""
        child = cpu_seconds(self._engine.process)
        read = self._engine.prompt_tokens
        began, cpu = time.perf_counter(), time.process_time()
        texts = list(self._engine.generate(self._prompts))
        seconds = time.perf_counter() - began
        used = time.process_time() - cpu + cpu_seconds(self._engine.process) - child
        return Pass(
            seconds=seconds,
            cpu_seconds=used,
            descriptions=len(texts),
            text_tokens=sum(text.tokens for text in texts),
            other_tokens=0,
            peak_bytes=peak_memory(self._engine.process),
            exact=all(
                text.tokens == self._prompts[text.prompt].limit for text in texts
            ),
            read_tokens=self._engine.prompt_tokens - read,
        )

    def close(self) -> None:
        """End the child."""
        self._engine.close()


class ShippedArm:
    """The bundled model as it is, through the product's `Drafter`, at any length.

    What comes out is chosen and checked as for a steward; nothing is imposed.
    """

    def __init__(
        self, model: ModelFile, tables: Sequence[Table], *, threads: int
    ) -> None:
        self._model = model
        self._jobs = [Job(table, table.targets(), profiles(table)) for table in tables]
        self._engine = WatchedEngine(
            EngineSettings(model.path, gpu_layers=0, sizes={"threads": threads})
        )
        self._engine.start()

    def run(self) -> Pass:
        """Draft all tables once."""
        child = cpu_seconds(self._engine.process)
        written = self._engine.generated_tokens
        began, cpu = time.perf_counter(), time.process_time()
        drafts = list(Drafter(self._engine, self._model).draft(self._jobs))
        seconds = time.perf_counter() - began
        used = time.process_time() - cpu + cpu_seconds(self._engine.process) - child
        return Pass(
            seconds=seconds,
            cpu_seconds=used,
            descriptions=len(drafts),
            text_tokens=self._engine.generated_tokens - written,
            other_tokens=0,
            peak_bytes=peak_memory(self._engine.process),
            exact=True,
        )

    def close(self) -> None:
        """End the child."""
        self._engine.close()


# llama-server


class ServerArm:
    """llama-server with continuous batching, one request a description."""

    def __init__(
        self,
        server: Path,
        path: Path,
        prompts: Sequence[Prompt],
        *,
        slots: int,
        threads: int,
        log: IO[bytes] | None = None,
    ) -> None:
        self._slots = slots
        self._requests = [
            {
                "prompt": prompt.head + block,
                "n_predict": prompt.limit,
                "temperature": 0.0,
                "cache_prompt": True,
                "samplers": ["temperature"],
            }
            for prompt in prompts
            for block in prompt.blocks
        ]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        command = [str(server), "-m", str(path), "-np", str(slots), "-cb"]
        command += ["-c", str(512 * slots), "-b", "512", "-ub", "512", "-fa", "off"]
        # No copies of idle prompts: none comes a second time within a pass.
        command += ["--cache-ram", "0"]
        command += ["-t", str(threads), "-tb", str(threads), "--no-webui"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        self._process = subprocess.Popen(
            command,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            stdout=log or subprocess.DEVNULL,
            stderr=log or subprocess.DEVNULL,
        )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def run(self) -> Pass:
        """Ask for every description once, as many at a time as there are slots."""
        child = cpu_seconds(self._process.pid)
        began = time.perf_counter()
        with ThreadPoolExecutor(self._slots) as pool:
            counts = list(pool.map(self._ask, self._requests))
        seconds = time.perf_counter() - began
        limits = [request["n_predict"] for request in self._requests]
        return Pass(
            seconds=seconds,
            # Those who ask are left out: a server's users have CPUs of their own.
            cpu_seconds=cpu_seconds(self._process.pid) - child,
            descriptions=len(counts),
            text_tokens=sum(counts),
            other_tokens=0,
            peak_bytes=peak_memory(self._process.pid),
            exact=counts == limits,
        )

    def close(self) -> None:
        """End the server."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, body: dict[str, Any]) -> int:
        request = urllib.request.Request(
            f"{self._url}/completion",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            return int(json.load(answer)["tokens_predicted"])

    def _wait(self, seconds: float = 300.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(
                    f"llama-server ended with {self._process.returncode}"
                )
            health = f"{self._url}/health"
            with suppress(OSError), urllib.request.urlopen(health, timeout=2) as told:
                if told.status == 200:
                    return
            time.sleep(0.2)
        raise RuntimeError("llama-server did not become ready")
