"""What drafts with a model: the engine on this machine, or one elsewhere.

The loop of `Writer.generate` feeds both. An engine knows how it is given a prompt and
what comes back, and says the rest by facts, so that nobody asks which engine it is.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from typing import Self

from catalog.objects import TableId
from catalog.stopping import Stop, never
from model.prompt import TURN, Generation, Prompt
from model.template import QUESTION

POLL_SECONDS = 0.01
"""How often it is asked which table is on the screen, and whether to stop."""
SOON_SECONDS = 0.005
"""The same while the next prompt is not ready."""


@dataclass(frozen=True, slots=True)
class Work:
    """A prompt that an engine has."""

    index: int
    """The prompt's, in the order in which prompts were given."""
    prompt: Prompt
    """What to write."""
    waiting: set[tuple[int, int]]
    """Block and draw of every text still to come."""

    def unfit(self, block: int, draw: int) -> Generation:
        """What comes of a text whose prompt is too long."""
        return Generation(self.index, block, "", -math.inf, 0, False, draw)


class Writer(ABC):
    """A running model; a context manager.

    Attributes:
        weighs: whether it tells how likely it would write what it is offered.
        served: once started, the name that its server has for the model, if any.
        runs_on: once started, what of this machine it runs on, as in "GPU"; or empty.
        threads: CPU threads that it was started with; 0 where none of this machine's.
        prompt_tokens: tokens read so far.
        generated_tokens: tokens written so far.
        note: what the steward should know of how it runs, or empty.
    """

    weighs = True

    def __init__(self) -> None:
        self.served = self.runs_on = ""
        self.threads = 0
        self.prompt_tokens = 0
        self.generated_tokens = 0
        self.note = ""
        # Keys are never used twice, so no late answer to a prompt that was dropped can
        # be taken for another's.
        self._keys = count()
        self._working: dict[int, Work] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def use_threads(self, count: int) -> None:
        """From the next step on, run on so many CPU threads."""

    @abstractmethod
    def start(self, *, stop: Stop = never) -> object:
        """Make it ready; what is known of it then.

        Raises:
            ColumnistError: that cannot be done, with the reason; or it was stopped.
        """

    @abstractmethod
    def close(self) -> None:
        """End it."""

    @abstractmethod
    def turn(self, content: str) -> tuple[str, str]:
        """A user's turn in the form that it takes, cut in two at `QUESTION`.

        Raises:
            ColumnistError: the model's chat template cannot be rendered.
        """

    def generate(
        self,
        prompts: Iterable[Prompt | None],
        *,
        stop: Stop = never,
        first: Callable[[], TableId | None] = lambda: None,
    ) -> Generator[Generation]:
        """Write every block of every prompt, in the order in which they end.

        Prompts are taken from the iterable as there is room for them, so it may decide
        late which comes next. A prompt too long for the model gives generations that
        are empty and incomplete. `stop` ends it within one decode step, and at once
        where a server hangs; closing the generator does too.

        Args:
            prompts: what to write. None among them says that the next is not ready
                yet; it is asked for again soon, after a `TURN`.
            stop: asked many times a second.
            first: the table whose prompts go before all others. When it changes,
                prompts are taken from the iterable beyond the usual number for as long
                as they are that table's; they rush past what is in work.

        Raises:
            ColumnistError: the engine ended, or its server refuses, answers nonsense
                or was asked in vain.
        """
        self.start(stop=stop)
        source = iter(prompts)
        index = -1
        table: TableId | None = None
        eager = exhausted = False
        working = self._working = {}
        with self._asking(working):
            while not stop():
                table, before = first(), table
                preferring = table != before
                eager = table is not None and (eager or preferring)
                waiting = False
                while not (exhausted or stop()) and self._has_room(eager=eager):
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
                    if texts := self._texts(prompt):
                        key = next(self._keys)
                        working[key] = Work(index, prompt, texts)
                        self._give(key, working[key])
                if preferring:
                    self._prefer(_of(table, working))
                if exhausted and not working:
                    return
                if waiting:
                    yield TURN
                seconds = SOON_SECONDS if waiting else POLL_SECONDS
                yield from self._receive(seconds=seconds, stop=stop)

    # What engines do each in their way

    @abstractmethod
    def _asking(self, working: Mapping[int, Work]) -> AbstractContextManager[None]:
        """Around all that is asked; what is left in work at its end is dropped."""

    @abstractmethod
    def _has_room(self, *, eager: bool) -> bool:
        """Whether another prompt can be given, now or for the table on the screen."""

    @abstractmethod
    def _give(self, key: int, work: Work) -> None:
        """Have a prompt's texts written."""

    @abstractmethod
    def _prefer(self, keys: tuple[int, ...]) -> None:
        """Let these prompts go before all others; none lets all go in turn."""

    @abstractmethod
    def _receive(self, *, seconds: float, stop: Stop) -> Iterator[Generation]:
        """What has come back, waited for so long if nothing has."""

    def _texts(self, prompt: Prompt) -> set[tuple[int, int]]:
        """Block and draw of all that comes of a prompt."""
        texts = prompt.all_texts if self.weighs else prompt.texts
        return {
            (block, draw)
            for block in range(len(prompt.blocks))
            for draw in range(texts(block))
        }

    def _came(self, key: int, block: int, draw: int) -> Work | None:
        """The work that a text is of, which does not wait for it any more.

        None where nobody waits: it was dropped, or came before.
        """
        work = self._working.get(key)
        if work is None or (block, draw) not in work.waiting:
            return None
        work.waiting.discard((block, draw))
        if not work.waiting:
            del self._working[key]
        return work


def user_turn(
    writer: Writer, head: str, blocks: Sequence[str], *, limit: int, temperature: float
) -> Prompt:
    """What an instruct model is asked, head and block together a user's turn.

    Raises:
        ColumnistError: the model's chat template cannot be rendered.
    """
    head, tail = writer.turn(head + QUESTION)
    texts = tuple(block + tail for block in blocks)
    return Prompt(head, texts, limit, temperature=temperature)


def _of(table: TableId | None, working: Mapping[int, Work]) -> tuple[int, ...]:
    """What of the work is a table's; nothing where it is none."""
    if table is None:
        return ()
    return tuple(key for key, work in working.items() if work.prompt.table == table)
