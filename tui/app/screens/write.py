"""Every comment before it is written, and what became of each after."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Label, Static
from textual.worker import Worker, WorkerState, get_current_worker

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError
from catalog.ledger import RecordedRun
from catalog.objects import TableId, Target
from connectors.run import Run
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.sql import SqlModal
from tui.app.screens.working import WorkingScreen
from tui.app.screens.write_rows import (
    Pace,
    Planned,
    Refusal,
    Row,
    change_of,
    own_sql,
    plan_rows,
    row_lines,
    row_sql,
    table_name,
    without_it,
)
from tui.app.welcome import give_hint
from tui.app.widgets.reading_list import Drawn, Flat, ReadingList
from tui.app.widgets.status_line import StatusLine
from tui.app.widgets.word_diff import word_diff
from tui.flow import writes
from tui.flow.background import BackgroundDrafting
from tui.flow.plan import plan_writes, save_script
from tui.flow.session import Session
from tui.flow.text import count, plain, when

TOLD_SECONDS = 0.1
"""Results are drawn so often; a message for each would hold the writer up."""
REASONS = 3
"""Reasons of refusals that are summed up; the list has all of them."""

DECIDED_OTHERWISE = "it was decided on otherwise meanwhile"
"""Why what is no longer staged is not written."""

Writing = Callable[..., Iterator[WriteResult]]
"""Writes, as `writes` has it; takes `stop`."""


class WriteScreen(WorkingScreen[None]):
    """The exact texts; enter writes them, d drops one from this run."""

    TITLE = "Write"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "write",
            "Write",
            id="write.write",
            priority=True,
            tooltip="Write what is listed; afterwards, what was not written once more",
        ),
        *keys(
            "write",
            ("d", "drop", "Drop", "Leave this one out; it stays accepted"),
            ("v", "view", "SQL", "All SQL, as it is executed"),
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
            ("s", "stop", "", "Stop after this one"),
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
        self._all: list[Row] = []
        """What is listed, if nothing is filtered."""
        self._outcomes: dict[Target, WriteResult] = {}
        """What became of what was written in this run."""
        self._tip = 0
        """The first row of which that is not known."""
        self._rows = Flat(self._drawn, table_name)
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
        yield ReadingList(self._rows, id="statements")
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
    def _render_plan(self, again: Collection[Target] = ()) -> None:
        """Plan what is staged; again, only what of a run was not written."""
        worker = get_current_worker()
        settled = writes.settle_open(self._session) if again else []
        staged = [
            change
            for change in self._session.suggestions.staged()
            if change not in self._dropped and (not again or change.target in again)
        ]
        run = plan_writes(self._session, staged, stop=lambda: worker.is_cancelled)
        rows = plan_rows(run, self._columns)
        if again:
            self.call_later(self._ask_again, run, rows, settled)
            return
        last = None if staged else self._session.ledger.last_revertible()
        self.call_later(self._show_plan, run, rows, last)

    def _columns(self, table_id: TableId) -> Sequence[str]:
        table = self._session.snapshot.table(table_id)
        return [] if table is None else [column.name for column in table.columns]

    @on(Worker.StateChanged)
    def _not_rendered(self, event: Worker.StateChanged) -> None:
        if event.worker.group != "plan" or event.state is not WorkerState.ERROR:
            return
        if self._began_any:
            self._tell_end(event.worker.error)
        else:
            self._headline("the statements could not be rendered; q goes back")

    def _show_plan(
        self, run: Run, rows: list[Row], last: RecordedRun | None = None
    ) -> None:
        self._plan = run
        self._all = rows
        self._list_rows(self._list.cursor or 0)
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
        self.set_class(not rows, "-empty")
        lines = ["Nothing is accepted yet, so there is nothing to write."]
        if last is not None:
            lines.append(
                f"b takes back run {last.id}:"
                f" {count(last.written, 'comment')}, {when(last.started_at)}."
            )
        self.query_one("#empty", Static).update("\n".join([*lines, "q goes back."]))
        self._detail()

    def action_drop(self) -> None:
        """Leave the comment under the cursor out of this run."""
        row = self._here
        if self._plan is None or row is None or self._reverting or self.runs("write"):
            return
        if self._began_any and self._is_written(row):
            self.notify("This is written already.")
            return
        change = change_of(row)
        self._dropped.add(change)
        if self._began_any:
            self._all = [each for each in self._all if change_of(each) != change]
            self._list_rows(self._list.cursor or 0)
            self._tell_end()
        else:
            without_it(self._all, self._list.cursor or 0, self._columns)
            self._show_plan(self._plan.without({change}), self._all)

    def action_view(self) -> None:
        """All SQL, as it is executed."""
        statements = (
            [] if self._plan is None else [s.sql for s in self._plan.statements]
        )
        if self._reverting:
            made = (row.statement for row in self._all if isinstance(row, WriteResult))
            statements = list(dict.fromkeys(filter(None, made)))
        if statements:
            self.app.push_screen(SqlModal(statements))
        else:
            self.notify("There is no statement.")

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
        """Ask, with the exact count, then write; afterwards what was not written."""
        if self._plan is None or self._reverting:
            return
        if self.runs("write") or self.runs("plan") or self._refuses():
            return
        if not self._began_any:
            self._ask(self._plan, self._all)
        elif left := [row for row in self._all if not self._is_written(row)]:
            self._render_plan(frozenset(change_of(row).target for row in left))
        else:
            self.notify("All of it is written.")

    def _ask_again(
        self, run: Run, rows: list[Row], settled: Sequence[WriteResult]
    ) -> None:
        """List what was planned anew in its old place, and ask for it."""
        ended = {each.change.target: each for each in settled}
        anew = {change_of(row).target: row for row in rows}
        kept: list[Row] = []
        for row in self._all:
            target = change_of(row).target
            known = anew.get(target) or ended.get(target) or self._as_ended(row)
            if known is row and isinstance(row, Planned):
                known = Refusal(change_of(row), DECIDED_OTHERWISE)
            kept.append(known)
        if run.statements:
            left = [row for row in kept if not self._is_written(row)]
            self.once_on_top(partial(self._ask, run, left))
            return
        self._all, self._outcomes = kept, {}
        self._list_rows(0)
        self._tell_end()
        self.notify("None of these can be written as it is; each row says why.")

    def _ask(self, plan: Run, rows: list[Row]) -> None:
        run = Run(plan.statements)
        number = len(run.changes)
        if not number:
            self.notify("There is nothing to write.")
            return
        writing = partial(writes.apply, self._session, [run], on_run=self._began)
        again = " once more" if self._began_any else ""

        def begin() -> None:
            self._plan = plan
            self._begin(number, writing, rows)

        self.app.confirm(
            f"Write {count(number, 'comment')}{again}?",
            [
                f"To {plain(self._session.database.identity.label)}.",
                "Each is compared with what you saw, and read back.",
            ],
            begin,
            enter=True,
        )

    def _refuses(self) -> bool:
        if self._session.settings.read_only:
            self.notify("Opened with --read-only: nothing is written.")
            return True
        return False

    # Writing

    def _begin(
        self,
        total: int,
        writing: Writing,
        rows: list[Row],
        *,
        reverting: bool = False,
    ) -> None:
        self._stop.clear()
        self._all, self._outcomes, self._tip = rows, {}, 0
        self._only_unwritten = False
        self._began_any = True
        self._reverting = reverting
        self._pace = Pace(total)
        self._facts([])
        self.set_class(False, "-empty")
        self._list_rows(0)
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
        self._outcomes |= {each.change.target: each for each in results}
        if self._reverting:
            self._all += results
        rows = self._all
        while (
            self._tip < len(rows)
            and change_of(rows[self._tip]).target in self._outcomes
        ):
            self._tip += 1
        if self._only_unwritten:
            self._list.changed()
        else:
            self._list.go(max(self._tip - 1, 0) if rows else None)
        self._headline_of_run()

    def _headline_of_run(self) -> None:
        verb = "restoring" if self._reverting else "writing"
        keys = "stopping after this one" if self._stop.is_set() else "s stops"
        self._headline(f"{verb} {self._pace.told(len(self._outcomes))} · {keys}")

    @on(Worker.StateChanged)
    def _ended(self, event: Worker.StateChanged) -> None:
        if event.worker.group != "write" or not event.worker.is_finished:
            return
        if self._reverting:
            self._run = None
        self._list_rows(0)
        self._tell_end(event.worker.error)

    def _tell_end(self, error: BaseException | None = None) -> None:
        """What became of the run, in numbers first."""
        counts = Counter(self._outcome(row) for row in self._all)
        if self._reverting:
            counts[None] = self._pace.total - len(self._outcomes)
        written = counts[Outcome.WRITTEN]
        parts = [f"{written:,} {'restored' if self._reverting else 'written'}"]
        parts += [
            f"{number:,} {name}"
            for name, number in (
                ("in conflict", counts[Outcome.CONFLICT]),
                ("refused", counts[Outcome.REFUSED]),
                ("failed", counts[Outcome.FAILED]),
                ("not tried", counts[None]),
            )
            if number > 0
        ]
        left = sum(counts.values()) - written
        keys = []
        if not self._reverting and left > counts[Outcome.CONFLICT]:
            keys.append("enter tries the others again")
        if self._run is not None and written:
            keys.append(f"run {self._run}: b takes it back")
        if left:
            keys.append("f shows only the others")
        self._headline(f"{', '.join(parts)} — {', '.join([*keys, 'q goes back'])}")
        self._facts([error.message] if isinstance(error, ColumnistError) else [])
        self._detail()

    def _outcome(self, row: Row) -> Outcome | None:
        """What became of a row; None where it was not tried."""
        row = self._as_ended(row)
        if isinstance(row, WriteResult):
            return row.outcome
        return Outcome.REFUSED if isinstance(row, Refusal) else None

    def _is_written(self, row: Row) -> bool:
        return self._outcome(row) is Outcome.WRITTEN

    def _as_ended(self, row: Row) -> Row:
        """A row as what became of it, where that is known."""
        if isinstance(row, Planned):
            return self._outcomes.get(change_of(row).target, row)
        return row

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
            lambda: self._begin(written, writing, [], reverting=True),
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
        self._list_rows(0)
        self._detail()

    def action_copy(self) -> None:
        """Copy the statement under the cursor."""
        row = self._here
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
    def _list(self) -> ReadingList[int]:
        return self.query_one("#statements", ReadingList)

    @property
    def _here(self) -> Row | None:
        row = self._rows.at(self._list.cursor)
        return None if row is None else self._as_ended(row)

    def _list_rows(self, cursor: int) -> None:
        """List all, or what was not written, with the cursor on a row."""
        rows = self._all
        if self._only_unwritten:
            rows = [row for row in rows if not self._is_written(row)]
        self._rows.items = rows
        self._list.go(min(cursor, len(rows) - 1) if rows else None)
        self._list.changed()

    def _drawn(self, row: Row, width: int) -> Sequence[Drawn]:
        return row_lines(self._as_ended(row), width, restored=self._reverting)

    @on(ReadingList.Moved)
    def _detail(self) -> None:
        row = self._here
        self.query_one("#details", Static).update("" if row is None else _details(row))

    def _headline(self, text: str) -> None:
        self.query_one("#head", Label).update(f" Write — {text}")

    def _facts(self, lines: Sequence[str]) -> None:
        facts = self.query_one("#facts", Static)
        facts.update("\n".join(plain(line) for line in lines))
        facts.display = bool(lines)


def _details(row: Row) -> RenderableType:
    """The whole texts of a row, old and new, and its SQL."""
    change = change_of(row)
    sql = Syntax(
        "\n".join(plain(line) for line in own_sql(row).split("\n")),
        "sql",
        word_wrap=True,
        background_color="default",
    )
    if not (change.previous and change.text):
        return sql
    old, new = word_diff(change.previous, change.text)
    now, then = Text("now: ", "dim"), Text("new: ", "dim")
    return Group(now.append_text(old), then.append_text(new), sql)


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
