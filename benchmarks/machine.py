"""What the machine is that a benchmark ran on, and how its llama.cpp was built."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.sizes import available_memory, cores

WANTED_FLAGS = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
)
"""CPU features that decide which of llama.cpp's kernels run."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts that a figure means nothing without."""

    cpu: str
    """The processor's name."""
    cores: int
    """Cores that this process may use."""
    threads: int
    """Threads that were asked for."""
    flags: tuple[str, ...]
    """Those of `WANTED_FLAGS` that the CPU has."""
    memory: int | None
    """Bytes of memory that were free at the start; None where unknown."""
    load: tuple[float, float, float]
    """Load over 1, 5 and 15 minutes at the start: who else was at work."""
    system: str
    """Operating system and Python."""
    bindings: str
    """Version of llama-cpp-python."""
    build: str
    """What llama.cpp says that it was built with."""

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The same for people."""
        load = ", ".join(f"{value:.2f}" for value in self.load)
        free = f"{self.memory / 2**30:.1f} GiB free" if self.memory else "unknown"
        return [
            f"CPU        {self.cpu}, {self.cores} cores, {self.threads} threads used",
            f"flags      {' '.join(self.flags) or 'none of those looked for'}",
            f"memory     {free}",
            f"load       {load} (1, 5, 15 minutes)",
            f"system     {self.system}",
            f"llama.cpp  llama-cpp-python {self.bindings}: {self.build}",
        ]


def machine(threads: int | None = None) -> Machine:
    """Look at the machine; takes about a second, for the library is asked too."""
    bindings, _, build = _library().partition("\n")
    return Machine(
        cpu=_processor(),
        cores=cores(),
        threads=threads or cores(),
        flags=tuple(flag for flag in WANTED_FLAGS if flag in cpu_flags()),
        memory=available_memory(),
        load=os.getloadavg(),
        system=f"{platform.platform()}, Python {platform.python_version()}",
        bindings=bindings or "not installed",
        build=build or "unknown",
    )


def cpu_flags() -> frozenset[str]:
    """The CPU's features as Linux names them; empty elsewhere."""
    for line in _cpuinfo():
        if line.startswith(("flags", "Features")):
            return frozenset(line.partition(":")[2].split())
    return frozenset()


def _processor() -> str:
    for line in _cpuinfo():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def _library() -> str:
    """Version and build flags, one line each, asked in a process of its own.

    The library prints while it starts, and nothing here needs it otherwise.
    """
    code = (
        "import llama_cpp as l;"
        "print('\\x1e', getattr(l, '__version__', 'built for this'), end='\\n');"
        "print(l.llama_print_system_info().decode().strip())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    return done.stdout.partition("\x1e")[2].strip() if done.returncode == 0 else ""
