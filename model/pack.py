"""Carries a model into a closed network: one tar with digests, perhaps signed.

In the tar lie `SHA256SUMS` (as `sha256sum -c` reads it), `SHA256SUMS.sig` where it was
signed with `ssh-keygen -Y`, `manifest.json`, `CARD.md` where there is one, and the GGUF
file. The same model gives the same bytes. A tar is untrusted until all of it was
checked: only these names, plain files, sizes within bounds, every digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import msgspec

from catalog.errors import ColumnistError, RefusedError, UsageError
from catalog.files import whole_file, writing
from model.library import CARD, Advance, Library, ModelFile, model_of, silent, verify
from model.signature import Signers, sign, signing_key

NAMESPACE = "columnist-model"
"""What signatures are for; one made for something else does not count."""
SUMS, SIGNATURE, MANIFEST = "SHA256SUMS", "SHA256SUMS.sig", "manifest.json"
LARGEST = {SUMS: 1 << 16, SIGNATURE: 1 << 16, MANIFEST: 1 << 24, CARD: 1 << 22}
"""Most bytes of each part."""
LARGEST_MODEL = 1 << 40
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
MODEL_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,119}\.gguf")
_SUM = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._+-]+)")
_PIECE = 1 << 22


class Packed(Protocol):
    """Where a tar comes from: a path, or what opens as one."""

    def open(self, mode: Literal["rb"]) -> AbstractContextManager[IO[bytes]]:
        """The bytes."""
        ...


def pack(
    model: ModelFile,
    target: Path,
    *,
    key: Path | None = None,
    advance: Advance = silent,
) -> None:
    """Write a model, its manifest and its card as one tar.

    Raises:
        RefusedError: the file is not the one that its manifest describes.
        ColumnistError: the tar cannot be written, or the key does not sign.
    """
    if model.sha256 is None or not model.manifest:
        raise RefusedError(
            f"{model.name} has no manifest to pack.",
            "Add it with `columnist models add FILE` first.",
        )
    if not MODEL_NAME.fullmatch(model.name):
        raise UsageError(
            f"A model called {model.name} cannot be packed.",
            "Add it under a name of letters, digits, dots, dashes and underscores.",
        )
    verify(model, advance=advance)
    file = f"{model.name}.gguf"
    manifest = model.manifest | {"file": file}
    parts = {MANIFEST: (json.dumps(manifest, indent=2) + "\n").encode()}
    if (card := card_of(model)) is not None:
        parts[CARD] = card.read_bytes()
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    sums[file] = model.sha256
    text = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    first = {SUMS: text.encode()}
    if key is not None:
        first[SIGNATURE] = sign(first[SUMS], key, NAMESPACE)
    # GNU's format has plain headers whatever the size and time; a stream of it may go
    # to a pipe.
    with (
        writing(target),
        whole_file(target) as out,
        tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as tar,
        model.path.open("rb") as weights,
    ):
        for name, data in (first | parts).items():
            tar.addfile(_entry(name, len(data)), BytesIO(data))
        entry = _entry(file, model.path.stat().st_size)
        tar.addfile(entry, Watched(weights, advance))


def card_of(model: ModelFile) -> Path | None:
    """The model's card, where there is one beside it."""
    names = (f"{model.name}.{CARD}", CARD)
    found = (model.path.parent / name for name in names)
    return next((path for path in found if path.is_file()), None)


