"""The engine as its parent sees it: a child process that turns prompts into texts.

llama.cpp can crash the process it is in, and can write to its terminal; in a child of
its own it does neither to us. A crash becomes one restart with safer settings, and the
prompts that were in work are given again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

from catalog.errors import ColumnistError, UsageError
from catalog.stopping import Stop, never
from model import box, wire
from model.prompt import Generation
from model.prompts.long import render_chat
from model.sizes import available_memory
from model.writer import POLL_SECONDS, Work, Writer

WINDOW = 8
"""Prompts given to the child ahead of those in work: enough to keep it busy, few enough
that a table that becomes urgent is next."""
CLOSE_SECONDS = 1.0
"""The child has so long to end by itself; while it loads it does not."""
LOAD_SECONDS = 600.0
MOST_WAITING = 200_000
"""Messages of the child that nobody has read yet; no engine comes near it."""


class Engine(Writer):
    """A model in a file, run by a child process.

    Attributes:
        facts: what the model says of itself, once started.
        holds: what keeps its process from the network and from others, once started.
    """

    def __init__(self, settings: wire.EngineSettings) -> None:
        super().__init__()
        self.settings = settings
        self.facts: wire.ModelFacts | None = None
        self.holds = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._log: IO[bytes] | None = None
        self._inbox: Queue[wire.Answer | None] = Queue()
        self._outbox: Queue[wire.Request | None] = Queue()
        self._threads: tuple[threading.Thread, ...] = ()
        self._preferred: tuple[int, ...] = ()

    def start(self, *, stop: Stop = never) -> wire.ModelFacts:
        """Load the model and try it on a small batch.

        Raises:
            ColumnistError: it cannot be loaded, with the reason; or it was stopped.
        """
        if self.facts is not None:
            return self.facts
        for path in filter(None, (self.settings.path, self.settings.adapter)):
            check_file(path)
        try:
            return self._load(stop)
        except _Crash as crash:
            return self._load_safely(crash, stop)

    def use_threads(self, count: int) -> None:
        """From the next step on, run on so many CPU threads."""
        if self._pipe is not None:
            self._send(wire.UseThreads(count))

    def close(self) -> None:
        """End the child and give its memory back."""
        self._outbox.put(wire.Quit())
        self._outbox.put(None)
        if self._process is not None:
            _end(self._process)
        # The child is gone, so its end of the pipe is closed and both threads end.
        for thread in self._threads:
            thread.join()
        if self._pipe is not None:
            self._pipe.close()
        if self._log is not None:
            self._log.close()
        self._threads, self.runs_on, self.threads = (), "", 0
        self._pipe = self._process = self._log = self.facts = None

    def turn(self, content: str) -> tuple[str, str]:
        """The turn in the model's own chat template, for which it is started."""
        facts = self.start()
        return render_chat(
            content, template=facts.chat_template, bos=facts.bos, eos=facts.eos
        )

    # What `generate` asks for

    @contextmanager
    def _asking(self, working: Mapping[int, Work]) -> Iterator[None]:
        try:
            yield
        finally:
            if working:
                with suppress(ColumnistError):
                    self._send(wire.Cancel(tuple(working)))

    def _has_room(self, *, eager: bool) -> bool:
        return len(self._working) < (1 + eager) * WINDOW

    def _give(self, key: int, work: Work) -> None:
        self._send(wire.Ask(key, replace(work.prompt, table=None)))

    def _prefer(self, keys: tuple[int, ...]) -> None:
        self._preferred = keys
        self._send(wire.Prefer(keys))

    def _receive(self, *, seconds: float, stop: Stop) -> Iterator[Generation]:
        try:
            message = self._message(seconds)
        except _Crash as crash:
            self._recover(crash, stop)
        else:
            yield from self._take(message)

    # The child

    def _load(self, stop: Stop) -> wire.ModelFacts:
        self._spawn()
        # Counted, not by the clock: ctrl+z may have stopped us for an hour meanwhile.
        for _ in range(round(LOAD_SECONDS / POLL_SECONDS)):
            if stop():
                self.close()
                raise ColumnistError("Loading the model was stopped.")
            match self._message(POLL_SECONDS):
                case wire.Ready(facts, holds):
                    self.facts, self.holds = facts, holds
                    self.runs_on = "GPU" if facts.offloads else "CPU"
                    with suppress(ValueError):  # only to give the screen a core
                        self.threads = facts.sizes.number("threads")
                    return facts
                case wire.Failed(reason):
                    self.close()
                    raise ColumnistError(
                        f"llama.cpp cannot load {self.settings.path.name}:"
                        f" {_one_line(reason)}.",
                        "Check the file with `columnist models verify`, or choose"
                        " another with --model.",
                    )
                case _:
                    pass
        self.close()
        raise ColumnistError(
            f"{self.settings.path.name} did not load within"
            f" {LOAD_SECONDS / 60:.0f} minutes.",
            "Choose a smaller model with --model.",
        )

    def _spawn(self) -> None:
        ours, theirs = Pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as we do
        environment = dict(os.environ)
        environment.setdefault("OMP_WAIT_POLICY", "passive")
        self._process = subprocess.Popen(
            box.command("model.worker", theirs.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(theirs.fileno(),),
            env=environment,
            # A Ctrl-C in the terminal is for the parent alone.
            start_new_session=True,
        )
        theirs.close()
        self._pipe = ours
        self._inbox, self._outbox = Queue(), Queue()
        self._threads = (
            threading.Thread(target=_drain, args=(ours, self._inbox), daemon=True),
            threading.Thread(target=_speak, args=(ours, self._outbox), daemon=True),
        )
        for thread in self._threads:
            thread.start()
        self._send(wire.Load(self.settings))

    def _send(self, message: wire.Request) -> None:
        if self._pipe is None:
            raise ColumnistError("The engine is not running.")
        self._outbox.put(message)

    def _message(self, seconds: float) -> wire.Answer | None:
        """The next message, or None where none came in time."""
        if self._pipe is None or self._process is None:
            raise ColumnistError("The engine is not running.")
        try:
            message = self._inbox.get(timeout=seconds)
        except Empty:
            return None
        if message is None:
            raise _Crash(_end(self._process), self._tail())
        return message

    def _tail(self) -> str:
        """The last line that the child wrote, for the message."""
        if self._log is None:
            return ""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - 4000))
        lines = self._log.read(4000).decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _load_safely(self, crash: _Crash, stop: Stop) -> wire.ModelFacts:
        """Load it once more, with safer settings; not a third time."""
        self.close()
        if self.settings.safe:
            raise crash.explained(self.settings.path) from None
        self.note = f"{crash.what}; running with safer, slower settings"
        self.settings = replace(self.settings, safe=True)
        try:
            return self._load(stop)
        except _Crash as again:
            self.close()
            raise again.explained(self.settings.path) from None

    def _recover(self, crash: _Crash, stop: Stop) -> None:
        """Start again, safer, and give the unfinished prompts once more."""
        try:
            self._load_safely(crash, stop)
        except ColumnistError:
            if stop():  # it was stopped while it loaded
                return
            raise
        for key, work in self._working.items():
            self._give(key, work)
        self._prefer(self._preferred)

    def _take(self, message: wire.Answer | None) -> Iterator[Generation]:
        match message:
            case wire.Wrote(key, block, draw, text, logprob, tokens, complete):
                if (work := self._came(key, block, draw)) is not None:
                    spent = message.read, message.seconds
                    if draw >= work.prompt.texts(block):
                        weighed = work.prompt.weighed(block)
                        text = weighed[draw - work.prompt.texts(block)]
                    told = logprob, tokens, complete, draw
                    yield Generation(work.index, block, text, *told, *spent)
            case wire.Unfit(key):
                if (work := self._working.pop(key, None)) is not None:
                    yield from (work.unfit(*text) for text in sorted(work.waiting))
            case wire.Spent(read, written):
                self.prompt_tokens += read
                self.generated_tokens += written
            case wire.Failed(reason):
                self.close()
                raise ColumnistError(
                    f"llama.cpp failed while drafting: {_one_line(reason)}.",
                    "Start again; finished drafts are saved.",
                )
            case _:
                pass


