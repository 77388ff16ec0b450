"""A stand-in for `model.llama` that answers at once, for the real worker process.

`install()` puts it where `model.worker` looks for llama.cpp, before that is imported.
So the process, the pipe, the scheduler and the choice of tokens are the product's; only
tokenizing and decoding are not. Every text has `TEXT_TOKENS` tokens, then the end.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from model.schedule import StepToken
from model.sizes import Machine, Shape, choose
from model.wire import EngineSettings, ModelFacts

VOCABULARY = 4096
"""Tokens; a small vocabulary, as what is measured is not the choice of a token."""
TEXT_TOKENS = 16
END = 0
LETTERS_A_TOKEN = 4
SENTENCE = (
    "date on which the record of this {} was last taken over from the system of origin"
)
"""What is written, with a number for the blank, so that texts of a table differ."""


class LlamaError(Exception):
    """What the real module raises; this one never does."""


class Model:
    """Takes what `model.llama.Model` takes and does nothing with it."""

    def __init__(self, settings: EngineSettings, machine: Machine) -> None:
        self.sizes = choose(Shape(4_262_144, 4096, 1024), machine, settings.sizes)
        self.cells = self.sizes.number("cells")
        self.sequences = self.sizes.number("sequences")
        self.batch = self.sizes.number("batch")
        self._written: dict[int, int] = {}
        self._words = SENTENCE.split()
        random = np.random.default_rng(0)
        self._logits = random.standard_normal(
            (self.sequences + 1, VOCABULARY), dtype=np.float32
        )

    def facts(self) -> ModelFacts:
        """Nothing that anybody reads."""
        return ModelFacts("", "", 0, 0, None, "", "", False, self.sizes)

    def tokenize(self, text: str) -> list[int]:
        """As many tokens as a text of that length usually has."""
        return [1] * (len(text) // LETTERS_A_TOKEN + 1)

    def text(self, tokens: Sequence[int]) -> str:
        """The sentence, a word for a token."""
        return _sentence(tuple(tokens))

    def ends(self, token: int) -> bool:
        """Whether it is the end token."""
        return token == END

    def share(self, source: int, to: int) -> None:
        """Nothing is kept, so nothing is shared."""

    def release(self, sequence: int) -> None:
        """The next text of this sequence begins anew."""
        self._written.pop(sequence, None)

    def use_threads(self, count: int) -> None:
        """There is nothing to run."""

    def decode(
        self, rows: Sequence[StepToken]
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Logits in which the token that is due stands out."""
        writing = [row for row in rows if row.writes]
        # What is weighed has a row for each of its tokens.
        found: np.ndarray[Any, Any] = self._logits[
            np.arange(len(writing)) % len(self._logits)
        ]
        for index, row in enumerate(writing):
            count = self._written.get(row.sequence, 0)
            self._written[row.sequence] = count + 1
            token = END if count == TEXT_TOKENS else 1 + count
            if count == SENTENCE.split().index("{}"):
                token = 100 + (row.position * 31 + row.sequence * 7) % 900
            found[index, token] = 20.0
        return found

    def close(self) -> None:
        """Nothing is held."""


@lru_cache(maxsize=4096)
def _sentence(tokens: tuple[int, ...]) -> str:
    words = SENTENCE.split()
    return " ".join(
        words[token - 1] if token < 100 else f"thing {token}"
        for token in tokens
        if token != END
    )


def install() -> None:
    """Take the place of `model.llama` and of the library in this process."""
    ours: Any = ModuleType("model.llama")
    ours.Model, ours.LlamaError = Model, LlamaError
    library: Any = ModuleType("llama_cpp")
    library.llama_supports_gpu_offload = lambda: False
    sys.modules["model.llama"], sys.modules["llama_cpp"] = ours, library
