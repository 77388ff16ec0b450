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
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

from catalog.errors import ColumnistError, UsageError
from catalog.objects import TableId
from catalog.stopping import never
from model import box, wire
from model.prompt import TURN, Generation, Prompt
from model.sizes import available_memory
from model.wire import (
    Answer,
    Ask,
    Cancel,
    Failed,
    LoadProgress,
    ModelFacts,
    Prefer,
    Quit,
    Ready,
    Request,
    Spent,
    Unfit,
    UseThreads,
    WorkerSettings,
    Wrote,
)

WINDOW = 8
"""Prompts given to the child ahead of those in work: enough to keep it busy, few enough
that a table that becomes urgent is next."""
POLL_SECONDS = 0.01
"""How often it is asked which table is on the screen, and whether to stop."""
CLOSE_SECONDS = 1.0
"""The child has so long to end by itself; while it loads it does not."""
LOAD_SECONDS = 600.0
MOST_WAITING = 200_000
"""Messages of the child that nobody has read yet; no engine comes near it."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How a model is run."""

    path: Path
    """The GGUF file."""
    gpu_layers: int = -1
    """Layers to put on the GPU where the build can; -1 is all."""
    sizes: Mapping[str, int | str] = field(default_factory=dict[str, int | str])
    """Sizes to take as they are (`model.sizes.parse`); the others are chosen."""
    seed: int = 0
    """Seed of sampled texts; greedy ones need none."""
    safe: bool = False
    """Leave out kernels that crash in some builds."""
    adapter: Path | None = None
    """A LoRA adapter in GGUF, applied on top of the model."""