def _end(process: subprocess.Popen[bytes]) -> int:
    """How the child ended, which it does in time."""
    try:
        return process.wait(timeout=CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _drain(pipe: Connection[Any, Any], inbox: Queue[wire.Answer | None]) -> None:
    """Read all the child says at once, so that it never waits for us."""
    try:
        while inbox.qsize() < MOST_WAITING:
            inbox.put(wire.answer(pipe))
        inbox.put(wire.Failed("its process says more than anybody can read"))
    except ValueError as error:
        inbox.put(wire.Failed(f"its process {error}"))
    except (EOFError, OSError):
        inbox.put(None)


def _speak(pipe: Connection[Any, Any], outbox: Queue[wire.Request | None]) -> None:
    """Tell the child all that is said to it, so that nobody waits while it is busy."""
    with suppress(OSError):  # a dead child shows when we read
        while (message := outbox.get()) is not None:
            wire.send(pipe, message)


def _one_line(said: str) -> str:
    """What the child said, short enough for an error."""
    return " ".join(said.split())[:200]


class _Crash(Exception):
    """The child ended by itself."""

    def __init__(self, code: int, tail: str) -> None:
        super().__init__(code, tail)
        self.tail = tail
        self.what = f"the engine ended with exit code {code}"
        if code < 0:
            name = signal.Signals(-code).name
            self.what = f"the engine was ended by {name}"
            if -code == signal.SIGKILL:
                self.what += " (often: out of memory)"

    def explained(self, path: Path) -> ColumnistError:
        reason = f" It said: {_one_line(self.tail)}" if self.tail else ""
        return ColumnistError(
            f"Running {path.name} failed twice: {self.what}.{reason}",
            "Try --gpu-layers 0, a smaller model with --model, or `columnist doctor`.",
        )


def check_file(path: Path) -> None:
    """Refuse what cannot be a model before a process is started for it.

    Raises:
        UsageError: there is no such file, or it is not GGUF.
        ColumnistError: it cannot be read, or is larger than the free memory.
    """
    hint = "Choose a GGUF file with --model, or see `columnist models list`."
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        size = path.stat().st_size
    except FileNotFoundError:
        raise UsageError(f"There is no model file {path}.", hint) from None
    except OSError as error:
        raise ColumnistError(f"Cannot read {path}: {error.strerror}.", hint) from error
    if magic != b"GGUF":
        raise UsageError(f"{path} is not a GGUF file.", hint)
    free = available_memory()
    if free is not None and size > free:
        raise ColumnistError(
            f"{path.name} needs {size / 2**30:.1f} GiB,"
            f" and only {free / 2**30:.1f} GiB of memory are free.",
            "Close other programs, or choose a smaller model with --model.",
        )
