"""A bad manifest is refused before anything is moved, and spoils no other model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import ColumnistError, RefusedError, UsageError
from model.library import DEFAULT, Library
from model.pack import check, unpack
from tests.model.test_pack import library, model, packed, parts, write

__all__ = ["library", "model", "packed"]

LINE = {"bias": 0.5, "weights": {"logprob": 1.0}}
SCALE = {"model": LINE, "rules": LINE, "sure": LINE}
CALIBRATION = {"columns": SCALE, "tables": SCALE}


def line(**changes: object) -> dict[str, object]:
    """A calibration whose first line is another."""
    found = deepcopy(CALIBRATION)
    found["columns"] = {**SCALE, "model": {**LINE, **changes}}
    return {"calibration": found}


MUTATIONS: list[dict[str, Any]] = [
    {"name": ""},
    {"name": 5},
    {"name": "a\x9bb"},
    {"name": "../a"},
    {"format": "short"},
    {"format": None},
    {"format": ["long"]},
    {"sha256": None},
    {"sha256": 5},
    {"sha256": "ab"},
    {"bytes": -1},
    {"bytes": True},
    {"bytes": 1e400},
    {"bytes": "many"},
    {"calibration": 5},
    {"calibration": ["columns"]},
    {"calibration": {"columns": SCALE}},
    {"calibration": {"columns": SCALE, "tables": {"sure": LINE}}},
    {"calibration": {"columns": {**SCALE, "rules": 7}, "tables": SCALE}},
    line(bias="much"),
    line(bias=float("nan")),
    line(bias=1e300),
    line(bias=True),
    line(weights={"logprob": float("inf")}),
    line(weights={"nothing": 1.0}),
    line(weights=[1.0]),
    line(more=1),
]


def repacked(packed: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The same tar with other parts, whose digests are right."""
    held = parts(packed)
    change(held)
    sums = {name: data for name, data in held.items() if name != "SHA256SUMS"}
    held["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(sums[name]).hexdigest()}  {name}\n" for name in sorted(sums)
    ).encode()
    return write(packed.with_name("changed.tar"), held)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_wrong_manifest_is_never_half_unpacked(
    mutation: dict[str, Any], packed: Path, library: Library
) -> None:
    """It was found wrong once the files were in place; no command worked then."""

    def change(held: dict[str, bytes]) -> None:
        manifest = json.loads(held["manifest.json"]) | mutation
        held["manifest.json"] = json.dumps(manifest).encode()

    changed = repacked(packed, change)
    with pytest.raises(RefusedError):
        check(changed)
    for name in (None, "other"):
        with pytest.raises(RefusedError):
            unpack(changed, library, name=name)
    assert not any(library.folder.iterdir())


def test_a_model_that_is_no_gguf_is_refused(packed: Path, library: Library) -> None:
    def change(held: dict[str, bytes]) -> None:
        held["mine.gguf"] = b"ELF" + held["mine.gguf"][3:]
        manifest = json.loads(held["manifest.json"])
        manifest["sha256"] = hashlib.sha256(held["mine.gguf"]).hexdigest()
        held["manifest.json"] = json.dumps(manifest).encode()

    with pytest.raises(RefusedError, match="not a GGUF"):
        unpack(repacked(packed, change), library)
    assert not any(library.folder.iterdir())


@pytest.mark.parametrize("mutation", [*MUTATIONS, {"name": DEFAULT}, None], ids=str)
def test_a_bad_manifest_spoils_no_other_model(
    mutation: dict[str, Any] | None, packed: Path, library: Library
) -> None:
    """Each command ended with an error about a model that nobody had asked for."""
    good = unpack(packed, library)
    bad = library.folder / "bad.json"
    told = good.manifest | {"name": "bad"} | (mutation or {})
    bad.write_text(json.dumps(told) if mutation else "[" * 100_000, encoding="utf-8")
    if mutation == {"name": "../a"}:
        library.remove("../a")  # odd, and usable
    else:
        assert [model.name for model in library.models()] == [DEFAULT, "mine"]
        [problem] = library.broken()
        assert "models remove bad" in problem.hint
        assert library.look_up(None).name == DEFAULT
        with pytest.raises(ColumnistError, match=r"bad\.json cannot be read"):
            library.find("bad")
        library.remove("bad")
    assert not bad.exists()
    assert library.find("mine").path.exists()
    library.remove("mine")
    assert not any(library.folder.iterdir())


def test_names_that_make_one_file_are_one(model: object, tmp_path: Path) -> None:
    """The second replaced the first, whose name was gone then."""
    library = Library(tmp_path / "names")
    file = tmp_path / "made" / "mine.gguf"
    assert library.add(file, name="a/b").name == "a/b"
    with pytest.raises(UsageError, match="already"):
        library.add(file, name="a_b")
    assert [each.name for each in library.models()] == [DEFAULT, "a/b"]
    for name in ("", " ", "a\x9bb", "a\u202eb"):
        with pytest.raises(UsageError):
            library.add(file, name=name or " ")
    assert [path.name for path in library.folder.iterdir()] == ["a_b.json"]


def test_adding_trusts_no_manifest_beside_the_file(
    model: object, tmp_path: Path
) -> None:
    library = Library(tmp_path / "names")
    file = tmp_path / "made" / "mine.gguf"
    told = {"name": "x", "file": "mine.gguf", "sha256": "ab" * 32, "format": "long"}
    file.with_name("x.json").write_text(json.dumps(told | line(bias=1e300)))
    with pytest.raises(ColumnistError, match="unknown sign or no usable number"):
        library.add(file)
    assert not library.folder.exists()


def test_a_file_of_that_name_is_not_replaced(packed: Path, library: Library) -> None:
    library.folder.mkdir()
    file = library.folder / "mine.gguf"
    file.write_bytes(b"somebody else's")
    with pytest.raises(UsageError, match="already"):
        unpack(packed, library)
    assert file.read_bytes() == b"somebody else's"
    assert unpack(packed, library, name="second").name == "second"


@pytest.mark.parametrize("damage", [{"bytes": 0}, {"bytes": "12"}, {"sha256": "zz"}])
def test_a_damaged_manifest_of_the_own_model_is_as_none(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    """Every command that looks for models ended with a traceback, `fetch` too."""
    shipped = Library(tmp_path).own()
    made = {"file": "x.gguf", "sha256": "0" * 64, "bytes": 1, "merged": "now"}
    told = json.dumps(shipped.manifest | made | damage)
    (tmp_path / f"{DEFAULT}.json").write_text(told, encoding="utf-8")
    assert Library(tmp_path).own() == shipped
