"""Teaches a causal model of the Llama family to describe schemas: LoRA, QLoRA or full.

The base is a GGUF or a Hugging Face directory. A run that was stopped or killed goes on
from its last checkpoint with the losses it would have had, and all that happens is a
line of `log.jsonl`. Whole sources are held out and only measured on.

Two things end a run: `adapter` in PEFT's format (`model`, where all weights were
trained), and, if asked for, `merged`, a Hugging Face directory. Each has a
`lineage.json`.
"""

from __future__ import annotations

import os
import random
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from catalog.stopping import Stop, never

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch loads OpenMP

import torch

from catalog.errors import ColumnistError, UsageError
from model.library import digest
from model.teacher_set import Described, read
from model.training import curve
from model.training.adapter import put, read_adapter, weights_of
from model.training.event import Event, log
from model.training.groups import Groups, Row, rows, steps
from model.training.results import write_results
from model.training.source import (
    ModelSource,
    load_model,
    open_source,
    open_tokens,
    quiet_transformers,
    require,
)
from model.training.training_run import FinetuneSettings, TrainingRun

METHODS = ("lora", "qlora", "full")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
WARMUP, WARM = 20, 0.1
"""Steps until the learning rate is at its peak; a short run has it after this share."""
LOG_EVERY = 10
"""Steps."""
MEASURED = 64
"""Most tables that are measured on."""


def finetune(settings: FinetuneSettings, *, stop: Stop = never) -> Iterator[Event]:
    """Trains, then writes the adapter or model; events are logged, then given.

    Stopped, it saves a checkpoint and ends.

    Raises:
        ColumnistError: the disk is full, or the loss is no number any more; the last
            checkpoint is whole.
        UsageError: the model, the adapter or the data cannot be used.
    """
    require("transformers", "tokenizers", "safetensors", "peft", "accelerate")
    torch.set_num_threads(settings.threads)
    source = open_source(settings.base)
    tokens = open_tokens(source)
    learned, held = split(_tables(settings.data), settings.held_out)
    digests = {path.name: digest(path) for path in settings.data}
    device, dtype, reason = precision()
    model = trainable(settings, source, device, dtype)
    run = TrainingRun(settings, model, _identity(settings, source, digests))
    run.begin()
    groups = Groups(learned, tokens, asked=settings.asked)
    rng = random.Random(settings.seed)
    measured = [groups.make(each, rng) for each in held[:MEASURED]]
    measured = [group for group in measured if group.blocks]
    settings.out.mkdir(parents=True, exist_ok=True)
    yield log(
        settings.out,
        "start",
        parameters=sum(p.numel() for p in run.trained.values()),
        step=run.step,
        data=digests,
        tables={"learned": len(learned), "held out": len(held)},
        texts=sum(len(each.texts) for each in learned),
        base=source.about(),
        precision=f"{device}, {reason}",
        settings=settings.to_json(),
    )

    def losses(row: Row) -> torch.Tensor:
        """Loss of every token that is learned, in nats."""
        row = row.to(device)
        with torch.autocast(device, dtype, enabled=dtype is not None):
            return _losses(run.model, row)

    def measure() -> dict[str, Any]:
        if not measured:
            return {}
        model.eval()
        with torch.no_grad():
            found = [losses(row) for row in rows(measured, tokens=settings.row)]
        model.train()
        return {"held_out": {"loss": torch.cat(found).mean().item()}}

    begin = time.monotonic() - run.elapsed

    def done() -> float:
        minutes = (time.monotonic() - begin) / 60
        if settings.minutes:
            return minutes / settings.minutes
        late = minutes / settings.within if settings.within else 0.0
        if settings.steps:
            return max(late, run.step / settings.steps)
        epoch, at = run.place
        return max(late, (epoch + at / len(learned)) / settings.epochs)

    saved = time.monotonic()
    model.train()
    for place, found in steps(
        len(learned),
        lambda number, chance: groups.make(learned[number], chance),
        tokens=settings.tokens,
        seed=settings.seed,
        place=run.place,
    ):
        share = done()
        if share >= 1:
            break
        loss = _gradients(rows(found, tokens=settings.row), losses)
        if not loss < float("inf"):  # NaN is not
            raise ColumnistError(
                f"The loss is no number any more at step {run.step + 1:,}.",
                "Give a lower --learning-rate; the last checkpoint is whole.",
            )
        run.update(loss, rate(run.step, share, settings.decay))
        run.place, run.elapsed = place, time.monotonic() - begin
        run.seen += sum(map(len, found))
        if run.step % LOG_EVERY == 0 or done() >= 1:
            yield log(
                settings.out,
                "train",
                step=run.step,
                done=min(1.0, done()),
                loss=run.loss / run.losses,
                seconds=run.elapsed,
                tokens=run.seen,
                rate=run.adam.param_groups[0]["lr"],
            )
            run.loss, run.losses = 0.0, 0
        if stop():
            run.save()
            return
        if time.monotonic() - saved > settings.save_every:
            run.save()
            if measured:
                yield log(settings.out, "held-out", step=run.step, **measure())
            curve.draw(settings.out)
            saved = time.monotonic()
    run.save()
    figures = measure()
    written = write_results(run, source, figures)
    yield log(
        settings.out,
        "end",
        step=run.step,
        seconds=run.elapsed,
        tokens=run.seen,
        written=[path.name for path in written],
        **figures,
    )
    curve.draw(settings.out)


def _tables(paths: Iterable[Path]) -> list[Described]:
    found = [each for path in paths for each in read(path) if each.texts]
    if not found:
        raise UsageError(
            "There is no description in the data.",
            "A line is a table with `description`, and `columns` with theirs.",
        )
    return found


