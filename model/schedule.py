"""Which tokens go into the next decode step: continuous batching on shared prefixes.

Pure policy: no llama.cpp, no text. A prompt's head is decoded once; each of its blocks
becomes a stream, a sequence that shares the head's KV cells. Every step packs one token
of each writing stream first, then the starts of new streams, then heads, up to the
batch size, and never reserves more KV cells than the context has.

A prompt that somebody waits for (`prefer`) rushes: until it is written all others stand
still, their cells kept, so that a step holds little else and is short.

Beside what it writes, a block may have texts that are only weighed: their tokens are
fed at once, to learn how likely the model would have been to write them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

Tokens = tuple[int, ...]
"""Token ids."""
FLOOR = -4.0
"""A text to weigh whose first token is less likely, in nats, is read no further."""


@dataclass(slots=True, eq=False)
class Stream:
    """One description being written."""

    key: int
    """The prompt's key."""
    block: int
    """Index of the block in its prompt."""
    draw: int
    """Which of the block's texts this is, from 0."""
    sequence: int
    """KV sequence id."""
    position: int
    """Position of the next token to feed."""
    pending: deque[int]
    """Tokens to feed: the rest of the block's start, or the token written last."""
    limit: int
    """Most tokens to write."""
    reserved: int
    """KV cells set aside for it."""
    given: Tokens = ()
    """The tokens of a text that is only weighed, its end included."""
    others: list[tuple[int, Tokens]] = field(default_factory=list[tuple[int, Tokens]])
    """Sequence ids of the block's other texts, which part from this one when the block
    is read: each takes a first token of its own from the same answer, or the first of
    those it is given."""
    written: list[int] = field(default_factory=list[int])
    """Tokens written so far."""
    logprob: float = 0.0
    """Sum of their log-probabilities, in nats."""
    read: int = 0
    """Tokens fed so far that the model did not choose; at its end with its part of the
    head's."""
    seconds: float = 0.0
    """Its part of the steps so far, by the rows it had in them; at its end with its
    part of the head's."""

    @property
    def cells(self) -> int:
        """KV cells set aside for it and for what has not parted from it."""
        return self.reserved + sum(_cells(self.reserved, t) for _, t in self.others)


def _cells(written: int, given: Tokens) -> int:
    """KV cells of a text: of one that is written, or of what is given."""
    return len(given) or written


@dataclass(frozen=True, slots=True)
class _Block:
    index: int
    tokens: Tokens
    limit: int
    others: tuple[Tokens, ...]

    @property
    def each(self) -> int:
        """KV cells of a text that is written."""
        return len(self.tokens) + self.limit

    @property
    def cells(self) -> int:
        return self.each + sum(_cells(self.each, given) for given in self.others)


@dataclass(slots=True, eq=False)
class _Head:
    key: int
    tokens: list[int]
    waiting: deque[_Block]
    blocks: int = field(init=False)
    sequence: int = -1
    decoded: int = 0
    streams: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.blocks = len(self.waiting)

    def share(self, block: int) -> tuple[int, float]:
        """A block's part of the tokens and seconds; all parts together are all."""
        each, rest = divmod(len(self.tokens), self.blocks)
        return each + (block < rest), self.seconds / self.blocks

    @property
    def need(self) -> int:
        """KV cells of the head and the largest of its blocks."""
        return len(self.tokens) + max(block.cells for block in self.waiting)

    @property
    def ready(self) -> bool:
        return self.sequence >= 0 and self.decoded == len(self.tokens)


@dataclass(frozen=True, slots=True)
class StepToken:
    """One token of a step."""

    token: int
    """Token id."""
    position: int
    """Position in its sequence."""
    sequence: int
    """KV sequence id."""
    writes: bool
    """Whether the model's answer to this token is wanted."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do before and in one decode call."""

    copies: tuple[tuple[int, int], ...]
    """(from, to) sequence ids: share the whole head's cells, before decoding."""
    rows: tuple[StepToken, ...]
    """The batch."""
    streams: tuple[Stream, ...]
    """The streams that the writing rows belong to, in the rows' order; one whose text
    is given has a row for each of its tokens."""
    given: tuple[tuple[int | None, ...], ...]
    """For each of them the tokens of its own text and of its `others` that follow, as
    given; None is the model's to choose."""
    fed: tuple[tuple[Stream | _Head, int], ...] = ()
    """How many of the rows are whose."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What to do after a step, in this order."""

    parted: tuple[tuple[int, int], ...]
    """(from, to) sequence ids: share all cells; the texts go apart from here."""
    ended: tuple[tuple[Stream, bool], ...]
    """Streams that ended, each with whether it ended by itself, not at its limit."""
    released: tuple[int, ...]
    """Sequence ids whose cells can be given back."""


