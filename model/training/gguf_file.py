"""Writes GGUF files, tensor by tensor, so that large ones fit."""

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


def write(
    path: Path,
    architecture: str,
    facts: Callable[[Any], None],
    tensors: Sequence[Tensor],
    *,
    kind: str,
    name: str,
    licence: str | None = None,
) -> None:
    """A GGUF file; tensors of one dimension stay F32, as llama.cpp wants them.

    Args:
        path: of the file.
        architecture: llama.cpp's name of it.
        facts: gives the `GGUFWriter` whatever else the file says of itself.
        tensors: what it holds.
        kind: how they are quantised.
        name: what the file calls itself.
        licence: of what it holds.

    Raises:
        ColumnistError: it cannot be written.
    """
    import gguf

    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(name)
    if licence:
        writer.add_license(licence)
    facts(writer)
    stored = [_stored(tensor, kind) for tensor in tensors]
    for tensor, type_ in zip(tensors, stored, strict=True):
        block, size = gguf.GGML_QUANT_SIZES[type_]
        size = math.prod(tensor.shape) // int(block) * int(size)
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
