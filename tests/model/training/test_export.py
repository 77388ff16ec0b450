"""What is exported is the same model and the same tokenizer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gguf")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
pytest.importorskip("peft")

from catalog.errors import RefusedError, UsageError  # noqa: E402
from model.draft import Drafter, Job  # noqa: E402
from model.engine import Engine  # noqa: E402
from model.library import Library  # noqa: E402
from model.teacher_set import described  # noqa: E402
from model.training.adapter import logits_of  # noqa: E402
from model.training.export import ExportSettings, export, resolve  # noqa: E402
from model.training.source import load_model, open_source, open_tokens  # noqa: E402
from model.training.verification import Reference, compare  # noqa: E402
from model.wire import EngineSettings  # noqa: E402
from tests.model.training import tiny_huggingface as tiny  # noqa: E402

pytestmark = pytest.mark.gguf


def reference_of(folder: Path, *, wrong: bool = False) -> Reference:
    """What torch makes of a directory, or of one with a mistake."""
    source = open_source(folder)
    model = load_model(source, torch.float32).eval()
    if wrong:
        with torch.no_grad():
            model.model.layers[0].self_attn.q_proj.weight[:32] *= -1
    return Reference(open_tokens(source).encode, lambda ids: logits_of(model, ids))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The merged model of a run that went on from an earlier one."""
    folder = tiny.write(tmp_path / "run" / "merged")
    runs = [
        {"run": name, "data": [{"sha256": digit * 64, "licences": {"MIT": 3}}]}
        for name, digit in (("second", "b"), ("first", "a"))
    ]
    told = {"runs": runs, "format": "compact", "licences": {"MIT": 6}}
    (folder / "lineage.json").write_text(json.dumps(told), encoding="utf-8")
    return tmp_path / "run"


def test_a_wrong_weight_is_noticed(run: Path, tmp_path: Path) -> None:
    """The comparison would be worth nothing if it passed everything."""
    (made,) = export(ExportSettings(run, tmp_path / "out", quantisations=("F16",)))
    assert compare(made.path, reference_of(run / "merged")).faults("F16") == []
    found = compare(made.path, reference_of(run / "merged", wrong=True))
    assert found.kl_nats > 0.01
    assert any("KL" in fault for fault in found.faults("F16"))


def test_a_run_becomes_files_with_their_whole_lineage(
    run: Path, tmp_path: Path
) -> None:
    kinds = ("Q8_0", "F16", "Q4_K_M")
    out = tmp_path / "out"
    found = list(export(ExportSettings(run, out, name="mine", quantisations=kinds)))
    assert [each.kind for each in found] == list(kinds)
    assert not any(each.faults for each in found)
    assert {path.name for path in out.iterdir()} == {
        *(f"mine.{kind}.gguf" for kind in kinds),
        "mine.json",
        "mine-F16.json",
        "mine-Q4_K_M.json",
    }
    manifest = Library(out).find("mine").manifest
    assert [entry["run"] for entry in manifest["lineage"]] == ["second", "first"]
    assert manifest["licences"] == {"MIT": 6}
    assert set(manifest["verified"]) == set(kinds)
    assert manifest["exported"]["versions"]["torch"]


def test_what_was_measured_outlives_another_export(run: Path, tmp_path: Path) -> None:
    settings = ExportSettings(run, tmp_path / "out", name="mine")
    list(export(settings))
    path = settings.out / "mine.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["scores"] = {"rouge": 0.4}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    list(export(settings))
    again = json.loads(path.read_text(encoding="utf-8"))
    assert again["scores"] == {"rouge": 0.4}
    assert again.get("measured_on") is None
    list(export(replace(settings, quantisations=("F16",))))
    other = json.loads(path.read_text(encoding="utf-8"))
    assert other["measured_on"] == manifest["sha256"]


