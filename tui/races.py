"""What of Textual 8.2 froze or ended the app where one event overtook another.

A screen below another one may have two terminal sizes under way. It lays itself out
for each, and tells itself of every size that it did not have: the two then follow each
other for ever, a core is fully used and no key is heard. Dragging a window's edge is
enough. So a size that is not the terminal's any more is left out.

A click on an option that is gone by the time it is handled is left out too.
"""

from __future__ import annotations

from textual.events import Click
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import OptionList

_lay_out = Screen._screen_resized
_choose = OptionList._on_click


def _lay_out_latest(screen: Screen[object], size: Size) -> None:
    if size == screen.app.size:
        _lay_out(screen, size)


async def _choose_what_is_there(options: OptionList, event: Click) -> None:
    clicked = event.style.meta.get("option")
    if clicked is None or clicked < options.option_count:
        await _choose(options, event)


def close_races() -> None:
    """Apply both to every screen, Textual's own too."""
    # No subclass reaches the palette's list and all modal screens at once.
    Screen._screen_resized = _lay_out_latest  # type: ignore[assignment, method-assign]
    OptionList._on_click = _choose_what_is_there  # type: ignore[assignment, method-assign]
