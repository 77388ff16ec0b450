"""A packed model comes out as it went in, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from catalog.errors import ColumnistError, RefusedError, UsageError
from model.library import DEFAULT, Library, MissingModelError, ModelFile, verify
from model.pack import check, pack, unpack
from model.signature import Signers


@pytest.fixture
def model(tmp_path: Path) -> ModelFile:
    """A model that was added, with a card; its weights need not load here."""
    folder = tmp_path / "made"
    folder.mkdir()
    file = folder / "mine.gguf"
    file.write_bytes(b"GGUF" + random.Random(1).randbytes(3000))
    (folder / "CARD.md").write_text("# Mine\n", encoding="utf-8")
    library = Library(tmp_path / "known")
    library.add(file)
    return library.find("mine")


@pytest.fixture
def packed(model: ModelFile, tmp_path: Path) -> Path:
    path = tmp_path / "mine.tar"
    pack(model, path)
    return path


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Another machine's."""
    return Library(tmp_path / "other")


def keys(folder: Path, name: str) -> Path:
    """A new SSH key; beside it `NAME.signers`, which allows it for `name@here`."""
    assert shutil.which("ssh-keygen"), "install openssh-client"
    path = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)],
        check=True,
    )
    public = path.with_suffix(".pub").read_text(encoding="utf-8")
    allowed = f"{name}@here {public}"
    (folder / f"{name}.signers").write_text(allowed, encoding="utf-8")
    return path


