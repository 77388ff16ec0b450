"""A small Llama in torch; its tensors are those of llama.cpp's `llama` models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a network."""

    vocabulary: int
    """Tokens."""
    width: int = 256
    """Hidden size."""
    layers: int = 4
    """Blocks."""
    heads: int = 4
    """Attention heads; as many for keys and values."""
    inner: int = 704
    """Width of the SwiGLU."""
    context: int = 1024
    """Positions promised to the engine."""
    epsilon: float = 1e-5
    """Of the norms."""
    base: float = 10000.0
    """Of the rotary embedding."""


# torch has no types here, so its base class is Any
class Layer(nn.Module):  # type: ignore[misc]
    """One transformer block: attention and SwiGLU, each behind a norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.epsilon = shape.epsilon
        width = shape.width
        self.attention_norm = nn.Parameter(torch.ones(width))
        self.mlp_norm = nn.Parameter(torch.ones(width))
        self.qkv = nn.Parameter(torch.randn(3 * width, width) * width**-0.5)
        self.out = nn.Parameter(torch.zeros(width, width))
        self.gate_up = nn.Parameter(torch.randn(2 * shape.inner, width) * width**-0.5)
        self.down = nn.Parameter(torch.zeros(width, shape.inner))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """Hidden states after this layer: rows, size, width."""
        rows, size, width = x.shape
        hidden = functional.rms_norm(x, (width,), self.attention_norm, self.epsilon)
        qkv = functional.linear(hidden, self.qkv)
        qkv = qkv.view(rows, size, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each: rows, heads, size, head width
        mixed = functional.scaled_dot_product_attention(
            rotate(q, cos, sin), rotate(k, cos, sin), v, attn_mask=mask
        )
        mixed = mixed.transpose(1, 2).reshape(rows, size, width)
        x = x + functional.linear(mixed, self.out)
        hidden = functional.rms_norm(x, (width,), self.mlp_norm, self.epsilon)
        gate, up = functional.linear(hidden, self.gate_up).chunk(2, dim=-1)
        return x + functional.linear(functional.silu(gate) * up, self.down)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding, half against half as in transformers' Llama."""
    half = x.shape[-1] // 2
    first, second = x[..., :half], x[..., half:]
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


# torch has no types here, so its base class is Any
class Network(nn.Module):  # type: ignore[misc]
    """Token ids to hidden states and logits; the embedding is tied."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, shape.width) * 0.02)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.width))
        half = shape.width // shape.heads // 2
        inverse = shape.base ** (-torch.arange(half).float() / half)
        angles = torch.arange(shape.context).float()[:, None] * inverse[None]
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def hidden(self, ids: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        """Final hidden states, normed: rows, size, width."""
        cos = self.cos[positions][:, None]  # rows, 1, size, half a head
        sin = self.sin[positions][:, None]
        x = functional.embedding(ids, self.embedding)
        for layer in self.layers:
            x = layer(x, cos, sin, mask)
        return functional.rms_norm(
            x, (self.shape.width,), self.norm, self.shape.epsilon
        )

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every token for the given hidden states."""
        return functional.linear(hidden, self.embedding)

    def losses(self, batch: dict[str, Any]) -> Tensor:
        """Loss of every description token of a collated batch, in order, in nats."""
        hidden = self.hidden(batch["ids"], batch["positions"], batch["mask"])
        chosen = hidden.flatten(0, 1)[batch["sources"]]
        return functional.cross_entropy(
            self.logits(chosen).float(), batch["labels"], reduction="none"
        )
