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
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.row_list import Cell, Heading, RowList
from tui.flow.session import Session
from tui.flow.text import count, how_sure, plain

SAID = {
    True: Cell("✓ good", "good"),
    False: Cell("✗ bad", "bad"),
    None: Cell("○ look", "warn"),
}


class SampleScreen(WorkingScreen[bool]):
    """Say of each whether it is good; one bad one, and the rest is not accepted."""

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

    def compose(self) -> ComposeResult:
        """The sample, and all there is to know of one below."""
        yield Label("", classes="title", id="head", markup=False)
        yield RowList(
            [Heading("", 8), Heading("object", 44), Heading("description")],
            self._cells,
            self._sample,
            id="sample",
        )
        yield Static("", id="details", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin with the first."""
        self.query_one("#sample").focus()
        self._show()

    def _show(self) -> None:
        self.query_one("#sample", RowList).show()
        size = len(self._sample)
        self.query_one("#head", Label).update(
            f"Sample — {len(self._good)} of {size} looked at, {self._bad} bad;"
            f" the other {len(self._choice) - size:,} wait for it"
        )
        self._detail()

    def _cells(self, each: Suggestion) -> Sequence[Cell]:
        return (
            SAID[self._good.get(each.id)],
            Cell(str(each.target), "strong"),
            Cell(each.text or ""),
        )

    @property
    def _bad(self) -> int:
        return sum(not good for good in self._good.values())

    @on(RowList.Moved)
    def _detail(self) -> None:
        rows: RowList[Suggestion] = self.query_one(RowList)
        shown = Text()
        if (each := rows.here) is not None:
            table_id = table_of(each.target)
            if table_id not in self._tables:
                self._tables[table_id] = self._session.snapshot.table(table_id)
            table = self._tables[table_id]
            shown.append(plain(str(each.target)), "bold")
            shown.append(
                f"  {how_sure(each.draft.confidence)} · by {each.draft.source.value}\n",
                "dim",
            )
            shown.append(plain(each.text or "") + "\n")
            if table is not None:
                shown.append(_beside(table, each), "dim")
        self.query_one("#details", Static).update(shown)

    def action_say(self, good: bool) -> None:
        """Good or bad, and on to the next one."""
        rows: RowList[Suggestion] = self.query_one(RowList)
        if (each := rows.here) is None:
            return
        self._good.pop(each.id, None)
        self._good[each.id] = good
        size, here = len(self._sample), rows.cursor
        after = [(here + step) % size for step in range(1, size)]
        left = (i for i in after if self._sample[i].id not in self._good)
        rows.cursor = next(left, here)
        self._show()
        if len(self._good) == size:
            self._ask()

    def action_unsay(self) -> None:
        """Look at the last one again."""
        if self._good:
            last, _ = self._good.popitem()
            ids = [each.id for each in self._sample]
            self.query_one(RowList).cursor = ids.index(last)
            self._show()

    def action_back(self) -> None:
        """End, and ask what becomes of those looked at."""
        if self._good:
            self._ask()
        else:
            self.dismiss(False)

    def _ask(self) -> None:
        if len(self._good) == len(self._sample) and not self._bad:
            self._ask_all()
        else:
            self._ask_those(len(self._good) - self._bad, self._bad)

    def _ask_all(self) -> None:
        number, size = len(self._choice), len(self._sample)
        good = at_least_good(number, size)

        self.app.confirm(
            f"Accept all {count(number, 'suggestion')}?",
            [
                f"{size} of {size} looked at are good: with {CONFIDENCE:.0%}"
                f" confidence at least {good:,} of {number:,}"
                f" ({good / number:.1%}) are.",
                "Nothing is written yet.",
            ],
            lambda: self.dismiss(True),
        )

    def _ask_those(self, good: int, bad: int) -> None:
        def decide(answer: bool | None) -> None:
            if answer:
                suggestions, said = self._session.suggestions, self._good
                looked = [each for each in self._sample if each.id in said]
                suggestions.accept(each for each in looked if said[each.id])
                suggestions.reject(each for each in looked if not said[each.id])
                self.app.notify(f"Accepted {good}, rejected {bad}. u takes it back.")
            self.dismiss(False)

        rest = len(self._choice) - good - bad
        self.app.push_screen(
            ConfirmModal(
                f"Keep what you said of {count(good + bad, 'suggestion')}?",
                [
                    f"{good} are accepted and {bad} rejected.",
                    f"The other {rest:,} stay as they are:"
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
