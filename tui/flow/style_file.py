"""`style.toml`: the house's rules for descriptions, and which key of it is wrong."""

from __future__ import annotations

from pathlib import Path

from catalog.style import StyleRules
from tui.flow.toml_file import TomlFile


def read_style(path: Path) -> StyleRules:
    """The rules of a file; none where there is no file.

    Raises:
        UsageError: something in it is wrong; file and key are named.
    """
    file = TomlFile(path, called="rule", lines=False)
    rules = file.convert(StyleRules, file.document)
    if rules.max_length is not None and rules.max_length < rules.min_length:
        raise file.wrong((), "max_length is below min_length.")
    return rules