def split(
    tables: Sequence[Described], share: float
) -> tuple[list[Described], list[Described]]:
    """What is learned, and whole sources that are held out, by their names alone.

    A single source is never held out.
    """
    sources = {each.source for each in tables}
    ordered = sorted(sources, key=lambda name: (zlib.crc32(name.encode()), name))
    held = set(ordered[: min(round(share * len(sources)), len(sources) - 1)])
    return (
        [each for each in tables if each.source not in held],
        [each for each in tables if each.source in held],
    )


def rate(step: int, done: float, decay: float) -> float:
    """The learning rate as a share of its peak: up, flat, then down to 0."""
    warm = max((step + 1) / WARMUP, done / WARM)
    return min(1.0, warm, (1 - done) / decay if decay else 1.0)


def _gradients(found: list[Row], losses: Callable[[Row], torch.Tensor]) -> float:
    """Adds the gradients of a step's weighted mean loss; the loss."""
    total = sum(float(row.weights.sum()) for row in found)
    told = 0.0
    for row in found:
        each = losses(row)
        part = (each * row.weights.to(each.device)).sum() / total
        part.backward()
        told += part.item()
    return told


def _losses(model: Any, row: Row) -> torch.Tensor:
    logits = model(
        input_ids=row.ids,
        attention_mask=row.mask,
        position_ids=row.positions,
        logits_to_keep=row.asked,
        use_cache=False,
    ).logits[0]
    return torch.nn.functional.cross_entropy(
        logits.float(), row.labels, reduction="none"
    )


def precision() -> tuple[str, Any, str]:
    """Device, the type of the passes (None is float32), and what was measured."""
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        if torch.cuda.is_bf16_supported():
            return "cuda", torch.bfloat16, f"bfloat16: {name} has it"
        return "cuda", None, f"float32: {name} has no bfloat16"
    ratio = _seconds(torch.float32) / _seconds(torch.bfloat16)
    if ratio > 1.3:
        return "cpu", torch.bfloat16, f"bfloat16: {ratio:.1f} times as fast as float32"
    return "cpu", None, f"float32: {1 / ratio:.1f} times as fast as bfloat16"


def _seconds(dtype: Any) -> float:
    """What multiplying two matrices takes, at best."""
    matrix = torch.ones(512, 512, dtype=dtype)
    found = []
    for _ in range(4):
        begin = time.perf_counter()
        torch.mm(matrix, matrix)
        found.append(time.perf_counter() - begin)
    return min(found)


def _identity(
    settings: FinetuneSettings, source: ModelSource, data: dict[str, str]
) -> dict[str, Any]:
    """What must be the same when a run goes on."""
    start = settings.start
    return {
        "base": source.digests(),
        "data": sorted(data.values()),
        "start": start and digest(weights_of(start)),
        "held-out": settings.held_out,
        "asked": settings.asked,
        "method": settings.method,
        "rank": settings.rank,
        "alpha": settings.alpha,
        "target": list(settings.target),
        "tokens": settings.tokens,
        "row": settings.row,
        "learning rate": settings.rate,
        "seed": settings.seed,
    }


def trainable(
    settings: FinetuneSettings, source: ModelSource, device: str, dtype: Any
) -> Any:
    """The model with the weights that are to be trained marked as such.

    Raises:
        UsageError: it cannot be trained that way.
    """
    if settings.method not in METHODS:
        raise UsageError(
            f"There is no method {settings.method}.", f"Choose {', '.join(METHODS)}."
        )
    torch.manual_seed(settings.seed)
    if settings.method == "full":
        if settings.start:
            raise UsageError("All weights need no adapter.", "Leave --start out.")
        return load_model(source, torch.float32).to(device)
    start = read_adapter(settings.start, source) if settings.start else None
    if settings.method == "qlora":
        model = _four_bits(source, device)
    else:
        model = load_model(source, dtype or torch.float32).to(device)
    quiet_transformers()
    from peft import LoraConfig, get_peft_model  # seconds to import

    target: Any = list(start.modules if start else settings.target)
    if target == ["attention"]:
        target = list(ATTENTION)
    elif target == ["all-linear"]:
        target = "all-linear"
    config = LoraConfig(
        r=start.rank if start else settings.rank,
        lora_alpha=start.alpha if start else settings.alpha,
        target_modules=target,
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )
    try:
        model = get_peft_model(model, config)
    except ValueError as error:
        raise UsageError(
            f"No adapter fits {source.name}: {str(error).splitlines()[0]}",
            "Name its linear modules with --target, or all-linear.",
        ) from error
    if start:
        put(start, model)
    return model


def _four_bits(source: ModelSource, device: str) -> Any:
    """The base model in 4 bits, for QLoRA."""
    if device != "cuda":
        raise UsageError(
            "QLoRA needs an NVIDIA GPU, and torch finds none.", "Choose --method lora."
        )
    if source.is_gguf:
        raise UsageError(
            "QLoRA needs a Hugging Face directory.", "Choose --method lora."
        )
    try:
        import bitsandbytes  # noqa: F401  # transformers needs it; optional
    except ImportError as error:
        raise UsageError(
            "QLoRA needs bitsandbytes.", "Install columnist[qlora]."
        ) from error
    from peft import prepare_model_for_kbit_training

    config = quiet_transformers().BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    model = load_model(
        source, torch.bfloat16, quantization_config=config, device_map={"": 0}
    )
    return prepare_model_for_kbit_training(model)
