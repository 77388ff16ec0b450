"""What screens ask of the app; they import this, and never the app."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar, cast

from textual.app import ScreenStackError
from textual.notifications import SeverityLevel
from textual.screen import ModalScreen
from textual.worker import Worker, WorkerState

from catalog.errors import ColumnistError
from catalog.glossary import Term
from catalog.objects import TableId
from tui.app.beside import beside
from tui.app.deciding import Deciding
from tui.app.messages import DraftingChanged, DraftsSaved
from tui.app.screens.confirm import ConfirmModal
from tui.app.widgets.status_line import StatusLine, Told
from tui.flow.session import Session
from tui.flow.settings import Settings
from tui.flow.text import plain

if TYPE_CHECKING:
    from tui.flow.background import BackgroundDrafting

Answer = TypeVar("Answer")
SAID = "said"
"""A severity of our own: its boxes are not shown, as the status line says it."""


class Desk(Deciding):
    """An app with at most one open database; drafting and deciding outlive screens.

    Args:
        settings: global options.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.session: Session | None = None
        self.drafting: BackgroundDrafting | None = None
        self.editor: subprocess.Popen[bytes] | None = None
        self.told: Told | None = None
        """What was said last in passing."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Say something; in the status line, if there is one and nothing is wrong."""
        lines = list(self.screen.query(StatusLine)) if self.screen_stack else []
        if lines and severity == "information" and not title:
            seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
            self.told = Told(message, time.monotonic() + seconds)
            severity = cast(SeverityLevel, SAID)
            for screen in self.screen_stack:  # one of them may be on top by then
                for line in screen.query(StatusLine):
                    line.call_later(line.tell)
        super().notify(
            message, title=title, severity=severity, timeout=timeout, markup=markup
        )

    def close_session(self) -> None:
        """Close the database; what runs in the background ends first."""
        if self.drafting is not None:
            self.drafting.close()
        if self.session is not None:
            self.session.close()
        self.session = self.drafting = None

    def draft(self, tables: list[TableId], redo: bool = False) -> None:
        """Draft in the background; a run that is under way turns to the tables first.

        Args:
            tables: which; all that is undocumented where none is named.
            redo: what has an undecided draft too.
        """
        if self.drafting is not None and self._drafts:
            self.drafting.add(tables, redo=redo)
        else:
            self._run_drafting(tables, redo)

    def redraft(self, terms: list[Term]) -> None:
        """Draft again what is undecided and read otherwise by these terms."""
        if self.drafting is not None:
            self.drafting.redraft(terms)
            self._draft_asked()

    def _draft_asked(self) -> None:
        """Begin a run for what no run has taken; one under way takes it."""
        if self.drafting is not None and self.drafting.asked and not self._drafts:
            self._run_drafting(asked=True)

    @property
    def _drafts(self) -> bool:
        """Whether a run is under way, or begins or ends."""
        return any(w.group == "draft" and not w.is_finished for w in self.workers)

    @beside("draft", "Drafting", exclusive=False)
    def _run_drafting(
        self, tables: Sequence[TableId] = (), redo: bool = False, asked: bool = False
    ) -> None:
        if self.drafting is None:
            return
        try:
            for each in self.drafting.run(tables=tables, redo=redo, asked=asked):
                self.announce(DraftsSaved([each]))
        finally:
            self.announce(DraftsSaved([]))

    def announce(self, message: DraftsSaved | DraftingChanged) -> None:
        """Tell the screen on top; safe from any thread."""
        with suppress(ScreenStackError):  # the app is closing: nobody is left to tell
            self.screen.post_message(message)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Work that failed is explained; work that was drafting says how it ended."""
        worker = event.worker
        if event.state is WorkerState.ERROR and worker.error is not None:
            self.explain(worker.error, worker.description)
        if worker.group == "draft" and worker.is_finished and self.drafting:
            self.screen.post_message(DraftingChanged())
            if event.state is WorkerState.SUCCESS and self.drafting.progress.done:
                self.notify(self.drafting.progress.ended())
            if self.drafting.note:
                self.notify(plain(self.drafting.note), severity="warning", markup=False)
            self._draft_asked()

    def confirm(
        self,
        question: str,
        details: Sequence[str],
        yes: Callable[[], object],
        *,
        enter: bool = False,
    ) -> None:
        """Ask, stating exactly what will happen; go on where the answer is yes.

        Args:
            question: what will happen.
            details: lines below it.
            yes: what to go on with.
            enter: enter asks, so it answers too.
        """
        modal = ConfirmModal(question, details, enter=enter)
        self.ask(modal, lambda answer: answer and yes())

    def ask(self, modal: ModalScreen[Answer], then: Callable[[Answer], object]) -> None:
        """Put a question; go on where it was answered."""

        def answered(answer: Answer | None) -> None:
            if answer is not None:
                then(answer)

        self.push_screen(modal, answered)

    def explain(self, error: BaseException, what: str = "") -> None:
        """Show an error as two lines, never as a traceback."""
        if isinstance(error, ColumnistError):
            text = f"{error.message}\n{error.hint}".strip()
        else:
            text = f"{what} failed: {type(error).__name__}: {error}".strip()
        self.notify(
            "\n".join(plain(line) for line in text.split("\n")),
            title=plain(what),
            severity="error",
            timeout=12,
            markup=False,
        )

    def edit(self, command: list[str]) -> int:
        """Lend the terminal to an editor; its exit status."""
        with self.suspend():
            try:
                with subprocess.Popen(command) as self.editor:
                    return self.editor.wait()
            finally:
                self.editor = None
