"""Editing one description in place: its length, its style, names while typing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Label, TextArea

from catalog.objects import Target
from tui.app.keys import keys
from tui.flow.text import pictured, plain

SHORTEST = 2
"""Letters that are completed; one begins too many names."""
SHOWN = 4
"""Names that are shown to choose from; more letters choose better."""
_KEYS = "   enter saves · alt+enter breaks the line · escape leaves"
_BEFORE = re.compile(r"[\w$]+\Z")
_AFTER = re.compile(r"\A[\w$]+")


class _Text(TextArea):
    """Enter saves; Alt+Enter breaks the line; Tab takes the name that is offered."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "edit",
        ("enter", "save", "Save", "Save this text"),
        ("alt+enter", "newline", "New line", ""),
        (
            "tab,ctrl+@,ctrl+space",
            "complete",
            "Complete",
            "Take the name that is offered",
        ),
        (
            "ctrl+g",
            "look_up",
            "Glossary",
            "What the glossary says of the word here, else of the name",
        ),
        # Textual's ctrl+z is the terminal's.
        ("ctrl+underscore", "undo", "", "Undo what was typed"),
        ("escape", "cancel", "Cancel", "Leave it"),
    )

    own: Sequence[str] = ()
    """Names that are offered before others."""
    _offered: Sequence[str] = ()
    _prefix = ""

    async def _on_key(self, event: events.Key) -> None:
        # TextArea takes Enter for itself before bindings are looked at.
        if event.key == "enter":
            event.prevent_default()
            event.stop()
            self.action_save()
            return
        if event.key in ("tab", "shift+tab"):
            # The list's keys would act while the text is open.
            event.prevent_default()
            event.stop()
            if event.key == "tab":
                self.action_complete()
            return
        await super()._on_key(event)

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: a control character is one cell and does nothing."""
        # What is unseen or moves the cursor is drawn as one character, and kept.
        return Text(pictured(self.document.get_line(line_index)), end="", no_wrap=True)

    def action_save(self) -> None:
        self.post_message(DescriptionEditor.Submitted(self.text))

    def action_newline(self) -> None:
        self.insert("\n")

    def action_cancel(self) -> None:
        self.post_message(DescriptionEditor.Cancelled())

    def action_look_up(self) -> None:
        before, after = self._around()
        self.post_message(DescriptionEditor.LookedUp(before + after))

    def action_complete(self) -> None:
        """Put the name that is offered in the place of its beginning."""
        names = self._names(self._beginning())
        if names:
            row, column = self.cursor_location
            start = (row, column - len(self._beginning()))
            self.replace(names[0], start, (row, column))

    def action_cursor_right(self, select: bool = False) -> None:
        # TextArea takes a suggestion by the same key, even in the middle of a line.
        self.suggestion = ""
        super().action_cursor_right(select)

    def offer(self, prefix: str, names: Sequence[str]) -> None:
        """More names that begin so; too late for another beginning."""
        if prefix == self._prefix:
            self._offered = names
            self._suggest()

    def update_suggestion(self) -> None:
        """The text or the cursor has changed: complete what stands there now."""
        prefix = self._beginning()
        if prefix != self._prefix:
            self._prefix, self._offered = prefix, ()
            if prefix:
                self.post_message(DescriptionEditor.NameBegun(prefix))
        self._suggest()

    def _suggest(self) -> None:
        names = self._names(self._prefix)
        self.suggestion = names[0][len(self._prefix) :] if names else ""
        self.post_message(DescriptionEditor.Offered(names[:SHOWN]))

    def _names(self, prefix: str) -> list[str]:
        if not prefix:
            return []
        begun = prefix.lower()
        return [
            name
            for name in dict.fromkeys((*self.own, *self._offered))
            # What cannot be drawn as it is cannot be chosen by sight.
            if name.lower().startswith(begun) and name != prefix and name.isprintable()
        ]

    def _beginning(self) -> str:
        """The beginning of a name that the cursor stands at the end of."""
        before, after = self._around()
        return before if len(before) >= SHORTEST and not after else ""

    def _around(self) -> tuple[str, str]:
        """The word that the cursor stands in, cut in two."""
        row, column = self.cursor_location
        line = str(self.document[row])
        before, after = _BEFORE.search(line[:column]), _AFTER.match(line[column:])
        return before[0] if before else "", after[0] if after else ""


class DescriptionEditor(Vertical):
    """A text area under the list; hidden until `edit` is called."""

    DEFAULT_CSS = """
    DescriptionEditor {
        height: 7;
        display: none;
        border-top: solid $accent;
        background: $surface;
        &.-open { display: block; }
        & > Label { width: 1fr; height: 1; color: $text-muted; }
        & > TextArea { height: 1fr; border: none; padding: 0 1; }
        & > TextArea:focus { border: none; }
    }
    """

    @dataclass
    class Submitted(Message):
        """The steward saved this wording."""

        text: str
        """As typed."""

    @dataclass
    class Cancelled(Message):
        """The steward left without saving."""

    @dataclass
    class NameBegun(Message):
        """The steward typed what a name may begin with; `offer` answers."""

        prefix: str
        """Its first letters."""

    @dataclass
    class Offered(Message):
        """Names that complete what stands at the cursor."""

        names: Sequence[str]
        """The first is taken by a key; empty for none."""

    @dataclass
    class LookedUp(Message):
        """The steward asks what a word means; `tell` answers."""

        word: str
        """At the cursor; empty where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._target: Target | None = None
        self._limit: int | None = None
        self._check: Callable[[str], Sequence[str]] = lambda _: ()

    @property
    def target(self) -> Target | None:
        """What is being edited, or None."""
        return self._target

    def compose(self) -> ComposeResult:
        """A line with the name, length and style, the text, and a line of help."""
        yield Label("", markup=False, id="counted")
        yield _Text(soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
        yield Label("", markup=False, id="told")

    def edit(
        self,
        target: Target,
        text: str,
        *,
        limit: int | None,
        names: Sequence[str] = (),
        check: Callable[[str], Sequence[str]] = lambda _: (),
    ) -> None:
        """Open on a target's text and take the focus.

        Args:
            target: what is described.
            text: to begin with.
            limit: the longest comment the database takes there.
            names: those that are offered before others while typing.
            check: what a text lacks, in a few words each.
        """
        self._target, self._limit, self._check = target, limit, check
        area = self.query_one(_Text)
        area.own = names
        area.load_text(text)
        area.move_cursor(area.document.end)
        self.add_class("-open")
        area.focus()
        self._count()
        self.tell("")

    def close(self) -> None:
        """Hide again."""
        self._target = None
        self.remove_class("-open")

    def offer(self, prefix: str, names: Sequence[str]) -> None:
        """Names that begin as what was typed, after the editor's own."""
        self.query_one(_Text).offer(prefix, names)

    def tell(self, text: str) -> None:
        """Show a line below the text."""
        self.query_one("#told", Label).update(f" {plain(text)}")

    @on(Offered)
    def _offered(self, event: Offered) -> None:
        first, *others = event.names or [""]
        line = f"tab: {first}" if first else ""
        self.tell(line + (f"   also {' · '.join(others)}" if others else ""))

    @on(TextArea.Changed)
    def _count(self) -> None:
        """Keep length and style true."""
        text = self.query_one(_Text).text
        length = len(text)
        limit = f" of {self._limit:,}" if self._limit else ""
        over = " — too long" if self._limit and length > self._limit else ""
        name = plain(self._target.name) if self._target else ""
        lacks = plain(" · ".join(self._check(text)))
        self.query_one("#counted", Label).update(
            f" {name}   {length:,}{limit} characters{over}"
            + (f" — {lacks}" if lacks else _KEYS)  # the footer has the keys too
        )
