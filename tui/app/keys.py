"""Keys of screens, as tables, and those that the user binds otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.binding import Binding, BindingType

from tui.flow.toml_file import TomlFile


def keys(screen: str, *rows: Sequence[str]) -> list[BindingType]:
    """Bindings from rows: keys, action, word in the footer, what it does, and name.

    A row without a word is not in the footer. The name is the action's where there is
    none; behind that of the screen it is the id that `keys.toml` knows.
    """
    found: list[BindingType] = []
    for typed, action, word, what, *name in rows:
        found.append(
            Binding(
                typed,
                action,
                word or what,
                show=bool(word),
                tooltip=what,
                id=f"{screen}.{name[0] if name else action}",
            )
        )
    return found


def read_keymap(path: Path) -> dict[str, str]:
    """Key bindings by id from `keys.toml`; empty where there is none.

    Raises:
        UsageError: the file is not a table of names to keys.
    """
    file = TomlFile(path)
    for name, key in file.document.items():
        if not isinstance(key, str):
            raise file.wrong(
                (name,), f"{name} is not a key.", 'As in "review.accept" = "y".'
            )
    return file.document
