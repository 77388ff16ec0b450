"""How llama.cpp is built here: the backend that is chosen, and the AMX header."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from model import llama_build

SOURCE = """
#include <immintrin.h>
#include <stdint.h>
struct config {
    uint8_t palette, start, zero[14]; uint16_t columns[16]; uint8_t rows[16];
};
void load(int n) {
    struct config c = {0};
    c.palette = 1;
    c.columns[0] = 0x1234;
    c.rows[7] = n;
    _tile_loadconfig(&c);
}
"""


@pytest.mark.skipif(
    platform.machine() != "x86_64" or shutil.which("gcc") is None,
    reason="AMX is an x86 extension, and this looks at what GCC makes of it",
)
def test_the_header_keeps_the_whole_tile_configuration(tmp_path: Path) -> None:
    """GCC 12 deleted the stores to rows and columns, and ldtilecfg faulted.

    Compiled, not executed: that takes a CPU with AMX.
    """
    source = tmp_path / "tile.c"
    source.write_text(SOURCE)
    command = ["gcc", "-O3", "-mamx-tile", "-S", "-o", "-", str(source)]
    with_header = subprocess.run(
        [*command, "-include", str(llama_build.HEADER)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "ldtilecfg" in with_header
    assert "4660" in with_header  # 0x1234, the column width
    assert "%dil" in with_header  # n, the number of rows


@pytest.mark.parametrize(
    ("outputs", "installed", "choice"),
    [
        ({}, [], "cpu"),
        ({"nvidia-smi": "GPU 0: H200"}, ["nvcc"], "cuda"),
        ({"nvidia-smi": "GPU 0: H200"}, [], "cpu"),
        ({}, ["nvcc", "hipcc", "glslc"], "cpu"),
        ({"rocminfo": "Name: gfx1100"}, ["hipcc"], "rocm"),
        ({"vulkaninfo": "deviceType = PHYSICAL_DEVICE_TYPE_CPU"}, ["glslc"], "cpu"),
        (
            {"vulkaninfo": "deviceType = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU"},
            ["glslc"],
            "vulkan",
        ),
    ],
)
def test_a_gpu_counts_only_where_it_is_really_there(
    monkeypatch: pytest.MonkeyPatch,
    outputs: dict[str, str],
    installed: list[str],
    choice: str,
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(llama_build, "_output", lambda name, *_: outputs.get(name, ""))
    monkeypatch.setattr(
        "shutil.which", lambda name: name if name in installed else None
    )
    found = llama_build.choose("auto")
    assert found.accelerator == choice
    assert found.reason
    assert llama_build.choose("cpu").accelerator == "cpu"


def test_a_build_is_kept_for_its_version_backend_and_cpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cpu = llama_build.cache_folder("1.0", "cpu")
    assert cpu != llama_build.cache_folder("1.1", "cpu")
    assert cpu != llama_build.cache_folder("1.0", "vulkan")
    cpu.mkdir(parents=True)
    wheel = cpu / "llama.whl"
    wheel.write_text("")
    assert llama_build.build("1.0", "cpu") == wheel
