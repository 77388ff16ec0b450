"""What of Textual 8.2 froze or ended the app, mostly where things overtook each other.

A screen below another one may have two terminal sizes under way. It lays itself out
for each, and tells itself of every size that it did not have: the two then follow each
other for ever, a core is fully used and no key is heard. Dragging a window's edge is
enough. So a size that is not the terminal's any more is left out.

A click on an option that is gone by the time it is handled is left out too.

A timer leaves out the times that it is late for, also where it has only one: what it
should do is then never done. Set for the past, as for a notification that expires
while it is being drawn, it counts up for ever and nothing else runs. So a timer that
fires once is never left out.

Text that was selected may be gone, or begin below the last line, when it is copied.

What is replaced is Textual's own, so its version is pinned; `tests/tui/test_textual.py`
names what another version has changed.
"""

from __future__ import annotations

from typing import Any

from textual._types import MessageTarget
from textual.events import Click
from textual.geometry import Size
from textual.screen import Screen
from textual.selection import Selection
from textual.timer import Timer
from textual.widgets import OptionList

_set = Timer.__init__
_lay_out = Screen._screen_resized
_choose = OptionList._on_click
_extract = Selection.extract


def _set_once(
    timer: Timer, event_target: MessageTarget, interval: float, **options: Any
) -> None:
    if options.get("repeat") == 0:
        options["skip"] = False
    _set(timer, event_target, interval, **options)


def _lay_out_latest(screen: Screen[object], size: Size) -> None:
    if size == screen.app.size:
        _lay_out(screen, size)


async def _choose_what_is_there(options: OptionList, event: Click) -> None:
    clicked = event.style.meta.get("option")
    if clicked is None or clicked < options.option_count:
        await _choose(options, event)


def _extract_what_is_there(selection: Selection, text: str) -> str:
    try:
        return _extract(selection, text)
    except IndexError:
        return ""


def close_races() -> None:
    """Apply all four to every screen, Textual's own too."""
    # No subclass reaches the palette's list and all modal screens at once.
    Timer.__init__ = _set_once  # type: ignore[assignment, method-assign]
    Screen._screen_resized = _lay_out_latest  # type: ignore[assignment, method-assign]
    OptionList._on_click = _choose_what_is_there  # type: ignore[assignment, method-assign]
    Selection.extract = _extract_what_is_there  # type: ignore[assignment, method-assign]
