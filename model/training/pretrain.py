"""Trains the bundled model from nothing, or goes on from an earlier run.

The learning rate follows the clock (`minutes`) or the number of steps (`steps`), decay
included, so that the run ends when it said it would however busy the machine is. A run
that was stopped or killed goes on from its last checkpoint; with `steps` its losses are
the very ones it would have had. Everything that happens is a line of `log.jsonl` in the
run's folder; `curve.svg` and `curve.json` are drawn from it.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch loads OpenMP

import torch
from torch import Tensor

from catalog.errors import ColumnistError, UsageError
from model.training import curve
from model.training.corpus import Documented
from model.training.dataset import Dataset, prepare
from model.training.event import Event, log
from model.training.examples import real, synthetic
from model.training.network import Network, Shape
from model.training.optimizer import Muon, split_parameters
from model.training.packing import Encode, Group, batches, collate
from model.training.stream import Place, Stream
from model.training.tokenizer import load_tokenizer, train_tokenizer

WARMUP = 60
"""Steps until the learning rate is at its peak."""
TOKENIZER_TABLES = 40_000
"""Most tables that the tokenizer is trained on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked to do; kept in its log and in the model's manifest."""

    corpus: Path
    """Documented schemas, JSON Lines, or a folder with `train` and `dev` files."""
    out: Path
    """The run's folder."""
    held_out: Path | None = None
    """Schemas that are only measured on; a corpus folder's `dev` file by default."""
    extra: Path | None = None
    """A second data set, such as what `train data` wrote."""
    extra_share: float = 0.2
    """Share of the tables that are drawn from it."""
    rules_share: float = 0.0
    """Share of the tables that come with the rules' sentences, in their style."""
    truncate: float = 0.0
    """Share of the descriptions, the hardest to predict, that a step leaves out."""
    skip: str | None = None
    """Pattern of table names to leave out of training."""
    start_from: Path | None = None
    """`final.pt` of an earlier run, to go on with its weights."""
    vocabulary: int = 4096
    """Tokens."""
    width: int = 256
    """Hidden size."""
    layers: int = 4
    """Transformer blocks."""
    heads: int = 4
    """Attention heads."""
    inner: int = 704
    """Width of the SwiGLU."""
    minutes: float = 75.0
    """How long to train; ignored with `steps`."""
    steps: int = 0
    """How many steps to train; 0 goes by the clock."""
    tokens: int = 6144
    """Most tokens of a batch."""
    muon: float = 0.02
    """Learning rate of the matrices."""
    adam: float = 3e-3
    """Learning rate of the rest."""
    decay_from: float = 0.5
    """Share of the run from which the rate falls to 0."""
    copy_until: float = 0.13
    """Share of the run until which random-word tables prevail; 0 leaves that out."""
    threads: int = 2
    """CPU threads."""
    compiled: bool = True
    """Compile the loss where a C++ compiler is there."""
    save_every: float = 240.0
    """Seconds between checkpoints."""
    seed: int = 1
    """Of weights, orders and augmentation."""

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values; of paths the last two parts alone."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: f"{value.parent.name}/{value.name}"
            if isinstance(value, Path)
            else value
            for name, value in values.items()
        }


def precision() -> tuple[str, torch.dtype | None, str]:
    """Device, autocast dtype (None: float32 throughout) and the reason."""
    if torch.cuda.is_available():
        return "cuda", torch.bfloat16, "a GPU is there"
    flags = Path("/proc/cpuinfo")
    if flags.exists() and "amx_bf16" in flags.read_text(encoding="utf-8"):
        return "cpu", torch.bfloat16, "the CPU has amx_bf16"
    return "cpu", None, "no GPU and no amx_bf16: bfloat16 would be slower than float32"


def files(settings: Settings) -> tuple[Path, Path | None]:
    """The files to train on and to measure on."""
    if not settings.corpus.is_dir():
        return settings.corpus, settings.held_out
    return (
        _file(settings.corpus, "train"),
        settings.held_out or _file(settings.corpus, "dev"),
    )


def _file(folder: Path, name: str) -> Path:
    """The corpus file of that name, compressed or plain."""
    packed = folder / f"{name}.jsonl.xz"
    return packed if packed.exists() else folder / f"{name}.jsonl"


