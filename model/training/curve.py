"""Draws a run's losses: `curve.json` for programs, `curve.svg` for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from catalog.files import write_file

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 360, 56, 40
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
    every = [point for line in series.values() for point in line]
    last = max((step for step, _ in every), default=1) or 1
    top = max((loss for _, loss in every), default=1.0) or 1.0

    def place(step: float, loss: float) -> str:
        x = LEFT + step / last * (WIDTH - LEFT - 12)
        y = 12 + (1 - loss / top) * (HEIGHT - BOTTOM - 12)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for part in range(5):
        loss = top * part / 4
        x, y = place(0, loss).split(",")
        parts.append(
            f'<path d="M{x},{y}H{WIDTH - 12}" stroke="#e5e8ea"/>'
            f'<text x="{LEFT - 8}" y="{float(y) + 4}" text-anchor="end">'
            f"{loss:.1f}</text>"
        )
    for number, (name, line) in enumerate(series.items()):
        path = " ".join(place(*point) for point in line)
        colour = COLOURS.get(name, "black")
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}"'
            ' stroke-width="1.5"/>'
            f'<text x="{WIDTH - 90}" y="{28 + 16 * number}" fill="{colour}">'
            f"{name.replace('_', ' ')}</text>"
        )
    parts.append(
        f'<text x="{LEFT}" y="{HEIGHT - 12}">0</text>'
        f'<text x="{WIDTH - 12}" y="{HEIGHT - 12}" text-anchor="end">'
        f"{last:,} steps; loss in nats a token</text></svg>"
    )
    return "\n".join(parts) + "\n"
