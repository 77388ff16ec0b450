"""Muon for the matrices of the layers, AdamW for the embedding and the norms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from model.training.network import Network


def orthogonal(matrices: Tensor, *, steps: int = 5) -> Tensor:
    """Nearest orthogonal matrices, roughly, by the quintic Newton-Schulz iteration.

    Coefficients as in Keller Jordan's Muon; the last two dimensions are the matrix.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    for _ in range(steps):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x


class Muon:
    """Momentum, made orthogonal; matrices of one shape are stepped together."""

    def __init__(self, matrices: Iterable[Tensor], *, momentum: float = 0.95) -> None:
        self.momentum = momentum
        self.groups: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
        for matrix in matrices:
            self.groups[tuple(matrix.shape)].append(matrix)
        self.buffers = {
            shape: torch.zeros(len(group), *shape, device=group[0].device)
            for shape, group in self.groups.items()
        }

    # torch has no types here, so its decorator is Any
    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, rate: float, *, decay: float = 0.0) -> None:
        """One update; gradients are taken from the parameters and cleared."""
        for shape, group in self.groups.items():
            gradient = torch.stack([parameter.grad for parameter in group])
            buffer = self.buffers[shape]
            buffer.lerp_(gradient, 1 - self.momentum)
            mixed = gradient.lerp(buffer, self.momentum)  # Nesterov
            # qkv and gate_up hold several matrices one above the other.
            rows, columns = shape
            parts = max(1, rows // columns) if rows % columns == 0 else 1
            parts = 2 if parts == 1 and rows > 2 * columns else parts
            cut = mixed.view(len(group) * parts, rows // parts, columns)
            scale = max(1.0, rows / parts / columns) ** 0.5
            update = orthogonal(cut).view(len(group), rows, columns) * scale
            for index, parameter in enumerate(group):
                parameter.mul_(1 - rate * decay).sub_(rate * update[index])
                parameter.grad = None

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"buffers": self.buffers}

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of `state`."""
        for shape, buffer in state["buffers"].items():
            self.buffers[shape].copy_(buffer)


def split_parameters(network: Network) -> tuple[list[Tensor], list[Tensor]]:
    """The matrices of the layers, and everything else."""
    matrices = [p for p in network.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    return matrices, [p for p in network.parameters() if id(p) not in chosen]
