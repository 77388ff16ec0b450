"""Makes the archive that a machine without a network needs to build llama.cpp.

    python -m benchmarks.gpu.archive OUT.tar.xz

Run once where there is a network: it downloads the source distribution of
llama-cpp-python with pip (77 MB) and keeps what a build for CPU and CUDA needs, and the
low-level bindings. The archive has a few megabytes.
"""

from __future__ import annotations

import argparse
import io
import tarfile
import tempfile
from pathlib import Path

from benchmarks.llama_source import VENDORED, fetch, unpack, version
from benchmarks.measuring import cache_folder

MOST = 20 << 20
"""Bytes that the archive may have."""
SOURCE, BINDINGS = "llama.cpp", "bindings"

_FOLDERS = (
    "cmake/",
    "include/",
    "src/",
    "vendor/",
    "ggml/cmake/",
    "ggml/include/",
    "ggml/src/ggml-cpu/",
    "ggml/src/ggml-cuda/",
)
_FILES = ("CMakeLists.txt", "LICENSE", "AUTHORS", "ggml/CMakeLists.txt")
_MODULES = ("llama_cpp/llama_cpp.py", "llama_cpp/_ctypes_extensions.py", "LICENSE.md")
_INIT = '''"""The low-level bindings alone, for a library built from this source."""

from llama_cpp.llama_cpp import *  # noqa: F403

__version__ = "{version}"
'''


def wanted(path: str) -> bool:
    """Whether a file of the source distribution goes into the archive."""
    if path in _MODULES:
        return True
    if not path.startswith(VENDORED):
        return False
    inside = path.removeprefix(VENDORED)
    if inside in _FILES or inside.startswith(_FOLDERS):
        return True
    # ggml's own files, not those of backends for other machines.
    folder, _, _ = inside.rpartition("/")
    return folder == "ggml/src"


def pack(tree: Path, out: Path, bindings_version: str) -> int:
    """Pack an unpacked source distribution; the archive's size.

    The same input makes the same bytes.

    Raises:
        ValueError: the archive is too large.
    """
    with tarfile.open(out, "w:xz", preset=6) as archive:
        for path in sorted(tree.rglob("*")):
            inside = path.relative_to(tree).as_posix()
            if path.is_file() and wanted(inside):
                _put(archive, _place(inside), _content(path))
        init = _INIT.format(version=bindings_version).encode()
        _put(archive, f"{BINDINGS}/llama_cpp/__init__.py", init)
    size = out.stat().st_size
    if size > MOST:
        raise ValueError(f"{out} has {size:,} bytes, more than {MOST:,}")
    return size


def _place(inside: str) -> str:
    if inside.startswith(VENDORED):
        return f"{SOURCE}/{inside.removeprefix(VENDORED)}"
    return f"{BINDINGS}/{inside}"


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name == "_ctypes_extensions.py":
        # The standard library has it too, and no package need be there.
        content = content.replace(b"from typing_extensions", b"from typing")
    return content


def _put(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def main() -> None:
    """Fetch, choose and pack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--source", type=Path, help="the source distribution, where it is there"
    )
    options = parser.parse_args()
    source = options.source or fetch(cache_folder())
    with tempfile.TemporaryDirectory() as folder:
        tree = unpack(source, Path(folder), wanted)
        size = pack(tree, options.out, version())
    print(f"{options.out}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
