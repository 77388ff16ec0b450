"""The child process that owns llama.cpp; started by `model.engine`, never by hand.

One thread does everything: between two decode steps it looks at the pipe, so stopping
takes at most one step. Messages are tuples, the first item names them:

parent → child: ("prompt", key, Prompt), ("cancel", keys), ("quit",)
child → parent: ("progress", share), ("ready", ModelFacts), ("failed", text),
("wrote", key, (block, draw), text, logprob, tokens, complete), ("unfit", key),
("spent", prompt_tokens, generated_tokens)
"""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from model.prompt import Prompt
from model.schedule import Scheduler, Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.llama import Model

WARM_UP_TOKENS = 40
"""Enough rows in one batch to enter the matrix kernels that crash in a bad build."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How the child loads its model."""

    path: str
    """The GGUF file."""
    gpu_layers: int
    """Layers on the GPU; -1 is all."""
    cells: int
    """KV cells."""
    sequences: int
    """Sequence ids, heads and descriptions together."""
    batch: int
    """Most tokens a step."""
    threads: int
    """CPU threads."""
    safe: bool
    """Leave out the kernels that crash in some builds."""
    seed: int
    """Seed of sampled (not greedy) texts."""


def main(descriptor: int) -> None:
    """Serve the parent at the other end of a socket pair until it hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    sys.addaudithook(_refuse_network)
    parent = Connection(descriptor)
    try:
        settings = parent.recv()
        _serve(parent, settings)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent is gone, and so are we


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """The engine needs no network, so it gets none."""
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        raise PermissionError("the engine's process has no network")


def _serve(parent: Connection[Any, Any], settings: WorkerSettings) -> None:
    from model.llama import LlamaError, Model

    def report(share: float) -> bool:
        parent.send(("progress", share))
        return True

    try:
        model = Model(
            settings.path,
            gpu_layers=settings.gpu_layers,
            cells=settings.cells,
            sequences=settings.sequences,
            batch=settings.batch,
            threads=settings.threads,
            safe=settings.safe,
            progress=report,
        )
        _warm_up(model)
    except LlamaError as error:
        parent.send(("failed", str(error)))
        return
    parent.send(("ready", model.facts()))
    try:
        _Loop(parent, model, settings).run()
    except LlamaError as error:
        parent.send(("failed", str(error)))
    finally:
        model.close()


def _warm_up(model: Model) -> None:
    """Decode one batch, so that a build that cannot dies before it has any work."""
    from model.schedule import Row

    count = min(WARM_UP_TOKENS, model.batch, model.cells)
    model.decode([Row(0, at, 0, at == count - 1) for at in range(count)])
    model.release(0)


class _Loop:
    def __init__(
        self, parent: Connection[Any, Any], model: Model, settings: WorkerSettings
    ) -> None:
        self._parent = parent
        self._model = model
        self._seed = settings.seed
        self._scheduler = Scheduler(
            cells=model.cells, sequences=model.sequences, batch=model.batch
        )
        self._prompts: dict[int, Prompt] = {}
        self._randoms: dict[tuple[int, int], np.random.Generator] = {}

    def run(self) -> None:
        while True:
            while self._scheduler.idle or self._parent.poll():
                if not self._take(self._parent.recv()):
                    return
            self._step()

    def _take(self, message: tuple[Any, ...]) -> bool:
        match message:
            case ("prompt", key, prompt):
                self._add(key, prompt)
            case ("cancel", keys):
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
        # Every text of a block is a stream of its own: block * texts + draw.
        blocks = [
            tokens
            for block in prompt.blocks
            for tokens in [self._model.tokenize(block)] * prompt.texts
        ]
        head = self._model.tokenize(prompt.head)
        fits = self._scheduler.add(key, head, blocks, limit=prompt.limit)
        if not fits:
            self._parent.send(("unfit", key))
            return
        self._prompts[key] = prompt

    def _step(self) -> None:
        step = self._scheduler.next_step()
        for source, to in step.copies:
            self._model.share(source, to)
        logits = self._model.decode(step.rows)
        tokens, logprobs = self._choose(step.streams, logits)
        ended, released = self._scheduler.took(step, tokens, logprobs, ends=self._ends)
        for stream, complete in ended:
            self._finish(stream, complete)
        self._release(released)
        self._parent.send(
            ("spent", len(step.rows) - len(step.streams), len(step.streams))
        )

    def _choose(
        self, streams: Sequence[Stream], logits: np.ndarray[Any, Any]
    ) -> tuple[list[int], list[float]]:
        """The next token of each stream and its log-probability, in nats."""
        if not streams:
            return [], []
        best = logits.argmax(axis=1)
        every = np.arange(len(streams))
        top = logits[every, best]
        mass = np.log(np.exp(logits - top[:, None]).sum(axis=1))
        drawn = [index for index, stream in enumerate(streams) if self._drawn(stream)]
        if drawn:
            best[drawn] = self._draw([streams[index] for index in drawn], logits[drawn])
        chosen = logits[every, best] - top - mass
        return best.tolist(), chosen.tolist()

    def _drawn(self, stream: Stream) -> bool:
        """Whether a stream's tokens are drawn rather than the likeliest ones."""
        prompt = self._prompts[stream.key]
        greedy = prompt.draws > 0 and stream.block % prompt.texts == 0
        return prompt.temperature > 0 and not greedy

    def _draw(
        self, streams: Sequence[Stream], logits: np.ndarray[Any, Any]
    ) -> list[int]:
        """Draw from the 40 likeliest of each; the same seed and prompt draw the same.

        Blocks of a prompt that are the same draw differently.
        """
        count = min(40, logits.shape[1])
        likeliest = np.argpartition(logits, -count, axis=1)[:, -count:]
        scaled = np.take_along_axis(logits, likeliest, axis=1).astype(np.float64)
        temperatures = [self._prompts[stream.key].temperature for stream in streams]
        scaled /= np.array(temperatures)[:, None]
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        sums = weights.cumsum(axis=1)
        random = [self._random(stream).random() for stream in streams]
        marks = np.array(random)[:, None] * sums[:, -1:]
        places = np.minimum((sums <= marks).sum(axis=1), count - 1)
        return [int(row[place]) for row, place in zip(likeliest, places, strict=True)]

    def _random(self, stream: Stream) -> np.random.Generator:
        """The stream's own source of chance."""
        key = (stream.key, stream.block)
        if key not in self._randoms:
            prompt = self._prompts[stream.key]
            block, draw = divmod(stream.block, prompt.texts)
            copies = prompt.blocks[:block].count(prompt.blocks[block])
            fingerprint = int(prompt.fingerprint(block), 16)
            seed = [self._seed, fingerprint, copies * prompt.texts + draw]
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
        self._randoms.pop((stream.key, stream.block), None)
        text = self._model.text(stream.written)
        for stop in self._prompts[stream.key].stops:
            text = text.split(stop, 1)[0]
        mean = stream.logprob / max(len(stream.written), 1)
        count = len(stream.written)
        place = divmod(stream.block, self._prompts[stream.key].texts)
        self._parent.send(("wrote", stream.key, place, text, mean, count, complete))

    def _release(self, sequences: list[int]) -> None:
        for sequence in sequences:
            self._model.release(sequence)
