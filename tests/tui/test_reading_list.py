"""The list for reading, alone: rows of any height, moved through in any way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events, on
from textual.app import App, ComposeResult
from textual.geometry import Size

from tui.app.widgets.reading_list import (
    Direction,
    Drawn,
    ReadingList,
    broken,
    laid_out,
    ruled,
    wrapped,
)
from tui.app.widgets.row_list import Cell

WAYS: tuple[Direction, Direction] = (1, -1)


@dataclass
class Numbers:
    """Rows `n.0`, `n.1` … of a height that the width decides; parts have headings."""

    cells: list[int] = field(default_factory=list)
    """How long each row's text is."""
    begins: frozenset[int] = frozenset()
    """Rows that begin a part, besides the first."""
    asked: set[int] = field(default_factory=set)
    """Rows whose text was asked for."""
    seen: Sequence[int] = ()
    """Rows that could be read to their end, as last told."""

    def edge(self, direction: Direction, here: int | None = None) -> int | None:
        """The first or last."""
        if not self.cells:
            return None
        return 0 if direction < 0 else len(self.cells) - 1

    def step(self, place: int, by: Direction) -> int | None:
        """The one after or before."""
        return place + by if 0 <= place + by < len(self.cells) else None

    def height(self, place: int, width: int) -> int:
        """Lines of a row."""
        return max(-(-self.cells[place] // width), 1)

    def row(self, place: int, width: int) -> Sequence[Drawn]:
        """Each line says which it is."""
        self.asked.add(place)
        return [(Cell(f"{place}.{n}"),) for n in range(self.height(place, width))]

    def read(self, places: Sequence[int], width: int) -> None:
        """Keep what is told."""
        self.seen = places

    def part(self, place: int) -> int:
        """The row that begins the part of another."""
        return max((each for each in self.begins if each <= place), default=0)

    def heading(self, place: int, width: int, *, top: bool) -> Drawn | None:
        """Which row begins the part."""
        if not top and place not in self.begins:
            return None
        return (Cell(f"part {self.part(place)}"),)


class Sized(ReadingList[int]):
    """Of the size that a test gives it, without a terminal that has to follow."""

    given = Size(12, 10)

    @property
    def size(self) -> Size:
        """The given one."""
        return self.given


class Alone(App[None]):
    """An app with nothing but the list."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Numbers()
        self.list = Sized(self.rows)

    def compose(self) -> ComposeResult:
        """The list."""
        yield self.list

    def show(self, rows: Numbers, size: Size) -> ReadingList[int]:
        """Begin with other rows."""
        self.rows.__dict__.update(rows.__dict__)
        self.list.given = size
        self.list._top = self.list._cursor = None
        self.list.go(self.rows.edge(-1))
        return self.list


def drawn(shown: ReadingList[int]) -> list[str]:
    """Its lines, without the bar of the cursor."""
    return [shown.render_line(y).text[1:].rstrip() for y in range(shown.size.height)]


def places(shown: ReadingList[int]) -> list[tuple[int, int] | None]:
    """Row and line of the row on each line; None for headings and for nothing."""
    return [
        None if "." not in line else (int(line.split(".")[0]), int(line.split(".")[1]))
        for line in drawn(shown)
    ]


def is_whole(shown: ReadingList[int], rows: Numbers, *, cursor: bool = True) -> None:
    """What must hold of every screen of the list."""
    lines, there = drawn(shown), places(shown)
    width, height = max(shown.size.width - 1, 1), shown.size.height
    if not rows.cells:
        assert set(lines) <= {""}
        return
    rest = [each for each in there if each is not None]
    first, last = rest[0], rest[-1]
    # The rows are one after the other, each line once, headings between parts. Of a
    # part at the top nothing but its heading may be left.
    wanted = [f"part {rows.part(first[0])}"]
    if lines[1] == wanted[0]:
        wanted.insert(0, f"part {rows.part(first[0] - 1)}")
    for place in range(first[0], last[0] + 1):
        if place in rows.begins and place != first[0]:
            wanted.append(f"part {place}")
        begin = first[1] if place == first[0] else 0
        end = rows.height(place, width)
        wanted += [f"{place}.{n}" for n in range(begin, end)]
    after = last[0] + 1
    wanted += [f"part {after}"] if after in rows.begins else []
    assert lines == [*wanted, *[""] * height][:height]
    # Nothing is empty below while anything is hidden above.
    if lines[-1] == "":
        assert last[0] == len(rows.cells) - 1
        assert places(shown)[1] == (0, 0)
    whole = [
        n for n in range(first[0], last[0] + 1) if is_in_sight(there, rows, n, width)
    ]
    assert list(rows.seen) == whole
    here = shown.cursor
    assert here is not None
    if cursor:
        if rows.height(here, width) <= max(height - 1, 1):
            assert here in whole
        else:
            assert (here, 0) in there
    bars = [shown.render_line(y).text[0] == "▌" for y in range(height)]
    assert bars == [each is not None and each[0] == here for each in there]


def is_in_sight(there: Sequence[object], rows: Numbers, place: int, width: int) -> bool:
    """Whether every line of a row stands there."""
    return all((place, n) in there for n in range(rows.height(place, width)))


heights = st.lists(st.integers(0, 40), max_size=25)
sizes = st.builds(Size, st.integers(8, 40), st.integers(2, 16))


@st.composite
def numbers(draw: st.DrawFn) -> Numbers:
    """Rows in parts."""
    cells = draw(heights)
    begins = draw(st.frozensets(st.integers(1, 25), max_size=8))
    return Numbers(cells, frozenset(each for each in begins if each < len(cells)))


moves = st.one_of(
    st.tuples(
        st.sampled_from(["move", "page", "edge", "wheel"]), st.sampled_from(WAYS)
    ),
    st.tuples(st.just("go"), st.integers(0, 24)),
    st.tuples(st.just("size"), sizes),
    st.tuples(st.just("others"), numbers()),
)
many = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def test_however_it_is_moved_each_row_is_drawn_once_and_the_cursors_whole() -> (
    None
):
    app = Alone()
    async with app.run_test():

        @many
        @given(numbers(), sizes, st.lists(moves, max_size=12))
        def holds(rows: Numbers, size: Size, made: list[tuple[str, object]]) -> None:
            shown, there = app.show(rows, size), app.rows
            is_whole(shown, there)
            scrolled = False
            for what, given_ in made:
                match what, given_:
                    case "move", (1 | -1) as by:
                        shown.action_move(by)
                    case "page", (1 | -1) as by:
                        shown.action_page(by)
                    case "edge", (1 | -1) as by:
                        shown.action_edge(by)
                        assert shown.cursor == there.edge(by)
                    case "wheel", (1 | -1) as by:
                        shown._scroll(by)
                    case "go", int(place) if place < len(there.cells):
                        shown.go(place)
                    case "size", Size() as other:
                        app.list.given = other
                        shown.on_resize()
                    case "others", Numbers() as others:
                        there.cells, there.begins = others.cells, others.begins
                        here = shown.cursor
                        if here is None or not others.cells:
                            shown.go(there.edge(-1))
                        else:
                            shown.changed(min(here, len(others.cells) - 1))
                stayed = what == "go" and given_ != shown.cursor
                scrolled = what == "wheel" or (scrolled and stayed)
                is_whole(shown, there, cursor=not scrolled)

        holds()


async def test_pages_show_every_line_and_reach_both_ends() -> None:
    """Whoever reads page by page has read all."""
    app = Alone()
    async with app.run_test():

        @many
        @given(numbers(), st.builds(Size, st.integers(14, 40), st.integers(12, 20)))
        def holds(rows: Numbers, size: Size) -> None:
            shown, there = app.show(rows, size), app.rows
            for by in WAYS:
                shown.action_edge(-1 if by > 0 else 1)
                seen = set(places(shown))
                for _ in there.cells:
                    shown.action_page(by)
                    seen |= set(places(shown))
                assert shown.cursor == there.edge(by)
                assert seen - {None} == {
                    (place, line)
                    for place in range(len(there.cells))
                    for line in range(there.height(place, size.width - 1))
                }

        holds()


async def test_what_changes_above_does_not_move_the_line_of_the_cursor() -> None:
    app = Alone()
    async with app.run_test():

        @many
        @given(numbers(), sizes, st.integers(0, 24), heights)
        def holds(rows: Numbers, size: Size, at: int, above: list[int]) -> None:
            if not rows.cells:
                return
            at = min(at, len(rows.cells) - 1)
            rows.cells += [10] * 20  # else what is above has to come down
            shown, there = app.show(rows, size), app.rows
            shown.go(at)
            line = places(shown).index((at, 0))
            begins = [each - at for each in rows.begins if each >= at]
            there.cells = [*above, *rows.cells[at:]]
            at = len(above)
            there.begins = frozenset(each + at for each in begins if each + at)
            shown.changed(at)
            is_whole(shown, there)
            now = places(shown)
            first = next(each for each in now if each is not None)
            # Only where there is not so much above any more, it goes up.
            assert now.index((at, 0)) == line or (
                first == (0, 0) and now.index((at, 0)) < line
            )

        holds()


async def test_only_rows_near_those_in_sight_are_asked_for() -> None:
    app = Alone()
    async with app.run_test():
        shown = app.show(Numbers([30] * 1_000_000), Size(40, 30))
        for at in (0, 500_000, 999_999):
            app.rows.asked.clear()
            shown.go(at)
            drawn(shown)
            assert len(app.rows.asked) <= 120
        app.rows.asked.clear()
        shown.action_edge(-1)
        shown.action_page(1)
        drawn(shown)
        assert app.rows.asked <= set(range(120))


async def test_it_follows_a_terminal_and_its_mouse() -> None:
    """The real size, and clicks and turns of the wheel where the rows stand."""
    rows = Numbers([5, 90, 5, 200, 5, 5, 90] * 20, frozenset({3, 70}))

    chosen: list[int | None] = []

    class Real(App[None]):
        def compose(self) -> ComposeResult:
            yield ReadingList(rows)

        @on(ReadingList.Chosen)
        def open(self, event: ReadingList.Chosen) -> None:
            chosen.append(event.rows.cursor)

    app = Real()
    async with app.run_test(size=(60, 20)) as pilot:
        shown: ReadingList[int] = app.query_one(ReadingList)
        app.set_focus(shown)
        shown.go(0)
        for width, height in ((40, 30), (80, 8), (61, 20)):
            await pilot.press(*["down"] * 7)
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert shown.size == Size(width, height)
            is_whole(shown, rows)
        await pilot.press("end")
        assert shown.cursor == len(rows.cells) - 1
        await pilot.press("home", "j", "k", "j")
        assert shown.cursor == 1
        line = places(shown).index((4, 0))
        await pilot.click(ReadingList, offset=(3, line))
        assert shown.cursor == 4
        is_whole(shown, rows)
        headed = drawn(shown).index("part 3")
        await pilot.click(ReadingList, offset=(3, headed))
        assert shown.cursor == 4
        before = drawn(shown)
        await pilot._post_mouse_events([events.MouseScrollDown], ReadingList, (3, 3))
        await pilot.pause()
        assert shown.cursor == 4
        assert drawn(shown) != before
        is_whole(shown, rows, cursor=False)
        await pilot.press("down")
        assert shown.cursor == 5
        is_whole(shown, rows)
        line = places(shown).index((4, 0))
        await pilot.click(ReadingList, offset=(3, line), times=2)
        await pilot.press("down", "enter")
        await pilot.pause()
    assert chosen == [4, 5]


words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60)
wide = st.text("ab 寸日é́​🙂-_", max_size=60)
texts = st.one_of(words, wide).map(lambda text: " ".join(text.split()))


@settings(max_examples=500, deadline=None)
@given(texts, st.integers(2, 30))
def test_wrapped_gives_the_text_back_in_lines_that_fit(text: str, width: int) -> None:
    lines = wrapped(text, width, 1000)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    if all(cell_len(word) <= width for word in text.split(" ")):
        assert " ".join(lines) == text


@settings(max_examples=500, deadline=None)
@given(texts, st.integers(2, 30), st.integers(1, 4))
def test_wrapped_says_where_it_has_more(text: str, width: int, most: int) -> None:
    lines, whole = wrapped(text, width, most), wrapped(text, width, 1000)
    assert all(cell_len(line) <= width for line in lines)
    assert 1 <= len(lines) <= most
    if len(whole) <= most:
        assert lines == whole
    else:
        assert lines[-1].endswith("…")
        assert lines[:-1] == whole[: most - 1]
        assert whole[most - 1].startswith(lines[-1][:-1])


def test_of_a_very_long_word_no_more_is_wrapped_than_is_shown() -> None:
    begun = time.perf_counter()
    lines = wrapped("寸" * 100_000, 60, 3)
    assert lines == ("寸" * 30, "寸" * 30, "寸" * 29 + "…")
    assert time.perf_counter() - begun < 2


@settings(max_examples=500, deadline=None)
@given(st.one_of(words, wide, st.text("ab_", max_size=130)), st.integers(2, 30))
def test_a_long_name_is_broken_and_not_cut(name: str, room: int) -> None:
    lines = broken(name, room)
    assert all(cell_len(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(name.split())


def test_of_a_name_without_end_a_beginning_is_drawn() -> None:
    """A row of five thousand lines took seconds to lay out, again for every key."""
    lines = laid_out([Cell(" ")], "x" * 100_000, 18, [], [Cell("It.")], 80)
    assert len(lines) == 15
    assert lines[-1][0].text.rstrip().endswith("x…")


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=140), st.text("0123456789 ,·abc", max_size=40))
def test_a_heading_fits_and_keeps_its_counts(name: str, rest: str) -> None:
    for top in (True, False):
        cells = ruled(name, rest, 78, top=top)
        line = "".join(cell.text for cell in cells)
        assert cell_len(line) <= 78
        assert rest in line


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=130), st.text(max_size=300), st.integers(40, 120))
def test_a_row_is_no_wider_than_its_list(name: str, text: str, width: int) -> None:
    lead, after = [Cell(" "), Cell("○ ")], [Cell("FK  "), Cell("▅ ")]
    for room in (0, 18):
        lines = laid_out(lead, name, room, after, [Cell(text)], width)
        assert lines
        for line in lines:
            assert cell_len("".join(cell.text for cell in line)) <= width
