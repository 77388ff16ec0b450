"""An acceptance sample: some are looked at, and they decide about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Footer, Label, Static

from catalog.acceptance import CONFIDENCE, at_least_good, sample_size
from catalog.choice import Choice
from catalog.objects import ColumnId, Table, table_of
from catalog.suggestion import Suggestion
from tui.app.keys import keys
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.review_details import summary
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.reading_list import Drawn, Flat, ReadingList, laid_out
from tui.app.widgets.row_list import Cell
from tui.flow.session import Session
from tui.flow.text import count, plain

SAID = {
    True: Cell("✓ good ", "good"),
    False: Cell("✗ bad  ", "bad"),
    None: Cell("○ look ", "warn"),
}
NAME = 24
"""Cells of a column's name."""


class SampleScreen(WorkingScreen[Sequence[int]]):
    """Say of each whether it is good; one bad one, and the rest is not accepted.

    It leaves the ids of all that were looked at, where the rest is to be accepted with
    them, and nothing elsewhere.
    """

    TITLE = "Acceptance sample"
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "sample",
        ("a", "say(True)", "Good", "It is good; go on", "good"),
        ("r", "say(False)", "Bad", "It is bad; go on", "bad"),
        ("u", "unsay", "Undo", "Look at the last one again", "undo"),
        ("q,escape", "back", "Back", "End; asks what becomes of those looked at"),
    )

    def __init__(self, session: Session, choice: Choice) -> None:
        super().__init__()
        self._session = session
        self._choice = choice
        ids = choice.sample(sample_size(len(choice)), Random())
        self._sample = session.suggestions.get(ids)
        self._good: dict[int, bool] = {}
        """What was said, by the id of each, the last at the end."""
        self._tables: dict[object, Table | None] = {}
        self._rows = Flat(self._drawn, lambda each: str(table_of(each.target)))
        self._rows.items = self._sample

    def compose(self) -> ComposeResult:
        """The sample, and all there is to know of one below."""
        yield Label("", classes="title", id="head", markup=False)
        yield ReadingList(self._rows, id="sample")
        yield Static("", id="details", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin with the first."""
        self._list.focus()
        self._list.go(self._rows.edge(-1))
        self._show()

    @property
    def _list(self) -> ReadingList[int]:
        return self.query_one("#sample", ReadingList)

    def _show(self) -> None:
        self._list.changed()
        size = len(self._sample)
        self.query_one("#head", Label).update(
            f"Sample — {len(self._good)} of {size} looked at, {self._bad} bad;"
            f" the other {len(self._choice) - size:,} depend on it"
        )
        self._detail()

    def _drawn(self, each: Suggestion, width: int) -> Sequence[Drawn]:
        said = [SAID[self._good.get(each.id)]]
        of_column = isinstance(each.target, ColumnId)
        name, room = (each.target.name, NAME) if of_column else ("", 0)
        text = Cell(each.text or "", "" if of_column else "strong")
        return laid_out(said, name, room, (), [text], width)

    @property
    def _bad(self) -> int:
        return sum(not good for good in self._good.values())

    @on(ReadingList.Moved)
    def _detail(self) -> None:
        shown = Text()
        if (each := self._rows.at(self._list.cursor)) is not None:
            table_id = table_of(each.target)
            if table_id not in self._tables:
                self._tables[table_id] = self._session.snapshot.table(table_id)
            table = self._tables[table_id]
            shown.append(plain(str(each.target)), "bold")
            shown.append(f"  {summary(each)}\n", "dim")
            shown.append(plain(each.text or "") + "\n")
            if table is not None:
                shown.append(_beside(table, each), "dim")
        self.query_one("#details", Static).update(shown)

    def action_say(self, good: bool) -> None:
        """Good or bad, and on to the next one."""
        here = self._list.cursor
        if here is None or (each := self._rows.at(here)) is None:
            return
        self._good.pop(each.id, None)
        self._good[each.id] = good
        size = len(self._sample)
        after = [(here + step) % size for step in range(1, size)]
        left = (i for i in after if self._sample[i].id not in self._good)
        self._list.go(next(left, here))
        self._show()
        if len(self._good) == size:
            self._ask()

    def action_unsay(self) -> None:
        """Look at the last one again."""
        if self._good:
            last, _ = self._good.popitem()
            ids = [each.id for each in self._sample]
            self._list.go(ids.index(last))
            self._show()

    def action_back(self) -> None:
        """End, and ask what becomes of those looked at."""
        if self._good:
            self._ask()
        else:
            self.dismiss(())

    def _ask(self) -> None:
        if len(self._good) == len(self._sample) and not self._bad:
            self._ask_all()
        else:
            self._ask_those(len(self._good) - self._bad, self._bad)

    def _ask_all(self) -> None:
        number, size = len(self._choice), len(self._sample)
        good = at_least_good(number, size)

        self.app.confirm(
            f"Accept all {count(number, 'draft')}?",
            [
                f"{size} of {size} looked at are good: with {CONFIDENCE:.0%}"
                f" confidence at least {good:,} of {number:,}"
                f" ({good / number:.1%}) are.",
                "Nothing is written yet.",
            ],
            lambda: self.dismiss([each.id for each in self._sample]),
        )

    def _ask_those(self, good: int, bad: int) -> None:
        def decide(answer: bool | None) -> None:
            if answer:
                said = self._good
                looked = [each for each in self._sample if each.id in said]
                self._session.suggestions.judge((s, said[s.id]) for s in looked)
                self.app.notify(f"Accepted {good}, rejected {bad}. u takes it back.")
            self.dismiss(())

        rest = len(self._choice) - good - bad
        self.app.push_screen(
            ConfirmModal(
                f"Keep what you said of {count(good + bad, 'draft')}?",
                [
                    f"{good} accepted and {bad} rejected.",
                    f"The rest stays as it is ({rest:,}):"
                    + (" the sample has a bad one." if bad else " not all was seen."),
                ],
            ),
            decide,
        )


def _beside(table: Table, suggestion: Suggestion) -> str:
    """The facts that a text is judged by."""
    facts = [f"{table.kind.value} {plain(str(table.id))}"]
    if table.comment:
        facts.append(plain(table.comment))
    target = suggestion.target
    if isinstance(target, ColumnId):
        types = [c.type for c in table.columns if c.id == target]
        if types:
            facts.insert(0, plain(types[0]))
        there = table.references(target.name)
        if there:
            facts.append(plain(f"references {there[0]}.{there[1] or ''}").rstrip("."))
    names = ", ".join(plain(column.name) for column in table.columns)
    return "\n".join([*facts, f"columns: {names}"])
