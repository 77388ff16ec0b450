"""Bulk decisions: ask with the exact count and what it covers, then decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from catalog.acceptance import CONFIDENCE, at_least_good, sample_size
from catalog.choice import Choice, Scope
from catalog.stopping import never
from catalog.suggestion import Finding
from tui.app.deciding import AT_ONCE
from tui.app.keys import keys
from tui.app.screens.counting import CountingModal, Find
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.keys_line import KeysLine
from tui.flow.session import Session
from tui.flow.text import count, plain

Answer = Literal["all", "sample"]
ALONE = {
    "replaces": "that would replace a comment; a accepts each",
    "two drafts": "where two drafts stand; 1 or 2 takes one",
}
"""Why some are left to single decisions."""


class AcceptModal(ModalScreen[Answer]):
    """Accept all of a choice, or look at a sample of it first."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "accept",
        ("y", "dismiss('all')", "Yes", "Accept them", "all"),
        (
            "s",
            "dismiss('sample')",
            "Sample",
            "Look at some, drawn at random, first",
            "sample",
        ),
        ("n,escape,q", "dismiss", "No", "Accept nothing", "none"),
    )

    def __init__(self, choice: Choice, shown: Collection[int] = ()) -> None:
        super().__init__()
        self.choice = choice
        self._unseen = len(set(choice.ids) - set(shown)) if shown else 0

    def compose(self) -> ComposeResult:
        """The count, what it covers, what a sample would prove, and the keys."""
        number = len(self.choice)
        with Vertical(classes="modal"):
            question = f"Accept {count(number, 'draft')}?"
            yield Label(question, classes="modal-title", markup=False)
            for line in covers(self.choice):
                yield Label(line, markup=False)
            for name, left in self.choice.left_out.items():
                what = ALONE.get(name) or f"with the finding {Finding(name).words}"
                yield Label(f"Left out: {left} {what}.", markup=False)
            if self._unseen:
                unseen = f"{self._unseen:,} of them were not on the screen."
                yield Label(unseen, markup=False)
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


class Bulk:
    """Asks with the exact count and what it covers, then decides.

    Args:
        screen: the screen that asks.
        session: the open database.
        then: called when something was decided.
    """

    def __init__(
        self, screen: WorkingScreen[None], session: Session, then: Callable[[], object]
    ) -> None:
        self._screen = screen
        self._session = session
        self._then = then

    def accept(self, scope: Scope, number: int, *, shown: Collection[int] = ()) -> None:
        """Accept what may be accepted in bulk.

        Args:
            scope: which are meant.
            number: how many there are to look at.
            shown: ids of suggestions whose text was on the screen.
        """
        self._choose(
            number,
            lambda choices, stop: choices.to_accept(scope, stop=stop),
            lambda choice: self._ask_to_accept(choice, shown),
        )

    def accept_by_rule(self, scope: Scope, number: int, covered: str) -> None:
        """Accept what a rule takes, once its count was seen; its texts are not."""
        from tui.app.screens.rule import RuleModal

        modal = RuleModal(self._session, scope, number, covered)
        self._screen.app.ask(modal, self._ask_to_accept)

    def reject(self, scope: Scope, number: int) -> None:
        """Reject every undecided one."""
        self._choose(
            number,
            lambda choices, stop: choices.to_reject(scope, stop=stop),
            self._ask_to_reject,
        )

    def _choose(
        self, number: int, find: Find[Choice], then: Callable[[Choice], object]
    ) -> None:
        """Find what a decision takes; many are counted beside the screen."""
        if number <= AT_ONCE:
            then(find(self._session.choices, never))
        else:
            looked_at = count(number, "draft")
            self._screen.app.ask(CountingModal(self._session, find, looked_at), then)

    def _ask_to_accept(self, choice: Choice, shown: Collection[int] = ()) -> None:
        if not choice:
            left = f" Left out: {choice.told}." if choice.left_out else ""
            self._screen.notify(f"Nothing here can be accepted in bulk.{left}")
            return

        def looked(good: Sequence[int] | None) -> None:
            if good:
                also = {*shown, *good}
                self._decide("accept", choice, shown=also, sampled=len(good))
            else:
                self._then()

        def decide(answer: Answer) -> None:
            if answer == "all":
                self._decide("accept", choice, shown=shown)
            else:
                from tui.app.screens.sample import SampleScreen

                sample = SampleScreen(self._session, choice)
                self._screen.app.push_screen(sample, looked)

        self._screen.app.ask(AcceptModal(choice, shown), decide)

    def _ask_to_reject(self, choice: Choice) -> None:
        if not choice:
            self._screen.notify("Nothing to decide here.")
            return
        question = f"Reject {count(len(choice), 'draft')}?"
        self._screen.app.confirm(
            question, covers(choice), lambda: self._decide("reject", choice)
        )

    def _decide(
        self,
        what: Literal["accept", "reject"],
        choice: Choice,
        *,
        shown: Collection[int] = (),
        sampled: int | None = None,
    ) -> None:
        self._screen.app.decide_in_bulk(
            what, choice, self._screen, self._then, shown=shown, sampled=sampled
        )


def covers(choice: Choice) -> list[str]:
    """What a choice consists of, line by line."""
    columns = len(choice) - choice.themselves
    place = count(choice.tables, "table")
    if choice.only is not None:
        place = plain(str(choice.only))
    lines = [
        f"In {place}:"
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
