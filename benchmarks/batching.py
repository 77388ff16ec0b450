"""How often a text depends on what else was in the batch.

The same prompts, greedy, are written with different numbers of sequences and in another
order. Scheduling and seeds are the same for each, so the words can differ only where
float arithmetic does: kernels add in another order for another batch size, and where
two tokens are as good as equal the other one wins. Counted are the texts that differ
from those of two sequences in order, which is one description at a time.
"""

from __future__ import annotations

import json
from functools import partial

from benchmarks import machine, measuring, tables
from model.engine import Engine
from model.library import Library, ModelFile, PromptFormat
from model.prompt import Prompt
from model.prompts.compact import compact_prompts
from model.prompts.long import long_prompts, render_chat
from model.wire import EngineSettings

WIDTHS = (2, 16, 40)
"""Sequences; with two, one is the head's."""


def prompts_of(model: ModelFile, count: int) -> list[Prompt]:
    """Prompts for all columns of so many tables, in the model's format."""
    found: list[Prompt] = []
    for table in tables.tables(count):
        asked, profiles = table.targets(), tables.profiles(table)
        if model.format is PromptFormat.COMPACT:
            made = compact_prompts(table, asked, profiles)
        else:
            made = long_prompts(
                table,
                asked,
                profiles,
                partial(render_chat, template=None, bos="", eos=""),
            )
        found += [prompt for prompt, _ in made]
    return found


def texts(
    model: ModelFile, prompts: list[Prompt], *, sequences: int, threads: int
) -> dict[tuple[Prompt, int], str]:
    """What the model writes for every block of every prompt."""
    sizes: dict[str, int | str] = {"sequences": sequences, "threads": threads}
    with Engine(EngineSettings(model.path, sizes=sizes)) as engine:
        return {
            (prompts[each.prompt], each.block): each.text
            for each in engine.generate(prompts)
        }


def main() -> None:
    """Print how many texts differ from those written one at a time."""
    parser = measuring.arguments(__doc__)
    parser.add_argument("--tables", type=int, default=64)
    parser.add_argument("--model", help="another model, by name or file")
    options = parser.parse_args()
    model = Library(measuring.cache_folder()).find(options.model)
    prompts = prompts_of(model, options.tables)
    backwards = prompts[::-1]
    found = {
        f"{width} sequences": texts(
            model, prompts, sequences=width, threads=options.threads
        )
        for width in WIDTHS
    }
    last = WIDTHS[-1]
    found[f"{last} sequences, backwards"] = texts(
        model, backwards, sequences=last, threads=options.threads
    )
    base, *others = found
    rows = {
        name: sum(found[name][key] != text for key, text in found[base].items())
        for name in others
    }
    here = machine.machine(options.threads)
    report = {
        "benchmark": "batching",
        "machine": here.as_json(),
        "model": model.name,
        "texts": len(found[base]),
        "baseline": base,
        "differ": rows,
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print("\n".join(here.lines()))
    total = len(found[base])
    lines = [
        [name, f"{count:,}", f"{100 * count / total:.2f} %"]
        for name, count in rows.items()
    ]
    head = [f"of {total:,} texts, not as with {base}", "texts", "share"]
    print(measuring.table(head, lines))


if __name__ == "__main__":
    main()
