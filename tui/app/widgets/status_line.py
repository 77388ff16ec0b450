"""The line above the key hints: which database, which model, what is under way."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from tui.flow.text import plain


class StatusLine(Widget):
    """Where we are on the left, what is going on on the right.

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

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def render(self) -> Text:
        """Both ends, the activity first where the line is too short."""
        width = self.size.width
        right = Text(f" {plain(self.activity)} " if self.activity else "")
        right.stylize("bold")
        if right.cell_len >= width:
            right.truncate(width, overflow="ellipsis")
            return right
        left = Text(f" {plain(self._place)}")
        left.truncate(width - right.cell_len, overflow="ellipsis", pad=True)
        return left + right
