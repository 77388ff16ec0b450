"""Choosing a database: recent and saved ones, the demo, or a URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Footer, Input, Label, Static
from textual.worker import Worker, WorkerState, get_current_worker

from catalog.addresses import AnotherDatabase
from catalog.errors import ColumnistError
from catalog.workspace import Workspace
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.password import PasswordAnswer, PasswordModal
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.row_list import Cell, Heading, RowList
from tui.app.widgets.status_line import StatusLine
from tui.flow.connections import Connections
from tui.flow.demo import demo_warehouse
from tui.flow.session import Session, open_session
from tui.flow.text import plain


@dataclass(frozen=True, slots=True)
class PickerLine:
    """One line of the picker."""

    label: str
    """What it is called."""
    kind: str
    """saved, recent or demo."""
    target: str
    """What `open_session` takes; empty for the demo."""


def _cells(choice: PickerLine) -> Sequence[Cell]:
    return (
        Cell(choice.label, "strong"),
        Cell(choice.kind, "muted"),
        Cell(choice.target, "muted"),
    )


class PickerScreen(WorkingScreen[None]):
    """Choose the database to document: one from the list, or a URL of your own."""

    TITLE = "Open a database"
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "picker",
        ("slash", "url", "URL", "Type a URL"),
        ("escape", "stop", "Stop", "Stop opening"),
        ("q", "app.leave", "Quit", "", "quit"),
    )

    @dataclass
    class Opened(Message):
        """A database is open; whoever hears it closes it."""

        session: Session
        """It, with what the workspace knows of it."""

    def __init__(self, target: str | None = None) -> None:
        super().__init__()
        self._target = target
        self._opening = ""
        self._answer: PasswordAnswer | None = None

    def compose(self) -> ComposeResult:
        """The list, and a field for a URL."""
        yield Label(" Columnist — open a database", classes="title", markup=False)
        yield Input(
            placeholder="postgresql://user@host/database · mysql://user@host/database"
            " · duckdb:///FILE",
            id="url",
        )
        yield RowList(
            [Heading("database", 34), Heading("", 8), Heading("url")],
            _cells,
            id="choices",
        )
        yield Static("", id="opening", markup=False)
        yield StatusLine("enter opens · / types a URL")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Open at once what the command line named."""
        self.query_one("#choices").focus()
        if self._target is not None:
            self._open(self._target)

    def on_screen_resume(self) -> None:
        """Fill the list; back from a database, it is among the recent ones."""
        settings = self.app.settings
        found: list[PickerLine] = []
        try:
            found += [
                PickerLine(saved.name, "saved", saved.name)
                for saved in Connections(settings.connections).all()
            ]
        except ColumnistError as error:
            self.app.explain(error, "Opening")
        try:
            with Workspace(settings.workspace, waiting=settings.waiting) as workspace:
                found += [
                    PickerLine(known.label, "recent", known.url)
                    for known in workspace.databases()[:20]
                ]
        except ColumnistError as error:
            self.app.explain(error, "Opening")
        found.append(PickerLine("Demo warehouse", "demo", ""))
        self.query_one("#choices", RowList).show(found)

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        self._open(event.rows.found[event.index].target)

    @on(Input.Submitted, "#url")
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._open(event.value.strip())

    def action_url(self) -> None:
        """Type a URL."""
        self.query_one("#url").focus()

    def action_stop(self) -> None:
        """Stop opening, or leave the URL field."""
        self.workers.cancel_group(self, "open")
        self.query_one("#choices").focus()

    def _open(
        self,
        target: str,
        answer: PasswordAnswer | None = None,
        *,
        same: bool | None = None,
    ) -> None:
        self._opening, self._answer = target, answer
        self.query_one("#opening", Static).update(
            " Opening… escape stops waiting." if target else " Making the demo…"
        )
        self._connect(target, answer, same)

    @beside("open", "Opening")
    def _connect(
        self, target: str, answer: PasswordAnswer | None, same: bool | None
    ) -> Session | None:
        worker = get_current_worker()
        settings = self.app.settings
        if same is not None:
            settings = replace(settings, same_database=same)
        if not target:
            target = f"duckdb:///{demo_warehouse(settings)}"
        session = open_session(
            settings, target, password=answer.password if answer else None
        )
        if worker.is_cancelled:
            session.close()
            return None
        if answer is not None and answer.keep and session.saved is not None:
            try:
                Connections(settings.connections).remember(target, answer.password)
            except ColumnistError as error:  # it is open: that is no reason to end
                self.app.call_from_thread(self.app.explain, error, "Keyring")
        return session

    @on(Worker.StateChanged)
    def _connected(self, event: Worker.StateChanged) -> None:
        if event.worker.group != "open" or not event.worker.is_finished:
            return
        self.query_one("#opening", Static).update("")
        if event.state is WorkerState.SUCCESS and event.worker.result is not None:
            self.post_message(self.Opened(event.worker.result))
        elif self._wants_password(event.worker.error):
            event.prevent_default()  # a question, not a failure to be explained
            self.once_on_top(partial(self._ask_password, self._opening))
        elif isinstance(event.worker.error, AnotherDatabase):
            event.prevent_default()
            self.once_on_top(partial(self._ask_whether_same, event.worker.error))

    def _ask_whether_same(self, error: AnotherDatabase) -> None:
        target, answer = self._opening, self._answer

        def answered(same: bool | None) -> None:
            if same:
                self._open(target, answer, same=True)
            else:
                self.app.explain(error, "Opening")

        self.app.push_screen(
            ConfirmModal(
                "Carry over what was decided there?",
                [plain(error.message), "No leaves it closed, and changes nothing."],
            ),
            answered,
        )

    def _wants_password(self, error: BaseException | None) -> bool:
        from connectors.connect import PasswordWanted

        return isinstance(error, PasswordWanted)

    def _ask_password(self, target: str) -> None:
        from connectors.connect import safe_url

        is_saved = "://" not in target
        name = target if is_saved else safe_url(target)
        self.app.ask(
            PasswordModal(name, can_keep=is_saved), partial(self._open, target)
        )
