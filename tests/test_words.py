"""One idea has one word wherever people read; docs/review.md, *Words*, has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.suggestion import State

ROOT = Path(__file__).parents[1]
OTHER = {
    "draft": r"suggestions?|proposals?|proposed|pending",
    "wording": r"alternatives?",
    "to decide": r"undecided",
    "accepted": r"stage[ds]?|staging",
    "described": r"undocumented",
}
"""Words of the same idea that are not said, by the one that is."""
SAID = re.compile(rf"\b({'|'.join(OTHER.values())})\b", re.IGNORECASE)


def sentences() -> Iterator[tuple[str, str]]:
    """What `tui` says, as far as it is more than a word, with its place."""
    for path in sorted((ROOT / "tui").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        silent = {id(e.value) for e in ast.walk(tree) if isinstance(e, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in silent:
                text = node.value
                if isinstance(text, str) and " " in text.strip():
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def helps() -> Iterator[tuple[str, str]]:
    """The help of every command and option."""
    import typer.main

    from tui.cli import app

    def walk(command: Any, path: str) -> Iterator[tuple[str, str]]:
        yield path, command.help or ""
        for parameter in command.params:
            yield f"{path} {parameter.name}", getattr(parameter, "help", None) or ""
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, f"{path} {name}")

    yield from walk(typer.main.get_command(app), "columnist")


def test_no_screen_and_no_command_has_another_word_for_the_same() -> None:
    told = [*sentences(), *helps()]
    states = ", ".join(state.value for state in State)  # `--state` names them
    told = [(at, text.replace(states, "")) for at, text in told]
    found = [f"{at}: {text}" for at, text in told if SAID.search(text)]
    assert found == []


def test_every_state_has_words_of_its_own() -> None:
    words = [state.words for state in State]
    assert len(set(words)) == len(State)
    assert not any(SAID.search(each) for each in words)


def test_the_words_are_in_the_documents() -> None:
    page = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    table = page.split("## Words\n")[1].split("\n## ")[0]
    assert [state for state in State if state.words not in table] == []
    for word in OTHER:
        assert word in table