def unpack(
    source: Packed,
    library: Library,
    *,
    name: str | None = None,
    sha256: str | None = None,
    signers: Signers | None = None,
    advance: Advance = silent,
) -> ModelFile:
    """Check a tar, and add what is in it to the models: all of it or nothing.

    Args:
        source: the tar.
        library: what it is added to.
        name: what it shall be called; None is as it was packed.
        sha256: the digest that the model has to have; None is any.
        signers: whose signature is demanded.
        advance: called with bytes read.

    Raises:
        RefusedError: anything in it is not as it must be.
        UsageError: there is a model of that name already, or no such file.
        ColumnistError: the disk is full.
    """
    if name is not None and not MODEL_NAME.fullmatch(name):
        raise UsageError(
            f"A model cannot be called {name}.",
            "Give a --name of letters, digits, dots, dashes and underscores.",
        )
    folder = library.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unpack-", dir=folder) as scratch:
            parts = Path(scratch)
            manifest = check(source, signers=signers, into=parts, advance=advance)
            if sha256 not in (None, manifest["sha256"]):
                raise _refused(source, "it is another model")
            return library.install(parts, manifest, name=name or manifest["name"])
    except OSError as error:
        raise ColumnistError(
            f"Cannot unpack {source}: {error.strerror or error}.",
            "Free some space and run the same command again.",
        ) from error


def check(
    source: Packed,
    *,
    signers: Signers | None = None,
    into: Path | None = None,
    advance: Advance = silent,
) -> dict[str, Any]:
    """Check a tar in one pass; its manifest.

    Digests and signature come first, so that nothing large is read for nothing.

    Args:
        source: the tar.
        signers: whose signature is demanded.
        into: a folder that its parts go to; None keeps none.
        advance: called with bytes read.

    Raises:
        RefusedError: anything in it is not as it must be.
        UsageError: there is no such file.
    """
    small: dict[str, bytes] = {}
    wanted: dict[str, str] = {}
    left: set[str] = set()
    manifest: dict[str, Any] = {}
    name = ""
    for name, size, data in _members(source):
        if not wanted and name not in (SUMS, SIGNATURE):
            if SUMS not in small:
                raise _refused(source, f"it does not begin with {SUMS}")
            _demand(source, small, signers)
            wanted = _sums(source, small[SUMS])
            left = set(wanted)
        target = into / name if into else None
        if name in LARGEST:
            small[name] = b"".join(data)
            data = iter([small[name]])
        else:
            manifest = _manifest(source, small.get(MANIFEST, b""), name, size)
            first = next(data)
            if not first.startswith(b"GGUF"):
                raise _refused(source, f"{name} in it is not a GGUF file")
            data = chain([first], data)
        sha256 = _copy(data, target, advance)
        if name in (SUMS, SIGNATURE):
            continue
        if wanted.get(name) != sha256:
            raise _refused(source, f"{name} is not the file of its digest")
        left.discard(name)
    if not wanted or left or not MODEL_FILE.fullmatch(name):
        raise _refused(source, f"there is no {min(left, default=SUMS)} in it")
    if manifest.get("sha256") != wanted[name]:
        raise _refused(source, "its manifest is about another file")
    return manifest


def _members(source: Packed) -> Generator[tuple[str, int, Iterator[bytes]]]:
    """Name, size and pieces of every part of a tar.

    Read by hand: tarfile would follow long names, links, sparse files and the like,
    and none of them belongs here. Headers are those that `pack` writes and padding is
    empty, so no byte is unaccounted for.
    """
    seen: list[str] = []
    try:
        opened = source.open("rb")
    except OSError as error:
        raise UsageError(
            f"Cannot read {source}: {error.strerror}.", "Check the path."
        ) from error
    with opened as file:
        while any(block := file.read(tarfile.BLOCKSIZE)):
            try:
                member = tarfile.TarInfo.frombuf(block, "ascii", "strict")
            except (tarfile.HeaderError, ValueError) as error:
                raise _refused(source, f"it is no tar of a model ({error})") from error
            name = _allowed(source, member, seen)
            if _entry(name, member.size).tobuf(tarfile.GNU_FORMAT) != block:
                raise _refused(source, f"the header of {name} was changed")
            seen.append(name)
            yield name, member.size, _pieces(source, file, member.size)
            padding = file.read(-member.size % tarfile.BLOCKSIZE)
            if any(padding) or len(padding) != -member.size % tarfile.BLOCKSIZE:
                raise _refused(source, "it was changed or cut")
        if len(block) < tarfile.BLOCKSIZE or any(file.read(tarfile.RECORDSIZE + 1)):
            raise _refused(source, "it was changed or cut")
        if file.read(1):
            raise _refused(source, "there is more behind its end")


