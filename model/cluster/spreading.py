"""Which worker drafts which table: each is with one at a time, and comes back once.

What ended its worker may be any of the tables that it had. Those are suspected from
then on: each is tried again alone, and what was with `TRIES` workers when they ended is
given up. So one table that ends every engine costs a few workers, not the run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

TABLES_AN_ACTOR = 8
"""Most tables that a worker has at once: what an engine needs to be busy, as in
`model.engine`; and what is done once more when it is lost."""
TRIES = 3
"""A table that was with so many workers when they ended is given up."""


@dataclass(slots=True, eq=False)
class Hand:
    """A worker that can be given tables."""

    tables: set[int] = field(default_factory=set[int])
    """What it has, by key."""
    alone: bool = False
    """It has one suspected table, or is being emptied for one."""
    done: int = 0
    """Tables that it drafted."""


class Spread:
    """The tables that are not drafted yet."""

    def __init__(self) -> None:
        self.jobs: dict[int, bytes] = {}
        """What is to be done, by key."""
        self._waiting: deque[int] = deque()
        self._suspects: deque[int] = deque()
        self._strikes: dict[int, int] = {}

    def add(self, key: int, job: bytes) -> None:
        """Take in a table."""
        self.jobs[key] = job
        self._waiting.append(key)

    def assign(self, hands: Sequence[Hand]) -> list[tuple[Hand, int]]:
        """Give tables to workers that have room: the least busy first."""
        given: list[tuple[Hand, int]] = []
        if self._suspects and hands and not any(hand.alone for hand in hands):
            min(hands, key=lambda hand: len(hand.tables)).alone = True
        for hand in hands:
            if hand.alone and not hand.tables:
                if self._suspects:
                    given.append((hand, self._give(hand, self._suspects)))
                else:
                    hand.alone = False
        free = [hand for hand in hands if not hand.alone]
        while self._waiting and free:
            hand = min(free, key=lambda hand: len(hand.tables))
            if len(hand.tables) >= TABLES_AN_ACTOR:
                break
            given.append((hand, self._give(hand, self._waiting)))
        return given

    def _give(self, hand: Hand, line: deque[int]) -> int:
        key = line.popleft()
        hand.tables.add(key)
        return key

    def came(self, hand: Hand, key: int) -> bool:
        """Note that a worker drafted a table; False where it has no such table."""
        if key not in hand.tables:
            return False
        hand.tables.remove(key)
        hand.done += 1
        self._forget(key)
        return True

    def lost(self, hand: Hand, *, suspect: bool) -> list[int]:
        """Take back what a worker had that ended; which of it is given up.

        Args:
            hand: the worker, which is given nothing any more.
            suspect: whether a table may have ended it.
        """
        given_up = []
        for key in sorted(hand.tables):
            strikes = self._strikes[key] = self._strikes.get(key, 0) + suspect
            if strikes >= TRIES:
                self._forget(key)
                given_up.append(key)
            elif strikes:
                self._suspects.append(key)
            else:
                self._waiting.appendleft(key)
        hand.tables.clear()
        return given_up

    def _forget(self, key: int) -> None:
        self.jobs.pop(key, None)
        self._strikes.pop(key, None)
