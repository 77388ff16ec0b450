"""How far decode steps are from what this machine could do at best.

    python -m benchmarks.limit [--models bundled,60m,500m] [--json]

A step has to read all weights once and to do all its multiplications:

    bound = max(bytes / read rate, operations / f32 rate)

Both rates are measured beside the steps, in the same turns, with as many threads. The
read rate is that of an array of the model's own size, so a model that fits into the
cache is held to the cache's rate. `distance` is measured / bound; 1 cannot be beaten by
code that multiplies in f32.

Bytes are those of the tensors in the file: all but the rows of the token embedding, of
which a step looks up a few, unless they are the output's weights too. The KV cells in
use are read once a step. Operations are 2 a weight and token, plus those of attention;
the output's weights count only for tokens whose answer is wanted, one in a prefill.

Not covered: llama.cpp's kernels multiply 8-bit numbers, of which AVX512-VNNI does up to
four times as many as f32; so the f32 bound is a reference, not a law. Where the CPU has
bf16 the bound with the bf16 rate stands beside it, elsewhere the output says why not.
Activations, logits and what threads wait for each other are in no bound.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial

from benchmarks import gguf_header
from benchmarks.gguf_header import Header
from benchmarks.machine import Machine, machine
from benchmarks.measuring import (
    Json,
    arguments,
    interleave,
    median,
    ratio,
    ratio_text,
    table,
)
from benchmarks.random_model import NAMES, made
from benchmarks.rates import Rates, no_bf16
from benchmarks.steps import BATCH, Steps

CONTEXT = 128
"""KV cells before the steps that are timed; a narrow table's prompt."""
SEQUENCES = (1, 16)
STEPS = 20
LARGE = 512 << 20
"""Bytes of an array that no cache holds."""
KV_BYTES = 2
"""Of a number in the KV cache: f16."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one step has to do at least."""

    bytes: int
    """To read: weights and KV cells."""
    operations: int
    """To do: multiplications and additions."""

    def bound(self, read: float, operate: float) -> float:
        """Seconds, at those rates a second."""
        return max(self.bytes / read, self.operations / operate)


@dataclass(frozen=True, slots=True)
class Turn:
    """One repeat of one model."""

    read: float
    """Bytes a second."""
    operate: float
    """Operations a second in f32."""
    operate_bf16: float | None
    """Likewise in bf16; None where the CPU has none."""
    seconds: Mapping[str, float]
    """Of a step, by what it did."""


def weight_bytes(header: Header) -> int:
    """Bytes of weights that every step reads."""
    return sum(
        tensor.bytes
        for tensor in header.tensors
        if header.tied or tensor.name != "token_embd.weight"
    )


def step_work(
    header: Header, *, tokens: int, answers: int, cells: int, seen: int
) -> Work:
    """The least work of a step.

    Args:
        header: the model.
        tokens: tokens of the step.
        answers: tokens whose logits are wanted.
        cells: KV cells in use, which are read.
        seen: cells that the tokens attend to, summed over them.
    """
    output = "token_embd.weight" if header.tied else "output.weight"
    matrices = [t for t in header.tensors if len(t.shape) == 2]
    inner = sum(
        t.weights
        for t in matrices
        if t.name not in ("token_embd.weight", "output.weight")
    )
    outer = sum(t.weights for t in matrices if t.name == output)
    width = header.setting("embedding_length")
    heads = header.setting("attention.head_count")
    keys = width // heads * header.setting("attention.head_count_kv")
    layers = header.setting("block_count")
    return Work(
        bytes=weight_bytes(header) + cells * layers * 2 * keys * KV_BYTES,
        operations=2 * (inner * tokens + outer * answers)
        # Scores and weighted sum: each a multiplication and an addition.
        + 4 * seen * layers * width,
    )


