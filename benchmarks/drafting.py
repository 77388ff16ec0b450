"""Drafting the same tables with the same model in different ways.

    python -m benchmarks.drafting [--model bundled|60m|500m|7b-long] [--json]

Arms, which take turns (`--repeats`, each a fresh order):

class+grammar  llama-cpp-python's high-level `Llama`, one table after the other, the
               whole table as one JSON object under a grammar that `LlamaGrammar` makes
               from a JSON schema. What most scripts do.
class          The same without the grammar: the model writes the JSON by itself.
engine-N       Columnist's `Engine` with its child process, pipe and scheduler, N texts
               at once. The product takes about 32 for a small model and 16 for one of
               500M weights, heads among them.
server         llama-server from the same llama.cpp, 16 slots, one request a column
               (only with `--server PATH`, which `benchmarks.build_server` makes).
shipped        Our own model as it is, through `Drafter`: prompts, choosing, checks.
               Only with `--model bundled`. Its texts end by themselves, so its rate is
               not one of equal work; it is there to see what a user gets.

Equal work: each description has exactly `--text-tokens` tokens in every arm but the
last, and each arm is refused where one had not. A description counts as the tokens of
its text. The models have random weights and real sizes, see `random_model`: the end
token never wins, words have four characters, so the schema's `minLength` and
`maxLength` ask for an exact number of tokens.

What each arm pays besides, and whom that favours:

- Every arm reads the same prompt tokens of a table once: the head and, of each column,
  what its block says. The class reads them in one batch, the engine as head and blocks.
- The class writes the JSON around the texts, about 5 tokens a description. It has to:
  this is what asking for a table in one go costs. The vocabulary has tokens for JSON
  and for the ends of names (`_id`), so these are as few as in a good tokenizer: that
  favours the class. Without the grammar exactly as many tokens are written as with it;
  that a model might write bad JSON and be asked again is left out: favours the class.
- `Llama` keeps the prompt of the table before and reads again only what differs. In
  the first table of a pass nothing is kept.
- The server gets one prompt a column. It keeps what it read in a slot, but slots do not
  share it: each reads the head of a table for itself. Its clients' CPU time is left
  out, which favours the server. HTTP is part of its time.
- Loading and a first pass are left out for all: favours none.
- Texts of one column do not see those of the others in the engine. With the class they
  do. What that is worth in quality is not measured here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import seven_billion
from benchmarks.arms import (
    Arm,
    EngineArm,
    Pass,
    SequentialArm,
    ServerArm,
    ShippedArm,
    table_prompts,
)
from benchmarks.machine import Machine, machine
from benchmarks.measuring import (
    Json,
    arguments,
    interleave,
    mebibytes,
    median,
    ratio,
    ratio_text,
    table,
)
from benchmarks.random_model import NAMES, bundled, made
from benchmarks.tables import tables

GRAMMAR, PLAIN, SERVER, SHIPPED = "class+grammar", "class", "server", "shipped"
TABLES = {"bundled": 16, "60m": 8, "500m": 4}
"""Tables a pass, so that one takes seconds and not minutes."""
SLOTS = 16


def measure(options: argparse.Namespace) -> tuple[dict[str, list[Pass]], Json]:
    """All passes of all arms, and what was asked for."""
    path = made(options.model, options.cache)
    count = options.tables or TABLES[options.model]
    chosen = tables(count)
    prompts = [
        replace(prompt, limit=options.text_tokens)
        for each in chosen
        for prompt, _ in table_prompts(each)
    ]
    with ExitStack() as stack:
        arms: dict[str, Arm] = {}

        def add(name: str, arm: Arm) -> Arm:
            stack.callback(arm.close)
            arms[name] = arm
            return arm

        def sequential(name: str, *, grammar: bool, lengths: Sequence[int]) -> Arm:
            return add(
                name,
                SequentialArm(
                    path,
                    chosen,
                    text_tokens=options.text_tokens,
                    threads=options.threads,
                    grammar=grammar,
                    lengths=lengths,
                ),
            )

        # The first pass warms up; that of the grammar also says how long the JSON is.
        first = sequential(GRAMMAR, grammar=True, lengths=())
        first.run()
        assert isinstance(first, SequentialArm)
        sequential(PLAIN, grammar=False, lengths=first.lengths)
        for sequences in options.sequences:
            add(
                f"engine-{sequences}",
                EngineArm(path, prompts, sequences=sequences, threads=options.threads),
            )
        if options.server:
            add(
                SERVER,
                ServerArm(
                    options.server, path, prompts, slots=SLOTS, threads=options.threads
                ),
            )
        if options.model == "bundled":
            add(SHIPPED, ShippedArm(bundled(), chosen, threads=options.threads))
        for name, arm in arms.items():
            if name != GRAMMAR:
                arm.run()
        passes = interleave(
            {name: arm.run for name, arm in arms.items()}, options.repeats, told=_told
        )
    settings: Json = {
        "model": options.model,
        "weights": path.name,
        "tables": count,
        "columns": len(chosen[0].columns),
        "text_tokens": options.text_tokens,
        "repeats": options.repeats,
    }
    return passes, settings


def report(passes: Mapping[str, Sequence[Pass]]) -> list[Json]:
    """Medians of each arm, and its rate as a multiple of the two baselines'."""
    rates = {
        name: [one.descriptions / one.seconds for one in each]
        for name, each in passes.items()
    }
    return [
        {
            "arm": name,
            "descriptions_a_second": median(rates[name]),
            "text_tokens_a_second": median([p.text_tokens / p.seconds for p in each]),
            "cpu_seconds_a_description": median(
                [p.cpu_seconds / p.descriptions for p in each]
            ),
            "other_tokens_a_description": each[0].other_tokens / each[0].descriptions,
            "peak_bytes": each[-1].peak_bytes,
            "exact": all(one.exact for one in each),
            "times_class_grammar": ratio(rates[name], rates[GRAMMAR]).as_json(),
            "times_class": ratio(rates[name], rates[PLAIN]).as_json(),
            "passes": [asdict(one) for one in each],
        }
        for name, each in passes.items()
    ]


