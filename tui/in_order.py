"""Keys and what is pasted, one after the other, as they were typed.

Textual hands a key to what has the focus, which sends it up to the app before what is
bound to it is done; the focus moves a moment later still. Keys that come faster than
that, from a slow terminal or while the screen is busy, overtook each other: letters
typed after `/` were commands, letters overtook backspace, and enter overtook the drop
of a statement, which was then written. So a key is handed over when the one before it,
and all that it began on the screen, is done.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress

from textual import events
from textual.app import App, ScreenStackError
from textual.message_pump import MessagePump

PATIENCE_SECONDS = 1.0
"""Longest wait for a widget to deal with a key."""
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
                await self._deals_with_all(self.screen)

    async def _deals_with_all(self, node: MessagePump) -> None:
        """Wait until a node has dealt with all that it was sent, or is gone."""
        done = asyncio.Event()
        end = time.monotonic() + PATIENCE_SECONDS
        if not node.call_later(done.set):
            return
        while not (done.is_set() or self._exit) and node.is_running:
            if time.monotonic() > end:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await done.wait()
