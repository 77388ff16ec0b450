"""The child process that owns llama.cpp; started by `model.engine`, never by hand.

One thread does everything: between two decode steps it looks at the pipe, so stopping
takes at most one step. Another waits for the parent's end and then ends all at once,
also while a model loads. `model.wire` has the messages.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from model import box, wire
from model.prompt import Prompt
from model.schedule import FLOOR, Scheduler, Step, StepToken, Stream
from model.sizes import Machine, available_memory, cores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.llama import Model

LIKELIEST = 40
"""Texts that are not greedy are drawn from so many tokens."""
WARM_UP_TOKENS = 40
"""Enough rows in one batch to enter the matrix kernels that crash in a bad build."""

Rows = np.ndarray[Any, np.dtype[np.float32]]
"""Logits, shape (texts, vocabulary)."""
Vector = np.ndarray[Any, np.dtype[Any]]
"""One figure a text."""


def main(descriptor: int) -> None:
    """Serve the parent at the other end of a socket pair until it hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    box.refuse_reaching()
    parent = Connection(descriptor)
    threading.Thread(target=_end_with, args=(descriptor,), daemon=True).start()
    try:
        first = wire.request(parent)
        if isinstance(first, wire.Load):
            _serve(parent, first.settings)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent is gone, and so are we


def _end_with(parent: int) -> None:
    """End this process as soon as the other end of the socket pair is closed."""
    poll = select.poll()
    poll.register(parent, 0)  # of nothing but its end
    poll.poll()
    os._exit(0)


def _serve(parent: Connection[Any, Any], settings: wire.EngineSettings) -> None:
    import llama_cpp as llama

    from model.llama import LlamaError, Model

    offloads = bool(llama.llama_supports_gpu_offload())  # the GPU's driver begins
    gpu = offloads and settings.gpu_layers != 0 and not settings.safe
    holds = box.close()
    # How much a GPU has free is llama.cpp's to find out when it makes the context.
    machine = Machine(cores(), None if gpu else available_memory(), gpu)
    try:
        with closing(Model(settings, machine)) as model:
            _warm_up(model)
            wire.send(parent, wire.Ready(model.facts(), holds))
            _Loop(parent, model, settings).run()
    except LlamaError as error:
        wire.send(parent, wire.Failed(str(error)))


def _warm_up(model: Model) -> None:
    """Decode one batch, so that a build that cannot dies before it has any work."""
    count = min(WARM_UP_TOKENS, model.batch, model.cells)
    model.decode([StepToken(0, at, 0, at == count - 1) for at in range(count)])
    model.release(0)


