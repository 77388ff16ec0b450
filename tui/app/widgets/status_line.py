"""The line above the key hints: where we are, what is under way, what was just said."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol, cast

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from tui.flow.text import plain

MOST = 3
"""Lines of what is said; more would push the screen about."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the steward is told in passing."""

    text: str
    """One line or a few."""
    until: float
    """By the monotonic clock."""


class Teller(Protocol):
    """The app, as this widget knows it."""

    told: Told | None


class StatusLine(Widget):
    """Where we are on the left, what is going on on the right.

    What is said in passing stands in its place for some seconds: a box would lie over
    what is being read.

    Args:
        place: where we are.
    """

    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        background: $panel;
        color: $text;
    }
    """

    activity: reactive[str] = reactive("")
    place: reactive[str] = reactive("")

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place
        self._told = ""

    def on_mount(self) -> None:
        """Show what is said, also on a screen that comes after it, until its time."""
        self.tell()

    def on_resize(self) -> None:
        """The same words need other lines."""
        self._fit()

    def tell(self) -> None:
        """Look at what is said now, and again when its time is over."""
        told, now = cast(Teller, self.app).told, time.monotonic()
        text = ""
        if told is not None and now < told.until:
            text = told.text
            self.set_timer(told.until - now + 0.05, self.tell)
        if text != self._told:
            self._told = text
            self._fit()
            self.refresh()

    def watch_activity(self) -> None:
        """What is said needs other lines beside it."""
        self._fit()

    def _fit(self) -> None:
        self.styles.height = len(self._lines())

    def _lines(self) -> list[Text]:
        """What is said above what is going on, unless one line has both."""
        width = max(self.size.width, 1)
        right = Text(f" {plain(self.activity)} " if self.activity else "", "bold")
        if right.cell_len >= width:
            right.truncate(width, overflow="ellipsis")
        left = Text(f" {plain(self.place)}")
        said: list[Text] = []
        if self._told:
            told = "\n".join(f" {plain(line)}" for line in self._told.split("\n"))
            said = list(Text(told, "bold").wrap(self.app.console, width))[:MOST]
            for line in said:
                line.rstrip()
            if len(said) == 1 and said[0].cell_len + right.cell_len <= width:
                left, said = said[0], []
            elif not right:
                return said
        if (room := width - right.cell_len) <= 0:
            return [*said, right]
        left.truncate(room, overflow="ellipsis", pad=True)
        return [*said, left + right]

    def render(self) -> Text:
        """Both ends, the activity first where the line is too short."""
        return Text("\n").join(self._lines())
