"""Two texts side by side, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from rich.table import Table
from rich.text import Text

from tui.flow.text import plain


def word_diff(old: str, new: str) -> tuple[Text, Text]:
    """Both texts; what goes is struck through, what comes is bold and underlined."""
    before, after = _words(old), _words(new)
    left, right = Text(), Text()
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        same = what == "equal"
        left.append(plain("".join(before[a:b])), None if same else "strike")
        right.append(plain("".join(after[c:d])), None if same else "bold underline")
    return left, right


def side_by_side(old: str, new: str) -> Table:
    """What the database says now beside what takes its place."""
    shown = Table.grid(padding=(0, 2), expand=True)
    shown.add_column(ratio=1)
    shown.add_column(ratio=1)
    shown.add_row(Text("now in the database", "dim"), Text("in its place", "dim"))
    shown.add_row(*word_diff(old, new))
    return shown


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text)
