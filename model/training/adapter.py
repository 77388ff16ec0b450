"""LoRA adapters, PEFT's folders and llama.cpp's GGUF: read, put on a base, converted.

llama.cpp wants the rows of Q and K in another order than transformers, so those of an
adapter's second matrix change places on the way, in both directions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from catalog.errors import UsageError
from model.gguf_file import Array, Tensor, read, values_of, write
from model.training import lineage
from model.training.llama_family import (
    MODULES,
    LlamaShape,
    architecture_of,
    halved,
    heads_of,
    permuted,
    shape_of,
)
from model.training.source import ModelSource, gguf_keys, load_model

WEIGHTS = "adapter_model.safetensors"
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
_TENSOR = re.compile(
    r"(?:output|blk\.(?P<layer>\d+)\.(?P<module>\w+))\.weight\.lora_(?P<side>[ab])"
)


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter in PEFT's terms."""

    rank: int
    """Columns of the second matrix of each pair."""
    alpha: float
    """The scale, times the rank."""
    weights: Mapping[str, Any]
    """Tensors by PEFT's names."""

    @property
    def modules(self) -> list[str]:
        """The last parts of the names of modules that it changes."""
        return sorted({key.rsplit(".", 3)[1] for key in self.weights})


def weights_of(path: Path) -> Path:
    """The file that holds an adapter's weights."""
    return path / WEIGHTS if path.is_dir() else path


def read_adapter(path: Path, source: ModelSource) -> Adapter:
    """An adapter to go on from.

    Raises:
        UsageError: it is none, or was trained on another base.
    """
    if path.is_file():
        return _read_gguf(path, shape_of(source))
    config = adapter_config(path)
    told = lineage.read_lineage(path).get("from", {}).get("sha256")
    if told and told != source.digests():
        raise UsageError(
            f"{path} was trained on another model than {source.name}.",
            "Give the base that its lineage.json names.",
        )
    return Adapter(int(config["r"]), float(config["lora_alpha"]), _load(path))


def _load(folder: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights: dict[str, Any] = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise UsageError(
            f"{folder / WEIGHTS} cannot be read: {error}.", "Give PEFT's folder."
        ) from error
    return weights


def _read_gguf(path: Path, shape: LlamaShape) -> Adapter:
    import gguf

    keys = gguf_keys(path)
    alpha = keys.get(gguf.Keys.Adapter.LORA_ALPHA)
    if keys.get(gguf.Keys.Adapter.TYPE) != "lora" or alpha is None:
        raise UsageError(f"{path} is no LoRA adapter.", "")
    names = {module: name for name, module in MODULES.items()}
    weights: dict[str, Any] = {}
    rank = 0
    for tensor in read(path, refused=UsageError, hint="").tensors:
        match = _TENSOR.fullmatch(tensor.name)
        module = names.get(match["module"] or "", "") if match else ""
        if match is None or not (module or match["module"] is None):
            raise UsageError(f"{path} changes {tensor.name}, which is unknown.", "")
        # The reader's arrays are views of the file.
        weight = torch.from_numpy(values_of(tensor).copy())
        if match["side"] == "a":
            rank = weight.shape[0]
        elif heads := heads_of(shape, match["module"] or ""):
            if weight.shape[0] != heads * shape.head_width:
                raise _other_base(path.name, tensor.name)
            weight = halved(weight, heads)
        part = f"model.layers.{match['layer']}.{module}" if module else "lm_head"
        weights[f"base_model.model.{part}.lora_{match['side'].upper()}.weight"] = weight
    if not rank:
        raise UsageError(f"{path} is an empty adapter.", "")
    return Adapter(rank, float(alpha), weights)


def _other_base(adapter: str, what: str) -> UsageError:
    return UsageError(
        f"{adapter} is an adapter of another base: {what} does not fit.",
        "Give the base that it was trained on.",
    )


def put(adapter: Adapter, model: Any) -> None:
    """Give a PEFT model of the same modules the adapter's weights.

    Raises:
        UsageError: it is for another base.
    """
    from peft import set_peft_model_state_dict

    try:
        told = set_peft_model_state_dict(model, dict(adapter.weights))
    except RuntimeError as error:
        line = str(error).strip().splitlines()[-1].strip()
        raise _other_base("This", line) from error
    left = [key for key in told.missing_keys if ".lora_" in key]
    for key in (*left, *told.unexpected_keys):
        raise _other_base("This", key)


def adapted(source: ModelSource, adapter: Path) -> Any:
    """The base model with an adapter beside its weights, in float32 on the CPU.

    Raises:
        UsageError: the adapter does not fit.
    """
    model = load_model(source, torch.float32)
    from peft import PeftModel  # seconds to import

    try:
        return PeftModel.from_pretrained(model, str(adapter)).eval()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        line = (str(error).strip() or repr(error)).splitlines()[0]
        raise UsageError(
            f"{adapter} is no adapter of {source.name}: {line}", "Check --base."
        ) from error


def logits_of(model: Any, ids: Sequence[int]) -> Array:
    """A transformers model's logits at every position."""
    with torch.no_grad():
        found: Array = (
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
    config = lineage.read_object(
        folder / "adapter_config.json",
        "Give an adapter: PEFT's folder, or a GGUF file.",
    )
    odd = [key for key in UNKNOWN if config.get(key)]
    if config.get("peft_type") != "LORA":
        odd.insert(0, str(config.get("peft_type")))
    if odd:
        raise UsageError(
            f"llama.cpp has no adapters with {', '.join(odd)}.",
            "Merge it instead: `columnist train finetune … --merge`.",
        )
    return config


def adapter_tensors(folder: Path, shape: LlamaShape) -> list[Tensor]:
    """An adapter's matrices in llama.cpp's names and order of rows.

    Raises:
        UsageError: one is for a part that llama.cpp adapts not at all.
    """
    found: list[Tensor] = []
    for key, weight in _load(folder).items():
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
        found.append(Tensor(name, tuple(values.shape), partial(_values, values)))
    return found


def _values(tensor: torch.Tensor) -> Array:
    found: Array = tensor.detach().cpu().float().numpy()
    return found


def write_adapter(
    path: Path,
    source: ModelSource,
    tensors: Sequence[Tensor],
    *,
    kind: str,
    alpha: float,
    name: str,
) -> None:
    """A LoRA adapter of a source; tensors are `NAME.lora_a` and `NAME.lora_b`.

    Raises:
        OSError: it cannot be written.
    """
    import gguf

    def facts(writer: Any) -> None:
        writer.add_type("adapter")
        writer.add_name(name)
        if source.licence:
            writer.add_license(source.licence)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)

    write(path, architecture_of(source), facts, tensors, kind=kind)
