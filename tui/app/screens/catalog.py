"""Schemas and tables with coverage and what waits to be decided."""

from __future__ import annotations

import time
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Footer, Input, Label, Static
from textual.worker import Worker, get_current_worker

from catalog.listing import Listing, Order
from catalog.objects import TableId, table_of
from catalog.places import left
from catalog.rescan import Changes
from catalog.snapshot import SchemaCoverage, TableSummary
from catalog.suggestion import SuggestionFilter
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.messages import DraftingChanged, DraftsSaved
from tui.app.screens.bulk import Bulk
from tui.app.screens.catalog_rows import SCHEMAS, TABLES, schema_cells, table_cells
from tui.app.screens.database_screen import DatabaseScreen
from tui.app.screens.facets import FACETS, Facet, FacetModal
from tui.app.screens.review import ReviewScreen
from tui.app.screens.table_list import TableList
from tui.app.welcome import give_hint
from tui.app.widgets.row_list import RowList
from tui.app.widgets.status_line import StatusLine
from tui.flow import scanning
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session
from tui.flow.text import count, left_out, percent, plain

NARROW = 110
"""Cells; with fewer, schemas have less room."""
FIRST = 200
"""Tables shown at once, while all are being listed."""
TYPING_SECONDS = 0.03
"""A pause in typing after which tables are listed."""
NAMED = 3
"""Tables that could not be read, by name in a notice."""
FEW = 200
"""Changed tables that are looked up one by one; after more all are listed anew."""


