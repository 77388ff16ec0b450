"""What of Textual's insides is leaned on is as it was when that was written.

A test that fails names what another version has changed. Look at it and at the module
that leans on it; where both still fit, note the new digest, which the failure shows.
"""

from __future__ import annotations

import hashlib
import inspect
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.command import CommandPalette
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.selection import Selection
from textual.timer import Timer
from textual.widgets import OptionList

from tui.app import races

ROOT = Path(__file__).parents[2]

INSIDES: dict[str, dict[Callable[..., Any], str]] = {
    "tui/app/races.py": {
        races._set: "11450c4db3b3",
        Timer._run: "1dc0b4874777",
        races._lay_out: "16450534c46f",
        races._choose: "1ef2da7e344f",
        races._extract: "1a393ad53192",
    },
    "tui/app/in_order.py": {
        App.on_event: "ee86f679f08f",
        App._check_bindings: "03f34c4fb308",
        MessagePump.call_later: "2c21adfb55d5",
        MessagePump.post_message: "560c3eb7b2b8",
        MessagePump._flush_next_callbacks: "aa7ace11669f",
        MessagePump._process_messages_loop: "d010b98a19bf",
        Screen._forward_event: "073a40d4b11d",
    },
    "tui/app/palette.py": {
        CommandPalette._gather_commands: "b383cd4c7ebf",
        CommandPalette._action_command_list: "c694f093e23b",
    },
    "tui/app/app.py": {
        App._handle_exception: "1bc3e140eed7",
        App._fatal_error: "04484f2a9c24",
    },
    "tui/app/terminal.py": {
        LinuxDriver.stop_application_mode: "beadf50cb45a",
        LinuxDriver.start_application_mode: "496ff808ef14",
        LinuxDriver.disable_input: "8cb7be994de1",
        LinuxDriver._sigtstp_application: "70bdd5eb626d",
        LinuxDriver._sigcont_application: "ea74a17e693d",
        WriterThread.run: "66ca1366949d",
    },
}
"""What each module leans on, with the digest of its source."""
EACH = [(module, *each) for module, found in INSIDES.items() for each in found.items()]


def test_textual_is_pinned_to_the_version_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"textual=={version('textual')}" in project["dependencies"]


@pytest.mark.parametrize(
    ("module", "inside", "digest"),
    EACH,
    ids=[f"{inside.__qualname__}, of {module}" for module, inside, _ in EACH],
)
def test_it_is_as_it_was(module: str, inside: Callable[..., Any], digest: str) -> None:
    assert digest_of(inside) == digest, f"{inside.__qualname__}: look at {module}"


def digest_of(inside: Callable[..., Any]) -> str:
    """Of its source, where whitespace at the ends of lines says nothing."""
    lines = [line.rstrip() for line in inspect.getsource(inside).splitlines()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def test_every_race_is_closed_on_what_textual_has() -> None:
    """Each is replaced where Textual looks for it."""
    races.close_races()
    replaced: dict[object, object] = {
        Timer.__init__: races._set_once,
        Screen._screen_resized: races._lay_out_latest,
        OptionList._on_click: races._choose_what_is_there,
        Selection.extract: races._extract_what_is_there,
    }
    assert all(there is ours for there, ours in replaced.items())
