"""Every key of the screen it was asked from, with what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Label, Static

from tui.app.keys import keys
from tui.app.widgets.keys_line import KeysLine


class HelpModal(ModalScreen[None]):
    """Opened with `?` or F1.

    Args:
        title: the screen's.
        lead: what it is for.
        keys: each as it is typed, with what it does.
        signs: each as it is drawn, with what it means.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "help", ("escape,q,question_mark,f1", "dismiss", "Close", "", "close")
    )

    def __init__(
        self,
        title: str,
        lead: str,
        keys: Sequence[tuple[str, str]],
        signs: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__()
        self._signs = signs
        self._heading = title
        self._lead = lead
        self._keys = keys

    def compose(self) -> ComposeResult:
        """What the screen is for, then its keys."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for each in self._keys:
            table.add_row(*each)
        for number, (sign, what) in enumerate(self._signs):
            if not number:
                table.add_row()
            table.add_row(sign, what)
        with Vertical(classes="modal help"):
            yield Label(self._heading, classes="modal-title", markup=False)
            lead = f"{self._lead} Below the keys: what the signs mean."
            lead = lead if self._signs else self._lead
            yield Label(lead, classes="modal-lead", markup=False)
            with VerticalScroll():
                yield Static(table)
            yield KeysLine({"help.close": "closes"})


def bindings_in_force(screen: Screen[object]) -> list[tuple[DOMNode, Binding]]:
    """The keys that work on a screen, each action once, the screen's own first."""
    found: dict[str, tuple[DOMNode, Binding]] = {}
    active = sorted(screen.active_bindings.values(), key=lambda a: a.node is not screen)
    for each in active:
        # Ours have an id; what has none is a widget's own scrolling.
        if each.binding.description and each.binding.id:
            found.setdefault(each.binding.action, (each.node, each.binding))
    return list(found.values())
