"""Writes models as GGUF, proves that llama.cpp reads them the same, tells their story.

A source is a Hugging Face directory of the Llama family, or a LoRA adapter in PEFT's
format on such a directory or on a GGUF. Every file is compared with its source before
it takes its name; one that fails is kept beside as `NAME.failed.gguf`. The manifest
beside it has digest, sizes, base, data, recipe, licences and the figures of the
comparison.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch loads OpenMP

import torch

from catalog.errors import ColumnistError, UsageError
from model.gguf_file import Array, quantize
from model.library import PromptFormat
from model.sizes import cores
from model.training import lineage
from model.training.adapter import (
    adapted,
    adapter_config,
    adapter_tensors,
    logits_of,
    write_adapter,
)
from model.training.llama_family import LlamaShape, shape_of, tensors_of, write_model
from model.training.source import (
    ModelSource,
    load_model,
    open_source,
    open_tokens,
    require,
)
from model.training.verification import Deviation, Reference, compare

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
"""What a model may be called; it becomes the name of files."""


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What is to be exported."""

    source: Path
    """A Hugging Face directory, a PEFT adapter, or a run's folder."""
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


@dataclass(frozen=True, slots=True)
class Exported:
    """One file."""

    path: Path
    """The file; `NAME.failed.gguf` where it is not like its source."""
    manifest: Path | None
    """Its manifest; None where it failed."""
    kind: str
    """Its quantisation."""
    comparison: Deviation
    """How far it is from its source."""
    faults: tuple[str, ...]
    """What is wrong; empty where all is well."""


def export(settings: ExportSettings) -> Iterator[Exported]:
    """Writes, compares and describes one file after the other.

    Raises:
        UsageError: the source cannot be exported, with the reason.
        ColumnistError: a file cannot be written.
    """
    require("gguf", "tokenizers", "transformers", "safetensors", "accelerate")
    source = resolve(settings.source, adapter=settings.adapter)
    name = settings.name or _name_of(source)
    if not NAME.fullmatch(name):
        raise UsageError(
            f"A model cannot be called {name}.",
            "Give a --name of letters, digits, dots, dashes and underscores.",
        )
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
        if (source / "adapter_config.json").exists():
            require("peft")
            yield from _export_adapter(settings, source, name)
        else:
            yield from _export_model(settings, source, name)
    except OSError as error:
        raise ColumnistError(
            f"Cannot write to {settings.out}: {error.strerror or error}.",
            "Free some space and run the same command again.",
        ) from error


def resolve(source: Path, *, adapter: bool = False) -> Path:
    """What is meant by a source: a model's or an adapter's folder.

    Raises:
        UsageError: there is nothing to export.
    """
    if (source / "adapter_config.json").exists() or (source / "config.json").exists():
        return source
    for part in ("adapter",) if adapter else ("merged", "model", "adapter"):
        if (source / part / lineage.FILE).exists():
            return source / part
    wanted = "adapter" if adapter else "model"
    raise UsageError(
        f"There is no {wanted} to export in {source}.",
        "Give a Hugging Face directory, an adapter, or a run's folder.",
    )


def _name_of(source: Path) -> str:
    """The run's name, not that of a part of it."""
    folder = source.resolve()
    if folder.name in ("adapter", "merged", "model"):
        folder = folder.parent
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", folder.name).strip("-.")


def _export_model(
    settings: ExportSettings, folder: Path, name: str
) -> Iterator[Exported]:
    """A Hugging Face directory, with the lineage that fine-tuning left in it."""
    source = open_source(folder)
    tokens = open_tokens(source)
    shape = shape_of(source)
    model: list[Any] = []

    def logits(ids: list[int]) -> Array:
        if not model:  # large; loaded once all else is known to be right
            model.append(load_model(source, torch.float32).eval())
        return logits_of(model[0], ids)

    reference = Reference(tokens.encode, logits)
    about = _about(folder, source, shape)
    licence = about["licence"]
    done: list[Exported] = []
    half: Path | None = None
    spare = settings.out / f"{name}.F16.partial"
    try:
        for kind in dict.fromkeys(settings.quantisations):
            partial = settings.out / f"{name}.{kind}.partial"
            if kind == "Q4_K_M":
                if half is None:
                    half = spare
                    write_model(
                        half, source, tokens, kind="F16", name=name, licence=licence
                    )
                quantize(half, partial, threads=cores())
            else:
                write_model(
                    partial, source, tokens, kind=kind, name=name, licence=licence
                )
            comparison = compare(partial, reference, context=shape.context)
            path, faults = _place(partial, comparison, kind)
            if kind == "F16":
                half = path
            done.append(Exported(path, None, kind, comparison, faults))
    finally:
        spare.unlink(missing_ok=True)
    about["verified"] = {each.kind: asdict(each.comparison) for each in done}
    good = [each for each in done if not each.faults]
    for each in done:
        if each.faults:
            yield each
            continue
        title = name if each is good[0] else f"{name}-{each.kind}"
        told = about | {"quantisation": each.kind}
        yield replace(each, manifest=lineage.write_manifest(each.path, title, told))


