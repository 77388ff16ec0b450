"""The messages of the engine's child, from a child that means harm as well."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import time
from collections.abc import Callable
from multiprocessing.connection import Pipe
from pathlib import Path
from queue import Queue
from typing import Any

import msgspec
import pytest

from catalog.errors import ColumnistError
from model import engine as engines
from model import wire
from model.engine import Engine
from model.prompt import Prompt
from model.sizes import Size, Sizes
from model.wire import (
    Answer,
    Ask,
    Cancel,
    EngineSettings,
    Failed,
    Load,
    ModelFacts,
    Prefer,
    Quit,
    Ready,
    Request,
    Spent,
    Unfit,
    UseThreads,
    Wrote,
)

SIZE = Size("f16", "it is small")
SIZES = Sizes(Size(2, "two cores"), SIZE, SIZE, SIZE, SIZE, SIZE, SIZE)
FACTS = ModelFacts("näme", "llama 1B", 9, 4096, "{{ x }}", "<s>", "", False, SIZES)


@pytest.mark.parametrize(
    "message",
    [
        Load(EngineSettings(Path("/m.gguf"), sizes={"cells": 4, "kv_type": "f16"})),
        Load(EngineSettings(Path("/m"), 0, {}, 7, True, Path("/a.gguf"))),
        Ask(3, Prompt("h", ("a", "b"), 9, ("\n",), 0.5, (1, 0))),
        Prefer(()),
        Cancel((1, 2)),
        UseThreads(3),
        Quit(),
    ],
)
def test_what_the_parent_says_arrives(message: Request) -> None:
    ours, theirs = Pipe()
    wire.send(ours, message)
    assert wire.request(theirs) == message


@pytest.mark.parametrize(
    "message",
    [
        Ready(FACTS, "all"),
        Failed("no “reason”"),
        Wrote(3, 0, 2, "Text\n\U0001f4a1", -0.5, 4, True, 20, 0.25),
        Unfit(1),
        Spent(512, 24),
    ],
)
def test_what_the_child_says_arrives(message: Answer) -> None:
    ours, theirs = Pipe()
    wire.send(theirs, message)
    assert wire.answer(ours) == message


def test_what_is_no_number_is_as_unlikely_as_can_be() -> None:
    ours, theirs = Pipe()
    wire.send(theirs, Wrote(0, 0, 0, "t", math.nan, 1, True))
    assert wire.answer(ours) == Wrote(0, 0, 0, "t", -math.inf, 1, True)


def test_half_a_character_becomes_a_question_mark() -> None:
    """It could not be saved."""
    ours, theirs = Pipe()
    wire.send(theirs, Wrote(0, 0, 0, "a\ud800b", -1.0, 1, True))
    assert wire.answer(ours) == Wrote(0, 0, 0, "a?b", -1.0, 1, True)


packed = msgspec.msgpack.encode


def wrote(**changed: object) -> bytes:
    values = {"key": 0, "block": 0, "draw": 0, "text": "t", "logprob": -1.0}
    values |= {"tokens": 1, "complete": True} | changed
    return packed(["Wrote", *values.values()])


def test_what_is_well_made_otherwise_is_taken() -> None:
    """So that each of those below is refused for the one thing that is wrong in it."""
    assert wire.read(Answer, packed(["Spent", 1, 2])) == Spent(1, 2)
    assert wire.read(Answer, wrote()) == Wrote(0, 0, 0, "t", -1.0, 1, True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        packed(None),
        packed("Spent"),
        b"\x91" * 100_000,
        b"\xdd\xff\xff\xff\xff" * 3,
        packed(["Spent"]),
        packed(["Spent", 1]),
        packed(["Spent", 1, 2, 3]),
        packed(["Spent", [1, 2]]),
        packed({"type": "Spent", "read": 1, "written": 2}),
        packed(["Spent", 1, "2"]),
        packed(["Spent", 1, True]),
        packed(["Spent", 1, 2.0]),
        packed(["Spent", 1, 1 << 53]),
        packed(["Spent", 1, (1 << 64) - 1]),
        packed(["Spent", 1, 2]) + b"\0",
        packed(["Quit"]),
        packed(["ModelFacts"]),
        packed(["Ready", []]),
        packed(["Ready", None]),
        packed(["__class__"]),
        packed([["Spent"], 1, 2]),
        packed([{}, 1, 2]),
        packed(["Failed", ["a"]]),
        b"\x92\xa6Failed\xa3\xed\xa0\x80",  # half a character
        b'["Spent", 1, 2]',
        pickle.dumps(("spent", 1, 2)),
        wrote(text=None),
        wrote(key=0.0),
        wrote(complete=1),
        wrote(logprob="0"),
        wrote(read=-1, seconds=0.0),
        wrote(read=1, seconds=-1.0),
        wrote(read=1, seconds=math.nan),
        wrote(read=1, seconds=math.inf),
    ],
)
def test_nothing_else_is_taken_from_the_child(data: bytes) -> None:
    ours, theirs = Pipe()
    theirs.send_bytes(data)
    with pytest.raises(ValueError, match="no engine"):
        wire.answer(ours)


def test_a_child_that_says_more_than_is_read_is_left() -> None:
    ours, theirs = Pipe()
    inbox: Queue[Answer | None] = Queue()
    for _ in range(3):
        wire.send(theirs, Spent(1, 1))
        inbox.put(Spent(1, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "MOST_WAITING", 4)
        engines._drain(ours, inbox)
    assert [type(inbox.get()) for _ in range(inbox.qsize())] == [Spent] * 4 + [Failed]


class Touch:
    """What a pickle can do: anything."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Engine]:
    """An engine whose child runs the code given, with `fd` the pipe to its parent."""
    start = subprocess.Popen

    def engine(code: str) -> Engine:
        def popen(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
            (fd,) = options["pass_fds"]
            head = f"import os, struct, sys, time; fd = {fd}\n"
            return start([*command[:-1], head + code], **options)

        monkeypatch.setattr("model.engine.subprocess.Popen", popen)
        path = tmp_path / "any.gguf"
        path.write_bytes(b"GGUF")
        return Engine(EngineSettings(path))

    return engine


def test_a_pickle_from_the_child_is_never_read(
    child: Callable[..., Engine], tmp_path: Path
) -> None:
    made = tmp_path / "made"
    data = pickle.dumps(Touch(made))
    code = f"d = {data!r}; os.write(fd, struct.pack('!i', len(d)) + d); time.sleep(60)"
    with child(code) as engine, pytest.raises(ColumnistError, match="no engine says"):
        engine.start()
    assert not made.exists()


@pytest.mark.parametrize("length", [(1 << 31) - 1, wire.LONGEST + 1])
def test_a_message_without_end_is_not_waited_for(
    child: Callable[..., Engine], length: int
) -> None:
    code = f"os.write(fd, struct.pack('!i', {length})); time.sleep(60)"
    with child(code) as engine, pytest.raises(ColumnistError, match="more at once"):
        engine.start()


def test_a_child_that_hangs_up_and_goes_on_is_ended(
    child: Callable[..., Engine],
) -> None:
    began = time.monotonic()
    with child("os.close(fd); time.sleep(60)") as engine:
        with pytest.raises(ColumnistError, match="SIGKILL") as caught:
            engine.start()
        assert "\n" not in caught.value.message
    assert time.monotonic() - began < 20


def test_a_child_that_does_not_listen_holds_nobody_up(
    child: Callable[..., Engine],
) -> None:
    """Its pipe was full, and whoever wrote into it waited with it for ever."""
    said = wire.packed(Ready(FACTS, ""))
    code = f"d = {said!r}; os.write(fd, struct.pack('!i', len(d)) + d); time.sleep(60)"
    until = time.monotonic() + 3
    prompts = [Prompt("h" * 100_000, ("b",), 5)] * 8
    with child(code) as engine:
        assert not list(engine.generate(prompts, stop=lambda: time.monotonic() > until))
        engine.use_threads(1)
    assert time.monotonic() - until < 3


def test_a_reason_is_one_line_however_it_is_given(
    child: Callable[..., Engine],
) -> None:
    said = packed(["Failed", "a\nb" * 5000])
    code = f"d = {said!r}; os.write(fd, struct.pack('!i', len(d)) + d)"
    with child(code) as engine, pytest.raises(ColumnistError, match="a ba b") as caught:
        engine.start()
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300


def test_of_what_the_child_prints_the_end_is_shown(
    child: Callable[..., Engine],
) -> None:
    code = "print('x' * 9_000_000); print('the last'); sys.exit(3)"
    with child(code) as engine, pytest.raises(ColumnistError, match="the last"):
        engine.start()
