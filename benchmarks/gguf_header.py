"""The header of a GGUF file: its settings, and where its tensors lie and how large.

Read and written with the standard library alone, because the machine that the GPU
benchmark runs on has no gguf package.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

MAGIC = b"GGUF"
VERSION = 3
ALIGNMENT = 32

BLOCKS = {
    "F32": (0, 1, 4),
    "F16": (1, 1, 2),
    "Q8_0": (8, 32, 34),
    "Q4_K": (12, 256, 144),
    "Q6_K": (14, 256, 210),
}
"""Of each type of tensor: its number, the weights of a block and the block's bytes."""

_BY_NUMBER = {number: name for name, (number, _, _) in BLOCKS.items()}
_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor, without its values."""

    name: str
    """llama.cpp's name."""
    shape: tuple[int, ...]
    """Rows first, as numpy has it."""
    kind: str
    """Its type, such as `Q8_0`."""

    @property
    def bytes(self) -> int:
        """Its size in the file."""
        _, block, size = BLOCKS[self.kind]
        return math.prod(self.shape) // block * size

    @property
    def weights(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says before its tensors' values."""

    settings: Mapping[str, Any]
    """Metadata by key."""
    tensors: tuple[TensorInfo, ...]
    """In the file's order."""

    def setting(self, name: str) -> Any:
        """A setting of the model's architecture, such as `block_count`."""
        return self.settings[f"{self.settings['general.architecture']}.{name}"]

    @property
    def tied(self) -> bool:
        """Whether the output takes the embedding's weights."""
        return not any(tensor.name == "output.weight" for tensor in self.tensors)


def read(path: Path) -> Header:
    """A file's header.

    Raises:
        ValueError: it is not one that these benchmarks can read.
    """
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise ValueError(f"{path} is not a GGUF file")
        _, tensors, settings = struct.unpack("<IQQ", file.read(20))
        found = {}
        for _ in range(settings):
            key = _text(file)
            found[key] = _value(file, _number(file, "<I"))
        infos = []
        for _ in range(tensors):
            name = _text(file)
            dimensions = _number(file, "<I")
            shape = struct.unpack(f"<{dimensions}Q", file.read(8 * dimensions))
            number = _number(file, "<I")
            _number(file, "<Q")
            if number not in _BY_NUMBER:
                raise ValueError(f"{path}: {name} is of an unknown type {number}")
            infos.append(TensorInfo(name, tuple(reversed(shape)), _BY_NUMBER[number]))
    return Header(found, tuple(infos))


def write(file: IO[bytes], header: Header) -> None:
    """A header; the tensors' values follow in its order, each padded to `ALIGNMENT`.

    Lists must be of texts or of whole numbers.
    """
    counts = (VERSION, len(header.tensors), len(header.settings))
    file.write(MAGIC + struct.pack("<IQQ", *counts))
    for key, value in header.settings.items():
        _put_text(file, key)
        _put_value(file, value)
    offset = 0
    for tensor in header.tensors:
        _put_text(file, tensor.name)
        shape = tuple(reversed(tensor.shape))
        file.write(struct.pack(f"<I{len(shape)}Q", len(shape), *shape))
        file.write(struct.pack("<IQ", BLOCKS[tensor.kind][0], offset))
        offset += tensor.bytes + padding(tensor.bytes)
    file.write(b"\0" * padding(file.tell()))


def padding(size: int) -> int:
    """Bytes to the next place where a tensor may begin."""
    return -size % ALIGNMENT


def _number(file: IO[bytes], form: str) -> Any:
    return struct.unpack(form, file.read(struct.calcsize(form)))[0]


def _text(file: IO[bytes]) -> str:
    return file.read(_number(file, "<Q")).decode("utf-8", "replace")


def _value(file: IO[bytes], kind: int) -> Any:
    if kind == _STRING:
        return _text(file)
    if kind == _ARRAY:
        inner, count = _number(file, "<I"), _number(file, "<Q")
        return [_value(file, inner) for _ in range(count)]
    return _number(file, _SCALARS[kind])


def _put_text(file: IO[bytes], text: str) -> None:
    raw = text.encode("utf-8")
    file.write(struct.pack("<Q", len(raw)) + raw)


def _put_value(
    file: IO[bytes], value: str | bool | int | float | Sequence[Any]
) -> None:
    match value:
        case str():
            file.write(struct.pack("<I", _STRING))
            _put_text(file, value)
        case bool():
            file.write(struct.pack("<I?", 7, value))
        case int():
            file.write(struct.pack("<II", 4, value))
        case float():
            file.write(struct.pack("<If", 6, value))
        case _:
            texts = bool(value) and isinstance(value[0], str)
            kind = _STRING if texts else 5
            file.write(struct.pack("<IIQ", _ARRAY, kind, len(value)))
            for each in value:
                if texts:
                    _put_text(file, each)
                else:
                    file.write(struct.pack("<i", each))