def test_a_failed_comparison_keeps_the_old_file(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ExportSettings(run, tmp_path / "out", name="mine")
    (good,) = export(settings)
    before = good.path.read_bytes()
    from model.training import verification

    monkeypatch.setitem(verification.LIMITS, "Q8_0", verification.Tolerance(0, 1.1))
    (bad,) = export(settings)
    assert len(bad.faults) == 2
    assert bad.path.name == "mine.Q8_0.failed.gguf"
    assert bad.path.exists()
    assert bad.manifest is None
    assert good.path.read_bytes() == before


@pytest.mark.parametrize(
    ("family", "tokens", "changes"),
    [
        ("llama", "gpt-2", {"tied": True}),
        ("llama", "llama-bpe", {"tied": False, "head_dim": 32}),
        ("llama", "gpt-2", {"attention_bias": True}),
        (
            "llama",
            "llama-bpe",
            {
                "rope_parameters": {
                    "rope_type": "llama3",
                    "rope_theta": 50000.0,
                    "factor": 8.0,
                    "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 64,
                }
            },
        ),
        ("mistral", "gpt-2", {"tied": False}),
        ("qwen2", "qwen2", {"tied": True}),
    ],
)
def test_hugging_face_models_compute_the_same(
    family: str, tokens: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    base = tiny.write(tmp_path / "base", family=family, tokens=tokens, **changes)
    (found,) = export(ExportSettings(base, tmp_path / "out", quantisations=("F16",)))
    assert found.faults == ()
    assert found.comparison.logits_max_difference < 0.1
    with Engine(EngineSettings(found.path)) as engine:
        facts = engine.start()
    assert facts.chat_template == tiny.TEMPLATE
    assert facts.bos == "<|begin|>"
    assert facts.eos == "<|end|>"


def test_a_four_bit_model_drafts(tmp_path: Path) -> None:
    base = tiny.write(tmp_path / "base")
    out = tmp_path / "out"
    (found,) = export(ExportSettings(base, out, quantisations=("Q4_K_M",)))
    assert found.faults == ()
    assert [path.name for path in out.glob("*.gguf")] == ["base.Q4_K_M.gguf"]
    table = described(tiny.records(1)[0]).table
    model = Library(out).find("base")
    with Engine(EngineSettings(model.path)) as engine:
        drafter = Drafter(engine, model)
        drafts = list(drafter.draft([Job(table, (table.columns[1].id,), {})]))
        assert engine.generated_tokens > 0
    assert len(drafts) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "no causal language model"),
        ({"architectures": ["GemmaForCausalLM"]}, "cannot be exported"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "rotary embedding"),
        ({"hidden_act": "gelu"}, "activation"),
    ],
)
def test_what_llama_cpp_would_compute_otherwise_is_refused(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    base = tiny.write(tmp_path / "base")
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    text = json.dumps(config | change)
    (base / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        list(export(ExportSettings(base, tmp_path / "out")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pre_tokenizer": {"type": "Whitespace"}}, "not split into bytes"),
        ({"normalizer": {"type": "Lowercase"}}, "changes text first"),
        (
            {
                "pre_tokenizer": {
                    "type": "Sequence",
                    "pretokenizers": [
                        {
                            "type": "Split",
                            "pattern": {"Regex": "a+"},
                            "behavior": "Isolated",
                            "invert": False,
                        },
                        {
                            "type": "ByteLevel",
                            "add_prefix_space": False,
                            "trim_offsets": True,
                            "use_regex": False,
                        },
                    ],
                }
            },
            "how it splits text is unknown",
        ),
    ],
)
def test_unknown_tokenizers_are_refused(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    base = tiny.write(tmp_path / "base")
    path = base / "tokenizer.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(told | change), encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        list(export(ExportSettings(base, tmp_path / "out")))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model to export"):
        resolve(tmp_path)


def test_a_file_that_llama_cpp_cannot_read_is_said_to_be(
    run: Path, tmp_path: Path
) -> None:
    (made,) = export(ExportSettings(run, tmp_path / "out"))
    made.path.write_bytes(made.path.read_bytes()[:5000])
    with pytest.raises(RefusedError, match="cannot read what was written"):
        compare(made.path, reference_of(run / "merged"))
