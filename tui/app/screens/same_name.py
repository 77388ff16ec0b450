"""One decision for all columns of a name and type whose values agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Footer, Label, Static
from textual.worker import Worker, get_current_worker

from catalog.objects import ColumnId, table_of
from catalog.suggestion import Suggestion
from tui.app.keys import keys
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.row_list import Cell, Heading, RowList
from tui.flow.same_name import Namesake, compared, namesakes
from tui.flow.session import Session
from tui.flow.text import count, plain


class _Namesakes:
    """Those that agree first, then those not looked at, then those that differ."""

    def __init__(self, found: Sequence[Namesake], marked: set[int]) -> None:
        self.found = sorted(found, key=lambda each: (_rank(each), _place(each)))
        self.marked = marked

    def __len__(self) -> int:
        return len(self.found)

    def cells(self, index: int) -> Sequence[Cell]:
        each = self.found[index]
        suggestion = each.suggestion
        if each.differs is None:
            said = Cell("not looked at", "muted")
        elif each.differs:
            said = Cell("! " + each.differs, "bad")
        else:
            said = Cell("= agrees", "good")
        taken = taken_by_itself(each) != (suggestion.id in self.marked)
        return (
            Cell("[x]" if taken else "[ ]", "accent" if taken else "muted"),
            Cell(str(table_of(suggestion.target)), "strong"),
            said,
            Cell(suggestion.text or suggestion.draft.guess or "", "muted"),
        )


def taken_by_itself(each: Namesake) -> bool:
    """Whether it gets the text unless the steward says otherwise."""
    return each.differs == ""


def _rank(each: Namesake) -> int:
    if each.differs is None:
        return 1
    return 2 if each.differs else 0


def _place(each: Namesake) -> tuple[str, str]:
    return table_of(each.suggestion.target)


class SameNameScreen(WorkingScreen[None]):
    """One text for all columns of this name and type whose values agree."""

    TITLE = "Same name"
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "same",
        (
            "a",
            "accept",
            "Use it for all",
            "Use the text for those chosen; states the count first",
        ),
        ("space", "choose", "Choose", "Choose this one, or leave it out"),
        (
            "s",
            "stop",
            "Stop",
            "Stop looking at samples; those not looked at are left out",
        ),
        ("q,escape", "back", "Back", "Change nothing"),
    )

    @dataclass
    class Found(Message):
        """The namesakes are known."""

        found: list[Namesake]
        """None of them looked at."""

    @dataclass
    class Compared(Message):
        """Some were looked at."""

        place: int
        """Where the namesake stands in the list that was found."""
        namesake: Namesake
        """What is known of it now."""

    def __init__(
        self, session: Session, suggestion: Suggestion, type_: str, text: str
    ) -> None:
        super().__init__()
        self._session = session
        self._suggestion = suggestion
        self._type = type_
        self._text = text
        self._found: list[Namesake] = []
        self._marked: set[int] = set()
        self._rows = _Namesakes((), self._marked)
        self._stale = False

    def compose(self) -> ComposeResult:
        """The text, and the columns that would get it."""
        yield Label("", classes="title", id="head", markup=False)
        yield RowList(
            [
                Heading("", 3),
                Heading("table", 36),
                Heading("values", 26),
                Heading("its own draft"),
            ],
            self._rows,
            id="namesakes",
        )
        yield Static("", id="empty", markup=False)
        yield Static(plain(self._text), id="details", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Find them, and look at their values."""
        self.query_one("#namesakes").focus()
        self.query_one("#empty", Static).update(
            "No other column of this name and type waits.\nq goes back."
        )
        self.set_interval(0.3, self._tick)
        self._say("looking for columns of that name…")
        self._look()

    @work(
        thread=True,
        exclusive=True,
        group="look",
        exit_on_error=False,
        description="Comparing columns of one name",
    )
    def _look(self) -> None:
        worker = get_current_worker()
        column = self._suggestion.target
        assert isinstance(column, ColumnId)  # the review opens this for columns alone
        found = namesakes(self._session, column, self._type)
        self.post_message(self.Found(found))
        for place, each in compared(
            self._session, column, found, stop=lambda: worker.is_cancelled
        ):
            self.post_message(self.Compared(place, each))

    @on(Found)
    def _were_found(self, event: Found) -> None:
        self._found = list(event.found)
        self._relist()

    @on(Compared)
    def _was_compared(self, event: Compared) -> None:
        self._found[event.place] = event.namesake
        self._stale = True

    @on(Worker.StateChanged)
    def _ended(self, event: Worker.StateChanged) -> None:
        if event.worker.is_finished:
            self._relist()

    def _tick(self) -> None:
        if self._stale:
            self._relist()

    def _relist(self) -> None:
        self._stale = False
        self._rows = _Namesakes(self._found, self._marked)
        self.query_one("#namesakes", RowList).show(self._rows)
        self.set_class(not self._found and not self._looking, "-empty")
        looked = sum(each.differs is not None for each in self._found)
        apart = sum(bool(each.differs) for each in self._found)
        parts = [f"{len(self._taken())} chosen", f"{apart} differ"]
        if looked < len(self._found):
            progress = f"looked at {looked:,} of {len(self._found):,}"
            parts.append(progress + (", s stops" if self._looking else ""))
        self._say(" · ".join(parts))

    def _say(self, what: str) -> None:
        name = plain(f"{self._suggestion.target.name} {self._type}")
        self.query_one("#head", Label).update(f"Same name: {name} — {what}")

    @property
    def _looking(self) -> bool:
        return any(w.group == "look" and not w.is_finished for w in self.workers)

    def _taken(self) -> list[Suggestion]:
        return [
            each.suggestion
            for each in self._found
            if taken_by_itself(each) != (each.suggestion.id in self._marked)
        ]

    def action_choose(self) -> None:
        """Choose what is under the cursor, or leave it out."""
        rows = self.query_one("#namesakes", RowList)
        if rows.cursor < len(self._rows):
            self._marked ^= {self._rows.found[rows.cursor].suggestion.id}
            rows.action_move(1)
            self._relist()

    def action_stop(self) -> None:
        """Stop looking at samples."""
        self.workers.cancel_group(self, "look")

    def action_accept(self) -> None:
        """Ask with the exact count, then stage the text for all chosen."""
        taken = [self._suggestion, *self._taken()]
        tables = {table_of(each.target) for each in taken}

        def decide(answer: bool | None) -> None:
            if answer:
                self.app.say_of_all(taken, self._text, self, self._staged)

        left = len(self._found) + 1 - len(taken)
        self.app.push_screen(
            ConfirmModal(
                f"Use this text for {count(len(taken), 'column')}?",
                [
                    plain(self._text),
                    f"In {count(len(tables), 'table')}; {left} are left as they are.",
                    "Nothing is written yet.",
                ],
            ),
            decide,
        )

    def _staged(self) -> None:
        self.dismiss()  # what it returns is not to be awaited here

    def action_back(self) -> None:
        """Change nothing."""
        self.workers.cancel_node(self)
        self.dismiss()
