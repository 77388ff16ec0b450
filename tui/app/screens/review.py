"""Deciding: tables, their columns, their suggestions, and the keys."""

from __future__ import annotations

import os
import shlex
import tempfile
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.worker import get_current_worker

from catalog.choice import Scope
from catalog.decisions import Batch
from catalog.errors import ColumnistError
from catalog.objects import Target, table_of
from catalog.style import check
from catalog.suggestion import State, Suggestion
from catalog.trial import Favoured
from tui.app.beside import beside
from tui.app.screens.ask import AskModal
from tui.app.screens.bulk import Bulk
from tui.app.screens.facets import suggestions_with
from tui.app.screens.inspect import InspectModal
from tui.app.screens.reason import ReasonModal
from tui.app.screens.review_details import CHOOSE
from tui.app.screens.review_keys import REVIEW_KEYS
from tui.app.screens.review_list import ReviewList
from tui.app.screens.review_rows import LEGEND, Line
from tui.app.screens.same_name import SameNameScreen
from tui.app.widgets.description_editor import DescriptionEditor
from tui.flow.drafting import LONGEST_HINT
from tui.flow.terms import meaning_of
from tui.flow.text import plain

COLUMNS = 20
"""Of a table, about: to tell whether what is listed is counted beside the screen."""
OFFERED = 8
"""Most tables offered for the beginning of a name."""
VOTES = (Favoured.FIRST, Favoured.SECOND)
"""By the number of the draft that is taken."""
TELLING = "Other wordings would tell which model wrote what"
"""Why two drafts side by side go first."""


