"""Every statement before it is executed, and what became of each object after."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.syntax import Syntax
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Label, Static
from textual.worker import Worker, WorkerState, get_current_worker

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.ledger import RecordedRun
from connectors.run import Run
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.working import WorkingScreen
from tui.app.screens.write_rows import (
    HEADINGS,
    Pace,
    Row,
    changes_of,
    plan_rows,
    row_cells,
    row_sql,
)
from tui.app.welcome import give_hint
from tui.app.widgets.row_list import Cell, RowList
from tui.app.widgets.status_line import StatusLine
from tui.flow import writes
from tui.flow.background import BackgroundDrafting
from tui.flow.plan import plan_writes, save_script
from tui.flow.session import Session
from tui.flow.text import count, plain, when

TOLD_SECONDS = 0.1
"""Results are drawn so often; a message for each would hold the writer up."""
REASONS = 3
"""Reasons of refusals that are summed up; the list has all of them."""


Writing = Callable[..., Iterator[WriteResult]]
"""Writes, as `writes` has it; takes `stop`."""


class WriteScreen(WorkingScreen[None]):
    """The exact statements; enter writes them, d drops one from this run."""

    TITLE = "Write"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "write",
            "Write",
            id="write.write",
            priority=True,
            tooltip="Write what is listed",
        ),
        *keys(
            "write",
            ("d", "drop", "Drop", "Leave this one out; it stays accepted"),
            (
                "S",
                "save",
                "Script",
                "Save the statements as columnist-DATE.sql in the current folder",
            ),
            (
                "b",
                "take_back",
                "Take back",
                "Restore what this run replaced, or the last one",
            ),
            (
                "f",
                "filter",
                "Not written",
                "Show only what was not written, or all again",
            ),
            ("s", "stop", "Stop", "Stop after this one"),
            ("y", "copy", "", "Copy the statement"),
            ("q,escape", "back", "Back", "Back"),
        ),
    ]

    def __init__(self, session: Session, drafting: BackgroundDrafting) -> None:
        super().__init__()
        self._session = session
        self._drafting = drafting
        self._dropped: set[CommentChange] = set()
        self._plan: Run | None = None
        self._results: list[WriteResult] = []
        self._only_unwritten = False
        self._run: int | None = None
        """The run made here that still stands."""
        self._began_any = False
        self._reverting = False
        self._pace = Pace(0)
        # Cancelling the worker would say that it ended while its thread still writes.
        self._stop = threading.Event()

    def compose(self) -> ComposeResult:
        """Statements, or results, with the whole SQL of one below."""
        yield Label(
            " Write — rendering the statements…",
            classes="title",
            id="head",
            markup=False,
        )
        yield Static("", id="facts", markup=False)
        yield RowList(HEADINGS, self._cells, id="statements")
        yield Static("", id="empty", markup=False)
        yield Static("", id="details", markup=False)
        yield StatusLine(self._session.database.identity.label)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Render what is staged."""
        self.query_one("#statements").focus()
        give_hint(self, self._session, "write")
        self._render_plan()

    # Before writing

    @beside("plan", "Rendering the statements")
    def _render_plan(self) -> None:
        worker = get_current_worker()
        staged = [
            change
            for change in self._session.suggestions.staged()
            if change not in self._dropped
        ]
        run = plan_writes(self._session, staged, stop=lambda: worker.is_cancelled)
        last = None if staged else self._session.ledger.last_revertible()
        self.call_later(self._show_plan, run, last)

    @on(Worker.StateChanged)
    def _not_rendered(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "plan" and event.state is WorkerState.ERROR:
            self._headline("the statements could not be rendered; q goes back")

    def _show_plan(self, run: Run, last: RecordedRun | None = None) -> None:
        self._plan = run
        self._rows.show(plan_rows(run))
        parts = [
            f"{count(len(run.changes), 'comment')}"
            f" in {count(len(run.statements), 'statement')}"
        ]
        if run.refused:
            parts.append(f"{len(run.refused):,} would be refused")
        if self._dropped:
            parts.append(f"{len(self._dropped)} dropped")
        self._headline(" · ".join(parts))
        self._facts(_facts(run))
        self.set_class(not self._rows.found, "-empty")
        lines = ["Nothing is accepted yet, so there is nothing to write."]
        if last is not None:
            lines.append(
                f"b takes back run {last.id}:"
                f" {count(last.written, 'comment')}, {when(last.started_at)}."
            )
        self.query_one("#empty", Static).update("\n".join([*lines, "q goes back."]))
        self._detail()

    def action_drop(self) -> None:
        """Leave the statement under the cursor out of this run."""
        row = self._rows.here
        if self._plan is not None and not self._began_any and row is not None:
            self._dropped.update(changes_of(row))
            self._show_plan(self._plan.without(self._dropped))

    def action_save(self) -> None:
        """Save the statements as a file, for a client or somebody else to run."""
        if self._plan is None:
            self.notify("Still rendering the statements.")
        elif self._began_any:
            self.notify("This was executed; a script is saved before.")
        elif not self._plan.statements:
            self.notify("There is no statement to save.")
        else:
            self._save(self._plan)

    @beside("script", "Saving the script")
    def _save(self, run: Run) -> None:
        path = save_script(self._session, run, Path.cwd())
        self.notify(
            f"Saved {plain(str(path))}. Nothing was written to the database.",
            markup=False,
        )

    def action_write(self) -> None:
        """Ask, with the exact count, then write."""
        if self._plan is None or self._began_any or self.runs("write"):
            return
        if self._refuses():
            return
        run = Run(self._plan.statements)
        number = len(run.changes)
        if not number:
            self.notify("There is nothing to write.")
            return
        writing = partial(writes.apply, self._session, [run], on_run=self._began)
        self.app.confirm(
            f"Write {count(number, 'comment')}?",
            [
                f"To {plain(self._session.database.identity.label)}.",
                "Each is compared with what you saw, and read back.",
            ],
            lambda: self._begin(number, writing),
            enter=True,
        )

    def _refuses(self) -> bool:
        if self._session.settings.read_only:
            self.notify("Opened with --read-only: nothing is written.")
            return True
        return False

    # Writing

    def _begin(self, total: int, writing: Writing, *, reverting: bool = False) -> None:
        self._stop.clear()
        self._results = []
        self._began_any = True
        self._reverting = reverting
        self._pace = Pace(total)
        self._facts([])
        self.set_class(False, "-empty")
        self._show_results()
        self._headline_of_run()
        (self._take_back if reverting else self._write)(writing)

    @beside("write", "Writing")
    def _write(self, writing: Writing) -> None:
        self._tell(writing)

    @beside("write", "Taking back")
    def _take_back(self, writing: Writing) -> None:
        self._tell(writing)

    def _tell(self, writing: Writing) -> None:
        """Show results as they come, some at a time."""
        worker = get_current_worker()
        some: list[WriteResult] = []
        told = 0.0
        # Sampling reads the file that is written; DuckDB allows only one of the two.
        with self._drafting.paused():
            try:
                for result in writing(
                    stop=lambda: worker.is_cancelled or self._stop.is_set()
                ):
                    some.append(result)
                    if time.monotonic() - told >= TOLD_SECONDS:
                        self.call_later(self._went, some)
                        some, told = [], time.monotonic()
            finally:
                self.call_later(self._went, some)

    def _began(self, run: int) -> None:
        self._run = run

    def _went(self, results: Sequence[WriteResult]) -> None:
        self._results += results
        self._show_results(cursor=len(self._results) - 1)
        self._headline_of_run()

    def _headline_of_run(self) -> None:
        verb = "restoring" if self._reverting else "writing"
        keys = "stopping after this one" if self._stop.is_set() else "s stops"
        self._headline(f"{verb} {self._pace.told(len(self._results))} · {keys}")

    @on(Worker.StateChanged)
    def _ended(self, event: Worker.StateChanged) -> None:
        if event.worker.group != "write" or not event.worker.is_finished:
            return
        counts = Counter(each.outcome for each in self._results)
        verb = "restored" if self._reverting else "written"
        parts = [f"{counts[Outcome.WRITTEN]:,} {verb}"]
        parts += [
            f"{number:,} {name}"
            for name, number in (
                ("in conflict", counts[Outcome.CONFLICT]),
                ("refused", counts[Outcome.REFUSED]),
                ("failed", counts[Outcome.FAILED]),
                ("not tried", self._pace.total - len(self._results)),
            )
            if number > 0
        ]
        keys = ["q goes back"]
        if counts[Outcome.WRITTEN] < len(self._results):
            keys.insert(0, "f shows only the others")
        if self._reverting:
            self._run = None
        elif self._run is not None and counts[Outcome.WRITTEN]:
            keys.insert(0, f"run {self._run}: b takes it back")
        self._show_results(cursor=0)
        self._headline(f"{', '.join(parts)} — {', '.join(keys)}")
        self._detail()

    def action_take_back(self) -> None:
        """Restore what the run made here replaced, or else the last one that stands."""
        if self.runs("write"):
            self.notify("Writing is under way; s stops it.")
            return
        if self._plan is None:
            self.notify("Still rendering the statements.")
            return
        if self._refuses():
            return
        made = [] if self._run is None else self._session.ledger.runs()
        run = next((each for each in made if each.id == self._run), None)
        if run is None or not run.written:
            run = self._session.ledger.last_revertible()
        if run is None:
            self.notify("There is no run to take back.")
            return
        written = run.written
        writing = partial(writes.revert, self._session, run.id)
        self.app.confirm(
            f"Restore {count(written, 'comment')} of run {run.id}?",
            [
                f"It was made {when(run.started_at)}.",
                "What somebody changed since is left alone.",
            ],
            lambda: self._begin(written, writing, reverting=True),
            enter=True,
        )

    def action_stop(self) -> None:
        """Stop between two statements."""
        if self.runs("write"):
            self._stop.set()
            self._headline_of_run()

    def action_filter(self) -> None:
        """Only what was not written, or everything again."""
        if not self._began_any:
            self.notify("Nothing was written yet.")
            return
        self._only_unwritten = not self._only_unwritten
        self._show_results(cursor=0)
        self._detail()

    def action_copy(self) -> None:
        """Copy the statement under the cursor."""
        row = self._rows.here
        if row is not None and (text := row_sql(row)):
            self.app.copy_to_clipboard(text)
            self.notify("Copied.")

    def action_back(self) -> None:
        """Back, unless something is being written."""
        if self.runs("write"):
            self.notify("Writing is under way; s stops it.")
            return
        self.app.pop_screen()

    # Drawing

    @property
    def _rows(self) -> RowList[Row]:
        return self.query_one("#statements", RowList)

    def _show_results(self, *, cursor: int = 0) -> None:
        wanted: Sequence[WriteResult] = self._results
        if self._only_unwritten:
            wanted = [r for r in wanted if r.outcome is not Outcome.WRITTEN]
        self._rows.show(wanted, cursor=cursor)

    def _cells(self, row: Row) -> Sequence[Cell]:
        return row_cells(row, restored=self._reverting)

    @on(RowList.Moved)
    def _detail(self) -> None:
        row = self._rows.here
        text = "" if row is None else row_sql(row)
        self.query_one("#details", Static).update(
            Syntax(
                "\n".join(plain(line) for line in text.split("\n")),
                "sql",
                word_wrap=True,
                background_color="default",
            )
            if text
            else ""
        )

    def _headline(self, text: str) -> None:
        self.query_one("#head", Label).update(f" Write — {text}")

    def _facts(self, lines: Sequence[str]) -> None:
        facts = self.query_one("#facts", Static)
        facts.update("\n".join(plain(line) for line in lines))
        facts.display = bool(lines)


def _facts(run: Run) -> list[str]:
    """What writing holds up, and why some of it would be refused."""
    lines = list(run.costs) if run.statements else []
    if dear := [each for each in run.statements if each.note]:
        lines.append(f"! {count(len(dear), 'statement')}: {dear[0].note}.")
    found = run.reasons()
    told = [f"{number:,} because {reason}" for reason, number in found[:REASONS]]
    if len(found) > REASONS:
        told.append(f"{count(len(found) - REASONS, 'more reason')}")
    return [*lines, f"⊘ Refused: {'; '.join(told)}."] if told else lines
