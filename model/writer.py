"""What drafts with a model: the engine on this machine, or one elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from catalog.objects import TableId
from model.prompt import Generation, Prompt
from model.prompts.long import render_chat
from model.remote import RemoteFacts
from model.template import QUESTION

if TYPE_CHECKING:
    from model.wire import ModelFacts


class Writer(Protocol):
    """A running model; a context manager. `model.engine.Engine` has the promises."""

    @property
    def facts(self) -> ModelFacts | RemoteFacts | None:
        """What it says of itself, once started."""
        ...

    @property
    def prompt_tokens(self) -> int:
        """Tokens read so far."""
        ...

    @property
    def generated_tokens(self) -> int:
        """Tokens written so far."""
        ...

    @property
    def note(self) -> str:
        """What the steward should know of how it runs, or empty."""
        ...

    def __enter__(self) -> Writer:
        """Itself."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close it."""
        ...

    def start(
        self,
        *,
        progress: Callable[[float], None] | None = None,
        stop: Callable[[], bool] = ...,
    ) -> ModelFacts | RemoteFacts:
        """Make it ready."""
        ...

    def generate(
        self,
        prompts: Iterable[Prompt | None],
        *,
        stop: Callable[[], bool] = ...,
        first: Callable[[], TableId | None] = ...,
    ) -> Generator[Generation]:
        """Write every block of every prompt, in the order in which they end.

        A `TURN` for every None among the prompts.
        """
        ...

    def close(self) -> None:
        """End it."""
        ...


def user_turn(
    writer: Writer, head: str, blocks: Sequence[str], *, limit: int, temperature: float
) -> Prompt:
    """What a running instruct model is asked, head and block together a user's turn.

    It is in the model's own template; a server has its own.
    """
    facts, tail = writer.facts, ""
    if facts is not None and not isinstance(facts, RemoteFacts):
        head, tail = render_chat(
            head + QUESTION,
            template=facts.chat_template,
            bos=facts.bos,
            eos=facts.eos,
        )
    return Prompt(
        head,
        tuple(block + tail for block in blocks),
        limit,
        temperature=temperature,
    )
