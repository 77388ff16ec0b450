"""Fine-tunes a Hugging Face causal model on documented schemas: LoRA, QLoRA or full.

All linear layers are adapted unless asked otherwise: that made the difference between
poor and good texts at rank 8. The loop is the one of `pretrain`: a run that was stopped
or killed goes on from its last checkpoint with the losses it would have had, and all
that happens is a line of `log.jsonl`.

Two things end a run: `adapter` in PEFT's format (`model`, where all weights were
trained), and, if asked for, `merged`, a directory like the one that was given. Each has
a `lineage.json`.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch loads OpenMP

import torch

from catalog.errors import ColumnistError, UsageError
from model.training import curve
from model.training.dataset import Dataset, prepare
from model.training.event import Event, log
from model.training.huggingface import (
    Source,
    Tokens,
    load_model,
    open_source,
    open_tokens,
    quiet_transformers,
    require,
)
from model.training.pairs import Pair, collate, format_of, order, pairs
from model.training.pretrain import precision
from model.training.results import write_results

METHODS = ("lora", "qlora", "full")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
RATES = {"lora": 2e-4, "qlora": 2e-4, "full": 2e-5}
"""Learning rate by method, where none is asked for."""
WARMUP = 10
"""Steps until the learning rate is at its peak."""
LOG_EVERY = 10
"""Steps."""
BROKEN = (
    OSError,
    RuntimeError,
    KeyError,
    TypeError,
    ValueError,
    EOFError,
    UnpicklingError,
)
"""What torch raises for files that are no checkpoints."""
HELD_OUT = 160
"""Most pairs that are measured on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked to do; kept in its log and in the lineage."""

    base: Path
    """Directory of the model to go on from."""
    data: tuple[Path, ...]
    """Documented schemas, JSON Lines."""
    out: Path
    """The run's folder."""
    held_out: Path | None = None
    """Schemas that are only measured on."""
    method: str = "lora"
    """`lora`, `qlora` (LoRA on a 4-bit base) or `full`."""
    rank: int = 8
    """Rank of the adapter."""
    alpha: float = 16
    """Its scale, times the rank."""
    target: tuple[str, ...] = ("all-linear",)
    """`all-linear`, `attention`, or names of modules."""
    epochs: float = 1
    """Passes over the data; ignored with `steps` or `minutes`."""
    steps: int = 0
    """How many steps to train; 0 goes by epochs or the clock."""
    minutes: float = 0
    """How long to train; 0 goes by epochs or steps."""
    learning_rate: float = 0
    """At its peak; 0 is the method's own."""
    batch: int = 8
    """Pairs of a step."""
    max_length: int = 1024
    """Most tokens of a pair; longer ones are left out and counted."""
    merge: bool = False
    """Also write a merged model."""
    threads: int = 2
    """CPU threads."""
    save_every: float = 240.0
    """Seconds between checkpoints."""
    seed: int = 1
    """Of the adapter's weights and of orders."""

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values; of paths the last part, as they are nobody's."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _plain(value) for name, value in values.items()}

    @property
    def rate(self) -> float:
        """The learning rate's peak."""
        return self.learning_rate or RATES[self.method]


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


