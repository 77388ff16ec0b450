"""Bulk decisions: ask with the exact count and what it covers, then decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from catalog.acceptance import CONFIDENCE, at_least_good, sample_size
from catalog.choice import Choice, Scope
from tui.app.deciding import AT_ONCE
from tui.app.keys import keys
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.counting import CountingModal, Find
from tui.app.screens.sample import SampleScreen
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.keys_line import KeysLine
from tui.flow.session import Session
from tui.flow.text import count

Answer = Literal["all", "sample"]
Asking = WorkingScreen[None]
"""A screen that is called back when something was decided."""


class AcceptModal(ModalScreen[Answer | None]):
    """Accept all of a choice, or look at a sample of it first."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "accept",
        ("y", "answer('all')", "Yes", "Accept them", "all"),
        (
            "s",
            "answer('sample')",
            "Sample",
            "Look at some, drawn at random, first",
            "sample",
        ),
        ("n,escape,q", "answer(None)", "No", "Accept nothing", "none"),
    )

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.choice = choice

    def compose(self) -> ComposeResult:
        """The count, what it covers, what a sample would prove, and the keys."""
        number = len(self.choice)
        with Vertical(classes="modal"):
            question = f"Accept {count(number, 'suggestion')}?"
            yield Label(question, classes="modal-title", markup=False)
            for line in covers(self.choice):
                yield Label(line, markup=False)
            for name, left in self.choice.left_out.items():
                what = f"with the finding {name}"
                if name == "replaces":
                    what = "that would replace a comment; a accepts each"
                yield Label(f"Left out: {left} {what}.", markup=False)
            yield Label("Nothing is written yet.", markup=False)
            yield Label(
                f"A sample shows you {sample_size(number)} of them first:"
                f" {promise(number)}",
                classes="modal-lead",
                markup=False,
            )
            yield KeysLine(
                {
                    "accept.all": "yes",
                    "accept.sample": "sample first",
                    "accept.none": "no",
                }
            )

    def action_answer(self, answer: Answer | None) -> None:
        """Close with the answer."""
        self.dismiss(answer)


def promise(number: int) -> str:
    """What a sample without a bad one proves."""
    size = sample_size(number)
    if size == number:
        return "that is all of them."
    good = at_least_good(number, size)
    return (
        f"if all {size} are good, at least {good:,} of {number:,}"
        f" ({good / number:.1%}) are, with {CONFIDENCE:.0%} confidence."
    )


def choose(
    screen: Asking,
    session: Session,
    number: int,
    find: Find,
    then: Callable[[Choice], object],
) -> None:
    """Find what a decision takes, then call back, unless the steward cancels.

    Args:
        screen: the screen that asks.
        session: the open database.
        number: suggestions to look at; many are counted beside the screen.
        find: finds the choice.
        then: called with it.
    """
    if number <= AT_ONCE:
        then(find(session.choices, lambda: False))
        return

    def counted(choice: Choice | None) -> None:
        if choice is not None:
            then(choice)

    screen.app.push_screen(CountingModal(session, find, number), counted)


def ask_accept(
    screen: Asking,
    session: Session,
    scope: Scope,
    number: int,
    then: Callable[[], object],
) -> None:
    """Ask, then accept what may be accepted in bulk.

    Args:
        screen: the screen that asks.
        session: the open database.
        scope: which suggestions are meant.
        number: how many there are to look at.
        then: called when something was decided.
    """
    choose(
        screen,
        session,
        number,
        lambda choices, stop: choices.to_accept(scope, stop=stop),
        lambda choice: ask_accept_chosen(screen, session, choice, then),
    )


def ask_accept_chosen(
    screen: Asking, session: Session, choice: Choice, then: Callable[[], object]
) -> None:
    """Ask, then accept a choice."""
    if not choice:
        left = ", ".join(f"{n} {name}" for name, n in choice.left_out.items())
        left = f" Left out: {left}." if left else ""
        screen.notify(f"Nothing pending to accept in bulk here.{left}")
        return

    def looked(good: bool | None) -> None:
        if good:
            screen.app.decide_in_bulk("accept", choice, screen, then)
        else:
            then()

    def decide(answer: Answer | None) -> None:
        if answer == "all":
            screen.app.decide_in_bulk("accept", choice, screen, then)
        elif answer == "sample":
            screen.app.push_screen(SampleScreen(session, choice), looked)

    screen.app.push_screen(AcceptModal(choice), decide)


def ask_reject(
    screen: Asking,
    session: Session,
    scope: Scope,
    number: int,
    then: Callable[[], object],
) -> None:
    """Ask, then reject every undecided one; arguments as of `ask_accept`."""

    def ask(choice: Choice) -> None:
        if not choice:
            screen.notify("Nothing undecided to reject here.")
            return

        def decide(answer: bool | None) -> None:
            if answer:
                screen.app.decide_in_bulk("reject", choice, screen, then)

        question = f"Reject {count(len(choice), 'suggestion')}?"
        screen.app.push_screen(ConfirmModal(question, covers(choice)), decide)

    choose(
        screen,
        session,
        number,
        lambda choices, stop: choices.to_reject(scope, stop=stop),
        ask,
    )


def covers(choice: Choice) -> list[str]:
    """What a choice consists of, line by line."""
    columns = len(choice) - choice.themselves
    lines = [
        f"In {count(choice.tables, 'table')}:"
        f" {count(choice.themselves, 'table description')}"
        f" and {count(columns, 'column')}.",
        "By "
        + ", ".join(f"{name} {n}" for name, n in choice.sources.most_common())
        + ".",
    ]
    if choice.with_findings:
        verb = "has" if choice.with_findings == 1 else "have"
        lines.append(f"{choice.with_findings:,} of them {verb} a finding.")
    return lines
