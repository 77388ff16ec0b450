"""What the documents say about keys and options is what the program has."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.screen import Screen

import tui.app.screens
from tui.app.app import ColumnistApp
from tui.app.widgets.description_editor import _Text
from tui.app.widgets.row_list import RowList

ROOT = Path(__file__).resolve().parents[2]
SCREENS = [
    ("picker", "PickerScreen"),
    ("catalog", "CatalogScreen"),
    ("review", "ReviewScreen"),
    ("write", "WriteScreen"),
    ("facets", "FacetModal"),
    ("bulk", "AcceptModal"),
    ("counting", "CountingModal"),
    ("sample", "SampleScreen"),
    ("rule", "RuleModal"),
    ("same_name", "SameNameScreen"),
    ("inspect", "InspectModal"),
    ("ask", "AskModal"),
    ("figures", "FiguresScreen"),
    ("questions", "QuestionsScreen"),
    ("sign_off", "SignOffScreen"),
    ("confirm", "ConfirmModal"),
    ("sql", "SqlModal"),
    ("reason", "ReasonModal"),
    ("password", "PasswordModal"),
    ("help", "HelpModal"),
]


def bindings() -> list[tuple[str, Binding]]:
    owners: list[tuple[str, type]] = [("app", ColumnistApp), ("list", RowList)]
    owners.append(("edit", _Text))
    for module, name in SCREENS:
        screen: type[Screen[object]] = getattr(
            importlib.import_module(f"tui.app.screens.{module}"), name
        )
        owners.append((module, screen))
    return [
        (owner, binding)
        for owner, kind in owners
        for binding in kind.__dict__["BINDINGS"]
        if isinstance(binding, Binding)
    ]


def screens() -> dict[str, type[Screen[object]]]:
    """Every screen that is ours and has keys, by its name."""
    found: dict[str, type[Screen[object]]] = {}
    for module in pkgutil.iter_modules(tui.app.screens.__path__, "tui.app.screens."):
        for name, each in vars(importlib.import_module(module.name)).items():
            ours = isinstance(each, type) and each.__module__ == module.name
            if ours and issubclass(each, Screen) and each.__dict__.get("BINDINGS"):
                found[name] = each
    return found


def test_no_screen_is_left_out() -> None:
    assert set(screens()) == {name for _, name in SCREENS}


def test_every_key_has_an_id_of_its_own() -> None:
    ids = [binding.id for _, binding in bindings()]
    assert all(ids)
    assert len(ids) == len(set(ids))


def test_keys_that_terminals_own_are_left_alone() -> None:
    taken = {key for _, b in bindings() for key in b.key.split(",")}
    assert not taken & {"ctrl+s", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+b"}


def test_every_key_is_in_the_documents() -> None:
    text = (ROOT / "docs" / "keys.md").read_text()
    missing = [b.id for _, b in bindings() if f"`{b.id}`" not in text]
    assert missing == []


NAMED = {"question_mark": "?", "slash": "/", "left_square_bracket": "["}
NAMED["right_square_bracket"] = "]"
NAMED["ctrl+underscore"] = "ctrl+_"
ROWS = {
    "app": "everywhere",
    "list": "lists",
    "edit": "editing",
    "picker": "opening",
    "bulk": "accept many",
    "same_name": "same name",
    "facets": "list only",
    "rule": "accept by rule",
    "sample": "acceptance sample",
    "ask": "a line of text",
    "questions": "what names mean",
    "confirm": "yes or no",
    "reason": "why rejected",
    "sign_off": "sign off",
}
"""What a row of the README's table is called, where not as its module."""


def test_every_key_is_in_the_table_of_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    rows = dict(
        line.strip("| ").split(" | ", 1)
        for line in text.split("## Keys\n")[1].split("\n## ")[0].split("\n")
        if line.startswith("| ") and " | " in line
    )
    missing = [
        (owner, binding.id, key)
        for owner, binding in bindings()
        for key in binding.key.split(",")
        if f"`{NAMED.get(key, key)}`" not in rows.get(ROWS.get(owner, owner), "")
    ]
    assert missing == []


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_has_both_commands(command: str) -> None:
    assert command in (ROOT / "README.md").read_text()


def test_every_global_option_and_those_of_connections_are_in_the_documents() -> None:
    import typer.main

    from tui.cli import app

    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(file.read_text() for file in files)
    command: Any = typer.main.get_command(app)
    saved = command.get_command(None, "connections").commands["add"]
    options = [
        option.opts[0]
        for option in [*command.params, *saved.params]
        if option.param_type_name == "option"
    ]
    known = {"--version", "--install-completion", "--show-completion", "--help"}
    missing = [each for each in options if each not in text and each not in known]
    assert missing == []


def test_every_command_and_option_has_help() -> None:
    import typer.main

    from tui.cli import COMMANDS, app

    def walk(command: object, path: str) -> list[str]:
        found = [] if getattr(command, "help", None) else [path]
        for parameter in getattr(command, "params", []):
            kind = parameter.param_type_name
            if kind == "option" and not parameter.help:
                found.append(f"{path} --{parameter.name}")
        for name, child in getattr(command, "commands", {}).items():
            found += walk(child, f"{path} {name}")
        return found

    group: Any = typer.main.get_command(app)
    commands = {name: group.get_command(None, name) for name in COMMANDS}
    assert walk(group, "columnist") == []
    assert [each for name in commands for each in walk(commands[name], name)] == []
