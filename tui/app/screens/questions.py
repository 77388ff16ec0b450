"""Asking what names mean: an answer goes into the glossary and into the drafts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Footer, Input, Label, Static
from textual.worker import Worker, get_current_worker

from catalog.errors import ColumnistError
from catalog.glossary import GlossaryFile, Term, key_of
from catalog.unasked import Unasked
from model.questions import Census, Question
from model.spelling import INSIDE, phrase, wordless
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.row_list import Cell, Heading, RowList
from tui.app.widgets.status_line import StatusLine
from tui.flow.background import BackgroundDrafting
from tui.flow.session import Session
from tui.flow.terms import census
from tui.flow.text import count, plain

MOST = 500
"""Questions listed; nobody answers more before the next count."""
HEADINGS = (
    Heading("name", 24),
    Heading("explains", 9, right=True),
    Heading("tables", 8, minimum=70, right=True),
    Heading("examples, or what it means"),
)


def _cells(row: Question | Term) -> Sequence[Cell]:
    if isinstance(row, Question):
        return (
            Cell(row.term, "strong"),
            Cell(f"{row.unlocks:,}", "warn"),
            Cell(f"{row.tables:,}", "muted"),
            Cell(", ".join(row.examples), "muted"),
        )
    where = f"  (in {row.scope})" if row.scope else ""
    return (
        Cell(row.term, "muted"),
        Cell("✓", "good"),
        Cell(""),
        Cell(row.meaning + where, "muted"),
    )


def _key(row: Question | Term) -> tuple[str, str]:
    """What a row is about: a question, and its answer for everywhere, are one."""
    return key_of(row.term), row.scope if isinstance(row, Term) else ""


def in_place(
    rows: Sequence[Question | Term], found: Sequence[Question | Term], first: int
) -> list[Question | Term]:
    """What is known by now, with nothing moved that is looked at.

    Answers stay where they were asked for, and so does all above a place. From there
    on the questions are in their new order: the next one is the best that is left.

    Args:
        rows: as they stood.
        found: what is known by now, in order.
        first: the first place whose question may be another one.
    """
    left = {_key(row): row for row in found}
    kept: list[Question | Term | None] = []
    for place, key in enumerate(map(_key, rows)):
        if (known := left.get(key)) is not None:
            stays = place < first or isinstance(known, Term)
            kept.append(left.pop(key) if stays else None)
    questions = [row for row in left.values() if isinstance(row, Question)]
    terms = [row for row in left.values() if isinstance(row, Term)]
    best = iter(questions)
    placed = [row or next(best) for row in kept]
    asked = (i for i, row in enumerate(placed) if isinstance(row, Question))
    after = max(asked, default=min(first, len(placed)) - 1) + 1
    return [*placed[:after], *best, *placed[after:], *terms]


def _inside(question: Question) -> bool:
    """Whether it is asked for names of which it is a part."""
    key = key_of(question.term)
    return any(key_of(name) != key for name in question.examples)


def _typed(row: Question | Term) -> str:
    """What stands in the box before anything is typed; it draws what it is given."""
    return plain(" ".join(row.meaning.split())) if isinstance(row, Term) else ""


class QuestionsScreen(WorkingScreen[None]):
    """Names that would explain the most columns, if somebody said what they mean."""

    TITLE = "Questions"
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "questions",
        ("x", "hide", "Not worth asking", "Not worth asking: never ask about it again"),
        (
            "u",
            "undo",
            "Undo",
            "Take back the last answer, or ask again what was put away",
        ),
        ("r", "count", "", "Look through the names again"),
        ("s", "stop", "", "Stop looking through names, or drafting"),
        ("escape", "cancel", "", "Answer nothing"),
        ("q", "app.pop_screen", "Back", "Back", "back"),
    )

    def __init__(self, session: Session, drafting: BackgroundDrafting) -> None:
        super().__init__()
        self._session = session
        self._drafting = drafting
        self._glossary = GlossaryFile(session.glossary)
        self._unasked = Unasked(session.workspace, session.database_id)
        self._census: Census | None = None
        self._fresh: set[str] = set()
        """Keys of what was answered since the names were counted."""
        self._before: frozenset[str] = frozenset()
        """Keys of what the glossary had when they were."""
        self._undoes: list[Callable[[], object]] = []
        """What takes back each answer, and each question that was put away."""
        self._asked: Question | Term | None = None
        self._undone: tuple[str, str] | None = None
        """What was taken back just now: the cursor goes there."""
        self._read = 0
        self._stopped = False

    def compose(self) -> ComposeResult:
        """The list, what is known of the one under the cursor, and the answer."""
        yield Label("", classes="title", id="head", markup=False)
        yield RowList(HEADINGS, _cells, id="questions")
        yield Static("", id="empty", markup=False)
        yield Static("", id="details", markup=False)
        yield Label("", id="asked", classes="filter", markup=False)
        yield Input(
            placeholder="in a few words", classes="filter", select_on_focus=False
        )
        yield StatusLine(self._session.database.identity.label)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Look through the names."""
        self.query_one("#questions").focus()
        self.set_interval(0.3, self._tick)
        self.action_count()
        self._show()

    # Looking

    def action_count(self) -> None:
        """Look through the names, again, and order them anew."""
        self._count(anew=True)

    @beside("questions", "Looking through names")
    def _count(self, *, anew: bool) -> None:
        worker = get_current_worker()
        self._read, self._stopped = 0, False

        def read(tables: int) -> None:
            self._read = tables

        self._fresh.clear()
        self._before = frozenset(term.key for term in self._glossary.read().terms)
        self._census = census(
            self._session, read=read, stop=lambda: worker.is_cancelled or self._stopped
        )
        if not worker.is_cancelled:
            self._rank_now(anew=anew)

    @beside("rank", "Ordering questions")
    def _rank(self) -> None:
        self._rank_now(anew=False)

    def _rank_now(self, *, anew: bool) -> None:
        if self._census is not None:
            found = self._census.ranked(
                answered=frozenset(self._fresh),
                unasked=self._unasked.all(),
                limit=MOST,
            )
            terms = self._glossary.read().terms
            self.call_later(self._rearrange, [*found, *terms], anew)

    def _rearrange(self, found: Sequence[Question | Term], anew: bool) -> None:
        """Show what is known by now; the cursor stays on what it is on."""
        rows, cursor = self._list.found, self._list.cursor
        here = self._list.here
        wanted = self._undone or (here and _key(here))
        if not anew:
            found = in_place(rows, found, cursor + (self._undone is None))
        self._undone = None
        places = {_key(row): place for place, row in enumerate(found)}
        self._show(found, cursor=places.get(wanted, cursor) if wanted else cursor)

    @on(Worker.StateChanged)
    def _worked(self, event: Worker.StateChanged) -> None:
        if event.worker.group == "questions" and event.worker.is_finished:
            self._show()

    def _show(
        self,
        found: Sequence[Question | Term] | None = None,
        *,
        cursor: int | None = None,
    ) -> None:
        rows = self._list
        rows.show(found, cursor=cursor)
        self.set_class(not rows.found, "-empty")
        if self.runs("questions"):
            nothing = "Looking for names that nobody can read…\ns stops."
        elif self._census is None:
            nothing = "The names were not looked through.\nr tries again, q goes back."
        else:
            nothing = (
                "Nothing to ask: every name of what is not described can be read.\n"
                "q goes back."
            )
        self.query_one("#empty", Static).update(nothing)
        questions = [each for each in rows.found if isinstance(each, Question)]
        explained = sum(question.unlocks for question in questions)
        named = count(len(questions), "name")
        parts = [f"{named} would explain {count(explained, 'description')}"]
        if not questions:
            parts = ["No questions"]
        terms = count(len(rows.found) - len(questions), "term")
        parts.append(f"{terms} in the glossary")
        if self._stopped and self._census is not None:
            parts.append(f"stopped after {count(self._census.tables, 'table')}")
        self.query_one("#head", Label).update(" · ".join(parts))
        self._detail()

    @on(RowList.Moved)
    def _detail(self) -> None:
        row = self._list.here
        shown = Text()
        if isinstance(row, Question):
            shown.append(plain(row.term), "bold")
            shown.append(
                f"  alone explains {row.unlocks:,} of the {row.names:,} names that have"
                " it and are not described\n",
                "dim",
            )
            shown.append(f"as in {plain(', '.join(row.examples))}\n")
            more = row.tables - len(row.found_in)
            places = ", ".join(row.found_in) + (f" and {more:,} more" if more else "")
            shown.append(f"in {plain(places)}\n", "dim")
            shown.append("enter answers, x never asks again", "dim")
        elif row is not None:
            shown.append(plain(row.term), "bold")
            where = f"in {row.scope}" if row.scope else "everywhere"
            shown.append(f"  {plain(where)}\n", "dim")
            shown.append(plain(row.meaning) + "\n")
            read = " ".join(phrase(row.meaning))
            inside = f"inside names: {plain(read)}" if read else INSIDE
            shown.append(inside + "\n", "dim")
            shown.append(f"{plain(str(self._glossary.path))}\n", "dim")
            shown.append("enter changes it; an empty answer takes it out", "dim")
        self.query_one("#details", Static).update(shown)

    @property
    def _list(self) -> RowList[Question | Term]:
        return self.query_one("#questions", RowList)

    def _tick(self) -> None:
        if self.app.session is not self._session:
            return
        read = f"Looking through names: {count(self._read, 'table')}"
        line = self._drafting.status(read if self.runs("questions") else "")
        self.query_one(StatusLine).activity = line

    # Answering

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        row = self._list.at(event.index)
        if row is None:
            return
        self._asked = row
        label = self.query_one("#asked", Label)
        label.update(f"What does {plain(row.term)} mean?  enter saves · escape leaves")
        label.add_class("-open")
        box = self.query_one(Input)
        box.value = _typed(row)
        box.cursor_position = len(box.value)
        box.add_class("-open")
        box.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        row, meaning = self._asked, event.value.strip()
        if row is None:
            return
        if isinstance(row, Question) and not meaning:
            self.notify("An empty answer says nothing. escape leaves the question.")
            return
        if isinstance(row, Question) and _inside(row) and not phrase(meaning):
            self.notify(f"Not saved: {INSIDE}.")
            return
        self.action_cancel()
        scope = row.scope if isinstance(row, Term) else ""
        if isinstance(row, Term) and meaning == _typed(row):
            return
        try:
            before = self._put(row.term, scope, meaning or None)
        except ColumnistError as error:
            self.app.explain(error)
        else:
            self._undoes.append(partial(self._put_back, row.term, scope, before))
            if meaning and wordless([Term(row.term, meaning)]):
                text = f"It describes what is called {plain(row.term)}; {INSIDE}."
                self.notify(text, markup=False)

    def _put(self, term: str, scope: str, meaning: str | None) -> str | None:
        """Change the file, and have drafted again what reads otherwise now.

        Returns what stood there before.
        """
        if meaning is None:
            before = self._glossary.forget(term, scope=scope)
        else:
            before = self._glossary.answer(term, meaning, scope=scope)
        self.app.redraft([Term(term, t, scope) for t in (before, meaning) if t])
        key = key_of(term)
        if meaning is None and key in self._before:
            self._count(anew=False)  # its names were read with it
            return before
        if meaning is None:
            self._fresh.discard(key)
        elif not scope:  # else it explains nothing elsewhere
            self._fresh.add(key)
        self._rank()
        return before

    def _put_back(self, term: str, scope: str, before: str | None) -> None:
        self._undone = (key_of(term), scope)
        self._put(term, scope, before)

    def action_cancel(self) -> None:
        """Close the answer."""
        self._asked = None
        self.query_one("#asked").remove_class("-open")
        box = self.query_one(Input)
        box.value = ""
        box.remove_class("-open")
        self._list.focus()

    def action_hide(self) -> None:
        """Never ask about what is under the cursor again."""
        row = self._list.here
        if not isinstance(row, Question):
            self.notify("Only a question can be put away.")
            return
        self._unasked.add(row.term)
        self._undoes.append(partial(self._ask_again, row.term))
        self._rank()

    def _ask_again(self, term: str) -> None:
        self._undone = (key_of(term), "")
        self._unasked.remove(term)
        self._rank()

    def action_undo(self) -> None:
        """Take back what was done last on this screen."""
        if not self._undoes:
            self.notify("Nothing to undo here; enter changes an answer.")
            return
        self._undoes[-1]()
        self._undoes.pop()

    def action_stop(self) -> None:
        """Stop looking, with the questions found by then; stop drafting."""
        self._stopped = self.runs("questions")
        self._drafting.stop()