def tokenizer_of(
    settings: Settings, tables: Sequence[Documented], extra: Sequence[Documented]
) -> Any:
    """The run's tokenizer: the earlier run's, or one trained on what prompts hold."""
    path = settings.out / "tokenizer.json"
    if path.exists():
        return load_tokenizer(path)
    if settings.start_from is not None:
        shutil.copyfile(settings.start_from.parent / "tokenizer.json", path)
        return load_tokenizer(path)
    rng = random.Random(settings.seed)
    pieces: list[str] = []

    def spy(text: str) -> list[int]:
        pieces.append(text)
        return [0]

    def texts() -> Iterator[str]:
        for source in (tables, extra):
            step = max(1, len(source) // TOKENIZER_TABLES)
            for number in range(0, len(source), step):
                for _ in real(source[number], rng, spy, swap=0.1):
                    yield from pieces
                    pieces.clear()

    tokenizer = train_tokenizer(texts(), size=settings.vocabulary)
    tokenizer.save(str(path))
    return tokenizer


def rate_at(step: int, done: float, decay_from: float) -> float:
    """Share of the peak learning rate: a short warmup, flat, then linear to 0."""
    return min((step + 1) / WARMUP, 1.0, max(0.0, (1 - done) / (1 - decay_from)))


def loss_function(network: Network, *, compiled: bool) -> tuple[Any, str]:
    """The loss function, compiled where a C++ compiler is there, and the reason.

    Fusing norms, rotations and SwiGLU was 1.8 times as fast on two AVX512 cores (5,500
    against 3,000 tokens a second) for 70 seconds of compiling.
    """
    if not compiled:
        return network.losses, "not compiled, as asked"
    if shutil.which("c++") or shutil.which("g++"):
        return torch.compile(network.losses, dynamic=True), "compiled"
    return network.losses, "not compiled: no C++ compiler was found"


class Run:
    """A run's network, optimizers and place in the stream, saved and read together."""

    def __init__(self, settings: Settings, size: int, device: str) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.device = device
        self.network = Network(
            Shape(
                size,
                settings.width,
                settings.layers,
                settings.heads,
                settings.inner,
            )
        ).to(device)
        matrices, self.others = split_parameters(self.network)
        self.muon = Muon(matrices)
        self.adam = torch.optim.AdamW(
            self.others, lr=settings.adam, betas=(0.9, 0.98), weight_decay=0
        )
        self.step = 0
        self.seen = 0
        self.elapsed = 0.0
        self.place = Place()
        self.loss = 0.0
        self.losses = 0

    @property
    def checkpoint(self) -> Path:
        """Where the run is saved."""
        return self.settings.out / "checkpoint.pt"

    def begin(self) -> None:
        """Go on from the checkpoint, or from the earlier run's weights."""
        start = self.settings.start_from
        if self.checkpoint.exists():
            state = self._load(self.checkpoint)
            self.step, self.elapsed = state["step"], state["elapsed"]
            self.place = Place(**state["place"])
            self.loss, self.losses = state["loss"], state["losses"]
        elif start is not None:
            state = self._load(start)
        else:
            return
        self.seen = state["seen"]

    def _load(self, path: Path) -> dict[str, Any]:
        try:
            state: dict[str, Any] = torch.load(
                path, map_location=self.device, weights_only=False
            )
            self.network.load_state_dict(state["network"])
            self.muon.load(state["muon"])
            self.adam.load_state_dict(state["adam"])
        except (OSError, RuntimeError, KeyError, ValueError, EOFError) as error:
            line = str(error).strip().splitlines()[0]
            raise UsageError(
                f"{path} is no checkpoint of such a network: {line}",
                "Give the same sizes as then, or another folder.",
            ) from error
        return state

    def save(self, path: Path) -> None:
        """Write beside the old file, then take its place.

        Raises:
            ColumnistError: the disk is full or refuses; the old file is as it was.
        """
        state = {
            "network": self.network.state_dict(),
            "shape": asdict(self.network.shape),
            "muon": self.muon.state(),
            "adam": self.adam.state_dict(),
            "step": self.step,
            "seen": self.seen,
            "elapsed": self.elapsed,
            "place": self.place.to_json(),
            "loss": self.loss,
            "losses": self.losses,
        }
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

    def update(self, batch: list[Group], losses: Any, scale: float) -> None:
        """One step of both optimizers with the gradients of a batch."""
        self.muon.step(self.settings.muon * scale, decay=0.05)
        torch.nn.utils.clip_grad_norm_(self.others, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = self.settings.adam * scale
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        self.step += 1
        self.seen += sum(map(len, batch))


def pretrain(
    settings: Settings, *, stop: Callable[[], bool] = lambda: False
) -> Iterator[Event]:
    """Trains until the time or the steps are up; the final state is `final.pt`.

    Stopped, it saves a checkpoint and ends. Events are logged before they are given.

    Raises:
        ColumnistError: the disk is full; the last checkpoint is whole.
        UsageError: nothing can be learned from the corpus.
    """
    torch.set_num_threads(settings.threads)
    settings.out.mkdir(parents=True, exist_ok=True)
    device, dtype, reason = precision()
    learn, held, extra = _datasets(settings)
    tokenizer = tokenizer_of(settings, learn, extra)

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    run = Run(settings, tokenizer.get_vocab_size(), device)
    run.begin()
    forward, how = loss_function(run.network, compiled=settings.compiled)
    yield log(
        settings.out,
        "start",
        parameters=sum(p.numel() for p in run.network.parameters()),
        shape=asdict(run.network.shape),
        step=run.step,
        data={d.folder.name: d.census for d in (learn, held, extra) if d},
        precision=f"{device}, {dtype or 'float32'}: {reason}; {how}",
        settings=settings.to_json(),
    )
    stream = Stream(
        learn,
        extra,
        encode,
        seed=settings.seed,
        tokens=settings.tokens,
        copy_until=settings.copy_until,
        extra_share=settings.extra_share,
        rules_share=settings.rules_share,
        place=run.place,
    )
    tests = held_out(held, encode)
    pad = tokenizer.token_to_id("<|pad|>")
    begin = time.monotonic() - run.elapsed

    def done() -> float:
        if settings.steps:
            return run.step / settings.steps
        return (time.monotonic() - begin) / (settings.minutes * 60)

    def measured() -> dict[str, Any]:
        return {
            name: evaluate(run.network, groups, pad, device)
            for name, groups in tests.items()
        }

    saved = time.monotonic()
    while done() < 1:
        for batch in stream.batches(done()):
            share = done()
            if share >= 1:
                break
            tensors = move(collate(batch, pad=pad), device)
            with torch.autocast(device, dtype, enabled=dtype is not None):
                losses = forward(tensors)
            predictable(losses, tensors["asks"], settings.truncate).backward()
            scale = rate_at(run.step, share, settings.decay_from)
            run.update(batch, losses, scale)
            run.place = stream.place
            run.loss += losses.sum().item()
            run.losses += len(losses)
            run.elapsed = time.monotonic() - begin
            if run.step % 20 == 0:
                yield log(
                    settings.out,
                    "train",
                    step=run.step,
                    seen=run.seen,
                    done=share,
                    loss=run.loss / run.losses,
                    seconds=run.elapsed,
                    rate=scale,
                )
                run.loss, run.losses = 0.0, 0
            if stop():
                run.save(run.checkpoint)
                return
            if time.monotonic() - saved > settings.save_every:
                run.save(run.checkpoint)
                yield log(
                    settings.out, "held-out", step=run.step, done=share, **measured()
                )
                curve.draw(settings.out)
                saved = time.monotonic()
    run.save(settings.out / "final.pt")
    yield log(settings.out, "end", step=run.step, seen=run.seen, **measured())
    curve.draw(settings.out)


def predictable(losses: Tensor, asks: Tensor, truncate: float) -> Tensor:
    """Mean loss of the tokens of all descriptions but the hardest of the batch.

    A description that a name does not give away teaches to invent; left out, the model
    learns what can be known. Loss truncation of Kang and Hashimoto (2020), with the
    quantile of the batch in place of a history, so that nothing is kept between steps.

    Args:
        losses: of every description token, in nats.
        asks: which description of the batch each token is of, from 0.
        truncate: share of the descriptions to leave out, by mean loss.
    """
    if not truncate:
        return losses.mean()
    count = int(asks[-1]) + 1
    detached = losses.detach()
    means = detached.new_zeros(count).index_add(0, asks, detached)
    means /= torch.bincount(asks, minlength=count)
    kept = (means <= means.quantile(1 - truncate))[asks]
    return losses[kept].mean()


def _datasets(settings: Settings) -> tuple[Dataset, Dataset | None, Any]:
    """What is learned from, what is measured on, and the second set or ()."""
    learn, held = files(settings)
    data = settings.out / "data"
    return (
        prepare([learn], data / "train", skip=settings.skip),
        prepare([held], data / "held-out") if held else None,
        prepare([settings.extra], data / "extra") if settings.extra else (),
    )


def held_out(held: Dataset | None, encode: Encode) -> dict[str, list[Group]]:
    """Fixed groups to measure on: unseen repositories, and unseen words to copy."""
    rng = random.Random(0)
    tests = {"copy": [synthetic(rng, encode) for _ in range(60)]}
    if held is not None:
        chosen = rng.sample(range(len(held)), min(len(held), 150))
        groups = [g for n in chosen for g in real(held[n], rng, encode, swap=0)]
        tests["dev"] = [group for group in groups if group.blocks][:160]
    return tests


# torch has no types here, so its decorator is Any
@torch.no_grad()  # type: ignore[untyped-decorator]
def evaluate(
    network: Network, groups: list[Group], pad: int, device: str
) -> dict[str, float]:
    """Mean loss in nats and share of tokens predicted first, over all groups."""
    losses: list[Tensor] = []
    for batch in batches(groups, tokens=8192, seed=0):
        losses.append(network.losses(move(collate(batch, pad=pad), device)))
    every = torch.cat(losses)
    sure = (every < 0.1).float().mean().item()
    return {"loss": every.mean().item(), "sure": sure}


def move(tensors: dict[str, Any], device: str) -> dict[str, Any]:
    """The tensors on the device."""
    return {name: tensor.to(device) for name, tensor in tensors.items()}
