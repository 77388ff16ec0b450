"""Accept by rule: how sure, and without findings, of the tables listed."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Checkbox, Input, Label
from textual.worker import get_current_worker

from catalog.choice import Choice, Scope
from tui.app.beside import beside
from tui.app.deciding import AT_ONCE
from tui.app.keys import keys
from tui.app.screens.counting import find_beside
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.keys_line import KeysLine
from tui.flow.session import Session
from tui.flow.text import count

PAUSE_SECONDS = 0.2
"""A pause in typing after which a great many are counted."""


class RuleModal(ModalScreen[Choice], WorkingScreen[Choice]):
    """Say how sure a text must be; the count beside it is what would be taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Go on", id="rule.take", priority=True),
        *keys("rule", ("escape", "dismiss", "Cancel", "Accept nothing", "cancel")),
    ]

    def __init__(
        self, session: Session, scope: Scope, number: int, covered: str
    ) -> None:
        super().__init__()
        self._session = session
        self._scope = scope
        self._number = number
        self._covered = covered
        self._counted: tuple[Scope, Choice] | None = None
        self._wanted: Scope | None = None
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """The rule, and what it takes."""
        with Vertical(classes="modal"):
            yield Label("Accept by rule", classes="modal-title", markup=False)
            yield Label(f"Of {self._covered}:", markup=False)
            yield Label("at least so likely, in percent", markup=False)
            yield Input("80", id="percent", max_length=5)
            yield Checkbox("without any finding", value=True, id="clean")
            yield Label("", id="taken", markup=False)
            yield KeysLine(
                {"rule.take": "goes on", "rule.cancel": "accepts nothing"},
                lead="tab moves   space ticks",
            )

    def on_mount(self) -> None:
        """Count what the rule takes as it stands."""
        self.query_one("#percent").focus()
        self._count()

    @property
    def _rule(self) -> Scope | None:
        """The scope with the rule; None where the number is none."""
        try:
            percent = float(self.query_one("#percent", Input).value)
        except ValueError:
            return None
        if not 0 <= percent <= 100:
            return None
        return replace(
            self._scope,
            min_confidence=percent / 100,
            without_findings=self.query_one("#clean", Checkbox).value,
        )

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _count(self) -> None:
        rule = self._rule
        if rule != self._wanted:
            self._wanted = None
        self.workers.cancel_node(self)
        if self._pause is not None:
            self._pause.stop()
        if rule is None:
            self._say("Type a number from 0 to 100.")
        elif self._number <= AT_ONCE:
            self._was_counted(rule, self._session.choices.to_accept(rule))
        else:
            self._say("Counting…")
            self._pause = self.set_timer(
                PAUSE_SECONDS, lambda: self._count_beside(rule)
            )

    @beside("count", "Counting")
    def _count_beside(self, rule: Scope) -> None:
        worker = get_current_worker()
        choice = find_beside(
            self._session,
            lambda choices, stop: choices.to_accept(rule, stop=stop),
            lambda: worker.is_cancelled,
        )
        if not worker.is_cancelled:
            self.call_later(self._was_counted, rule, choice)

    def _was_counted(self, rule: Scope, choice: Choice) -> None:
        if rule != self._rule:
            return
        self._counted = rule, choice
        self._say(
            f"Takes {count(len(choice), 'draft')} in {count(choice.tables, 'table')}."
        )
        if self._wanted == rule:
            self.action_take()

    def _say(self, what: str) -> None:
        self.query_one("#taken", Label).update(what)

    def action_take(self) -> None:
        """Go on to the question that states the count, once it is known."""
        rule = self._rule
        if rule is None or not self.is_active:
            return
        if self._counted is not None and self._counted[0] == rule:
            self.dismiss(self._counted[1])
        else:
            self._wanted = rule
