"""The keys of a question, as they are bound."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Label


class KeysLine(Label):
    """Names a modal's keys; whoever binds others in `keys.toml` reads those.

    Args:
        words: what each key does, by the id of its binding; where a binding has more
            keys than one, the first is named.
        lead: keys that are not ours to bind, such as those of a text field.
    """

    def __init__(self, words: Mapping[str, str], *, lead: str = "") -> None:
        super().__init__("", classes="modal-keys")
        self._words = words
        self._lead = lead

    def on_mount(self) -> None:
        """The screen's keys are known only now, those of a list once it has focus."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._show())
        self._show()

    def _show(self) -> None:
        found: dict[str, ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            found.setdefault(active.binding.id or "", active)
        shown = [Content(self._lead)] if self._lead else []
        for name, what in self._words.items():
            if name in found:
                key = self.app.get_key_display(found[name].binding)
                shown.append(Content(f"{key} {what}").stylize(_click(found[name])))
        self.update(Content("   ").join(shown))


def _click(active: ActiveBinding) -> Style:
    """A click does what the key does."""
    action = active.binding.action
    if isinstance(active.node, Screen) and "." not in action:
        action = f"screen.{action}"
    return Style.from_meta({"@click": action})