class ReviewScreen(ReviewList):
    """Accept, edit or reject what was drafted; nothing is written until w."""

    TITLE = "Review"
    BINDINGS: ClassVar[list[BindingType]] = REVIEW_KEYS
    LEGEND = LEGEND

    # Deciding

    def action_accept(self) -> None:
        """Accept what is under the cursor, and go on to the next undecided."""
        line = self._line
        if line is None or line.suggestion is None:
            self.notify("There is no draft here. e writes your own.")
            return
        if not line.suggestion.text:
            self.notify("The model abstained here. e writes your own.")
            return
        if self._is_pair("Two drafts stand here"):
            return
        if self._list.bring_back():
            self.notify("It was out of sight. a accepts it.")
            return
        if line.suggestion.state is State.CONFLICT:
            self._settle_conflict(line, line.suggestion)
            return
        if line.comment is not None and not line.undecided:
            self.notify("This is written already.")
            return
        self._go_on(self._session.suggestions.accept([line.suggestion]))

    def _is_pair(self, why: str) -> bool:
        """Whether two drafts stand there; it says why they go first."""
        is_pair = self._line is not None and bool(self._line.pair)
        if is_pair:
            self.notify(f"{why}: {CHOOSE}.")
        return is_pair

    def _vote(self, favoured: Favoured) -> None:
        line = self._line
        if line is None or line.suggestion is None:
            return
        if self._list.bring_back():
            self.notify("It was out of sight. Choose now.")
            return
        self._go_on(self._session.suggestions.vote(line.suggestion, favoured))

    def action_tie(self) -> None:
        """Neither of two drafts is better: take the first, and go on."""
        if self._line is None or not self._line.pair:
            self.notify("0 is for two drafts side by side.")
            return
        self._vote(Favoured.TIE)

    def _settle_conflict(self, line: Line, suggestion: Suggestion) -> None:
        """Somebody changed the comment: show both texts before replacing theirs."""
        accept = self._session.suggestions.accept_over
        self.app.confirm(
            "Replace the comment that somebody wrote meanwhile?",
            [
                f"Theirs: {plain(line.comment or '(none)')}",
                f"Yours: {plain(suggestion.text or '')}",
            ],
            lambda: self._follow(accept(suggestion, previous=line.comment)),
        )

    def action_reject(self) -> None:
        """Reject what is under the cursor, and go on."""
        line = self._line
        if line is None or line.suggestion is None:
            self.notify("There is no draft here.")
            return
        self._go_on(self._session.suggestions.reject([line.suggestion]))

    def action_reject_because(self) -> None:
        """Reject what is under the cursor with a reason, and go on."""
        line = self._line
        if line is None or line.suggestion is None:
            self.notify("There is no draft here.")
            return
        suggestion = line.suggestion
        reject = self._session.suggestions.reject
        self.app.ask(
            ReasonModal(plain(suggestion.target.name), plain(line.text)),
            lambda reason: self._go_on(reject([suggestion], reason=reason)),
        )

    def _go_on(self, batch: Batch, *, onward: bool = True) -> None:
        """Show a decision, and go on to the next undecided; say if it came too late."""
        line = self._line
        if not batch.count:
            words = line.suggestion.state.words if line and line.suggestion else ""
            self.notify(f"Nothing was changed; it is {words or 'decided'} already.")
        self._follow(batch, onward=onward)

    def action_accept_all(self) -> None:
        """Accept all marked; else all listed, of this table where no filter lists."""
        if (scope := self._scope()) is not None:
            bulk = Bulk(self, self._session, self._decided)
            shown = self._tables.read_ids()
            bulk.accept(scope, self._looked_at(scope), shown=shown)

    def action_reject_all(self) -> None:
        """Reject all marked; else all listed, of this table where no filter lists."""
        if (scope := self._scope()) is not None:
            bulk = Bulk(self, self._session, self._decided)
            bulk.reject(scope, self._looked_at(scope))

    def _scope(self) -> Scope | None:
        """What a bulk decision takes here; None where that is not known yet."""
        if self._tables.marked:
            return Scope(ids=self._tables.marked_ids())
        if not (self._filter or self._facets):
            return Scope(tables=[] if self._here is None else [self._here])
        if not self._tables.complete:
            self.notify("Still looking through the tables for what fits.")
            return None
        wanted = suggestions_with(self._facets)
        return Scope(tables=self._tables.order, wanted=wanted, named=self._filter)

    def _looked_at(self, scope: Scope) -> int:
        """About how many suggestions that is."""
        return len(scope.ids or ()) + COLUMNS * len(scope.tables or ())

    def _decided(self) -> None:
        self._tables.marked.clear()
        self._reload(onward=True)

    def action_edit(self) -> None:
        """Edit here; saving stages the wording."""
        line = self._line
        if line is not None:
            self._tell_if_refused(line)
            limit = self._session.database.limit(line.column is None)
            names = [column.name for column in line.table.columns]
            self.query_one(DescriptionEditor).edit(
                line.target,
                line.text,
                limit=limit,
                names=names,
                check=lambda text: check(text, line.target.name, self._style),
            )

    @on(DescriptionEditor.NameBegun)
    def _name_begun(self, event: DescriptionEditor.NameBegun) -> None:
        self._find_names(event.prefix)

    @beside("names", "Completing names")
    def _find_names(self, prefix: str) -> None:
        """Tables by the beginning of their name; a write elsewhere may take a while."""
        names = self._session.snapshot.named(prefix, limit=OFFERED)
        self.call_later(self._offer, prefix, names)

    def _offer(self, prefix: str, names: list[str]) -> None:
        self.query_one(DescriptionEditor).offer(prefix, names)

    @on(DescriptionEditor.LookedUp)
    def _looked_up(self, event: DescriptionEditor.LookedUp) -> None:
        editor = self.query_one(DescriptionEditor)
        if editor.target is not None:
            try:
                editor.tell(meaning_of(self._session, editor.target, event.word))
            except ColumnistError as error:
                editor.tell(error.message)

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
        if line is None:
            return
        self._tell_if_refused(line)
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "description.txt"
            file.write_text(line.text, encoding="utf-8")
            try:
                status = self.app.edit([*shlex.split(command), str(file)])
                text = file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError, ValueError) as error:
                self.app.explain(error, f"Editing with {command}")
                return
        if status == 0 and text and text != line.text:
            self._save(line.target, text)

    def _tell_if_refused(self, line: Line) -> None:
        if (refused := line.refused) and not self._session.files_only:
            self.notify(f"This can only be exported: {plain(refused)}.", markup=False)

    def _save(self, target: Target, text: str) -> None:
        if not text.strip():
            self.notify("An empty text is not accepted. r rejects.")
            return
        table = self._session.snapshot.table(table_of(target))
        comment = table.comment_of(target) if table is not None else None
        if comment == text.strip():
            self.notify("That is what the database says already.")
            return
        suggestions = self._session.suggestions
        findings = self._session.findings(target, text)
        line = self._line  # one that was decided is looked at again
        self._go_on(
            suggestions.write_own(target, text, previous=comment, findings=findings),
            onward=line is None or line.undecided,
        )

    def action_replay(self, what: Literal["undo", "redo"]) -> None:
        """Take back the last decision, or decide again as before the undo."""
        self.app.replay(what, self, partial(self._replayed, what))

    def _replayed(self, what: Literal["undo", "redo"], batch: Batch) -> None:
        """Show what it made of them; go where it was, if that was one."""
        self._follow(batch)
        ids = [] if batch.only is None else [batch.only]
        for changed in self._session.suggestions.get(ids):
            spot = self._tables.spot_of(changed.target, self._list.cursor)
            line = self._tables.line(spot)
            if spot is None or line is None or line.target != changed.target:
                return  # it is not listed
            self._list.go(spot)
            if what == "redo" and not line.undecided:
                self._to_undecided(spot, 1)

    # Alternatives

    def action_again(self) -> None:
        """Ask for other wordings of what is under the cursor."""
        line = self._line
        if line is not None and not self._is_pair(TELLING):
            self._find_alternatives(line.target)

    def action_hint(self) -> None:
        """Ask for other wordings, and tell the model what the steward knows."""
        line = self._line
        if line is None or self._is_pair(TELLING):
            return
        target = line.target
        lead = (
            f"{plain(line.text or line.lack)}\n\n"
            f"The model reads it, up to {LONGEST_HINT} characters, as a comment on the"
            " table; nothing keeps it."
        )
        self.app.ask(
            AskModal(
                f"What should it know of {plain(target.name)}?",
                lead,
                longest=LONGEST_HINT,
            ),
            lambda hint: self._find_alternatives(target, hint),
        )

    @beside("alternatives", "Other wordings")
    def _find_alternatives(self, target: Target, hint: str = "") -> None:
        self.notify("Looking for other wordings…", timeout=2)
        worker = get_current_worker()
        texts = self._drafting.alternatives(
            target, hint=hint, stop=lambda: worker.is_cancelled
        )
        self._alternatives[target] = texts
        self.call_later(self._changed)

    def action_pick(self, number: int) -> None:
        """Accept another wording, or one of two drafts side by side as the better."""
        line = self._line
        if line is not None and line.pair:
            if number <= len(line.pair):
                self._vote(VOTES[number - 1])
            else:
                self._is_pair("Two drafts stand here")
            return
        found = self._alternatives.get(line.target, []) if line is not None else []
        if line is None or not 1 <= number <= len(found):
            self.notify("There is no such wording. t asks for some.")
            return
        pick = self._session.suggestions.pick
        wording = found[number - 1]
        if wording.text == line.comment:
            self.notify("That is what the database says already.")
            return
        self._go_on(pick(line.target, wording, number, previous=line.comment))

    def action_same_name(self) -> None:
        """One decision for all columns of this name and type."""
        line = self._line
        if line is None or line.column is None or line.suggestion is None:
            self.notify("c is for a column with a draft.")
            return
        if self._is_pair("Two drafts stand here"):
            return
        fresh = line.suggestion.state in (State.PENDING, State.ABSTAINED)
        if not fresh or line.comment is not None:
            self.notify("This one is decided, or has a comment; it takes its own look.")
            return
        if not line.text:
            self.notify("There is no text here yet. e writes your own.")
            return
        screen = SameNameScreen(
            self._session, line.suggestion, line.column.type, line.text
        )
        self.app.push_screen(screen, lambda _: self._reload())

    def action_inspect(self) -> None:
        """Evidence, history and prompt of what is under the cursor."""
        if (line := self._line) is not None:
            self.app.push_screen(
                InspectModal(self._session, self._drafting, line, self._facts(line))
            )

    # The rest

    def action_draft(self) -> None:
        """Draft this table; its undecided drafts anew, if nothing is missing."""
        if self._here is not None and self._line is not None:
            self.app.draft([self._here], redo=not self._missing())

    def action_stop(self) -> None:
        """Stop drafting; what is drafted stays."""
        self._undrafted = False
        self._drafting.stop()

    def action_copy(self) -> None:
        """Copy the description under the cursor."""
        if (line := self._line) is not None and line.text:
            self.app.copy_to_clipboard(line.text)
            self.notify("Copied.")

    def action_back(self) -> None:
        """Back to the catalog."""
        self._drafting.prefer(None)
        self.remember(reviewing=False)
        self.app.pop_screen()
