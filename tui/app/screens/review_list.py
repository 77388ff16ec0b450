"""What the review shows: one table with its suggestions, and moving through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import RenderableType
from textual import on
from textual.app import ComposeResult
from textual.widgets import Footer, Input, Label, Static
from textual.worker import get_current_worker

from catalog.decisions import Batch
from catalog.errors import ColumnistError
from catalog.listing import fuzzy
from catalog.objects import Profile, Table, TableId, Target, table_of
from catalog.places import Place, leave
from catalog.style import StyleRules, check
from catalog.suggestion import STAGED
from model.draft import undescribed
from tui.app.beside import beside
from tui.app.messages import DraftingChanged, DraftsSaved
from tui.app.screens.database_screen import DatabaseScreen
from tui.app.screens.evidence import evidence
from tui.app.screens.facets import (
    OF_SUGGESTIONS,
    Facet,
    FacetModal,
    suggestions_with,
)
from tui.app.screens.review_details import details
from tui.app.screens.review_rows import (
    HEADINGS,
    Line,
    line_cells,
    review_lines,
)
from tui.app.welcome import give_hint
from tui.app.widgets.description_editor import DescriptionEditor
from tui.app.widgets.row_list import Cell, RowList
from tui.app.widgets.status_line import StatusLine
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session
from tui.flow.style_file import read_style
from tui.flow.text import plain

SHORT, TALL = 32, 50
NEAR = 100
"""Tables that are looked at one by one for what is undecided; others in a thread."""
NOTHING_FITS = "No column fits.\nescape clears the filter, f shows other states."
SOON_SECONDS = 0.03
"""Drafts that come within this time are shown together."""


class ReviewList(DatabaseScreen):
    """One table and its columns: listed, filtered, marked and moved through."""

    def __init__(
        self,
        session: Session,
        drafting: BackgroundDrafting,
        order: Sequence[TableId],
        table: TableId,
        column: str | None = None,
    ) -> None:
        super().__init__(session, drafting)
        self._order = list(order)
        self._table_id = table
        self._at: int | None = None
        self._left_at = column
        self._table: Table | None = None
        self._lines: list[Line] = []
        self._others = 0
        self._marked: set[Target] = set()
        self._range_from: int | None = None
        self._facets: frozenset[Facet] = frozenset()
        self._filter = ""
        self._profiles: dict[TableId, dict[str, Profile]] = {}
        self._alternatives: dict[Target, list[str]] = {}
        self._dirty = False
        self._soon = False
        self._undrafted = False
        self._style = StyleRules()

    def compose(self) -> ComposeResult:
        """The list, the details under it, and the editor over those."""
        yield Label("", classes="title", id="head", markup=False)
        yield Label("", classes="about", id="about", markup=False)
        yield RowList(HEADINGS, self._cells, id="targets")
        yield Static(NOTHING_FITS, id="empty", markup=False)
        yield Static("", id="details", markup=False)
        yield DescriptionEditor()
        yield Input(placeholder="part of a column's name", classes="filter")
        yield StatusLine(self._session.database.identity.label)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Take the keys, and the house's rules."""
        self.set_interval(0.3, self._tick)
        try:
            self._style = read_style(self._session.style)
        except ColumnistError as error:
            self.app.explain(error)
        self._list.focus()
        give_hint(self, self._session, "review")

    def on_screen_resume(self) -> None:
        """Show the table, and draft it if nobody has; the write screen changes states.

        It is told so first of all when it is opened.
        """
        if self._table is not None:
            self._reload()
            return
        self._go(self._table_id)
        names = [line.column.name if line.column else None for line in self._lines]
        if self._left_at is not None and self._left_at in names:
            self._list.cursor = names.index(self._left_at)

    def on_resize(self) -> None:
        """Give the list room."""
        self.set_class(self.size.height < SHORT, "-short")
        self.set_class(self.size.height >= TALL, "-tall")

    # What is shown

    def _go(self, table: TableId, *, undecided: int = 0) -> None:
        """Show another table, from its first undecided line, or its last going back."""
        self.query_one(DescriptionEditor).close()
        self._table_id = table
        self._at = self._order.index(table) if table in self._order else None
        self._marked.clear()
        self._range_from = None
        self._drafting.prefer(table)
        self._reload(cursor=0)
        self.remember()
        found = [i for i, line in enumerate(self._list.found) if line.undecided]
        if found:
            self._list.cursor = found[-1] if undecided < 0 else found[0]
        if table not in self._profiles:
            self._sample(table)
        self._undrafted = True
        self._draft()

    def remember(self, *, reviewing: bool = True) -> None:
        """Where to go on the next time."""
        line = self._line
        column = line.column.name if line and line.column else None
        leave(
            self._session.workspace,
            self._session.database_id,
            Place(self._table_id, column, reviewing),
        )

    def _draft(self) -> None:
        """Have what is missing drafted, once.

        A run that is under way does it too; one that is about to end may not, and then
        it is drafted after that.
        """
        if self._undrafted and not self._drafting.running:
            self._undrafted = False
            if self._missing():
                self.app.draft([self._table_id])

    def _missing(self) -> bool:
        if self._table is None:
            return False
        taken = [line.target for line in self._lines if line.suggestion is not None]
        return bool(undescribed(self._table, taken))

    def _reload(self, *, cursor: int | None = None, onward: bool = False) -> None:
        """Show what the workspace holds now."""
        self._others = self._session.workspace.others()
        table = self._session.snapshot.table(self._table_id)
        if table is None:
            self.notify("This table is no longer in the catalog.")
            self.app.pop_screen()
            return
        self._table = table
        self._lines = review_lines(
            table, self._session.suggestions.of_table(self._table_id)
        )
        self._relist(cursor=cursor, onward=onward)

    def _follow(self, batch: Batch, *, onward: bool = False) -> None:
        """Show what an action made of one suggestion; after any other, all anew.

        So too where it came too late, or somebody else did anything meanwhile.
        """
        alone = self._session.workspace.others() == self._others
        ids = [batch.only] if batch.only is not None and alone else []
        for changed in self._session.suggestions.get(ids):
            self._lines = [
                replace(line, suggestion=changed)
                if line.target == changed.target
                else line
                for line in self._lines
            ]
            self._relist(onward=onward)
            return
        self._reload(onward=onward)

    def _relist(self, *, cursor: int | None = None, onward: bool = False) -> None:
        """Show the lines that fit.

        Args:
            cursor: where the cursor goes; None leaves it on its line.
            onward: it goes on from there, to what is undecided or one down.
        """
        if self._table is None:
            return
        match = fuzzy(self._filter).match
        wanted = suggestions_with(self._facets)
        lines = [
            line
            for line in self._lines
            if match(line.target.name.lower())
            and (
                not wanted
                or (line.suggestion is not None and wanted.fits(line.suggestion))
            )
        ]
        before = self._list.cursor
        targets = [line.target for line in lines]
        stays = (here := self._line) is not None and here.target in targets
        if cursor is None:
            cursor = targets.index(here.target) if here and stays else before
        if onward:
            after = range(cursor + stays, len(lines))
            cursor = next((i for i in after if lines[i].undecided), cursor + stays)
        self._list.show(lines, cursor=cursor)
        self.set_class(not lines, "-empty")
        self._headline()
        if self._list.cursor == before:  # else it is told that the cursor moved
            self._detail()

    def _headline(self) -> None:
        undecided = sum(line.undecided for line in self._lines)
        staged = sum(
            line.suggestion is not None and line.suggestion.state in STAGED
            for line in self._lines
        )
        place = "" if self._at is None else f"  ({self._at + 1}/{len(self._order)})"
        parts = [f"{undecided} to decide", f"{staged} to write"]
        if self._marked:
            parts.append(f"{len(self._marked)} marked")
        if self._facets:
            labels = sorted(facet.label for facet in self._facets)
            parts.append(f"only {', '.join(labels)}")
        if self._filter:
            parts.append(f"names with {self._filter}")
        # Laying the screen out takes as long as drawing it.
        self.query_one("#head", Label).update(
            plain(f"{self._table_id}{place} — {' · '.join(parts)}"), layout=False
        )
        text = self._lines[0].text if self._lines else ""
        text = plain(text or "Nobody has said yet what this table is.")
        about = self.query_one("#about", Label)
        if about.content != text:
            about.update(text)

    @on(RowList.Moved)
    def _detail(self) -> None:
        line = self._line
        shown: RenderableType = ""
        if line is not None:
            style = check(line.text, line.target.name, self._style)
            shown = details(
                line,
                self._facts(line),
                alternatives=self._alternatives.get(line.target, ()),
                style=style if line.suggestion else (),
            )
        self.query_one("#details", Static).update(shown, layout=False)

    def _facts(self, line: Line) -> list[str]:
        if self._table is None:
            return []
        return evidence(self._table, line.target, self._profiles.get(self._table.id))

    @property
    def _list(self) -> RowList[Line]:
        return self.query_one("#targets", RowList)

    @property
    def _line(self) -> Line | None:
        return self._list.here

    def _cells(self, line: Line) -> Sequence[Cell]:
        assert self._table is not None  # nothing is listed before it is read
        return line_cells(self._table, line, marked=line.target in self._marked)

    @on(DraftsSaved)
    def _drafted(self, event: DraftsSaved) -> None:
        if not event.drafts or any(
            table_of(draft.target) == self._table_id for draft in event.drafts
        ):
            self._dirty = True
            # The first is shown at once, those that come with it together.
            if not self._soon:
                self._soon = True
                self.set_timer(SOON_SECONDS, self._show_drafts)

    def _show_drafts(self) -> None:
        self._soon = False
        if self._dirty:
            self._dirty = False
            self._reload()

    def _changed(self) -> None:
        self._dirty = True

    @on(DraftingChanged)
    def _ended(self) -> None:
        self._dirty = True
        self._draft()

    def _tick(self) -> None:
        if self._dirty:
            self._dirty = False
            self._reload()
        self._say()

    # Moving and marking

    def action_mark(self) -> None:
        """Mark or unmark what is under the cursor."""
        if (line := self._line) is not None:
            self._marked ^= {line.target}
            cursor = self._list.cursor
            self._relist(cursor=cursor)
            self._list.action_move(1)

    def action_range(self) -> None:
        """Begin a range, or mark from its beginning to here."""
        here = self._list.cursor
        if self._range_from is None:
            self._range_from = here
            self.notify("Range begins here; move, then v marks it.")
            return
        low, high = sorted((self._range_from, here))
        self._marked |= {line.target for line in self._list.found[low : high + 1]}
        self._range_from = None
        self._relist(cursor=here)

    def action_next(self, direction: int) -> None:
        """The next undecided one, in this table or another."""
        lines = self._list.found
        here = self._list.cursor
        places = (
            range(here + 1, len(lines)) if direction > 0 else range(here - 1, -1, -1)
        )
        for index in places:
            if lines[index].undecided:
                self._list.cursor = index
                return
        if (at := self._at) is None:
            return
        rest = self._order[at + 1 :] if direction > 0 else self._order[:at][::-1]
        for table in rest[:NEAR]:
            if self._session.suggestions.waits(table):
                self._go(table, undecided=direction)
                return
        self._look_further(rest[NEAR:], direction)

    @beside("further", "Looking for what is undecided")
    def _look_further(self, rest: Sequence[TableId], direction: int) -> None:
        worker = get_current_worker()
        here = self._table_id
        waiting = set(self._session.suggestions.tables()) if rest else set()
        found = next((table for table in rest if table in waiting), None)
        if not worker.is_cancelled:
            self.call_later(self._further, here, found, direction)

    def _further(self, here: TableId, found: TableId | None, direction: int) -> None:
        if here != self._table_id:
            return
        if found is None:
            self.notify("Nothing undecided that way.")
        else:
            self._go(found, undecided=direction)

    def action_table(self, direction: int) -> None:
        """The next or previous table of the list."""
        if self._at is None:
            return
        at = self._at + direction
        if 0 <= at < len(self._order):
            self._go(self._order[at])
        else:
            self.notify("That was the last table." if direction > 0 else "First table.")

    def action_filter(self) -> None:
        """List columns by name."""
        box = self.query_one(Input)
        box.add_class("-open")
        box.focus()

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        self._filter = event.value
        self._relist()

    @on(Input.Submitted)
    def _filter_done(self) -> None:
        self._list.focus()

    def action_state(self) -> None:
        """List by state, source, confidence or finding."""

        def list_those(chosen: frozenset[Facet]) -> None:
            self._facets = chosen
            self._relist()

        self.app.ask(FacetModal(OF_SUGGESTIONS, self._facets), list_those)

    def action_clear(self) -> None:
        """No filter, no marks."""
        box = self.query_one(Input)
        box.value = ""
        box.remove_class("-open")
        self._facets = frozenset()
        self._marked.clear()
        self._range_from = None
        self._list.focus()
        self._relist()

    # Evidence

    @beside("evidence", "Sampling")
    def _sample(self, table_id: TableId) -> None:
        """Look at a bounded sample once; it is held in memory only."""
        worker = get_current_worker()
        table = self._session.snapshot.table(table_id)
        if table is not None:
            found = self._session.profile(table, stop=lambda: worker.is_cancelled)
            if not worker.is_cancelled:
                self._profiles[table_id] = found
                self.call_later(self._changed)
