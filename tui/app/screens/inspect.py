"""All that is known of one table or column, its history, and the exact prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static
from textual.worker import get_current_worker

from catalog.history import HistoryEvent, history
from catalog.suggestion import Source
from model.prompt import Written
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.review_details import EXPLAINED, summary
from tui.app.screens.review_rows import Line
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.keys_line import KeysLine
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session
from tui.flow.text import plain, when, whose


class InspectModal(ModalScreen[None], WorkingScreen[None]):
    """All that is known of this one, and what happened to it."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "inspect",
        ("p", "prompt", "Prompt", "The exact prompt that the model is asked with"),
        ("j,down", "scroll(1)", "", "Down", "down"),
        ("k,up", "scroll(-1)", "", "Up", "up"),
        ("escape,q,i", "dismiss", "Close", "", "close"),
    )

    def __init__(
        self,
        session: Session,
        drafting: BackgroundDrafting,
        line: Line,
        facts: Sequence[str],
    ) -> None:
        super().__init__()
        self._session = session
        self._drafting = drafting
        self._line = line
        self._facts = facts

    def compose(self) -> ComposeResult:
        """Evidence, findings, history; the prompt on request."""
        with Vertical(classes="modal wide"):
            title = plain(str(self._line.target))
            yield Label(title, classes="modal-title", markup=False)
            with VerticalScroll():
                yield Static(self._evidence(), markup=False)
                yield Static("", id="history", markup=False)
                yield Static("", id="prompt", markup=False)
            yield KeysLine(
                {
                    "inspect.prompt": "exact prompt",
                    "inspect.down": "down",
                    "inspect.up": "up",
                    "inspect.close": "closes",
                }
            )

    def on_mount(self) -> None:
        """The history is read beside the screen."""
        self._read()

    def _evidence(self) -> Text:
        shown = Text()
        suggestion = self._line.suggestion
        for text in self._line.texts:
            shown.append(plain(text) + "\n", "bold")
        if suggestion is not None:
            shown.append(summary(suggestion) + "\n")
        for fact in self._facts:
            shown.append(plain(fact) + "\n")
        if suggestion is not None and not suggestion.pair:
            draft = suggestion.draft
            shown.append(f"{whose(suggestion)}\n")
            if draft.origin and not suggestion.author:
                shown.append(f"from {plain(draft.origin)}\n")
            if draft.model and draft.source is Source.MODEL:
                shown.append(f"drafted by model {plain(draft.model)}")
            elif draft.model:
                model = plain(draft.model)
                shown.append(
                    f"drafted by {draft.source.value}; model {model} was asked"
                )
            if draft.model:
                shown.append(f", prompt {draft.prompt}\n" if draft.prompt else "\n")
            for finding in suggestion.findings:
                shown.append(f"{finding.words}: the text {EXPLAINED[finding]}.\n")
            if draft.guess:
                shown.append(f"best guess: {plain(draft.guess)}\n")
        return shown

    @beside("history", "Reading history")
    def _read(self) -> None:
        session = self._session
        events = history(session.workspace, session.database_id, self._line.target)
        self.call_later(self._show_history, events)

    def _show_history(self, events: list[HistoryEvent]) -> None:
        shown = Text("\nHistory\n", "bold")
        for each in events:
            shown.append(f"{when(each.at)}  {plain(each.words)}", "not bold")
            if each.reason:
                shown.append(f" ({plain(each.reason)})", "not bold italic")
            shown.append("\n")
            if each.text is not None:
                shown.append(f"    {plain(each.text)}\n", "not bold dim")
        if not events:
            shown.append("Nothing has happened to it yet.\n", "not bold dim")
        self.query_one("#history", Static).update(shown)

    def action_prompt(self) -> None:
        """Show the exact prompt."""
        if self._line.pair:
            told = "\nThe prompt would tell which model wrote what. Choose first."
            self.query_one("#prompt", Static).update(told)
            return
        self.query_one("#prompt", Static).update("\nStarting the model…")
        self._ask()

    @beside("prompt", "Making the prompt")
    def _ask(self) -> None:
        worker = get_current_worker()
        written = self._drafting.prompt(
            self._line.target, stop=lambda: worker.is_cancelled
        )
        self.call_later(self._show_prompt, written)

    def _show_prompt(self, written: Written | None) -> None:
        shown = Text("\nPrompt\n", "bold")
        if written is None:
            shown.append("No model is asked: rules alone write here.", "not bold")
        else:
            suggestion = self._line.suggestion
            sent = suggestion.draft.prompt if suggestion is not None else None
            same = "the very one this text was drafted with"
            if sent != written.fingerprint:
                same = "as it would be sent now"
            shown.append(f"{same} ({written.fingerprint})\n", "not bold italic")
            lines = written.text.split("\n")
            shown.append("\n".join(plain(line) for line in lines), "not bold dim")
        self.query_one("#prompt", Static).update(shown)
        self.query_one(VerticalScroll).scroll_end(animate=False)

    def action_scroll(self, direction: int) -> None:
        """Scroll a line."""
        self.query_one(VerticalScroll).scroll_relative(y=direction, animate=False)
