"""Writes models as GGUF, proves that llama.cpp reads them the same, tells their story.

A source is a checkpoint of `train pretrain`, a Hugging Face directory of the Llama
family, or a LoRA adapter. Every file is compared with its source before it takes its
name; one that fails is kept beside as `NAME.failed.gguf`. The manifest beside it has
digest, sizes, base, data, recipe, licences and the figures of the comparison.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch loads OpenMP

import numpy as np
import torch

from catalog.errors import UsageError
from model.library import PromptFormat
from model.prompts.compact import END, PAD, SPECIAL
from model.sizes import cores
from model.training import lineage
from model.training.adapter import (
    adapted,
    adapter_config,
    adapter_tensors,
    logits_of,
)
from model.training.finetune import BROKEN
from model.training.gguf_file import (
    LlamaShape,
    Tensor,
    Vocabulary,
    quantize,
    values_of,
    write_adapter,
    write_model,
)
from model.training.huggingface import load_model, open_source, open_tokens, require
from model.training.llama_family import (
    architecture_of,
    permuted,
    shape_of,
    tensors_of,
    vocabulary_of,
)
from model.training.manifest import write_manifest
from model.training.network import Network, Shape
from model.training.pairs import format_of
from model.training.tokenizer import PRE_TOKENIZER, load_tokenizer
from model.training.verification import Comparison, Reference, compare

LICENCE = "Apache-2.0"
"""Of models that were made here from nothing."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
"""What a model may be called; it becomes the name of files."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is to be exported."""

    source: Path
    """`final.pt`, a Hugging Face directory, a PEFT adapter, or a run's folder."""
    out: Path
    """Where the files go."""
    name: str | None = None
    """Of the model; the source's folder by default."""
    quantisations: tuple[str, ...] = ("Q8_0",)
    """One file each."""
    adapter: bool = False
    """Of a run of fine-tuning, export the adapter although there is a merged model."""
    base: Path | None = None
    """The adapter's base model, where it is not where it was."""
    earlier: tuple[Path, ...] = ()
    """Folders of earlier runs, newest first, where a log does not say which."""
    data: tuple[Path, ...] = ()
    """Data files of the runs, to count their licences."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One file."""

    path: Path
    """The file; `NAME.failed.gguf` where it is not like its source."""
    manifest: Path | None
    """Its manifest; None where it failed."""
    kind: str
    """Its quantisation."""
    comparison: Comparison
    """How far it is from its source."""
    faults: tuple[str, ...]
    """What is wrong; empty where all is well."""


@dataclass(frozen=True, slots=True)
class Exportable:
    """A model in llama.cpp's terms, and what the manifest says of it."""

    shape: LlamaShape
    """Its sizes."""
    vocabulary: Vocabulary
    """Its tokenizer."""
    tensors: Sequence[Tensor]
    """Its weights."""
    reference: Reference
    """What files are compared with."""
    about: dict[str, Any]
    """Parts of the manifest."""


def export(settings: Settings) -> Iterator[Exported]:
    """Writes, compares and describes one file after the other.

    Raises:
        UsageError: the source cannot be exported, with the reason.
        ColumnistError: a file cannot be written.
    """
    require("gguf", "tokenizers")
    source = resolve(settings.source, adapter=settings.adapter)
    if source.is_dir():
        require("transformers", "safetensors", "accelerate")
    name = settings.name or _name_of(source)
    if not NAME.fullmatch(name):
        raise UsageError(
            f"A model cannot be called {name}.",
            "Give a --name of letters, digits, dots, dashes and underscores.",
        )
    settings.out.mkdir(parents=True, exist_ok=True)
    if (source / "adapter_config.json").exists():
        require("peft")
        yield _export_adapter(settings, source, name)
        return
    if source.is_file():
        found = of_checkpoint(source, earlier=settings.earlier, data=settings.data)
    else:
        found = of_huggingface(source)
    yield from _export_model(settings, found, name)


def resolve(source: Path, *, adapter: bool = False) -> Path:
    """What is meant by a source: a checkpoint, a model's or an adapter's folder.

    Raises:
        UsageError: there is nothing to export.
    """
    if source.is_file():
        return source
    if (source / "adapter_config.json").exists() or (source / "config.json").exists():
        return source
    for part in ("adapter",) if adapter else ("merged", "model", "adapter"):
        if (source / part / lineage.FILE).exists():
            return source / part
    if (source / "final.pt").exists() and not adapter:
        return source / "final.pt"
    wanted = "adapter" if adapter else "model"
    raise UsageError(
        f"There is no {wanted} to export in {source}.",
        "Give final.pt, a Hugging Face directory, an adapter, or a run's folder.",
    )


def _name_of(source: Path) -> str:
    """The run's name, not that of a part of it."""
    folder = source.parent if source.is_file() else source
    if folder.name in ("adapter", "merged", "model"):
        folder = folder.parent
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", folder.resolve().name).strip("-.")


