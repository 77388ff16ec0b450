"""ctrl+z gives the terminal back whole, wherever the app is; `fg` comes back to it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from benchmarks.emulator import Screen
from tests.tui.in_terminal import PROMPT, Terminal, app, processes, running, shell
from tests.tui.test_ending import is_sound, wide
from tui.flow.settings import Settings

__all__ = ["wide"]  # a fixture

CTRL_Z = "\x1a"
MODES = (1000, 1003, 1004, 1049)
"""Mouse, focus, the other screen; the shell itself asks for whole pastes."""
PLACES = [
    ("", "t005", ""),
    ("/t00", "t005", "\x1b"),
    ("?", "esc closes", "\x1b"),
    ("\x10", "Search for", "\x1b"),
    ("\x11", "Quit Columnist?", "n"),
    ("j\r", "a Accept", ""),
    ("e", "enter saves", "\x1b"),
    ("aw", "COMMENT ON", "\x1b"),
]
"""Keys that lead to a place from the one before, what it shows, and keys that leave."""
SIGNALLED = """
import os, queue, signal
from tui.cli import main

put = queue.Queue._put  # called with the queue's lock held

def put_and_signal(queue, item):
    put(queue, item)
    if isinstance(item, str) and "t005" in item and not signalled:
        signalled.append(item)
        os.kill(os.getpid(), signal.SIGCONT)

