"""Fine-tuning: an adapter, a merged model and a GGUF that all write the same words."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
pytest.importorskip("peft")

from catalog.errors import ColumnistError, UsageError  # noqa: E402
from catalog.objects import Target  # noqa: E402
from model.base import merge  # noqa: E402
from model.engine import Engine  # noqa: E402
from model.library import Library  # noqa: E402
from model.prompt import Prompt  # noqa: E402
from model.prompts.compact import compact_prompts  # noqa: E402
from model.teacher_set import described  # noqa: E402
from model.training import finetune as finetuning  # noqa: E402
from model.training.adapter import adapted  # noqa: E402
from model.training.export import ExportSettings, export  # noqa: E402
from model.training.finetune import finetune, rate, split  # noqa: E402
from model.training.source import (  # noqa: E402
    Tokens,
    load_model,
    open_source,
    open_tokens,
)
from model.training.training_run import FinetuneSettings  # noqa: E402
from model.wire import EngineSettings  # noqa: E402
from tests.model.training import tiny_huggingface as tiny  # noqa: E402

ODD = [("date and", " time"), ("what is", " a shop?"), ("SELECT *", "\n  FROM t")]
"""Heads and blocks that were not trained on."""
WRITTEN = 20
"""Most tokens that are compared."""
SURE = 1.0
"""Logits by which a token has to lead; by less, roundings may choose another one."""
CUT = "…"
"""Ends what is compared no further."""


def settings(folder: Path, **changes: Any) -> FinetuneSettings:
    base = folder / "base"
    if not base.exists():
        tiny.write(base)
        tiny.corpus(folder / "train.jsonl")
    made = FinetuneSettings(
        base=base,
        data=(folder / "train.jsonl",),
        out=folder / "run",
        steps=60,
        learning_rate=1e-2,
        rank=8,
        alpha=16,
        tokens=500,
        threads=1,
        save_every=1000,
    )
    return replace(made, **changes)


def events(out: Path) -> list[dict[str, Any]]:
    log = (out / "log.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in log.splitlines()]


def losses(out: Path) -> dict[int, float]:
    return {e["step"]: e["loss"] for e in events(out) if e["event"] == "train"}


def asked() -> list[tuple[str, str, int]]:
    """Heads, blocks and how many tokens: a table as in training, and odd ones."""
    table = described(tiny.records(3)[2]).table
    targets: list[Target] = [table.id, *(column.id for column in table.columns)]
    ((prompt, _),) = compact_prompts(table, targets, {})
    trained = ((prompt.head, block, WRITTEN) for block in prompt.blocks)
    return [*trained, *((*odd, WRITTEN) for odd in ODD)]


def words(model: Any, tokens: Tokens) -> list[str]:
    """What transformers writes for every question, greedily, as long as it is sure."""
    found = []
    end = tokens.id_of(tokens.eos)
    for head, block, most in asked():
        ids = tokens.encode(head) + tokens.encode(block)
        given = torch.tensor([ids])
        written = model.generate(
            input_ids=given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=most,
            do_sample=False,
            eos_token_id=end,
            pad_token_id=end,
            output_scores=True,
            return_dict_in_generate=True,
        )
        best = [torch.topk(scores[0], 2).values for scores in written.scores]
        leads = [bool(first - second >= SURE) for first, second in best]
        sure = leads.index(False) if False in leads else len(leads)
        chosen = written.sequences[0].tolist()[len(ids) :][:sure]
        cut = CUT if sure < len(leads) else ""
        found.append(tokens.tokenizer.decode(chosen) + cut)
    return found


def engine_words(path: Path, adapter: Path | None = None) -> list[str]:
    """What the engine writes for the same questions."""
    prompts = [Prompt(head, (block,), most) for head, block, most in asked()]
    chosen = EngineSettings(path, gpu_layers=0, sizes={"threads": 1}, adapter=adapter)
    with Engine(chosen) as engine:
        done = sorted(engine.generate(prompts), key=lambda each: each.prompt)
    return [each.text for each in done]


def agree(written: list[str], sure: list[str]) -> bool:
    """Whether the engine wrote what transformers is sure of."""
    return all(
        one.startswith(other.removesuffix(CUT)) if other.endswith(CUT) else one == other
        for one, other in zip(written, sure, strict=True)
    )


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> FinetuneSettings:
    """A finished run with a merged model."""
    chosen = settings(tmp_path_factory.mktemp("tuned"), merge=True)
    list(finetune(chosen))
    return chosen


@pytest.mark.gguf
def test_all_forms_write_the_same_words(
    tuned: FinetuneSettings, tmp_path: Path
) -> None:
    pytest.importorskip("gguf")
    source = open_source(tuned.base)
    tokens = open_tokens(source)
    texts = words(adapted(source, tuned.out / "adapter"), tokens)
    assert texts[2].strip() == "Weight of the order in kilograms."
    assert not any(text.endswith(CUT) for text in texts[: -len(ODD)])
    merged = load_model(open_source(tuned.out / "merged"), torch.float32)
    assert words(merged, tokens) == texts
    assert words(load_model(source, torch.float32), tokens) != texts
    kinds: dict[str, Any] = {"quantisations": ("F16",)}
    out = tmp_path / "gguf"
    (whole,) = export(ExportSettings(tuned.out, out, **kinds))
    (base,) = export(ExportSettings(tuned.base, out, **kinds))
    (adapter,) = export(ExportSettings(tuned.out, out, "change", adapter=True, **kinds))
    assert not whole.faults + base.faults + adapter.faults
    assert agree(engine_words(whole.path), texts)
    assert agree(engine_words(base.path, adapter.path), texts)
    assert not agree(engine_words(base.path), texts)
    manifest = Library(out).find("run").manifest
    assert manifest["base"]["name"] == "base"
    assert manifest["format"] == "compact"
    assert manifest["licences"] == {"MIT": 8, "Apache-2.0": 4}
    assert Library(out).find("base", adapter=adapter.path).name == "base+change"


@pytest.mark.gguf
def test_a_gguf_base_is_tuned_and_merged_to_the_same_words(
    tuned: FinetuneSettings, tmp_path: Path
) -> None:
    pytest.importorskip("gguf")
    (made,) = export(ExportSettings(tuned.base, tmp_path, quantisations=("F16",)))
    chosen = replace(tuned, base=made.path, out=tmp_path / "run")
    list(finetune(chosen))
    source = open_source(made.path)
    tokens = open_tokens(source)
    texts = words(adapted(source, chosen.out / "adapter"), tokens)
    assert texts[2].strip() == "Weight of the order in kilograms."
    assert not any(text.endswith(CUT) for text in texts[: -len(ODD)])
    again = open_source(chosen.out / "merged")
    assert words(load_model(again, torch.float32), open_tokens(again)) == texts
    kinds: dict[str, Any] = {"quantisations": ("Q8_0", "F16")}
    small, half = export(
        ExportSettings(chosen.out, tmp_path, "change", adapter=True, **kinds)
    )
    assert (small.path.name, half.path.name) == ("change.gguf", "change-F16.gguf")
    assert small.path.stat().st_size < half.path.stat().st_size
    assert not small.faults + half.faults
    assert agree(engine_words(made.path, half.path), texts)
    merge(made.path, half.path, tmp_path / "merged.gguf", name="merged")
    assert agree(engine_words(tmp_path / "merged.gguf"), texts)
    assert json.loads((tmp_path / "change.json").read_text())["base"]["sha256"] == (
        source.digests()
    )


@pytest.mark.gguf
@pytest.mark.parametrize("form", ["folder", "gguf"])
def test_training_goes_on_from_an_adapter(
    form: str, tuned: FinetuneSettings, tmp_path: Path
) -> None:
    start = tuned.out / "adapter"
    if form == "gguf":
        pytest.importorskip("gguf")
        kinds: dict[str, Any] = {"adapter": True, "quantisations": ("F32",)}
        (made,) = export(ExportSettings(tuned.out, tmp_path, "start", **kinds))
        start = made.path
    chosen = replace(
        tuned, start=start, out=tmp_path / "on", steps=1, learning_rate=1e-9, rank=2
    )
    list(finetune(chosen))
    source = open_source(tuned.base)
    tokens = open_tokens(source)
    assert words(adapted(source, chosen.out / "adapter"), tokens) == words(
        adapted(source, tuned.out / "adapter"), tokens
    )
    config = json.loads((chosen.out / "adapter" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (8, 16)


@pytest.mark.gguf
def test_an_adapter_of_another_base_is_no_start(
    tuned: FinetuneSettings, tmp_path: Path
) -> None:
    pytest.importorskip("gguf")
    kinds: dict[str, Any] = {"adapter": True, "quantisations": ("F16",)}
    (made,) = export(ExportSettings(tuned.out, tmp_path, "start", **kinds))
    deep = tiny.write(tmp_path / "deep", num_hidden_layers=3)
    wide = tiny.write(tmp_path / "wide", hidden_size=128)
    for base in (deep, wide):
        other = replace(tuned, base=base, start=made.path, out=tmp_path / "other")
        with pytest.raises(UsageError, match="adapter of another base"):
            list(finetune(other))
        with pytest.raises(UsageError, match="trained on another model"):
            list(finetune(replace(other, start=tuned.out / "adapter")))
    gone = replace(tuned, start=tmp_path / "gone", out=tmp_path / "other")
    with pytest.raises(UsageError, match=r"Cannot read .*adapter_config.json"):
        list(finetune(gone))
    (tmp_path / "text.gguf").write_text("no adapter")
    with pytest.raises(UsageError, match="no GGUF file"):
        list(finetune(replace(gone, start=tmp_path / "text.gguf")))
    assert not (tmp_path / "other").exists()


def test_the_loss_falls_and_the_lineage_is_told(tuned: FinetuneSettings) -> None:
    found = losses(tuned.out)
    assert list(found) == [10, 20, 30, 40, 50, 60]
    assert found[40] < 0.3 * found[10]
    assert (tuned.out / "curve.svg").exists()
    told = json.loads((tuned.out / "adapter" / "lineage.json").read_text())
    assert told["kind"] == "adapter"
    assert told["format"] == "compact"
    (run,) = told["runs"]
    assert run["settings"]["rank"] == 8
    assert run["settings"]["target"] == ["all-linear"]
    assert run["data"][0]["licences"] == {"Apache-2.0": 4, "MIT": 8}
    assert set(told["base"]["sha256"]) == {"model.safetensors"}
    config = json.loads((tuned.out / "adapter" / "adapter_config.json").read_text())
    assert {name.rsplit(".")[-1] for name in config["target_modules"]} == {
        "down_proj",
        "gate_proj",
        "k_proj",
        "o_proj",
        "q_proj",
        "up_proj",
        "v_proj",
    }


def test_a_merged_model_can_be_tuned_again(
    tuned: FinetuneSettings, tmp_path: Path
) -> None:
    again = replace(
        tuned, base=tuned.out / "merged", out=tmp_path / "again", steps=2, merge=False
    )
    list(finetune(again))
    told = json.loads((again.out / "adapter" / "lineage.json").read_text())
    assert [run["run"] for run in told["runs"]] == ["again", "run"]
    assert told["base"]["name"] == "base"
    assert told["from"]["name"] == "merged"
    assert told["licences"] == {"MIT": 8, "Apache-2.0": 4}, "the same file counts once"


def test_a_killed_run_has_the_losses_of_one_that_was_not(tmp_path: Path) -> None:
    short: dict[str, Any] = {"steps": 40, "tokens": 200}
    whole = settings(tmp_path, out=tmp_path / "whole", **short)
    list(finetune(whole))
    killed = replace(whole, out=tmp_path / "killed", save_every=0.05)
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('t', {__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['t'] = module\n"
        "spec.loader.exec_module(module)\n"
        "from t import Path, finetune, settings\n"
        f"out = Path({str(killed.out)!r})\n"
        f"chosen = settings(Path({str(tmp_path)!r}), out=out, save_every=0.05,"
        f" **{short!r})\n"
        "list(finetune(chosen))\n"
    )
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, env=environment)
    checkpoint = killed.out / "checkpoint.pt"
    while process.poll() is None and not checkpoint.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed.out / "adapter").exists(), "it was not killed in the middle"
    list(finetune(killed))
    starts = [event for event in events(killed.out) if event["event"] == "start"]
    assert len(starts) == 2
    assert starts[1]["step"] > 0
    assert losses(killed.out) == pytest.approx(losses(whole.out), abs=1e-5)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: the same error code path."""
    import resource

    chosen = settings(tmp_path, merge=True, steps=20, tokens=200)
    steps = iter(range(1000))
    list(finetune(chosen, stop=lambda: next(steps) >= 9))
    checkpoint = chosen.out / "checkpoint.pt"
    before = checkpoint.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(ColumnistError, match="Cannot write"):
            list(finetune(chosen))
        assert checkpoint.read_bytes() == before
        # Room for the checkpoint, not for the merged model.
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(len(before) * 1.2), hard))
        with pytest.raises(ColumnistError, match="Cannot write"):
            list(finetune(chosen))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(chosen.out.glob("*.partial"))
    assert (chosen.out / "adapter").exists()
    assert not (chosen.out / "merged").exists()
    (*_, end) = finetune(chosen)
    assert end.figures["written"] == ["adapter", "merged"]


