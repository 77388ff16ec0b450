"""GGUF files: read with care, and written tensor by tensor, so that large ones fit.

gguf and numpy are loaded where they are needed: the command line starts without them.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from catalog.errors import ColumnistError

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
QUANTISATIONS = ("F16", "Q8_0", "Q4_K_M")
"""What is offered; F32 is for tests."""
BLOCK = 32
"""Weights that Q8_0 scales together; a row that is no multiple of it stays F16."""


def read(path: Path, *, refused: type[ColumnistError], hint: str) -> Any:
    """A file's `GGUFReader`.

    Raises:
        ColumnistError: it is none; of the kind and with the hint given.
    """
    import gguf

    with _readable(path, refused, hint):
        return gguf.GGUFReader(path)


def keys_of(path: Path, *, refused: type[ColumnistError], hint: str) -> dict[str, Any]:
    """What a file says of itself.

    Raises:
        ColumnistError: as `read`.
    """
    reader = read(path, refused=refused, hint=hint)
    with _readable(path, refused, hint):
        return {key: field.contents() for key, field in reader.fields.items()}


@contextmanager
def _readable(path: Path, refused: type[ColumnistError], hint: str) -> Generator[None]:
    try:
        yield
    # What the reader meets in bytes that are none: it checks little itself.
    except (OSError, ValueError, LookupError, OverflowError, MemoryError) as error:
        raise refused(f"{path} is no GGUF file that can be read.", hint) from error


def shape_of(tensor: Any) -> tuple[int, ...]:
    """Of a reader's tensor, rows first, as numpy has it."""
    return tuple(int(size) for size in reversed(tensor.shape))


def values_of(tensor: Any) -> Array:
    """A reader's tensor as float32."""
    import gguf

    found: Array = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    return found.astype("float32", copy=False).reshape(shape_of(tensor))


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor under llama.cpp's name, read when it is written."""

    name: str
    """Such as `blk.0.attn_q.weight`."""
    shape: tuple[int, ...]
    """Rows first, as numpy has it."""
    load: Callable[[], Array]
    """Its values, float32."""
    stored: Any = None
    """gguf's type of what `load` gives, where that is stored as it is."""


def stored_as(shape: Sequence[int], kind: str) -> Any:
    """Gguf's type for a tensor in a file of that quantisation.

    One of a single dimension stays F32, as llama.cpp wants them.
    """
    import gguf

    if len(shape) == 1:
        kind = "F32"
    elif kind == "Q8_0" and shape[-1] % BLOCK:
        kind = "F16"
    return gguf.GGMLQuantizationType[kind]


def write(
    path: Path,
    architecture: str,
    facts: Callable[[Any], None],
    tensors: Sequence[Tensor],
    *,
    kind: str,
) -> None:
    """A file, or none.

    Args:
        path: of the file.
        architecture: llama.cpp's name of it.
        facts: tells the `GGUFWriter` whatever else the file says of itself.
        tensors: what it holds.
        kind: how they are quantised.

    Raises:
        OSError: it cannot be written.
    """
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, architecture)
    facts(writer)
    types = [each.stored or stored_as(each.shape, kind) for each in tensors]
    for tensor, type_ in zip(tensors, types, strict=True):
        block, size = gguf.GGML_QUANT_SIZES[type_]
        size = math.prod(tensor.shape) // int(block) * int(size)
        writer.add_tensor_info(
            tensor.name, tensor.shape, np.dtype(np.float32), size, raw_dtype=type_
        )
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor, type_ in zip(tensors, types, strict=True):
            data = tensor.load()
            if tensor.stored is None:
                data = np.ascontiguousarray(data, dtype=np.float32)
                data = gguf.quants.quantize(data, type_)
            writer.write_tensor_data(data)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        writer.close()


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
