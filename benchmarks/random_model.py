"""Model files of real sizes with random weights, made in seconds.

How long a step takes depends on the sizes of the matrices and not on what is in them.
So weights are random, and one random piece is used again and again: a 7B file is
written as fast as the disk takes it. No text of such a model means anything.

Lengths must be the same in everything that is compared, and a random model would end
its texts anywhere. So the files of up to 500M weights have an *imposed order*: which
token is likeliest does not depend on the text. One number of the hidden state is kept
out of all layers (the rows that would write it are zero), is always positive, and alone
decides (the output norm silences the others). The likeliest tokens are `WORDS`: each
has exactly `LETTERS` characters, so that a text of N tokens has N times as many
characters and a JSON schema can ask for exactly N tokens. Where a grammar forbids
words, the longest token that fits wins, as a trained model would write; spaces come
after that, and the end token is last, so no text ever ends by itself.

Vocabulary and merges are those of our own model, so that prompts have real lengths in
tokens. What a JSON document needs was added to it (`": "`, `_id` and so on), to the
good of the arms that write JSON, and words that no text is ever read as fill it up.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import tables
from benchmarks.gguf_header import (
    BLOCKS,
    Header,
    TensorInfo,
    padding,
    read,
    write,
)
from model.library import MissingModelError, ModelFile
from model.prompts.compact import END
from tui.flow.model_choice import library
from tui.flow.settings import locate

LETTERS = 4
"""Characters of each of the words that texts are made of."""
POOL = 16381
"""Random blocks that all weights are made from; a prime, so that rows differ."""

_LAST, _SPACE, _LEAST, _MOST, _WORD = 0.05, 0.08, 0.1, 0.7, 1.0
_JSON = ('{"', '":', '",', '"}', '\u0120"', '":\u0120"', '",\u0120"', '"')

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a model of the Llama family."""

    vocabulary: int
    """Tokens."""
    width: int
    """Hidden size."""
    layers: int
    """Blocks."""
    heads: int
    """Attention heads."""
    kv_heads: int
    """Heads of keys and values."""
    inner: int
    """Width of the SwiGLU."""
    kind: str
    """`Q8_0`, `F16` or `Q4_K_M`."""
    context: int = 8192
    """Longest context."""

    @property
    def head_width(self) -> int:
        """Size of a head."""
        return self.width // self.heads


SHAPES = {
    "60m": Shape(32000, 512, 12, 8, 8, 1376, "Q8_0"),
    "500m": Shape(151936, 896, 24, 14, 2, 4864, "Q8_0"),
    "7b": Shape(32000, 4096, 32, 32, 8, 14336, "Q4_K_M"),
}
"""54M weights; the sizes of Qwen2.5-0.5B; those of Mistral 7B."""
NAMES = ("bundled", *SHAPES)
"""What `--model` takes; `bundled` has the sizes of the program's own model."""


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    tokens: list[str]
    types: list[int]
    merges: list[str]
    end: int
    pad: int
    rank: Array
    """Which token is likelier than which."""


def bundled() -> ModelFile:
    """The program's own model; ends the benchmark where it was not fetched yet."""
    try:
        return library(locate()).find(None)
    except MissingModelError as error:
        raise SystemExit(f"{error.message} {error.hint}") from error


def shape_of(name: str) -> Shape:
    """The sizes of a model by name; those of `bundled` are read off its file."""
    if name != "bundled":
        return SHAPES[name]
    header = read(bundled().path)
    return Shape(
        vocabulary=len(header.settings["tokenizer.ggml.tokens"]),
        width=header.setting("embedding_length"),
        layers=header.setting("block_count"),
        heads=header.setting("attention.head_count"),
        kv_heads=header.setting("attention.head_count_kv"),
        inner=header.setting("feed_forward_length"),
        kind="Q8_0",
    )


def made(name: str, cache: Path, *, kind: str | None = None) -> Path:
    """The file of a model by name, made if it is not there yet."""
    shape = shape_of(name)
    kind = kind or shape.kind
    # Vocabulary and sizes come from our own model: another makes other files.
    path = cache / f"random-{str(bundled().sha256)[:8]}-{name}.{kind}.gguf"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        write_random(partial, shape, kind)
        partial.replace(path)
    return path


