"""A password that the server wants: asked for once, kept only where that is meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Label

from tui.app.keys import keys
from tui.app.widgets.keys_line import KeysLine
from tui.flow.text import plain


@dataclass(frozen=True, slots=True)
class PasswordAnswer:
    """What was typed."""

    password: str = field(repr=False)
    """The password."""
    keep: bool = False
    """Put it into the system's keyring once the database is open."""


class PasswordModal(ModalScreen[PasswordAnswer]):
    """The password of a database; it is not kept unless you ask for that."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="password.open", priority=True),
        *keys("password", ("escape", "dismiss", "Cancel", "", "cancel")),
    ]
    DEFAULT_CSS = """
    PasswordModal Checkbox { border: none; padding: 0; margin-top: 1; }
    """

    def __init__(self, name: str, *, can_keep: bool) -> None:
        super().__init__()
        self._database = name
        self._can_keep = can_keep

    def compose(self) -> ComposeResult:
        """A field that shows dots, and whether to keep what is typed."""
        with Vertical(classes="modal"):
            yield Label("Password", classes="modal-title", markup=False)
            yield Label(plain(self._database), classes="modal-lead", markup=False)
            yield Input(password=True, id="password")
            if self._can_keep:
                yield Checkbox("Keep it in the system keyring", id="keep")
            yield KeysLine(
                {"password.open": "opens", "password.cancel": "cancels"},
                lead="tab moves   space keeps it" if self._can_keep else "",
            )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def action_open(self) -> None:
        """Open with what was typed."""
        password = self.query_one(Input).value
        if password:
            keep = self._can_keep and self.query_one(Checkbox).value
            self.dismiss(PasswordAnswer(password, keep))
