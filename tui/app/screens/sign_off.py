"""A second person's look at what was decided: approve, refuse, sign."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Footer, Static

from catalog.approvals import ApprovalState, Decided, SignOff
from catalog.objects import ColumnId, Target, table_of
from tui.app.beside import beside
from tui.app.keys import keys
from tui.app.screens.working import WorkingScreen
from tui.app.widgets.headline import Headline
from tui.app.widgets.reading_list import Drawn, Flat, ReadingList, laid_out
from tui.app.widgets.row_list import Cell
from tui.app.widgets.status_line import StatusLine
from tui.flow.signing import sign_file
from tui.flow.text import count, how_sure, plain, when

NAME = 24
"""Cells of a column's name."""
MARKS = {
    ApprovalState.APPROVED: Cell("● approved ", "good"),
    ApprovalState.REFUSED: Cell("⊘ refused  ", "bad"),
    ApprovalState.OPEN: Cell("  open     ", "muted"),
}


class SignOffScreen(WorkingScreen[None]):
    """Approve or refuse what somebody else decided; w signs the file, no database."""

    TITLE = "Sign off"
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "signoff",
        ("a", "approve", "Approve", "Approve and go on"),
        ("r", "refuse", "Refuse", "Refuse and go on"),
        (
            "A",
            "approve_all",
            "All",
            "Approve all that are listed and open; states the count first",
        ),
        ("u", "reopen", "Reopen", "Say nothing of this one"),
        ("f", "filter", "Open ones", "List only what is open, or all again"),
        ("w", "sign", "Sign", "Write your approval into the file"),
        ("q,escape", "back", "Back", "Leave; asks where something is not signed"),
    )

    def __init__(
        self, path: Path, document: SignOff, person: str, key: Path | None = None
    ) -> None:
        super().__init__()
        self._path = path
        self._document = document
        self._digest = document.digest
        self._person = person
        self._key = key
        self._own = frozenset(each.target for each in document.of(person))
        self._marks: dict[Target, ApprovalState] = {}
        self._only_open = False
        self._unsigned = False
        self._before = document.standings()
        self._rows = Flat(self._drawn, lambda each: str(table_of(each.target)))
        self._rows.items = document.items

    def compose(self) -> ComposeResult:
        """Decisions, with all of one below."""
        yield Headline()
        yield ReadingList(self._rows, id="items")
        yield Static("Nothing is open. f lists all, w signs.", id="empty", markup=False)
        yield Static("", id="details", markup=False)
        yield StatusLine(f"{self._path} · as {self._person}")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is in the file."""
        self._list.focus()
        self._show(cursor=0)

    # Keys

    def action_approve(self) -> None:
        """Approve the one under the cursor and go on."""
        item = self._here
        if item is None:
            return
        if item.target in self._own:
            self.notify("You decided this yourself; somebody else has to approve it.")
            return
        self._mark([item], ApprovalState.APPROVED)

    def action_refuse(self) -> None:
        """Refuse the one under the cursor and go on."""
        if (item := self._here) is not None:
            self._mark([item], ApprovalState.REFUSED)

    def action_reopen(self) -> None:
        """Say nothing of the one under the cursor."""
        item = self._here
        if item is not None and item.target in self._marks:
            del self._marks[item.target]
            self._unsigned = bool(self._marks)
            self._show()

    def action_approve_all(self) -> None:
        """Approve everything listed that is open and not one's own."""
        wanted = [
            each
            for each in self._rows.items
            if each.target not in self._marks and each.target not in self._own
        ]
        if not wanted:
            self.notify("Nothing listed is open.")
            return

        self.app.confirm(
            f"Approve {count(len(wanted), 'decision')}?",
            ["What you refused stays refused."],
            lambda: self._mark(wanted, ApprovalState.APPROVED, go_on=False),
        )

    def action_filter(self) -> None:
        """Only what is open, or everything again."""
        self._only_open = not self._only_open
        shown = [
            each
            for each in self._document.items
            if not self._only_open or each.target not in self._marks
        ]
        self._show(shown, cursor=0)

    def action_sign(self) -> None:
        """Ask, with the counts, then write the file."""
        own = len(self._own) if self._key else 0
        if not (self._marks or own):
            self.notify("Approve or refuse something first.")
            return
        refused = [
            t for t, mark in self._marks.items() if mark is ApprovalState.REFUSED
        ]
        left = [
            each.target
            for each in self._document.items
            if each.target not in self._marks
        ]

        self.app.confirm(
            f"Sign as {plain(self._person)}?",
            [
                f"{len(self._marks) - len(refused):,} approved,"
                f" {len(refused):,} refused, {len(left):,} left open"
                + (f"; {own:,} signed as your own." if own else "."),
                f"Into {plain(str(self._path))}; no database is written to.",
            ],
            lambda: self._sign(refused, left),
        )

    @beside("sign", "Signing")
    def _sign(self, refused: Sequence[Target], left: Sequence[Target]) -> None:
        document = sign_file(
            self._path,
            self._person,
            digest=self._digest,
            refused=refused,
            left=left,
            key=self._key,
            ask=False,  # a passphrase's question would be written over the screen
        )
        self.call_later(self._signed, document)

    def _signed(self, document: SignOff) -> None:
        self._document = document
        self._before = document.standings()
        self._unsigned = False
        self.notify(f"Signed {plain(str(self._path))}. q leaves.", markup=False)
        self._show()

    def action_back(self) -> None:
        """Leave; ask where marks would be lost."""
        if self._unsigned:
            lost = ["What you marked is lost."]
            self.app.confirm("Leave without signing?", lost, self.app.exit)
        else:
            self.app.exit()

    # Drawing

    @property
    def _list(self) -> ReadingList[int]:
        return self.query_one("#items", ReadingList)

    @property
    def _here(self) -> Decided | None:
        return self._rows.at(self._list.cursor)

    def _drawn(self, item: Decided, width: int) -> Sequence[Drawn]:
        mark = MARKS[self._marks.get(item.target, ApprovalState.OPEN)]
        if item.target in self._own and item.target not in self._marks:
            mark = Cell("  yours    ", "muted")
        what = "unseen" if item.unseen else item.state.words
        verdict = Cell(f"{what:<9}", "warn" if item.unseen else "muted")
        of_column = isinstance(item.target, ColumnId)
        name, room = (item.target.name, NAME) if of_column else ("", 0)
        text = Cell(item.text or "(nothing)", "" if of_column else "strong")
        return laid_out([mark, verdict], name, room, (), [text], width)

    def _mark(
        self, items: Sequence[Decided], mark: ApprovalState, *, go_on: bool = True
    ) -> None:
        for item in items:
            self._marks[item.target] = mark
        self._unsigned = True
        self._show(cursor=(self._list.cursor or 0) + go_on)

    def _show(
        self, found: Sequence[Decided] | None = None, *, cursor: int | None = None
    ) -> None:
        marks = list(self._marks.values())
        refused = marks.count(ApprovalState.REFUSED)
        total = len(self._document.items)
        self.query_one(Headline).tell(
            " Sign off — ",
            plain(self._document.label),
            f": {count(total, 'decision')} ·"
            f" {len(marks) - refused:,} approved · {refused:,} refused ·"
            f" {total - len(marks):,} open",
        )
        if found is not None:
            self._rows.items = found
        here = self._list.cursor if cursor is None else cursor
        last = len(self._rows.items) - 1
        self._list.go(None if here is None or last < 0 else min(here, last))
        self.set_class(last < 0, "-empty")
        self._detail()

    @on(ReadingList.Moved)
    def _detail(self) -> None:
        item = self._here
        lines = [] if item is None else self._lines(item)
        text = "\n".join(plain(line) for line in lines)
        self.query_one("#details", Static).update(text)

    def _lines(self, item: Decided) -> list[str]:
        lines = [
            f"{item.target}",
            f"in the database: {item.previous or '(nothing)'}",
            f"{item.said}: {item.text or '(nothing)'}",
        ]
        if item.drafted is not None and item.drafted != item.text:
            lines.append(f"drafted: {item.drafted}")
        if item.reason:
            lines.append(f"why: {item.reason}")
        if item.text == item.drafted:  # they are of the draft, not of other words
            facts = [item.source.value, item.model or "", how_sure(item.confidence)]
            facts += [finding.words for finding in item.findings]
            lines.append(" · ".join(filter(None, facts)))
        lines.append(f"by {item.who}, {when(item.at)}")
        standing, by = self._before[item.target]
        if by:
            lines.append(f"in the file: {standing.value} by {by}")
        return lines
