"""How many tokens the compact prompt takes, beside the long one and the bare schema.

For every table of a data set, all its columns and the table itself are asked for, in
the same tokenizer, our own model's. Counted is what is read: a head once for the
columns that share it, and each block. The long prompt is that of any instruct model
(`model/prompts/long.py`), without a chat template. Bare is the least that says the
same: the table's name, then each column's name and type on a line of its own.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from functools import partial
from pathlib import Path

from benchmarks.random_model import bundled
from model.evaluation.records import Entry, read_entries
from model.llama import Model
from model.prompt import Prompt
from model.prompts.compact import compact_prompts
from model.prompts.long import instructions, long_prompts, render_chat
from model.sizes import Machine
from model.wire import EngineSettings


def bare(entry: Entry) -> str:
    """The table's name, and each column's name and type."""
    table = entry.table
    lines = [f"{column.name} {column.type}".strip() for column in table.columns]
    return "\n".join([str(table.id), *lines])


def main() -> None:
    """Print the tokens of each prompt and their ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="documented tables, JSON Lines")
    options = parser.parse_args()
    settings = EngineSettings(bundled().path, gpu_layers=0)
    model = Model(settings, Machine(1, None, False))

    def count(text: str) -> int:
        return len(model.tokenize(text))

    def read(prompts: list[Prompt]) -> int:
        return sum(
            count(prompt.head) + sum(map(count, prompt.blocks)) for prompt in prompts
        )

    tokens: Counter[str] = Counter()
    columns = 0
    for entry in read_entries(options.data):
        table, profiles = entry.table, entry.profiles
        asked = table.targets()
        columns += len(table.columns)
        long = long_prompts(
            table, asked, profiles, partial(render_chat, template=None, bos="", eos="")
        )
        tokens["long"] += read([prompt for prompt, _ in long])
        compact = compact_prompts(table, asked, profiles)
        tokens["compact"] += read([prompt for prompt, _ in compact])
        tokens["head"] += sum(count(prompt.head) for prompt, _ in compact)
        tokens["bare"] += count(bare(entry))
    tokens["instructions"] = count(instructions())
    model.close()
    report = {
        "benchmark": "prompts",
        "columns": columns,
        "tokens": dict(tokens),
        "instructions": tokens["instructions"],
        "compact_to_long": tokens["compact"] / tokens["long"],
        "compact_to_bare": tokens["compact"] / tokens["bare"],
        "head_to_bare": tokens["head"] / tokens["bare"],
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
