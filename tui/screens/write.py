"""Every statement before it is executed, and what became of each object after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.syntax import Syntax
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Footer, Label, Static
from textual.worker import Worker, WorkerState, get_current_worker

from catalog.change import CommentChange, Outcome, WriteResult
from tui import writes
from tui.drafting import BackgroundDrafting
from tui.plan import Planned, plan_writes
from tui.screens.confirm import ConfirmModal
from tui.screens.working import WorkingScreen
from tui.session import Session
from tui.text import count, plain
from tui.widgets.row_list import Cell, Heading, RowList
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tui.app import ColumnistApp

OUTCOMES = {
    Outcome.WRITTEN: ("● written", "good"),
    Outcome.CONFLICT: ("! conflict", "bad"),
    Outcome.REFUSED: ("⊘ refused", "bad"),
    Outcome.FAILED: ("✗ failed", "bad"),
}
HEADINGS = (Heading("", 12), Heading("object", 40), Heading("statement"))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Statements to write, then what would be refused."""

    planned: Planned

    def __len__(self) -> int:
        return len(self.planned.statements) + len(self.planned.refused)

    def cells(self, index: int) -> Sequence[Cell]:
        number = len(self.planned.statements)
        if index < number:
            statement = self.planned.statements[index]
            first = statement.changes[0].target
            more = len(statement.changes) - 1
            name = str(first) + (f" and {more} more" if more else "")
            return (
                Cell("→ to write", "accent"),
                Cell(name, "strong"),
                Cell(statement.sql),
            )
        change, reason = self.planned.refused[index - number]
        return (
            Cell("⊘ refused", "bad"),
            Cell(str(change.target), "strong"),
            Cell(reason, "muted"),
        )

    def changes(self, index: int) -> Sequence[CommentChange]:
        """The changes of one line."""
        number = len(self.planned.statements)
        if index < number:
            return self.planned.statements[index].changes
        return (self.planned.refused[index - number][0],)

    def sql(self, index: int) -> str:
        """The whole statement of one line, or the reason why there is none."""
        number = len(self.planned.statements)
        if index < number:
            statement = self.planned.statements[index]
            note = f"-- {statement.note}\n" if statement.note else ""
            return note + statement.sql
        return f"-- {self.planned.refused[index - number][1]}"


@dataclass(frozen=True, slots=True)
class _Results:
    results: Sequence[WriteResult]

    def __len__(self) -> int:
        return len(self.results)

    def cells(self, index: int) -> Sequence[Cell]:
        result = self.results[index]
        sign, role = OUTCOMES[result.outcome]
        return (
            Cell(sign, role),
            Cell(str(result.change.target), "strong"),
            Cell(result.reason or result.change.text or "(cleared)"),
        )


