"""The keys of a question, as they are bound."""

from __future__ import annotations

from collections.abc import Mapping

from textual.widgets import Label


class KeysLine(Label):
    """Names a modal's keys; whoever binds others in `keys.toml` reads those.

    Args:
        words: what each key does, by the id of its binding; where a binding has more
            keys than one, the first is named.
        lead: keys that are not ours to bind, such as those of a text field.
    """

    def __init__(self, words: Mapping[str, str], *, lead: str = "") -> None:
        super().__init__("", classes="modal-keys", markup=False)
        self._words = words
        self._lead = lead

    def on_mount(self) -> None:
        """The screen's keys are known only now."""
        keys: dict[str, str] = {}
        for active in self.screen.active_bindings.values():
            name = active.binding.id or ""
            keys.setdefault(name, self.app.get_key_display(active.binding))
        named = [
            f"{keys[name]} {what}" for name, what in self._words.items() if name in keys
        ]
        self.update("   ".join(filter(None, [self._lead, *named])))
