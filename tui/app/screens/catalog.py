"""Schemas and tables with coverage and what waits to be decided."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Footer, Input, Label, Static
from textual.worker import Worker, get_current_worker

from catalog.choice import Choice, Scope
from catalog.listing import Listing, Order, Show, TableFilter
from catalog.objects import TableId, TableKind, table_of
from catalog.places import left
from catalog.rescan import Changes
from catalog.snapshot import SchemaCoverage, TableSummary
from catalog.suggestion import (
    BANDS,
    Band,
    Finding,
    Source,
    State,
    SuggestionFilter,
)
from tui.app.messages import CatalogChanged, DraftingChanged, DraftsSaved
from tui.app.screens.bulk import ask_accept, ask_accept_chosen, ask_reject
from tui.app.screens.facets import Facet, FacetModal, values
from tui.app.screens.rule import RuleModal
from tui.app.screens.working import WorkingScreen
from tui.app.welcome import give_hint
from tui.app.widgets.row_list import Cell, Heading, RowList
from tui.app.widgets.status_line import StatusLine
from tui.flow import jobs
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session
from tui.flow.text import count, left_out, percent, plain

if TYPE_CHECKING:
    from tui.app.app import ColumnistApp

BAR = 8
"""Cells of a coverage bar."""
NARROW = 110


FIRST = 200
"""Tables shown at once, while all are being listed."""
TYPING_SECONDS = 0.03
"""A pause in typing after which tables are listed."""
NAMED = 3
"""Tables that could not be read, by name in a notice."""
FEW = 200
"""Changed tables that are looked up one by one; after more all are listed anew."""
FACETS = (
    *(Facet("what", each, each.value) for each in Show),
    *(Facet("kind", each, each.value) for each in TableKind),
    *(Facet("state", each, each.value) for each in State),
    *(Facet("source", each, each.value) for each in Source),
    *(Facet("confidence", each, str(each)) for each in BANDS),
    *(Facet("finding", each, each.value.replace("_", " ")) for each in Finding),
)
"""What tables can be listed by; the last four are properties of suggestions."""


@dataclass(frozen=True, slots=True)
class _Schemas:
    coverage: Sequence[SchemaCoverage]

    def __len__(self) -> int:
        return len(self.coverage)

    def cells(self, index: int) -> Sequence[Cell]:
        each = self.coverage[index]
        name = "all schemas" if each.schema is None else each.schema
        described = each.tables_described + each.columns_described
        return (
            Cell(name, "strong"),
            Cell(bar(described, each.tables + each.columns), "accent"),
            Cell(percent(each.share), "muted"),
        )


@dataclass(frozen=True, slots=True)
class _Tables:
    found: Sequence[TableSummary]

    def __len__(self) -> int:
        return len(self.found)

    def cells(self, index: int) -> Sequence[Cell]:
        table = self.found[index]
        described = table.columns_described + table.described
        rows = "" if table.row_estimate is None else f"{table.row_estimate:,}"
        return (
            Cell(str(table.id), "strong" if table.undocumented else ""),
            Cell(table.kind.value, "muted"),
            Cell(rows, "muted"),
            Cell(bar(described, table.columns + 1), "accent"),
            Cell(f"{described}/{table.columns + 1}", "muted"),
            Cell(f"{table.undecided} ○" if table.undecided else "", "warn"),
            Cell(f"{table.staged} ✓" if table.staged else "", "good"),
        )


class CatalogScreen(WorkingScreen[None]):
    """What the database holds, how much is described, and what waits for you."""

    TITLE = "Catalog"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d", "draft", "Draft", id="catalog.draft", tooltip="Draft what is listed"
        ),
        Binding(
            "s",
            "stop",
            "Stop",
            show=False,
            id="catalog.stop",
            tooltip="Stop reading or drafting",
        ),
        Binding(
            "A",
            "accept_all",
            "All",
            id="catalog.accept_all",
            tooltip="Accept all pending suggestions of the tables listed",
        ),
        Binding(
            "R",
            "reject_all",
            "Reject all",
            id="catalog.reject_all",
            show=False,
            tooltip="Reject all undecided suggestions of the tables listed",
        ),
        Binding(
            "b",
            "accept_by_rule",
            "By rule",
            show=False,
            id="catalog.accept_by_rule",
            tooltip="Accept what is sure enough and without findings",
        ),
        Binding("w", "write", "Write", id="catalog.write", tooltip="See and write SQL"),
        Binding(
            "m",
            "figures",
            "Figures",
            id="catalog.figures",
            tooltip="How it goes: coverage over time, acceptance, pace",
        ),
        Binding(
            "Q",
            "questions",
            "Names",
            id="catalog.questions",
            tooltip="Say what names mean that would explain the most",
        ),
        Binding(
            "slash", "filter", "Filter", id="catalog.filter", tooltip="Filter by name"
        ),
        Binding(
            "f",
            "show",
            "Show",
            id="catalog.show",
            tooltip="By what is missing, kind, state, source, confidence, finding",
        ),
        Binding(
            "o",
            "order",
            "Order",
            show=False,
            id="catalog.order",
            tooltip="By name, rows, what waits, foreign keys to it, tables like it",
        ),
        Binding("u", "undo", "Undo", show=False, id="catalog.undo", tooltip="Undo"),
        Binding("U", "redo", "Redo", show=False, id="catalog.redo", tooltip="Redo"),
        Binding(
            "r",
            "rescan",
            "Read again",
            show=False,
            id="catalog.rescan",
            tooltip="Read the catalog again",
        ),
        Binding("tab", "app.focus_next", "Schemas", show=False, id="catalog.focus"),
        Binding("escape", "clear", "Clear filter", show=False, id="catalog.clear"),
        Binding("q", "back", "Back", id="catalog.back", tooltip="Close this database"),
    ]

    app: ColumnistApp

    @dataclass
    class Listed(Message):
        """All tables are known anew."""

        listing: Listing
        """The tables."""
        coverage: list[SchemaCoverage]
        """The total, then each schema."""

        def can_replace(self, message: Message) -> bool:
            """A later one says all that an earlier one said."""
            return isinstance(message, CatalogScreen.Listed)

    @dataclass
    class Narrowed(Message):
        """The tables are known that have suggestions of some kind."""

        tables: frozenset[TableId]
        """Those tables."""
        facets: frozenset[Facet]
        """What was asked for."""

    def __init__(self, session: Session, drafting: BackgroundDrafting) -> None:
        super().__init__()
        self._session = session
        self._drafting = drafting
        self._listing = Listing([])
        self._schemas: list[SchemaCoverage] = []
        self._tables = _Tables(())
        self._wanted = TableFilter()
        self._order = Order.NAME
        self._facets: frozenset[Facet] = frozenset()
        self._complete = False
        self._read = 0
        self._read_version = (0, 0)
        self._changed_tables: set[TableId] | None = set()
        self._list_after = 0.0
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """Schemas on the left, tables on the right."""
        yield Label("", classes="title", id="head", markup=False)
        with Horizontal():
            yield RowList(
                [
                    Heading("schema"),
                    Heading("described", BAR + 1, minimum=26),
                    Heading("", 4, right=True),
                ],
                _Schemas(()),
                id="schemas",
            )
            with Vertical(id="right"):
                yield RowList(
                    [
                        Heading("table"),
                        Heading("kind", 12, minimum=90),
                        Heading("rows", 11, minimum=80, right=True),
                        Heading("described", BAR + 1),
                        Heading("", 8, minimum=64),
                        Heading("decide", 7, right=True),
                        Heading("write", 6, right=True),
                    ],
                    self._tables,
                    id="tables",
                )
                yield Static("", id="empty", markup=False)
        yield Input(placeholder="part of a name, or a pattern", classes="filter")
        yield StatusLine()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is known; read the catalog if nothing is, or it is old."""
        self.query_one("#tables").focus()
        self.query_one(StatusLine).place = self._session.database.identity.label
        self.set_interval(0.5, self._tick)
        self._take(Listing(self._session.snapshot.summaries(first=FIRST)), [])
        give_hint(self, self._session, "catalog")
        if self._session.files_only:
            self.notify(plain(self._session.files_only), markup=False, timeout=10)
        self._reload()
        if jobs.is_stale(self._session):
            self._scan()

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

    @work(
        thread=True,
        exclusive=True,
        group="list",
        exit_on_error=False,
        description="Listing the tables",
    )
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
        listing.references = self._listing.references
        listing.similar = self._listing.similar
        if self._order is Order.REFERENCES and not listing.references:
            listing.references = snapshot.references()
        if self._order is Order.SIMILAR and not listing.similar:
            listing.similar = snapshot.similar()
        if not worker.is_cancelled:
            self.post_message(self.Listed(listing, [total, *by_schema]))

    @on(Listed)
    def _listed_anew(self, event: Listed) -> None:
        if self._open:
            first, self._complete = not self._complete, True
            self._take(event.listing, event.coverage)
            if first:
                self._go_on()

    def _go_on(self) -> None:
        """Where this database was left, once all tables are known."""
        place = left(self._session.workspace, self._session.database_id)
        if place is None or self.app.screen is not self:
            return
        ids = [each.id for each in self._tables.found]
        if place.table not in ids:
            return
        self.query_one("#tables", RowList).cursor = ids.index(place.table)
        if place.reviewing:
            self._review(place.table, place.column)
            self.notify("Here you left. q shows the catalog.")

    def _take(self, listing: Listing, coverage: list[SchemaCoverage]) -> None:
        self._listing = listing
        if coverage:
            self._show_coverage(coverage)
        self._list()

    def _show_coverage(self, coverage: list[SchemaCoverage]) -> None:
        self._schemas = coverage
        self.query_one("#schemas", RowList).show(_Schemas(coverage))
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
        here = self._current()
        found = self._listing.find(self._wanted, self._order)
        self._tables = _Tables(found)
        cursor = None
        if here is not None:
            places = (i for i, each in enumerate(found) if each.id == here)
            cursor = next(places, None)
        self.query_one("#tables", RowList).show(self._tables, cursor=cursor)
        self.query_one("#right").set_class(not found, "-empty")
        self.query_one("#empty", Static).update(self._nothing())
        self._say()

    def _nothing(self) -> str:
        if not self._listing.summaries:
            if any(w.group == "scan" and w.is_running for w in self.workers):
                return "Reading the catalog…"
            return (
                "There are no tables here, or none that this user may see.\n"
                "r reads again, q goes back."
            )
        return "No table fits.\nescape clears the filter, f shows others."

    def _current(self) -> TableId | None:
        index = self.query_one("#tables", RowList).cursor
        found = self._tables.found
        return found[index].id if 0 <= index < len(found) else None

    @on(RowList.Moved, "#schemas")
    def _schema_moved(self, event: RowList.Moved) -> None:
        if event.index < len(self._schemas):
            schema = self._schemas[event.index].schema
            self._wanted = replace(self._wanted, schema=schema)
            self._list()

    @on(RowList.Chosen, "#schemas")
    def _schema_chosen(self) -> None:
        self.query_one("#tables").focus()

    @on(RowList.Chosen, "#tables")
    def _table_chosen(self, event: RowList.Chosen) -> None:
        if not self._open or self.app.screen is not self:
            return  # q closed the database, or enter came twice
        if event.index < len(self._tables.found):  # it may be shorter by now
            self._review(self._tables.found[event.index].id)

    def _review(self, table: TableId, column: str | None = None) -> None:
        from tui.app.screens.review import ReviewScreen

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
        self.query_one("#tables").focus()
        self._stop_typing()
        self._facets = frozenset()
        self._wanted = TableFilter(schema=self._wanted.schema)
        self._list()

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        self._wanted = replace(self._wanted, text=event.value)
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
        self.query_one("#tables").focus()

    def action_show(self) -> None:
        """List by what is missing, kind, state, source, confidence or finding."""

        def list_those(chosen: frozenset[Facet] | None) -> None:
            if chosen is None or chosen == self._facets:
                return
            self._facets = chosen
            self._wanted = replace(
                self._wanted,
                shows=cast("frozenset[Show]", values(chosen, Show)),
                kinds=cast("frozenset[TableKind]", values(chosen, TableKind)),
                tables=None,
            )
            if wanted := suggestions_with(chosen):
                self._narrow(wanted, chosen)
            self._list()

        self.app.push_screen(FacetModal(FACETS, self._facets), list_those)

    @work(
        thread=True,
        exclusive=True,
        group="narrow",
        exit_on_error=False,
        description="Looking through the suggestions",
    )
    def _narrow(self, wanted: SuggestionFilter, facets: frozenset[Facet]) -> None:
        found = self._session.choices.tables_with(wanted)
        self.post_message(self.Narrowed(found, facets))

    @on(Narrowed)
    def _narrowed(self, event: Narrowed) -> None:
        if event.facets == self._facets:
            self._wanted = replace(self._wanted, tables=event.tables)
            self._list()

    def action_order(self) -> None:
        """What helps most first: rows, what waits, foreign keys, tables like it."""
        orders = list(Order)
        self._order = orders[(orders.index(self._order) + 1) % len(orders)]
        if self._order in (Order.REFERENCES, Order.SIMILAR):
            self.notify("Looking through the catalog…", timeout=2)
            self._reload()
        self._list()

    # Reading and drafting

    def action_rescan(self) -> None:
        """Read the catalog again."""
        self._scan()

    @work(
        thread=True,
        exclusive=True,
        group="scan",
        exit_on_error=False,
        description="Reading the catalog",
    )
    def _scan(self) -> None:
        worker = get_current_worker()
        self._read = 0
        for _ in jobs.scan(
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
        wanted = [each.id for each in self._tables.found if each.undocumented]
        if not wanted:
            described = "Everything listed is described."
            self.notify(described if self._tables.found else "No table is listed.")
            return
        every = sum(each.undocumented for each in self._listing.summaries)
        everything = len(wanted) == every
        self.app.draft([] if everything else wanted)

    def action_stop(self) -> None:
        """Stop reading and drafting; what is there stays."""
        self._drafting.stop()
        self.workers.cancel_group(self, "scan")

    @on(DraftsSaved)
    def _saved(self, event: DraftsSaved) -> None:
        if self._changed_tables is not None:
            self._changed_tables |= {table_of(draft.target) for draft in event.drafts}

    @on(DraftingChanged)
    @on(CatalogChanged)
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
                self._listing.update(filter(None, found))
                self._list()
            # Listing a large catalog takes a while: at most a tenth of the time.
            now = time.monotonic()
            self._list_after = now + 10 * (now - began)
        self._say()

    def _say(self) -> None:
        if self.app.screen is self and (under := self._current()) is not None:
            # Drafting goes on from where the steward is.
            self._drafting.prefer(under, add=False)
        line = self.query_one(StatusLine)
        model = self._drafting.remote_line
        if any(w.group == "scan" and w.is_running for w in self.workers):
            shown = f"Reading the catalog: {self._read:,} · s stops"
        elif self._drafting.running:
            shown = f"{self._drafting.progress.line()} · s stops"
        else:
            model = self._drafting.model_line
            shown = self._listed_line()
        line.activity = " · ".join(filter(None, [model, shown]))

    def _listed_line(self) -> str:
        parts = [count(len(self._tables.found), "table")]
        if self._facets:
            parts.append(", ".join(sorted(facet.label for facet in self._facets)))
        if any(w.group == "narrow" and w.is_running for w in self.workers):
            parts.append("looking through the suggestions…")
        if self._order is not Order.NAME:
            parts.append(self._order.value + " first")
        return " · ".join(parts)

    # Deciding

    def action_accept_all(self) -> None:
        """Accept all pending suggestions of the tables listed."""
        scope, number = self._scope(), self._undecided
        ask_accept(self, self._session, scope, number, self._reload)

    def action_accept_by_rule(self) -> None:
        """Accept what a rule takes, once its count was seen."""

        def ask(choice: Choice | None) -> None:
            if choice is not None:
                ask_accept_chosen(self, self._session, choice, self._reload)

        covered = count(len(self._tables.found), "table") + " listed"
        self.app.push_screen(
            RuleModal(self._session, self._scope(), self._undecided, covered), ask
        )

    def action_reject_all(self) -> None:
        """Reject all undecided suggestions of the tables listed."""
        scope, number = self._scope(), self._undecided
        ask_reject(self, self._session, scope, number, self._reload)

    @property
    def _undecided(self) -> int:
        return sum(each.undecided for each in self._tables.found)

    def _scope(self) -> Scope:
        wanted = suggestions_with(self._facets)
        if len(self._tables.found) == len(self._listing.summaries):
            return Scope(wanted=wanted)
        tables = [each.id for each in self._tables.found]
        return Scope(tables=tables, wanted=wanted)

    def action_undo(self) -> None:
        """Take back the last decision."""
        self.app.undo(self, lambda _: self._reload())

    def action_redo(self) -> None:
        """Decide again as before the undo."""
        self.app.redo(self, lambda _: self._reload())

    def action_write(self) -> None:
        """Every statement that would be written."""
        from tui.app.screens.write import WriteScreen

        self.app.push_screen(WriteScreen(self._session, self._drafting))

    def action_figures(self) -> None:
        """Charts of how documenting goes."""
        from tui.app.screens.figures import FiguresScreen

        self.app.push_screen(FiguresScreen(self._session))

    def action_questions(self) -> None:
        """The names whose meaning would explain the most."""
        from tui.app.screens.questions import QuestionsScreen

        self.app.push_screen(QuestionsScreen(self._session, self._drafting))

    def action_back(self) -> None:
        """Close this database."""
        self._drafting.stop()
        self.workers.cancel_node(self)
        self.app.pop_screen()
        self.app.close_session()


def suggestions_with(facets: frozenset[Facet]) -> SuggestionFilter:
    """What facets say of suggestions."""
    return SuggestionFilter(
        cast("frozenset[State]", values(facets, State)),
        cast("frozenset[Source]", values(facets, Source)),
        cast("frozenset[Band]", values(facets, Band)),
        cast("frozenset[Finding]", values(facets, Finding)),
    )


def bar(done: int, total: int) -> str:
    """A share as blocks of eighths, `BAR` cells long."""
    eighths = round(8 * BAR * done / total) if total else 0
    full, part = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[part] * (part > 0)).ljust(BAR, "·")
