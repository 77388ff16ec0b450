"""Writes models and adapters as GGUF, tensor by tensor, so that large ones fit."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from catalog.errors import ColumnistError

QUANTISATIONS = ("F16", "Q8_0", "Q4_K_M")
"""What is offered; F32 is for tests."""
BLOCK = 32
"""Weights that Q8_0 scales together; a row that is no multiple of it stays F16."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor under llama.cpp's name, read when it is written."""

    name: str
    """Such as `blk.0.attn_q.weight`."""
    shape: tuple[int, ...]
    """Rows first, as numpy has it."""
    load: Callable[[], np.ndarray[Any, Any]]
    """Its values, float32."""


def values_of(tensor: Any) -> Callable[[], np.ndarray[Any, Any]]:
    """How a torch tensor is read."""

    def load() -> np.ndarray[Any, Any]:
        found: np.ndarray[Any, Any] = tensor.detach().cpu().float().numpy()
        return found

    return load


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A byte-level BPE vocabulary."""

    tokens: tuple[str, ...]
    """In the order of their ids."""
    types: tuple[int, ...]
    """gguf's `TokenType` of each."""
    merges: tuple[str, ...]
    """Each two tokens with a space between."""
    pre: str
    """`tokenizer.ggml.pre`: how llama.cpp splits text; a wrong one fails silently."""
    bos: int
    """Id of the token that begins a text."""
    eos: int
    """Id of the token that ends one."""
    pad: int
    """Id of the token that fills rows."""
    add_bos: bool = False
    """Whether plain texts begin with it."""
    template: str | None = None
    """The chat template's Jinja source."""


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
    shape: LlamaShape,
    vocabulary: Vocabulary,
    tensors: Sequence[Tensor],
    *,
    kind: str,
    name: str,
    licence: str | None = None,
) -> None:
    """A model file; tensors of one dimension stay F32, as llama.cpp wants them.

    Raises:
        ColumnistError: it cannot be written.
    """
    import gguf

    writer = gguf.GGUFWriter(path, shape.architecture)
    writer.add_type("model")
    writer.add_name(name)
    if licence:
        writer.add_license(licence)
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
    types = {"F32": "ALL_F32", "F16": "MOSTLY_F16", "Q8_0": "MOSTLY_Q8_0"}
    writer.add_file_type(gguf.LlamaFileType[types[kind]])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(vocabulary.merges)
    writer.add_bos_token_id(vocabulary.bos)
    writer.add_eos_token_id(vocabulary.eos)
    writer.add_pad_token_id(vocabulary.pad)
    writer.add_add_bos_token(vocabulary.add_bos)
    writer.add_add_eos_token(False)
    if vocabulary.template:
        writer.add_chat_template(vocabulary.template)
    _write(writer, path, tensors, kind)


def write_adapter(
    path: Path,
    architecture: str,
    tensors: Sequence[Tensor],
    *,
    kind: str,
    alpha: float,
    name: str,
    licence: str | None = None,
) -> None:
    """A LoRA adapter; tensors are `NAME.lora_a` and `NAME.lora_b`.

    Raises:
        ColumnistError: it cannot be written.
    """
    import gguf

    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_name(name)
    if licence:
        writer.add_license(licence)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    _write(writer, path, tensors, kind)


def _write(writer: Any, path: Path, tensors: Sequence[Tensor], kind: str) -> None:
    """The header, then every tensor in turn."""
    import gguf

    stored = [_stored(tensor, kind) for tensor in tensors]
    for tensor, type_ in zip(tensors, stored, strict=True):
        size = _bytes(tensor.shape, type_)
        writer.add_tensor_info(
            tensor.name, tensor.shape, np.dtype(np.float32), size, raw_dtype=type_
        )
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor, type_ in zip(tensors, stored, strict=True):
            values = np.ascontiguousarray(tensor.load(), dtype=np.float32)
            writer.write_tensor_data(gguf.quants.quantize(values, type_))
        writer.close()
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ColumnistError(
            f"Cannot write {path}: {error.strerror or error}.",
            "Free some space and run the same command again.",
        ) from error


def _stored(tensor: Tensor, kind: str) -> Any:
    import gguf

    if len(tensor.shape) == 1:
        kind = "F32"
    elif kind == "Q8_0" and tensor.shape[-1] % BLOCK:
        kind = "F16"
    return gguf.GGMLQuantizationType[kind]


def _bytes(shape: tuple[int, ...], type_: Any) -> int:
    import gguf

    block, size = gguf.GGML_QUANT_SIZES[type_]
    return math.prod(shape) // int(block) * int(size)


def quantize(path: Path, target: Path, *, threads: int) -> None:
    """Q4_K_M from an F16 file, by llama.cpp's own quantizer.

    In a process of its own: it prints, and a crash is not ours.

    Raises:
        ColumnistError: it failed, with its last word.
    """
    code = (
        "import ctypes, os, sys, llama_cpp as llama;"
        "p = llama.llama_model_quantize_default_params();"
        "p.ftype = llama.LLAMA_FTYPE_MOSTLY_Q4_K_M;"
        "p.nthread = int(sys.argv[3]);"
        "sys.exit(llama.llama_model_quantize("
        "os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2]), ctypes.byref(p)))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(path), str(target), str(threads)],
        capture_output=True,
        check=False,
    )
    if done.returncode or not target.exists():
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        target.unlink(missing_ok=True)
        raise ColumnistError(
            f"llama.cpp cannot quantize {path.name}:"
            f" {lines[-1].strip() if lines else 'it gave no reason'}",
            "Choose Q8_0, or free some space.",
        )
