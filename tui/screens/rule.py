"""Accept by rule: how sure, and without findings, of the tables listed."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Label

from catalog.choice import Choices, Scope
from tui.text import count
from tui.widgets.keys_line import KeysLine


class RuleModal(ModalScreen[Scope | None]):
    """Say how sure a text must be; the count beside it is what would be taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Go on", id="rule.take", priority=True),
        Binding(
            "escape", "cancel", "Cancel", id="rule.cancel", tooltip="Accept nothing"
        ),
    ]

    def __init__(self, choices: Choices, scope: Scope, covered: str) -> None:
        super().__init__()
        self._choices = choices
        self._scope = scope
        self._covered = covered

    def compose(self) -> ComposeResult:
        """The rule, and what it takes."""
        with Vertical(classes="modal"):
            yield Label("Accept by rule", classes="modal-title", markup=False)
            yield Label(f"Of {self._covered}:", markup=False)
            yield Label("at least so sure, in percent", markup=False)
            yield Input("25", id="percent", max_length=5)
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
        return Scope(
            tables=self._scope.tables,
            wanted=self._scope.wanted,
            min_confidence=percent / 100,
            without_findings=self.query_one("#clean", Checkbox).value,
        )

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _count(self) -> None:
        rule = self._rule
        said = "Type a number from 0 to 100."
        if rule is not None:
            choice = self._choices.to_accept(rule)
            said = (
                f"Takes {count(len(choice), 'suggestion')}"
                f" in {count(choice.tables, 'table')}."
            )
        self.query_one("#taken", Label).update(said)

    def action_take(self) -> None:
        """Go on to the question that states the count."""
        if (rule := self._rule) is not None:
            self.dismiss(rule)

    def action_cancel(self) -> None:
        """Accept nothing."""
        self.dismiss(None)