def test_all_weights_can_be_trained(tmp_path: Path) -> None:
    chosen = settings(tmp_path, method="full", steps=20)
    list(finetune(chosen))
    found = losses(chosen.out)
    assert found[20] < found[10]
    told = json.loads((chosen.out / "model" / "lineage.json").read_text())
    assert told["kind"] == "model"
    assert open_source(chosen.out / "model").architecture == "LlamaForCausalLM"


def test_whole_sources_are_held_out(tmp_path: Path) -> None:
    chosen = settings(tmp_path, steps=2, held_out=0.25, target=("attention",))
    start, *_, end = finetune(chosen)
    assert start.figures["tables"] == {"learned": 9, "held out": 3}
    assert end.figures["held_out"]["loss"] > 0
    tables = [described(record) for record in tiny.records(12)]
    learned, held = split([*tables, *tables], 0.25)
    assert len(held) == 6
    assert not {each.source for each in learned} & {each.source for each in held}
    assert split(tables[:1], 0.5) == (tables[:1], [])


def test_the_rate_rises_stays_and_falls() -> None:
    found = [rate(step, step / 100, 0.4) for step in range(101)]
    assert found[0] == 0.05
    assert set(found[19:61]) == {1.0}
    assert found[80] == pytest.approx(0.5)
    assert found[100] == pytest.approx(0)
    assert [rate(step, step / 10, 0.4) for step in range(3)] == [0.05, 1.0, 1.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no JSON\n", "line 1: is no JSON"),
        ('{"table": "x"}\n', "line 1: has no columns"),
        ("", "no description in the data"),
        ('{"table": "x", "columns": [{"name": "a"}]}\n', "no description in the data"),
    ],
)
def test_data_that_teaches_nothing_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    chosen = settings(tmp_path)
    chosen.data[0].write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        list(finetune(chosen))
    with pytest.raises(UsageError, match="gone"):
        list(finetune(replace(chosen, data=(tmp_path / "gone.jsonl",))))
    assert not chosen.out.exists()