def _pieces(source: Packed, file: IO[bytes], size: int) -> Iterator[bytes]:
    """The next bytes of a file."""
    while size:
        piece = file.read(min(size, _PIECE))
        if not piece:
            raise _refused(source, "it was cut")
        size -= len(piece)
        yield piece


def _allowed(source: Packed, member: tarfile.TarInfo, seen: list[str]) -> str:
    """The member's name, if it is one of the few plain files that belong there."""
    name = member.name
    model = MODEL_FILE.fullmatch(name)
    if name not in LARGEST and not model:
        raise _refused(source, f"it holds {name[:60]!r}, which has no place there")
    if member.type != tarfile.REGTYPE:
        raise _refused(source, f"{name} in it is no plain file")
    if name in seen or (seen and MODEL_FILE.fullmatch(seen[-1])):
        raise _refused(source, f"{name} in it is one too many")
    if not 0 < member.size <= LARGEST.get(name, LARGEST_MODEL):
        raise _refused(source, f"{name} in it has {member.size:,} bytes")
    return name


AGAIN = "Do not use it; get it again from where it was packed."


def _refused(source: Packed, reason: str) -> RefusedError:
    return RefusedError(f"{source} is refused: {reason}.", AGAIN)


def _demand(source: Packed, small: dict[str, bytes], signers: Signers | None) -> None:
    """Refuse a tar that is not signed by the one who has to."""
    if signers is None:
        return
    if SIGNATURE not in small:
        raise _refused(source, "it is not signed")
    if signing_key(small[SUMS], small[SIGNATURE], signers, NAMESPACE) is None:
        raise _refused(source, f"its signature is not one of {signers.identity}")


def _copy(data: Iterator[bytes], target: Path | None, advance: Advance) -> str:
    """Take a file to its end, into the target where there is one; its digest."""
    state = hashlib.sha256()
    with target.open("wb") if target else open(os.devnull, "wb") as file:
        for piece in data:
            state.update(piece)
            file.write(piece)
            advance(len(piece))
        if target:
            file.flush()
            os.fsync(file.fileno())
    return state.hexdigest()


def _sums(source: Packed, data: bytes) -> dict[str, str]:
    """The digests by name."""
    found = {}
    # Not `splitlines`, which takes other characters for ends of lines too.
    for line in data.decode("ascii", "replace").removesuffix("\n").split("\n"):
        match = _SUM.fullmatch(line)
        if match is None:
            raise _refused(source, f"{SUMS} cannot be read")
        found[match[2]] = match[1]
    return found


def _manifest(source: Packed, data: bytes, file: str, size: int) -> dict[str, Any]:
    """The manifest, if it is one of that file."""
    try:
        manifest = msgspec.json.decode(data, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise _refused(source, f"no {MANIFEST} comes before the model") from None
    name = manifest.get("name")
    if not isinstance(name, str) or not MODEL_NAME.fullmatch(name):
        raise _refused(source, "its manifest has no usable name")
    if manifest.get("file") != file or manifest.get("bytes", size) != size:
        raise _refused(source, "its manifest is about another file")
    try:
        model_of(manifest, Path(file))
    except ValueError as error:
        raise _refused(source, f"its manifest is wrong ({error})") from error
    return manifest


def _entry(name: str, size: int) -> tarfile.TarInfo:
    """A header that depends on name and size alone."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    return entry


class Watched:
    """A file that tells how long it is, and how much of it was read."""

    def __init__(self, file: IO[bytes], advance: Advance) -> None:
        self._file = file
        self._advance = advance

    def __len__(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._file.read(size)
        self._advance(len(piece))
        return piece
