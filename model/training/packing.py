"""Packs a table's head once and its blocks after it, as the engine decodes them.

Every block sees the head and itself, never another block, and its positions go on
where the head's end: a row of training is exactly what a run is at inference. Loss is
on the descriptions only.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.objects import Profile, Table, Target
from model.prompts.compact import END, block, head

LONGEST_HEAD = 200
LONGEST_ASK = 48
LONGEST_TEXT = 44

Encode = Callable[[str], list[int]]
"""Text to token ids, special tokens parsed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One description to learn."""

    target: Target
    """The table or column it describes."""
    text: str
    """The text: lower case, no final stop."""
    style: str
    """Key of `compact.STYLES`."""
    profile: Profile | None = None
    """Code list, where there is one."""


@dataclass(frozen=True, slots=True)
class Group:
    """One row of training: a head and the blocks that share it, as token ids."""

    head: tuple[int, ...]
    """What all blocks share."""
    blocks: tuple[tuple[int, ...], ...]
    """Each block with its description and the end token."""
    starts: tuple[int, ...]
    """Index in each block of the first token of its description."""

    def __len__(self) -> int:
        return len(self.head) + sum(map(len, self.blocks))


def make_group(
    table: Table, columns: Sequence[Any], asks: Sequence[Ask], encode: Encode
) -> Group:
    """Token ids of one group; `table` carries the comments that the head may show."""
    blocks = []
    starts = []
    for ask in asks:
        ids = encode(block(table, ask.target, ask.profile, style=ask.style))
        ids = [*ids[: LONGEST_ASK - 1], ids[-1]] if len(ids) > LONGEST_ASK else ids
        text = encode(f" {ask.text}")[:LONGEST_TEXT] + encode(END)
        blocks.append((*ids, *text))
        starts.append(len(ids))
    shared = encode(head(table, columns))[:LONGEST_HEAD]
    return Group(tuple(shared), tuple(blocks), tuple(starts))


def batches(
    groups: Sequence[Group], *, tokens: int, seed: int
) -> Iterator[list[Group]]:
    """Groups of like length together, `tokens` tokens a batch, in random order."""
    ordered = sorted(groups, key=len)
    found: list[list[Group]] = []
    batch: list[Group] = []
    for group in ordered:
        if batch and len(group) * (len(batch) + 1) > tokens:
            found.append(batch)
            batch = []
        batch.append(group)
    if batch:
        found.append(batch)
    random.Random(seed).shuffle(found)
    yield from found


def collate(batch: Sequence[Group], *, pad: int) -> dict[str, Any]:
    """Tensors of a batch: ids, positions, the additive mask, and where loss is.

    `mask[b, 0, i, j]` is 0 where token i may look at token j and -inf elsewhere:
    causal, and a block's token sees only the head and its own block.
    """
    import torch

    size = max(map(len, batch))
    ids = torch.full((len(batch), size), pad, dtype=torch.long)
    positions = torch.zeros((len(batch), size), dtype=torch.long)
    part = torch.full((len(batch), size), -1, dtype=torch.long)
    sources: list[int] = []
    labels: list[int] = []
    asks: list[int] = []
    number = 0
    for row, group in enumerate(batch):
        at = len(group.head)
        ids[row, :at] = torch.tensor(group.head)
        positions[row, :at] = torch.arange(at)
        part[row, :at] = 0
        for index, (tokens, start) in enumerate(
            zip(group.blocks, group.starts, strict=True), 1
        ):
            end = at + len(tokens)
            ids[row, at:end] = torch.tensor(tokens)
            positions[row, at:end] = len(group.head) + torch.arange(len(tokens))
            part[row, at:end] = index
            # The token before the description predicts its first one.
            sources += range(row * size + at + start - 1, row * size + end - 1)
            labels += tokens[start:]
            asks += [number] * (len(tokens) - start)
            number += 1
            at = end
    same = part[:, :, None] == part[:, None, :]
    sees = (same | (part[:, None, :] == 0)) & torch.ones(size, size).tril().bool()
    mask = torch.zeros((len(batch), 1, size, size))
    mask.masked_fill_(~sees[:, None], float("-inf"))
    return {
        "ids": ids,
        "positions": positions,
        "mask": mask,
        "sources": torch.tensor(sources),
        "labels": torch.tensor(labels),
        "asks": torch.tensor(asks),
    }
