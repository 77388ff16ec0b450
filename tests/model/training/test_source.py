"""A GGUF as a base: the weights and tokens that llama.cpp has of the same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gguf")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
pytest.importorskip("peft")

from catalog.errors import UsageError  # noqa: E402
from model.training.adapter import logits_of  # noqa: E402
from model.training.export import ExportSettings, export  # noqa: E402
from model.training.source import load_model, open_source, open_tokens  # noqa: E402
from model.training.verification import Reference, compare  # noqa: E402
from tests.model import tiny_gguf  # noqa: E402
from tests.model.training import tiny_huggingface as tiny  # noqa: E402


@pytest.mark.gguf
@pytest.mark.parametrize("split", ["gpt-2", "llama-bpe", "smollm"])
def test_a_gguf_is_the_model_it_was_made_of(split: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "base", tokens=split)
    (made,) = export(ExportSettings(folder, tmp_path, quantisations=("Q8_0",)))
    source = open_source(made.path)
    tokens = open_tokens(source)
    assert source.is_gguf
    assert tokens.template == tiny.TEMPLATE
    assert (tokens.bos, tokens.eos, tokens.pad) == ("<|begin|>", "<|end|>", "<|end|>")
    model = load_model(source, torch.float32).eval()
    reference = Reference(tokens.encode, lambda ids: logits_of(model, ids))
    assert compare(made.path, reference).faults("Q8_0") == []
    before = load_model(open_source(folder), torch.float32).eval()
    ids = tokens.encode("Table orders\nColumns: weight kg")
    apart = np.abs(logits_of(model, ids) - logits_of(before, ids))
    assert float(apart.mean()) < 0.1, "rows of Q and K are back in their order"


def test_what_is_no_base_is_said_in_a_line(tmp_path: Path) -> None:
    other = tiny_gguf.write(tmp_path / "other.gguf", family="mpt")
    with pytest.raises(UsageError, match=r"other.gguf is of mpt, no model of the Ll"):
        open_source(other)
    (tmp_path / "broken.gguf").write_bytes(other.read_bytes()[:3000])
    (tmp_path / "text.gguf").write_text("no model")
    for name in ("broken.gguf", "text.gguf"):
        with pytest.raises(UsageError, match="no GGUF file that can be read"):
            open_source(tmp_path / name)
    with pytest.raises(UsageError, match=r"Cannot read .*config.json"):
        open_source(tmp_path / "gone")
