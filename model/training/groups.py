"""What is learned from: tables as groups of a head and its blocks, packed into rows.

A group is a prompt as the engine decodes it: the head once, then blocks that each see
the head and themselves. A row holds whole groups; its mask keeps every block from all
others, and the positions of each block go on where its head ends, so that a row's
logits are those of its prompts one by one. The loss is on the texts and their end.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from catalog.objects import Profile, Target
from model.nearest import Nearest, example_of
from model.prompts import compact
from model.rules import sure_sentence
from model.teacher_set import Described
from model.training.source import Tokens
from model.training.teacher_file import STEWARD

COLUMNS = 24
"""Most columns of a table that are learned at a time."""
HEAD, ABOUT, TEXT = 260, 80, 60
"""Most tokens of a head, a table's text and a column's."""
PLAIN = 0.3
"""Share of blocks that are shown without an example, as there is not always one."""
NOTED = 0.12
"""Share of tables whose text is in the head, as a comment is, and not asked for."""


@dataclass(frozen=True, slots=True)
class Block:
    """One text with what is asked for it."""

    prompt: tuple[int, ...]
    """Token ids of the block up to its text."""
    answer: tuple[int, ...]
    """Token ids of the text and the end."""
    weight: float
    """What each token of the answer counts in the loss."""

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True, slots=True)
class Group:
    """A head and its blocks."""

    head: tuple[int, ...]
    """Token ids of the head."""
    blocks: tuple[Block, ...]
    """One for each text."""

    def __len__(self) -> int:
        return len(self.head) + sum(map(len, self.blocks))


@dataclass(frozen=True, slots=True)
class Row:
    """Whole groups as the tensors of one forward pass."""

    ids: Any
    """Token ids, [1, tokens]."""
    positions: Any
    """Their positions, [1, tokens]."""
    mask: Any
    """What each token sees, [1, 1, tokens, tokens]."""
    asked: Any
    """The places whose next token is learned."""
    labels: Any
    """That next token, for each of them."""
    weights: Any
    """What each of them counts."""

    def __len__(self) -> int:
        return int(self.ids.shape[1])

    def to(self, device: str) -> Row:
        """The same row on a device."""
        moved = (getattr(self, name).to(device) for name in Row.__slots__)
        return Row(*moved)


class Groups:
    """Makes groups of tables, with the nearest texts of other sources as examples.

    A steward's table is asked as in a house: with the nearest text of the steward's
    other tables, always. So what is taught is to write as the example does, and what
    was learned before stays where the examples are others.

    Args:
        tables: what is learned, and where examples are looked for.
        tokens: the base's tokenizer.
        asked: only learn what the model is asked in use: no text of a table, and of no
            column whose name says the same everywhere.
    """

    def __init__(
        self, tables: Iterable[Described], tokens: Tokens, *, asked: bool = False
    ) -> None:
        self._tokens = tokens
        self._asked = asked
        self._end = tokens.encode(tokens.eos)
        self._index, self._house = Nearest(), Nearest()
        self._examples: dict[tuple[str, Target], str | None] = {}
        for each in tables:
            index = self._house if _is_steward(each) else self._index
            for name, text in each.texts.items():
                target = _target(each, name)
                index.add(example_of(each.table, target, text, origin=_origin(each)))

    def make(self, each: Described, rng: random.Random) -> Group:
        """A table as it is learned this time: chance takes columns and examples."""
        table, columns = each.table, each.table.columns
        if len(columns) > COLUMNS:
            first = rng.randrange(len(columns) - COLUMNS + 1)
            columns = columns[first : first + COLUMNS]
        names: list[str | None] = [
            c.name
            for c in columns
            if c.name in each.texts
            and not (self._asked and sure_sentence(each.table, c))
        ]
        if about := each.texts.get(None):
            if names and rng.random() < NOTED:
                table = replace(table, comment=about)
            elif not self._asked:
                names.insert(0, None)
        head = self._tokens.encode(compact.head(table, columns))[:HEAD]
        blocks = tuple(self._block(each, name, rng) for name in names)
        return Group(tuple(head), blocks)

    def _block(self, each: Described, name: str | None, rng: random.Random) -> Block:
        target = _target(each, name)
        codes = each.codes.get(name or "")
        prompt = compact.block(
            each.table,
            target,
            Profile(0, 0.0, 0, codes=codes) if codes else None,
            example=self._example(each, target)
            if _is_steward(each) or rng.random() >= PLAIN
            else None,
        )
        # A text can spell no token of its own.
        text = compact.one_line(each.texts[name], 2000)
        most = ABOUT if name is None else TEXT
        answer = self._tokens.encode(f" {text}")[:most] + self._end
        return Block(tuple(self._tokens.encode(prompt)), tuple(answer), each.weight)

    def _example(self, each: Described, target: Target) -> str | None:
        if _is_steward(each):
            # Few, and the same for as long as the steward decides no more.
            return self._house.house_line(each.table, target, skip=_origin(each))
        key = each.source, target
        if key not in self._examples:
            asked = example_of(each.table, target, "", origin="")
            found = self._index.find(asked, skip=each.source)
            self._examples[key] = (
                compact.example_line(found.name, found.table, found.text)
                if found
                else None
            )
        return self._examples[key]


def _is_steward(each: Described) -> bool:
    return each.facets.get("kind") == STEWARD


def _origin(each: Described) -> str:
    """What examples are not taken from: the source, of a steward's the table."""
    return str(each.table.id) if _is_steward(each) else each.source


