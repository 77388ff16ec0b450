"""The figures as one HTML file: no network, no script, light and dark, for everybody.

Charts are SVG inside the page, and beside each is a table of its numbers. Names of
models and databases, and reasons, are foreign text: whatever is in them is shown.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from catalog.coverage import CoveragePoint
from catalog.errors import UsageError
from catalog.files import write_file
from tui.flow.figures import NOTHING, DatabaseCoverage, Figures, Rate, between
from tui.flow.text import count, percent, plain, shorten
from tui.flow.two_models import Comparison, points

FILE_NAME = "columnist-figures.html"
"""What the app calls the report, in the folder it was started in."""

WIDTH = 640
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 12, 36
HEIGHT = 240
LINE_HEIGHT = 34
NAMES = 200
"""Pixels for names beside bars."""
NAME_LENGTH = 28
LISTED = 200
"""Changes of the coverage in the table; the line has all of them."""

STYLE = """
:root {
  color-scheme: light dark;
  --ink: #20262c; --soft: #5a646e; --paper: #fbfaf7; --rule: #d5d1c6;
  --one: #1f7a7c; --two: #9a6200; --warn: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #d8dee4; --soft: #9aa5b1; --paper: #14181d; --rule: #37414b;
    --one: #4fa3a5; --two: #e0b062; --warn: #e06c75;
  }
}
body {
  margin: 0 auto; max-width: 60rem; padding: 1.5rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
h3 { font-size: 1rem; }
p.soft, caption, figcaption { color: var(--soft); }
bdi { overflow-wrap: anywhere; }
.warning { border-left: 4px solid var(--warn); padding-left: .75rem; }
figure { margin: 0; } svg { width: 100%; max-width: 40rem; height: auto; }
table { border-collapse: collapse; margin: .5rem 0; }
caption { text-align: left; }
th, td { padding: .2rem .9rem .2rem 0; text-align: left;
  border-bottom: 1px solid var(--rule); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif;
  unicode-bidi: isolate; }
svg .rule { stroke: var(--rule); stroke-width: 1; }
svg .one { fill: var(--one); } svg .two { fill: var(--two); }
svg .line1 { stroke: var(--one); stroke-width: 2; fill: none; }
svg .line2 { stroke: var(--two); stroke-width: 2; fill: none;
  stroke-dasharray: 6 4; }
svg .range { stroke: var(--ink); stroke-width: 2; }
"""


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
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none';"
        " form-action 'none'"
    )
    at = figures.made_at.strftime("%Y-%m-%d %H:%M UTC")
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>Columnist: {safe(figures.label)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>How documenting {_name(figures.label)} goes</h1>",
        f'<p class="soft">As of {at}. A text counts as accepted if it was taken as'
        " drafted. Intervals hold with 95 % confidence.</p>",
        *(f'<p class="warning">Warning: {safe(w)}</p>' for w in figures.warnings),
        *_coverage(figures.coverage),
    ]
    if figures.is_empty:
        parts.append(f"<p>{NOTHING} Accept, edit or reject a draft first.</p>")
    else:
        parts += [
            *_rates("Acceptance by origin", "texts by", figures.origins),
            *_rates("Acceptance by kind of object", "kind", figures.kinds),
            *_months(figures),
            *_counts("Why texts were rejected", "reason", figures.reasons),
            *_counts("Whose words stand", "words", figures.provenance),
            *_pace(figures),
        ]
    if figures.comparison is not None:
        parts += _comparison(figures.comparison)
    parts += ["</main>", "</body>", "</html>", ""]
    return "\n".join(parts)


def safe(text: str) -> str:
    """Foreign text as HTML on one line, with what nobody would see made visible."""
    return html.escape(plain(text), quote=True)


def _name(text: str) -> str:
    """Foreign text among ours, its direction kept to itself."""
    return f"<bdi>{safe(text)}</bdi>"


# Sections


def _coverage(histories: Sequence[DatabaseCoverage]) -> Iterator[str]:
    yield "<h2>Coverage over time</h2>"
    if not histories:
        yield "<p>It is noted at the end of every scan of a whole database.</p>"
    for history in histories:
        if len(histories) > 1:
            yield f"<h3>{_name(history.label)}</h3>"
        now = history.points[-1]
        what = "There was nothing to describe."
        if now.tables:
            what = (
                f"{percent(now.share_of_tables)} of {count(now.tables, 'table')} and"
                f" {percent(now.share_of_columns)} of {count(now.columns, 'column')}"
                " are described."
            )
        yield f"<p>{what}</p>"
        yield from _figure(
            "Coverage over time",
            what,
            HEIGHT,
            _lines(
                [point.at for point in history.points],
                [
                    ("tables", [p.share_of_tables or 0.0 for p in history.points]),
                    ("columns", [p.share_of_columns or 0.0 for p in history.points]),
                ],
            ),
        )
        yield from _table(
            "Each change of the coverage, the latest first"
            + (
                f" ({LISTED} of {total:,})"
                if (total := len(history.points)) > LISTED
                else ""
            ),
            ("when", "tables described", "of", "columns described", "of"),
            (_coverage_row(point) for point in history.points[: -LISTED - 1 : -1]),
        )


def _coverage_row(point: CoveragePoint) -> Sequence[str]:
    return (
        point.at.strftime("%Y-%m-%d %H:%M"),
        f"{point.tables_described:,}",
        f"{point.tables:,}",
        f"{point.columns_described:,}",
        f"{point.columns:,}",
    )


def _rates(title: str, column: str, rates: Sequence[Rate]) -> Iterator[str]:
    if not rates:
        return
    yield f"<h2>{title}</h2>"
    yield from _figure(
        title,
        "Share accepted as drafted, with its 95 % interval.",
        TOP + LINE_HEIGHT * len(rates) + BOTTOM,
        _intervals(rates),
    )
    yield from _table(
        f"{title}, in numbers",
        (column, "decided", "accepted", "95 %", "edited", "rejected"),
        (
            (
                _name(rate.name),
                f"{rate.decided:,}",
                f"{share.share:.0%}",
                between(share),
                f"{rate.edited:,}",
                f"{rate.rejected:,}",
            )
            for rate in rates
            if (share := rate.share) is not None
        ),
    )


def _months(figures: Figures) -> Iterator[str]:
    yield from _table(
        "Acceptance by month",
        ("month", "texts by", "decided", "accepted", "edited", "rejected"),
        (
            (
                each.month,
                _name(f"{each.source.value} ({each.model})")
                if each.model
                else each.source.value,
                f"{each.decided:,}",
                f"{each.accepted:,}",
                f"{each.edited:,}",
                f"{each.rejected:,}",
            )
            for each in sorted(
                figures.metrics.acceptance, key=lambda each: each.month, reverse=True
            )
        ),
    )


def _counts(
    title: str, column: str, counts: Sequence[tuple[str, int]]
) -> Iterator[str]:
    total = sum(number for _, number in counts)
    if not total:
        return
    yield f"<h2>{title}</h2>"
    yield from _figure(
        title,
        f"{total:,} in all.",
        TOP + LINE_HEIGHT * len(counts) + TOP,
        _bars(counts),
    )
    yield from _table(
        f"{title}, in numbers",
        (column, "count", "share"),
        (
            (_name(name), f"{number:,}", f"{number / total:.0%}")
            for name, number in counts
        ),
    )


def _pace(figures: Figures) -> Iterator[str]:
    pace = figures.metrics.pace
    if pace.per_minute is None:
        return
    what = (
        f"{pace.per_minute:.1f} decisions a minute, over"
        f" {count(pace.decisions, 'decision')} one by one."
    )
    days = [day for day in figures.metrics.days if day.pace.per_minute is not None]
    yield "<h2>Decisions a minute</h2>"
    yield f"<p>{what}</p>"
    speeds = [day.pace.per_minute or 0.0 for day in days]
    yield from _figure(
        "Decisions a minute, day by day",
        what,
        HEIGHT,
        _lines(
            [datetime(d.day.year, d.day.month, d.day.day) for d in days],
            [("decisions a minute", speeds)],
            top=max(speeds),
            percent=False,
        ),
    )
    yield from _table(
        "Day by day",
        ("day", "decisions", "a minute"),
        (
            (day.day.isoformat(), f"{day.pace.decisions:,}", f"{speed:.1f}")
            for day, speed in zip(days, speeds, strict=True)
        ),
    )


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield "<h2>Two models side by side</h2>"
    yield f"<p>{safe(comparison.verdict)}</p>"
    arms = (comparison.first, comparison.second)
    rates = [
        Rate(arm.accepted, 0, arm.decided - arm.accepted, arm.model) for arm in arms
    ]
    yield from _figure(
        "Two models side by side",
        "Share accepted as drafted, with its 95 % interval.",
        TOP + LINE_HEIGHT * len(rates) + BOTTOM,
        _intervals(rates),
    )
    yield from _table(
        "In numbers",
        ("model", "tables", "decided", "accepted", "95 %"),
        (
            (
                _name(arm.model),
                f"{len(arm.tables):,}",
                f"{arm.decided:,}",
                f"{share.share:.0%}" if (share := arm.share) else "",
                between(share) if share else "",
            )
            for arm in arms
        ),
    )
    tables, texts = comparison.by_tables, comparison.by_texts
    if tables is not None and texts is not None:
        yield (
            f"<p>Difference: {points(tables)} with whole tables drawn again,"
            f" {points(texts)} if texts were independent, which columns of one table"
            " are not.</p>"
        )


# Charts


def _figure(title: str, what: str, height: int, drawn: Iterable[str]) -> Iterator[str]:
    yield "<figure>"
    yield f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">'
    yield f"<title>{title}</title>"
    yield f"<desc>{safe(what)} The table that follows has the numbers.</desc>"
    yield from drawn
    yield "</svg>"
    yield "</figure>"


def _lines(
    times: Sequence[datetime],
    series: Sequence[tuple[str, Sequence[float]]],
    *,
    top: float = 1.0,
    percent: bool = True,
) -> Iterator[str]:
    """One or two lines over time, told apart by dashes and marks, not colour alone."""
    first, last = times[0], times[-1]
    span = (last - first).total_seconds()
    bottom = HEIGHT - BOTTOM

    def x(at: datetime) -> float:
        if not span:
            return (LEFT + WIDTH - RIGHT) / 2
        return LEFT + (at - first).total_seconds() / span * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return bottom - value / top * (bottom - TOP) if top else bottom

    for part in range(5):
        value = top * part / 4
        label = f"{value:.0%}" if percent else f"{value:.1f}"
        yield _line("rule", LEFT, y(value), WIDTH - RIGHT, y(value))
        yield _text(LEFT - 6, y(value) + 4, label, "end")
    yield _text(LEFT, HEIGHT - 18, first.strftime("%Y-%m-%d"), "start")
    if span:
        yield _text(WIDTH - RIGHT, HEIGHT - 18, last.strftime("%Y-%m-%d"), "end")
    for place, (name, values) in enumerate(series, 1):
        spots = [(x(at), y(value)) for at, value in zip(times, values, strict=True)]
        path = " ".join(f"{left:.1f},{down:.1f}" for left, down in spots)
        yield f'<polyline class="line{place}" points="{path}"/>'
        for left, down in spots if len(spots) <= MARKS else spots[-1:]:
            yield _mark(place, left, down)
        here = LEFT + 150 * place
        yield _mark(place, here, HEIGHT - 6)
        yield _text(here + 10, HEIGHT - 2, name, "start")


MARKS = 60
"""More would run into each other."""


def _intervals(rates: Sequence[Rate]) -> Iterator[str]:
    """A mark for each share, on the line of its interval."""
    right = WIDTH - 2 * RIGHT
    bottom = TOP + LINE_HEIGHT * len(rates)

    def x(share: float) -> float:
        return NAMES + share * (right - NAMES)

    for part in range(5):
        yield _line("rule", x(part / 4), TOP, x(part / 4), bottom)
        yield _text(x(part / 4), bottom + 18, f"{part / 4:.0%}", "middle")
    for place, rate in enumerate(rates):
        share = rate.share
        if share is None:
            continue
        middle = TOP + LINE_HEIGHT * (place + 0.5)
        yield _text(
            NAMES - 10, middle + 4, shorten(plain(rate.name), NAME_LENGTH), "end"
        )
        yield _line("range", x(share.low), middle, x(share.high), middle)
        for end in (share.low, share.high):
            yield _line("range", x(end), middle - 5, x(end), middle + 5)
        yield _mark(1, x(share.share), middle)


def _bars(counts: Sequence[tuple[str, int]]) -> Iterator[str]:
    most = max(number for _, number in counts)
    right = WIDTH - 60
    for place, (name, number) in enumerate(counts):
        upper = TOP + LINE_HEIGHT * place
        length = number / most * (right - NAMES)
        middle = upper + LINE_HEIGHT / 2 + 4
        yield _text(NAMES - 10, middle, shorten(plain(name), NAME_LENGTH), "end")
        yield (
            f'<rect class="one" x="{NAMES}" y="{upper + 6}" width="{length:.1f}"'
            f' height="{LINE_HEIGHT - 12}"/>'
        )
        yield _text(NAMES + length + 6, middle, f"{number:,}", "start")


def _mark(place: int, x: float, y: float) -> str:
    if place == 1:
        return f'<circle class="one" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return (
        f'<rect class="two" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
    )


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}"'
        f' y2="{y2:.1f}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{safe(text)}</text>'


def _table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]
) -> Iterator[str]:
    """A table; the cells are HTML already, all that follow the first two numbers."""
    yield "<table>"
    yield f"<caption>{caption}</caption>"
    cells = "".join(
        f'<th scope="col"{_number(place, heads)}>{head}</th>'
        for place, head in enumerate(heads)
    )
    yield f"<thead><tr>{cells}</tr></thead>"
    yield "<tbody>"
    for row in rows:
        first, *rest = row
        yield (
            f'<tr><th scope="row">{first}</th>'
            + "".join(
                f"<td{_number(place, heads)}>{cell}</td>"
                for place, cell in enumerate(rest, 1)
            )
            + "</tr>"
        )
    yield "</tbody>"
    yield "</table>"


def _number(place: int, heads: Sequence[str]) -> str:
    return ' class="n"' if place and heads[place] != "texts by" else ""
