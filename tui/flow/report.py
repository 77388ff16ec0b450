"""The figures as one HTML file: no network, no script, light and dark, for everybody.

Charts are SVG inside the page, and beside each is a table of its numbers. Names of
models and databases, and reasons, are foreign text: whatever is in them is shown.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path

from catalog.drift import Drift, Extent, Series
from catalog.errors import UsageError
from catalog.files import write_file
from tui.flow import watching
from tui.flow.figures import NOTHING, Figures, Rate, apart, between
from tui.flow.pair_votes import vote_lines
from tui.flow.text import count, percent, plain, shorten
from tui.flow.two_models import ArmOutcome, points

FILE_NAME = "columnist-figures.html"
"""What the app calls the report, in the folder it was started in."""


def save(figures: Figures, path: Path) -> None:
    """Write the report so that it is there whole, or what was there before.

    Raises:
        ColumnistError: the file cannot be written.
    """
    if not path.name:
        raise UsageError("The report has no file name.", "Name one, as in report.html.")
    hint = "Name a file in a folder that exists and that you may write to."
    write_file(path, render(figures), hint=hint)


def render(figures: Figures) -> str:
    """The page."""
    # Only here: reports are rare, and everything else starts without it.
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: object) -> object:
        """Foreign text with what nobody would see made visible; it is escaped next."""
        if isinstance(value, str) and not isinstance(value, Markup):
            return plain(value)
        return value

    environment = Environment(
        loader=PackageLoader("tui.flow", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
    )
    environment.filters |= {
        "count": "{:,}".format,
        "share": "{:.0%}".format,
        "px": "{:.1f}".format,
        "short": lambda text, width: shorten(plain(text), width),
        "rate": _rate,
    }
    style = files("tui.flow").joinpath("report.css").read_text(encoding="utf-8")
    digest = hashlib.sha256(style.encode()).digest()
    return environment.get_template("report.html").render(
        figures=figures,
        nothing=NOTHING,
        style=Markup(style),  # ours
        digest=base64.b64encode(digest).decode(),
        apart=apart,
        basis=watching.basis,
        drift_words=watching.WORDS,
        drift_between=watching.between,
        empty_drift=watching.EMPTY,
        few=watching.TOO_FEW,
        scale=watching.scale,
        shown=watching.shown,
        watched=_watched(figures.drift),
        weeks_listed=watching.LISTED,
        between=between,
        counted=count,
        percent=percent,
        points=points,
        vote_lines=vote_lines,
        spread=_spread,
    )


def _watched(found: Drift) -> list[tuple[str, Series]]:
    """All texts, and parts of them with an alarm: which they are, and the series."""
    alarming = [alarm.series for alarm in found.alarms]
    return [
        (watching.named(each.scope, each.name), each)
        for scope, name in watching.worth(found)
        for each in found.of(scope, name)
        if scope is Extent.ALL or each in alarming
    ]


def _rate(arm: ArmOutcome) -> Rate:
    return Rate(arm.accepted, 0, arm.decided - arm.accepted, 0, 0, arm.model)


def _spread(
    times: Sequence[date], values: Sequence[float | None], most: float
) -> list[tuple[float, float]]:
    """How far right and up values stand, in [0, 1]; one moment is in the middle."""
    first, span = times[0], (times[-1] - times[0]).total_seconds()
    return [
        (
            (at - first).total_seconds() / span if span else 0.5,
            (value or 0.0) / most if most else 0.0,
        )
        for at, value in zip(times, values, strict=True)
    ]
