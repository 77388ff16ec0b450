"""Energy that this machine tells: processors by RAPL, NVIDIA's GPUs by NVML.

Both count what the whole machine used meanwhile, whoever used it. Linux lets only root
read RAPL's counters unless told otherwise; where nothing can be read, nothing is told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
"""https://docs.kernel.org/power/powercap/powercap.html"""
NVML = "libnvidia-ml.so.1"
"""Comes with NVIDIA's driver."""


@dataclass(slots=True)
class _Counter:
    """A counter of energy, and what it said last."""

    read: Callable[[], int]
    """What it says now; raises OSError or ValueError where that is nothing."""
    unit: float
    """Joules of one."""
    wraps: int | None
    """What it counts up to before it begins at 0 again; None where it never does."""
    last: int

    def passed(self) -> float:
        """Joules since the last time; it must be asked before it wraps twice."""
        before, self.last = self.last, self.read()
        counted = self.last - before
        if counted < 0:
            if self.wraps is None:
                raise ValueError("it began anew")
            counted += self.wraps + 1
        return counted * self.unit


class Meter:
    """Counts the energy from here on.

    RAPL's counter wraps within the hour on a busy machine, so ask more often than that.

    Args:
        gpu: count the GPUs too, as the model runs on one.
        none: count nothing: the model is elsewhere.
    """

    def __init__(self, *, gpu: bool = False, none: bool = False) -> None:
        self._joules = 0.0
        processors = [] if none else _processors()
        gpus = _gpus() if gpu and not none else []
        told = {"processor": processors, "GPU": gpus}
        self.of = " and ".join(name for name, counters in told.items() if counters)
        """What is counted, as in "processor and GPU"; empty where nothing is told."""
        self._counters = processors + gpus

    def joules(self) -> float | None:
        """What was used since this meter began; None where nothing tells."""
        try:
            self._joules += sum(each.passed() for each in self._counters)
        except (OSError, ValueError):  # half of a sum says nothing
            self._counters, self.of = [], ""
        return self._joules if self.of else None


def _processors() -> list[_Counter]:
    """A counter for each package: its parts are in it, and it in the platform's."""
    found = []
    with suppress(OSError):
        for zone in sorted(POWERCAP.glob("intel-rapl:*")):
            with suppress(OSError, ValueError):
                if not (zone / "name").read_text().startswith("package"):
                    continue
                read = _file(zone / "energy_uj")
                most = _file(zone / "max_energy_range_uj")()
                found.append(_Counter(read, 1e-6, most, read()))
    return found


def _file(path: Path) -> Callable[[], int]:
    return lambda: int(path.read_text())


def _gpus() -> list[_Counter]:
    """A counter for each GPU; none unless all of them tell."""
    import ctypes  # most machines have no GPU

    def reader(index: int) -> Callable[[], int]:
        handle = ctypes.c_void_p()
        nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))

        def read() -> int:
            counted = ctypes.c_ulonglong()
            told = ctypes.byref(counted)
            if nvml.nvmlDeviceGetTotalEnergyConsumption(handle, told):
                raise ValueError("it does not tell")
            return counted.value

        return read

    try:
        nvml = ctypes.CDLL(NVML)
        number = ctypes.c_uint()
        if nvml.nvmlInit_v2() or nvml.nvmlDeviceGetCount_v2(ctypes.byref(number)):
            return []
        reads = [reader(index) for index in range(number.value)]
        return [_Counter(read, 1e-3, None, read()) for read in reads]
    except (OSError, ValueError, AttributeError):  # no driver, or an old one
        return []