class WriteScreen(WorkingScreen):
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
        Binding(
            "d",
            "drop",
            "Drop",
            id="write.drop",
            tooltip="Leave this one out; it stays accepted",
        ),
        Binding(
            "b",
            "take_back",
            "Take back",
            id="write.take_back",
            tooltip="Restore what this run replaced",
        ),
        Binding("s", "stop", "Stop", id="write.stop", tooltip="Stop after this one"),
        Binding("y", "copy", "Copy", show=False, id="write.copy"),
        Binding("q,escape", "back", "Back", id="write.back"),
    ]

    app: ColumnistApp

    @dataclass
    class Rendered(Message):
        """The statements are known."""

        planned: Planned
        """To be shown."""

    @dataclass
    class Went(Message):
        """Some results are in the ledger."""

        results: Sequence[WriteResult]
        """The new ones."""

    def __init__(self, session: Session, drafting: BackgroundDrafting) -> None:
        super().__init__()
        self._session = session
        self._drafting = drafting
        self._dropped: set[CommentChange] = set()
        self._plan: _Plan | None = None
        self._results: list[WriteResult] = []
        self._run: int | None = None
        self._reverting = False

    def compose(self) -> ComposeResult:
        """Statements, or results, with the whole SQL of one below."""
        yield Label(
            " Write — rendering the statements…",
            classes="title",
            id="head",
            markup=False,
        )
        yield RowList(HEADINGS, _Results(()), id="statements")
        yield Static("", id="empty", markup=False)
        yield Static("", id="details", markup=False)
        yield StatusLine()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Render what is staged."""
        self.query_one(StatusLine).place = self._session.database.identity.label
        self.query_one("#statements").focus()
        self._render_plan()

    @on(Worker.StateChanged)
    def _not_rendered(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "plan" and event.state is WorkerState.ERROR:
            self._headline("the statements could not be rendered; q goes back")

    # Before writing

    @work(
        thread=True,
        exclusive=True,
        group="plan",
        exit_on_error=False,
        description="Rendering the statements",
    )
    def _render_plan(self) -> None:
        worker = get_current_worker()
        staged = [
            change
            for change in self._session.suggestions.staged()
            if change not in self._dropped
        ]
        planned = plan_writes(self._session, staged, stop=lambda: worker.is_cancelled)
        self.post_message(self.Rendered(planned))

    @on(Rendered)
    def _rendered(self, event: Rendered) -> None:
        self._plan = _Plan(event.planned)
        self._show_plan()

    def _show_plan(self) -> None:
        if self._plan is None:
            return
        self._rows.show(self._plan)
        statements = self._plan.planned.statements
        changes = sum(len(statement.changes) for statement in statements)
        refused = len(self._plan.planned.refused)
        parts = [
            f"{count(changes, 'comment')} in {count(len(statements), 'statement')}"
        ]
        if refused:
            parts.append(f"{refused} would be refused")
        if self._dropped:
            parts.append(f"{len(self._dropped)} dropped")
        self._headline(" · ".join(parts))
        self.set_class(not len(self._plan), "-empty")
        self.query_one("#empty", Static).update(
            "Nothing is accepted yet, so there is nothing to write.\nq goes back."
        )
        self._detail()

    def action_drop(self) -> None:
        """Leave the statement under the cursor out of this run."""
        if self._plan is None or self._run is not None or not len(self._plan):
            return
        self._dropped.update(self._plan.changes(self._rows.cursor))
        planned = Planned(
            [
                statement
                for statement in self._plan.planned.statements
                if not self._dropped & set(statement.changes)
            ],
            [
                each
                for each in self._plan.planned.refused
                if each[0] not in self._dropped
            ],
        )
        self._plan = _Plan(planned)
        self._show_plan()

    def action_write(self) -> None:
        """Ask, with the exact count, then write."""
        if self._plan is None or self._run is not None or self._busy:
            return
        if self._session.settings.read_only:
            self.notify("Opened with --read-only: nothing is written.")
            return
        changes = [
            change
            for statement in self._plan.planned.statements
            for change in statement.changes
        ]
        if not changes:
            self.notify("There is nothing to write.")
            return

        def decide(answer: bool | None) -> None:
            if answer:
                self._results = []
                self._write(changes)

        self.app.push_screen(
            ConfirmModal(
                f"Write {count(len(changes), 'comment')}?",
                [
                    f"To {plain(self._session.database.identity.label)}.",
                    "Each is compared with what you saw, and read back.",
                ],
            ),
            decide,
        )

    # Writing

    @work(
        thread=True,
        exclusive=True,
        group="write",
        exit_on_error=False,
        description="Writing",
    )
    def _write(self, changes: list[CommentChange]) -> None:
        worker = get_current_worker()
        # Sampling reads the file that is written; DuckDB allows only one of the two.
        resume = self._drafting.pause()
        try:
            for result in writes.apply(
                self._session,
                changes,
                on_run=self._began,
                stop=lambda: worker.is_cancelled,
            ):
                self.post_message(self.Went([result]))
        finally:
            resume()

    @work(
        thread=True,
        exclusive=True,
        group="write",
        exit_on_error=False,
        description="Taking back",
    )
    def _revert(self, run: int) -> None:
        worker = get_current_worker()
        resume = self._drafting.pause()
        try:
            for result in writes.revert(
                self._session, run, stop=lambda: worker.is_cancelled
            ):
                self.post_message(self.Went([result]))
        finally:
            resume()

    def _began(self, run: int) -> None:
        self._run = run

    @on(Went)
    def _went(self, event: Went) -> None:
        self._results += event.results
        self._rows.show(_Results(self._results), cursor=len(self._results) - 1)
        self._headline("writing… s stops")

    @on(Worker.StateChanged)
    def _ended(self, event: Worker.StateChanged) -> None:
        if event.worker.group != "write" or not event.worker.is_finished:
            return
        counts = writes.summarize(self._results)
        verb = "restored" if self._reverting else "written"
        parts = [f"{counts[Outcome.WRITTEN]} {verb}"]
        parts += [
            f"{number} {name}"
            for name, number in (
                ("in conflict", counts[Outcome.CONFLICT]),
                ("refused", counts[Outcome.REFUSED]),
                ("failed", counts[Outcome.FAILED]),
            )
            if number
        ]
        keys = "q goes back"
        if self._run is not None and counts[Outcome.WRITTEN] and not self._reverting:
            keys = f"run {self._run}: b takes it back, q goes back"
        self._rows.show(_Results(self._results), cursor=0)
        self._headline(f"{', '.join(parts)} — {keys}")
        self._detail()

    def action_take_back(self) -> None:
        """Restore what this run replaced."""
        if self._run is None or self._reverting or self._busy:
            self.notify("Only a run that just ended can be taken back here.")
            return
        run = self._run

        def decide(answer: bool | None) -> None:
            if answer:
                self._results = []
                self._reverting = True
                self._revert(run)

        written = len(self._session.ledger.written(run))
        self.app.push_screen(
            ConfirmModal(
                f"Restore {count(written, 'comment')} of run {run}?",
                ["What somebody changed since is left alone."],
            ),
            decide,
        )

    def action_stop(self) -> None:
        """Stop between two statements."""
        self.workers.cancel_group(self, "write")

    def action_copy(self) -> None:
        """Copy the statement under the cursor."""
        if text := self._statement():
            self.app.copy_to_clipboard(text)
            self.notify("Copied.")

    def action_back(self) -> None:
        """Back, unless something is being written."""
        if self._busy:
            self.notify("Writing is under way; s stops it.")
            return
        self.app.pop_screen()

    # Drawing

    @property
    def _rows(self) -> RowList:
        return self.query_one("#statements", RowList)

    @property
    def _busy(self) -> bool:
        return any(w.group == "write" and not w.is_finished for w in self.workers)

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._detail()

    def _detail(self) -> None:
        text = self._statement()
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

    def _statement(self) -> str:
        index = self._rows.cursor
        if self._results:
            return self._results[index].statement if index < len(self._results) else ""
        if self._plan is not None and index < len(self._plan):
            return self._plan.sql(index)
        return ""

    def _headline(self, text: str) -> None:
        self.query_one("#head", Label).update(f" Write — {text}")