class _Loop:
    def __init__(
        self, parent: Connection[Any, Any], model: Model, settings: wire.EngineSettings
    ) -> None:
        self._parent = parent
        self._model = model
        self._seed = settings.seed
        self._scheduler = Scheduler(
            cells=model.cells,
            sequences=model.sequences,
            batch=model.batch,
            kept=model.sizes.kept,
        )
        self._prompts: dict[int, Prompt] = {}
        self._randoms: dict[tuple[int, int, int], np.random.Generator] = {}

    def run(self) -> None:
        while True:
            while self._scheduler.idle or self._parent.poll():
                if not self._take(wire.request(self._parent)):
                    return
            self._step()

    def _take(self, message: wire.Request) -> bool:
        match message:
            case wire.Ask(key, prompt):
                self._add(key, prompt)
            case wire.Prefer(keys):
                self._scheduler.prefer(keys)
            case wire.UseThreads(count):
                self._model.use_threads(count)
            case wire.Cancel(keys):
                for key in keys:
                    self._prompts.pop(key, None)
                    self._randoms = {
                        k: v for k, v in self._randoms.items() if k[0] != key
                    }
                    self._release(self._scheduler.cancel(key))
            case _:
                return False
        return True

    def _add(self, key: int, prompt: Prompt) -> None:
        blocks = [self._model.tokenize(block) for block in prompt.blocks]
        head = self._model.tokenize(prompt.head)
        others = [self._others(prompt, block) for block in range(len(blocks))]
        written = [[each for each in block if not each] for block in others]
        add = partial(self._scheduler.add, key, head, blocks, limit=prompt.limit)
        if add(others=others):
            self._prompts[key] = prompt
        elif others != written and add(others=written):
            # There is no room to weigh what is offered.
            self._prompts[key] = prompt
            for block in range(len(blocks)):
                for draw in range(prompt.texts(block), prompt.all_texts(block)):
                    wire.send(
                        self._parent, wire.Wrote(key, block, draw, "", FLOOR, 1, False)
                    )
        else:
            wire.send(self._parent, wire.Unfit(key))

    def _others(self, prompt: Prompt, block: int) -> list[list[int]]:
        """What a block has besides its first text, as the scheduler wants it."""
        drawn: list[list[int]] = [[]] * (prompt.texts(block) - 1)
        end = self._model.tokenize(prompt.stops[0]) if prompt.stops else []
        return drawn + [
            self._model.tokenize(f" {text}") + end for text in prompt.weighed(block)
        ]

    def _step(self) -> None:
        step = self._scheduler.next_step()
        began = time.perf_counter()
        for source, to in step.copies:
            self._model.share(source, to)
        logits = self._model.decode(step.rows)
        choices = self._choose(step, logits)
        spent = time.perf_counter() - began
        taken = self._scheduler.took(step, choices, ends=self._ends, seconds=spent)
        for source, to in taken.parted:
            self._model.share(source, to)
        written = sum(token is None for each in step.given for token in each)
        writing = sum(not stream.given for stream in step.streams)
        # Before the texts: whoever has the last of them listens no longer.
        wire.send(self._parent, wire.Spent(len(step.rows) - writing, written))
        for stream, complete in taken.ended:
            self._finish(stream, complete)
        self._release(taken.released)

    def _choose(self, step: Step, logits: Rows) -> list[list[tuple[int, float]]]:
        """The next token of each stream and its log-probability, in nats.

        Where a stream's block has other texts, theirs come after its own.
        """
        if not step.streams:
            return []
        # One row for every text: the same logits where texts have not parted yet.
        places = [
            (row, stream, stream.draw + number, token)
            for row, (stream, given) in enumerate(
                zip(step.streams, step.given, strict=True)
            )
            for number, token in enumerate(given)
        ]
        rows = [row for row, *_ in places]
        best = logits.argmax(axis=1)
        mass = log_mass(logits)
        tokens = best[rows]
        for index, (*_, token) in enumerate(places):
            if token is not None:
                tokens[index] = token
        drawn = [
            index
            for index, (_, stream, draw, token) in enumerate(places)
            if token is None and self._prompts[stream.key].drawn(draw)
        ]
        if drawn:
            wanted = logits[[rows[index] for index in drawn]]
            tokens[drawn] = self._draw([places[index][1:3] for index in drawn], wanted)
        logprobs = logits[rows, tokens] - mass[rows]
        pairs = zip(tokens.tolist(), logprobs.tolist(), strict=True)
        return [[next(pairs) for _ in given] for given in step.given]

    def _draw(
        self,
        places: Sequence[tuple[Stream, int]],
        logits: Rows,
    ) -> list[int]:
        """Draw a token of each; the same seed and prompt draw the same.

        Blocks of a prompt that are the same, and texts of a block, draw differently.
        """
        temperatures = [self._prompts[s.key].temperature for s, _ in places]
        marks = [self._random(*place).random() for place in places]
        drawn = draw_likeliest(logits, np.array(temperatures), np.array(marks))
        return [int(token) for token in drawn]

    def _random(self, stream: Stream, draw: int) -> np.random.Generator:
        """A text's own source of chance."""
        key = (stream.key, stream.block, draw)
        if key not in self._randoms:
            prompt = self._prompts[stream.key]
            block = stream.block
            copies = prompt.blocks[:block].count(prompt.blocks[block])
            fingerprint = int(prompt.fingerprint(block), 16)
            seed = [self._seed, fingerprint, copies * prompt.texts(block) + draw]
            self._randoms[key] = np.random.default_rng(seed)
        return self._randoms[key]

    def _ends(self, stream: Stream, token: int) -> bool:
        if self._model.ends(token):
            return True
        stops = self._prompts[stream.key].stops
        if not stops:
            return False
        text = self._model.text([*stream.written, token])
        return any(stop in text for stop in stops)

    def _finish(self, stream: Stream, complete: bool) -> None:
        self._randoms.pop((stream.key, stream.block, stream.draw), None)
        text = ""  # what was offered is known
        if not stream.given:
            text = self._model.text(stream.written)
            for stop in self._prompts[stream.key].stops:
                text = text.split(stop, 1)[0]
        count = len(stream.given or stream.written)
        mean = stream.logprob / max(len(stream.written), 1)
        place = (stream.key, stream.block, stream.draw)
        spent = stream.read, stream.seconds
        wire.send(self._parent, wire.Wrote(*place, text, mean, count, complete, *spent))

    def _release(self, sequences: Iterable[int]) -> None:
        for sequence in sequences:
            self._model.release(sequence)


def log_mass(logits: Rows) -> Vector:
    """The logarithm of the sum of all exponentials of each row."""
    top = logits.max(axis=1)
    mass: Vector = np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top
    return mass


def draw_likeliest(logits: Rows, temperatures: Vector, marks: Vector) -> Vector:
    """A token of each row from the likeliest ones, where its mark in [0, 1) falls.

    All rows at once: with a vocabulary of 4,000 that takes half of what llama.cpp's
    chain of samplers does, and with 150,000, where the chain would be quicker, it is a
    thirtieth of a step (`benchmarks/sampling.py`).
    """
    count = min(LIKELIEST, logits.shape[1])
    likeliest = np.argpartition(logits, -count, axis=1)[:, -count:]
    scaled = np.take_along_axis(logits, likeliest, axis=1).astype(np.float64)
    scaled /= temperatures[:, None]
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    sums = weights.cumsum(axis=1)
    chosen = (sums <= marks[:, None] * sums[:, -1:]).sum(axis=1)
    places = np.minimum(chosen, count - 1)[:, None]
    drawn: Vector = np.take_along_axis(likeliest, places, axis=1)[:, 0]
    return drawn
