"""A virtual list for reading: a row takes the lines that its text needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.app.widgets.row_list import LIST_KEYS, ROLES, Cell
from tui.flow.text import plain, shorten

Place = TypeVar("Place", int, tuple[int, int])
"""Where a row is; places are ordered as the rows are."""
Item = TypeVar("Item")
Direction = Literal[1, -1]
Drawn = Sequence[Cell]
"""One line: cells side by side, their texts safe to draw and together no wider."""

LONGEST = 3
"""Lines of a text in the list; what shows one row alone shows all of it."""
NAMED = 256
"""Characters of a name that are drawn; few databases take more, some any number."""
AHEAD = 3
"""A part of the list that stays in sight below the cursor, as in a third."""
WHEEL = 3
"""Rows that a turn of the wheel goes."""


class Rows(Protocol[Place]):
    """What is listed; it is asked only for rows near those in sight."""

    def edge(self, direction: Direction, here: Place | None = None) -> Place | None:
        """The first row for -1, the last one for 1; None where nothing is listed.

        Args:
            direction: which.
            here: a row; where it is not the first or last of its part, that is meant.
        """

    def step(self, place: Place, by: Direction) -> Place | None:
        """The row after or before one; None at the end."""

    def row(self, place: Place, width: int) -> Sequence[Drawn]:
        """The lines of a row, at least one."""

    def read(self, places: Sequence[Place], width: int) -> None:
        """Told which rows have all their lines in sight, whenever that has changed."""

    def heading(self, place: Place, width: int, *, top: bool) -> Drawn | None:
        """What stands above a row: at the top of the list, or where a part begins."""


class ReadingList(Widget, Generic[Place], can_focus=True):
    """Rows of any height and number; cost depends on those in sight alone.

    The first line is the heading of the part that the first row in sight belongs to.

    Args:
        rows: what is listed.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "reading-list--top",
        "reading-list--cursor",
        *(f"reading-list--{role}" for role in (*ROLES, "gone")),
    }
    DEFAULT_CSS = """
    ReadingList {
        width: 1fr;
        height: 1fr;
        background: $background;
        & > .reading-list--top { background: $panel; }
        & > .reading-list--cursor { background: $primary-muted; }
        &:blur > .reading-list--cursor { background: $surface; }
        & > .reading-list--muted { text-style: dim; }
        & > .reading-list--gone { text-style: dim strike; }
        & > .reading-list--good { color: $text-success; }
        & > .reading-list--warn { color: $text-warning; }
        & > .reading-list--bad { color: $text-error; }
        & > .reading-list--accent { color: $text-accent; }
        & > .reading-list--strong { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = LIST_KEYS

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        rows: ReadingList[Any]
        """The list."""

        @property
        def control(self) -> ReadingList[Any]:
            """The list, for selectors."""
            return self.rows

    @dataclass
    class Chosen(Moved):
        """Enter, or a second click, on a row."""

    def __init__(self, rows: Rows[Place], *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._rows: Rows[Place] = rows
        self._cursor: Place | None = None
        self._drawn_at: Place | None = None
        self._top: Place | None = None
        self._above = 0
        self._lines: list[tuple[Place | None, Drawn]] | None = None

    @property
    def cursor(self) -> Place | None:
        """The row under the cursor; None where nothing is listed."""
        return self._cursor

    def bring_back(self) -> bool:
        """Have the row under the cursor in sight; whether it was scrolled away."""
        lines = self._arranged()
        there = [place for place, _ in lines].count(self._cursor)
        if self._cursor is None or there >= min(self._height(self._cursor), self._room):
            return False
        self.go(self._cursor)
        return True

    # Moving

    def go(self, place: Place | None, *, top: Place | None = None) -> None:
        """Put the cursor on a row, with another row at the top if that leaves it seen.

        Args:
            place: the row; None where nothing is listed.
            top: a row before it.
        """
        moved, self._cursor = place != self._cursor, place
        if top is not None:
            self._top, self._above = top, 0
        self._reveal()
        self.changed()
        if moved:
            self.post_message(self.Moved(self))

    def changed(self, place: Place | None = None) -> None:
        """Draw again; the rows are others, or say something else.

        Args:
            place: where the row under the cursor is now: it stays on its line.
        """
        if place is not None:
            line = self._line_of_cursor()
            moved, self._cursor = place != self._cursor, place
            self._put(place, line)
            self._reveal()
            if moved:
                self.post_message(self.Moved(self))
        before, was = self._lines, self._drawn_at
        self._lines, self._drawn_at = None, self._cursor
        if before is None or not self.size.height:
            self.refresh()
            return
        # Lines that stay as they are need not travel to the terminal.
        for y, (old, new) in enumerate(zip_longest(before, self._arranged())):
            places = {line[0] for line in (old, new) if line is not None} - {None}
            moved = was != self._cursor and bool(places & {was, self._cursor})
            if moved or old != new:
                self.refresh(Region(0, y, self.size.width, 1))

    def action_move(self, by: Direction) -> None:
        """Go to the next row or the one before."""
        if (place := self._cursor) is not None:
            then = self._rows.step(place, by)
            self.go(place if then is None else then)

    def action_page(self, by: Direction) -> None:
        """Go as far as leaves no line between what was in sight and what will be."""
        place, lines = self._cursor, 0
        while place is not None and (then := self._rows.step(place, by)) is not None:
            above, below = sorted((place, then))
            lines += self._height(above) + self._headed(below)
            if place != self._cursor and lines + self._height(then) > self._room:
                break
            place = then
        if place is not None:
            self.go(place)

    def action_edge(self, direction: Direction) -> None:
        """Go to the first row or the last."""
        if (place := self._rows.edge(direction, self._cursor)) is not None:
            self.go(place)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self._cursor is not None:
            self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens."""
        lines = self._arranged()
        place = lines[event.y][0] if 0 <= event.y < len(lines) else None
        if place is None:
            return
        if place == self._cursor and event.chain > 1:
            self.action_choose()
        self.go(place)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel shows what follows; the cursor stays."""
        event.stop()
        self._scroll(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel shows what is above."""
        event.stop()
        self._scroll(-1)

    def _scroll(self, by: Direction) -> None:
        for _ in range(WHEEL):
            if self._top is None or (then := self._rows.step(self._top, by)) is None:
                break
            self._top, self._above = then, 0
        self._fill()
        self.changed()

    def on_resize(self) -> None:
        """Rows have other heights."""
        self._above = 0
        self._reveal()
        self._fill()
        self.changed()

    # Where rows stand. Only what is near is measured: the list has no known height.

    @property
    def _room(self) -> int:
        """Lines for rows."""
        return max(self.size.height - 1, 1)

    def _height(self, place: Place) -> int:
        return len(self._rows.row(place, self._width))

    @property
    def _width(self) -> int:
        return max(self.size.width - 1, 1)

    def _headed(self, place: Place) -> bool:
        return self._rows.heading(place, self._width, top=False) is not None

    def _reveal(self) -> None:
        """Have the row under the cursor in sight, and some of what follows."""
        place = self._cursor
        if place is None:
            self._top = self._rows.edge(-1)
            self._above = 0
            return
        if not self.size.height:  # it is not laid out yet
            self._top = place if self._top is None else self._top
            return
        if (
            self._top is None
            or place < self._top
            or (place == self._top and self._above)
        ):
            self._top, self._above = place, 0
            self._fill()
            return
        room = self._room
        ahead, then = 0, self._rows.step(place, 1)
        while then is not None and ahead < room // AHEAD:
            ahead += self._height(then)
            then = self._rows.step(then, 1)
        end = -self._above
        here: Place | None = self._top
        while here is not None and end <= room:
            end += self._height(here)
            if here == place:
                break
            here = self._rows.step(here, 1)
            end += here is not None and self._headed(here)
        last = max(room - min(ahead, room // AHEAD), min(self._height(place), room))
        if here != place or end > last:
            self._put(place, max(last - self._height(place) + 1, 1))

    def _put(self, place: Place, line: int) -> None:
        """Have a row begin at a line of the list, the first below its top being 1."""
        self._top, self._above = place, 0
        missing = line - 1
        while missing > 0:
            before = self._rows.step(self._top, -1)
            if before is None:
                return
            missing -= self._headed(self._top) + self._height(before)
            self._top = before
        self._above = max(-missing, 0)
        self._fill()

    def _fill(self) -> None:
        """Leave no line empty at the end while rows are hidden above."""
        lines, here = -self._above, self._top
        while here is not None and lines < self._room:
            lines += self._height(here)
            here = self._rows.step(here, 1)
            lines += here is not None and self._headed(here)
        missing = self._room - lines
        top = self._top
        while missing > 0 and top is not None:
            if self._above:
                back = min(self._above, missing)
                self._above -= back
                missing -= back
                continue
            before = self._rows.step(top, -1)
            if before is None:
                break
            missing -= self._headed(top)
            self._top, self._above = before, self._height(before)
            top = before

    def _line_of_cursor(self) -> int:
        places = [place for place, _ in self._arranged()]
        return places.index(self._cursor) if self._cursor in places else 1

    # Drawing

    def _arranged(self) -> list[tuple[Place | None, Drawn]]:
        """What stands on each line, and which row it belongs to."""
        if self._lines is not None:
            return self._lines
        width, height = self._width, self.size.height
        lines: list[tuple[Place | None, Drawn]] = []
        whole: list[Place] = []
        place, above = self._top, self._above
        if place is not None:
            heading = self._rows.heading(place, width, top=True)
            lines.append((None, heading or ()))
        while place is not None and len(lines) < height:
            if place != self._top:
                heading = self._rows.heading(place, width, top=False)
                lines += [] if heading is None else [(None, heading)]
            row = self._rows.row(place, width)
            lines += [(place, line) for line in row[above:]]
            if not above and len(lines) <= height:
                whole.append(place)
            place, above = self._rows.step(place, 1), 0
        self._lines = lines
        self._rows.read(whole, width)
        return lines

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.size.width
        style = self.visual_style.rich_style
        lines = self._arranged()
        if y >= len(lines):
            return Strip.blank(width, style)
        place, cells = lines[y]
        bar = Segment(" ", style)
        if y == 0:
            style += self.get_component_rich_style("reading-list--top", partial=True)
            bar = Segment(" ", style)
        elif place is not None and place == self._cursor:
            style += self.get_component_rich_style("reading-list--cursor", partial=True)
            bar = Segment("▌", style + self._style("accent"))
        segments: list[Segment] = [
            Segment(cell.text, style + self._style(cell.role) if cell.role else style)
            for cell in cells
        ]
        return Strip([bar, *segments]).adjust_cell_length(width, style)

    def _style(self, role: str) -> Style:
        return self.get_component_rich_style(f"reading-list--{role}", partial=True)


class Flat(Generic[Item]):
    """Rows of one sequence of things; what belongs together has one heading.

    Args:
        draw: the lines of one thing, in so many cells.
        part: what a thing belongs to, such as its table.
    """

    def __init__(
        self,
        draw: Callable[[Item, int], Sequence[Drawn]],
        part: Callable[[Item], str],
    ) -> None:
        self._draw = draw
        self._part = part
        self.items: Sequence[Item] = ()
        """What is listed."""

    def at(self, place: int | None) -> Item | None:
        """What a row stands for; None where there is none, or none any more."""
        there = place is not None and 0 <= place < len(self.items)
        return self.items[place] if there and place is not None else None

    def edge(self, direction: Direction, here: int | None = None) -> int | None:
        """The first row or the last of all."""
        if not self.items:
            return None
        return 0 if direction < 0 else len(self.items) - 1

    def step(self, place: int, by: Direction) -> int | None:
        """The row after or before one."""
        return place + by if 0 <= place + by < len(self.items) else None

    def row(self, place: int, width: int) -> Sequence[Drawn]:
        """The lines of a row."""
        item = self.at(place)
        return [()] if item is None else self._draw(item, width)

    def read(self, places: Sequence[int], width: int) -> None:
        """Nobody asks which stood on the screen."""

    def heading(self, place: int, width: int, *, top: bool) -> Drawn | None:
        """What the row belongs to, where that begins."""
        if (item := self.at(place)) is None:
            return None
        part, before = self._part(item), self.at(place - 1)
        if not top and before is not None and self._part(before) == part:
            return None
        return ruled(part, "", width, top=top)


def ruled(name: str, rest: str, width: int, *, top: bool) -> Drawn:
    """A heading: a name, and counts that a long one never pushes off.

    Args:
        name: what begins here; any text.
        rest: what is told of it.
        width: cells of the line.
        top: without a rule, since it stands in a line of another colour.
    """
    rest = plain(rest)
    (name,) = wrapped(plain(name), max(width - cell_len(rest) - 5, 8), 1)
    if top:
        return Cell(name, "strong"), Cell(rest)
    rule = "─" * max(width - cell_len(name) - cell_len(rest) - 4, 0)
    return (
        Cell("── ", "muted"),
        Cell(name, "strong"),
        Cell(f"{rest} ", "muted"),
        Cell(rule, "muted"),
    )


def laid_out(
    lead: Sequence[Cell],
    name: str,
    room: int,
    after: Sequence[Cell],
    texts: Sequence[Cell],
    width: int,
) -> list[Drawn]:
    """A row: signs and a name on the left, texts beside them in the lines they need.

    Args:
        lead: what stands before the name, drawn as it is.
        name: any text; it is broken where it is longer than its room.
        room: cells of the name; 0 for none.
        after: what stands between name and text.
        texts: any texts; each begins a line, and has at most `LONGEST`.
        width: cells of all.
    """
    names = broken(shorten(plain(name), NAMED), room) if room else []
    named = [Cell(_left(names[0], room + 1))] if room else []
    before = [*lead, *named, *after]
    indent = sum(cell_len(cell.text) for cell in before)
    margin = sum(cell_len(cell.text) for cell in lead)
    lines = [
        Cell(line, text.role)
        for text in texts
        for line in wrapped(plain(text.text), width - indent, LONGEST)
    ]
    rows: list[Drawn] = [(*before, *lines[:1])]
    for name, line in islice(zip_longest(names, lines), 1, None):
        left = _left(" " * margin + (name or ""), indent)
        rows.append((Cell(left), *([line] if line else [])))
    return rows


def broken(name: str, room: int) -> list[str]:
    """A name in lines of so many cells, broken after `_` where it can be."""
    lines: list[str] = []
    while cell_len(name) > room:
        head = _head(name, room)
        cut = head.rfind("_") + 1
        head = head[: cut if cut > room // 2 else len(head)]
        lines.append(head)
        name = name[len(head) :]
    return [*lines, name]


def _head(text: str, room: int) -> str:
    """As much of a text as so many cells have, and one character at least."""
    head = set_cell_size(text, room)
    if not text.startswith(head):  # a blank stands for half of a wide character
        head = head[:-1]
    return head or text[0]


def _left(text: str, room: int) -> str:
    return text + " " * max(room - cell_len(text), 0)


@lru_cache(maxsize=4096)
def wrapped(text: str, width: int, most: int) -> tuple[str, ...]:
    """A text in lines of at most `width` cells, broken between words where it can.

    Args:
        text: safe to draw, on one line.
        width: cells of a line.
        most: lines; where it has more, the last ends with an ellipsis.
    """
    width = max(width, 2)
    lines: list[str] = []
    line, used = "", 0
    for word in text.split(" "):
        size = cell_len(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            lines.append(line)
        while size > width and len(lines) <= most:
            head = _head(word, width)
            lines.append(head)
            word = word[len(head) :]
            size = cell_len(word)
        line, used = word, size
        if len(lines) > most:
            break
    lines.append(line)
    if len(lines) > most:
        last = lines[most - 1]
        if cell_len(last) >= width:
            last = set_cell_size(last, width - 1).rstrip()
        lines = [*lines[: most - 1], last + "…"]
    return tuple(lines)