def _export_model(
    settings: Settings, found: Exportable, name: str
) -> Iterator[Exported]:
    done: list[Exported] = []
    half: Path | None = None
    spare = settings.out / f"{name}.F16.partial"
    kinds = sorted(set(settings.quantisations), key=settings.quantisations.index)
    try:
        for kind in kinds:
            partial = settings.out / f"{name}.{kind}.partial"
            if kind == "Q4_K_M":
                if half is None:
                    half = spare
                    _write(half, found, "F16", name)
                quantize(half, partial, threads=cores())
            else:
                _write(partial, found, kind, name)
            comparison = compare(partial, found.reference, context=found.shape.context)
            path, faults = _place(partial, comparison, kind)
            if kind == "F16":
                half = path
            done.append(Exported(path, None, kind, comparison, faults))
    finally:
        spare.unlink(missing_ok=True)
    verified = {each.kind: each.comparison.to_json() for each in done}
    good = [each for each in done if not each.faults]
    for each in done:
        manifest = None
        if not each.faults:
            title = name if each is good[0] else f"{name}-{each.kind}"
            about = found.about | {"quantisation": each.kind, "verified": verified}
            manifest = write_manifest(each.path, title, about)
        yield Exported(each.path, manifest, each.kind, each.comparison, each.faults)


def _write(path: Path, found: Exportable, kind: str, name: str) -> None:
    write_model(
        path,
        found.shape,
        found.vocabulary,
        found.tensors,
        kind=kind,
        name=name,
        licence=found.about.get("licence"),
    )


def _place(
    partial: Path, comparison: Comparison, kind: str
) -> tuple[Path, tuple[str, ...]]:
    """Give a file its name, by whether it is what it should be."""
    faults = tuple(comparison.faults(kind))
    path = partial.with_suffix(".failed.gguf" if faults else ".gguf")
    partial.replace(path)
    return path, faults


# A checkpoint of `train pretrain`


def load_network(checkpoint: Path) -> tuple[Network, dict[str, Any]]:
    """The network of a checkpoint, and the rest of what the checkpoint has.

    Raises:
        UsageError: it is none.
    """
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        network = Network(Shape(**state["shape"]))
        network.load_state_dict(state["network"])
    except BROKEN as error:
        raise UsageError(
            f"{checkpoint} is no checkpoint of `train pretrain`.",
            "Give the final.pt of a run.",
        ) from error
    return network.eval(), state


def of_checkpoint(
    checkpoint: Path, *, earlier: Sequence[Path] = (), data: Sequence[Path] = ()
) -> Exportable:
    """A checkpoint, with its lineage from the logs of its runs."""
    network, state = load_network(checkpoint)
    tokenizer = load_tokenizer(checkpoint.parent / "tokenizer.json")
    runs = lineage.runs_of_checkpoint(checkpoint, earlier=earlier, data=data)
    shape = network.shape
    about = {
        "format": PromptFormat.COMPACT.value,
        "licence": LICENCE,
        "architecture": {
            "kind": "llama",
            "parameters": sum(p.numel() for p in network.parameters()),
            **asdict(shape),
        },
        "base": None,
        "steps": state["step"],
        "tokens": state["seen"],
        "lineage": runs,
        "licences": lineage.licences_of(runs),
    }
    return Exportable(
        shape=_shape(network),
        vocabulary=_vocabulary(tokenizer),
        tensors=_tensors(network),
        reference=reference_of(network, tokenizer),
        about=about,
    )


def reference_of(network: Network, tokenizer: Any) -> Reference:
    """What torch makes of a text with a network."""

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def logits(ids: list[int]) -> np.ndarray[Any, Any]:
        size = len(ids)
        mask = torch.full((1, 1, size, size), float("-inf")).triu(1)
        with torch.no_grad():
            positions = torch.arange(size)[None]
            hidden = network.hidden(torch.tensor([ids]), positions, mask)
            found: np.ndarray[Any, Any] = network.logits(hidden)[0].float().numpy()
        return found

    return Reference(encode, logits)


def write_gguf(
    path: Path, network: Network, tokenizer: Any, *, kind: str, name: str = "columnist"
) -> None:
    """A network as a file, as it is: without comparison or manifest."""
    write_model(
        path,
        _shape(network),
        _vocabulary(tokenizer),
        _tensors(network),
        kind=kind,
        name=name,
        licence=LICENCE,
    )


def _shape(network: Network) -> LlamaShape:
    shape = network.shape
    return LlamaShape(
        architecture="llama",
        vocabulary=shape.vocabulary,
        width=shape.width,
        layers=shape.layers,
        heads=shape.heads,
        kv_heads=shape.heads,
        head_width=shape.width // shape.heads,
        inner=shape.inner,
        context=shape.context,
        epsilon=shape.epsilon,
        base=shape.base,
    )