def _following(stream: Stream) -> tuple[int | None, ...]:
    """What is given to follow the token fed last, in it and in its other texts."""
    if stream.given:
        return (stream.given[-1 - len(stream.pending)],)
    return (None, *(given[0] if given else None for _, given in stream.others))


class _Packing:
    """A step in the making."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.rows: list[StepToken] = []
        self.copies: list[tuple[int, int]] = []
        self._writers: list[Stream] = []
        self._given: list[tuple[int | None, ...]] = []
        self._fed: list[tuple[Stream | _Head, int]] = []

    @property
    def room(self) -> bool:
        return len(self.rows) < self._size

    def feed(self, stream: Stream) -> None:
        before = len(self.rows)
        while stream.pending and self.room:
            token = stream.pending.popleft()
            writes = bool(stream.given) or not stream.pending
            self.rows.append(StepToken(token, stream.position, stream.sequence, writes))
            stream.position += 1
            stream.read += bool(stream.given) or not writes
            if writes:
                self._writers.append(stream)
                self._given.append(_following(stream))
        self._fed.append((stream, len(self.rows) - before))

    def prefill(self, head: _Head) -> None:
        before = len(self.rows)
        while head.decoded < len(head.tokens) and self.room:
            token = head.tokens[head.decoded]
            self.rows.append(StepToken(token, head.decoded, head.sequence, False))
            head.decoded += 1
        self._fed.append((head, len(self.rows) - before))

    def step(self) -> Step:
        return Step(
            tuple(self.copies),
            tuple(self.rows),
            tuple(self._writers),
            tuple(self._given),
            tuple(self._fed),
        )


class Scheduler:
    """Holds the prompts in work and says what each step decodes.

    Args:
        cells: KV cells of the context, shared by all sequences.
        sequences: sequence ids that may be used, heads and streams together (>= 2).
        batch: most tokens a step.
        kept: cells, and sequence ids, that only a preferred prompt may use while others
            run.
    """

    def __init__(
        self, *, cells: int, sequences: int, batch: int, kept: tuple[int, int] = (0, 0)
    ) -> None:
        self._free_cells = self._cells = cells
        self._batch = batch
        self._kept = kept
        self._preferred: frozenset[int] = frozenset()
        self._sequences = sequences
        self._free_sequences = list(range(sequences - 1, -1, -1))
        self._queued: deque[_Head] = deque()
        self._resident: list[_Head] = []
        self._streams: list[Stream] = []

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do."""
        return not (self._queued or self._resident)

    def add(
        self,
        key: int,
        head: Sequence[int],
        blocks: Sequence[Sequence[int]],
        *,
        limit: int,
        others: Sequence[Sequence[Sequence[int]]] | None = None,
    ) -> bool:
        """Queue a prompt; False where it can never fit.

        Args:
            key: names the prompt.
            head: tokens that all blocks share.
            blocks: tokens of each block.
            limit: most tokens of a text.
            others: of each block, its texts besides a first: the tokens of one that is
                only weighed, none for one that is written.
        """
        if not head or not blocks or not all(blocks):
            return False
        waiting = deque(
            _Block(index, tuple(block), limit, tuple(map(tuple, besides)))
            for index, (block, besides) in enumerate(
                zip(blocks, others or [()] * len(blocks), strict=True)
            )
        )
        entry = _Head(key, list(head), waiting)
        most = max(1 + len(block.others) for block in waiting)
        if most >= self._sequences or entry.need > self._cells:
            return False
        self._queued.append(entry)
        return True

    def cancel(self, key: int) -> list[int]:
        """Drop a prompt; the sequence ids whose cells can be given back."""
        self._queued = deque(head for head in self._queued if head.key != key)
        dropped = [stream for stream in self._streams if stream.key == key]
        released = [self._drop(stream) for stream in dropped]
        for head in [head for head in self._resident if head.key == key]:
            head.waiting.clear()
            head.streams = 0
            released.append(self._retire(head))
        return released

    def prefer(self, keys: Collection[int]) -> None:
        """Let these prompts, once they are added, go before all others."""
        self._preferred = frozenset(keys)

    def next_step(self) -> Step:
        """The next batch; empty rows only where nothing is left to do."""
        packing = _Packing(self._batch)
        if any(h.key in self._preferred for h in (*self._resident, *self._queued)):
            self._pack(packing, self._preferred)
            if not packing.rows:
                # It waits for room, which those in work give as they end.
                for stream in self._streams:
                    packing.feed(stream)
        if not packing.rows:
            self._pack(packing, None)
        return packing.step()

    def _pack(self, packing: _Packing, keys: Collection[int] | None) -> None:
        """Fill a step with the work of some prompts; None is all."""
        kept = (0, 0) if keys else self._kept
        for stream in self._streams:
            if keys is None or stream.key in keys:
                packing.feed(stream)
        heads = [h for h in self._resident if keys is None or h.key in keys]
        for head in heads:
            while head.ready and head.waiting and packing.room:
                admitted = self._admit(head, kept)
                if admitted is None:
                    break
                packing.copies.append((head.sequence, admitted.sequence))
                packing.feed(admitted)
        for head in heads:
            packing.prefill(head)
        # While one has blocks waiting for room, no new one is taken in, so heads can
        # never fill the context and leave no room for what they are for.
        for head in [h for h in self._queued if keys is None or h.key in keys]:
            if not packing.room or any(h.waiting for h in heads):
                break
            if not self._take(head, kept):
                break
            heads.append(head)
            packing.prefill(head)

    def took(
        self,
        step: Step,
        choices: Sequence[Sequence[tuple[int, float]]],
        *,
        ends: Callable[[Stream, int], bool],
        seconds: float = 0.0,
    ) -> Taken:
        """Take in what the model wrote for a step's streams.

        Args:
            step: what was decoded.
            choices: for each of its streams token and log-probability; first for the
                stream itself, then for each of its `others`.
            ends: whether a token ends a stream.
            seconds: what the step took.
        """
        for work, rows in step.fed:
            work.seconds += seconds * rows / len(step.rows) if rows else 0.0
        parted: list[tuple[int, int]] = []
        ended: list[tuple[Stream, bool]] = []
        released: list[int] = []
        written: list[tuple[Stream, int, float]] = []
        for stream, chosen in zip(step.streams, choices, strict=True):
            others = self._part(stream)
            parted += [(stream.sequence, other.sequence) for other in others]
            written += [
                (each, *choice)
                for each, choice in zip([stream, *others], chosen, strict=True)
            ]
        for stream, token, logprob in written:
            stream.logprob += logprob
            stream.written.append(token)
            if stream.given:
                complete = len(stream.written) == len(stream.given)
                if not complete and (len(stream.written) > 1 or logprob >= FLOOR):
                    continue
            else:
                complete = ends(stream, token)
                if not complete and len(stream.written) < stream.limit:
                    stream.pending.append(token)
                    continue
            ended.append((stream, complete))
            released.append(self._drop(stream))
            head = next(h for h in self._resident if h.key == stream.key)
            if not stream.draw:
                read, spent = head.share(stream.block)
                stream.read += read
                stream.seconds += spent
            head.streams -= 1
            if not head.streams and not head.waiting:
                released.append(self._retire(head))
        return Taken(tuple(parted), tuple(ended), tuple(released))

    def _part(self, stream: Stream) -> list[Stream]:
        """Start the other texts of a stream's block; none where that was done."""
        head = next(h for h in self._resident if h.key == stream.key)
        others = [
            replace(
                stream,
                draw=draw,
                sequence=sequence,
                pending=deque(given[:-1]),
                reserved=_cells(stream.reserved, given),
                given=given,
                others=[],
                written=[],
                read=0,
                seconds=0.0,
            )
            for draw, (sequence, given) in enumerate(stream.others, 1)
        ]
        stream.others = []
        head.streams += len(others)
        self._streams += others
        return others

    def _admit(self, head: _Head, kept: tuple[int, int]) -> Stream | None:
        """Start the next block of a decoded head, where there is room."""
        block = head.waiting[0]
        kept_cells, kept_sequences = kept if self._streams else (0, 0)
        if (
            len(self._free_sequences) - kept_sequences <= len(block.others)
            or block.cells > self._free_cells - kept_cells
        ):
            return None
        head.waiting.popleft()
        head.streams += 1
        self._free_cells -= block.cells
        stream = Stream(
            head.key,
            block.index,
            0,
            self._free_sequences.pop(),
            len(head.tokens),
            deque(block.tokens),
            block.limit,
            block.each,
            others=[(self._free_sequences.pop(), given) for given in block.others],
        )
        self._streams.append(stream)
        return stream

    def _take(self, head: _Head, kept: tuple[int, int]) -> bool:
        """Make a queued head resident, if it and one of its blocks fit."""
        most = max(1 + len(block.others) for block in head.waiting)
        kept_cells, kept_sequences = kept if self._resident else (0, 0)
        if (
            len(self._free_sequences) - kept_sequences <= most
            or head.need > self._free_cells - kept_cells
        ):
            return False
        self._queued.remove(head)
        head.sequence = self._free_sequences.pop()
        self._free_cells -= len(head.tokens)
        self._resident.append(head)
        return True

    def _drop(self, stream: Stream) -> int:
        self._streams.remove(stream)
        # Texts that never parted hold no cells, only what was set aside for them.
        self._free_cells += stream.cells
        self._free_sequences += [stream.sequence, *(s for s, _ in stream.others)]
        return stream.sequence

    def _retire(self, head: _Head) -> int:
        self._resident.remove(head)
        self._free_cells += len(head.tokens)
        self._free_sequences.append(head.sequence)
        return head.sequence