class CatalogScreen(DatabaseScreen):
    """What the database holds, how much is described, and what waits for you."""

    TITLE = "Catalog"
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "catalog",
        ("d", "draft", "Draft", "Draft what is listed"),
        ("s", "stop", "", "Stop reading or drafting"),
        (
            "A",
            "accept_all",
            "All",
            "Accept all pending suggestions of the tables listed",
        ),
        (
            "R",
            "reject_all",
            "",
            "Reject all undecided suggestions of the tables listed",
        ),
        ("b", "accept_by_rule", "", "Accept what is sure enough and without findings"),
        ("w", "write", "Write", "See and write SQL"),
        (
            "m",
            "figures",
            "Figures",
            "How it goes: coverage over time, acceptance, pace",
        ),
        ("Q", "questions", "Names", "Say what names mean that would explain the most"),
        ("slash", "filter", "Filter", "Filter by name"),
        (
            "f",
            "show",
            "Show",
            "By what is missing, kind, state, source, confidence, finding",
        ),
        (
            "o",
            "order",
            "",
            "By name, rows, what waits, foreign keys to it, tables like it",
        ),
        ("u", "replay('undo')", "", "Undo", "undo"),
        ("U", "replay('redo')", "", "Redo", "redo"),
        ("r", "rescan", "", "Read the catalog again"),
        ("tab", "app.focus_next", "", "Schemas", "focus"),
        ("escape", "clear", "", "Clear filter"),
        ("q", "back", "Back", "Close this database"),
    )

    def __init__(self, session: Session, drafting: BackgroundDrafting) -> None:
        super().__init__(session, drafting)
        self._tables = TableList()
        self._bulk = Bulk(self, session, self._reload)
        self._complete = False
        self._read = 0
        self._read_version = (0, 0)
        self._changed_tables: set[TableId] | None = set()
        """Those to be listed anew; None is all of them."""
        self._list_after = 0.0
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """Schemas on the left, tables on the right."""
        yield Label("", classes="title", id="head", markup=False)
        with Horizontal():
            yield RowList(SCHEMAS, schema_cells, id="schemas")
            with Vertical(id="right"):
                yield RowList(TABLES, table_cells, id="tables")
                yield Static("", id="empty", markup=False)
        yield Input(placeholder="part of a name, or a pattern", classes="filter")
        yield StatusLine(self._session.database.identity.label)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is known; read the catalog if nothing is, or it is old."""
        self._rows.focus()
        self.set_interval(0.5, self._tick)
        self._tables.all = Listing(self._session.snapshot.summaries(first=FIRST))
        self._list()
        give_hint(self, self._session, "catalog")
        if self._session.files_only:
            self.notify(plain(self._session.files_only), markup=False, timeout=10)
        self._reload()
        if scanning.is_stale(self._session):
            self.action_rescan()

    def on_screen_resume(self) -> None:
        """Other screens decide and write, most of them do neither."""
        if not (self._open and self._complete):
            return
        if self._session.workspace.version() != self._read_version:
            self._reload()

    @property
    def _open(self) -> bool:
        """Whether the database is still open: a worker may end after it is closed."""
        return self.app.session is self._session

    def on_resize(self) -> None:
        """Give the tables room."""
        self.set_class(self.size.width < NARROW, "-narrow")

    # What is listed

    @beside("list", "Listing the tables")
    def _reload(self) -> None:
        """List everything anew; the screen shows what it has meanwhile."""
        worker = get_current_worker()
        snapshot = self._session.snapshot
        self._read_version = self._session.workspace.version()
        listing = Listing(snapshot.summaries())
        by_schema, total = listing.coverage()
        if worker.is_cancelled or not self._open:
            return
        # Asked for once, they stay as they were.
        listing.references = self._tables.all.references
        listing.similar = self._tables.all.similar
        order = self._tables.order
        if order is Order.REFERENCES and not listing.references:
            listing.references = snapshot.references()
        if order is Order.SIMILAR and not listing.similar:
            listing.similar = snapshot.similar()
        if not worker.is_cancelled:
            self.call_later(self._listed_anew, listing, [total, *by_schema])

    def _listed_anew(self, listing: Listing, coverage: list[SchemaCoverage]) -> None:
        if not self._open:
            return
        first, self._complete = not self._complete, True
        self._tables.all = listing
        self._show_coverage(coverage)
        self._list()
        if first:
            self._go_on()

    def _go_on(self) -> None:
        """Where this database was left, once all tables are known."""
        place = left(self._session.workspace, self._session.database_id)
        if place is None or self.app.screen is not self:
            return
        row = self._tables.place_of(place.table)
        if row is None:
            return
        self._rows.cursor = row
        if place.reviewing:
            self._review(place.table, place.column)
            self.notify("Here you left. q shows the catalog.")

    def _show_coverage(self, coverage: list[SchemaCoverage]) -> None:
        self.query_one("#schemas", RowList).show(coverage)
        total = coverage[0]
        told = "nothing to describe"
        if total.share is not None:
            told = (
                f"{percent(total.share)} described:"
                f" {total.tables_described:,} of {count(total.tables, 'table')},"
                f" {total.columns_described:,} of {count(total.columns, 'column')}"
            )
        label = plain(self._session.database.identity.label)
        self.query_one("#head", Label).update(f"{label} — {told}")

    def _list(self) -> None:
        here = self._rows.here
        self._tables.find()
        cursor = self._tables.place_of(here and here.id)
        self._rows.show(self._tables.found, cursor=cursor)
        self.query_one("#right").set_class(not self._tables.found, "-empty")
        self.query_one("#empty", Static).update(self._nothing())
        self._say_what()

    def _nothing(self) -> str:
        if not self._tables.all.summaries:
            if self.runs("scan"):
                return "Reading the catalog…"
            return (
                "There are no tables here, or none that this user may see.\n"
                "r reads again, q goes back."
            )
        return "No table fits.\nescape clears the filter, f shows others."

    @property
    def _rows(self) -> RowList[TableSummary]:
        return self.query_one("#tables", RowList)

    @on(RowList.Moved, "#schemas")
    def _schema_moved(self, event: RowList.Moved) -> None:
        if (schema := event.rows.at(event.index)) is not None:
            self._tables.within(schema.schema)
            self._list()

    @on(RowList.Chosen, "#schemas")
    def _schema_chosen(self) -> None:
        self._rows.focus()

    @on(RowList.Chosen, "#tables")
    def _table_chosen(self, event: RowList.Chosen) -> None:
        if not self._open or self.app.screen is not self:
            return  # q closed the database, or enter came twice
        if (table := self._rows.at(event.index)) is not None:
            self._review(table.id)

    def _review(self, table: TableId, column: str | None = None) -> None:
        order = [summary.id for summary in self._tables.found]
        self.app.push_screen(
            ReviewScreen(self._session, self._drafting, order, table, column)
        )

    def action_filter(self) -> None:
        """Filter by name."""
        box = self.query_one(Input)
        box.add_class("-open")
        box.focus()

    def action_clear(self) -> None:
        """List everything again."""
        box = self.query_one(Input)
        box.value = ""
        box.remove_class("-open")
        self._rows.focus()
        self._stop_typing()
        self._tables.clear()
        self._list()

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        self._tables.named(event.value)
        # The letter is drawn before the list, which takes a moment of 100,000 tables.
        self._stop_typing()
        self._typing = self.set_timer(TYPING_SECONDS, self._list)

    def _stop_typing(self) -> None:
        """What is listed next has all that was typed."""
        if self._typing is not None:
            self._typing.stop()
            self._typing = None

    @on(Input.Submitted)
    def _filter_done(self) -> None:
        self._stop_typing()
        self._list()
        self._rows.focus()

    def action_show(self) -> None:
        """List by what is missing, kind, state, source, confidence or finding."""

        def list_those(chosen: frozenset[Facet]) -> None:
            if chosen == self._tables.facets:
                return
            if wanted := self._tables.having(chosen):
                self._narrow(wanted, chosen)
            self._list()

        self.app.ask(FacetModal(FACETS, self._tables.facets), list_those)

    @beside("narrow", "Looking through the suggestions")
    def _narrow(self, wanted: SuggestionFilter, facets: frozenset[Facet]) -> None:
        found = self._session.choices.tables_with(wanted)
        self.call_later(self._narrowed, found, facets)

    def _narrowed(self, found: frozenset[TableId], facets: frozenset[Facet]) -> None:
        self._tables.only(found, facets)
        self._list()

    def action_order(self) -> None:
        """What helps most first: rows, what waits, foreign keys, tables like it."""
        self._tables.order_next()
        if self._tables.order in (Order.REFERENCES, Order.SIMILAR):
            self.notify("Looking through the catalog…", timeout=2)
            self._reload()
        self._list()

    # Reading and drafting

    @beside("scan", "Reading the catalog")
    def action_rescan(self) -> None:
        """Read the catalog again."""
        worker = get_current_worker()
        self._read = 0
        for _ in scanning.scan(
            self._session,
            on_changes=self._name_unread,
            stop=lambda: worker.is_cancelled,
        ):
            self._read += 1

    def _name_unread(self, changes: Changes) -> None:
        if lines := left_out(changes.unread):
            named = lines[: NAMED + 1]
            if len(lines) > len(named):
                named.append("  and more; `columnist scan` names all of them.")
            self.notify("\n".join(named), severity="warning", markup=False)

    @on(Worker.StateChanged)
    def _worked(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "scan" and event.worker.is_finished and self._open:
            self._reload()

    def action_draft(self) -> None:
        """Draft what the listed tables lack."""
        if self._drafting.running:
            self.notify("Drafting is under way; s stops it.")
            return
        wanted = self._tables.undocumented
        if not wanted:
            described = "Everything listed is described."
            self.notify(described if self._tables.found else "No table is listed.")
            return
        every = sum(each.undocumented for each in self._tables.all.summaries)
        self.app.draft([] if len(wanted) == every else wanted)

    def action_stop(self) -> None:
        """Stop reading and drafting; what is there stays."""
        self._drafting.stop()
        self.workers.cancel_group(self, "scan")

    @on(DraftsSaved)
    def _saved(self, event: DraftsSaved) -> None:
        if self._changed_tables is not None:
            self._changed_tables |= {table_of(draft.target) for draft in event.drafts}

    @on(DraftingChanged)
    def _changed(self) -> None:
        self._changed_tables = None

    def _tick(self) -> None:
        if not self._open or not self._complete:
            return
        changed = self._changed_tables
        if changed != set() and time.monotonic() >= self._list_after:
            self._changed_tables = set()
            began = time.monotonic()
            if changed is None or len(changed) > FEW:
                self._reload()
            else:
                found = map(self._session.snapshot.summary, changed)
                self._tables.all.update(filter(None, found))
                self._list()
            # Listing a large catalog takes a while: at most a tenth of the time.
            now = time.monotonic()
            self._list_after = now + 10 * (now - began)
        self._say_what()

    def _say_what(self) -> None:
        if self.app.screen is self and (under := self._rows.here) is not None:
            # Drafting goes on from where the steward is.
            self._drafting.prefer(under.id, add=False)
        reading = f"Reading the catalog: {self._read:,}" if self.runs("scan") else ""
        self._say(reading, self._tables.line(looking=self.runs("narrow")))

    # Deciding

    def action_accept_all(self) -> None:
        """Accept all pending suggestions of the tables listed."""
        self._bulk.accept(self._tables.scope, self._tables.undecided)

    def action_accept_by_rule(self) -> None:
        """Accept what a rule takes, once its count was seen."""
        tables = self._tables
        covered = count(len(tables.found), "table") + " listed"
        self._bulk.accept_by_rule(tables.scope, tables.undecided, covered)

    def action_reject_all(self) -> None:
        """Reject all undecided suggestions of the tables listed."""
        self._bulk.reject(self._tables.scope, self._tables.undecided)

    def action_replay(self, what: Literal["undo", "redo"]) -> None:
        """Take back the last decision, or decide again as before the undo."""
        self.app.replay(what, self, lambda _: self._reload())

    def action_figures(self) -> None:
        """Charts of how documenting goes."""
        from tui.app.screens.figures import FiguresScreen

        self.app.push_screen(FiguresScreen(self._session))

    def action_back(self) -> None:
        """Close this database."""
        self._drafting.stop()
        self.workers.cancel_node(self)
        self.app.pop_screen()
        self.app.close_session()