def _tensors(network: Network) -> list[Tensor]:
    """All weights of a network in llama.cpp's names and order of rows."""
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
    return [
        Tensor(name, tuple(tensor.shape), values_of(tensor))
        for name, tensor in found.items()
    ]


def _vocabulary(tokenizer: Any) -> Vocabulary:
    """The vocabulary that `train_tokenizer` made."""
    import gguf

    data = json.loads(tokenizer.to_str())["model"]
    ids: dict[str, int] = data["vocab"]
    ordered = sorted(ids, key=lambda token: ids[token])
    special = set(SPECIAL)
    merges = data["merges"]
    return Vocabulary(
        tokens=tuple(ordered),
        types=tuple(
            int(gguf.TokenType.CONTROL if x in special else gguf.TokenType.NORMAL)
            for x in ordered
        ),
        merges=tuple(m if isinstance(m, str) else " ".join(m) for m in merges),
        pre=PRE_TOKENIZER,
        bos=ids[END],
        eos=ids[END],
        pad=ids[PAD],
    )


# A Hugging Face directory


def of_huggingface(folder: Path) -> Exportable:
    """A Hugging Face directory, with the lineage that fine-tuning left in it.

    Raises:
        UsageError: it is of a kind that cannot be exported.
    """
    source = open_source(folder)
    tokens = open_tokens(source)
    shape = shape_of(source)
    model: list[Any] = []

    def logits(ids: list[int]) -> np.ndarray[Any, Any]:
        if not model:  # large; loaded once all else is known to be right
            model.append(load_model(folder, torch.float32).eval())
        return logits_of(model[0], ids)

    told = lineage.read_lineage(folder)
    tensors = tensors_of(source, shape)
    base = told.get("base") or {
        "name": source.folder.resolve().name,
        "architecture": source.architecture,
        "sha256": source.digests(),
        "licence": source.licence,
    }
    about = {
        "format": told.get("format") or PromptFormat.LONG.value,
        "licence": base.get("licence"),
        "architecture": {
            "kind": source.architecture,
            "parameters": sum(int(np.prod(tensor.shape)) for tensor in tensors),
            **asdict(shape),
        },
        "base": base,
        "lineage": told.get("runs", []),
        "licences": told.get("licences", {}),
    }
    return Exportable(
        shape=shape,
        vocabulary=vocabulary_of(source, tokens, shape),
        tensors=tensors,
        reference=Reference(tokens.encode, logits),
        about=about,
    )


# A LoRA adapter


def _export_adapter(settings: Settings, folder: Path, name: str) -> Exported:
    """The adapter, compared with PEFT's on the base model as F16."""
    config = adapter_config(folder)
    told = lineage.read_lineage(folder)
    source = open_source(_base_of(settings, config))
    wanted = told.get("from", {}).get("sha256")
    if wanted and wanted != source.digests():
        raise UsageError(
            f"{source.folder} is not the model that the adapter was trained on.",
            "Name that one with --base.",
        )
    tokens = open_tokens(source)
    shape = shape_of(source)
    model = adapted(source.folder, folder)
    partial = settings.out / f"{name}.F32.partial"
    tensors = adapter_tensors(folder, shape)
    write_adapter(
        partial,
        architecture_of(source),
        tensors,
        alpha=float(config["lora_alpha"]),
        name=name,
    )
    vocabulary = vocabulary_of(source, tokens, shape)
    base = settings.out / f"{name}.base.partial"
    try:
        write_model(
            base, shape, vocabulary, tensors_of(source, shape), kind="F16", name="base"
        )
        comparison = compare(
            base,
            Reference(tokens.encode, lambda ids: logits_of(model, ids)),
            adapter=partial,
            context=shape.context,
        )
    finally:
        base.unlink(missing_ok=True)
    faults = tuple(comparison.faults("F16"))
    path = settings.out / f"{name}{'.failed' if faults else ''}.gguf"
    partial.replace(path)
    about = {
        "kind": "adapter",
        "format": told.get("format") or format_of(tokens).value,
        "quantisation": "F32",
        "rank": config["r"],
        "alpha": config["lora_alpha"],
        "licence": source.licence,
        "base": told.get("from")
        or {
            "name": source.folder.resolve().name,
            "architecture": source.architecture,
            "sha256": source.digests(),
            "licence": source.licence,
        },
        "lineage": told.get("runs", []),
        "licences": told.get("licences", {}),
        "verified": {"F32": comparison.to_json()},
    }
    manifest = None if faults else write_manifest(path, name, about)
    return Exported(path, manifest, "F32", comparison, faults)


def _base_of(settings: Settings, config: dict[str, Any]) -> Path:
    if settings.base is not None:
        return settings.base
    named = config.get("base_model_name_or_path")
    if named and Path(named).is_dir():
        return Path(named)
    raise UsageError(
        f"The adapter's base model {named} is not there.", "Name it with --base."
    )
