"""Llama-like Hugging Face models in llama.cpp's terms: sizes, tensors, tokenizer.

What llama.cpp would compute otherwise is refused here, in one line, rather than
written: another architecture, rotary embedding, tokenizer or split of text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from catalog.errors import UsageError
from model.gguf_file import Array, Tensor, write
from model.training.source import ARCHITECTURES, ModelSource, Tokens
from model.training.splitting import no_tokenizer, pre_tokenizer

MODULES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
_OUTER = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_LAYER = re.compile(r"model\.layers\.(\d+)\.(.+)\.(weight|bias)")


@dataclass(frozen=True, slots=True)
class LlamaShape:
    """Sizes of a model of the Llama family."""

    architecture: str
    """llama.cpp's name: `llama` or `qwen2`."""
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
    head_width: int
    """Size of each."""
    inner: int
    """Width of the SwiGLU."""
    context: int
    """Longest context it was made for."""
    epsilon: float
    """Of the norms."""
    base: float
    """Of the rotary embedding."""
    linear_scaling: float = 1.0
    """Factor by which its positions are stretched."""


def write_model(
    path: Path,
    source: ModelSource,
    tokens: Tokens,
    *,
    kind: str,
    name: str,
    licence: str | None = None,
) -> None:
    """A Hugging Face directory as a GGUF file.

    Raises:
        UsageError: llama.cpp would compute it otherwise.
        OSError: it cannot be written.
    """
    shape = shape_of(source)

    def facts(writer: Any) -> None:
        writer.add_type("model")
        writer.add_name(name)
        if licence:
            writer.add_license(licence)
        _add_sizes(writer, shape)
        types = {"F32": "ALL_F32", "F16": "MOSTLY_F16", "Q8_0": "MOSTLY_Q8_0"}
        writer.add_file_type(gguf.LlamaFileType[types[kind]])
        _add_tokenizer(writer, tokens, shape)

    write(path, shape.architecture, facts, tensors_of(source, shape), kind=kind)


def _add_sizes(writer: Any, shape: LlamaShape) -> None:
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    if shape.head_width * shape.heads != shape.width:
        writer.add_key_length(shape.head_width)
        writer.add_value_length(shape.head_width)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.base)
    writer.add_rope_dimension_count(shape.head_width)
    if shape.linear_scaling != 1:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(shape.linear_scaling)
    writer.add_vocab_size(shape.vocabulary)


def architecture_of(source: ModelSource) -> str:
    """llama.cpp's name of a model's architecture.

    Raises:
        UsageError: it is not one that can be exported.
    """
    found = ARCHITECTURES.get(source.architecture)
    if found is None:
        raise UsageError(
            f"{source.architecture} cannot be exported.",
            f"Those that can: {', '.join(ARCHITECTURES)}.",
        )
    return found


def shape_of(source: ModelSource) -> LlamaShape:
    """A model's sizes.

    Raises:
        UsageError: llama.cpp would compute it otherwise.
    """
    config = source.config
    architecture = architecture_of(source)
    if config.get("hidden_act", "silu") != "silu":
        raise UsageError(f"Its activation {config['hidden_act']} is not SwiGLU's.", "")
    heads = int(config["num_attention_heads"])
    width = int(config["hidden_size"])
    rope = _rope(config)
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind not in ("default", "linear", "llama3") or config.get(
        "partial_rotary_factor", 1.0
    ) not in (None, 1, 1.0):
        raise UsageError(
            f"Its rotary embedding ({kind}) cannot be exported.",
            "Those that can: default, linear, llama3.",
        )
    context = int(config.get("max_position_embeddings") or 2048)
    window = config.get("sliding_window")
    if window and config.get("use_sliding_window", True):
        context = min(context, int(window))  # up to there it sees everything
    return LlamaShape(
        architecture=architecture,
        vocabulary=int(config["vocab_size"]),
        width=width,
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_width=int(config.get("head_dim") or width // heads),
        inner=int(config["intermediate_size"]),
        context=context,
        epsilon=float(config.get("rms_norm_eps", 1e-6)),
        base=float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0),
        linear_scaling=float(rope["factor"]) if kind == "linear" else 1.0,
    )


def _rope(config: dict[str, Any]) -> dict[str, Any]:
    """What a configuration says of the rotary embedding, by its old or new name."""
    found = config.get("rope_parameters") or config.get("rope_scaling") or {}
    return found if isinstance(found, dict) else {}


