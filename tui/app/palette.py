"""The command palette: everything that a key does on the screen below it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from inspect import unwrap
from typing import Any

from textual import work
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette, SimpleProvider
from textual.css.query import NoMatches
from textual.events import Click
from textual.message import Message
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Input, OptionList

from tui.app.screens.help import bindings_in_force

LATE = (Input.Changed, Input.Submitted, OptionList.OptionSelected)
"""Messages of the palette's own widgets, which stand in its queue when it closes."""


class Palette(CommandPalette):
    """Textual's palette, which takes what is typed faster than it is drawn.

    With Textual 8.2 each of these ended the app or ran a command twice: a page down in
    a list that has no lines yet, enter twice, a search begun while the palette goes, a
    click that was made before the terminal became smaller.
    """

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
    async def _gather_commands(self, search_value: str) -> None:
        with suppress(NoMatches):  # its list is gone, perhaps with the app
            await unwrap(CommandPalette._gather_commands)(self, search_value)

    async def _dispatch_message(self, message: Message) -> None:
        # It has closed, or is covered: what was typed before that comes too late.
        late = isinstance(message, LATE) and not self.is_active
        if late or (isinstance(message, Click) and self._is_beyond(message)):
            return
        await super()._dispatch_message(message)

    def _is_beyond(self, click: Click) -> bool:
        return not self.region.contains_point(click.screen_offset)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close it, once."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


class KeyCommands(SimpleProvider):
    """Every action of the screen, by what it does, with its key beside it."""

    def __init__(self, screen: Screen[Any], match_style: Style | None = None) -> None:
        app = screen.app
        super().__init__(
            screen,
            [
                (
                    binding.tooltip or binding.description,
                    partial(app.run_action, binding.action, default_namespace=node),
                    app.get_key_display(binding),
                )
                for node, binding in bindings_in_force(screen)
            ],
        )
        self(screen, match_style)  # it takes its style so
