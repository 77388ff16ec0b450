"""LoRA adapters in PEFT's format: put on their base, and in llama.cpp's terms."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from catalog.errors import UsageError
from model.training.gguf_file import LlamaShape, Tensor, values_of
from model.training.huggingface import load_model
from model.training.llama_family import MODULES, heads_of, permuted

UNKNOWN = (
    "use_dora",
    "use_rslora",
    "modules_to_save",
    "rank_pattern",
    "alpha_pattern",
    "layer_replication",
    "lora_bias",
    "alora_invocation_tokens",
)
"""Kinds of adapters, by PEFT's options, that llama.cpp would apply otherwise."""
_ADAPTED = re.compile(
    r"base_model\.model\.(?:(?P<head>lm_head)|model\.layers\.(?P<layer>\d+)\."
    r"(?P<module>.+))\.lora_(?P<side>[AB])\.weight"
)


def adapted(base: Path, adapter: Path) -> Any:
    """The base model with an adapter beside its weights, in float32 on the CPU.

    Raises:
        UsageError: the adapter does not fit.
    """
    model = load_model(base, torch.float32)
    from peft import PeftModel  # seconds to import

    try:
        return PeftModel.from_pretrained(model, str(adapter)).eval()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        line = (str(error).strip() or repr(error)).splitlines()[0]
        raise UsageError(
            f"{adapter} is no adapter of {base.name}: {line}", "Check --base."
        ) from error


def logits_of(model: Any, ids: Sequence[int]) -> np.ndarray[Any, Any]:
    """A transformers model's logits at every position."""
    with torch.no_grad():
        found: np.ndarray[Any, Any] = (
            model(input_ids=torch.tensor([list(ids)]), use_cache=False)
            .logits[0]
            .float()
            .numpy()
        )
    return found


def adapter_config(folder: Path) -> dict[str, Any]:
    """An adapter's configuration.

    Raises:
        UsageError: llama.cpp has no such adapters.
    """
    path = folder / "adapter_config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "") from error
    odd = [key for key in UNKNOWN if config.get(key)]
    if config.get("peft_type") != "LORA":
        odd.insert(0, str(config.get("peft_type")))
    if odd:
        raise UsageError(
            f"llama.cpp has no adapters with {', '.join(odd)}.",
            "Merge it instead: `columnist train finetune … --merge`.",
        )
    found: dict[str, Any] = config
    return found


def adapter_tensors(folder: Path, shape: LlamaShape) -> list[Tensor]:
    """An adapter's matrices in llama.cpp's names and order of rows.

    Raises:
        UsageError: one is for a part that llama.cpp adapts not at all.
    """
    from safetensors.torch import load_file

    found: list[Tensor] = []
    for key, weight in load_file(folder / "adapter_model.safetensors").items():
        match = _ADAPTED.fullmatch(key)
        module = MODULES.get(match["module"] or "", "") if match else ""
        if match is None or not (module or match["head"]):
            raise UsageError(
                f"llama.cpp cannot adapt {key}.",
                "Train with --target all-linear or attention.",
            )
        side = match["side"].lower()
        heads = heads_of(shape, module) if side == "b" else 0
        values = permuted(weight, heads) if heads else weight
        part = f"blk.{match['layer']}.{module}" if module else "output"
        name = f"{part}.weight.lora_{side}"
        found.append(Tensor(name, tuple(values.shape), values_of(values)))
    return found
