"""How documenting goes: coverage, acceptance, reasons, pace, and whose words stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Grid, Vertical, VerticalScroll
from textual.widgets import Footer, Label, Static
from textual.worker import Worker, WorkerState

from catalog.drift import Drift, Measure, Series
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.chart import MARKS, Chart
from tui.app.widgets.headline import Headline
from tui.app.widgets.status_line import StatusLine
from tui.flow import report, watching
from tui.flow.figures import NOTHING, Figures, Rate, apart, between, gather
from tui.flow.session import Session
from tui.flow.text import count, percent, plain

WIDE = 130
"""Columns from which two panels stand side by side."""
LISTED = 6
"""Lines of a panel; the report has all of them."""
NUMBERS = 34
"""Cells of a line's numbers, and of its own number before the name."""
LONGEST_NAME = 60


class Panel(Vertical):
    """One figure: what it is, the chart, and its numbers."""

    def __init__(self, heading: str, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._heading = heading

    def compose(self) -> ComposeResult:
        """Heading, chart, numbers."""
        yield Label(self._heading, classes="panel-title", markup=False)
        yield Chart()
        yield Static("", classes="numbers", markup=False)

    @property
    def chart(self) -> Chart:
        """To draw in."""
        return self.query_one(Chart)

    def tell(self, lines: Sequence[str], *, empty: bool = False) -> None:
        """Show the numbers; no chart where there is nothing to draw."""
        self.set_class(empty, "-bare")
        self.query_one(".numbers", Static).update("\n".join(lines))


class FiguresScreen(WorkingScreen[None]):
    """Coverage over time, acceptance, reasons, pace, and whose words stand."""

    TITLE = "Figures"
    CSS_PATH = "figures.tcss"
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "figures",
        (
            "h",
            "save",
            "Save report",
            f"Save all of it as {report.FILE_NAME} in the current folder",
        ),
        (
            "d",
            "weeks",
            "Weeks",
            "Week by week, beside the weeks before, or all the other figures",
        ),
        (
            "s",
            "part",
            "",
            "Weeks of the next schema or model, those with an alarm first",
        ),
        ("j", "scroll(1)", "", "Scroll down", "down"),
        ("k", "scroll(-1)", "", "Scroll up", "up"),
        ("q,escape", "app.pop_screen", "Back", "Back to the catalog", "back"),
    )

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._figures: Figures | None = None
        self._part = 0
        """Which of the parts the weeks are of."""

    def compose(self) -> ComposeResult:
        """Warnings, then a panel for each figure."""
        yield Headline(" Figures — counting…")
        with VerticalScroll(id="page"):
            yield Static("", id="warnings", markup=False)
            yield Static("", id="nothing", markup=False)
            with Grid(id="panels"):
                yield Panel("Coverage over time", id="coverage")
                yield Panel(
                    "Accepted as drafted of what was read, by origin", id="origins"
                )
                yield Panel("Accepted as drafted of what was read, by kind", id="kinds")
                yield Panel("Why texts were rejected", id="reasons")
                yield Panel("Decisions a minute, day by day", id="pace")
                yield Panel("Whose words stand in the database", id="provenance")
            yield Static("", id="basis", markup=False)
            with Grid(id="weeks"):
                for measure in Measure:
                    panel = Panel(watching.WORDS[measure].title, id=measure.value)
                    panel.display = False
                    yield panel
        yield StatusLine(self._session.database.identity.label)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Count in the background."""
        self.query_one("#page").focus()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show())
        # Counting may take no time, and the panels are composed after this.
        self.call_after_refresh(self._count)

    def on_resize(self) -> None:
        """Two panels side by side where there is room."""
        self.set_class(self.size.width >= WIDE, "-wide")
        self._show()

    @beside("figures", "Counting")
    def _count(self) -> None:
        # A connection of its own: counting 200,000 decisions takes two seconds, and
        # every key that decides would wait for the other one.
        with self._session.workspace.beside() as workspace:
            figures = gather(
                workspace,
                self._session.database_id,
                self._session.database.identity.label,
            )
        self.call_later(self._counted, figures)

    def _counted(self, figures: Figures) -> None:
        self._figures = figures
        self._show()

    @on(Worker.StateChanged)
    def _failed(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "figures" and event.state is WorkerState.ERROR:
            self.query_one(Headline).tell(" Figures — could not be counted")

    # Drawing

    def _show(self) -> None:
        figures = self._figures
        if figures is None:
            return
        intervals = " · intervals hold with 95 % confidence"
        self.query_one(Headline).tell(" Figures — ", plain(figures.label), intervals)
        warnings = [f"! {plain(warning)}" for warning in figures.warnings]
        self.query_one("#warnings", Static).update("\n".join(warnings))
        self.set_class(bool(warnings), "-warned")
        self.set_class(figures.is_empty, "-undecided")
        self.query_one("#nothing", Static).update(
            f"{NOTHING} Accept, edit or reject a draft, and figures appear here.\n"
            "q goes back; enter opens a table there."
        )
        if self.has_class("-weeks"):
            self._show_weeks(figures.drift)
        self._show_coverage(figures)
        self._show_rates("#origins", figures.origins)
        self._show_rates("#kinds", figures.kinds)
        self._show_counts("#reasons", figures.reasons, "Nothing was rejected.")
        self._show_pace(figures)
        self._show_counts(
            "#provenance", figures.provenance, "Nothing that was written stands."
        )

    def _named(self, text: str) -> str:
        """Foreign text as a cell of its column, as wide as the panel allows."""
        panel = self.size.width // (2 if self.has_class("-wide") else 1) - 6
        width = min(panel - NUMBERS, LONGEST_NAME)
        shown = plain(text)
        if cell_len(shown) > width:
            return set_cell_size(shown, width - 1) + "…"
        return set_cell_size(shown, width)

    def _show_coverage(self, figures: Figures) -> None:
        panel = self.query_one("#coverage", Panel)
        if not figures.coverage:
            panel.tell(
                ["It is noted at the end of every scan of the whole database."],
                empty=True,
            )
            return
        points = figures.coverage[0].points
        now = points[-1]
        panel.tell(
            [
                f"{MARKS[0]} tables   {percent(now.share_of_tables):>4}"
                f" ({now.tables_described:,} of {now.tables:,})",
                f"{MARKS[1]} columns  {percent(now.share_of_columns):>4}"
                f" ({now.columns_described:,} of {now.columns:,})",
            ]
        )
        panel.chart.lines(
            [point.at for point in points],
            [
                [point.share_of_tables or 0.0 for point in points],
                [point.share_of_columns or 0.0 for point in points],
            ],
        )

    def _show_rates(self, panel_id: str, rates: Sequence[Rate]) -> None:
        panel = self.query_one(panel_id, Panel)
        listed = [
            (rate, share)
            for rate in rates[:LISTED]
            if (share := rate.share) is not None
        ]
        also = list(apart(rates))
        if not listed:
            panel.tell(also or [NOTHING], empty=True)
            return
        lines = [f"  {self._named('')} {'read':>8} {'accepted':>9} {'95 %':>11}"]
        for number, (rate, share) in enumerate(listed, 1):
            lines.append(
                f"{number} {self._named(rate.name)} {rate.read:>8,}"
                f" {share.share:>9.0%} {between(share):>11}"
            )
        panel.tell([*lines, *_more(len(rates)), *also])
        panel.chart.intervals([share for _, share in listed])

    def _show_counts(
        self, panel_id: str, counts: Sequence[tuple[str, int]], nothing: str
    ) -> None:
        panel = self.query_one(panel_id, Panel)
        total = sum(number for _, number in counts)
        if not total:
            panel.tell([nothing], empty=True)
            return
        listed = counts[:LISTED]
        lines = [
            f"{place} {self._named(name)} {number:>8,} {number / total:>9.0%}"
            for place, (name, number) in enumerate(listed, 1)
        ]
        panel.tell([*lines, *_more(len(counts))])
        panel.chart.bars([number for _, number in listed])

    def _show_pace(self, figures: Figures) -> None:
        panel = self.query_one("#pace", Panel)
        pace = figures.metrics.pace
        days = [
            (day.day, speed)
            for day in figures.metrics.days
            if (speed := day.pace.per_minute) is not None
        ]
        if pace.per_minute is None or not days:
            panel.tell(
                ["Nothing to say yet: two decisions within a minute are needed."],
                empty=True,
            )
            return
        panel.tell(
            [
                f"{MARKS[0]} {pace.per_minute:.1f} a minute in all, over"
                f" {count(pace.decisions, 'decision')} one by one"
            ]
        )
        panel.chart.lines(
            [datetime(d.year, d.month, d.day, tzinfo=UTC) for d, _ in days],
            [[speed for _, speed in days]],
            top=max(speed for _, speed in days),
        )

    def _show_weeks(self, found: Drift) -> None:
        parts = watching.worth(found)
        lines = [watching.basis(found) if parts else watching.EMPTY]
        if parts:
            scope, name = parts[self._part % len(parts)]
            of = f"Weeks of {plain(watching.named(scope, name))}"
            more = "; s shows the next part." if len(parts) > 1 else "."
            lines = [
                f"{of}, {self._part % len(parts) + 1} of {len(parts)}{more}",
                *lines,
            ]
            if not found.told:
                lines.append(watching.TOO_FEW)
        self.query_one("#basis", Static).update("\n".join(lines))
        shown = {each.measure: each for each in found.of(scope, name)} if parts else {}
        for measure in Measure:
            panel = self.query_one(f"#{measure.value}", Panel)
            panel.display = measure in shown
            if measure in shown:
                self._show_series(panel, shown[measure])

    def _show_series(self, panel: Panel, series: Series) -> None:
        points = series.points[-watching.LISTED :]
        now, measure = points[-1], series.measure
        lines = [
            f"{MARKS[0]} {watching.shown(measure, now.value.share)}"
            f" ({watching.between(measure, now.value)}) of"
            f" {count(now.tables, 'table')} in the week of {now.week}"
        ]
        if now.before is None:
            lines.append("  too few tables to compare it")
        else:
            mark = "!" if now.alarm else " "
            lines.append(
                f"{mark} {watching.shown(measure, now.before.share)} before"
                f" ({watching.between(measure, now.before)})"
            )
        panel.tell(lines)
        panel.chart.weeks(
            [
                (
                    datetime(p.week.year, p.week.month, p.week.day, tzinfo=UTC),
                    p.value,
                    p.before,
                    p.alarm,
                )
                for p in points
            ],
            watching.scale(series),
        )

    # Keys

    def action_weeks(self) -> None:
        """Show the weeks in place of the other figures, or these again."""
        self.toggle_class("-weeks")
        if self._figures is not None:
            self._show_weeks(self._figures.drift)
        self.query_one("#page").scroll_home(animate=False)

    def action_part(self) -> None:
        """Show the weeks of another part of the texts."""
        if self._figures is not None:
            self.set_class(True, "-weeks")
            self._part += 1
            self._show_weeks(self._figures.drift)

    def action_save(self) -> None:
        """Save the report in the current folder."""
        if self._figures is None:
            self.notify("Still counting.")
            return
        self._save(self._figures, Path(report.FILE_NAME))

    @beside("report", "Saving the report")
    def _save(self, figures: Figures, path: Path) -> None:
        report.save(figures, path)
        self.notify(f"Saved {plain(str(path.absolute()))}.", markup=False)

    def action_scroll(self, direction: int) -> None:
        """Scroll a line."""
        self.query_one("#page").scroll_relative(y=direction, animate=False)


def _more(number: int) -> list[str]:
    left = number - LISTED
    return [f"… and {left:,} more; h saves a report with all"] if left > 0 else []