def _about(folder: Path, source: ModelSource, shape: LlamaShape) -> dict[str, Any]:
    """What the manifest says of a model, in whatever form."""
    told = lineage.read_lineage(folder)
    base = told.get("base") or source.about()
    parameters = sum(math.prod(each.shape) for each in tensors_of(source, shape))
    return {
        "format": told.get("format") or PromptFormat.LONG.value,
        "licence": base.get("licence"),
        "architecture": {
            "kind": source.architecture,
            "parameters": parameters,
            **asdict(shape),
        },
        "base": base,
        "lineage": told.get("runs", []),
        "licences": told.get("licences", {}),
    }


def _place(
    partial: Path, comparison: Deviation, kind: str
) -> tuple[Path, tuple[str, ...]]:
    """Give a file its name, by whether it is what it should be."""
    faults = tuple(comparison.faults(kind))
    path = partial.with_suffix(".failed.gguf" if faults else ".gguf")
    partial.replace(path)
    return path, faults


def _export_adapter(
    settings: ExportSettings, folder: Path, name: str
) -> Iterator[Exported]:
    """The adapter, compared with PEFT's: on the base's own GGUF, else on one of F16."""
    config = adapter_config(folder)
    told = lineage.read_lineage(folder)
    source = open_source(_base_of(settings, config))
    wanted = told.get("from", {}).get("sha256")
    if wanted and wanted != source.digests():
        raise UsageError(
            f"{source.path} is not the model that the adapter was trained on.",
            "Name that one with --base.",
        )
    if "Q4_K_M" in settings.quantisations:
        raise UsageError("An adapter cannot be Q4_K_M.", "Give Q8_0 or F16.")
    tokens = open_tokens(source)
    shape = shape_of(source)
    tensors = adapter_tensors(folder, shape)
    alpha = float(config["lora_alpha"])
    model = adapted(source, folder)
    reference = Reference(tokens.encode, lambda ids: logits_of(model, ids))
    spare = settings.out / f"{name}.base.partial"
    for number, kind in enumerate(dict.fromkeys(settings.quantisations)):
        title = f"{name}-{kind}" if number else name
        partial = settings.out / f"{title}.partial"
        write_adapter(partial, source, tensors, kind=kind, alpha=alpha, name=title)
        try:
            base = source.path if source.is_gguf else spare
            if not source.is_gguf:
                write_model(spare, source, tokens, kind="F16", name="base")
            comparison = compare(
                base, reference, adapter=partial, context=shape.context
            )
        finally:
            spare.unlink(missing_ok=True)
        # llama.cpp rounds what it multiplies with quantised weights.
        path, faults = _place(partial, comparison, "Q8_0" if source.is_gguf else kind)
        about = {
            "kind": "adapter",
            "format": told.get("format") or PromptFormat.COMPACT.value,
            "quantisation": kind,
            "rank": config["r"],
            "alpha": config["lora_alpha"],
            "licence": source.licence,
            "base": told.get("from") or source.about(),
            "lineage": told.get("runs", []),
            "licences": told.get("licences", {}),
            "verified": {kind: asdict(comparison)},
        }
        manifest = None if faults else lineage.write_manifest(path, title, about)
        yield Exported(path, manifest, kind, comparison, faults)


def _base_of(settings: ExportSettings, config: dict[str, Any]) -> Path:
    if settings.base is not None:
        return settings.base
    named = config.get("base_model_name_or_path")
    if named and Path(named).exists():
        return Path(named)
    raise UsageError(
        f"The adapter's base model {named} is not there.", "Name it with --base."
    )
