"""What is exported is the same model and the same tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gguf")
pytest.importorskip("tokenizers")

from model.training.export import verify, write_gguf  # noqa: E402
from model.training.network import Network, Shape  # noqa: E402
from model.training.tokenizer import train_tokenizer  # noqa: E402


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    texts = ["<|table|> order item<|c|> order id", " identifier of the order"] * 20
    return train_tokenizer(texts, size=320)


@pytest.fixture(scope="module")
def network(tokenizer: Any) -> Any:
    torch.manual_seed(3)
    shape = Shape(tokenizer.get_vocab_size(), 64, 2, 4, 96, context=256)
    made = Network(shape).eval()
    for name, parameter in made.named_parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.1 if name != "embedding" else 0.3)
    return made


@pytest.mark.gguf
@pytest.mark.parametrize(
    ("kind", "apart"), [("F32", 0.05), ("F16", 0.1), ("Q8_0", 1.0)]
)
def test_llama_cpp_computes_what_torch_computes(
    kind: str, apart: float, network: Any, tokenizer: Any, tmp_path: Path
) -> None:
    pytest.importorskip("llama_cpp")
    path = tmp_path / "tiny.gguf"
    write_gguf(path, network, tokenizer, kind=kind)
    found = verify(path, network, tokenizer)
    assert found["tokenizer_mismatches"] == 0
    assert found["logits_max_difference"] < apart
    assert found["kl_nats"] < 0.01


@pytest.mark.gguf
def test_a_wrong_weight_is_noticed(
    network: Any, tokenizer: Any, tmp_path: Path
) -> None:
    """The comparison would be worth nothing if it passed everything."""
    pytest.importorskip("llama_cpp")
    path = tmp_path / "tiny.gguf"
    write_gguf(path, network, tokenizer, kind="F32")
    other = Network(network.shape).eval()
    other.load_state_dict(network.state_dict())
    with torch.no_grad():
        other.layers[0].qkv[:64] *= -1
    assert verify(path, other, tokenizer)["kl_nats"] > 0.01
