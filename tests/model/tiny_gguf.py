"""Tiny models with random weights, so that the tests run the engine for real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

END = "<|end|>"
SPECIAL = ["<|table|>", "<|c|>", "<|col|>", "<|type|>", "<|text|>", END]


def byte_alphabet() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes, in byte order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names, extra = {}, 0
    for byte in range(256):
        if byte in printable:
            names[byte] = chr(byte)
        else:
            names[byte] = chr(256 + extra)
            extra += 1
    return [names[byte] for byte in range(256)]


CHAT = (
    "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}] "
    "{{ message['content'] }}{% endfor %}{% if add_generation_prompt %}[model]"
    "{% endif %}"
)
"""A chat template as instruct models have one."""


def write(
    path: Path,
    *,
    seed: int = 0,
    width: int = 64,
    layers: int = 2,
    family: str = "llama",
    template: str | None = None,
) -> Path:
    """A GGUF with F32 weights, byte tokens and special ones, tied output.

    Args:
        path: where it goes.
        seed: of the weights.
        width: hidden size.
        layers: transformer blocks.
        family: `llama`; `mistral`, which is that with fewer heads for keys and values;
            `qwen2`, with biases; `mpt`, with ALiBi, layer norms and one matrix for
            queries, keys and values.
        template: a chat template.
    """
    import gguf

    random = np.random.default_rng(seed)
    heads, inner = 4, width * 2
    kept = 2 if family == "mistral" else heads
    architecture = "llama" if family == "mistral" else family
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(f"tiny random {family}")
    writer.add_context_length(4096)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kept)
    if family == "mpt":
        writer.add_layer_norm_eps(1e-5)
        writer.add_max_alibi_bias(8.0)
    else:
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_rope_freq_base(10000.0)
        writer.add_rope_dimension_count(width // heads)
    _vocabulary(writer, template)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)

    def matrix(*shape: int) -> Any:
        scale = 2.0 / np.sqrt(shape[-1])
        return (random.standard_normal(shape) * scale).astype(np.float32)

    def add(name: str, values: Any) -> None:
        writer.add_tensor(f"{name}.weight", values)

    add("token_embd", matrix(256 + len(SPECIAL), width))
    add("output_norm", np.ones(width, np.float32))
    narrow = width * kept // heads
    for layer in range(layers):
        block = f"blk.{layer}."
        for norm in ("attn_norm", "ffn_norm"):
            add(f"{block}{norm}", np.ones(width, np.float32))
        if family == "mpt":
            add(f"{block}attn_qkv", matrix(3 * width, width))
        else:
            add(f"{block}attn_q", matrix(width, width))
            for name in ("attn_k", "attn_v"):
                add(f"{block}{name}", matrix(narrow, width))
            add(f"{block}ffn_gate", matrix(inner, width))
        if family == "qwen2":
            for name, size in (("q", width), ("k", narrow), ("v", narrow)):
                writer.add_tensor(f"{block}attn_{name}.bias", matrix(size))
        add(f"{block}attn_output", matrix(width, width))
        add(f"{block}ffn_up", matrix(inner, width))
        add(f"{block}ffn_down", matrix(width, inner))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary(writer: Any, template: str | None) -> None:
    import gguf

    tokens = byte_alphabet() + SPECIAL
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * len(SPECIAL)
    )
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)
