"""Editing one description in place, with its length against the database's limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Label, TextArea

from catalog.objects import Target
from tui.text import pictured, plain


class _Text(TextArea):
    """Enter saves; Alt+Enter breaks the line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "Save", id="edit.save", tooltip="Stage this wording"),
        Binding("alt+enter", "newline", "New line", id="edit.newline"),
        Binding("escape", "cancel", "Cancel", id="edit.cancel", tooltip="Leave it"),
    ]

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
            return
        await super()._on_key(event)

    def get_line(self, line_index: int) -> Text:
        # What is unseen or moves the cursor is drawn as one character, and kept.
        return Text(pictured(self.document.get_line(line_index)), end="", no_wrap=True)

    def action_save(self) -> None:
        self.post_message(DescriptionEditor.Submitted(self.text))

    def action_newline(self) -> None:
        self.insert("\n")

    def action_cancel(self) -> None:
        self.post_message(DescriptionEditor.Cancelled())


class DescriptionEditor(Vertical):
    """A text area under the list; hidden until `edit` is called."""

    DEFAULT_CSS = """
    DescriptionEditor {
        height: 6;
        display: none;
        border-top: solid $accent;
        background: $surface;
        &.-open { display: block; }
        & > Label { width: 1fr; color: $text-muted; }
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

    def __init__(self) -> None:
        super().__init__()
        self._target: Target | None = None
        self._limit: int | None = None

    @property
    def target(self) -> Target | None:
        """What is being edited, or None."""
        return self._target

    def compose(self) -> ComposeResult:
        """A line with the name and the length, and the text."""
        yield Label("", markup=False)
        yield _Text(soft_wrap=True, show_line_numbers=False, tab_behavior="focus")

    def edit(self, target: Target, text: str, *, limit: int | None) -> None:
        """Open on a target's text and take the focus."""
        self._target, self._limit = target, limit
        area = self.query_one(_Text)
        area.load_text(text)
        area.move_cursor(area.document.end)
        self.add_class("-open")
        area.focus()
        self._count()

    def close(self) -> None:
        """Hide again."""
        self._target = None
        self.remove_class("-open")

    def on_text_area_changed(self) -> None:
        """Keep the length true."""
        self._count()

    def _count(self) -> None:
        length = len(self.query_one(_Text).text)
        limit = f" of {self._limit:,}" if self._limit else ""
        over = " — too long" if self._limit and length > self._limit else ""
        name = plain(self._target.name) if self._target else ""
        self.query_one(Label).update(
            f" {name}   {length:,}{limit} characters{over}"
            "   enter saves · alt+enter breaks the line · escape leaves"
        )
