"""The endless, repeatable order in which tables are learned from.

Everything depends on the seed and on how many pools were made, so a run that was killed
goes on with exactly the groups that it would have had.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from model.training.corpus import Documented
from model.training.examples import by_rules, real, synthetic
from model.training.packing import Encode, Group, batches

POOL = 768
"""Groups made at a time, then sorted by length into batches."""


@dataclass(slots=True)
class Place:
    """Where in the stream a run is; all a checkpoint needs to go on there."""

    pool: int = 0
    """Pools made before this one."""
    batch: int = 0
    """Batches of this pool that were learned from."""
    table: int = 0
    """Tables of the corpus that were drawn before this pool."""
    extra: int = 0
    """Tables of the second data set that were drawn before this pool."""
    done: float = 0.0
    """Share of the run that was over when this pool was made."""

    def to_json(self) -> dict[str, Any]:
        """The fields as they are stored."""
        return asdict(self)


class Stream:
    """Batches of groups: copying first, then real texts in a rising share.

    Args:
        tables: what is learned from.
        extra: a second set, such as synthesized examples; may be empty.
        encode: text to token ids.
        seed: makes the order.
        tokens: most tokens of a batch.
        copy_until: share of the run until which random-word tables prevail.
        extra_share: share of the tables drawn from `extra`.
        rules_share: share of the tables that come with the rules' sentences.
        place: where to go on.
    """

    def __init__(
        self,
        tables: Sequence[Documented],
        extra: Sequence[Documented],
        encode: Encode,
        *,
        seed: int,
        tokens: int,
        copy_until: float,
        extra_share: float,
        rules_share: float,
        place: Place,
    ) -> None:
        self._tables = tables
        self._extra = extra
        self._encode = encode
        self._seed = seed
        self._tokens = tokens
        self._copy_until = copy_until
        self._extra_share = extra_share if extra else 0.0
        self._rules_share = rules_share
        self.place = place

    def batches(self, done: float) -> Iterator[list[Group]]:
        """The rest of the present pool, each batch counted as it is given out.

        `done` is the share of the run that is over; a pool that was begun earlier keeps
        the share that it was made with.
        """
        place = self.place
        if place.batch == 0:
            place.done = done
        pool, table, extra = self._pool(place)
        chosen = list(batches(pool, tokens=self._tokens, seed=self._seed + place.pool))
        for batch in chosen[place.batch :]:
            place.batch += 1
            yield batch
        self.place = Place(place.pool + 1, 0, table, extra)

    def _pool(self, place: Place) -> tuple[list[Group], int, int]:
        """A pool's groups, and how many tables were drawn after it."""
        rng = random.Random(f"{self._seed} {place.pool}")
        early = 0.0
        if self._copy_until:
            early = max(0.0, 1 - place.done / self._copy_until)
        made_up = 0.06 + 0.74 * early + 0.14 * max(0.0, 1 - place.done / 0.6)
        swap = 0.25 + 0.4 * max(0.0, 1 - place.done / 0.7)
        table, extra = place.table, place.extra
        pool: list[Group] = []
        while len(pool) < POOL:
            if rng.random() < made_up:
                pool.append(synthetic(rng, self._encode))
                continue
            if rng.random() < self._extra_share:
                documented = self._extra[self._at(extra, len(self._extra))]
                extra += 1
            else:
                documented = self._tables[self._at(table, len(self._tables))]
                table += 1
            if self._rules_share and rng.random() < self._rules_share:
                groups = iter([by_rules(documented, rng, self._encode)])
            else:
                groups = real(documented, rng, self._encode, swap=swap)
            pool += [group for group in groups if group.blocks]
        return pool, table, extra

    def _at(self, drawn: int, size: int) -> int:
        """Which table comes after so many: a new order in every pass."""
        turn, within = divmod(drawn, size)
        return _shuffled(size, self._seed, turn)[within]


_last: dict[tuple[int, int, int], list[int]] = {}


def _shuffled(size: int, seed: int, turn: int) -> list[int]:
    """The order of one pass; the last few are kept, as they are long."""
    key = (size, seed, turn)
    if key not in _last:
        while len(_last) > 4:
            _last.pop(next(iter(_last)))
        order = list(range(size))
        random.Random(f"{seed} order {turn}").shuffle(order)
        _last[key] = order
    return _last[key]