def lines(facts: Machine, settings: Json, arms: Sequence[Json]) -> list[str]:
    """The report for people."""
    rows = []
    for arm in arms:
        rows.append(
            [
                arm["arm"],
                f"{arm['descriptions_a_second']:.1f}",
                f"{arm['text_tokens_a_second']:.0f}",
                f"{arm['cpu_seconds_a_description'] * 1000:.1f}",
                f"{arm['other_tokens_a_description']:.1f}",
                mebibytes(arm["peak_bytes"]),
                ratio_text(arm["times_class_grammar"]),
                ratio_text(arm["times_class"]),
            ]
        )
    head = [
        "arm",
        "descriptions/s",
        "text tokens/s",
        "CPU ms each",
        "other tokens each",
        "peak MiB",
        f"times {GRAMMAR}",
        f"times {PLAIN}",
    ]
    return [
        *facts.lines(),
        f"model      {settings['model']} ({settings['weights']})",
        f"work       {settings['tables']} tables of {settings['columns']} columns,"
        f" {settings['text_tokens']} tokens a text, medians of {settings['repeats']}",
        "",
        table(head, rows),
        "",
        "Rates of `shipped` are of texts that end by themselves, not of equal work."
        if any(arm["arm"] == SHIPPED for arm in arms)
        else "",
    ]


def parser() -> argparse.ArgumentParser:
    """The options."""
    found = arguments(__doc__)
    found.add_argument(
        "--model", choices=[*NAMES[:3], seven_billion.NAME], default="bundled"
    )
    found.add_argument("--tables", type=int, help="tables a pass")
    found.add_argument("--text-tokens", type=int, default=16)
    found.add_argument(
        "--sequences",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[1, 4, 16, 64],
        help="texts at once, for each arm of the engine; with commas",
    )
    found.add_argument("--server", type=Path, help="llama-server to compare with")
    seven_billion.add_options(found)
    return found


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    facts = machine(options.threads)
    if options.model == seven_billion.NAME:
        seven_billion.main(options, facts)
        return
    passes, settings = measure(options)
    arms = report(passes)
    wrong = [arm["arm"] for arm in arms if not arm["exact"]]
    if wrong:
        raise SystemExit(f"Texts were not of equal length: {', '.join(wrong)}.")
    if options.json:
        print(
            json.dumps(
                {
                    "benchmark": "drafting",
                    "machine": facts.as_json(),
                    "settings": settings,
                    "arms": arms,
                },
                indent=2,
            )
        )
    else:
        print("\n".join(lines(facts, settings, arms)))


def _told(name: str, repeat: int) -> None:
    print(f"repeat {repeat + 1}: {name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
