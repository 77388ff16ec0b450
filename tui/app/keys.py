"""Keys of screens, as tables, and those that the user binds otherwise."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from textual.binding import Binding, BindingType

from catalog.errors import UsageError


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
    try:
        with path.open("rb") as file:
            keys = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"Cannot read {path}: {error}.", "Correct it.") from error
    wrong = [name for name, key in keys.items() if not isinstance(key, str)]
    if wrong:
        raise UsageError(
            f"{path}: {wrong[0]} is not a key.", 'As in "review.accept" = "y".'
        )
    return keys
