"""Proves that llama.cpp reads an exported file as torch computes its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from catalog.errors import RefusedError
from model.gguf_file import Array
from model.prompts.compact import END

SIZES: dict[str, int | str] = {"cells": 512, "sequences": 1, "batch": 256}
"""Of the context that a file is tried in."""
SAMPLES = (
    "Table order_item in sales\nColumns: order id, quantity\nColumn qty (quantity):",
    "date and time when the order was created, in utc",
    "größe, naïve 測試 🙂 «quotes» — dash",
    "  two  spaces\tand tabs 3.14 1,000 'it''s' don't",
    "x" * 70,
    f"a|b <c> {END}{END}",
    "Table sales.orders (table)\n\n- ORDER_ID int [primary key]\r\n \n  - Café №42\n",
    "I'LL we've; 1234567 2024-01-31T12:00:00Z $5.00 100% a_b-c/d?e=f#g @h {i: [j]}",
)
"""Texts whose tokens are compared; names, sentences, unicode, odd spaces, specials."""
LOGITS = 3
"""How many of them the logits are compared on, one after the other."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a file may differ by and still be its source."""

    kl: float
    """Mean Kullback-Leibler divergence a token, in nats."""
    first: float
    """Share of tokens with the same first choice, at least."""


LIMITS = {
    "F32": Tolerance(1e-4, 0.97),
    "F16": Tolerance(1e-3, 0.95),
    "Q8_0": Tolerance(0.03, 0.75),
    "Q4_K_M": Tolerance(0.8, 0.2),
}
"""By quantisation. Models of random weights, the hardest case, were measured at 5e-7,
4e-6, 3e-3 and 0.2 nats; one with a mistake, such as rows in the wrong order, at over 1.
"""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a file is compared with."""

    encode: Callable[[str], list[int]]
    """Text to token ids, special tokens parsed."""
    logits: Callable[[list[int]], Array]
    """Token ids to the logits at every position."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far a file is from its source."""

    tokenizer_mismatches: int
    """Texts of which llama.cpp makes other tokens."""
    tokenizer_texts: int
    """Texts compared."""
    logits_tokens: int
    """Positions at which logits were compared."""
    logits_max_difference: float
    """The largest."""
    logits_mean_difference: float
    """The mean."""
    kl_nats: float
    """Mean Kullback-Leibler divergence of llama.cpp's from torch's choice of token."""
    same_first_choice: float
    """Share of positions where both like the same token best."""

    def faults(self, kind: str) -> list[str]:
        """What is not as it must be for a quantisation."""
        limits = LIMITS[kind]
        found = []
        if self.tokenizer_mismatches:
            found.append(
                f"{self.tokenizer_mismatches} of {self.tokenizer_texts} texts have"
                " other tokens"
            )
        if not self.kl_nats <= limits.kl:  # NaN fails too
            found.append(f"KL {self.kl_nats:.2g} nats is over {limits.kl:g}")
        if self.same_first_choice < limits.first:
            found.append(
                f"the first choice is the same at {self.same_first_choice:.0%} of"
                f" tokens, less than {limits.first:.0%}"
            )
        return found


def compare(
    path: Path,
    reference: Reference,
    *,
    adapter: Path | None = None,
    context: int = 512,
    texts: Sequence[str] = SAMPLES,
) -> Deviation:
    """Tokens of all texts and logits of the first few, llama.cpp's against torch's.

    Raises:
        RefusedError: llama.cpp cannot load the file.
    """
    from model.llama import LlamaError, Model  # loads llama.cpp
    from model.schedule import StepToken
    from model.sizes import Machine
    from model.wire import EngineSettings

    try:
        settings = EngineSettings(path, 0, SIZES, safe=True, adapter=adapter)
        runner = Model(settings, Machine(1, None, False))
    except LlamaError as error:
        raise RefusedError(
            f"llama.cpp cannot read what was written: {error}.",
            f"The file is kept as {adapter or path}.",
        ) from error
    try:
        mismatches = sum(
            reference.encode(text) != runner.tokenize(text) for text in texts
        )
        ids = reference.encode("".join(texts[:LOGITS]))[: min(256, context)]
        rows = [StepToken(token, at, 0, True) for at, token in enumerate(ids)]
        theirs = torch.from_numpy(runner.decode(rows).copy())
    finally:
        runner.close()
    ours = torch.from_numpy(reference.logits(ids))
    apart = (ours - theirs).abs()
    one, other = ours.log_softmax(-1), theirs.log_softmax(-1)
    return Deviation(
        tokenizer_mismatches=mismatches,
        tokenizer_texts=len(texts),
        logits_tokens=len(ids),
        logits_max_difference=round(float(apart.max()), 5),
        logits_mean_difference=round(float(apart.mean()), 6),
        kl_nats=round(float((one.exp() * (one - other)).sum(-1).mean()), 7),
        same_first_choice=round(
            float((ours.argmax(-1) == theirs.argmax(-1)).float().mean()), 4
        ),
    )
