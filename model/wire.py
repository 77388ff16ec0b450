"""What the engine and its child say to each other: MessagePack, checked as it is read.

The child runs native code on a file that anybody can have made. So its parent takes
nothing from it but these messages, of `LONGEST` bytes at most and each value of its
kind; the worst that it can say is a wrong text. A message is its class's name and its
fields in order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import msgspec

from model.prompt import Prompt
from model.sizes import Sizes

LONGEST = 1 << 22
"""Bytes of an answer; a model's facts with a long chat template are the longest."""
LONGEST_TEMPLATE = 200_000
"""Characters of a chat template; those of known models have a tenth at most."""
LARGEST = 1 << 53
"""Of a number that counts something; beyond it a float is not exact."""
Count = Annotated[int, msgspec.Meta(gt=-LARGEST, lt=LARGEST)]


class Message(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=True
):
    """What can be sent: nothing is in it but its fields, each of its kind."""


class ModelFacts(Message, frozen=True):
    """What a loaded model says of itself."""

    name: str
    """`general.name`, or empty."""
    description: str
    """llama.cpp's one-line description: architecture, size, quantisation."""
    parameters: Count
    """Number of weights."""
    context_trained: Count
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
    """Leave out the GPU, and kernels that crash in some builds."""
    adapter: Path | None = None
    """A LoRA adapter in GGUF, applied on top of the model."""


class Load(Message, frozen=True):
    """Load a model; the first message."""

    settings: EngineSettings
    """How."""


class Ask(Message, frozen=True):
    """Write a prompt's texts."""

    key: Count
    """The parent's number for it, never used twice."""
    prompt: Prompt
    """Without its table, which is the parent's to know."""


class Prefer(Message, frozen=True):
    """Let these prompts go before all others."""

    keys: tuple[Count, ...]
    """Of prompts in work; none lets all go in turn."""


class Cancel(Message, frozen=True):
    """Drop these prompts."""

    keys: tuple[Count, ...]
    """Of prompts, in work or not."""


class UseThreads(Message, frozen=True):
    """Run on so many CPU threads."""

    count: Count
    """From the next step on."""


class Quit(Message, frozen=True):
    """End."""


Request = Load | Ask | Prefer | Cancel | UseThreads | Quit

# From the child


class Ready(Message, frozen=True):
    """The model is loaded, and a batch was tried."""

    facts: ModelFacts
    """Of the model."""
    holds: str
    """What keeps the child from the network and from others (`model.box`)."""


class Failed(Message, frozen=True):
    """It cannot be done, and the child ends."""

    reason: str
    """Why, as far as llama.cpp said."""


class Wrote(Message, frozen=True):
    """A text is written."""

    key: Count
    """The prompt's."""
    block: Count
    """Index of its block."""
    draw: Count
    """Which of the block's texts it is."""
    text: str
    """The text."""
    logprob: float
    """Mean of its tokens', in nats."""
    tokens: Count
    """How many it has."""
    complete: bool
    """False where the limit cut it off."""
    read: Annotated[int, msgspec.Meta(ge=0, lt=LARGEST)] = 0
    """Tokens read for it, its part of the head's among them."""
    seconds: Annotated[float, msgspec.Meta(ge=0, lt=LARGEST)] = 0.0
    """Its part of the steps it was in."""

    def __post_init__(self) -> None:
        # Broken weights give no number: as unlikely as can be.
        if not math.isfinite(self.logprob):
            msgspec.structs.force_setattr(self, "logprob", -math.inf)


class Unfit(Message, frozen=True):
    """A prompt is too long for the context."""

    key: Count
    """The prompt's."""


class Spent(Message, frozen=True):
    """Tokens of a step."""

    read: Count
    """Of prompts."""
    written: Count
    """Of texts."""


Answer = Ready | Failed | Wrote | Unfit | Spent


def send(pipe: Connection[Any, Any], message: Request | Answer) -> None:
    """Say one message."""
    pipe.send_bytes(packed(message))


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


def packed(message: Message) -> bytes:
    """A message as it is sent; half a character becomes a question mark."""
    try:
        return msgspec.msgpack.encode(message, enc_hook=str)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(message, enc_hook=str)
        return msgspec.msgpack.encode(_whole(plain))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def read(kinds: Any, data: bytes) -> Any:
    """The message that was sent, of one of these kinds.

    Raises:
        ValueError: it is none of them.
    """
    try:
        return _decoder(kinds).decode(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("said what no engine says") from error


@cache
def _decoder(kinds: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kinds, dec_hook=lambda kind, said: kind(said))
