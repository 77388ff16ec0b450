"""The chosen theme, kept in `appearance.toml` beside the connections."""

from __future__ import annotations

from pathlib import Path

from catalog.files import write_file
from tui.flow.toml_file import TomlFile


def read_theme(path: Path) -> str | None:
    """The theme's name; None where none was chosen.

    Raises:
        UsageError: the file is broken.
    """
    file = TomlFile(path)
    theme = file.document.get("theme")
    if theme is not None and not isinstance(theme, str):
        raise file.wrong(
            ("theme",), "theme is not a name.", 'As in theme = "columnist-light".'
        )
    return theme


def write_theme(path: Path, name: str) -> None:
    """Keep a theme for the next time.

    Raises:
        ColumnistError: it cannot be written.
    """
    write_file(path, f'theme = "{name}"\n', folders=True)
