"""Draws a run's losses: `curve.json` for programs, `curve.svg` for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from catalog.files import write_file

COLOURS = {"train": "#9aa7b0", "held_out": "#c0392b"}


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and losses by series, as the log has them; a redone step counts once."""
    found: dict[str, dict[int, float]] = {"train": {}, "held_out": {}}
    log = folder / "log.jsonl"
    for line in log.read_text(encoding="utf-8").splitlines():
        event: dict[str, Any] = json.loads(line)
        step = int(event.get("step", 0))
        if event["event"] == "train":
            found["train"][step] = float(event["loss"])
        if isinstance(event.get("held_out"), dict):
            found["held_out"][step] = float(event["held_out"]["loss"])
    return {name: sorted(series.items()) for name, series in found.items() if series}


def draw(folder: Path) -> None:
    """Write both files from the run's log."""
    series = points(folder)
    text = json.dumps(series, indent=1) + "\n"
    write_file(folder / "curve.json", text)
    write_file(folder / "curve.svg", svg(series))


def svg(series: dict[str, list[tuple[int, float]]]) -> str:
    """Losses over steps as one SVG picture."""
    from jinja2 import Template

    every = [point for line in series.values() for point in line]
    last = max((step for step, _ in every), default=1) or 1
    top = max((loss for _, loss in every), default=1.0) or 1.0

    def across(step: int) -> float:
        return round(56 + step / last * 652, 1)

    def height(loss: float) -> float:
        return round(12 + (1 - loss / top) * 308, 1)

    source = Path(__file__).with_name("curve.svg.jinja").read_text(encoding="utf-8")
    picture: str = Template(source, autoescape=True).render(
        scale=[(f"{top * n / 4:.1f}", height(top * n / 4)) for n in range(5)],
        lines=[
            {
                "name": name.replace("_", " "),
                "colour": COLOURS[name],
                "points": " ".join(f"{across(at)},{height(loss)}" for at, loss in line),
            }
            for name, line in series.items()
        ],
        last=f"{last:,}",
    )
    return picture