def works(header: Header, context: int, steps: int) -> dict[str, Work]:
    """The least work of each step that is measured, by its name."""
    found = {
        f"decode-{count}": step_work(
            header,
            tokens=count,
            answers=count,
            # The context is shared; half of the steps' own tokens are there on average.
            cells=context + count * steps // 2,
            seen=count * (context + steps // 2),
        )
        for count in SEQUENCES
    }
    found["prefill"] = step_work(
        header,
        tokens=BATCH,
        answers=1,
        cells=BATCH,
        seen=BATCH * (BATCH + 1) // 2,
    )
    return found


def measure(options: argparse.Namespace) -> tuple[Json, list[Json]]:
    """The machine's rates, and every step of every model beside its bound."""
    paths = {name: made(name, options.cache) for name in options.models}
    headers = {name: gguf_header.read(path) for name, path in paths.items()}
    bf16 = not no_bf16()
    ram: list[float] = []
    with ExitStack() as stack:
        rates = stack.enter_context(Rates(options.threads))
        steps = {
            name: stack.enter_context(
                Steps(path, threads=options.threads, cells=4096, sequences=17)
            )
            for name, path in paths.items()
        }

        def turn(name: str) -> Turn:
            size = weight_bytes(headers[name])
            times = {
                f"decode-{count}": median(
                    steps[name].decode(
                        count, context=options.context, steps=options.steps
                    )
                )
                for count in SEQUENCES
            }
            times["prefill"] = steps[name].prefill(BATCH)
            return Turn(
                read=rates.read(min(size, LARGE)),
                operate=rates.multiply("f32"),
                operate_bf16=rates.multiply("bf16") if bf16 else None,
                seconds=times,
            )

        for name in paths:  # a first turn warms up
            steps[name].prefill(BATCH)
        turns = interleave(
            {name: partial(turn, name) for name in paths},
            options.repeats,
            told=lambda name, repeat: print(
                f"repeat {repeat + 1}: {name}", file=sys.stderr, flush=True
            ),
        )
        ram = [rates.read(LARGE) for _ in range(options.repeats)]
    rows = [
        row
        for name in paths
        for row in report(
            name, works(headers[name], options.context, options.steps), turns[name]
        )
    ]
    every = [one for each in turns.values() for one in each]
    found: Json = {
        "read_bytes_a_second": median(ram),
        "f32_operations_a_second": median([one.operate for one in every]),
        "bf16_operations_a_second": median(
            [one.operate_bf16 for one in every if one.operate_bf16 is not None]
        )
        if bf16
        else None,
        "no_bf16": no_bf16(),
    }
    return found, rows


def report(name: str, works: Mapping[str, Work], turns: Sequence[Turn]) -> list[Json]:
    """One model's steps beside their bounds; ratios are taken turn by turn."""
    rows: list[Json] = []
    for step, work in works.items():
        seconds = [turn.seconds[step] for turn in turns]
        bounds = [work.bound(turn.read, turn.operate) for turn in turns]
        row: Json = {
            "model": name,
            "step": step,
            **asdict(work),
            "read_bytes_a_second": median([turn.read for turn in turns]),
            "bound_seconds": median(bounds),
            "bound_by": "reading"
            if work.bytes / turns[0].read > work.operations / turns[0].operate
            else "f32 operations",
            "measured_seconds": median(seconds),
            "distance": ratio(seconds, bounds).as_json(),
            "distance_bf16": None,
        }
        finer = [
            work.bound(turn.read, turn.operate_bf16)
            for turn in turns
            if turn.operate_bf16 is not None
        ]
        if finer:
            row["distance_bf16"] = ratio(seconds, finer).as_json()
        rows.append(row)
    return rows


def lines(facts: Machine, rates: Json, rows: Sequence[Json]) -> list[str]:
    """The report for people."""
    bf16 = rates["bf16_operations_a_second"]
    cells = [
        [
            row["model"],
            row["step"],
            f"{row['bytes'] / 1e6:.1f}",
            f"{row['read_bytes_a_second'] / 1e9:.1f}",
            f"{row['operations'] / 1e9:.2f}",
            f"{row['bound_seconds'] * 1000:.2f}",
            row["bound_by"],
            f"{row['measured_seconds'] * 1000:.2f}",
            ratio_text(row["distance"]),
            ratio_text(row["distance_bf16"]) if row["distance_bf16"] else "-",
        ]
        for row in rows
    ]
    head = ["model", "step", "MB", "GB/s", "Gop", "bound ms", "bound by"]
    head += ["measured ms", "distance", "with bf16"]
    return [
        *facts.lines(),
        f"reading    {rates['read_bytes_a_second'] / 1e9:.1f} GB/s of"
        f" {LARGE >> 20} MiB",
        f"f32        {rates['f32_operations_a_second'] / 1e9:.0f} GFLOP/s",
        f"bf16       {bf16 / 1e9:.0f} GFLOP/s"
        if bf16
        else f"bf16       not measured: {rates['no_bf16']}",
        "",
        table(head, cells),
    ]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument(
        "--models",
        type=lambda text: text.split(","),
        default=list(NAMES[:3]),
        help="with commas",
    )
    parser.add_argument("--context", type=int, default=CONTEXT)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    unknown = set(options.models) - set(NAMES)
    if unknown:
        parser.error(f"there is no model {', '.join(unknown)}")
    facts = machine(options.threads)
    rates, rows = measure(options)
    if options.json:
        document = {
            "benchmark": "limit",
            "machine": facts.as_json(),
            "settings": {
                "context": options.context,
                "steps": options.steps,
                "repeats": options.repeats,
            },
            "rates": rates,
            "rows": rows,
        }
        print(json.dumps(document, indent=2))
    else:
        print("\n".join(lines(facts, rates, rows)))


if __name__ == "__main__":
    main()
