"""A plot that is looked at: it takes no focus and no mouse, and draws by theme."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from textual import on
from textual.events import MouseDown, MouseEvent, MouseScrollDown, MouseScrollUp
from textual_plot import HiResMode, PlotWidget
from textual_plot.axis_formatter import AxisFormatter

from catalog.intervals import Share

MARKS = ("o", "x")
"""Of the first and the second line: what tells them apart without colour."""
MOST_MARKS = 40
"""More points of a line are drawn without marks, which would hide it."""
DAY_SECONDS = 86_400
YEAR_SECONDS = 365 * DAY_SECONDS
MARGIN = 0.05
"""Of a scale beyond its ends."""
QUARTERS = [0.0, 0.25, 0.5, 0.75, 1.0]


class _Ticks(AxisFormatter):
    """Labels of our own. They are read as markup, so none is foreign text."""

    def __init__(self, labels: dict[float, str]) -> None:
        self._labels = labels

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        return [tick for tick in self._labels if min_ <= tick <= max_]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [self._labels.get(tick, "") for tick in ticks]


class Chart(PlotWidget, can_focus=False):
    """Lines over time, shares with intervals, or numbered bars."""

    DEFAULT_CSS = """
    Chart { height: 1fr; min-height: 8; }
    Chart > .plot--axis { color: $foreground-muted; }
    Chart > .plot--tick { color: $foreground; text-style: none; }
    """

    def __init__(self) -> None:
        super().__init__(allow_pan_and_zoom=False)

    def on_mount(self) -> None:
        """Leave little room beside the plot."""
        self.margin_top, self.margin_bottom, self.margin_left = 0, 1, 7

    @on(MouseDown)
    @on(MouseScrollDown)
    @on(MouseScrollUp)
    def _leave_the_mouse(self, event: MouseEvent) -> None:
        """The wheel is the page's: a plot would zoom, and keep the event.

        A button would move its legend, and look for it where the screen may have
        ended since (textual-plot 0.10).
        """
        event.prevent_default()

    def lines(
        self,
        times: Sequence[datetime],
        series: Sequence[Sequence[float]],
        *,
        top: float | None = None,
    ) -> None:
        """One or two lines over time.

        Args:
            times: of every point.
            series: a line each.
            top: the end of the scale; shares where it is None.
        """
        self.clear()
        start = times[0].timestamp()
        at = [time.timestamp() - start for time in times]
        # A single moment gets a day to stand in.
        end = at[-1] or DAY_SECONDS
        for place, values in enumerate(series):
            style = self._colour(place)
            if len(at) > 1:
                self.plot(at, values, line_style=style, hires_mode=HiResMode.BRAILLE)
            if len(at) <= MOST_MARKS:
                self.scatter(at, values, marker=MARKS[place], marker_style=style)
        # Marks at the ends would be drawn under the frame.
        self.set_xlimits(-MARGIN * end, (1 + MARGIN) * end)
        ticks = [0.0, end / 3, 2 * end / 3, end] if len(at) > 1 else [0.0]
        form = "%d %b"
        if len(at) > 1 and end < DAY_SECONDS:
            form = "%H:%M"
        elif end > YEAR_SECONDS:
            form = "%b %y"
        days = [datetime.fromtimestamp(start + tick, UTC) for tick in ticks]
        self._x_axis(
            {t: day.strftime(form) for t, day in zip(ticks, days, strict=True)}
        )
        top, form = (1.0, "{:.0%}") if top is None else (top or 1.0, "{:.1f}")
        self.set_ylimits(0.0, (1 + MARGIN) * top)
        self._y_axis({part * top: form.format(part * top) for part in QUARTERS})

    def weeks(
        self,
        points: Sequence[tuple[datetime, Share, Share | None, bool]],
        scale: tuple[float, float],
    ) -> None:
        """Each week with its interval, between the two lines of its reference.

        Args:
            points: the time of each, its share, that of the reference if there is one,
                and whether it is alarming.
            scale: both ends of it.
        """
        self.clear()
        start = points[0][0].timestamp()
        bottom, top = scale
        at = [time.timestamp() - start for time, *_ in points]
        end = at[-1] or DAY_SECONDS
        band = [(x, b) for x, (_, _, b, _) in zip(at, points, strict=True) if b]
        for ends in ([b.low for _, b in band], [b.high for _, b in band]):
            if len(ends) > 1:
                self.plot(
                    [x for x, _ in band],
                    [min(max(y, bottom), top) for y in ends],
                    line_style=self._colour(1),
                    hires_mode=HiResMode.BRAILLE,
                )
        for x, (_, share, _, alarming) in zip(at, points, strict=True):
            low, high = max(share.low, bottom), min(share.high, top)
            self.errorbar(
                [x],
                [(low + high) / 2],
                xerr=[float("inf")],  # none is drawn
                yerr=[(high - low) / 2],
                marker="│",
                marker_style=self._colour(0),
            )
            self.scatter(
                [x],
                [share.share],
                marker="!" if alarming else MARKS[0],
                marker_style=self._colour(0),
            )
        self.set_xlimits(-MARGIN * end, (1 + MARGIN) * end)
        ticks = {at[0]: points[0][0], at[-1]: points[-1][0]}
        self._x_axis({tick: day.strftime("%d %b") for tick, day in ticks.items()})
        room = MARGIN * (top - bottom)
        self.set_ylimits(bottom - room, top + room)
        marks = [bottom + part * (top - bottom) for part in QUARTERS]
        self._y_axis({mark: f"{mark:.0%}" for mark in marks})

    def intervals(self, shares: Sequence[Share]) -> None:
        """A numbered line for each share, from end to end of its interval."""
        self.clear()
        number = len(shares)
        for place, share in enumerate(shares):
            height = float(number - place)
            self.errorbar(
                [(share.low + share.high) / 2],
                [height],
                xerr=[(share.high - share.low) / 2],
                yerr=[float("inf")],  # none is drawn
                marker="─",
                marker_style=self._colour(1),
            )
            self.scatter(
                [share.share], [height], marker="●", marker_style=self._colour(0)
            )
        self.set_xlimits(-MARGIN, 1 + MARGIN)
        self.set_ylimits(0.5, number + 0.5)
        self._x_axis({part: f"{part:.0%}" for part in QUARTERS})
        self._y_axis({float(number - n): f"{n + 1}" for n in range(number)})

    def bars(self, numbers: Sequence[int]) -> None:
        """A numbered bar for each count."""
        self.clear()
        places = [float(place) for place in range(1, len(numbers) + 1)]
        # The smallest bar is a line high, which is too much for nothing.
        there = [(p, n) for p, n in zip(places, numbers, strict=True) if n]
        self.bar(
            [place for place, _ in there],
            [number for _, number in there],
            width=0.6,
            bar_style=self._colour(0),
        )
        most = float(max(numbers))
        self.set_xlimits(0.4, len(numbers) + 0.6)
        self.set_ylimits(0.0, (1 + MARGIN) * most)
        self._x_axis({place: f"{place:.0f}" for place in places})
        self._y_axis({0.0: "0", most: f"{most:,.0f}"})

    def _x_axis(self, labels: dict[float, str]) -> None:
        self.set_x_formatter(_Ticks(labels))
        self.set_xticks(list(labels))

    def _y_axis(self, labels: dict[float, str]) -> None:
        self.set_y_formatter(_Ticks(labels))
        self.set_yticks(list(labels))

    def _colour(self, place: int) -> str:
        variables = self.app.theme_variables
        # Rich calls the terminal's own colours by shorter names.
        return variables["primary" if place == 0 else "accent"].removeprefix("ansi_")
