"""Schemas and tables with coverage and what waits to be decided."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib import import_module
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Footer, Input, Static
from textual.worker import Worker, get_current_worker

from catalog.listing import Listing, Order
from catalog.news import News
from catalog.objects import TableId
from catalog.places import left
from catalog.rescan import Changes
from catalog.snapshot import TableSummary
from catalog.suggestion import SuggestionFilter
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.messages import DraftingChanged
from tui.app.screens.bulk import Bulk
from tui.app.screens.catalog_rows import SCHEMAS, TABLES, schema_cells, table_cells
from tui.app.screens.database_screen import DatabaseScreen
from tui.app.screens.draft_question import DraftQuestion
from tui.app.screens.facets import FACETS, Facet, FacetModal
from tui.app.screens.table_list import TableList
from tui.app.welcome import give_hint
from tui.app.widgets.headline import Headline
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
        ("d", "draft", "Draft", "Draft the table, or the schema, under the cursor"),
        ("D", "draft_all", "", "Draft all that is listed; states the count first"),
        ("s", "stop", "", "Stop reading or drafting"),
        (
            "A",
            "accept_all",
            "All",
            "Accept all that is to decide in the tables listed",
        ),
        (
            "R",
            "reject_all",
            "",
            "Reject all that is to decide in the tables listed",
        ),
        (
            "b",
            "accept_by_rule",
            "",
            "Accept what is likely enough and without findings",
        ),
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
            "By name, rows, what is to decide, foreign keys to it, tables like it",
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
        self._bulk = Bulk(self, session, self._catch_up)
        self._drafts = DraftQuestion(self, session)
        self._complete = False
        self._read = 0
        self._news = News(session.workspace, session.database_id)
        self._version = (0, 0)
        """The workspace's when it was looked at last."""
        self._behind = True
        """Whether all has to be listed anew."""
        self._all_after = 0.0
        """When all may be listed anew, unless the steward asks for it."""
        self._at_once = False
        """Whether to look again as soon as the present look has ended."""
        self._reviewed = False
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """Schemas on the left, tables on the right."""
        yield Headline()
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
        """Go where the review was left; it decides, and other screens write."""
        if not (self._open and self._complete and self.is_active):
            return
        if self._reviewed:
            self._reviewed = False
            place = left(self._session.workspace, self._session.database_id)
            self._list(place.table if place is not None else None)
        self._catch_up()

    @property
    def _open(self) -> bool:
        """Whether the database is still open: a worker may end after it is closed."""
        return self.app.session is self._session

    def on_resize(self) -> None:
        """Give the tables room."""
        self.set_class(self.size.width < NARROW, "-narrow")

    # What is listed

    def _reload(self) -> None:
        """List everything anew; the screen shows what it has meanwhile."""
        self._behind = True
        self._catch_up()

    @on(DraftingChanged)
    def _catch_up(self) -> None:
        """Show what was changed just now, however much that is."""
        self._all_after = 0.0
        self._at_once = True
        self._keep_up()

    def _keep_up(self) -> None:
        """Show what was changed, by whomever, since it was looked for last."""
        if not self._open or self.runs("list"):
            return
        self._at_once = False
        version = self._session.workspace.version()
        if version != self._version or self._is_late:
            self._look(version)

    @property
    def _is_late(self) -> bool:
        return self._behind and time.monotonic() >= self._all_after

    @beside("list", "Listing the tables")
    def _look(self, version: tuple[int, int]) -> None:
        """Read the tables that changed; where many did all, a tenth of the time."""
        changed = self._news.read(most=FEW)
        self._version = version
        if changed is None and not self.runs("scan"):  # which lists all when it ends
            self._behind = True
        if self._is_late:
            began = time.monotonic()
            self._look_at_all()
            now = time.monotonic()
            self._all_after = now + 10 * (now - began)
        elif changed:
            found = map(self._session.snapshot.summary, changed)
            self.call_later(self._listed_some, list(filter(None, found)))

    def _look_at_all(self) -> None:
        worker = get_current_worker()
        snapshot = self._session.snapshot
        self._behind = False
        listing = Listing(snapshot.summaries())
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
            self.call_later(self._listed_anew, listing)

    def _listed_some(self, changed: Sequence[TableSummary]) -> None:
        self._tables.all.update(changed)
        self._show_coverage()
        self._list()

    def _listed_anew(self, listing: Listing) -> None:
        if not self._open:
            return
        first, self._complete = not self._complete, True
        self._tables.all = listing
        self._show_coverage()
        self._list()
        if first:
            self._go_on()
            self.call_after_refresh(self._load_review)

    @beside("load", "Loading the review")
    def _load_review(self) -> None:
        """Import what enter needs while the steward looks at the tables."""
        import_module("tui.app.screens.review")

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

    def _show_coverage(self) -> None:
        by_schema, total = self._tables.all.coverage()
        schemas = [total, *by_schema]
        names = [each.schema for each in schemas]
        here = self._tables.schema
        rows = self.query_one("#schemas", RowList)
        rows.show(schemas, cursor=names.index(here) if here in names else 0)
        told = "nothing to describe"
        if total.share is not None:
            told = (
                f"{percent(total.share)} described:"
                f" {total.tables_described:,} of {count(total.tables, 'table')},"
                f" {total.columns_described:,} of {count(total.columns, 'column')}"
            )
        label = plain(self._session.database.identity.label)
        self.query_one(Headline).tell("", label, f" — {told}")

    def _list(self, here: TableId | None = None) -> None:
        """List what is wanted by now.

        Args:
            here: where the cursor goes; None leaves it on its table. Where that is not
                listed any more it is the nearest.
        """
        under = self._rows.here
        cursor = self._tables.find(here or (under and under.id))
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
        schema = event.rows.at(event.index)
        if schema is not None and schema.schema != self._tables.schema:
            here = self._rows.here
            self._list(self._tables.within(schema.schema, here and here.id))

    @on(RowList.Chosen, "#schemas")
    def _schema_chosen(self) -> None:
        self._rows.cursor = self._tables.first_to_do
        self._rows.focus()

    @on(RowList.Chosen, "#tables")
    def _table_chosen(self, event: RowList.Chosen) -> None:
        if not self._open or self.app.screen is not self:
            return  # q closed the database, or enter came twice
        if (table := self._rows.at(event.index)) is not None:
            self._review(table.id)

    def _review(self, table: TableId, column: str | None = None) -> None:
        from tui.app.screens.review import ReviewScreen  # mostly there by then

        order = [summary.id for summary in self._tables.found]
        self._reviewed = True
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
        self._typing = self.set_timer(TYPING_SECONDS, self._list_typed)

    def _list_typed(self) -> None:
        """The one that fits best is under the cursor, unless the one before fits."""
        before = self._rows.here
        self._list()
        if before is not None and self._tables.place_of(before.id) is None:
            self._rows.cursor = 0

    def _stop_typing(self) -> None:
        """What is listed next has all that was typed."""
        if self._typing is not None:
            self._typing.stop()
            self._typing = None

    @on(Input.Submitted)
    def _filter_done(self) -> None:
        self._stop_typing()
        self._list_typed()
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

    @beside("narrow", "Looking through the drafts")
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
        if not event.worker.is_finished or not self._open:
            return
        if event.worker.group == "scan":
            self._reload()
        elif event.worker.group == "list" and self._at_once:
            self._keep_up()

    def action_draft(self) -> None:
        """Draft what is under the cursor: a table, or a schema after a question."""
        if self.query_one("#schemas").has_focus:
            schema = self._tables.schema
            what = "all schemas" if schema is None else f"all of {plain(schema)}"
            self._drafts.ask(what, self._tables.undocumented_within)
        elif (table := self._rows.here) is not None:
            self._drafts.draft_one(table.id)
        else:
            self.notify("No table is listed.")

    def action_draft_all(self) -> None:
        """Draft what the listed tables lack, once its count was seen."""
        listed = count(len(self._tables.found), "table") + " listed"
        self._drafts.ask(listed, self._tables.undocumented)

    def action_stop(self) -> None:
        """Stop reading and drafting; what is there stays."""
        self._drafting.stop()
        self.workers.cancel_group(self, "scan")

    def _tick(self) -> None:
        if self._open and self._complete and self.is_active:
            self._keep_up()
        if self._open:
            self._say_what()

    def _say_what(self) -> None:
        if self.app.screen is self and (under := self._rows.here) is not None:
            # Drafting goes on from where the steward is.
            self._drafting.prefer(under.id, add=False)
        reading = f"Reading the catalog: {self._read:,}" if self.runs("scan") else ""
        self._say(reading, self._tables.line(looking=self.runs("narrow")))

    # Deciding

    def action_accept_all(self) -> None:
        """Accept all that is to decide in the tables listed."""
        self._bulk.accept(self._tables.scope, self._tables.undecided)

    def action_accept_by_rule(self) -> None:
        """Accept what a rule takes, once its count was seen."""
        tables = self._tables
        covered = count(len(tables.found), "table") + " listed"
        self._bulk.accept_by_rule(tables.scope, tables.undecided, covered)

    def action_reject_all(self) -> None:
        """Reject all that is to decide in the tables listed."""
        self._bulk.reject(self._tables.scope, self._tables.undecided)

    def action_replay(self, what: Literal["undo", "redo"]) -> None:
        """Take back the last decision, or decide again as before the undo."""
        self.app.replay(what, self, lambda _: self._catch_up())

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
