"""Writes a trained checkpoint as GGUF and proves that llama.cpp reads it the same.

    python -m model.training.export runs/small/final.pt --out assets/model

Two files are written: Q8_0 in the folder, F16 beside the checkpoint. The manifest
beside the Q8_0 file gets the architecture, the recipe and the figures of the
comparison: tokenizer mismatches and how far llama.cpp's logits are from torch's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import torch

from model.prompts.compact import END, PAD, SPECIAL
from model.training.network import Network, Shape
from model.training.tokenizer import PRE_TOKENIZER, load_tokenizer

NAME = "columnist-small"


def main() -> None:
    """Reads the arguments, exports, verifies, writes the manifest."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--tokenizer", type=Path, help="default: beside the checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default=NAME)
    arguments = parser.parse_args()
    beside = arguments.checkpoint.parent
    tokenizer = load_tokenizer(arguments.tokenizer or beside / "tokenizer.json")
    network, state = load_network(arguments.checkpoint)
    arguments.out.mkdir(parents=True, exist_ok=True)
    half = beside / f"{arguments.name}.F16.gguf"
    small = arguments.out / f"{arguments.name}.Q8_0.gguf"
    verified = {}
    for path, kind in ((half, "F16"), (small, "Q8_0")):
        write_gguf(path, network, tokenizer, kind=kind, name=arguments.name)
        verified[kind] = verify(path, network, tokenizer)
        print(path, path.stat().st_size, json.dumps(verified[kind]))
    manifest = manifest_of(small, network, state, verified, log=beside / "log.jsonl")
    target = arguments.out / f"{arguments.name}.json"
    if target.exists():  # scores and calibration are measured after the export
        manifest = json.loads(target.read_text(encoding="utf-8")) | manifest
    target.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def load_network(checkpoint: Path) -> tuple[Network, dict[str, Any]]:
    """The network of a checkpoint, and the rest of what the checkpoint has."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    network = Network(Shape(**state["shape"]))
    network.load_state_dict(state["network"])
    return network.eval(), state


def permuted(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Q or K from halves (transformers) to pairs (llama.cpp's rotary embedding)."""
    rows, columns = weight.shape
    return (
        weight.view(heads, 2, rows // heads // 2, columns)
        .transpose(1, 2)
        .reshape(rows, columns)
    )


def tensors(network: Network) -> dict[str, np.ndarray[Any, Any]]:
    """All weights in llama.cpp's names and order of rows, float32."""
    heads = network.shape.heads
    found: dict[str, torch.Tensor] = {
        "token_embd.weight": network.embedding,
        "output_norm.weight": network.norm,
    }
    for number, layer in enumerate(network.layers):
        q, k, v = layer.qkv.chunk(3)
        gate, up = layer.gate_up.chunk(2)
        parts = {
            "attn_norm": layer.attention_norm,
            "attn_q": permuted(q, heads),
            "attn_k": permuted(k, heads),
            "attn_v": v,
            "attn_output": layer.out,
            "ffn_norm": layer.mlp_norm,
            "ffn_gate": gate,
            "ffn_up": up,
            "ffn_down": layer.down,
        }
        found |= {f"blk.{number}.{key}.weight": value for key, value in parts.items()}
    return {
        name: tensor.detach().float().contiguous().numpy()
        for name, tensor in found.items()
    }


def write_gguf(
    path: Path, network: Network, tokenizer: Any, *, kind: str, name: str = NAME
) -> None:
    """The file; norms stay F32, as llama.cpp wants them."""
    import gguf

    shape = network.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_license("Apache-2.0")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.base)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_vocab_size(shape.vocabulary)
    file_type = {
        "F32": gguf.LlamaFileType.ALL_F32,
        "F16": gguf.LlamaFileType.MOSTLY_F16,
        "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    }[kind]
    writer.add_file_type(file_type)
    _add_tokenizer(writer, tokenizer)
    kinds = {
        "F32": gguf.GGMLQuantizationType.F32,
        "F16": gguf.GGMLQuantizationType.F16,
        "Q8_0": gguf.GGMLQuantizationType.Q8_0,
    }
    for key, value in tensors(network).items():
        stored = kinds["F32" if value.ndim == 1 else kind]
        data = gguf.quants.quantize(value, stored)
        writer.add_tensor(key, data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: Any, tokenizer: Any) -> None:
    """Vocabulary, merges and special tokens."""
    import gguf

    data = json.loads(tokenizer.to_str())["model"]
    vocabulary: dict[str, int] = data["vocab"]
    ordered = sorted(vocabulary, key=lambda token: vocabulary[token])
    special = set(SPECIAL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(ordered)
    writer.add_token_types(
        [
            gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL
            for token in ordered
        ]
    )
    merges = data["merges"]
    writer.add_token_merges(
        [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]
    )
    writer.add_bos_token_id(vocabulary[END])
    writer.add_eos_token_id(vocabulary[END])
    writer.add_pad_token_id(vocabulary[PAD])
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)


SAMPLES = (
    "<|table|> order item<|c|> order id<|c|> quantity<|col|> quantity<|type|> number",
    "date and time when the order was created, in utc",
    "größe, naïve 測試 🙂 «quotes» — dash",
    "  two  spaces\tand tabs 3.14 1,000 'it''s' don't",
    "x" * 70,
    "".join(SPECIAL),
)
"""Texts whose tokens are compared; names, sentences, unicode, odd spaces, specials."""


def verify(
    path: Path, network: Network, tokenizer: Any, *, texts: Sequence[str] = SAMPLES
) -> dict[str, Any]:
    """Compares llama.cpp with torch: tokens of all texts, logits of the first two."""
    from model.llama import Model  # loads llama.cpp

    runner = Model(
        str(path), gpu_layers=0, cells=512, sequences=1, batch=256, threads=1, safe=True
    )
    try:
        mismatches = 0
        for text in texts:
            ours = tokenizer.encode(text, add_special_tokens=False).ids
            mismatches += ours != runner.tokenize(text)
        ids = tokenizer.encode("".join(texts[:2]), add_special_tokens=False).ids
        theirs = logits_of(runner, ids)
    finally:
        runner.close()
    size = len(ids)
    mask = torch.full((1, 1, size, size), float("-inf")).triu(1)
    with torch.no_grad():
        positions = torch.arange(size)[None]
        hidden = network.hidden(torch.tensor([ids]), positions, mask)
        ours_logits = network.logits(hidden)[0].numpy()
    apart = np.abs(ours_logits - theirs)
    one, other = _log_softmax(ours_logits), _log_softmax(theirs)
    return {
        "tokenizer_mismatches": mismatches,
        "tokenizer_texts": len(texts),
        "logits_tokens": size,
        "logits_max_difference": round(float(apart.max()), 5),
        "logits_mean_difference": round(float(apart.mean()), 6),
        "kl_nats": round(float((np.exp(one) * (one - other)).sum(-1).mean()), 7),
        "same_first_choice": round(
            float((ours_logits.argmax(-1) == theirs.argmax(-1)).mean()), 4
        ),
    }


def logits_of(runner: Any, ids: Sequence[int]) -> np.ndarray[Any, Any]:
    """llama.cpp's logits at every position."""
    from model.schedule import Row

    rows = [Row(token, at, 0, True) for at, token in enumerate(ids)]
    found: np.ndarray[Any, Any] = runner.decode(rows).copy()
    return found


def _log_softmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    shifted = logits - logits.max(-1, keepdims=True)
    total: np.ndarray[Any, Any] = np.log(np.exp(shifted).sum(-1, keepdims=True))
    result: np.ndarray[Any, Any] = shifted - total
    return result


def manifest_of(
    path: Path, network: Network, state: dict[str, Any], verified: Any, *, log: Path
) -> dict[str, Any]:
    """Everything that tells where the file comes from."""
    shape = network.shape
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    start = next(event for event in events if event["event"] == "start")
    held = [event for event in events if event["event"] in ("held-out", "end")]
    return {
        "name": NAME,
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "format": "compact",
        "quantisation": "Q8_0",
        "licence": "Apache-2.0",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "architecture": {
            "kind": "llama",
            "parameters": sum(p.numel() for p in network.parameters()),
            **{key: getattr(shape, key) for key in Shape.__dataclass_fields__},
        },
        "recipe": {
            "command": "python -m model.training.pretrain",
            "arguments": start["arguments"],
            "precision": start["precision"],
            "steps": state["step"],
            "tokens": state["seen"],
            "held_out": held[-1] if held else None,
            "data_sha256": start["data"],
        },
        "verified": verified,
    }


if __name__ == "__main__":
    main()
