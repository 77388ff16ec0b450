"""The ways to split text before byte-level BPE, as tokenizers and llama.cpp have them.

A wrong one would go unnoticed and give other tokens, so none is ever guessed.
"""

from __future__ import annotations

import json
from typing import Any

from catalog.errors import UsageError

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = {
    "llama-bpe": _CONTRACTIONS + r"\p{N}{1,3}" + _REST,
    "qwen2": _CONTRACTIONS + r"\p{N}" + _REST,
}
"""The patterns of known tokenizers by what llama.cpp calls each way to split."""


def pre_tokenizer(told: dict[str, Any]) -> str:
    """llama.cpp's name of the way in which a `tokenizer.json` splits text.

    Raises:
        UsageError: it is an unknown one; guessing would fail silently.
    """
    normalizer = told.get("normalizer")
    parts = _parts(told.get("pre_tokenizer") or {})
    if parts[-1].get("type") != "ByteLevel" or parts[-1]["add_prefix_space"]:
        raise no_tokenizer("its text is not split into bytes as GPT-2's")
    named = (
        name
        for name in ("gpt-2", "smollm", *SPLITS)
        if _parts(json.loads(splitter(name).__getstate__())) == parts
    )
    name = next(named, "")
    if not name:
        raise no_tokenizer("how it splits text is unknown")
    if bool(told["model"].get("ignore_merges")) != (name == "llama-bpe"):
        raise no_tokenizer(f"its merges are not used as {name}'s are")
    # Qwen's puts text into composed form; llama.cpp leaves that to the caller.
    if normalizer and not (name == "qwen2" and normalizer.get("type") == "NFC"):
        raise no_tokenizer(f"it changes text first ({normalizer.get('type')})")
    return name


def _parts(split: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps of a way to split text, without what changes no token."""
    parts = split.get("pretokenizers") or [split]
    return [{k: v for k, v in p.items() if k != "trim_offsets"} for p in parts]


def splitter(name: str) -> Any:
    """The `tokenizers` way to split text that llama.cpp calls by that name.

    Raises:
        UsageError: it is an unknown one.
    """
    from tokenizers import Regex, pre_tokenizers

    level = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=name not in SPLITS
    )
    if name == "gpt-2":
        return level
    if name == "smollm":
        first: Any = pre_tokenizers.Digits(individual_digits=True)
    elif name in SPLITS:
        first = pre_tokenizers.Split(Regex(SPLITS[name]), "isolated", invert=False)
    else:
        raise no_tokenizer(f"how it splits text ({name}) is unknown")
    return pre_tokenizers.Sequence([first, level])


def no_tokenizer(reason: str) -> UsageError:
    """The error of a tokenizer that llama.cpp would read otherwise."""
    return UsageError(
        f"The tokenizer cannot be used: {reason}.",
        "Those that can: byte-level BPE split as GPT-2, SmolLM, Llama 3 or Qwen2.",
    )