def write_random(path: Path, shape: Shape, kind: str, *, seed: int = 0) -> None:
    """Write a model file; tied output and imposed order for all but Q4_K_M."""
    random = np.random.default_rng(seed)
    vocabulary = _vocabulary(shape)
    infos = list(_tensors(shape, kind))
    pools = {k: _pool(k, random) for k in sorted({info.kind for info in infos})}
    with path.open("wb") as file:
        write(file, Header(_settings(shape, vocabulary, kind), tuple(infos)))
        for info in infos:
            raw = _bytes(info, pools[info.kind], vocabulary, tied=kind != "Q4_K_M")
            file.write(raw)
            file.write(b"\0" * padding(len(raw)))


def _settings(shape: Shape, vocabulary: _Vocabulary, kind: str) -> dict[str, Any]:
    return {
        "general.architecture": "llama",
        "general.name": "random weights",
        "general.file_type": {"F16": 1, "Q8_0": 7, "Q4_K_M": 15}[kind],
        "llama.context_length": shape.context,
        "llama.embedding_length": shape.width,
        "llama.block_count": shape.layers,
        "llama.feed_forward_length": shape.inner,
        "llama.attention.head_count": shape.heads,
        "llama.attention.head_count_kv": shape.kv_heads,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 10000.0,
        "llama.rope.dimension_count": shape.head_width,
        "llama.vocab_size": shape.vocabulary,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": vocabulary.tokens,
        "tokenizer.ggml.token_type": vocabulary.types,
        "tokenizer.ggml.merges": vocabulary.merges,
        "tokenizer.ggml.bos_token_id": vocabulary.end,
        "tokenizer.ggml.eos_token_id": vocabulary.end,
        "tokenizer.ggml.padding_token_id": vocabulary.pad,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_eos_token": False,
    }


# The vocabulary


def _vocabulary(shape: Shape) -> _Vocabulary:
    settings = read(bundled().path).settings
    size = shape.vocabulary
    # The last are those that were merged last, so the first are a vocabulary too.
    tokens: list[str] = list(settings["tokenizer.ggml.tokens"])[:size]
    types: list[int] = list(settings["tokenizer.ggml.token_type"])[:size]
    added = [*_JSON, *(f"_{word}" for word in tables.words())]
    extra = [token for token in added if token not in tokens]
    if shape.vocabulary > len(tokens):
        room = shape.vocabulary - len(tokens) - len(extra)
        tokens += extra + _fillers(room, set(tokens))
    else:
        # No room: they take the place of what was merged last, words left alone.
        spare = [
            at
            for at in range(len(tokens) - 1, -1, -1)
            if types[at] == 1 and not _is_word(tokens[at]) and len(tokens[at]) > 1
        ]
        for at, token in zip(spare, extra, strict=False):
            tokens[at] = token
    types += [1] * (shape.vocabulary - len(types))
    there = set(tokens) - set(extra)
    merges = [
        merge
        for merge in settings["tokenizer.ggml.merges"]
        if {merge.replace(" ", ""), *merge.split(" ")} <= there
    ]
    filled = shape.vocabulary > len(settings["tokenizer.ggml.tokens"])
    rank = np.array([_rank(*each, filled) for each in zip(tokens, types, strict=True)])
    end = tokens.index(END)
    rank[end] = _LAST
    return _Vocabulary(
        tokens, types, merges, end, settings["tokenizer.ggml.padding_token_id"], rank
    )


