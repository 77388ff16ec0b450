"""The chosen theme, kept in `appearance.toml` beside the connections."""

from __future__ import annotations

import tomllib
from pathlib import Path

from catalog.errors import UsageError
from catalog.files import write_file


def read_theme(path: Path) -> str | None:
    """The theme's name; None where none was chosen.

    Raises:
        UsageError: the file is broken.
    """
    try:
        with path.open("rb") as file:
            found = tomllib.load(file).get("theme")
    except FileNotFoundError:
        return None
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"Cannot read {path}: {error}.", "Correct it, or delete it."
        ) from error
    if found is not None and not isinstance(found, str):
        raise UsageError(
            f"{path}: theme is not a name.", 'As in theme = "columnist-light".'
        )
    return found


def write_theme(path: Path, name: str) -> None:
    """Keep a theme for the next time.

    Raises:
        ColumnistError: it cannot be written.
    """
    write_file(path, f'theme = "{name}"\n', folders=True)
