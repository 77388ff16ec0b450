"""Deciding: one table, its columns, their suggestions, and the keys."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Footer, Input, Label, Static
from textual.worker import get_current_worker

from catalog.choice import Scope
from catalog.listing import fuzzy
from catalog.objects import Profile, Table, TableId, Target, table_of
from catalog.suggestion import STAGED, Source, State, Suggestion
from catalog.suggestions import Batch
from model.draft import undescribed
from tui.drafting import BackgroundDrafting
from tui.messages import CatalogChanged, DraftingChanged, DraftsSaved
from tui.screens import catalog
from tui.screens.bulk import ask_accept, ask_reject
from tui.screens.catalog import suggestions_with
from tui.screens.confirm import ConfirmModal
from tui.screens.facets import Facet, FacetModal
from tui.screens.reason import ReasonModal
from tui.screens.review_keys import REVIEW_KEYS
from tui.screens.review_rows import HEADINGS, Line, ReviewRows, evidence, review_lines
from tui.session import Session
from tui.text import plain
from tui.widgets.description_editor import DescriptionEditor
from tui.widgets.row_list import Cell, RowList
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tui.app import ColumnistApp

SHORT = 32
SOON_SECONDS = 0.03
"""Drafts that come within this time are shown together."""
FACETS = tuple(f for f in catalog.FACETS if f.group not in ("what", "kind"))
"""Properties of suggestions that columns are listed by."""


class ReviewScreen(Screen[None]):
    """Accept, edit or reject what was drafted; nothing is written until w."""

    TITLE = "Review"
    BINDINGS: ClassVar[list[BindingType]] = REVIEW_KEYS

    app: ColumnistApp

    def __init__(
        self,
        session: Session,
        drafting: BackgroundDrafting,
        order: Sequence[TableId],
        table: TableId,
    ) -> None:
        super().__init__()
        self._session = session
        self._drafting = drafting
        self._order = list(order)
        self._table_id = table
        self._table: Table | None = None
        self._lines: list[Line] = []
        self._rows: ReviewRows | None = None
        self._marked: set[Target] = set()
        self._range_from: int | None = None
        self._facets: frozenset[Facet] = frozenset()
        self._filter = ""
        self._profiles: dict[TableId, dict[str, Profile]] = {}
        self._alternatives: dict[Target, list[str]] = {}
        self._dirty = False
        self._soon = False
        self._undrafted = False

    def compose(self) -> ComposeResult:
        """The list, the details under it, and the editor over those."""
        yield Label("", classes="title", id="head", markup=False)
        yield RowList(HEADINGS, _Nothing(), id="targets")
        yield Static("", id="empty", markup=False)
        yield Static("", id="details", markup=False)
        yield DescriptionEditor()
        yield Input(placeholder="part of a column's name", classes="filter")
        yield StatusLine()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show the table, and draft it if nobody has."""
        self.set_interval(0.3, self._tick)
        self._go(self._table_id)
        self.query_one("#targets").focus()

    def on_screen_resume(self) -> None:
        """The write screen changes states."""
        self._reload()

    def on_resize(self) -> None:
        """Give the list room."""
        self.set_class(self.size.height < SHORT, "-short")

    # What is shown

    def _go(self, table: TableId, *, undecided: int = 0) -> None:
        """Show another table, from its first undecided line, or its last going back."""
        self.query_one(DescriptionEditor).close()
        self._table_id = table
        self._marked.clear()
        self._range_from = None
        self._drafting.prefer(table)
        self._reload(cursor=0)
        found = [i for i, line in enumerate(self._shown()) if line.undecided]
        if found:
            self._list.cursor = found[-1] if undecided < 0 else found[0]
        if table not in self._profiles:
            self._sample(table)
        self._undrafted = True
        self._draft()

    def _draft(self) -> None:
        """Have what is missing drafted, once.

        A run that is under way does it too; one that is about to end may not, and then
        it is drafted after that.
        """
        if self._undrafted and not self._drafting.running:
            self._undrafted = False
            if self._missing():
                self.app.draft([self._table_id])

    def _missing(self) -> bool:
        if self._table is None:
            return False
        taken = [line.target for line in self._lines if line.suggestion is not None]
        for_files = bool(self._session.files_only)
        return bool(undescribed(self._table, taken, for_files=for_files))

    def _reload(self, *, cursor: int | None = None) -> None:
        table = self._session.snapshot.table(self._table_id)
        if table is None:
            self.notify("This table is no longer in the catalog.")
            self.app.pop_screen()
            return
        self._table = table
        self._lines = review_lines(
            table, self._session.suggestions.of_table(self._table_id)
        )
        self._relist(cursor=cursor)

    def _relist(self, *, cursor: int | None = None) -> None:
        if self._table is None:
            return
        match = fuzzy(self._filter).match
        wanted = suggestions_with(self._facets)
        lines = [
            line
            for line in self._lines
            if match(line.target.name.lower())
            and (
                not wanted
                or (line.suggestion is not None and wanted.fits(line.suggestion))
            )
        ]
        here = self._line
        if cursor is None and here is not None:
            targets = [line.target for line in lines]
            if here.target in targets:
                cursor = targets.index(here.target)
        self._rows = ReviewRows(self._table, lines, frozenset(self._marked))
        self._list.show(self._rows, cursor=cursor)
        self.set_class(not lines, "-empty")
        self.query_one("#empty", Static).update(
            "No column fits.\nescape clears the filter, f shows other states."
        )
        self._headline()
        self._detail()

    def _headline(self) -> None:
        undecided = sum(line.undecided for line in self._lines)
        staged = sum(
            line.suggestion is not None and line.suggestion.state in STAGED
            for line in self._lines
        )
        place = ""
        if self._table_id in self._order:
            place = f"  ({self._order.index(self._table_id) + 1}/{len(self._order)})"
        parts = [f"{undecided} to decide", f"{staged} to write"]
        if self._marked:
            parts.append(f"{len(self._marked)} marked")
        if self._facets:
            labels = sorted(facet.label for facet in self._facets)
            parts.append(f"only {', '.join(labels)}")
        if self._filter:
            parts.append(f"names with {self._filter}")
        self.query_one("#head", Label).update(
            plain(f"{self._table_id}{place} — {' · '.join(parts)}")
        )

    def _detail(self) -> None:
        line, table = self._line, self._table
        shown = Text()
        if line is not None and table is not None:
            suggestion = line.suggestion
            name = line.target.name
            shown.append(plain(name), "bold")
            shown.append(f"  {_summary(suggestion)}\n", "dim")
            shown.append(plain(line.text or "No description.") + "\n")
            if line.comment is not None and line.comment != line.text:
                shown.append("now: ", "bold")
                shown.append(plain(line.comment) + "\n")
            if suggestion is not None and suggestion.reason:
                shown.append(plain(suggestion.reason) + "\n", "italic")
            if suggestion is not None and suggestion.draft.origin:
                shown.append(f"from {plain(suggestion.draft.origin)}\n", "dim")
            for number, text in enumerate(self._alternatives.get(line.target, []), 1):
                shown.append(f"{number} ", "bold")
                shown.append(plain(text) + "\n")
            column = line.column.name if line.column else ""
            profile = self._profiles.get(table.id, {}).get(column)
            for fact in evidence(table, line, profile):
                shown.append(plain(fact) + "\n", "dim")
        self.query_one("#details", Static).update(shown)

    @property
    def _list(self) -> RowList:
        return self.query_one("#targets", RowList)

    @property
    def _line(self) -> Line | None:
        lines = self._shown()
        index = self._list.cursor
        return lines[index] if 0 <= index < len(lines) else None

    def _shown(self) -> Sequence[Line]:
        return self._rows.lines if self._rows is not None else ()

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._detail()

    @on(DraftsSaved)
    def _drafted(self, event: DraftsSaved) -> None:
        if not event.drafts or any(
            table_of(draft.target) == self._table_id for draft in event.drafts
        ):
            self._dirty = True
            # The first is shown at once, those that come with it together.
            if not self._soon:
                self._soon = True
                self.set_timer(SOON_SECONDS, self._show_drafts)

    def _show_drafts(self) -> None:
        self._soon = False
        if self._dirty:
            self._dirty = False
            self._reload()

    @on(CatalogChanged)
    def _changed(self) -> None:
        self._dirty = True

    @on(DraftingChanged)
    def _ended(self) -> None:
        self._dirty = True
        self._draft()

    def _tick(self) -> None:
        if self._dirty:
            self._dirty = False
            self._reload()
        line = self.query_one(StatusLine)
        line.place = self._session.database.identity.label
        if self._drafting.running:
            shown = f"{self._drafting.progress.line()} · s stops"
            line.activity = " · ".join(
                filter(None, [self._drafting.remote_line, shown])
            )
        else:
            line.activity = self._drafting.model_line

    # Deciding

    def action_accept(self) -> None:
        """Accept what is under the cursor, and go on to the next undecided."""
        line = self._line
        if line is None or line.suggestion is None:
            self.notify("There is no suggestion here. e writes your own.")
            return
        if not line.suggestion.text:
            self.notify("The model abstained here. e writes your own.")
            return
        if line.suggestion.state is State.CONFLICT:
            self._settle_conflict(line, line.suggestion)
            return
        if line.comment is not None and not line.undecided:
            self.notify("This is written already.")
            return
        self._told(self._session.suggestions.accept([line.suggestion]))
        self._advance()

    def _settle_conflict(self, line: Line, suggestion: Suggestion) -> None:
        """Somebody changed the comment: show both texts before replacing theirs."""

        def decide(answer: bool | None) -> None:
            if answer:
                self._session.suggestions.accept_over(suggestion, previous=line.comment)
                self._reload()

        self.app.push_screen(
            ConfirmModal(
                "Replace the comment that somebody wrote meanwhile?",
                [
                    f"Theirs: {plain(line.comment or '(none)')}",
                    f"Yours: {plain(suggestion.text or '')}",
                ],
            ),
            decide,
        )

    def action_reject(self) -> None:
        """Reject what is under the cursor, and go on."""
        line = self._line
        if line is None or line.suggestion is None:
            self.notify("There is no suggestion here.")
            return
        self._told(self._session.suggestions.reject([line.suggestion]))
        self._advance()

    def action_reject_because(self) -> None:
        """Reject what is under the cursor with a reason, and go on."""
        line = self._line
        if line is None or line.suggestion is None:
            self.notify("There is no suggestion here.")
            return
        suggestion = line.suggestion

        def decide(reason: str | None) -> None:
            if reason is not None:
                rejected = self._session.suggestions.reject([suggestion], reason=reason)
                self._told(rejected)
                self._advance()

        self.app.push_screen(ReasonModal(plain(suggestion.target.name)), decide)

    def _told(self, batch: Batch) -> None:
        """Say it where a decision came too late."""
        if not batch.count:
            self.notify("Nothing was changed: it was decided already, or elsewhere.")

    def action_accept_all(self) -> None:
        """Accept all marked, or all listed."""
        ask_accept(self.app, self._session, self._chosen(), self._decided)

    def action_reject_all(self) -> None:
        """Reject all marked, or all listed."""
        ask_reject(self.app, self._session, self._chosen(), self._decided)

    def _chosen(self) -> Scope:
        return Scope(
            ids=[
                line.suggestion.id
                for line in self._shown()
                if line.suggestion is not None
                and (not self._marked or line.target in self._marked)
            ]
        )

    def _decided(self) -> None:
        self._marked.clear()
        self._reload()

    def action_edit(self) -> None:
        """Edit here; saving stages the wording."""
        line = self._line
        if line is not None and self._may_write(line):
            limit = self._session.database.limit(line.column is None)
            self.query_one(DescriptionEditor).edit(line.target, line.text, limit=limit)

    @on(DescriptionEditor.Submitted)
    def _edited(self, event: DescriptionEditor.Submitted) -> None:
        editor = self.query_one(DescriptionEditor)
        target = editor.target
        editor.close()
        self._list.focus()
        if target is not None:
            self._save(target, event.text)

    @on(DescriptionEditor.Cancelled)
    def _edit_cancelled(self) -> None:
        self.query_one(DescriptionEditor).close()
        self._list.focus()

    def action_edit_outside(self) -> None:
        """Edit in $EDITOR."""
        line = self._line
        if line is None or not self._may_write(line):
            return
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "description.txt"
            file.write_text(line.text, encoding="utf-8")
            try:
                with self.app.suspend():
                    status = subprocess.call([*shlex.split(command), str(file)])
                text = file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError, ValueError) as error:
                self.app.explain(error, f"Editing with {command}")
                return
        if status == 0 and text and text != line.text:
            self._save(line.target, text)

    def _may_write(self, line: Line) -> bool:
        refused = (
            line.column.comment_refused
            if line.column is not None
            else self._table and self._table.comment_refused
        )
        if refused and not self._session.files_only:
            why = plain(str(refused))
            self.notify(f"No comment can be written here: {why}.", markup=False)
            return False
        return True

    def _save(self, target: Target, text: str) -> None:
        if not text.strip():
            self.notify("An empty description is not staged. r rejects.")
            return
        table = self._session.snapshot.table(table_of(target))
        comment = table.comment_of(target) if table is not None else None
        if comment == text.strip():
            self.notify("That is what the database says already.")
            return
        suggestions = self._session.suggestions
        self._told(suggestions.write_own(target, text, previous=comment))
        self._advance()

    def _advance(self) -> None:
        self._reload()
        lines = self._shown()
        after = range(self._list.cursor + 1, len(lines))
        self._list.cursor = next(
            (i for i in after if lines[i].undecided),
            min(self._list.cursor + 1, max(len(lines) - 1, 0)),
        )

    def action_undo(self) -> None:
        """Take back the last decision."""
        self.app.undo(self._reload)

    def action_redo(self) -> None:
        """Decide again as before the undo."""
        self.app.redo(self._reload)

    # Alternatives

    def action_again(self) -> None:
        """Ask for other wordings of what is under the cursor."""
        line = self._line
        if line is not None:
            self.notify("Looking for other wordings…", timeout=2)
            self._find_alternatives(line.target)

    @work(
        thread=True,
        exclusive=True,
        group="alternatives",
        exit_on_error=False,
        description="Other wordings",
    )
    def _find_alternatives(self, target: Target) -> None:
        worker = get_current_worker()
        texts = self._drafting.alternatives(target, lambda: worker.is_cancelled)
        self._alternatives[target] = texts
        self.post_message(CatalogChanged())

    def action_pick(self, number: int) -> None:
        """Stage an alternative."""
        line = self._line
        texts = self._alternatives.get(line.target, []) if line is not None else []
        if line is None or not 1 <= number <= len(texts):
            self.notify("There is no such alternative. t asks for some.")
            return
        self._save(line.target, texts[number - 1])

    # Moving and marking

    def action_mark(self) -> None:
        """Mark or unmark what is under the cursor."""
        if (line := self._line) is not None:
            self._marked ^= {line.target}
            cursor = self._list.cursor
            self._relist(cursor=cursor)
            self._list.action_move(1)

    def action_range(self) -> None:
        """Begin a range, or mark from its beginning to here."""
        here = self._list.cursor
        if self._range_from is None:
            self._range_from = here
            self.notify("Range begins here; move, then v marks it.")
            return
        low, high = sorted((self._range_from, here))
        self._marked |= {line.target for line in self._shown()[low : high + 1]}
        self._range_from = None
        self._relist(cursor=here)

    def action_next(self, direction: int) -> None:
        """The next undecided one, in this table or another."""
        lines = self._shown()
        here = self._list.cursor
        places = (
            range(here + 1, len(lines)) if direction > 0 else range(here - 1, -1, -1)
        )
        for index in places:
            if lines[index].undecided:
                self._list.cursor = index
                return
        waiting = {
            summary.id
            for summary in self._session.snapshot.summaries()
            if summary.undecided
        }
        if self._table_id not in self._order:
            return
        at = self._order.index(self._table_id)
        rest = self._order[at + 1 :] if direction > 0 else self._order[:at][::-1]
        for table in rest:
            if table in waiting:
                self._go(table, undecided=direction)
                return
        self.notify("Nothing undecided that way.")

    def action_table(self, direction: int) -> None:
        """The next or previous table of the list."""
        if self._table_id not in self._order:
            return
        at = self._order.index(self._table_id) + direction
        if 0 <= at < len(self._order):
            self._go(self._order[at])
        else:
            self.notify("That was the last table." if direction > 0 else "First table.")

    def action_filter(self) -> None:
        """List columns by name."""
        box = self.query_one(Input)
        box.add_class("-open")
        box.focus()

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        self._filter = event.value
        self._relist()

    @on(Input.Submitted)
    def _filter_done(self) -> None:
        self._list.focus()

    def action_state(self) -> None:
        """List by state, source, confidence or finding."""

        def list_those(chosen: frozenset[Facet] | None) -> None:
            if chosen is not None:
                self._facets = chosen
                self._relist()

        self.app.push_screen(FacetModal(FACETS, self._facets), list_those)

    def action_clear(self) -> None:
        """No filter, no marks."""
        box = self.query_one(Input)
        box.value = ""
        box.remove_class("-open")
        self._facets = frozenset()
        self._marked.clear()
        self._range_from = None
        self._list.focus()
        self._relist()

    # The rest

    def action_draft(self) -> None:
        """Draft this table; its undecided drafts anew, if nothing is missing."""
        if self._drafting.running:
            self.notify("Drafting is under way; s stops it.")
            return
        self.app.draft([self._table_id], redo=not self._missing())

    def action_stop(self) -> None:
        """Stop drafting; what is drafted stays."""
        self._undrafted = False
        self._drafting.stop()

    def action_copy(self) -> None:
        """Copy the description under the cursor."""
        if (line := self._line) is not None and line.text:
            self.app.copy_to_clipboard(line.text)
            self.notify("Copied.")

    def action_write(self) -> None:
        """Every statement that would be written."""
        from tui.screens.write import WriteScreen

        self.app.push_screen(WriteScreen(self._session, self._drafting))

    def action_back(self) -> None:
        """Back to the catalog."""
        self._drafting.prefer(None)
        self.app.pop_screen()

    @work(
        thread=True,
        exclusive=True,
        group="evidence",
        exit_on_error=False,
        description="Sampling",
    )
    def _sample(self, table_id: TableId) -> None:
        """Look at a bounded sample once; it is held in memory only."""
        table = self._session.snapshot.table(table_id)
        if table is not None:
            with self._session.lock:
                self._profiles[table_id] = self._session.database.profile(table)
            self.post_message(CatalogChanged())


class _Nothing:
    def __len__(self) -> int:
        return 0

    def cells(self, index: int) -> Sequence[Cell]:
        raise IndexError(index)


def _summary(suggestion: Suggestion | None) -> str:
    if suggestion is None:
        return ""
    draft = suggestion.draft
    parts = [
        suggestion.state.value,
        f"{draft.confidence:.0%} sure",
        f"by {draft.source.value}",
    ]
    if draft.model and draft.source is Source.MODEL:
        parts.append(draft.model)
    if draft.findings:
        parts.append("findings: " + ", ".join(f.value for f in draft.findings))
    return plain(" · ".join(parts))
