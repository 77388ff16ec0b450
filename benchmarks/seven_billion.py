"""What a 7B model with the long prompt costs beside the bundled one with the compact.

    python -m benchmarks.drafting --model 7b-long --hourly-price 1.20

Seconds, tokens and, at the price of an hour of the machine, cost for 1,000 columns. The
bundled model's sizes are measured on whole tables with the engine. Of the 7B model (the
sizes of Mistral 7B, Q4_K_M, random weights) only single steps are: reading some tokens,
and writing one token in each of 16 sequences. The cost of 1,000 columns is
**extrapolated** from them, and the output says so:

    tables x (head + blocks) tokens x seconds a token read
    + descriptions x text tokens x seconds a step / 16

The long prompt's tokens are counted as characters / 4, as usual tokenizers need about
one token for four characters of English. Steps are timed with a short context, and the
engine is taken to have all 16 sequences busy all the time: both favour the 7B model. A
description has as many tokens in both, though a 7B model's tokens say more.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from benchmarks.arms import EngineArm, table_prompts
from benchmarks.machine import Machine
from benchmarks.measuring import Json, interleave, median, ratio, table
from benchmarks.random_model import made
from benchmarks.steps import Steps
from benchmarks.tables import COLUMNS, profiles, tables
from catalog.objects import Table
from model.prompts.long import long_prompts, render_chat

NAME = "7b-long"
SEQUENCES = 16
CONTEXT = 32
PER = 1000
"""Columns that costs are given for."""
LETTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of the long prompt for one table."""

    head: int
    """What its columns share."""
    blocks: int
    """All of its blocks together."""
    texts: int
    """How many descriptions it has."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this part alone."""
    group = parser.add_argument_group(NAME)
    group.add_argument(
        "--large", default="7b", help="the large model's sizes; for trying things out"
    )
    group.add_argument("--prefill-tokens", type=int, default=128)
    group.add_argument("--steps", type=int, default=3, help="decode steps a repeat")
    group.add_argument(
        "--hourly-price", type=float, default=1.0, help="of the machine, for the cost"
    )


def long_tokens(of: Table) -> Tokens:
    """How long the long prompt of a table is, by its characters."""
    prompts = [
        prompt
        for prompt, _ in long_prompts(
            of,
            of.targets(),
            profiles(of),
            partial(render_chat, template=None, bos="", eos=""),
        )
    ]
    return Tokens(
        head=sum(len(prompt.head) for prompt in prompts) // LETTERS_A_TOKEN,
        blocks=sum(len(block) for prompt in prompts for block in prompt.blocks)
        // LETTERS_A_TOKEN,
        texts=sum(len(prompt.blocks) for prompt in prompts),
    )


def extrapolated(
    tokens: Sequence[Tokens], read: float, step: float, text_tokens: int
) -> float:
    """Seconds for `PER` columns, from seconds a token read and seconds a step."""
    reading = sum(each.head + each.blocks for each in tokens) * read
    writing = sum(each.texts for each in tokens) * text_tokens * step / SEQUENCES
    return a_thousand(reading + writing, len(tokens))


def a_thousand(amount: float, number: int) -> float:
    """An amount of so many tables as one for `PER` columns."""
    return amount * PER / (COLUMNS * number)


def measure(options: argparse.Namespace) -> Json:
    """Both models in turns."""
    chosen = tables(options.tables or 16)
    prompts = [
        replace(prompt, limit=options.text_tokens)
        for each in chosen
        for prompt, _ in table_prompts(each)
    ]
    tokens = [long_tokens(each) for each in chosen]
    large, small = made(options.large, options.cache), made("bundled", options.cache)
    engine = EngineArm(small, prompts, sequences=64, threads=options.threads)
    cells = CONTEXT + max(options.prefill_tokens, SEQUENCES * options.steps) + 64
    try:
        with Steps(
            large, threads=options.threads, cells=cells, sequences=SEQUENCES
        ) as steps:

            def one_large() -> tuple[float, float]:
                read = steps.prefill(options.prefill_tokens) / options.prefill_tokens
                wrote = steps.decode(SEQUENCES, context=CONTEXT, steps=options.steps)
                return read, median(wrote)

            def one_small() -> tuple[float, float]:
                found = engine.run()
                return a_thousand(found.seconds, len(chosen)), found.read_tokens

            engine.run()
            one_large()
            found = interleave(
                {"7b": one_large, "bundled": one_small},
                options.repeats,
                told=lambda name, repeat: print(
                    f"repeat {repeat + 1}: {name}", file=sys.stderr, flush=True
                ),
            )
            peak = steps.peak_bytes
    finally:
        engine.close()
    return _result(options, found, tokens, large.name, peak)