def test_another_run_in_the_folder_is_refused(tmp_path: Path) -> None:
    chosen = settings(tmp_path, steps=2)
    list(finetune(chosen))
    with pytest.raises(UsageError, match="another rank, target"):
        list(finetune(replace(chosen, rank=4, target=("attention",))))
    whole = (chosen.out / "checkpoint.pt").read_bytes()
    (chosen.out / "checkpoint.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="no whole checkpoint of fine-tuning"):
        list(finetune(chosen))


def test_what_cannot_be_tuned_is_said_in_a_line(tmp_path: Path) -> None:
    chosen = settings(tmp_path, steps=2)
    with pytest.raises(UsageError, match="No adapter fits"):
        list(finetune(replace(chosen, target=("c_attn",))))
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="QLoRA needs an NVIDIA GPU"):
            list(finetune(replace(chosen, method="qlora")))
    with pytest.raises(UsageError, match=r"Cannot read .*config.json"):
        list(finetune(replace(chosen, base=tmp_path)))
    (chosen.base / "model.safetensors").unlink()
    with pytest.raises(UsageError, match=r"no model\.safetensors"):
        list(finetune(chosen))


def test_a_loss_that_is_no_number_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(model: Any, row: Any) -> Any:
        return torch.full(row.labels.shape, float("nan"), requires_grad=True)

    monkeypatch.setattr(finetuning, "_losses", wrong)
    with pytest.raises(ColumnistError, match="no number any more at step 1"):
        list(finetune(settings(tmp_path)))


