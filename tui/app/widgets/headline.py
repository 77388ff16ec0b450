"""The first line of a screen."""

from __future__ import annotations

from rich.cells import cell_len
from textual.widgets import Label


class Headline(Label):
    """A name and what is said of it: of a long name the end is shown, and all counts.

    Args:
        text: what it says at first.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(text, classes="title", id="head", markup=False)
        self._told = text, "", ""

    def tell(self, before: str, name: str = "", after: str = "") -> None:
        """Say all three in a line; the name may lose its beginning."""
        self._told = before, name, after
        self._fit()

    def on_resize(self) -> None:
        """The name has other room."""
        self._fit()

    def _fit(self) -> None:
        before, name, after = self._told
        room = max(self.size.width - cell_len(before + after), 1)
        if self.size and cell_len(name) > room:
            name = name[-room:]
            while cell_len(name) >= room:
                name = name[1:]
            name = f"…{name}"
        self.update(f"{before}{name}{after}")