def parts(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        found = {}
        for member in tar:
            data = tar.extractfile(member)
            assert data is not None
            found[member.name] = data.read()
    return found


def write(path: Path, held: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in held.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, BytesIO(data))
    return path


def test_a_packed_model_comes_out_as_it_went_in(
    model: ModelFile, packed: Path, library: Library
) -> None:
    found = unpack(packed, library)
    assert found.path.read_bytes() == model.path.read_bytes()
    assert found.manifest["sha256"] == model.sha256
    assert found.path == library.folder / "mine.gguf"
    assert (library.folder / "mine.CARD.md").read_text() == "# Mine\n"
    verify(library.find("mine"))
    assert sorted(path.name for path in library.folder.iterdir()) == [
        "mine.CARD.md",
        "mine.gguf",
        "mine.json",
    ]
    again = packed.with_name("again.tar")
    pack(found, again)
    assert parts(again) == parts(packed)


def test_the_same_model_gives_the_same_bytes(
    model: ModelFile, packed: Path, tmp_path: Path
) -> None:
    os.utime(model.path, (1, 1))
    pack(model, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == packed.read_bytes()


def test_a_model_is_packed_through_a_link_or_a_pipe(
    model: ModelFile, packed: Path, tmp_path: Path
) -> None:
    link, pipe = tmp_path / "link.tar", tmp_path / "pipe"
    link.symlink_to("elsewhere.tar")
    pack(model, link)
    assert link.is_symlink()
    assert (tmp_path / "elsewhere.tar").read_bytes() == packed.read_bytes()
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as threads:
        read = threads.submit(pipe.read_bytes)
        pack(model, pipe)
        assert read.result(10) == packed.read_bytes()


def test_sha256sum_reads_the_digests(packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "by hand"
    folder.mkdir()
    subprocess.run(["tar", "-xf", str(packed)], cwd=folder, check=True)
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count(": OK") == 3


def test_any_changed_byte_is_refused(packed: Path, library: Library) -> None:
    """Headers, names, padding and contents: every byte of a tar counts."""
    whole = packed.read_bytes()
    for place in (*range(800), *range(800, len(whole), 29)):
        changed = bytearray(whole)
        changed[place] ^= 1
        packed.write_bytes(changed)
        with pytest.raises(RefusedError):
            check(packed)
    for length in (0, 100, 512, 2000, 6000, len(whole) - 10240):
        packed.write_bytes(whole[:length])
        with pytest.raises(RefusedError):
            unpack(packed, library)
    packed.write_bytes(whole + b"\0" * 20000)
    with pytest.raises(RefusedError):
        check(packed)
    assert not any(library.folder.iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "../evil.gguf",
        "/etc/evil.gguf",
        "a/b.gguf",
        "..",
        ".hidden.gguf",
        "setup.py",
        "sha256sums",
        "b.gguf\n",
        "C:evil.gguf",
        "x" * 300 + ".gguf",
    ],
)
def test_other_names_are_refused(name: str, packed: Path, library: Library) -> None:
    held = parts(packed)
    data = b"GGUF evil"
    line = f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode()
    held["SHA256SUMS"] += line
    weights = held.pop("mine.gguf")
    write(packed, held | {name: data, "mine.gguf": weights})
    with pytest.raises(RefusedError, match=r"no place there|cannot be read"):
        unpack(packed, library)
    assert not any(library.folder.iterdir())


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_the_like_are_refused(
    kind: bytes, packed: Path, library: Library, tmp_path: Path
) -> None:
    held = parts(packed)
    with tarfile.open(packed, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in held.items():
            entry = tarfile.TarInfo(name)
            if name == "mine.gguf":
                entry.type = kind
                entry.linkname = str(tmp_path / "made" / "mine.gguf")
                tar.addfile(entry)
            else:
                entry.size = len(data)
                tar.addfile(entry, BytesIO(data))
    with pytest.raises(RefusedError, match="no plain file"):
        unpack(packed, library)


def test_parts_that_are_missing_double_or_too_large_are_refused(
    packed: Path, library: Library
) -> None:
    held = parts(packed)
    for missing in ("SHA256SUMS", "manifest.json", "mine.gguf", "CARD.md"):
        write(packed, {name: held[name] for name in held if name != missing})
        with pytest.raises(RefusedError):
            unpack(packed, library)
    write(packed, held | {"other.gguf": b"GGUF"})
    with pytest.raises(RefusedError, match="one too many"):
        unpack(packed, library)
    write(packed, {"SHA256SUMS": held["SHA256SUMS"] + b"\n" * 70_000} | held)
    with tarfile.open(packed, "w", format=tarfile.GNU_FORMAT) as tar:
        entry = tarfile.TarInfo("SHA256SUMS")
        entry.size = 70_000
        tar.addfile(entry, BytesIO(b"\n" * 70_000))
    with pytest.raises(RefusedError, match="70,000 bytes"):
        unpack(packed, library)


def test_a_manifest_of_another_file_is_refused(packed: Path, library: Library) -> None:
    held = parts(packed)
    for change in (
        {"sha256": "0" * 64},
        {"file": "../mine.gguf"},
        {"name": "../mine"},
        {"bytes": 5},
    ):
        manifest = json.loads(held["manifest.json"]) | change
        data = json.dumps(manifest).encode()
        before = hashlib.sha256(held["manifest.json"]).hexdigest()
        sums = held["SHA256SUMS"].decode()
        sums = sums.replace(before, hashlib.sha256(data).hexdigest())
        changed = held | {"manifest.json": data, "SHA256SUMS": sums.encode()}
        with pytest.raises(RefusedError):
            unpack(write(packed, changed), library)
    assert not any(library.folder.iterdir())


def test_a_signature_proves_who_packed_it(
    model: ModelFile, library: Library, tmp_path: Path
) -> None:
    key, other = keys(tmp_path, "ann"), keys(tmp_path, "bob")
    signed, by_other, plain = (tmp_path / f"{n}.tar" for n in ("s", "o", "p"))
    pack(model, signed, key=key)
    pack(model, by_other, key=other)
    pack(model, plain)
    ann = Signers(tmp_path / "ann.signers", "ann@here")
    assert check(signed, signers=ann)["name"] == "mine"
    with pytest.raises(RefusedError, match="signature is not one of ann@here"):
        unpack(by_other, library, signers=ann)
    with pytest.raises(RefusedError, match="not signed"):
        unpack(plain, library, signers=ann)
    with pytest.raises(RefusedError, match="signature"):
        check(signed, signers=Signers(tmp_path / "ann.signers", "bob@here"))
    # A signature of other digests, taken over from another tar.
    held = parts(signed)
    held["manifest.json"] += b"\n"
    lines = held["SHA256SUMS"].decode().splitlines(keepends=True)
    new = hashlib.sha256(held["manifest.json"]).hexdigest()
    held["SHA256SUMS"] = "".join(
        f"{new}  manifest.json\n" if "manifest" in line else line for line in lines
    ).encode()
    changed = write(tmp_path / "changed.tar", held)
    assert check(changed)["name"] == "mine"
    with pytest.raises(RefusedError, match="signature"):
        check(changed, signers=ann)
    # A signature that the same key made for something else.
    sums = tmp_path / "SHA256SUMS"
    sums.write_bytes(parts(plain)["SHA256SUMS"])
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "file", str(sums)],
        check=True,
        capture_output=True,
    )
    held = parts(plain)
    first = {"SHA256SUMS": held.pop("SHA256SUMS")}
    first["SHA256SUMS.sig"] = sums.with_suffix(".sig").read_bytes()
    with pytest.raises(RefusedError, match="signature"):
        check(write(tmp_path / "elsewhere.tar", first | held), signers=ann)
    assert unpack(signed, library, signers=ann).name == "mine"


def test_a_key_that_is_none_is_said_to_be(model: ModelFile, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no key"):
        pack(model, tmp_path / "a.tar", key=tmp_path / "none")
    (tmp_path / "bad").write_text("no key\n", encoding="utf-8")
    with pytest.raises(ColumnistError, match="does not sign"):
        pack(model, tmp_path / "a.tar", key=tmp_path / "bad")
    assert not (tmp_path / "a.tar").exists()


def test_a_name_that_is_taken_needs_another(packed: Path, library: Library) -> None:
    unpack(packed, library)
    with pytest.raises(UsageError, match="already"):
        unpack(packed, library)
    assert unpack(packed, library, name="second").name == "second"
    verify(library.find("second"))
    with pytest.raises(UsageError, match="name of this program's own model"):
        unpack(packed, library, name=DEFAULT)
    with pytest.raises(UsageError, match="cannot be called"):
        unpack(packed, library, name="../second")


def test_a_changed_model_is_not_packed(model: ModelFile, tmp_path: Path) -> None:
    model.path.write_bytes(model.path.read_bytes() + b"x")
    with pytest.raises(RefusedError, match="not the file"):
        pack(model, tmp_path / "a.tar")
    assert not (tmp_path / "a.tar").exists()


def test_a_full_disk_leaves_nothing_behind(packed: Path, library: Library) -> None:
    """A limit on the size of files stands in for the disk."""
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
    try:
        with pytest.raises(ColumnistError, match="Cannot unpack"):
            unpack(packed, library)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert not any(library.folder.iterdir())


def test_removing_deletes_only_what_was_unpacked(
    model: ModelFile, packed: Path, library: Library, tmp_path: Path
) -> None:
    unpack(packed, library)
    library.remove("mine")
    assert not any(library.folder.iterdir())
    known = Library(tmp_path / "known")
    known.remove("mine")
    assert model.path.exists()
    with pytest.raises(MissingModelError):
        known.remove(DEFAULT)
    with pytest.raises(UsageError, match="no model mine"):
        known.remove("mine")
