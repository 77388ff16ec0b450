"""Measures drafting on a GPU, on a machine without a network.

    python -m benchmarks.gpu.run ARCHIVE OUTDIR [--dollars-per-hour 2.5]

Needs this repository, Python 3.11 with numpy, cmake, a C++ compiler and nvcc. From the
archive (`benchmarks.gpu.archive`) it builds libllama with CUDA for the one kind of GPU
that nvidia-smi names, then runs the product's own engine on it (`model.engine` with its
child process, scheduler and bindings), all layers on the GPU. A build that was cut off
goes on where it stopped; one that is done is used again. The CUDA toolkit has to have
cuBLAS; where that lies elsewhere, say so with `--cmake`.

Models have random weights and are made on the spot: a 7B one (sizes of Mistral 7B,
Q4_K_M or Q8_0) with prompts as long as the long ones, and one of our own model's
sizes with the compact prompts. Every text has `--text-tokens` tokens. Arms differ in
how many texts are written at once; each drafts tables in proportion to that, so that
none waits long for its last ones. All arms of a model are loaded together and take
turns, so all have to fit into the GPU's memory: name fewer with `--sequences` if not.

OUTDIR/gpu.json has the figures with the GPU's name, and hours (and dollars, at the
price of an hour that you name) for a million columns, their tables' own descriptions
included. Loading the model is left out. `--cpu` builds without CUDA, to try it out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.arms import EngineArm, Pass, table_prompts
from benchmarks.gpu.archive import BINDINGS, SOURCE
from benchmarks.machine import Machine, machine
from benchmarks.measuring import (
    REPEATS,
    Json,
    interleave,
    mebibytes,
    median,
    ratio,
    ratio_text,
    table,
)
from benchmarks.random_model import NAMES, made
from benchmarks.seven_billion import Tokens, long_tokens
from benchmarks.tables import COLUMNS, tables
from model.llama_build import HEADER
from model.prompt import Prompt
from model.sizes import cores

LONG = ("7b",)
"""Models that get prompts as long as the long ones."""
ROUNDS = 3
"""How many times each sequence is used in a pass, about."""
MILLION = 1_000_000


def build(source: Path, folder: Path, *, cuda: bool, architecture: str) -> list[str]:
    """The command that prepares the build."""
    command = ["cmake", "-S", str(source), "-B", str(folder)]
    if shutil.which("ninja"):
        command += ["-G", "Ninja"]
    command += ["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=ON"]
    command += [
        f"-DLLAMA_{name}=OFF"
        for name in (
            "BUILD_COMMON",
            "BUILD_TESTS",
            "BUILD_EXAMPLES",
            "BUILD_TOOLS",
            "BUILD_SERVER",
            "BUILD_APP",
            "OPENSSL",
        )
    ]
    command += [f"-DCMAKE_{x}_FLAGS=-include {HEADER}" for x in ("C", "CXX")]
    if cuda:
        command += ["-DGGML_CUDA=ON", f"-DCMAKE_CUDA_ARCHITECTURES={architecture}"]
        command += ["-DGGML_CUDA_NCCL=OFF"]  # one GPU talks to no other
    return command


def made_library(options: argparse.Namespace, unpacked: Path) -> Path | None:
    """The folder of the built libraries; None where only configuring was asked for."""
    if options.library:
        given: Path = options.library
        return given.resolve()
    folder: Path = (options.build or options.out / "build").resolve()
    cuda = not options.cpu
    architecture = options.architecture or (compute_capability() if cuda else "")
    if cuda and not architecture:
        raise SystemExit("nvidia-smi names no GPU: give --architecture, or --cpu.")
    command = build(unpacked / SOURCE, folder, cuda=cuda, architecture=architecture)
    _run([*command, *options.cmake])
    if options.configure_only:
        return None
    # The library alone, and what it links to.
    command = ["cmake", "--build", str(folder), "--target", "llama"]
    _run([*command, "--parallel", str(options.jobs)])
    return folder / "bin"


def compute_capability() -> str:
    """Such as `90`; empty where there is no GPU."""
    return nvidia("compute_cap").replace(".", "")


def nvidia(field: str) -> str:
    """One fact about the first GPU; empty where there is none."""
    try:
        done = subprocess.run(
            ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().splitlines()[0].strip() if not done.returncode else ""


def long_prompts(count: int, tokens: Tokens, limit: int) -> list[Prompt]:
    """Prompts of so many tokens: a word that is one token, again and again."""
    word = " the"
    block = word * max(tokens.blocks // tokens.texts, 1)
    return [Prompt(word * tokens.head, (block,) * tokens.texts, limit)] * count


def compact_prompts(count: int, limit: int) -> list[Prompt]:
    """The prompts of so many tables."""
    return [
        replace(prompt, limit=limit)
        for each in tables(count)
        for prompt, _ in table_prompts(each)
    ]


def measure(options: argparse.Namespace, name: str) -> list[Json]:
    """One model, all numbers of texts at once in turns."""
    kind = options.kind if name in LONG else None
    path = made(name, options.out, kind=kind)
    layers = 0 if options.cpu else -1
    with ExitStack() as stack:
        arms: dict[str, EngineArm] = {}
        for sequences in options.sequences:
            count = max(2, -(-ROUNDS * sequences // (COLUMNS + 1)))
            prompts = (
                long_prompts(count, long_tokens(tables(1)[0]), options.text_tokens)
                if name in LONG
                else compact_prompts(count, options.text_tokens)
            )
            arm = EngineArm(
                path,
                prompts,
                sequences=sequences,
                threads=options.jobs,
                gpu_layers=layers,
            )
            stack.callback(arm.close)
            arm.run()
            arms[str(sequences)] = arm
        memory = nvidia("memory.used")
        passes = interleave(
            {key: arm.run for key, arm in arms.items()},
            options.repeats,
            told=lambda key, repeat: print(
                f"{name}, repeat {repeat + 1}: {key}", file=sys.stderr, flush=True
            ),
        )
    rows = report(passes, options.dollars_per_hour)
    for row in rows:
        row |= {"model": name, "weights": path.name, "gpu_memory_mib_all_arms": memory}
    return rows


def report(passes: Mapping[str, Sequence[Pass]], price: float | None) -> list[Json]:
    """Medians of each arm; the baseline is the first, usually one text at a time."""
    rates = {
        key: [one.descriptions / one.seconds for one in each]
        for key, each in passes.items()
    }
    first = next(iter(rates))
    rows: list[Json] = []
    for key, each in passes.items():
        rate = median(rates[key])
        hours = MILLION * (COLUMNS + 1) / COLUMNS / rate / 3600
        rows.append(
            {
                "sequences": int(key),
                "descriptions_a_second": rate,
                "text_tokens_a_second": median(
                    [p.text_tokens / p.seconds for p in each]
                ),
                "times_first": ratio(rates[key], rates[first]).as_json(),
                "hours_a_million_columns": hours,
                "dollars_a_million_columns": None if price is None else hours * price,
                "cpu_seconds_a_description": median(
                    [p.cpu_seconds / p.descriptions for p in each]
                ),
                "peak_bytes": each[-1].peak_bytes,
                "exact": all(one.exact for one in each),
                "passes": [asdict(one) for one in each],
            }
        )
    return rows


def lines(facts: Machine, gpu: Json, rows: Sequence[Json]) -> list[str]:
    """The report for people."""
    head = ["model", "at once", "descriptions/s", "text tokens/s", "times first"]
    head += ["h per million columns", "dollars", "CPU ms each", "RAM MiB"]
    cells = [
        [
            row["model"],
            str(row["sequences"]),
            f"{row['descriptions_a_second']:.1f}",
            f"{row['text_tokens_a_second']:.0f}",
            ratio_text(row["times_first"]),
            f"{row['hours_a_million_columns']:.2f}",
            "-"
            if row["dollars_a_million_columns"] is None
            else f"{row['dollars_a_million_columns']:.2f}",
            f"{row['cpu_seconds_a_description'] * 1000:.2f}",
            mebibytes(row["peak_bytes"]),
        ]
        for row in rows
    ]
    return [
        *facts.lines(),
        f"GPU        {gpu['name'] or 'none'}, driver {gpu['driver'] or 'none'}",
        "",
        table(head, cells),
    ]


def parser() -> argparse.ArgumentParser:
    """The options."""
    found = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("archive", type=Path)
    found.add_argument("out", type=Path)
    found.add_argument("--build", type=Path, help="folder of the build, kept")
    found.add_argument("--library", type=Path, help="folder of a library built before")
    found.add_argument("--cpu", action="store_true", help="build and run without CUDA")
    found.add_argument("--architecture", help="such as 90; nvidia-smi's by default")
    found.add_argument(
        "--cmake", action="append", default=[], help="one more argument for cmake"
    )
    found.add_argument("--configure-only", action="store_true")
    found.add_argument("--jobs", type=int, default=cores())
    found.add_argument("--repeats", type=int, default=REPEATS)
    found.add_argument("--text-tokens", type=int, default=16)
    found.add_argument("--kind", choices=["Q4_K_M", "Q8_0"], default="Q4_K_M")
    found.add_argument(
        "--models", type=lambda text: text.split(","), default=["bundled", "7b"]
    )
    found.add_argument(
        "--sequences",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[1, 4, 16, 64, 256],
        help="texts at once, with commas; the first is the baseline",
    )
    found.add_argument(
        "--dollars-per-hour", type=float, help="what an hour of the machine costs"
    )
    return found


def main() -> None:
    """Build, measure, and write OUTDIR/gpu.json."""
    options = parser().parse_args()
    if unknown := set(options.models) - set(NAMES):
        raise SystemExit(f"There is no model {', '.join(unknown)}.")
    options.out.mkdir(parents=True, exist_ok=True)
    unpacked = options.out.resolve() / "source"
    if not unpacked.exists():
        with tarfile.open(options.archive) as archive:
            archive.extractall(unpacked, filter="data")
    library = made_library(options, unpacked)
    if library is None:
        return
    # The engine's child imports the bindings from there, and they load this library.
    os.environ["LLAMA_CPP_LIB_PATH"] = str(library)
    os.environ["PYTHONPATH"] = str(unpacked / BINDINGS)
    facts = machine(options.jobs)
    rows = [row for name in options.models for row in measure(options, name)]
    gpu: Json = {
        "name": "" if options.cpu else nvidia("name"),
        "driver": nvidia("driver_version"),
        "memory_mib": nvidia("memory.total"),
    }
    document = {
        "benchmark": "gpu",
        "gpu": gpu,
        "machine": facts.as_json(),
        "settings": {
            "text_tokens": options.text_tokens,
            "repeats": options.repeats,
            "kind": options.kind,
            "dollars_per_hour": options.dollars_per_hour,
        },
        "rows": rows,
    }
    (options.out / "gpu.json").write_text(json.dumps(document, indent=2) + "\n")
    print("\n".join(lines(facts, gpu, rows)))
    if wrong := [row for row in rows if not row["exact"]]:
        raise SystemExit(f"Texts were not of equal length in {len(wrong)} arms.")


def _run(command: Sequence[str]) -> None:
    print(" ".join(command), file=sys.stderr, flush=True)
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
