"""What the emulator of a terminal shows."""

from __future__ import annotations

import pytest

from benchmarks.emulator import Screen


@pytest.mark.parametrize(
    "cut",
    [b"\x1b", b"\x1b[", b"\x1b[38;5;18", b"\x1b[ 5x", b"\x1b]22;defa", b"\x1bPq"],
    ids=repr,
)
@pytest.mark.parametrize("told", [b"\x1b[2J", b"\r\n\x1b[?1049h"], ids=repr)
def test_what_is_cut_off_hides_nothing_after_it(cut: bytes, told: bytes) -> None:
    """A program was stopped amid a sequence, and nothing was drawn any more."""
    screen = Screen()
    for raw in (b"before", cut, told, b"\x1b[1;3Hafter"):
        screen.take(raw)
    assert str(screen) == "  after"


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_sequence_may_come_in_parts(size: int) -> None:
    raw = b"\x1b]0;title\x1b\\\x1b[38;5;1mH\xc3\xa4\x1b]22;text\x07user\x1b[0m\r\nDoor"
    screen = Screen()
    for at in range(0, len(raw), size):
        screen.take(raw[at : at + size])
    assert str(screen) == "Häuser\nDoor"
