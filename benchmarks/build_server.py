"""Builds llama-server from the llama.cpp that Columnist runs, for `drafting --server`.

    python -m benchmarks.build_server FOLDER

Downloads the source distribution once (77 MB, with pip) and compiles with the flags of
`model.llama_build`, so that server and engine have the same kernels. Needs cmake and a
C++ compiler; about 10 minutes of two cores. Prints the program's path.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.llama_source import VENDORED, fetch, unpack
from benchmarks.measuring import cache_folder
from model.llama_build import cmake_arguments
from model.sizes import cores

_LEFT_OUT = ("models/", "docs/", "media/", "benches/", "tests/", "examples/", ".")


def wanted(path: str) -> bool:
    """Whether a file of the source distribution is needed."""
    inside = path.removeprefix(VENDORED)
    return path.startswith(VENDORED) and not inside.startswith(_LEFT_OUT)


def configure(source: Path, build: Path) -> list[str]:
    """The command that prepares the build."""
    command = ["cmake", "-S", str(source), "-B", str(build)]
    if shutil.which("ninja"):
        command += ["-G", "Ninja"]
    command += ["-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_BUILD_TESTS=OFF"]
    command += ["-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_TOOLS=ON"]
    command += ["-DLLAMA_BUILD_SERVER=ON", "-DLLAMA_BUILD_APP=OFF"]
    # Neither TLS nor a web page: the benchmark asks over the loopback interface.
    command += ["-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_UI=OFF"]
    command += ["-DLLAMA_USE_PREBUILT_UI=OFF"]
    return [*command, *shlex.split(cmake_arguments("cpu"))]


def main() -> None:
    """Fetch, configure and build."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--configure-only", action="store_true")
    options = parser.parse_args()
    unpack(fetch(cache_folder()), options.folder, wanted)
    build = options.folder / "build"
    subprocess.run(
        configure(options.folder / VENDORED, build), check=True, stdout=sys.stderr
    )
    if options.configure_only:
        return
    command = ["cmake", "--build", str(build), "--target", "llama-server"]
    command += ["--parallel", str(options.jobs)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    print(build / "bin" / "llama-server")


if __name__ == "__main__":
    main()
