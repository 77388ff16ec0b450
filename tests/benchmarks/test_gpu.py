"""The GPU benchmark, as far as a machine without a GPU can run it."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import build_server, llama_source
from benchmarks.gpu import archive
from benchmarks.gpu import run as gpu_run

ROOT = Path(__file__).resolve().parent.parent.parent


def installed() -> Path:
    """The folder of the installed bindings."""
    found = find_spec("llama_cpp")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of real bindings and no source to speak of."""
    folder = tmp_path_factory.mktemp("archive")
    tree = folder / "tree"
    (tree / "llama_cpp").mkdir(parents=True)
    for name in ("llama_cpp.py", "_ctypes_extensions.py", "llama.py"):
        (tree / "llama_cpp" / name).write_bytes((installed() / name).read_bytes())
    for name in ("CMakeLists.txt", "ggml/src/ggml.c", "models/large.gguf"):
        path = tree / llama_source.VENDORED / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    out = folder / "llama.tar.xz"
    archive.pack(tree, out, "1.2.3")
    return out


def test_the_archive_has_what_a_build_needs_and_no_more(packed: Path) -> None:
    with tarfile.open(packed) as opened:
        names = opened.getnames()
        extensions = opened.extractfile("bindings/llama_cpp/_ctypes_extensions.py")
        assert extensions is not None
        assert b"typing_extensions" not in extensions.read()
    assert names == [
        "bindings/llama_cpp/_ctypes_extensions.py",
        "bindings/llama_cpp/llama_cpp.py",
        "llama.cpp/CMakeLists.txt",
        "llama.cpp/ggml/src/ggml.c",
        "bindings/llama_cpp/__init__.py",
    ]
    inside = llama_source.VENDORED
    assert archive.wanted(f"{inside}ggml/src/ggml-cuda/mmq.cu")
    assert archive.wanted(f"{inside}src/models/llama.cpp")
    assert not archive.wanted(f"{inside}ggml/src/ggml-vulkan/ggml-vulkan.cpp")
    assert not archive.wanted(f"{inside}tools/server/server.cpp")
    assert build_server.wanted(f"{inside}tools/server/server.cpp")
    assert not build_server.wanted(f"{inside}models/ggml-vocab-bert-bge.gguf")


def test_a_source_distribution_is_unpacked_inside_the_folder(tmp_path: Path) -> None:
    source = tmp_path / "made.tar.gz"
    (tmp_path / "CMakeLists.txt").write_text("x")
    with tarfile.open(source, "w:gz") as made:
        made.add(
            tmp_path / "CMakeLists.txt", f"name-1/{llama_source.VENDORED}CMakeLists.txt"
        )
        made.add(tmp_path / "CMakeLists.txt", "name-1/other")
    out = llama_source.unpack(source, tmp_path / "out", archive.wanted)
    assert [path.name for path in out.rglob("*") if path.is_file()] == [
        "CMakeLists.txt"
    ]


def test_the_build_is_of_the_library_alone_and_of_one_architecture() -> None:
    command = gpu_run.build(Path("s"), Path("b"), cuda=True, architecture="90")
    assert "-DGGML_CUDA=ON" in command
    assert "-DCMAKE_CUDA_ARCHITECTURES=90" in command
    assert "-DLLAMA_BUILD_TOOLS=OFF" in command
    plain = gpu_run.build(Path("s"), Path("b"), cuda=False, architecture="")
    assert not any("CUDA" in part for part in plain)
    assert "-DLLAMA_BUILD_SERVER=ON" in build_server.configure(Path("s"), Path("b"))


def test_the_pinned_version_is_that_of_the_project() -> None:
    assert llama_source.version() == "0.3.36"


@pytest.mark.gguf
@pytest.mark.usefixtures("own_small")
def test_the_engine_runs_on_a_library_from_elsewhere(
    packed: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "benchmarks.gpu.run", str(packed), str(tmp_path)]
    command += ["--cpu", "--library", str(installed() / "lib"), "--models", "bundled"]
    command += ["--sequences", "1,4", "--repeats", "1", "--text-tokens", "2"]
    command += ["--jobs", "1", "--dollars-per-hour", "2"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["machine"]["bindings"] == "1.2.3"
    assert found["gpu"]["name"] == ""
    first, other = found["rows"]
    assert first["times_first"]["median"] == 1.0
    assert first["exact"]
    assert other["exact"]
    assert first["dollars_a_million_columns"] == pytest.approx(
        2 * first["hours_a_million_columns"]
    )
