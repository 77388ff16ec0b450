"""What the engine and its child say to each other: JSON, checked as it is read.

The child runs native code on a file that anybody can have made. So its parent takes
nothing from it but these messages, of `LONGEST` bytes at most and each value of its
kind; the worst that it can say is a wrong text. A message is its class's name and its
fields in order.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, is_dataclass
from functools import cache
from multiprocessing.connection import Connection
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from model.prompt import Prompt
from model.sizes import Sizes

LONGEST = 1 << 22
"""Bytes of an answer; a model's facts with a long chat template are the longest."""
LONGEST_TEMPLATE = 200_000
"""Characters of a chat template; those of known models have a tenth at most."""
LARGEST = 1 << 53
"""Of a number that counts something; beyond it a float is not exact."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a loaded model says of itself."""

    name: str
    """`general.name`, or empty."""
    description: str
    """llama.cpp's one-line description: architecture, size, quantisation."""
    parameters: int
    """Number of weights."""
    context_trained: int
    """Longest context it was trained with, in tokens."""
    chat_template: str | None
    """Jinja source of its chat template, cut where it is too long; or None."""
    bos: str
    """Text of its begin token, or empty."""
    eos: str
    """Text of its end token, or empty."""
    offloads: bool
    """Whether this build of llama.cpp can use a GPU."""
    sizes: Sizes
    """How large its context is, and why."""


# From the parent


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How the child loads its model; the first message."""

    path: str
    """The GGUF file."""
    gpu_layers: int
    """Layers on the GPU; -1 is all."""
    asked: dict[str, int | str]
    """Sizes that the steward asks for; the others are chosen."""
    safe: bool
    """Leave out the kernels that crash in some builds."""
    seed: int
    """Seed of sampled (not greedy) texts."""
    adapter: str | None = None
    """A LoRA adapter in GGUF."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Write a prompt's texts."""

    key: int
    """The parent's number for it, never used twice."""
    prompt: Prompt
    """Without its table, which is the parent's to know."""


@dataclass(frozen=True, slots=True)
class Prefer:
    """Let these prompts go before all others."""

    keys: tuple[int, ...]
    """Of prompts in work; none lets all go in turn."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop these prompts."""

    keys: tuple[int, ...]
    """Of prompts, in work or not."""


@dataclass(frozen=True, slots=True)
class UseThreads:
    """Run on so many CPU threads."""

    count: int
    """From the next step on."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End."""


Request = WorkerSettings | Ask | Prefer | Cancel | UseThreads | Quit

# From the child


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded, and a batch was tried."""

    facts: ModelFacts
    """Of the model."""
    holds: str
    """What keeps the child from the network and from others (`model.box`)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot be done, and the child ends."""

    reason: str
    """Why, as far as llama.cpp said."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """A text is written."""

    key: int
    """The prompt's."""
    block: int
    """Index of its block."""
    draw: int
    """Which of the block's texts it is."""
    text: str
    """The text."""
    logprob: float
    """Mean of its tokens', in nats."""
    tokens: int
    """How many it has."""
    complete: bool
    """False where the limit cut it off."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A prompt is too long for the context."""

    key: int
    """The prompt's."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens of a step."""

    read: int
    """Of prompts."""
    written: int
    """Of texts."""


Answer = Ready | Failed | Wrote | Unfit | Spent


def send(pipe: Connection[Any, Any], message: Request | Answer) -> None:
    """Say one message."""
    pipe.send_bytes(text(message).encode("ascii"))


def request(pipe: Connection[Any, Any]) -> Request:
    """The next message of the parent.

    Raises:
        EOFError: it has hung up.
    """
    found: Request = read(Request, pipe.recv_bytes())
    return found


def answer(pipe: Connection[Any, Any]) -> Answer:
    """The next message of the child.

    Raises:
        ValueError: it is none, or too long.
        EOFError: the child has hung up.
    """
    try:
        data = pipe.recv_bytes(LONGEST)
    except OSError as error:
        if str(error) == "bad message length":  # a crash in a message ends it early
            raise ValueError("said more at once than an engine does") from error
        raise
    found: Answer = read(Answer, data)
    return found


def _values(message: Any) -> list[Any]:
    """The fields of a dataclass, which JSON does not know."""
    kind: Any = type(message)
    return [getattr(message, name) for name in _kinds(kind)]


_JSON = json.JSONEncoder(default=_values)


def text(message: Any) -> str:
    """A message as it is sent, in ASCII."""
    return _JSON.encode([type(message).__name__, message])


def read(kinds: Any, data: bytes) -> Any:
    """The message that was sent, of one of these kinds.

    Raises:
        ValueError: it is none of them.
    """
    try:
        name, values = json.loads(data.decode("ascii"))
        return _value(_named(kinds)[name], values)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError("said what no engine says") from error


def _value(kind: Any, value: Any) -> Any:
    """A JSON value as the kind that was declared for it.

    Raises:
        ValueError: it is of another kind.
    """
    if type(value) is not kind:
        return _compound(kind, value)
    if kind is int and abs(value) >= LARGEST:
        raise ValueError(kind)
    if kind is float and not math.isfinite(value):
        return -math.inf  # broken weights give no number: as unlikely as can be
    if kind is str:
        return value.encode("utf-8", "replace").decode("utf-8")  # no half characters
    return value


def _compound(kind: Any, value: Any) -> Any:
    """The same for kinds that JSON does not have."""
    origin, within = get_origin(kind), get_args(kind)
    if origin is UnionType and type(value) in within:
        return _value(type(value), value)
    if origin is UnionType:
        return _value(within[0], value)
    if origin is dict and type(value) is dict:
        return {name: _value(within[1], each) for name, each in value.items()}
    if origin is tuple and type(value) is list:
        return tuple(_value(within[0], each) for each in value)
    if is_dataclass(kind) and type(value) is list:
        made: Any = kind
        inner = zip(_kinds(made).values(), value, strict=True)
        return made(*(_value(*pair) for pair in inner))
    raise ValueError(kind)


@cache
def _named(kinds: Any) -> dict[str, Any]:
    """Messages by their names."""
    return {kind.__name__: kind for kind in get_args(kinds) or (kinds,)}


@cache
def _kinds(kind: Any) -> dict[str, Any]:
    """The kinds of a dataclass's fields, in order."""
    return get_type_hints(kind)
