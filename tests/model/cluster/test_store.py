"""A node's files: found by digest, brought in pieces, refused where they are others."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from model.cluster.store import ModelStore
from model.library import Library

WEIGHTS = b"GGUF" + bytes(range(256)) * 40


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return ModelStore()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def bring(store: ModelStore, data: bytes) -> str | None:
    for at in range(0, len(data), 1000):
        store.take(data[at : at + 1000])
    return store.keep()


def test_what_is_brought_lies_under_its_digest_and_is_found_again(
    store: ModelStore, tmp_path: Path
) -> None:
    wanted = sha256(WEIGHTS)
    assert store.find(wanted) is None
    path = bring(store, WEIGHTS)
    assert path is not None
    assert Path(path).read_bytes() == WEIGHTS
    assert ModelStore().find(wanted) == path
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_what_has_another_digest_is_not_kept(store: ModelStore, tmp_path: Path) -> None:
    wanted = sha256(WEIGHTS)
    assert store.find(wanted) is None
    assert bring(store, WEIGHTS[:-1] + b"x") is None
    assert not list((tmp_path / "cache").rglob("*.gguf"))
    assert not list((tmp_path / "cache").rglob("*.part"))
    # The lock is free again: the next run may try.
    assert ModelStore().find(wanted) is None


def test_a_changed_byte_in_the_cache_has_it_brought_anew(store: ModelStore) -> None:
    wanted = sha256(WEIGHTS)
    assert store.find(wanted) is None
    path = bring(store, WEIGHTS)
    assert path is not None
    Path(path).write_bytes(WEIGHTS[:-1] + b"x")
    assert store.find(wanted) is None
    assert bring(store, WEIGHTS) == path
    assert Path(path).read_bytes() == WEIGHTS


def test_the_nodes_own_library_comes_first(tmp_path: Path, tiny_model: Path) -> None:
    here = Path(shutil.copy(tiny_model, tmp_path / "here.gguf"))
    library = Library(tmp_path / "data" / "columnist" / "models")  # XDG_DATA_HOME
    library.add(here, name="here")
    store = ModelStore()
    wanted = sha256(Path(here).read_bytes())
    assert store.find(wanted) == str(here)
    # Its manifest alone is not believed.
    Path(here).write_bytes(WEIGHTS)
    assert store.find(wanted) is None
