"""What choosing a token costs: greedy and drawn, with numpy and with llama.cpp's chain.

On logits of 64 texts made by chance, in vocabularies of three sizes. Drawing is from
the 40 likeliest at temperature 0.7. The engine's way (numpy, all texts at once) is
`model.worker`'s arithmetic; the baseline is llama.cpp's sampler chain, a text at a
time, as `llama_sampler_sample` does it: an entry for every token of the vocabulary,
then top-k, temperature and a draw. `likelihood` is what both need besides for the
log-probability of the token. CPU time of one thread.
"""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Callable
from typing import Any

import llama_cpp as llama
import numpy as np

from benchmarks import machine, measuring
from model.worker import draw_likeliest, log_mass

TEXTS = 64
TOP = 40
TEMPERATURE = 0.7
VOCABULARIES = (4_096, 32_000, 151_936)

Logits = np.ndarray[Any, np.dtype[np.float32]]


class Chain:
    """llama.cpp's own sampling of a row of logits.

    Args:
        vocabulary: tokens.
        greedy: take the likeliest; else draw.
    """

    def __init__(self, vocabulary: int, *, greedy: bool) -> None:
        self._chain = llama.llama_sampler_chain_init(
            llama.llama_sampler_chain_default_params()
        )
        steps = (
            [llama.llama_sampler_init_greedy()]
            if greedy
            else [
                llama.llama_sampler_init_top_k(TOP),
                llama.llama_sampler_init_temp(TEMPERATURE),
                llama.llama_sampler_init_dist(5),
            ]
        )
        for step in steps:
            llama.llama_sampler_chain_add(self._chain, step)
        fields = [("id", "<i4"), ("logit", "<f4"), ("p", "<f4")]
        self._entries: np.ndarray[Any, Any] = np.zeros(vocabulary, dtype=fields)
        self._ids = np.arange(vocabulary)

    def __call__(self, row: np.ndarray[Any, np.dtype[np.float32]]) -> int:
        """The token chosen."""
        self._entries["id"] = self._ids
        self._entries["logit"] = row
        array = llama.llama_token_data_array()
        array.data = self._entries.ctypes.data_as(
            ctypes.POINTER(llama.llama_token_data)
        )
        array.size = len(self._entries)
        array.selected = -1
        array.sorted = False
        llama.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def close(self) -> None:
        """Free it."""
        llama.llama_sampler_free(self._chain)


def microseconds(work: Callable[[], object]) -> float:
    """CPU microseconds a text."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e6 / TEXTS


def measure(vocabulary: int, repeats: int) -> dict[str, Any]:
    """Medians of each way, and how many times numpy's time the chain takes."""
    chance = np.random.default_rng(1)
    logits: Logits = (3 * chance.standard_normal((TEXTS, vocabulary))).astype("f4")
    temperatures = np.full(TEXTS, TEMPERATURE)
    greedy, drawn = Chain(vocabulary, greedy=True), Chain(vocabulary, greedy=False)
    arms: dict[str, Callable[[], object]] = {
        "greedy, numpy": lambda: logits.argmax(axis=1),
        "greedy, chain": lambda: [greedy(row) for row in logits],
        "drawn, numpy": lambda: draw_likeliest(
            logits, temperatures, chance.random(TEXTS)
        ),
        "drawn, chain": lambda: [drawn(row) for row in logits],
        "likelihood": lambda: log_mass(logits),
    }
    found = measuring.interleave(
        {name: lambda work=work: microseconds(work) for name, work in arms.items()},  # type: ignore[misc]
        repeats,
    )
    greedy.close()
    drawn.close()
    return {
        "vocabulary": vocabulary,
        "microseconds": {name: measuring.median(each) for name, each in found.items()},
        **{
            f"{way}_chain_to_numpy": measuring.ratio(
                found[f"{way}, chain"], found[f"{way}, numpy"]
            ).as_json()
            for way in ("greedy", "drawn")
        },
    }


def main() -> None:
    """Print the costs."""
    options = measuring.arguments(__doc__).parse_args()
    here = machine.machine(1)
    rows = [measure(vocabulary, options.repeats) for vocabulary in VOCABULARIES]
    if options.json:
        report = {"benchmark": "sampling", "machine": here.as_json(), "rows": rows}
        print(json.dumps(report, indent=2))
        return
    print("\n".join(here.lines()))
    names = list(rows[0]["microseconds"])
    head = ["vocabulary", *names, "greedy chain/numpy", "drawn chain/numpy"]
    lines = [
        [
            f"{row['vocabulary']:,}",
            *(f"{row['microseconds'][name]:.1f}" for name in names),
            measuring.ratio_text(row["greedy_chain_to_numpy"]),
            measuring.ratio_text(row["drawn_chain_to_numpy"]),
        ]
        for row in rows
    ]
    print("microseconds a text")
    print(measuring.table(head, lines))


if __name__ == "__main__":
    main()
