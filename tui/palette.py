"""The command palette: everything that a key does on the screen below it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode

from tui.screens.help import KeyHelp, bindings_in_force


class KeyCommands(Provider):
    """Every action of the screen, by what it does, with its key beside it."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for command, node, action in self._commands():
            yield DiscoveryHit(
                command.what, partial(self._run, node, action), help=command.key
            )

    async def search(self, query: str) -> Hits:
        """Those that fit."""
        matcher = self.matcher(query)
        for command, node, action in self._commands():
            score = matcher.match(command.what)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(command.what),
                    partial(self._run, node, action),
                    help=command.key,
                )

    def _commands(self) -> Iterator[tuple[KeyHelp, DOMNode, str]]:
        for node, binding in bindings_in_force(self.screen):
            what = binding.tooltip or binding.description
            key = self.app.get_key_display(binding)
            yield KeyHelp(key, what), node, binding.action

    async def _run(self, node: DOMNode, action: str) -> None:
        await self.app.run_action(action, default_namespace=node)
