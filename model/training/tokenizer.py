"""The byte-level BPE tokenizer: llama.cpp's `gpt-2` pre-tokenizer splits the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from model.prompts.compact import SPECIAL

PRE_TOKENIZER = "gpt-2"
"""`tokenizer.ggml.pre`; a wrong name fails silently in llama.cpp, a test compares."""


def train_tokenizer(texts: Iterable[str], *, size: int) -> Any:
    """A `tokenizers.Tokenizer` of `size` tokens, the special ones first."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=True
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def load_tokenizer(path: Path) -> Any:
    """A tokenizer that `train_tokenizer` made, from its JSON file."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(path))
