"""A model on another machine, behind an OpenAI-compatible endpoint.

Off unless `--model` is a URL. It drafts as `model.engine.Engine` does; every text is
one request. What it sends: the long prompt, that is names, types, keys and comments of
a table, and of samples the code lists and the smallest and largest values.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from catalog.errors import ColumnistError, UsageError
from catalog.stopping import Stop, never
from model.chat import (
    EXTRAS,
    body,
    is_name,
    model_names,
    read_answer,
    refused_extras,
    unfit,
)
from model.endpoint import Endpoint
from model.library import ModelFile, PromptFormat
from model.prompt import Generation
from model.template import QUESTION
from model.writer import POLL_SECONDS, Work, Writer

if TYPE_CHECKING:
    # At run time where they are needed: they bring httpx, 60 ms.
    from model.exchange import Exchange, Patience, Reply

REQUESTS = 8
"""Requests in flight; servers batch them, and queue what they cannot."""
RUSH = 8
"""How many times as many texts as that may wait for the table on the screen."""
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
    format: PromptFormat = field(default=PromptFormat.LONG, init=False)
    """The prompt it takes."""
    calibration: None = field(default=None, init=False)
    house: None = field(default=None, init=False)
    """None: nobody measured how its log-probabilities become confidence."""

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


Model = ModelFile | RemoteModel
"""What drafts can be made with."""


class RemoteEngine(Writer):
    """A model elsewhere.

    Args:
        model: where it is.
        seed: of sampled texts.
        requests: most requests in flight.
        patience: how long the server is waited for.

    Attributes:
        model: with the name that the server gives it, once started.
        requests: most requests in flight.
    """

    weighs = False

    def __init__(
        self,
        model: RemoteModel,
        *,
        seed: int = 0,
        requests: int = REQUESTS,
        patience: Patience | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.requests = requests
        self._seed = seed
        self._patience = patience
        self._unwanted: frozenset[str] = frozenset()
        self._exchange: Exchange  # while something is asked
        self._tally = Counter[str]()
        self._under_way = _UnderWay()

    def start(self, *, stop: Stop = never) -> RemoteModel:
        """Ask the server which models it has; the one that it is asked for.

        Raises:
            UsageError: it has several and none was named.
            ColumnistError: it does not answer, or refuses; or it was stopped.
        """
        if self.served:
            return self.model
        from model.exchange import Call

        with closing(self._connected(threads=1, tries=START_TRIES)) as exchange:
            exchange.send(Call((0, 0, 0), "/models"))
            while not (replies := exchange.receive(seconds=POLL_SECONDS)):
                if stop():
                    raise ColumnistError("Asking the model's server was stopped.")
        self.served = self._served(replies[0])
        self.model = RemoteModel(replace(self.model.endpoint, served=self.served))
        return self.model

    def close(self) -> None:
        """Forget the server; nothing of ours is open there between texts."""
        self.served = ""

    def use_threads(self, count: int) -> None:
        """Nothing of it runs here."""

    def turn(self, content: str) -> tuple[str, str]:
        """The turn as it is: the server has the template."""
        head, _, tail = content.partition(QUESTION)
        return head, tail

    def _connected(self, *, threads: int, tries: int | None = None) -> Exchange:
        from model.exchange import PATIENCE, Exchange

        patience = self._patience or PATIENCE
        if tries is not None:
            patience = replace(patience, tries=min(tries, patience.tries))
        return Exchange(self.model.endpoint, threads=threads, patience=patience)

    # What `generate` asks for

    @contextmanager
    def _asking(self, working: Mapping[int, Work]) -> Iterator[None]:
        self.note = ""
        self._tally = tally = Counter[str]()
        self._under_way = _UnderWay()
        exchange = self._exchange = self._connected(threads=self.requests)
        try:
            yield
        finally:
            exchange.close()
            self.note = _note(tally, exchange)

    def _has_room(self, *, eager: bool) -> bool:
        return self._exchange.waiting < self.requests * (RUSH if eager else 1)

    def _give(self, key: int, work: Work) -> None:
        for block, draw in sorted(work.waiting):
            self._send(key, block, draw)

    def _prefer(self, keys: tuple[int, ...]) -> None:
        self._exchange.hurry(keys)

    def _receive(self, *, seconds: float, stop: Stop) -> Iterator[Generation]:
        error: Exception | None = None
        for reply in self._exchange.receive(seconds=seconds):
            try:
                found = self._read(reply)
            except ColumnistError as refused:
                error = error or refused  # what has come besides is not lost
                continue
            if found is not None:
                yield found
        if error is not None:
            raise error

    def _send(self, key: int, block: int, draw: int) -> None:
        from model.exchange import Call

        prompt = self._working[key].prompt
        data = body(
            prompt,
            block,
            served=self.served,
            seed=self._seed + draw if prompt.drawn(draw) else None,
            extras=EXTRAS.keys() - self._unwanted,
        )
        self._under_way.begin((key, block, draw))
        self._exchange.send(Call((key, block, draw), "/chat/completions", data))

    # Reading

    def _read(self, reply: Reply) -> Generation | None:
        """The text that came; None where it is asked for again.

        Raises:
            ColumnistError: the server refuses, or answers nonsense.
        """
        call, endpoint = reply.call, self.model.endpoint
        if reply.error is not None:
            raise reply.error
        refused = refused_extras(reply.status, reply.data, call.body)
        if refused:
            self._unwanted |= refused
            self._send(*call.key)
            return None
        key, block, draw = call.key
        seconds = self._under_way.end(call.key)
        work = self._came(key, block, draw)
        assert work is not None  # every call is answered once
        self._tally["texts"] += 1
        if unfit(reply.status, reply.data):
            self._tally["unfit"] += 1
            return work.unfit(block, draw)
        if reply.status != 200:
            raise endpoint.refused(reply.status, reply.data)
        found = read_answer(endpoint, reply.data, work, block, draw)
        self._tally["silent"] += not found.text
        self.prompt_tokens += found.read
        self.generated_tokens += found.tokens
        return replace(found, seconds=seconds)

    def _served(self, reply: Reply) -> str:
        """The name to ask for."""
        endpoint = self.model.endpoint
        if reply.error is not None:
            raise reply.error
        if reply.status in NO_MODELS:
            return endpoint.served or "default"
        if endpoint.served and reply.status in (200, 400, 403):
            return endpoint.served  # an alias that is not listed, or no list for us
        if reply.status != 200:
            raise endpoint.refused(reply.status, reply.data)
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


class _UnderWay:
    """Time as it passes, split evenly between the requests that are under way."""

    def __init__(self) -> None:
        self._each = self._at = 0.0
        self._begun: dict[tuple[int, int, int], float] = {}

    def _pass(self) -> None:
        now = time.monotonic()
        if self._begun:
            self._each += (now - self._at) / len(self._begun)
        self._at = now

    def begin(self, key: tuple[int, int, int]) -> None:
        """A request is sent, perhaps once more."""
        self._pass()
        self._begun.setdefault(key, self._each)

    def end(self, key: tuple[int, int, int]) -> float:
        """Its part of the time since, in seconds."""
        self._pass()
        return self._each - self._begun.pop(key)


def _note(tally: Counter[str], exchange: Exchange) -> str:
    """What went otherwise than it should, for the steward; empty where all is well."""
    told, texts = [], tally["texts"]
    if unfit := tally["unfit"]:
        told.append(f"{unfit} of {texts} prompts did not fit the server's context")
    if silent := tally["silent"]:
        told.append(
            f"{silent} of {texts} answers were empty; a model that thinks before it"
            " answers must be told on the server not to"
        )
    if exchange.again:
        told.append(
            f"{exchange.again} requests were sent again; the last {exchange.why}"
        )
    return "; ".join(told)
