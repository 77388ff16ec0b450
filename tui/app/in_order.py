"""Keys and what is pasted, one after the other, as they were typed.

Textual hands a key to what has the focus, which sends it up to the app before what is
bound to it is done; the focus moves a moment later still. Keys that come faster than
that, from a slow terminal or while the screen is busy, overtook each other: letters
typed after `/` were commands, letters overtook backspace, and enter overtook the drop
of a statement, which was then written. So a key is handed over when the one before it,
and all that it began on the screen, is done.

How Textual hands things on is its own affair, so its version is pinned;
`tests/tui/test_textual.py` names what another version has changed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from textual import events
from textual.app import App, ScreenStackError
from textual.message_pump import MessagePump
from textual.screen import Screen

TURNS = 20
"""Looks at a widget that does not deal with a key before it is given up."""
TURN_SECONDS = 0.05
"""Between two of them; a busy screen takes longer, and does not look meanwhile."""
ROUNDS = 2
"""Ways up from the widget: of the key, and of what the widget says of it."""


class InOrder(App[None]):
    """An app that takes keys one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._taken: events.Event | None = None
        self._taking: asyncio.Task[None] | None = None

    async def on_event(self, event: events.Event) -> None:
        """Keys from the terminal wait for their turn."""
        known = event.is_forwarded or event is self._taken
        if known or not isinstance(event, (events.Key, events.Paste)):
            with suppress(ScreenStackError):  # a key that comes after the last screen
                await super().on_event(event)
            return
        self._typed.append(event)
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take_in_order())

    async def _take_in_order(self) -> None:
        with suppress(ScreenStackError):  # the app is closing
            while self._typed and not self._exit:
                # Where it will go; on its way up it comes by all of these.
                way = (self.focused or self.screen).ancestors_with_self
                self._taken = self._typed.popleft()
                self.post_message(self._taken)
                await self._deals_with_all(self)
                for _ in range(ROUNDS):
                    for node in way:
                        await self._deals_with_all(node)
                await self._deals_with_all(self)  # such as moving the focus
                await self._is_there(self.screen)

    async def _is_there(self, screen: Screen[object]) -> None:
        """Wait until a screen, which a key may have opened, takes keys."""
        for _ in range(TURNS):
            if screen.is_mounted or self._exit:
                break
            await asyncio.sleep(TURN_SECONDS / 10)
        await self._deals_with_all(screen)
        await self._deals_with_all(self)

    async def _deals_with_all(self, node: MessagePump) -> None:
        """Wait until a node has dealt with all that it was sent, or is gone."""
        done = asyncio.Event()
        if not node.call_later(done.set):
            return
        for _ in range(TURNS):
            with suppress(TimeoutError):
                async with asyncio.timeout(TURN_SECONDS):
                    await done.wait()
            if done.is_set() or self._exit or not node.is_running:
                return