class Engine:
    """A running model; a context manager.

    Attributes:
        facts: what the model says of itself, once started.
        prompt_tokens: tokens read so far.
        generated_tokens: tokens written so far.
        note: what the steward should know of how it runs, or empty.
        holds: what keeps its process from the network and from others, once started.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.facts: ModelFacts | None = None
        self.prompt_tokens = 0
        self.generated_tokens = 0
        self.note = ""
        self.holds = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._log: IO[bytes] | None = None
        self._inbox: Queue[Answer | None] = Queue()
        self._outbox: Queue[Request | None] = Queue()
        self._threads: tuple[threading.Thread, ...] = ()
        self._keys = count()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self,
        *,
        progress: Callable[[float], None] | None = None,
        stop: Callable[[], bool] = never,
    ) -> ModelFacts:
        """Load the model and try it on a small batch.

        Raises:
            ColumnistError: it cannot be loaded, with the reason; or it was stopped.
        """
        if self.facts is not None:
            return self.facts
        check_file(self.settings.path)
        if self.settings.adapter is not None:
            check_file(self.settings.adapter)
        try:
            return self._load(progress, stop)
        except _Crash as crash:
            self._make_safe(crash)
        try:
            return self._load(progress, stop)
        except _Crash as crash:
            self.close()
            raise crash.explained(self.settings.path) from None

    def generate(
        self,
        prompts: Iterable[Prompt | None],
        *,
        stop: Callable[[], bool] = never,
        first: Callable[[], TableId | None] = lambda: None,
    ) -> Generator[Generation]:
        """Write every block of every prompt, in the order in which they end.

        Prompts are taken from the iterable as there is room for them, so it may decide
        late which comes next. A prompt too long for the context gives generations that
        are empty and incomplete. `stop` ends it within one decode step; closing the
        generator does too.

        Args:
            prompts: what to write. None among them says that the next is not ready
                yet; it is asked for again soon, after a `TURN`.
            stop: asked between messages of the child.
            first: the table whose prompts go before all others. When it changes,
                prompts are taken from the iterable beyond the usual number for as long
                as they are that table's; they rush past what is in work.
        """
        self.start(stop=stop)
        source = iter(prompts)
        index = -1
        eager = False
        table: TableId | None = None
        # Keys are never used twice, so no late answer to a cancelled prompt can be
        # taken for another's.
        working: dict[int, _Working] = {}
        exhausted = False
        try:
            while not stop():
                table, before = first(), table
                preferring = table != before
                eager = table is not None and (eager or preferring)
                waiting = False
                while not exhausted and len(working) < (1 + eager) * WINDOW:
                    try:
                        prompt = next(source)
                    except StopIteration:
                        exhausted = True
                        break
                    if waiting := prompt is None:
                        break
                    index += 1
                    taking = prompt.table is not None and prompt.table == table
                    eager = eager and taking
                    if prompt.blocks:
                        key = next(self._keys)
                        working[key] = _Working(index, prompt)
                        preferring = preferring or taking
                        self._ask(key, prompt)
                if preferring:
                    self._prefer(table, working)
                if not working and exhausted:
                    return
                if waiting:
                    yield TURN
                try:
                    message = self._receive(0.005 if waiting else POLL_SECONDS)
                except _Crash as crash:
                    try:
                        self._recover(crash, working, stop)
                    except ColumnistError:
                        if stop():  # it was stopped while it loaded
                            return
                        raise
                    table = None
                    continue
                if message is not None:
                    yield from self._take(message, working)
        finally:
            if working:
                with suppress(ColumnistError):
                    self._send(Cancel(tuple(working)))

    def use_threads(self, count: int) -> None:
        """From the next step on, run on so many CPU threads."""
        if self._pipe is not None:
            self._send(UseThreads(count))

    def close(self) -> None:
        """End the child and give its memory back."""
        self._outbox.put(Quit())
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
        self._threads = ()
        self._pipe = self._process = self._log = self.facts = None

    # The child

    def _load(
        self, progress: Callable[[float], None] | None, stop: Callable[[], bool]
    ) -> ModelFacts:
        self._spawn()
        until = time.monotonic() + LOAD_SECONDS
        while time.monotonic() < until:
            if stop():
                self.close()
                raise ColumnistError("Loading the model was stopped.")
            message = self._receive()
            match message:
                case LoadProgress(share):
                    if progress is not None:
                        progress(share)
                case Ready(facts, holds):
                    self.facts, self.holds = facts, holds
                    return facts
                case Failed(reason):
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
        self._send(worker_settings(self.settings))

    def _ask(self, key: int, prompt: Prompt) -> None:
        self._send(Ask(key, replace(prompt, table=None)))

    def _send(self, message: Request) -> None:
        if self._pipe is None:
            raise ColumnistError("The engine is not running.")
        self._outbox.put(message)

    def _receive(self, seconds: float = POLL_SECONDS) -> Answer | None:
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

    def _recover(
        self, crash: _Crash, working: dict[int, _Working], stop: Callable[[], bool]
    ) -> None:
        """Start again, safer, and give the unfinished prompts once more."""
        if self.settings.safe:
            self.close()
            raise crash.explained(self.settings.path) from None
        self._make_safe(crash)
        try:
            self._load(None, stop)
        except _Crash as again:
            self.close()
            raise again.explained(self.settings.path) from None
        for key, work in working.items():
            self._ask(key, work.prompt)

    def _prefer(self, table: TableId | None, working: dict[int, _Working]) -> None:
        same = (key for key, work in working.items() if work.prompt.table == table)
        self._send(Prefer(tuple(same) if table else ()))

    def _make_safe(self, crash: _Crash) -> None:
        self.close()
        self.note = f"{crash.what}; running with safer, slower settings"
        self.settings = replace(self.settings, safe=True)

    def _take(
        self,
        message: Answer,
        working: dict[int, _Working],
    ) -> Iterator[Generation]:
        match message:
            case Wrote(key, block, draw, text, logprob, tokens, complete):
                # After a restart a text may come a second time.
                work = working.get(key)
                if work is not None and (block, draw) in work.waiting:
                    work.waiting.discard((block, draw))
                    if not work.waiting:
                        del working[key]
                    if draw >= work.prompt.texts(block):
                        weighed = work.prompt.weighed(block)
                        text = weighed[draw - work.prompt.texts(block)]
                    yield Generation(
                        work.index, block, text, logprob, tokens, complete, draw
                    )
            case Unfit(key):
                if (work := working.pop(key, None)) is not None:
                    for block, draw in sorted(work.waiting):
                        yield Generation(
                            work.index, block, "", float("-inf"), 0, False, draw
                        )
            case Spent(read, written):
                self.prompt_tokens += read
                self.generated_tokens += written
            case Failed(reason):
                self.close()
                raise ColumnistError(
                    f"llama.cpp failed while drafting: {_one_line(reason)}.",
                    "Start again; finished drafts are saved.",
                )
            case _:
                pass


@dataclass(slots=True)
class _Working:
    """A prompt that the child has."""

    index: int
    prompt: Prompt
    waiting: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])

    def __post_init__(self) -> None:
        self.waiting = {
            (block, draw)
            for block in range(len(self.prompt.blocks))
            for draw in range(self.prompt.all_texts(block))
        }


def _end(process: subprocess.Popen[bytes]) -> int:
    """How the child ended, which it does in time."""
    try:
        return process.wait(timeout=CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _drain(pipe: Connection[Any, Any], inbox: Queue[Answer | None]) -> None:
    """Read all the child says at once, so that it never waits for us."""
    try:
        while inbox.qsize() < MOST_WAITING:
            inbox.put(wire.answer(pipe))
        inbox.put(Failed("its process says more than anybody can read"))
    except ValueError as error:
        inbox.put(Failed(f"its process {error}"))
    except (EOFError, OSError):
        inbox.put(None)


def _speak(pipe: Connection[Any, Any], outbox: Queue[Request | None]) -> None:
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


def worker_settings(settings: EngineSettings) -> WorkerSettings:
    """What the child is told."""
    return WorkerSettings(
        path=str(settings.path),
        gpu_layers=0 if settings.safe else settings.gpu_layers,
        asked=dict(settings.sizes),
        safe=settings.safe,
        seed=settings.seed,
        adapter=str(settings.adapter) if settings.adapter else None,
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