def test_nothing_is_fetched(tmp_path: Path) -> None:
    """In a process of its own that refuses every socket, with an empty cache."""
    chosen = settings(tmp_path, steps=1, merge=True)
    code = (
        "import sys\n"
        "def hook(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo'):\n"
        "        print('NETWORK', event, arguments, flush=True)\n"
        "        raise PermissionError(event)\n"
        "sys.addaudithook(hook)\n"
        "from pathlib import Path\n"
        "from model.training.finetune import finetune\n"
        "from model.training.training_run import FinetuneSettings\n"
        f"settings = FinetuneSettings(base=Path({str(chosen.base)!r}),\n"
        f"    data=(Path({str(chosen.data[0])!r}),), out=Path({str(chosen.out)!r}),\n"
        "    steps=1, merge=True, threads=1)\n"
        "list(finetune(settings))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(finetuning.__file__).parents[2],
        env=os.environ | {"HF_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stdout
    assert done.stderr == "", "the libraries stay silent"


@pytest.mark.gguf
def test_an_adapter_goes_with_its_own_base_alone(
    tuned: FinetuneSettings, tmp_path: Path
) -> None:
    pytest.importorskip("gguf")
    adapter = tmp_path / "adapter"
    shutil.copytree(tuned.out / "adapter", adapter)
    chosen = ExportSettings(adapter, tmp_path / "out")
    path = adapter / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    moved = config | {"base_model_name_or_path": "gone"}
    path.write_text(json.dumps(moved), encoding="utf-8")
    with pytest.raises(UsageError, match="gone is not there"):
        list(export(chosen))
    other = tiny.write(tmp_path / "other", seed=5)
    with pytest.raises(UsageError, match="not the model that the adapter"):
        list(export(replace(chosen, base=other)))
    (found,) = export(replace(chosen, base=tuned.base))
    assert found.faults == ()
    path.write_text(json.dumps(moved | {"use_dora": True}), encoding="utf-8")
    with pytest.raises(UsageError, match="no adapters with use_dora"):
        list(export(replace(chosen, base=tuned.base)))
    wrong = tiny.write(tmp_path / "wide", hidden_size=128)
    (base,) = export(ExportSettings(wrong, tmp_path / "out"))
    with (
        Engine(EngineSettings(base.path, adapter=found.path)) as engine,
        pytest.raises(ColumnistError, match="adapter does not fit"),
    ):
        engine.start()


@pytest.mark.gguf
def test_a_full_disk_leaves_the_last_export(
    tuned: FinetuneSettings, tmp_path: Path
) -> None:
    import resource

    pytest.importorskip("gguf")
    for kind in ("Q8_0", "Q4_K_M"):
        chosen = ExportSettings(
            tuned.out, tmp_path / kind, name="mine", quantisations=(kind,)
        )
        (good,) = export(chosen)
        before = good.path.read_bytes()
        held = sorted(path.name for path in chosen.out.iterdir())
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
        try:
            with pytest.raises(ColumnistError, match=r"Cannot write|cannot quantize"):
                list(export(chosen))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, handler)
        assert good.path.read_bytes() == before
        assert sorted(path.name for path in chosen.out.iterdir()) == held
