"""What the review shows: tables and their columns in one list, and moving in it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Footer, Input, Static
from textual.worker import get_current_worker

from catalog.decisions import Batch
from catalog.errors import ColumnistError
from catalog.listing import name_like, name_pattern
from catalog.objects import Profile, Table, TableId, Target, make_target, table_of
from catalog.pairs import last_models
from catalog.places import Place, leave
from catalog.style import StyleRules, check
from catalog.suggestion import SuggestionFilter, Wording
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
from tui.app.screens.review_rows import Line, is_cut
from tui.app.screens.review_tables import NEAR, ReviewTables, Spot
from tui.app.welcome import give_hint
from tui.app.widgets.description_editor import DescriptionEditor
from tui.app.widgets.reading_list import Direction, ReadingList
from tui.app.widgets.status_line import StatusLine
from tui.flow.background import BackgroundDrafting
from tui.flow.pair_votes import PairVotes, pair_votes
from tui.flow.session import Session
from tui.flow.style_file import read_style
from tui.flow.text import plain

SHORT, NARROW, WIDE = 32, 90, 180
"""Lines and cells of a screen from which details and keys have more room."""
NOTHING_FITS = "Nothing fits.\nescape clears the filter, f shows other states."
SOON_SECONDS = 0.03
"""Drafts that come within this time are shown together."""
SHOWN_SECONDS = 5.0
"""How often it is noted which drafts were on the screen; a kill loses no more."""
TYPING_SECONDS = 0.2
"""A pause in typing after which all tables are looked through for the name."""


class ReviewList(DatabaseScreen):
    """Tables and their columns: listed, filtered, marked and moved through."""

    def __init__(
        self,
        session: Session,
        drafting: BackgroundDrafting,
        order: Sequence[TableId],
        table: TableId,
        column: str | None = None,
    ) -> None:
        super().__init__(session, drafting)
        self._tables = ReviewTables(session, order if table in order else [table])
        self._begin_at = make_target(*table, column)
        self._here: TableId | None = None
        self._others = 0
        self._in_schema: dict[str, int] = {}
        self._votes: PairVotes | None = None
        self._uncounted = False
        self._range_from: Target | None = None
        self._facets: frozenset[Facet] = frozenset()
        self._filter = ""
        self._typing: Timer | None = None
        self._profiles: dict[TableId, dict[str, Profile]] = {}
        self._alternatives: dict[Target, list[Wording]] = {}
        self._dirty = False
        self._soon = False
        self._passing = self._undrafted = False
        self._left_at: Target | None = None
        self._style = StyleRules()

    def compose(self) -> ComposeResult:
        """The list, the details beside or under it, and the editor over those."""
        with Horizontal(id="reading"):
            yield ReadingList(self._tables, id="targets")
            yield Static(NOTHING_FITS, id="empty", markup=False)
            yield Static("", id="beside", markup=False)
        yield Static("", id="details", markup=False)
        yield DescriptionEditor()
        yield Input(
            placeholder="part of a name; after ' letters of it", classes="filter"
        )
        yield StatusLine(self._session.database.identity.label)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Take the keys, and the house's rules."""
        self.set_interval(0.3, self._tick)
        self.set_interval(SHOWN_SECONDS, self._keep_shown)
        try:
            self._style = read_style(self._session.style)
        except ColumnistError as error:
            self.app.explain(error)
        self._tables.cursor = lambda: self._list.cursor
        self._list.focus()
        give_hint(self, self._session, "review")

    def on_screen_resume(self) -> None:
        """Show the tables; the write screen changes states.

        It is told so first of all when it is opened.
        """
        if self._here is not None:
            self._reload()
            return
        self._others = self._session.workspace.others()
        table = table_of(self._begin_at)
        self._go(table)
        if self._here is not None and self._begin_at != table:
            self._list.go(self._tables.spot_of(self._begin_at, self._list.cursor))

    def on_resize(self) -> None:
        """Give the list room."""
        self.set_class(self.size.height < SHORT, "-short")
        self.set_class(self.size.width < NARROW, "-narrow")
        self.set_class(self.size.width >= WIDE, "-wide")
        self._detail()

    # What is shown

    def _go(self, table: TableId) -> None:
        """Show a table from its heading, at its first undecided line."""
        at = self._tables.place_of(table)
        if at is None or not self._tables.part(at).lines:
            self.notify("This table is no longer in the catalog.")
            if self._here is None:
                self.dismiss()
            return
        if self._tables.part(at).listed:
            self._list.go(self._tables.first_undecided(at), top=(at, 0))
        self._entered()

    def _entered(self) -> None:
        """The cursor came to another table: it goes before others."""
        line = self._line
        if line is None or line.table.id == self._here:
            return
        first, self._here = self._here is None, line.table.id
        self._drafting.prefer(self._here)
        self._passing = self._undrafted = True
        if first:
            self._stay()

    def _stay(self) -> None:
        """It is read: remember it, sample and draft it; who pages on wants none."""
        if self._here is None or not self._passing:
            return
        self._passing = False
        self.remember()
        if self._here not in self._profiles:
            self._sample(self._here)
        self._count()
        self._draft()

    def remember(self, *, reviewing: bool = True) -> None:
        """Where to go on the next time, and what was shown by then."""
        if self._here is None:
            return
        line = self._line
        column = line.column.name if line and line.column else None
        workspace = self._session.workspace
        place = Place(self._here, column, reviewing)
        with workspace.transaction():  # one disk flush for both
            self._session.suggestions.inferences.keep_shown()
            leave(workspace, self._session.database_id, place)

    def _draft(self) -> None:
        """Have what is missing drafted, once.

        A run that is under way does it too; one that is about to end may not, and then
        it is drafted after that.
        """
        if self._undrafted and not self._passing and not self._drafting.running:
            self._undrafted = False
            if self._here is not None and self._missing():
                self.app.draft([self._here])

    def _missing(self) -> bool:
        if (table := self._table) is None:
            return False
        taken = [line.target for line in self._lines if line.suggestion is not None]
        return bool(undescribed(table, taken))

    def _reload(self, *, onward: bool = False) -> None:
        """Show what the workspace holds now."""
        self._others = self._session.workspace.others()
        target = self._target
        self._tables.forget()
        self._relist(target, onward=onward)
        self._count()

    def _follow(self, batch: Batch, *, onward: bool = False) -> None:
        """Show what an action made of one suggestion; after any other, all anew.

        So too where it came too late, or somebody else did anything meanwhile.
        """
        alone = self._session.workspace.others() == self._others
        ids = [batch.only] if batch.only is not None and alone else []
        for changed in self._session.suggestions.get(ids):
            target = self._target
            self._tables.put(changed)
            self._relist(target, onward=onward)
            self._count()
            return
        self._reload(onward=onward)

    def _relist(self, target: Target | None, *, onward: bool = False) -> None:
        """Show the lines that fit, with the cursor where it was.

        Args:
            target: what was under the cursor.
            onward: it goes on from there to the next undecided, if it is on none.
        """
        before = self._list.cursor
        spot = self._tables.spot_of(target, before) if target else self._tables.edge(-1)
        self.set_class(spot is None, "-empty")
        if spot is None:
            self._list.go(None)
        else:
            self._list.changed(spot)
        line = self._tables.line(spot)
        if onward and spot is not None and not (line and line.undecided):
            self._to_undecided(spot, 1)
        self._detail()

    def _say_place(self) -> None:
        """Tell in the status line what is listed, and how much waits around it."""
        notes = []
        if self._here is not None and (waits := self._in_schema.get(self._here.schema)):
            notes.append(f"{waits:,} to decide in {self._here.schema}")
        if self._votes is not None and self._votes.progress:
            notes.append(self._votes.progress)
        if marked := len(self._tables.marked):
            notes.append(f"{marked:,} marked")
        if self._facets:
            labels = sorted(facet.label for facet in self._facets)
            notes.append(f"only {', '.join(labels)}")
        if self._filter:
            notes.append(f"names with {self._filter}")
        place = " · ".join(notes) or self._session.database.identity.label
        self.query_one(StatusLine).place = place

    def _keep_shown(self) -> None:
        if self._session.suggestions.inferences.unkept:
            self._keep_shown_beside()

    @beside("shown", "Noting what was shown", exclusive=False)
    def _keep_shown_beside(self) -> None:
        with suppress(ColumnistError):  # it is tried again, and said of what matters
            self._session.suggestions.inferences.keep_shown()

    @beside("count", "Counting what is to decide", exclusive=False)
    def _count_schema(self, schema: str) -> None:
        waits = self._session.suggestions.undecided(schema)
        votes, number = None, self._session.database_id
        if (models := last_models(self._session.workspace, number)) is not None:
            # A connection of its own: there may be many, and keys do not wait.
            with self._session.workspace.beside() as workspace:
                votes = pair_votes(workspace, number, models)
        self.call_later(self._counted, schema, waits, votes)

    def _count(self) -> None:
        """Count what waits of the schema, beside the screen: it may be large."""
        self._uncounted = self._here is None or self.runs("count")
        if self._here is not None and not self._uncounted:
            self._count_schema(self._here.schema)

    def _counted(self, schema: str, waits: int, votes: PairVotes | None) -> None:
        before, self._votes = self._votes, votes
        if before and votes and votes.better and not before.better:
            saved = self._session.saved
            verdict = votes.verdict(plain(saved.name) if saved else "URL")
            self.notify(verdict, markup=False)
        if self._in_schema.get(schema) != waits or before != votes:
            self._in_schema[schema] = waits
            self._say_place()

    @on(ReadingList.Moved)
    def _moved(self) -> None:
        self._entered()
        self._detail()

    def _detail(self) -> None:
        """Show what else is known of the row under the cursor."""
        self._say_place()
        line, wide = self._line, self.has_class("-wide")
        panel = self.query_one("#beside" if wide else "#details", Static)
        if line is None:
            panel.update("", layout=False)
            return
        shown = details(
            line,
            self._facts(line),
            alternatives=[
                each.text for each in self._alternatives.get(line.target, ())
            ],
            style=[] if line.pair else check(line.text, line.target.name, self._style),
            whole=wide or is_cut(line, self._list.size.width - 1),
        )
        self.set_class(shown.more and not wide, "-more")
        panel.update(shown.text, layout=False)

    def _facts(self, line: Line) -> list[str]:
        return evidence(line.table, line.target, self._profiles.get(line.table.id))

    @property
    def _list(self) -> ReadingList[Spot]:
        return self.query_one("#targets", ReadingList)

    @property
    def _line(self) -> Line | None:
        return self._tables.line(self._list.cursor)

    @property
    def _target(self) -> Target | None:
        line = self._line
        return line.target if line is not None else self._here

    @property
    def _table(self) -> Table | None:
        """The table that the cursor is in."""
        lines = self._lines
        return lines[0].table if lines else None

    @property
    def _lines(self) -> Sequence[Line]:
        """All lines of that table, listed or not."""
        at = None if self._here is None else self._tables.place_of(self._here)
        return () if at is None else self._tables.part(at).lines

    @on(DraftsSaved)
    def _drafted(self, event: DraftsSaved) -> None:
        if not event.drafts or any(
            self._tables.holds(table_of(draft.target)) for draft in event.drafts
        ):
            self._dirty = True
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
        if self._dirty or self._session.workspace.others() != self._others:
            self._dirty = False
            self._reload()
        elif self._uncounted:
            self._count()
        self._stay()
        asked = "Looking for other wordings…" if self.runs("alternatives") else ""
        self._say(asked)

    # Moving and marking

    def action_mark(self) -> None:
        """Mark or unmark what is under the cursor."""
        if (line := self._line) is not None:
            self._tables.marked ^= {line.target}
            self._list.action_move(1)
            self._list.changed()
            self._say_place()

    def action_range(self) -> None:
        """Begin a range, or mark from its beginning to here."""
        if (line := self._line) is None:
            return
        if self._range_from is None:
            self._range_from = line.target
            self.notify("Range begins here; move, then v marks it.")
            return
        begun = self._tables.spot_of(self._range_from)
        self._range_from = None
        if begun is not None and (here := self._list.cursor) is not None:
            spot, end = sorted((begun, here))
            if end[0] - spot[0] >= NEAR:
                self.notify(f"A range goes over at most {NEAR} tables.")
                return
            self._tables.marked.update(
                line.target for line in self._tables.between(spot, end)
            )
            self._list.changed()
            self._say_place()

    def action_next(self, direction: Direction) -> None:
        """The next undecided one, in this table or another."""
        if (spot := self._list.cursor) is not None:
            self._to_undecided(spot, direction)

    def _to_undecided(self, spot: Spot, direction: Direction) -> None:
        if (found := self._tables.undecided(spot, direction)) is not None:
            self._list.go(found)
            return
        at = spot[0]
        order = self._tables.order
        below, above = order[at + 1 :], order[:at][::-1]
        ahead, behind = (below, above) if direction > 0 else (above, below)
        waits = self._session.suggestions.waits
        for table in ahead[:NEAR]:
            if waits(table) and self._go_to_undecided(table, direction):
                return
        self._look_further(ahead[NEAR:], behind, direction)

    def _go_to_undecided(self, table: TableId, direction: Direction) -> bool:
        """Go to what waits of another table; False where none of that is listed."""
        at = self._tables.place_of(table)
        if at is None or not any(
            line.undecided for line in self._tables.part(at).listed
        ):
            return False
        before, spot = self._here, self._list.cursor
        passed = (
            0 if spot is None else self._tables.above((spot[0], spot[1] + 1), spot[0])
        )
        self._list.go(self._tables.first_undecided(at, direction))
        if direction > 0 and passed and before is not None:
            self.notify(
                f"{passed:,} above in {plain(str(before))} still to decide;"
                " N goes back.",
                markup=False,
            )
        return True

    @beside("further", "Looking for what is to decide")
    def _look_further(
        self,
        ahead: Sequence[TableId],
        behind: Sequence[TableId],
        direction: Direction,
    ) -> None:
        worker = get_current_worker()
        here = self._here
        waiting = set(self._session.suggestions.tables())

        def first(tables: Sequence[TableId]) -> TableId | None:
            wait = (
                table
                for table in tables
                if worker.is_cancelled
                or (table in waiting and self._tables.waits(table))
            )
            return next(wait, None)

        found = first(ahead)
        back = first(behind) if found is None else None
        if not worker.is_cancelled:
            self.call_later(self._further, here, found, back, direction)

    def _further(
        self,
        here: TableId | None,
        found: TableId | None,
        back: TableId | None,
        direction: Direction,
    ) -> None:
        spot, line = self._list.cursor, self._line
        if here != self._here or spot is None or line is None:
            return
        if found is not None and self._go_to_undecided(found, direction):
            return
        other: Direction = -1 if direction > 0 else 1
        if back is not None or self._tables.undecided(spot, other) is not None:
            way, key = ("below", "N") if direction > 0 else ("above", "n")
            self.notify(f"Nothing to decide {way}; {key} goes the other way.")
        elif line.undecided:
            self.notify("This is the last one to decide in these tables.")
        else:
            self.notify("Nothing is left to decide in these tables. w writes.")

    def action_table(self, direction: Direction) -> None:
        """The next or previous table of the list."""
        if (spot := self._list.cursor) is None:
            return
        end = 0 if direction < 0 else len(self._tables.part(spot[0]).listed) - 1
        to = self._tables.step((spot[0], end), direction)
        if to is None:
            self.notify("That was the last table." if direction > 0 else "First table.")
        else:
            self._go(self._tables.order[to[0]])

    def action_filter(self) -> None:
        """List what has this in its name."""
        box = self.query_one(Input)
        box.add_class("-open")
        box.focus()

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        self._filter = event.value
        self._narrow()

    @on(Input.Submitted)
    def _filter_done(self) -> None:
        self._list.focus()

    def action_state(self) -> None:
        """List by state, source, confidence or finding."""

        def list_those(chosen: frozenset[Facet]) -> None:
            self._facets = chosen
            self._narrow()

        self.app.ask(FacetModal(OF_SUGGESTIONS, self._facets), list_those)

    def action_clear(self) -> None:
        """No filter, no marks; out of typing one, back where that began."""
        box = self.query_one(Input)
        target = self._left_at if box.has_focus else None
        box.value = ""
        box.remove_class("-open")
        self._facets = frozenset()
        self._filter = ""
        self._tables.marked.clear()
        self._range_from = None
        self._list.focus()
        self._narrow(target)

    def _narrow(self, target: Target | None = None) -> None:
        """List what fits of the tables that were read, then of all of them."""
        named, wanted = name_pattern(self._filter).match, suggestions_with(self._facets)
        target = target or self._target

        def fits(line: Line) -> bool:
            return bool(named(line.target.name.lower())) and (
                not wanted
                or (line.suggestion is not None and wanted.fits(line.suggestion))
            )

        every = not self._filter and not wanted
        self._tables.narrow(fits, complete=every)
        self._relist(target)
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        if not every:
            self._typing = self.set_timer(
                TYPING_SECONDS, lambda: self._look_through(self._filter, wanted)
            )

    @beside("narrow", "Looking through the tables")
    def _look_through(self, text: str, wanted: SuggestionFilter) -> None:
        worker = get_current_worker()
        session, like = self._session, name_like(text)

        def stop() -> bool:
            return worker.is_cancelled

        if wanted:
            found = session.choices.tables_with(wanted, like, stop=stop)
        else:
            found = session.snapshot.tables_with(like, stop=stop)
        if not stop():
            self.call_later(self._looked_through, text, wanted, found)

    def _looked_through(
        self, text: str, wanted: SuggestionFilter, found: frozenset[TableId]
    ) -> None:
        if (text, wanted) == (self._filter, suggestions_with(self._facets)):
            target = self._target
            self._tables.only(found)
            self._relist(target)

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
                self.call_later(self._sampled, table_id)

    def _sampled(self, table: TableId) -> None:
        if table == self._here:
            self._detail()
