"""Schemas and tables with coverage and what waits to be decided."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer, Input, Label, Static
from textual.worker import Worker, get_current_worker

from catalog.objects import TableId, table_of
from catalog.snapshot import SchemaCoverage, TableSummary
from catalog.suggestion import UNDECIDED, Suggestion
from tui import jobs
from tui.drafting import BackgroundDrafting
from tui.messages import CatalogChanged, DraftingChanged, DraftsSaved
from tui.screens.bulk import ask_accept, ask_reject
from tui.session import Session
from tui.text import count, plain
from tui.widgets.row_list import Cell, Heading, RowList
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tui.app import ColumnistApp

BAR = 8
"""Cells of a coverage bar."""
NARROW = 110


class Show(Enum):
    """Which tables are listed."""

    ALL = "all tables"
    UNDOCUMENTED = "undocumented"
    UNDECIDED = "to decide"
    STAGED = "to write"


@dataclass(frozen=True, slots=True)
class _Schemas:
    coverage: Sequence[SchemaCoverage]

    def __len__(self) -> int:
        return len(self.coverage)

    def cells(self, index: int) -> Sequence[Cell]:
        each = self.coverage[index]
        name = "all schemas" if each.schema is None else each.schema
        return (Cell(name, "strong"), Cell(f"{each.share:.0%}", "accent"))


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


class CatalogScreen(Screen[None]):
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
        Binding("w", "write", "Write", id="catalog.write", tooltip="See and write SQL"),
        Binding(
            "Q",
            "questions",
            "Questions",
            id="catalog.questions",
            tooltip="Say what names mean that would explain the most",
        ),
        Binding(
            "slash", "filter", "Filter", id="catalog.filter", tooltip="Filter by name"
        ),
        Binding("f", "show", "Show", id="catalog.show", tooltip="All, undocumented, …"),
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

    def __init__(self, session: Session, drafting: BackgroundDrafting) -> None:
        super().__init__()
        self._session = session
        self._drafting = drafting
        self._summaries: list[TableSummary] = []
        self._tables = _Tables(())
        self._schema: str | None = None
        self._show = Show.ALL
        self._filter = ""
        self._read = 0
        self._dirty = False
        self._reload_after = 0.0

    def compose(self) -> ComposeResult:
        """Schemas on the left, tables on the right."""
        yield Label("", classes="title", id="head", markup=False)
        with Horizontal():
            yield RowList(
                [Heading("schema"), Heading("done", 5, right=True)],
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
        self._reload()
        if self._session.files_only:
            self.notify(plain(self._session.files_only), markup=False, timeout=10)
        if jobs.is_stale(self._session):
            self._scan()

    def on_screen_resume(self) -> None:
        """Other screens decide and write."""
        if self._open:
            self._reload()

    @property
    def _open(self) -> bool:
        """Whether the database is still open: a worker may end after it is closed."""
        return self.app.session is self._session

    def on_resize(self) -> None:
        """Give the tables room."""
        self.set_class(self.size.width < NARROW, "-narrow")

    # What is listed

    def _reload(self) -> None:
        self._summaries = self._session.snapshot.summaries()
        by_schema, total = self._session.snapshot.coverage()
        schemas = _Schemas([total, *by_schema])
        self.query_one("#schemas", RowList).show(schemas)
        self.query_one("#head", Label).update(
            f"{plain(self._session.database.identity.label)}"
            f" — {total.share:.0%} described:"
            f" {total.tables_described:,} of {count(total.tables, 'table')},"
            f" {total.columns_described:,} of {count(total.columns, 'column')}"
        )
        self._list()

    def _list(self) -> None:
        here = self._current()
        wanted = self._filter.lower()
        found = [
            summary
            for summary in self._summaries
            if (self._schema is None or summary.id.schema == self._schema)
            and _shown(summary, self._show)
            and fuzzy(wanted, str(summary.id).lower())
        ]
        self._tables = _Tables(found)
        ids = [summary.id for summary in found]
        cursor = ids.index(here) if here in ids else None
        self.query_one("#tables", RowList).show(self._tables, cursor=cursor)
        self.query_one("#right").set_class(not found, "-empty")
        self.query_one("#empty", Static).update(self._nothing())
        self._tick()

    def _nothing(self) -> str:
        if not self._summaries:
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
        by_schema, _ = self._session.snapshot.coverage()
        names = [None, *(each.schema for each in by_schema)]
        self._schema = names[event.index] if event.index < len(names) else None
        self._list()

    @on(RowList.Chosen, "#schemas")
    def _schema_chosen(self) -> None:
        self.query_one("#tables").focus()

    @on(RowList.Chosen, "#tables")
    def _table_chosen(self, event: RowList.Chosen) -> None:
        from tui.screens.review import ReviewScreen

        order = [summary.id for summary in self._tables.found]
        self.app.push_screen(
            ReviewScreen(self._session, self._drafting, order, order[event.index])
        )

    def action_filter(self) -> None:
        """Filter by name."""
        box = self.query_one(Input)
        box.add_class("-open")
        box.focus()

    def action_clear(self) -> None:
        """Close the filter."""
        box = self.query_one(Input)
        box.value = ""
        box.remove_class("-open")
        self.query_one("#tables").focus()

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        self._filter = event.value
        self._list()

    @on(Input.Submitted)
    def _filter_done(self) -> None:
        self.query_one("#tables").focus()

    def action_show(self) -> None:
        """List all tables, the undocumented, those to decide, those to write."""
        kinds = list(Show)
        self._show = kinds[(kinds.index(self._show) + 1) % len(kinds)]
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
        for _ in jobs.scan(self._session, stop=lambda: worker.is_cancelled):
            self._read += 1

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
            self.notify("Everything listed is described.")
            return
        everything = len(wanted) == sum(each.undocumented for each in self._summaries)
        self.app.draft([] if everything else wanted)

    def action_stop(self) -> None:
        """Stop reading and drafting; what is there stays."""
        self._drafting.stop()
        self.workers.cancel_group(self, "scan")

    @on(DraftsSaved)
    @on(DraftingChanged)
    @on(CatalogChanged)
    def _changed(self) -> None:
        self._dirty = True

    def _tick(self) -> None:
        if not self._open:
            return
        if self._dirty and time.monotonic() >= self._reload_after:
            self._dirty = False
            began = time.monotonic()
            self._reload()
            # Listing a large catalog takes a while: at most a tenth of the time.
            now = time.monotonic()
            self._reload_after = now + 10 * (now - began)
            return
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
            shown = f"{self._show.value}: {len(self._tables.found):,}"
        line.activity = " · ".join(filter(None, [model, shown]))

    # Deciding

    def action_accept_all(self) -> None:
        """Accept all pending suggestions of the tables listed."""
        ask_accept(self.app, self._session, self._listed(), self._reload)

    def action_reject_all(self) -> None:
        """Reject all undecided suggestions of the tables listed."""
        ask_reject(self.app, self._session, self._listed(), self._reload)

    def _listed(self) -> list[Suggestion]:
        ids = {summary.id for summary in self._tables.found}
        return [
            suggestion
            for suggestion in self._session.suggestions.all(states=UNDECIDED)
            if table_of(suggestion.target) in ids
        ]

    def action_undo(self) -> None:
        """Take back the last decision."""
        self.app.undo(self._reload)

    def action_redo(self) -> None:
        """Decide again as before the undo."""
        self.app.redo(self._reload)

    def action_write(self) -> None:
        """Every statement that would be written."""
        from tui.screens.write import WriteScreen

        self.app.push_screen(WriteScreen(self._session, self._drafting))

    def action_questions(self) -> None:
        """The names whose meaning would explain the most."""
        from tui.screens.questions import QuestionsScreen

        self.app.push_screen(QuestionsScreen(self._session, self._drafting))

    def action_back(self) -> None:
        """Close this database."""
        self._drafting.stop()
        self.workers.cancel_node(self)
        self.app.pop_screen()
        self.app.close_session()


def _shown(summary: TableSummary, show: Show) -> bool:
    match show:
        case Show.UNDOCUMENTED:
            return summary.undocumented
        case Show.UNDECIDED:
            return summary.undecided > 0
        case Show.STAGED:
            return summary.staged > 0
        case _:
            return True


def fuzzy(wanted: str, name: str) -> bool:
    """Whether the characters wanted occur in a name, in order."""
    rest = iter(name)
    return all(character in rest for character in wanted)


def bar(done: int, total: int) -> str:
    """A share as blocks of eighths, `BAR` cells long."""
    eighths = round(8 * BAR * done / total) if total else 8 * BAR
    full, part = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[part] * (part > 0)).ljust(BAR, "·")