class Run:
    """A run's model, optimizer and place in the data, saved and read together."""

    def __init__(self, settings: Settings, model: Any, identity: dict[str, Any]):
        self.settings = settings
        self.model = model
        self.identity = identity
        self.trained = {
            name: parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }
        self.adam = torch.optim.AdamW(
            self.trained.values(), lr=settings.rate, weight_decay=0
        )
        self.step = 0
        self.elapsed = 0.0
        self.loss = 0.0
        self.losses = 0

    @property
    def checkpoint(self) -> Path:
        """Where the run is saved."""
        return self.settings.out / "checkpoint.pt"

    def begin(self) -> None:
        """Go on from the checkpoint, where there is one.

        Raises:
            UsageError: it is another run's.
        """
        if not self.checkpoint.exists():
            return
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            other = state["identity"]
        except BROKEN as error:
            raise UsageError(
                f"{self.checkpoint} is no checkpoint of fine-tuning.",
                "Choose another folder with --out.",
            ) from error
        changed = sorted(k for k, v in self.identity.items() if other.get(k) != v)
        if changed:
            raise UsageError(
                f"{self.settings.out} holds a run with another {', '.join(changed)}.",
                "Give the options of then, or another folder with --out.",
            )
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(state["trained"][name])
        self.adam.load_state_dict(state["adam"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        self.loss, self.losses = state["loss"], state["losses"]
        torch.set_rng_state(state["random"])
        if torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["random_gpu"])

    def save(self) -> None:
        """Write beside the old file, then take its place.

        Raises:
            ColumnistError: the disk is full or refuses; the old file is as it was.
        """
        state = {
            "identity": self.identity,
            "trained": {k: v.detach().cpu() for k, v in self.trained.items()},
            "adam": self.adam.state_dict(),
            "step": self.step,
            "elapsed": self.elapsed,
            "loss": self.loss,
            "losses": self.losses,
            "random": torch.get_rng_state(),
            "random_gpu": torch.cuda.get_rng_state_all(),
        }
        path = self.checkpoint
        partial = path.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except (OSError, RuntimeError) as error:
            partial.unlink(missing_ok=True)
            kept = "the checkpoint before it is whole" if path.exists() else "none is"
            raise ColumnistError(
                f"Cannot write {path}: {str(error).splitlines()[0]}; {kept}.",
                "Free some space and run the same command again.",
            ) from error

    def update(self, loss: torch.Tensor, scale: float) -> None:
        """One step with the gradients of a batch."""
        torch.nn.utils.clip_grad_norm_(list(self.trained.values()), 1.0)
        for group in self.adam.param_groups:
            group["lr"] = self.settings.rate * scale
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        self.step += 1
        self.loss += loss.item()
        self.losses += 1


def finetune(
    settings: Settings, *, stop: Callable[[], bool] = lambda: False
) -> Iterator[Event]:
    """Trains, then writes the adapter or model; events are logged, then given.

    Stopped, it saves a checkpoint and ends.

    Raises:
        ColumnistError: the disk is full, or the loss is no number any more; the last
            checkpoint is whole.
        UsageError: the model or the data cannot be used.
    """
    require("transformers", "tokenizers", "safetensors", "peft", "accelerate")
    torch.set_num_threads(settings.threads)
    source = open_source(settings.base)
    tokens = open_tokens(source)
    settings.out.mkdir(parents=True, exist_ok=True)
    learn = prepare(settings.data, settings.out / "data" / "train")
    counts: Counter[str] = Counter()
    rows = _pairs(learn, tokens, settings, counts)
    held = None
    if settings.held_out is not None:
        test = prepare([settings.held_out], settings.out / "data" / "held-out")
        held = _pairs(test, tokens, settings, Counter())[:HELD_OUT]
    device, dtype, reason = precision()
    model = trainable(settings, source, device)
    run = Run(settings, model, _identity(settings, source, learn))
    run.begin()
    yield log(
        settings.out,
        "start",
        parameters=sum(p.numel() for p in run.trained.values()),
        step=run.step,
        data={"train": learn.census},
        pairs=dict(counts),
        format=format_of(tokens).value,
        base={"name": source.folder.name, "sha256": run.identity["base"]},
        precision=f"{device}, {dtype or 'float32'}: {reason}",
        settings=settings.to_json(),
    )
    pad = tokens.id_of(tokens.pad) or 0
    begin = time.monotonic() - run.elapsed

    def done() -> float:
        if settings.minutes:
            return (time.monotonic() - begin) / (settings.minutes * 60)
        epoch = -(-len(rows) // settings.batch)
        return run.step / (settings.steps or max(1, round(epoch * settings.epochs)))

    def losses(batch: list[Pair]) -> torch.Tensor:
        tensors = {k: v.to(device) for k, v in collate(batch, pad=pad).items()}
        with torch.autocast(device, dtype, enabled=dtype is not None):
            return _losses(run.model, tensors)

    def measured() -> dict[str, Any]:
        return {"dev": {"loss": _measure(run.model, held, losses)}} if held else {}

    saved = time.monotonic()
    batches = order(len(rows), seed=settings.seed, batch=settings.batch)
    model.train()
    for numbers in islice(batches, run.step, None):
        share = done()
        if share >= 1:
            break
        loss = losses([rows[number] for number in numbers]).mean()
        if not torch.isfinite(loss):
            raise ColumnistError(
                f"The loss is no number any more at step {run.step + 1:,}.",
                "Give a lower --learning-rate; the last checkpoint is whole.",
            )
        loss.backward()
        scale = min((run.step + 1) / WARMUP, 1 - share)
        run.update(loss, scale)
        run.elapsed = time.monotonic() - begin
        if run.step % LOG_EVERY == 0 or done() >= 1:
            yield log(
                settings.out,
                "train",
                step=run.step,
                done=min(1.0, done()),
                loss=run.loss / run.losses,
                seconds=run.elapsed,
                rate=scale,
            )
            run.loss, run.losses = 0.0, 0
        if stop():
            run.save()
            return
        if time.monotonic() - saved > settings.save_every:
            run.save()
            if held:
                yield log(settings.out, "held-out", step=run.step, **measured())
            curve.draw(settings.out)
            saved = time.monotonic()
    run.save()
    figures = measured()
    written = write_results(run, source, tokens, figures)
    yield log(
        settings.out,
        "end",
        step=run.step,
        seconds=run.elapsed,
        written=[path.name for path in written],
        **figures,
    )
    curve.draw(settings.out)


def _pairs(
    data: Dataset, tokens: Tokens, settings: Settings, counts: Counter[str]
) -> list[Pair]:
    return pairs(
        data,
        tokens,
        seed=settings.seed,
        max_length=settings.max_length,
        counts=counts,
    )


def _identity(settings: Settings, source: Source, learn: Dataset) -> dict[str, Any]:
    """What must be the same when a run goes on."""
    return {
        "base": source.digests(),
        "data": sorted(learn.census["sources"].values()),
        "method": settings.method,
        "rank": settings.rank,
        "alpha": settings.alpha,
        "target": list(settings.target),
        "batch": settings.batch,
        "max length": settings.max_length,
        "learning rate": settings.rate,
        "seed": settings.seed,
    }


def trainable(settings: Settings, source: Source, device: str) -> Any:
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
        return load_model(source.folder, torch.float32).to(device)
    if settings.method == "qlora":
        model = _four_bits(source, device)
    else:
        small = torch.bfloat16 if device == "cuda" else torch.float32
        model = load_model(source.folder, small).to(device)
    quiet_transformers()
    from peft import LoraConfig, get_peft_model  # seconds to import

    target: Any = list(settings.target)
    if target == ["attention"]:
        target = list(ATTENTION)
    elif target == ["all-linear"]:
        target = "all-linear"
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=target,
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise UsageError(
            f"No adapter fits {source.folder.name}: {str(error).splitlines()[0]}",
            "Name its linear modules with --target, or all-linear.",
        ) from error


def _four_bits(source: Source, device: str) -> Any:
    """The base model in 4 bits, for QLoRA."""
    if device != "cuda":
        raise UsageError(
            "QLoRA needs an NVIDIA GPU, and torch finds none.", "Choose --method lora."
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
        source.folder, torch.bfloat16, quantization_config=config, device_map={"": 0}
    )
    return prepare_model_for_kbit_training(model)


def _losses(model: Any, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Loss of every answer token, in nats."""
    labels = tensors["labels"][:, 1:]
    found = model(
        input_ids=tensors["input_ids"],
        attention_mask=tensors["attention_mask"],
        use_cache=False,
    )
    answers = labels != -100
    chosen = found.logits[:, :-1][answers].float()
    return torch.nn.functional.cross_entropy(chosen, labels[answers], reduction="none")


def _measure(
    model: Any, held: list[Pair], losses: Callable[[list[Pair]], torch.Tensor]
) -> float:
    """Mean loss over the held-out pairs."""
    model.eval()
    with torch.no_grad():
        found = [losses(held[i : i + 8]) for i in range(0, len(held), 8)]
    model.train()
    mean: float = torch.cat(found).mean().item()
    return mean
