"""Models with random weights: files as they should be, and texts of exact length."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from benchmarks import gguf_header, random_model
from benchmarks.gpu.run import long_prompts
from benchmarks.random_model import Shape
from benchmarks.seven_billion import Tokens
from model.engine import Engine
from model.prompt import Prompt
from model.wire import EngineSettings

pytestmark = pytest.mark.usefixtures("own_small")
TINY = Shape(8192, 256, 2, 4, 2, 512, "Q8_0")


def test_the_header_reads_as_gguf_reads_it(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    for kind in ("F16", "Q8_0", "Q4_K_M"):
        path = tmp_path / f"{kind}.gguf"
        random_model.write_random(path, TINY, kind)
        ours = gguf_header.read(path)
        theirs = gguf.GGUFReader(path)
        assert {t.name: t.bytes for t in ours.tensors} == {
            t.name: t.n_bytes for t in theirs.tensors
        }
        assert ours.setting("block_count") == 2
        assert ours.tied == (kind != "Q4_K_M")
        assert len(ours.settings["tokenizer.ggml.tokens"]) == TINY.vocabulary


def test_our_own_model_reads_too() -> None:
    header = gguf_header.read(random_model.bundled().path)
    shape = random_model.shape_of("bundled")
    assert shape.vocabulary == len(header.settings["tokenizer.ggml.tokens"])
    assert header.tied
    assert sum(t.weights for t in header.tensors) > 4_000_000


def test_what_is_no_gguf_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"no")
    with pytest.raises(ValueError, match="not a GGUF"):
        gguf_header.read(path)


def test_the_same_seed_makes_the_same_file(tmp_path: Path) -> None:
    def digest(name: str) -> str:
        random_model.write_random(tmp_path / name, TINY, "Q8_0")
        return hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()

    assert digest("a") == digest("b")


@pytest.mark.gguf
@pytest.mark.parametrize("kind", ["F16", "Q8_0", "Q4_K_M"])
def test_no_text_ends_by_itself(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.gguf"
    random_model.write_random(path, TINY, kind)
    prompts = [
        Prompt("<|table|> orders", tuple(f"<|col|> c {n}" for n in range(9)), 16)
    ]
    with Engine(EngineSettings(path, gpu_layers=0)) as engine:
        texts = list(engine.generate(prompts))
    assert [text.tokens for text in texts] == [16] * 9
    assert not any(text.complete for text in texts)
    # Every token is a word of as many characters.
    assert {len(text.text) for text in texts} == {16 * random_model.LETTERS}


@pytest.mark.gguf
def test_long_prompts_have_the_tokens_that_they_say(cache: Path) -> None:
    path = random_model.made("bundled", cache)
    prompts = long_prompts(2, Tokens(head=50, blocks=12, texts=3), 5)
    with Engine(EngineSettings(path, gpu_layers=0)) as engine:
        assert sum(text.tokens for text in engine.generate(prompts)) == 2 * 3 * 5
        # The last token of a block is fed in the step that writes, and so are all
        # tokens written but the last.
        assert engine.prompt_tokens == 2 * (50 + 3 * (4 - 1))
