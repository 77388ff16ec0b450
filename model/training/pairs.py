"""Prompts and answers to fine-tune on, tokenized as the engine tokenizes them.

A model with a chat template learns the long prompt, any other the compact one: what
each is asked when it drafts. Head and block are encoded apart, as the engine does, so
that training and drafting see the very same tokens.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.errors import ColumnistError, UsageError
from catalog.objects import column_of
from model.library import PromptFormat
from model.prompts import compact, long
from model.training.corpus import Documented
from model.training.examples import Lesson, lessons
from model.training.huggingface import Tokens


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of training."""

    prompt: tuple[int, ...]
    """Token ids that the model is given."""
    answer: tuple[int, ...]
    """Token ids that it shall write, the end token included; the loss is on these."""

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


def format_of(tokens: Tokens) -> PromptFormat:
    """The prompt that a model of this tokenizer takes."""
    return PromptFormat.LONG if tokens.template else PromptFormat.COMPACT


def pairs(
    data: Sequence[Documented],
    tokens: Tokens,
    *,
    seed: int,
    max_length: int,
    counts: Counter[str],
) -> list[Pair]:
    """Every description of a data set with its prompt; `counts` says what was left out.

    Raises:
        UsageError: nothing is left, or the chat template cannot be rendered.
    """
    rng = random.Random(seed)
    make = _long if format_of(tokens) is PromptFormat.LONG else _compact
    found: list[Pair] = []
    for number in range(len(data)):
        for lesson in lessons(data[number], rng, swap=0.0):
            for pair in make(lesson, tokens):
                if len(pair) > max_length:
                    counts["pairs too long"] += 1
                else:
                    counts["pairs"] += 1
                    found.append(pair)
    if not found:
        raise UsageError(
            f"All {counts['pairs too long']:,} pairs are longer than {max_length}"
            " tokens.",
            "Give a higher --max-length.",
        )
    return found


def _compact(lesson: Lesson, tokens: Tokens) -> Iterator[Pair]:
    """The compact prompt; where the tokenizer lacks its marks they are plain text."""
    table = lesson.table
    head = tokens.encode(compact.head(table, table.columns))
    for ask in lesson.asks:
        block = compact.block(table, ask.target, ask.profile, style=ask.style)
        answer = tokens.encode(f" {ask.text}") + tokens.encode(tokens.eos)
        yield Pair((*head, *tokens.encode(block)), tuple(answer))


def _long(lesson: Lesson, tokens: Tokens) -> Iterator[Pair]:
    """The long prompt through the chat template, the answer in house style."""
    table = lesson.table
    profiles = {
        name: ask.profile
        for ask in lesson.asks
        if ask.profile is not None and (name := column_of(ask.target)) is not None
    }
    try:
        prompts = long.long_prompts(
            table,
            [ask.target for ask in lesson.asks],
            profiles,
            template=tokens.template,
            bos=tokens.bos,
            eos=tokens.eos,
        )
    except ColumnistError as error:
        raise UsageError(error.message, "Check the tokenizer's template.") from error
    texts = {ask.target: compact.finish(ask.text) for ask in lesson.asks}
    for prompt, targets in prompts:
        head = tokens.encode(prompt.head)
        for block, target in zip(prompt.blocks, targets, strict=True):
            answer = tokens.encode(texts[target]) + tokens.encode(tokens.eos)
            yield Pair((*head, *tokens.encode(block)), tuple(answer))


def order(count: int, *, seed: int, batch: int) -> Iterator[list[int]]:
    """Batches of row numbers, without end; the same seed gives the same ones."""
    epoch = 0
    while True:
        numbers = list(range(count))
        random.Random(f"{seed} {epoch}").shuffle(numbers)
        for start in range(0, count, batch):
            yield numbers[start : start + batch]
        epoch += 1


def collate(rows: Sequence[Pair], *, pad: int) -> dict[str, Any]:
    """Tensors of a batch; labels are -100 where there is no loss."""
    import torch

    size = max(map(len, rows))
    ids = torch.full((len(rows), size), pad, dtype=torch.long)
    seen = torch.zeros((len(rows), size), dtype=torch.long)
    labels = torch.full((len(rows), size), -100, dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor((*row.prompt, *row.answer))
        seen[number, : len(row)] = 1
        labels[number, len(row.prompt) : len(row)] = torch.tensor(row.answer)
    return {"input_ids": ids, "attention_mask": seen, "labels": labels}
