"""One decision for all columns of a name and type whose values agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Footer, Static
from textual.worker import Worker, get_current_worker

from catalog.objects import ColumnId, table_of
from catalog.suggestion import Suggestion
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.headline import Headline
from tui.app.widgets.row_list import Cell, Heading, RowList
from tui.flow.same_name import Namesake, compared, namesakes
from tui.flow.session import Session
from tui.flow.text import count, plain


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
        ("q,escape", "dismiss", "Back", "Change nothing", "back"),
    )

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
        self._shown = {suggestion.id}
        self._stale = False

    def compose(self) -> ComposeResult:
        """The text, and the columns that would get it."""
        yield Headline()
        yield RowList(
            [
                Heading("", 3),
                Heading("table", 36),
                Heading("values", 26),
                Heading("its own draft"),
            ],
            self._cells,
            id="namesakes",
        )
        yield Static("", id="empty", markup=False)
        yield Static(plain(self._text), id="details", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Find them, and look at their values."""
        self.query_one("#namesakes").focus()
        self.query_one("#empty", Static).update(
            "No other column of this name and type is to decide.\nq goes back."
        )
        self.set_interval(0.3, self._tick)
        self._say("looking for columns of that name…")
        self._look()

    @beside("look", "Comparing columns of one name")
    def _look(self) -> None:
        worker = get_current_worker()
        column = self._suggestion.target
        assert isinstance(column, ColumnId)  # the review opens this for columns alone
        found = namesakes(self._session, column, self._type)
        self.call_later(self._were_found, found)
        for place, each in compared(
            self._session, column, found, stop=lambda: worker.is_cancelled
        ):
            self.call_later(self._was_compared, place, each)

    def _were_found(self, found: Sequence[Namesake]) -> None:
        self._found = list(found)
        self._relist()

    def _was_compared(self, place: int, namesake: Namesake) -> None:
        self._found[place] = namesake
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
        agreeing_first = sorted(self._found, key=lambda e: (_rank(e), _place(e)))
        self.query_one(RowList).show(agreeing_first)
        looking = self.runs("look")
        self.set_class(not self._found and not looking, "-empty")
        looked = sum(each.differs is not None for each in self._found)
        apart = sum(bool(each.differs) for each in self._found)
        parts = [f"{len(self._taken())} chosen", f"{apart} differ"]
        if looked < len(self._found):
            progress = f"looked at {looked:,} of {len(self._found):,}"
            parts.append(progress + (", s stops" if looking else ""))
        self._say(" · ".join(parts))
        self._detail()

    def _say(self, what: str) -> None:
        name = plain(f"{self._suggestion.target.name} {self._type}")
        self.query_one(Headline).tell("Same name: ", name, f" — {what}")

    def _taken(self) -> list[Suggestion]:
        return [each.suggestion for each in self._found if self._is_taken(each)]

    def _is_taken(self, each: Namesake) -> bool:
        return taken_by_itself(each) != (each.suggestion.id in self._marked)

    def _cells(self, each: Namesake) -> Sequence[Cell]:
        if each.differs is None:
            said = Cell("not looked at", "muted")
        elif each.differs:
            said = Cell("! " + each.differs, "bad")
        else:
            said = Cell("= agrees", "good")
        suggestion, taken = each.suggestion, self._is_taken(each)
        self._shown.add(suggestion.id)  # only what is on the screen is drawn
        return (
            Cell("[x]" if taken else "[ ]", "accent" if taken else "muted"),
            Cell(str(table_of(suggestion.target)), "strong"),
            said,
            Cell(suggestion.text or suggestion.draft.guess or "", "muted"),
        )

    @on(RowList.Moved)
    def _detail(self) -> None:
        each = self.query_one(RowList).here
        shown = plain(self._text)
        if isinstance(each, Namesake) and each.looked:
            shown += f"\ncompared by: {each.looked}"
        self.query_one("#details", Static).update(shown)

    def action_choose(self) -> None:
        """Choose what is under the cursor, or leave it out."""
        rows: RowList[Namesake] = self.query_one(RowList)
        if (each := rows.here) is not None:
            self._marked ^= {each.suggestion.id}
            rows.action_move(1)
            self._relist()

    def action_stop(self) -> None:
        """Stop looking at samples."""
        self.workers.cancel_group(self, "look")

    def action_accept(self) -> None:
        """Ask with the exact count, then accept the text for all chosen."""
        taken = [self._suggestion, *self._taken()]
        tables = {table_of(each.target) for each in taken}

        left = len(self._found) + 1 - len(taken)
        self.app.confirm(
            f"Use this text for {count(len(taken), 'column')}?",
            [
                plain(self._text),
                f"In {count(len(tables), 'table')}; {count(left, 'column')} left out.",
                "Nothing is written yet.",
            ],
            lambda: self.app.say_of_all(
                taken,
                self._text,
                self,
                self._staged,
                findings=self._session.findings(self._suggestion.target, self._text),
                shown=self._shown,
            ),
        )

    def _staged(self) -> None:
        self.dismiss()  # what it returns is not to be awaited here
