"""A virtual list with columns: it draws the rows that are on screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.app.keys import keys
from tui.flow.text import plain

Item = TypeVar("Item")
ROLES = ("muted", "good", "warn", "bad", "accent", "strong")
LIST_KEYS = keys(
    "list",
    ("down,j", "move(1)", "", "Down", "down"),
    ("up,k", "move(-1)", "", "Up", "up"),
    ("pagedown", "page(1)", "", "Page down", "page_down"),
    ("pageup", "page(-1)", "", "Page up", "page_up"),
    ("home,g", "edge(-1)", "", "First", "first"),
    ("end,G", "edge(1)", "", "Last", "last"),
    ("enter", "choose", "", "Open"),
)
"""The keys of every list."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of one cell, and how it is drawn."""

    text: str
    """Any text: what draws it, or lays it out, makes unseen characters visible."""
    role: str = ""
    """One of the list's roles, or empty for its own colour."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its title, and how much room it takes."""

    title: str
    """Drawn above the rows."""
    width: int = 0
    """Cells; 0 shares what the others leave."""
    minimum: int = 0
    """Left out where the list is narrower than this; 0 is never."""
    right: bool = False
    """Numbers are set against the right edge."""


class RowList(ScrollView, Generic[Item], can_focus=True):
    """Rows of any number; memory and time depend on those in sight alone.

    Args:
        headings: the columns.
        cells: the cells of one thing, one for each column.
        found: what is listed, until `show` says otherwise.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-list--heading",
        "row-list--cursor",
        *(f"row-list--{role}" for role in ROLES),
    }
    DEFAULT_CSS = """
    RowList {
        height: 1fr;
        background: $background;
        & > .row-list--heading { color: $foreground; text-style: bold dim; }
        & > .row-list--cursor { background: $primary-muted; }
        &:blur > .row-list--cursor { background: $surface; }
        & > .row-list--muted { text-style: dim; }
        & > .row-list--good { color: $text-success; }
        & > .row-list--warn { color: $text-warning; }
        & > .row-list--bad { color: $text-error; }
        & > .row-list--accent { color: $text-accent; }
        & > .row-list--strong { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = LIST_KEYS

    cursor: reactive[int] = reactive(0)

    @dataclass
    class OfRow(Message):
        """Something is said of a row."""

        rows: RowList[Any]
        """The list."""
        index: int
        """The row."""

        @property
        def control(self) -> RowList[Any]:
            """The list, for selectors."""
            return self.rows

    class Moved(OfRow):
        """The cursor is on another row."""

    class Chosen(OfRow):
        """Enter, or a second click, on a row."""

    def __init__(
        self,
        headings: Sequence[Heading],
        cells: Callable[[Item], Sequence[Cell]],
        found: Sequence[Item] = (),
        *,
        id: str | None = None,  # noqa: A002  # Textual's own name for it
    ) -> None:
        super().__init__(id=id)
        self._headings = tuple(headings)
        self._cells = cells
        self.found = found
        """What is listed."""

    def cells(self, index: int) -> Sequence[Cell]:
        """The cells of one row."""
        return self._cells(self.found[index])

    def at(self, index: int) -> Item | None:
        """What a row stands for; None where there is no such row, or none any more."""
        return self.found[index] if 0 <= index < len(self.found) else None

    @property
    def here(self) -> Item | None:
        """What is under the cursor; None where nothing is listed."""
        return self.at(self.cursor)

    def show(
        self, found: Sequence[Item] | None = None, *, cursor: int | None = None
    ) -> None:
        """Draw again, something else or at another place, if given."""
        if found is not None:
            self.found = found
        self._resize()
        wanted = self.cursor if cursor is None else cursor
        self.cursor = max(0, min(wanted, len(self.found) - 1))
        self._reveal()
        self.refresh()

    def watch_cursor(self, before: int, after: int) -> None:
        """Keep the row in sight and tell the screen."""
        self._reveal()
        self.refresh()
        if before != after:
            self.post_message(self.Moved(self, after))

    def action_move(self, by: int) -> None:
        """Go some rows down or up."""
        self.cursor = max(0, min(self.cursor + by, len(self.found) - 1))

    def action_page(self, direction: int) -> None:
        """Go a screenful down or up."""
        self.action_move(direction * max(self.size.height - 2, 1))

    def action_edge(self, direction: int) -> None:
        """Go to the first or last row."""
        self.cursor = 0 if direction < 0 else max(len(self.found) - 1, 0)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if len(self.found):
            self.post_message(self.Chosen(self, self.cursor))

    def on_resize(self, event: events.Resize) -> None:
        """Fit the virtual size to the new width."""
        self._resize()
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens."""
        index = self.scroll_offset.y + event.y - 1
        if event.y == 0 or not 0 <= index < len(self.found):
            return
        if index == self.cursor and event.chain > 1:
            self.action_choose()
        self.cursor = index

    def render_line(self, y: int) -> Strip:
        """One line: the headings on top, rows below, as far as scrolled."""
        width = self.scrollable_content_region.width
        style = self.visual_style.rich_style
        if y == 0:
            cells = [Cell(h.title) for h in self._headings]
            style += self.get_component_rich_style("row-list--heading", partial=True)
            return self._draw(cells, width, style, " ")
        index = self.scroll_offset.y + y - 1
        if index >= len(self.found):
            return Strip.blank(width, style)
        bar = " "
        if index == self.cursor:
            style += self.get_component_rich_style("row-list--cursor", partial=True)
            bar = "▌" if self.has_focus else "▏"  # also where there is no colour
        return self._draw(self.cells(index), width, style, bar)

    def _draw(self, cells: Sequence[Cell], width: int, style: Style, bar: str) -> Strip:
        accent = self.get_component_rich_style("row-list--accent", partial=True)
        segments = [Segment(bar, style + accent)]
        for cell, heading, room in zip(
            cells, self._headings, self._widths(width - 1), strict=True
        ):
            if not room:
                continue
            text = plain(cell.text)
            if cell_len(text) > room:
                text = set_cell_size(text, max(room - 1, 0)).rstrip() + "…"
            missing = max(room - cell_len(text), 0)
            text = " " * missing + text if heading.right else text + " " * missing
            drawn = style
            if cell.role:
                drawn = style + self.get_component_rich_style(
                    f"row-list--{cell.role}", partial=True
                )
            segments += [Segment(text, drawn), Segment(" ", style)]
        return Strip(segments).adjust_cell_length(width, style)

    def _widths(self, width: int) -> list[int]:
        shown = [h for h in self._headings if width >= h.minimum]
        fixed = sum(h.width + 1 for h in shown)
        flexible = sum(not h.width for h in shown)
        share, rest = divmod(max(width - fixed, 0), max(flexible, 1))
        widths = []
        for heading in self._headings:
            if heading not in shown:
                widths.append(0)
            elif heading.width:
                widths.append(heading.width)
            else:
                widths.append(share + rest)
                rest = 0
        return widths

    def _resize(self) -> None:
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width, len(self.found) + 1)

    def _reveal(self) -> None:
        # The headings cover the first line, hence one line more than the row.
        self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, force=True)
