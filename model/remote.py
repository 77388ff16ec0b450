"""A model on another machine, behind an OpenAI-compatible endpoint.

Off unless `--model` is a URL. It drafts as `model.engine.Engine` does; every text is
one request. What it sends: the long prompt, that is names, types, keys and comments of
a table, and of samples the code lists and the smallest and largest values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from catalog.errors import ColumnistError, UsageError
from catalog.objects import TableId
from catalog.stopping import never
from model.chat import (
    EXTRAS,
    body,
    is_name,
    model_names,
    read_answer,
    refused_extras,
    unfit,
)
from model.choose import Calibration
from model.endpoint import Endpoint
from model.library import ModelFile, PromptFormat
from model.prompt import TURN, Generation, Prompt

if TYPE_CHECKING:
    # At run time where they are needed: they bring http.client, 30 ms.
    from model.exchange import Exchange, Patience, Reply

REQUESTS = 8
"""Requests in flight; servers batch them, and queue what they cannot."""
RUSH = 8
"""How many times as many texts as that may wait for the table on the screen."""
POLL_SECONDS = 0.05
SOON_SECONDS = 0.005
START_TRIES = 3
"""Whoever waits for the first answer of a server is told sooner that it is away."""
NAMES_TOLD = 12
NO_MODELS = (404, 405, 501)
"""What a server says that does not tell its models."""


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model behind an endpoint, as a `ModelFile` is one in a file."""

    endpoint: Endpoint
    """Where; `served` is empty until the server was asked for its one model."""

    @classmethod
    def at(cls, address: str, *, key: str | None = None) -> RemoteModel:
        """The model of `http://HOST:PORT/v1` or `http://HOST:PORT/v1#NAME`.

        Raises:
            UsageError: it is no endpoint, or would send the key readable.
        """
        url, _, served = address.partition("#")
        if served and not is_name(served):
            raise UsageError("What follows # is no model's name.", "Correct --model.")
        return cls(Endpoint.at(url, served=served, key=key))

    @property
    def name(self) -> str:
        """What drafts are signed with."""
        place = self.endpoint.place
        return f"{self.endpoint.served} at {place}" if self.endpoint.served else place

    @property
    def format(self) -> PromptFormat:
        """The prompt it takes."""
        return PromptFormat.LONG

    @property
    def calibration(self) -> Calibration | None:
        """None: nobody measured how its log-probabilities become confidence."""
        return None


Model = ModelFile | RemoteModel
"""What drafts can be made with."""


@dataclass(frozen=True, slots=True)
class RemoteFacts:
    """What is known of a server that answered."""

    model: RemoteModel
    """With the name that the server gives it."""
    requests: int
    """Most requests in flight."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that was asked for."""

    index: int
    prompt: Prompt
    block: int
    draw: int
    extras: frozenset[str]
    """Fields of `EXTRAS` that the request has."""


