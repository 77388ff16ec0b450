"""Packed rows are what the engine decodes: blocks see the head and themselves."""

from __future__ import annotations

from typing import Any

import pytest

from model.training.packing import Group, batches, collate

torch = pytest.importorskip("torch")

from model.training.network import Network, Shape  # noqa: E402

SHAPE = Shape(vocabulary=50, width=32, layers=2, heads=2, inner=64, context=128)


@pytest.fixture
def network() -> Any:
    torch.manual_seed(0)
    made = Network(SHAPE)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made


def group(*blocks: tuple[int, ...], head: tuple[int, ...] = (1, 2, 3)) -> Group:
    return Group(head, blocks, tuple(2 for _ in blocks))


def loss_of(network: Any, batch: list[Group], ask: int) -> list[float]:
    tensors = collate(batch, pad=0)
    losses = network.losses(tensors).detach()
    found: list[float] = losses[tensors["asks"] == ask].tolist()
    return found


def test_a_blocks_loss_does_not_change_with_the_other_blocks(network: Any) -> None:
    first = (10, 11, 12, 13)
    alone = loss_of(network, [group(first)], 0)
    before = loss_of(network, [group(first, (20, 21, 22))], 0)
    other = loss_of(network, [group(first, (30, 31, 32, 33, 34))], 0)
    after = loss_of(network, [group((20, 21, 22), first)], 1)
    for found in (before, other, after):
        assert found == pytest.approx(alone, abs=1e-5)


def test_a_blocks_loss_does_not_change_with_the_batch(network: Any) -> None:
    first = group((10, 11, 12, 13))
    long = group(*[tuple(range(5, 25))] * 3, head=(4,) * 30)
    assert loss_of(network, [first, long], 0) == pytest.approx(
        loss_of(network, [first], 0), abs=1e-5
    )


def test_a_blocks_loss_does_change_with_the_head(network: Any) -> None:
    block = (10, 11, 12, 13)
    one = loss_of(network, [group(block)], 0)
    other = loss_of(network, [group(block, head=(1, 2, 4))], 0)
    assert one != pytest.approx(other, abs=1e-4)


def test_the_packed_loss_is_that_of_the_plain_sequence(network: Any) -> None:
    blocks = ((10, 11, 12, 13), (20, 21, 22))
    packed = loss_of(network, [group(*blocks)], 1)
    ids = torch.tensor([[1, 2, 3, *blocks[1]]])
    mask = torch.full((1, 1, 6, 6), float("-inf")).triu(1)
    hidden = network.hidden(ids, torch.arange(6)[None], mask)
    scores = network.logits(hidden)[0].log_softmax(-1)
    assert packed == pytest.approx([-scores[4, 22].item()], abs=1e-5)


def test_loss_is_on_descriptions_only() -> None:
    tensors = collate([group((10, 11, 12, 13), (20, 21, 22))], pad=0)
    assert tensors["labels"].tolist() == [12, 13, 22]
    assert tensors["positions"][0].tolist() == [0, 1, 2, 3, 4, 5, 6, 3, 4, 5]


def test_batches_hold_every_group_once_within_the_budget() -> None:
    groups = [group(tuple(range(2, 3 + size))) for size in range(1, 40)]
    found = list(batches(groups, tokens=120, seed=3))
    assert sorted(map(len, (g for b in found for g in b))) == sorted(map(len, groups))
    assert all(max(map(len, b)) * len(b) <= 120 for b in found)
    assert found == list(batches(groups, tokens=120, seed=3))
