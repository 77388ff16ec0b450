"""Repeats that take turns, their medians and ratios, and what a process has used.

The machines that benchmarks run on are shared and noisy. So what is compared runs in
turns, every repeat in another order, and a ratio is the median of the ratios of each
repeat, not a ratio of medians: what slows a whole repeat down does not move it.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from model.sizes import cores

T = TypeVar("T")

REPEATS = 5


def interleave(
    arms: Mapping[str, Callable[[], T]],
    repeats: int,
    *,
    told: Callable[[str, int], None] = lambda _name, _repeat: None,
) -> dict[str, list[T]]:
    """Run every arm once a repeat, each repeat beginning with another of them.

    Args:
        arms: what is compared, by name.
        repeats: how often.
        told: called with an arm's name and the number of the repeat before it runs.
    """
    found: dict[str, list[T]] = {name: [] for name in arms}
    names = list(arms)
    for repeat in range(repeats):
        first = repeat % len(names)
        for name in [*names[first:], *names[:first]]:
            told(name, repeat)
            found[name].append(arms[name]())
    return found


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times one figure is another, over the repeats."""

    median: float
    """The middle one."""
    low: float
    """The smallest."""
    high: float
    """The largest."""

    def as_json(self) -> dict[str, float]:
        """All three."""
        return {"median": self.median, "low": self.low, "high": self.high}


def ratio(figures: Sequence[float], baseline: Sequence[float]) -> Ratio:
    """The quotients of each repeat; both in the order of repeats."""
    quotients = [one / other for one, other in zip(figures, baseline, strict=True)]
    return Ratio(statistics.median(quotients), min(quotients), max(quotients))


def ratio_text(found: Mapping[str, float]) -> str:
    """A ratio as `Ratio.as_json` gives it, for people."""
    return f"{found['median']:.2f} ({found['low']:.2f}-{found['high']:.2f})"


def median(figures: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(figures)


def cpu_seconds(process: int) -> float:
    """CPU seconds that a process has used, from /proc (in steps of 10 ms).

    Raises:
        OSError: there is no such process, or no /proc.
    """
    text = Path(f"/proc/{process}/stat").read_text()
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(process: int | str = "self") -> int | None:
    """Most bytes that a process had in memory at once; None where there is no /proc.

    Pages of a mapped model file count, as far as they were read.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines for people: the first column to the left, the others to the right."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = []
    for row in [head, *rows]:
        first, *rest = row
        cells = [first.ljust(widths[0])]
        cells += [c.rjust(w) for c, w in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON and no table")
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, help="turns; medians are taken of them"
    )
    parser.add_argument(
        "--threads", type=int, default=cores(), help="CPU threads of every arm"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=cache_folder(),
        help="where made model files are kept",
    )
    return parser


def cache_folder() -> Path:
    """Where made files are kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "columnist" / "benchmarks"


def mebibytes(size: float | None) -> str:
    """A size for people; a dash where it is unknown."""
    return "-" if size is None else f"{size / 2**20:,.0f}"


Json = dict[str, Any]
