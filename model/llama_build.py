"""Builds llama-cpp-python for this machine, once, and keeps the wheel.

    python model/llama_build.py --version 0.3.36 [--accel auto|cpu|cuda|...]

Prints what it chose and why on stderr, and the wheel's path on stdout. Runs before
anything is installed, so it uses the standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ACCELERATORS = {
    "cpu": "",
    "cuda": "-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=native",
    "rocm": "-DGGML_HIP=on",
    "vulkan": "-DGGML_VULKAN=on",
    "metal": "-DGGML_METAL=on",
}
"""CMake options of llama.cpp for each backend."""
GPUS = (
    ("cuda", "GPU ", ("nvidia-smi", "-L"), "nvcc"),
    ("rocm", "gfx", ("rocminfo",), "hipcc"),
    ("vulkan", "deviceType(?!.*VIRTUAL).*GPU", ("vulkaninfo", "--summary"), "glslc"),
)
"""Backends with what is seen of their GPU in which command's output, and the compiler
that they need."""

HEADER = Path(__file__).resolve().with_name("amx_tile.h")


@dataclass(frozen=True)
class Backend:
    """A backend and the reason for it, in a line for the person at the terminal."""

    accelerator: str
    reason: str


def choose(wanted: str) -> Backend:
    """The backend for a GPU that is really there; a compiler alone is none."""
    if wanted != "auto":
        return Backend(wanted, "as ACCEL says")
    if sys.platform == "darwin":
        if platform.machine() == "arm64":
            return Backend("metal", "Apple GPU")
        return Backend("cpu", "no GPU that llama.cpp uses on Intel Macs")
    for accelerator, sign, command, compiler in GPUS:
        if re.search(sign, _output(*command)):
            seen = f"{command[0]} lists a GPU"
            if shutil.which(compiler):
                return Backend(accelerator, f"{seen} and {compiler} is installed")
            return Backend("cpu", f"{seen}, but there is no {compiler}")
    return Backend("cpu", "no GPU found by nvidia-smi, rocminfo or vulkaninfo")


def cmake_arguments(accelerator: str) -> str:
    """CMake options: the backend, no image support, and the AMX header."""
    include = f"-include {HEADER}"
    return " ".join(
        [
            "-DLLAVA_BUILD=OFF",
            f"-DCMAKE_C_FLAGS='{include}'",
            f"-DCMAKE_CXX_FLAGS='{include}'",
            ACCELERATORS[accelerator],
        ]
    ).strip()


def cache_folder(version: str, accelerator: str) -> Path:
    """Where the wheel of this version, backend, compiler and CPU is kept.

    The build is for the CPU it runs on (-march=native), so the CPU's features are part
    of the key.
    """
    key = hashlib.sha256()
    parts = [version, accelerator, platform.platform(), _output("cc", "--version")]
    parts += [_cpu_features(), HEADER.read_text(), ACCELERATORS[accelerator]]
    if accelerator == "cuda":
        parts += [_output("nvcc", "--version"), _output("nvidia-smi", "-L")]
    for part in parts:
        key.update(part.encode() + b"\0")
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "columnist" / "wheels" / key.hexdigest()[:16]


def build(version: str, accelerator: str) -> Path:
    """The wheel's path, built if it is not there yet.

    Raises:
        SystemExit: the compiler failed; with its last lines.
    """
    folder = cache_folder(version, accelerator)
    kept = sorted(folder.glob("*.whl"))
    if kept:
        print("llama.cpp: built before, the kept wheel is used", file=sys.stderr)
        return kept[0]
    minutes = "5 to 20 minutes" if accelerator == "cuda" else "about 8 minutes"
    print(f"llama.cpp: compiling once, {minutes} on 2 cores", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CMAKE_ARGS": cmake_arguments(accelerator)}
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        log = Path(scratch) / "build.log"
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps"]
        # pip's cache does not know CMAKE_ARGS and would return a build for another
        # backend.
        command += ["--no-cache-dir", "--verbose", "--wheel-dir", scratch]
        command += [f"llama-cpp-python=={version}"]
        with log.open("wb") as output:
            status = subprocess.call(
                command, stdout=output, stderr=output, env=environment
            )
        wheels = sorted(Path(scratch).glob("*.whl"))
        if status or not wheels:
            tail = log.read_text(errors="replace").splitlines()[-40:]
            raise SystemExit(
                "\n".join(tail)
                + "\nllama.cpp did not compile. It needs a C++ compiler and cmake;"
                " ACCEL=cpu leaves the GPU out."
            )
        folder.mkdir(exist_ok=True)
        os.replace(wheels[0], folder / wheels[0].name)
        return folder / wheels[0].name


def _output(*command: str) -> str:
    """What a command prints; empty where it is missing or fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _cpu_features() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return " ".join(sorted(line.split()))
    except OSError:
        pass
    return platform.processor()


def main() -> None:
    """Build, or find what was built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--accel", default="auto", choices=["auto", *ACCELERATORS])
    arguments = parser.parse_args()
    choice = choose(arguments.accel)
    print(f"llama.cpp: {choice.accelerator} ({choice.reason})", file=sys.stderr)
    print(build(arguments.version, choice.accelerator))


if __name__ == "__main__":
    main()