def permuted(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of Q or K from halves (transformers) to pairs (llama.cpp's `llama`)."""
    return weight.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2)


def halved(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of Q or K from pairs back to halves."""
    return weight.unflatten(0, (heads, -1, 2)).transpose(1, 2).flatten(0, 2)


def heads_of(shape: LlamaShape, module: str) -> int:
    """Heads by which a module's rows are permuted; 0 where they stay."""
    if shape.architecture != "llama":
        return 0
    return {"attn_q": shape.heads, "attn_k": shape.kv_heads}.get(module, 0)


def tensors_of(source: ModelSource, shape: LlamaShape) -> list[Tensor]:
    """All weights in llama.cpp's names and order of rows.

    Raises:
        UsageError: there is a weight that llama.cpp has no place for.
    """
    from safetensors import safe_open

    tied = bool(source.config.get("tie_word_embeddings", False))
    found: list[Tensor] = []
    for path in source.weights:
        with safe_open(str(path), framework="pt") as file:
            for name in file.keys():  # noqa: SIM118  # no mapping
                if name == "lm_head.weight" and tied:
                    continue
                if name.endswith("rotary_emb.inv_freq"):
                    continue
                size = tuple(file.get_slice(name).get_shape())
                new, heads = _named(name, shape)
                found.append(Tensor(new, size, _loader(path, name, heads)))
    if (scaled := _scaled(source, shape)) is not None:
        found.append(Tensor("rope_freqs.weight", scaled.shape, lambda: scaled))
    return found


def _named(name: str, shape: LlamaShape) -> tuple[str, int]:
    """llama.cpp's name of a weight, and by how many heads its rows are permuted."""
    if name in _OUTER:
        return _OUTER[name], 0
    match = _LAYER.fullmatch(name)
    if match is None or match[2] not in MODULES:
        raise UsageError(f"llama.cpp has no place for the weight {name}.", "")
    module = MODULES[match[2]]
    return f"blk.{match[1]}.{module}.{match[3]}", heads_of(shape, module)


def _loader(path: Path, name: str, heads: int) -> Callable[[], Array]:
    def load() -> Array:
        from safetensors import safe_open

        with safe_open(str(path), framework="pt") as file:
            tensor = file.get_tensor(name).float()
        values: Array = (
            (permuted(tensor, heads) if heads else tensor).contiguous().numpy()
        )
        return values

    return load


def _scaled(source: ModelSource, shape: LlamaShape) -> Array | None:
    """Llama 3's factors of the rotary frequencies; None without such a scaling."""
    rope = _rope(source.config)
    if (rope.get("rope_type") or rope.get("type")) != "llama3":
        return None
    factor = float(rope["factor"])
    low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    before = float(rope["original_max_position_embeddings"])
    factors = []
    for at in range(0, shape.head_width, 2):
        length = 2 * math.pi * shape.base ** (at / shape.head_width)
        smooth = (before / length - low) / (high - low)
        smooth = min(1.0, max(0.0, smooth))
        factors.append(1 / ((1 - smooth) / factor + smooth))
    found: Array = np.array(factors, dtype=np.float32)
    return found


def _add_tokenizer(writer: Any, tokens: Tokens, shape: LlamaShape) -> None:
    """A model's tokenizer in llama.cpp's terms; a wrong split would fail silently."""
    told = json.loads(tokens.tokenizer.to_str())
    model = told["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise no_tokenizer("it is no byte-level BPE")
    kinds = gguf.TokenType
    by_id = {number: (token, kinds.NORMAL) for token, number in model["vocab"].items()}
    for added in told.get("added_tokens") or []:
        kind = kinds.CONTROL if added.get("special") else kinds.USER_DEFINED
        by_id[added["id"]] = added["content"], kind
    if max(by_id) >= shape.vocabulary:
        raise no_tokenizer(f"it has more tokens than the model's {shape.vocabulary:,}")
    every = [
        by_id.get(number, (f"[PAD{number}]", kinds.UNUSED))
        for number in range(shape.vocabulary)
    ]
    eos, bos = tokens.id_of(tokens.eos), tokens.id_of(tokens.bos)
    assert eos is not None  # `open_tokens` made sure
    plain = tokens.tokenizer.encode("a").ids
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer(told))
    writer.add_token_list([token for token, _ in every])
    writer.add_token_types([int(kind) for _, kind in every])
    writer.add_token_merges(
        [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    )
    writer.add_bos_token_id(eos if bos is None else bos)
    writer.add_eos_token_id(eos)
    writer.add_pad_token_id(tokens.id_of(tokens.pad) or 0)
    writer.add_add_bos_token(bos is not None and plain[:1] == [bos])
    writer.add_add_eos_token(False)
    if tokens.template:
        writer.add_chat_template(tokens.template)