def _result(
    options: argparse.Namespace,
    found: Mapping[str, Sequence[tuple[float, float]]],
    tokens: Sequence[Tokens],
    name: str,
    peak: int | None,
) -> Json:
    reads = [read for read, _ in found["7b"]]
    steps = [step for _, step in found["7b"]]
    costs = [
        extrapolated(tokens, read, step, options.text_tokens)
        for read, step in found["7b"]
    ]
    small = [seconds for seconds, _ in found["bundled"]]
    written = sum(each.texts for each in tokens) * options.text_tokens
    seconds = {NAME: median(costs), "bundled": median(small)}
    return {
        "extrapolated": True,
        "how": "seconds of the 7B model are computed from single steps, not measured"
        " on whole tables",
        "weights": name,
        "peak_bytes": peak,
        "head_tokens_a_table": median([each.head for each in tokens]),
        "block_tokens_a_table": median([each.blocks for each in tokens]),
        "text_tokens": options.text_tokens,
        "seconds_a_token_read": median(reads),
        "seconds_a_step_of_16": median(steps),
        "seconds_a_thousand_columns": seconds,
        "tokens_read_a_thousand_columns": {
            NAME: a_thousand(sum(t.head + t.blocks for t in tokens), len(tokens)),
            "bundled": a_thousand(
                median([read for _, read in found["bundled"]]), len(tokens)
            ),
        },
        "tokens_written_a_thousand_columns": a_thousand(written, len(tokens)),
        "hourly_price": options.hourly_price,
        "cost_a_thousand_columns": {
            name: of / 3600 * options.hourly_price for name, of in seconds.items()
        },
        "times_bundled": ratio(costs, small).as_json(),
    }


def main(options: argparse.Namespace, facts: Machine) -> None:
    """Measure and print."""
    found = measure(options)
    if options.json:
        document: dict[str, Any] = {
            "benchmark": "drafting",
            "machine": facts.as_json(),
            "settings": {"model": NAME, "repeats": options.repeats},
            "seven_billion": found,
        }
        print(json.dumps(document, indent=2))
        return
    times = found["times_bundled"]
    arms = {
        NAME: f"{options.large}, long prompt (extrapolated)",
        "bundled": "bundled, compact prompt (measured)",
    }
    rows = [
        [
            told,
            f"{found['seconds_a_thousand_columns'][name]:,.1f}",
            f"{found['tokens_read_a_thousand_columns'][name]:,.0f}",
            f"{found['tokens_written_a_thousand_columns']:,.0f}",
            f"{found['cost_a_thousand_columns'][name]:,.4f}",
        ]
        for name, told in arms.items()
    ]
    heads = [
        "seconds",
        "tokens read",
        "written",
        f"at {options.hourly_price:g} an hour",
    ]
    print(
        "\n".join(
            [
                *facts.lines(),
                f"{options.large} steps   {found['seconds_a_token_read'] * 1000:.0f} ms"
                f" a token read, {found['seconds_a_step_of_16']:.2f} s to write one"
                f" token in each of {SEQUENCES} sequences",
                "",
                table([f"for {PER:,} columns", *heads], rows),
                "",
                f"The {options.large} model takes and costs"
                f" {times['median']:,.0f} times as much"
                f" ({times['low']:,.0f}-{times['high']:,.0f}). Its figure is computed"
                " from single steps.",
            ]
        )
    )
