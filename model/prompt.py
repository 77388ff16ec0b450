"""What the engine is asked: a head shared by blocks, each block one description."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from catalog.objects import TableId


@dataclass(frozen=True, slots=True)
class Prompt:
    """One table's prompt (or one run of columns of a wide table).

    The engine decodes `head` once and continues it with every block as a sequence of
    its own, all at the same time. Blocks never see each other.
    """

    head: str
    """Text all blocks share. Special tokens in it are parsed as such."""
    blocks: tuple[str, ...]
    """The text that starts each description, up to where the model begins to write."""
    limit: int
    """Most tokens to write for one block."""
    stops: tuple[str, ...] = ()
    """Strings that end a description besides the model's own end token."""
    temperature: float = 0.0
    """0 takes the likeliest token (greedy); above it, texts are drawn, seeded."""
    draws: tuple[int, ...] = ()
    """For each block, texts to draw besides a first, greedy one. Empty writes one text
    for each, drawn if `temperature` is above 0."""

    offered: tuple[tuple[str, ...], ...] = ()
    """For each block, texts that are weighed: how likely the model is to write them."""

    table: TableId | None = None
    """What it is about, for those who have the table on the screen."""

    def texts(self, block: int) -> int:
        """Texts written for a block."""
        return 1 + (self.draws[block] if self.draws else 0)

    def weighed(self, block: int) -> tuple[str, ...]:
        """Texts that are weighed for a block; as draws they follow those written."""
        return self.offered[block] if self.offered else ()

    def all_texts(self, block: int) -> int:
        """Texts that come of a block, written or weighed."""
        return self.texts(block) + len(self.weighed(block))

    def drawn(self, draw: int) -> bool:
        """Whether a text's tokens are drawn rather than the likeliest ones."""
        return self.temperature > 0 and not (self.draws and draw == 0)

    def fingerprint(self, block: int) -> str:
        """Hex digest of the exact text that block saw, 16 characters."""
        text = f"{self.temperature}\x00{self.head}\x00{self.blocks[block]}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Written:
    """The prompt of one target, for the steward to read."""

    text: str
    """All of it, special tokens spelt out."""
    fingerprint: str
    """Of that text, as a draft keeps it."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What the model wrote for one block, or how likely it was to write a text."""

    prompt: int
    """Index of the prompt in the order in which prompts were given, from 0."""
    block: int
    """Index of the block in that prompt."""
    text: str
    """The text, without the end token; stripped of nothing else. One that was weighed
    is as it was offered."""
    logprob: float
    """Mean log-probability of the tokens written (end token included), in nats."""
    tokens: int
    """Tokens written."""
    complete: bool
    """False where the limit cut it off, or a text was too unlikely to be read on."""
    draw: int = 0
    """Which of the block's texts this is, from 0."""
    read: int = 0
    """Tokens read for it. The head's are split evenly between the first texts of its
    blocks, so that all texts together have what the engine read; a server tells those
    of every prompt whole."""
    seconds: float = 0.0
    """Of the engine's work: a step's are split by what each text has in it, a server's
    between the requests that it has at the time."""


TURN = Generation(-1, 0, "", 0.0, 0, False)
"""What a writer gives while the next prompt is not ready: the reader's turn."""
