"""Bulk decisions: ask with the exact count and what it covers, then decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from catalog.objects import TableId, table_of
from catalog.suggestion import UNDECIDED, Suggestion
from tui import bulk
from tui.screens.confirm import ConfirmModal
from tui.session import Session
from tui.text import count

if TYPE_CHECKING:
    from tui.app import ColumnistApp


def ask_accept(
    app: ColumnistApp,
    session: Session,
    suggestions: Sequence[Suggestion],
    then: Callable[[], None],
) -> None:
    """Ask, then accept what may be accepted in bulk."""
    choice = bulk.choose_in_bulk(suggestions)
    if not choice.taken:
        left = ", ".join(f"{n} {name}" for name, n in choice.left_out().items())
        left = f" Left out: {left}." if left else ""
        app.notify(f"Nothing pending to accept in bulk here.{left}")
        return

    def decide(answer: bool | None) -> None:
        if answer:
            batch = session.suggestions.accept(choice.taken)
            app.notify(f"Accepted {batch.count}. u takes it back, w writes.")
            then()

    details = _covers(choice.taken)
    for reason, number in choice.left_out().items():
        what = f"with the finding {reason}"
        if reason == "replaces":
            what = "that would replace a comment; a accepts each"
        details.append(f"Left out: {number} {what}.")
    details.append("Nothing is written yet.")
    app.push_screen(
        ConfirmModal(f"Accept {count(len(choice.taken), 'suggestion')}?", details),
        decide,
    )


def ask_reject(
    app: ColumnistApp,
    session: Session,
    suggestions: Sequence[Suggestion],
    then: Callable[[], None],
) -> None:
    """Ask, then reject every undecided one."""
    taken = [each for each in suggestions if each.state in UNDECIDED]
    if not taken:
        app.notify("Nothing undecided to reject here.")
        return

    def decide(answer: bool | None) -> None:
        if answer:
            batch = session.suggestions.reject(taken)
            app.notify(f"Rejected {batch.count}. u takes it back.")
            then()

    app.push_screen(
        ConfirmModal(f"Reject {count(len(taken), 'suggestion')}?", _covers(taken)),
        decide,
    )


def _covers(suggestions: Sequence[Suggestion]) -> list[str]:
    tables = {table_of(each.target) for each in suggestions}
    themselves = sum(isinstance(each.target, TableId) for each in suggestions)
    columns = len(suggestions) - themselves
    sources = Counter(each.draft.source.value for each in suggestions)
    with_findings = sum(bool(each.draft.findings) for each in suggestions)
    lines = [
        f"In {count(len(tables), 'table')}: {count(themselves, 'table description')}"
        f" and {count(columns, 'column')}.",
        "By " + ", ".join(f"{source} {n}" for source, n in sources.most_common()) + ".",
    ]
    if with_findings:
        verb = "has" if with_findings == 1 else "have"
        lines.append(f"{with_findings} of them {verb} a finding.")
    return lines