class RemoteEngine:
    """A model elsewhere, with the interface of `model.engine.Engine`.

    Args:
        model: where it is.
        seed: of sampled texts.
        requests: most requests in flight.
        patience: how long the server is waited for.

    Attributes:
        facts: what is known of the server, once started.
        prompt_tokens: tokens read so far, where the server counts them.
        generated_tokens: tokens written so far, likewise.
        note: what the steward should know of how the last work went, or empty.
    """

    def __init__(
        self,
        model: RemoteModel,
        *,
        seed: int = 0,
        requests: int = REQUESTS,
        patience: Patience | None = None,
    ) -> None:
        self.facts: RemoteFacts | None = None
        self.prompt_tokens = 0
        self.generated_tokens = 0
        self.note = ""
        self._model = model
        self._seed = seed
        self._requests = requests
        self._patience = patience
        self._unwanted: frozenset[str] = frozenset()
        self._tally = _Tally()

    def __enter__(self) -> RemoteEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self,
        *,
        progress: Callable[[float], None] | None = None,
        stop: Callable[[], bool] = never,
    ) -> RemoteFacts:
        """Ask the server which models it has.

        Raises:
            UsageError: it has several and none was named.
            ColumnistError: it does not answer, or refuses; or it was stopped.
        """
        if self.facts is not None:
            return self.facts
        from model.exchange import Call

        exchange = self._exchange(threads=1, tries=START_TRIES)
        try:
            exchange.send(Call(0, "GET", "/models"))
            reply = None
            while reply is None:
                if stop():
                    raise ColumnistError("Asking the model's server was stopped.")
                reply = exchange.receive(seconds=POLL_SECONDS)
        finally:
            exchange.end()
        served = self._served(reply)
        self._model = replace(
            self._model, endpoint=replace(self._model.endpoint, served=served)
        )
        self.facts = RemoteFacts(self._model, self._requests)
        return self.facts

    def generate(
        self,
        prompts: Iterable[Prompt | None],
        *,
        stop: Callable[[], bool] = never,
        first: Callable[[], TableId | None] = lambda: None,
    ) -> Generator[Generation]:
        """Write every block of every prompt, in the order in which they end.

        Prompts are taken from the iterable when fewer texts wait than are in flight.
        `stop` ends it at once, also while the server hangs, with what has come back by
        then; closing the generator does too, without.

        Args:
            prompts: what to write; head and block are a user's turn together. None
                says that the next is not ready; it is asked for again soon, after a
                `TURN`.
            stop: asked many times a second.
            first: the table whose prompts go before all others. When it changes,
                prompts are taken from the iterable for as long as they are that
                table's.

        Raises:
            ColumnistError: the server refuses, answers nonsense, or was asked in vain.
        """
        self.start(stop=stop)
        self.note = ""
        self._tally = _Tally()
        source = iter(prompts)
        index = -1
        keys = count()
        working: dict[int, _Text] = {}
        table: TableId | None = None
        eager = exhausted = False
        exchange = self._exchange(threads=self._requests)
        try:
            while not stop():
                table, before = first(), table
                preferring = table != before
                eager = table is not None and (eager or preferring)
                waiting = False
                while not exhausted and not stop():
                    room = self._requests * (RUSH if eager else 1)
                    if exchange.waiting >= room:
                        break
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
                    preferring = preferring or taking
                    for text in self._texts(index, prompt):
                        working[key := next(keys)] = text
                        self._send(exchange, key, text)
                if preferring:
                    exchange.hurry(
                        {k for k, t in working.items() if t.prompt.table == table}
                    )
                if not working and exhausted:
                    return
                if waiting:
                    yield TURN
                seconds = SOON_SECONDS if waiting else POLL_SECONDS
                try:
                    found = self._next(exchange, working, seconds=seconds)
                except ColumnistError:
                    yield from self._rest(exchange, working)
                    raise
                if found is not None:
                    yield found
            yield from self._rest(exchange, working)
        finally:
            exchange.end()
            self.note = self._tally.note(exchange.again, exchange.why)

    def _rest(
        self, exchange: Exchange, working: dict[int, _Text]
    ) -> Iterator[Generation]:
        """What has come back already and would be asked for again."""
        with suppress(ColumnistError):
            while (reply := exchange.receive(seconds=0)) is not None:
                yield self._read(reply, working.pop(reply.key))

    def close(self) -> None:
        """Forget the server; it keeps nothing of ours open."""
        self.facts = None

    def _exchange(self, *, threads: int, tries: int | None = None) -> Exchange:
        from model.exchange import PATIENCE, Exchange

        patience = self._patience or PATIENCE
        if tries is not None:
            patience = replace(patience, tries=min(tries, patience.tries))
        return Exchange(self._model.endpoint, threads=threads, patience=patience)

    # Asking

    def _texts(self, index: int, prompt: Prompt) -> Iterator[_Text]:
        extras = frozenset(EXTRAS) - self._unwanted
        for block in range(len(prompt.blocks)):
            for draw in range(prompt.texts(block)):
                yield _Text(index, prompt, block, draw, extras)

    def _send(self, exchange: Exchange, key: int, text: _Text) -> None:
        from model.exchange import Call

        prompt = text.prompt
        drawn = prompt.temperature > 0 and not (prompt.draws and text.draw == 0)
        data = body(
            prompt,
            text.block,
            served=self._model.endpoint.served,
            seed=self._seed + text.draw if drawn else None,
            extras=text.extras,
        )
        exchange.send(Call(key, "POST", "/chat/completions", data))

    # Reading

    def _next(
        self, exchange: Exchange, working: dict[int, _Text], *, seconds: float
    ) -> Generation | None:
        """The next text; None where none came in that time."""
        reply = exchange.receive(seconds=seconds)
        if reply is None:
            return None
        text = working[reply.key]
        refused = refused_extras(reply.status, reply.data, text.extras)
        if refused:
            self._unwanted |= refused
            working[reply.key] = replace(text, extras=text.extras - refused)
            self._send(exchange, reply.key, working[reply.key])
            return None
        del working[reply.key]
        return self._read(reply, text)

    def _read(self, reply: Reply, text: _Text) -> Generation:
        endpoint = self._model.endpoint
        self._tally.texts += 1
        if unfit(reply.status, reply.data):
            self._tally.unfit += 1
            return Generation(
                text.index, text.block, "", -math.inf, 0, False, text.draw
            )
        if reply.status != 200:
            raise endpoint.refused(reply.status, reply.data)
        answer = read_answer(endpoint, reply.data, text.prompt)
        self._tally.silent += not answer.text
        self.prompt_tokens += answer.prompt_tokens
        self.generated_tokens += answer.tokens
        return Generation(
            text.index,
            text.block,
            answer.text,
            answer.logprob,
            answer.tokens,
            answer.complete,
            text.draw,
        )

    def _served(self, reply: Reply) -> str:
        """The name to ask for."""
        endpoint = self._model.endpoint
        if reply.status in NO_MODELS:
            return endpoint.served or "default"
        if reply.status != 200:
            raise endpoint.refused(reply.status, reply.data)
        if endpoint.served:
            return endpoint.served  # perhaps an alias that is not listed
        names = model_names(endpoint, reply.data)
        how = f"Name one: --model {endpoint.url}#NAME."
        if not names:
            raise UsageError(f"{endpoint.place} lists no model.", how)
        if len(names) > 1:
            told = ", ".join(names[:NAMES_TOLD])
            more = len(names) - NAMES_TOLD
            raise UsageError(
                f"{endpoint.place} has {len(names)} models: {told}"
                + (f" and {more} more." if more > 0 else "."),
                how,
            )
        return names[0]


@dataclass(slots=True)
class _Tally:
    """What went otherwise than it should."""

    texts: int = 0
    silent: int = 0
    unfit: int = 0

    def note(self, again: int, why: str) -> str:
        """For the steward; empty where all is well."""
        told = []
        if self.unfit:
            told.append(
                f"{self.unfit} of {self.texts} prompts did not fit the server's context"
            )
        if self.silent:
            told.append(
                f"{self.silent} of {self.texts} answers were empty; a model that"
                " thinks before it answers must be told on the server not to"
            )
        if again:
            told.append(f"{again} requests were sent again; the last {why}")
        return "; ".join(told)
