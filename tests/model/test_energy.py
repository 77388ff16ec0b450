from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from model import energy
from model.energy import Meter

NVML = """
static unsigned long long told[] = {5000, 7000};
int nvmlInit_v2(void) { return FAILS; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned at, void **device)
{ *device = &told[at]; return 0; }
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *counted)
{ *counted = *(unsigned long long *)device += 1500; return 0; }
"""
"""NVIDIA's library as far as it is asked, of two GPUs that use 1.5 J between looks."""


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two processors, a part of one, and the platform that has them."""
    folder = tmp_path / "powercap"
    for zone, name in (
        ("intel-rapl:0", "package-0"),
        ("intel-rapl:0:0", "core"),
        ("intel-rapl:1", "package-1"),
        ("intel-rapl:2", "psys"),
    ):
        (folder / zone).mkdir(parents=True)
        (folder / zone / "name").write_text(f"{name}\n")
        (folder / zone / "max_energy_range_uj").write_text("999999\n")
        (folder / zone / "energy_uj").write_text("900000\n")
    monkeypatch.setattr(energy, "POWERCAP", folder)
    return folder


def tell(powercap: Path, zone: int, microjoules: object) -> None:
    (powercap / f"intel-rapl:{zone}" / "energy_uj").write_text(f"{microjoules}\n")


def test_packages_are_added_up_and_what_is_in_them_is_not_counted_twice(
    powercap: Path,
) -> None:
    meter = Meter()
    assert meter.of == "processor"
    assert meter.joules() == 0
    tell(powercap, 0, 950_000)
    tell(powercap, 2, 990_000)
    assert meter.joules() == pytest.approx(0.05)
    tell(powercap, 1, 960_000)
    assert meter.joules() == pytest.approx(0.11)


def test_a_counter_that_begins_anew_has_counted_on(powercap: Path) -> None:
    """It goes up to its range; the step over the end is one unit."""
    meter = Meter()
    tell(powercap, 0, 100_000)
    assert meter.joules() == pytest.approx(0.2)
    tell(powercap, 0, 50_000)
    assert meter.joules() == pytest.approx(1.15)


@pytest.mark.parametrize("gone", ["", "none of your business", None])
def test_a_counter_that_ends_says_nothing_rather_than_half(
    powercap: Path, gone: str | None
) -> None:
    meter = Meter()
    if gone is None:
        shutil.rmtree(powercap)
    else:
        tell(powercap, 1, gone)
    assert meter.joules() is None
    assert meter.of == ""
    assert meter.joules() is None


def test_what_only_root_may_read_is_not_told(powercap: Path) -> None:
    for zone in (0, 1):
        file = powercap / f"intel-rapl:{zone}" / "energy_uj"
        file.unlink()
        file.mkdir()  # unreadable for root too
    assert Meter().of == ""
    assert Meter().joules() is None


def test_nothing_is_counted_here_for_a_model_elsewhere(powercap: Path) -> None:
    assert Meter(none=True, gpu=True).joules() is None


def made(tmp_path: Path, fails: int) -> str:
    source, library = tmp_path / "nvml.c", tmp_path / "nvml.so"
    source.write_text(NVML.replace("FAILS", str(fails)))
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


def test_gpus_are_counted_where_the_model_runs_on_one(
    tmp_path: Path, powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "NVML", made(tmp_path, 0))
    assert Meter().of == "processor"
    meter = Meter(gpu=True)
    assert meter.of == "processor and GPU"
    assert meter.joules() == pytest.approx(3.0)


def test_a_driver_that_does_not_answer_tells_nothing(
    tmp_path: Path, powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "NVML", made(tmp_path, 1))
    assert Meter(gpu=True).of == "processor"
    monkeypatch.setattr(energy, "NVML", "no such library")
    assert Meter(gpu=True).of == "processor"
