"""All SQL of a run, to be read and copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from tui.app.keys import keys
from tui.app.widgets.keys_line import KeysLine
from tui.flow.text import count, plain

SHOWN = 100_000
"""Characters that are shown; a script has the rest, which nobody scrolls through."""
COPIED = 1_000_000
"""Characters that are copied; more are too many for a terminal's clipboard."""


class SqlModal(ModalScreen[None]):
    """Every statement, in the order in which they are executed.

    Args:
        statements: each as it is executed.
    """

    TITLE = "SQL"
    BINDINGS: ClassVar[list[BindingType]] = keys(
        "sql",
        ("y", "copy", "Copy", "Copy all statements"),
        ("escape,q,v", "dismiss", "Close", "", "close"),
    )

    def __init__(self, statements: Sequence[str]) -> None:
        super().__init__()
        self._statements = statements

    def compose(self) -> ComposeResult:
        """As many statements as can be read, then how many there are besides."""
        lines: list[str] = []
        room, shown = SHOWN, 0
        for sql in self._statements:
            if room <= 0:
                break
            lines += [plain(line) for line in f"{sql[:room]};".split("\n")]
            room, shown = room - len(sql), shown + 1
        if left := len(self._statements) - shown:
            lines.append(f"-- {count(left, 'more statement')}; a script has them all")
        with Vertical(classes="modal help"):
            what = count(len(self._statements), "statement")
            yield Label(f"{what}, as executed", classes="modal-title")
            with VerticalScroll():
                yield Static(Text("\n".join(lines)))
            yield KeysLine({"sql.copy": "copies all", "sql.close": "closes"})

    def action_copy(self) -> None:
        """Copy every statement as it is executed."""
        if sum(map(len, self._statements)) > COPIED:
            self.notify("Too long to copy; save it as a script.")
            return
        self.app.copy_to_clipboard("".join(f"{sql};\n" for sql in self._statements))
        self.notify("Copied.")