def _fillers(count: int, taken: Set[str]) -> list[str]:
    """Words in capitals, which no prompt has: prompts are in lower case."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    names = ("".join(each) for each in product(letters, repeat=LETTERS))
    free = (name for name in names if name not in taken)
    return list(islice(free, count))


def _is_word(token: str) -> bool:
    """A space and letters: the words of a vocabulary that has no room for others."""
    return len(token) == LETTERS and token[0] == "\u0120" and token[1:].isalpha()


def _rank(token: str, kind: int, filled: bool) -> float:
    if kind != 1:
        return _LAST
    if not token.strip("\u0120\u010a\u0109\u010d"):
        return _SPACE
    if token.isupper() and len(token) == LETTERS if filled else _is_word(token):
        return _WORD
    if '"' in token and token not in _JSON:
        return _LEAST  # it would begin a text with letters that count for nothing
    return float(min(_LEAST + 0.02 * len(token), _MOST))


# The weights


def _tensors(shape: Shape, kind: str) -> Iterator[TensorInfo]:
    width, inner = shape.width, shape.inner
    keys = shape.kv_heads * shape.head_width
    plain = "Q4_K" if kind == "Q4_K_M" else kind
    yield TensorInfo("token_embd.weight", (shape.vocabulary, width), plain)
    yield TensorInfo("output_norm.weight", (width,), "F32")
    if kind == "Q4_K_M":
        yield TensorInfo("output.weight", (shape.vocabulary, width), "Q6_K")
    for layer in range(shape.layers):
        finer = "Q6_K" if kind == "Q4_K_M" and _finer(layer, shape.layers) else plain
        for name, size, type_ in (
            ("attn_norm", (width,), "F32"),
            ("attn_q", (width, width), plain),
            ("attn_k", (keys, width), plain),
            ("attn_v", (keys, width), finer),
            ("attn_output", (width, width), plain),
            ("ffn_norm", (width,), "F32"),
            ("ffn_gate", (inner, width), plain),
            ("ffn_up", (inner, width), plain),
            ("ffn_down", (width, inner), finer),
        ):
            yield TensorInfo(f"blk.{layer}.{name}.weight", size, type_)


def _finer(layer: int, layers: int) -> bool:
    """Whether Q4_K_M gives a layer more bits, as llama.cpp's quantizer does."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * eighth or (layer - eighth) % 3 == 2


def _pool(kind: str, random: np.random.Generator) -> Array:
    """Random blocks of a type, as bytes; values of about 0.02."""
    _, _, size = BLOCKS[kind]
    raw: Array = random.integers(0, 256, (POOL, size), dtype=np.uint8)
    match kind:
        case "F32":
            raw = np.ones((POOL, 1), dtype="<f4").view(np.uint8)
        case "F16":
            drawn = random.standard_normal((POOL, 1)) * 0.02
            raw = drawn.astype("<f2").view(np.uint8)
        case "Q8_0":
            raw[:, :2] = _half(0.02 / 73)  # 73: the deviation of an even int8
        case "Q4_K":
            # All eight scales and minima are 32 of 63; the minimum is the middle.
            raw[:, :2], raw[:, 2:4] = _half(0.02 / 32 / 4.6), _half(0.15 / 32 / 4.6)
            raw[:, 4:12], raw[:, 12:16] = 0xA0, 0
        case "Q6_K":
            raw[:, 192:208], raw[:, 208:] = 16, _half(0.02 / 16 / 18.5)
    return raw


def _half(value: float) -> Array:
    found: Array = np.frombuffer(struct.pack("<e", value), dtype=np.uint8)
    return found


def _bytes(
    info: TensorInfo, pool: Array, vocabulary: _Vocabulary, *, tied: bool
) -> bytes:
    """A tensor's values in the file's form."""
    if info.name == "output_norm.weight" and tied:
        norm: Array = np.full(info.shape, 1e-4, dtype="<f4")
        norm[0] = 1.0
        return norm.tobytes()
    _, block, size = BLOCKS[info.kind]
    blocks: Array = np.resize(pool, (info.weights // block, size))
    if len(info.shape) == 1:
        return blocks.tobytes()
    rows = blocks.reshape(info.shape[0], -1)
    if tied and info.name.endswith(("attn_output.weight", "ffn_down.weight")):
        rows[0] = 0
    if tied and info.name == "token_embd.weight":
        rows[:, :size] = _ranked(info.kind, rows[:, :size], vocabulary.rank)
    if info.name == "output.weight":
        # Untied: only fillers can be likeliest, as all others come out as 0.
        rows[vocabulary.rank < _WORD] = 0
    return rows.tobytes()


def _ranked(kind: str, first: Array, rank: Array) -> Array:
    """The first block of each row of the embedding with the rank as its first value."""
    if kind == "F16":
        return rank.astype("<f2").reshape(-1, 1).view(np.uint8)
    found = first.copy()
    found[:, :2] = (rank / 127).astype("<f2").reshape(-1, 1).view(np.uint8)
    found[:, 2] = 127
    # The others share its scale, so they are kept as small as they were.
    found[:, 3:] = (found[:, 3:].view(np.int8) // 32).view(np.uint8)
    return found