signalled = []
queue.Queue._put = put_and_signal
main()
"""
"""The app, told to go on while it writes a screen."""


def is_given_back(terminal: Terminal) -> bool:
    """Whether a shell has it: a line is edited, echoed, and ctrl+z stops a program."""
    last = terminal.written.rfind
    return last(b"\x1b[?25h") > last(b"\x1b[?25l") and all(
        last(f"\x1b[?{mode}l".encode()) > last(f"\x1b[?{mode}h".encode())
        for mode in MODES
    )


def suspend(terminal: Terminal) -> None:
    """Stop the app, and see that its shell has the terminal."""
    prompts, stops = (terminal.written.count(w) for w in (PROMPT.encode(), b"Stopped"))
    terminal.type(CTRL_Z)
    terminal.until(lambda: terminal.written.count(PROMPT.encode()) > prompts)
    assert is_given_back(terminal)
    terminal.until(lambda: terminal.written.count(b"Stopped") > stops)
    lines = terminal.written.count(b"Line-taken")
    terminal.type("echo Line-''taken\r")
    terminal.until(lambda: terminal.written.count(b"Line-taken") > lines)


def resume(terminal: Terminal, shown: str) -> None:
    """Go on with it, and see that it draws all anew."""
    seen = terminal.written.count(b"\x1b[?1049h")
    terminal.type("fg\r")
    terminal.until(lambda: terminal.written.count(b"\x1b[?1049h") > seen)
    terminal.shows(shown)
    assert PROMPT not in str(terminal.screen)


def leave(terminal: Terminal) -> None:
    """Quit from anywhere, and see that the shell has the terminal again."""
    terminal.type("\x11")
    terminal.shows("Quit Columnist?")
    prompts = terminal.written.count(PROMPT.encode())
    terminal.type("y")
    terminal.until(lambda: terminal.written.count(PROMPT.encode()) > prompts)
    assert is_given_back(terminal)


def test_it_stops_and_comes_back_everywhere(
    wide: str,
    settings: Settings,
) -> None:
    with shell("open", wide) as terminal:
        terminal.shows("t005")
        for number, (keys, shown, left) in enumerate(PLACES):
            terminal.type(keys)
            terminal.shows(shown)
            suspend(terminal)
            columns = 100 + number
            terminal.resize(30, columns)
            resume(terminal, shown)
            # What was to be drawn when it stopped may come once in the old size, of
            # which this emulator keeps what lies beyond the new one.
            terminal.read(0.5)
            terminal.screen = Screen()
            terminal.resize(29, columns)
            terminal.until(lambda: _width(terminal) == columns)  # noqa: B023
            terminal.type(left)
            terminal.read(0.5)  # what follows escape at once is another key
        leave(terminal)
    assert is_sound(settings, wide)


def _width(terminal: Terminal) -> int:
    return max(len(line) for line in str(terminal.screen).split("\n"))


def test_without_a_shell_one_line_says_so(wide: str) -> None:
    """Textual stopped its process, and nobody could go on with it."""
    with app("open", wide) as terminal:
        terminal.shows("t005")
        terminal.type(CTRL_Z)
        terminal.shows("No shell is behind this terminal")
        terminal.shows("t005")
        terminal.type("\x11")
        terminal.shows("Quit Columnist?")
        assert terminal.ends("y") == 0
        assert terminal.is_restored()


def test_without_its_terminal_it_stops_again(wide: str) -> None:
    """`bg` has nothing to do it in; told to end there it ends."""
    with shell("open", wide) as terminal:
        terminal.shows("t005")
        suspend(terminal)
        stops = terminal.written.count(b"Stopped")
        terminal.type("bg; sleep 0.5; echo\r")
        terminal.until(lambda: terminal.written.count(b"Stopped") > stops)
        assert is_given_back(terminal)
        resume(terminal, "t005")
        suspend(terminal)
        terminal.type("kill %1\r")
        terminal.until(lambda: terminal.alive() == {terminal.leader})
        assert is_given_back(terminal)


def test_what_stopped_it_otherwise_leaves_it_whole(wide: str) -> None:
    """It went on in the terminal as the shell had left it, with two readers of keys."""
    with shell("open", wide) as terminal:
        terminal.shows("t005")
        [columnist] = processes(terminal.leader) - {terminal.leader}
        prompts = terminal.written.count(PROMPT.encode())
        os.kill(columnist, signal.SIGSTOP)
        terminal.until(lambda: terminal.written.count(PROMPT.encode()) > prompts)
        resume(terminal, "t005")
        suspend(terminal)
        resume(terminal, "t005")
        leave(terminal)


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.06])
def test_told_twice_to_stop_it_stops_once(wide: str, gap: float) -> None:
    """The second signal came while the first was followed, and stopped it after fg."""
    with shell("open", wide) as terminal:
        terminal.shows("t005")
        [columnist] = processes(terminal.leader) - {terminal.leader}
        prompts = terminal.written.count(PROMPT.encode())
        os.kill(columnist, signal.SIGTSTP)
        time.sleep(gap)
        os.kill(columnist, signal.SIGTSTP)
        terminal.until(lambda: terminal.written.count(PROMPT.encode()) > prompts)
        assert is_given_back(terminal)
        resume(terminal, "t005")
        leave(terminal)


def test_a_signal_amid_a_write_waits_for_its_end(wide: str) -> None:
    """It wrote at once, and waited for ever for the lock that it held itself."""
    with running([sys.executable, "-c", SIGNALLED, "open", wide]) as terminal:
        terminal.until(lambda: terminal.written.count(b"\x1b[?1049h") == 2)
        terminal.shows("t005")
        terminal.type("\x11")
        terminal.shows("Quit Columnist?")
        assert terminal.ends("y") == 0
        assert terminal.is_restored()


def test_an_editor_stops_with_it(
    wide: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho opened\nread line\necho By hand. > $1\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    with shell("open", wide) as terminal:
        terminal.shows("t005")
        terminal.type("j\rE")
        terminal.shows("opened")
        suspend(terminal)
        told = terminal.written.count(b"from tui.cli")
        terminal.type("fg\r")
        terminal.until(lambda: terminal.written.count(b"from tui.cli") > told)
        terminal.type("\r")
        terminal.shows("By hand.")
        suspend(terminal)
        resume(terminal, "By hand.")
        leave(terminal)


@pytest.mark.gguf
def test_drafting_goes_on_where_it_was(
    wide: str,
    settings: Settings,
    tiny_model: Path,
) -> None:
    """What the engine was given is there, and the lease is still ours."""
    with shell("--model", str(tiny_model), "open", wide) as terminal:
        terminal.shows("t005")
        terminal.type("D")
        terminal.shows("tables listed?")
        terminal.type("y")
        terminal.shows("Drafting")
        suspend(terminal)
        terminal.read(3.0)
        resume(terminal, "t005")
        terminal.shows("Drafting")
        suspend(terminal)
        resume(terminal, "t005")
        leave(terminal)
    assert is_sound(settings, wide)
