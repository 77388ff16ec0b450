"""A run of fine-tuning: what was asked for, and what a checkpoint has of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from catalog.errors import ColumnistError, UsageError
from catalog.files import whole_file
from model.training.groups import Place

RATES = {"lora": 7e-4, "qlora": 7e-4, "full": 2e-5}
"""Learning rate by method, where none is asked for."""
COUNTED = ("step", "place", "seen", "elapsed", "loss", "losses")
"""What a checkpoint has of a run beside its weights."""
BROKEN = (
    OSError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
    EOFError,
    UnpicklingError,
)
"""What torch raises for files that are no checkpoints."""


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """What a run is asked to do; kept in its log and in the lineage."""

    base: Path
    """The model to go on from: a GGUF file or a Hugging Face directory."""
    data: tuple[Path, ...]
    """Described tables, JSON Lines."""
    out: Path
    """The run's folder."""
    start: Path | None = None
    """An adapter to go on from, PEFT's folder or a GGUF; rank and scale are its own."""
    held_out: float = 0.02
    """Share of the sources that are only measured on."""
    asked: bool = False
    """Only learn what the model is asked in use, not what the rules settle."""
    method: str = "lora"
    """`lora`, `qlora` (LoRA on a 4-bit base) or `full`."""
    rank: int = 32
    """Rank of the adapter."""
    alpha: float = 64
    """Its scale, times the rank."""
    target: tuple[str, ...] = ("all-linear",)
    """`all-linear`, `attention`, or names of modules."""
    epochs: float = 3
    """Passes over the data; ignored with `steps` or `minutes`."""
    steps: int = 0
    """How many steps to train; 0 goes by epochs or the clock."""
    minutes: float = 0
    """How long to train; 0 goes by epochs or steps."""
    within: float = 0
    """Minutes by which it ends, whatever epochs or steps say; 0 is no such end."""
    learning_rate: float = 0
    """At its peak; 0 is the method's own."""
    decay: float = 0.4
    """The last share of the run, in which the rate falls to 0."""
    tokens: int = 2048
    """Of a step, heads and examples included."""
    row: int = 256
    """Of a row; a step has as many rows as it needs."""
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
        plain = json.dumps(asdict(self), default=lambda path: path.name)
        found: dict[str, Any] = json.loads(plain)
        return found

    @property
    def rate(self) -> float:
        """The learning rate's peak."""
        return self.learning_rate or RATES[self.method]


class TrainingRun:
    """A run's model, optimizer and place in the data, saved and read together."""

    def __init__(
        self, settings: FinetuneSettings, model: Any, identity: dict[str, Any]
    ):
        self.settings = settings
        self.model = model
        self.identity = identity
        self.trained = {
            name: parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }
        self.adam = torch.optim.AdamW(
            self.trained.values(), lr=settings.rate, betas=(0.9, 0.95), weight_decay=0
        )
        self.step = 0
        self.place: Place = (0, 0)
        self.seen = 0
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
            UsageError: it is another run's, or broken.
        """
        if not self.checkpoint.exists():
            return
        hint = "Choose another folder with --out."
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            other = dict(state["identity"])
            changed = sorted(k for k, v in self.identity.items() if other.get(k) != v)
            if changed:
                raise UsageError(
                    f"{self.settings.out} holds a run with another"
                    f" {', '.join(changed)}.",
                    f"Give the options of then. {hint}",
                )
            self._restore(state)
        except BROKEN as error:
            raise UsageError(
                f"{self.checkpoint} is no whole checkpoint of fine-tuning.", hint
            ) from error

    def _restore(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(state["trained"][name])
        self.adam.load_state_dict(state["adam"])
        for name in COUNTED:
            setattr(self, name, state[name])

    def save(self) -> None:
        """Write what a later run goes on from.

        Raises:
            ColumnistError: the disk is full or refuses; the old file is as it was.
        """
        state = {
            "identity": self.identity,
            "trained": {k: v.detach().cpu() for k, v in self.trained.items()},
            "adam": self.adam.state_dict(),
            **{name: getattr(self, name) for name in COUNTED},
        }
        path = self.checkpoint
        try:
            with whole_file(path, scratch=f"{path.stem}.partial") as file:
                torch.save(state, file)
        except (OSError, RuntimeError) as error:
            kept = "the checkpoint before it is whole" if path.exists() else "none is"
            raise ColumnistError(
                f"Cannot write {path}: {str(error).splitlines()[0]}; {kept}.",
                "Free some space and run the same command again.",
            ) from error

    def update(self, loss: float, scale: float) -> None:
        """One step with the gradients that there are."""
        torch.nn.utils.clip_grad_norm_(list(self.trained.values()), 1.0)
        for group in self.adam.param_groups:
            group["lr"] = self.settings.rate * scale
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        self.step += 1
        self.loss += loss
        self.losses += 1