def _target(each: Described, name: str | None) -> Target:
    column = each.table.column(name) if name is not None else None
    return column.id if column is not None else each.table.id


Place = tuple[int, int]
"""How often all tables were learned, and how many of them since."""


def steps(
    count: int,
    make: Callable[[int, random.Random], Group],
    *,
    tokens: int,
    seed: int,
    place: Place = (0, 0),
) -> Iterator[tuple[Place, list[Group]]]:
    """The groups of one step after the other, without end, and the place after each.

    The same seed gives the same steps, from whatever place they go on.

    Args:
        count: how many tables there are.
        make: makes the group of a table by its number.
        tokens: of a step, at most, unless a single table has more.
        seed: of the order, and of what `make` is given.
        place: where to go on.
    """
    epoch, start = place
    while True:
        order = list(range(count))
        random.Random(f"{seed} {epoch}").shuffle(order)
        found: list[Group] = []
        for at in range(start, count):
            group = make(order[at], random.Random(f"{seed} {epoch} {order[at]}"))
            if not group.blocks:
                continue
            if found and sum(map(len, found)) + len(group) > tokens:
                yield (epoch, at), found
                found = []
            found.append(group)
        epoch, start = epoch + 1, 0
        if found:
            yield (epoch, 0), found


def rows(groups: Sequence[Group], *, tokens: int) -> list[Row]:
    """The groups in rows of so many tokens at most; a larger one has its own."""
    runs: list[list[Group]] = []
    for group in groups:
        if runs and sum(map(len, runs[-1])) + len(group) <= tokens:
            runs[-1].append(group)
        else:
            runs.append([group])
    return [pack(run) for run in runs]


def pack(groups: Iterable[Group]) -> Row:
    """Groups as one row."""
    ids: list[int] = []
    positions: list[int] = []
    tables: list[int] = []
    parts: list[int] = []  # 0 is a head
    asked: list[int] = []
    weights: list[float] = []
    for number, group in enumerate(groups):
        size = len(group.head)
        ids += group.head
        positions += range(size)
        parts += [0] * size
        for block in group.blocks:
            begin = len(ids) + len(block.prompt)
            asked += range(begin - 1, begin - 1 + len(block.answer))
            weights += [block.weight] * len(block.answer)
            ids += (*block.prompt, *block.answer)
            positions += range(size, size + len(block))
            parts += [begin] * len(block)
        tables += [number] * len(group)
    token, table, part = map(torch.tensor, (ids, tables, parts))
    mask = table[:, None] == table
    mask &= (part == 0) | (part[:, None] == part)
    places = torch.tensor(asked)
    return Row(
        token[None],
        torch.tensor(positions)[None],
        mask.tril()[None, None],
        places,
        token[places + 1],
        torch.tensor(weights),
    )
