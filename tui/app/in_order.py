"""Keys and what is pasted, one after the other, as they were typed.

Textual hands a key to what has the focus, which sends it up to the app, where what is
bound to it is done; a focus that this moves is one more message to the app. Keys that
come faster than that, from a slow terminal or while the screen is busy, are in the
app's queue before all of it, and overtook each other: letters typed after `/` were
commands, letters overtook backspace, and enter overtook the drop of a statement, which
was then written. So a key stays outside of that queue until nothing is left of the one
before it, and a screen that was opened is there.

How Textual hands things on is its own affair, so its version is pinned;
`tests/tui/test_textual.py` names what another version has changed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from textual import events
from textual.app import App, ScreenStackError
from textual.screen import Screen

TURNS = 10_000
"""Times round the loop before a key is handed over nevertheless, half a second where
nobody does anything. A time would pass also while the machine lets nobody do anything.
"""


class InOrder(App[None]):
    """An app that takes keys one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.typed_at = 0.0
        """When the key that is being taken came from the terminal."""
        self._typed: deque[events.Key | events.Paste] = deque()
        self._typed_on: Screen[object] | None = None
        self._taking: asyncio.Task[None] | None = None

    async def on_event(self, event: events.Event) -> None:
        """Keys from the terminal wait for their turn."""
        if event.is_forwarded or not isinstance(event, (events.Key, events.Paste)):
            with suppress(ScreenStackError):  # a key that comes after the last screen
                await super().on_event(event)
            return
        self._typed.append(event)
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take_in_order())

    async def _take_in_order(self) -> None:
        with suppress(ScreenStackError):  # the app is closing
            while self._typed and not self._exit:
                event = self._typed.popleft()
                self.typed_at = event.time
                self.call_later(self._hand_over, event)
                for _ in range(TURNS):
                    if self._exit or not self._is_busy():
                        break
                    await asyncio.sleep(0)

    async def _hand_over(self, event: events.Event) -> None:
        self._typed_on = self.screen
        await super().on_event(event)

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """What is bound to a key on the screen that it was typed on."""
        if self.screen is not self._typed_on:
            return False
        return await super()._check_bindings(key, priority)

    def _is_busy(self) -> bool:
        """Whether a message is left where the next key will go, up to the app."""
        way = (self.focused or self.screen).ancestors_with_self
        return not self.screen.is_mounted or any(n.message_queue_size for n in way)
