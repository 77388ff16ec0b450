"""Trains the bundled model from nothing.

    python -m model.training.pretrain --corpus DIR --out runs/small --minutes 75

DIR holds `train.jsonl.xz` and `dev.jsonl.xz` (plain `.jsonl` too). The learning rate
follows the clock, decay included, so that the run ends when it said it would however
busy the machine is. Killed, the same command goes on from the last checkpoint. Events
are appended to `log.jsonl` in the run's folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch loads OpenMP

import torch

from model.training.corpus import Documented, read_corpus
from model.training.examples import real, synthetic
from model.training.network import Network, Shape
from model.training.optimizer import Muon, split_parameters
from model.training.packing import Encode, Group, batches, collate
from model.training.tokenizer import load_tokenizer, train_tokenizer

WARMUP = 60
"""Steps until the learning rate is at its peak."""

POOL = 768
"""Groups made at a time, then sorted by length into batches."""


def main() -> None:
    """Reads the arguments and trains."""
    parser = argparse.ArgumentParser(description=__doc__)
    # data
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--skip", default=None, help="leave out tables of this pattern")
    parser.add_argument("--vocabulary", type=int, default=4096)
    # network
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--inner", type=int, default=704)
    # schedule
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--tokens", type=int, default=6144, help="tokens of a batch")
    parser.add_argument("--muon", type=float, default=0.02)
    parser.add_argument("--adam", type=float, default=3e-3)
    parser.add_argument("--decay-from", type=float, default=0.5)
    parser.add_argument("--copy-until", type=float, default=0.13)
    # machine
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--eager", action="store_true", help="do not compile")
    parser.add_argument("--save-every", type=float, default=240, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())


def precision() -> tuple[str, torch.dtype | None, str]:
    """Device, autocast dtype (None: float32 throughout) and the reason."""
    if torch.cuda.is_available():
        return "cuda", torch.bfloat16, "a GPU is there"
    flags = Path("/proc/cpuinfo")
    if flags.exists() and "amx_bf16" in flags.read_text(encoding="utf-8"):
        return "cpu", torch.bfloat16, "the CPU has amx_bf16"
    return "cpu", None, "no GPU and no amx_bf16: bfloat16 would be slower than float32"


def find(folder: Path, name: str) -> Path:
    """The corpus file of that name, compressed or plain."""
    packed = folder / f"{name}.jsonl.xz"
    return packed if packed.exists() else folder / f"{name}.jsonl"


def prepared(
    arguments: argparse.Namespace,
) -> tuple[list[Documented], list[Documented]]:
    """Train and held-out tables, cleaned; kept in the run's folder for a resume."""
    cache = arguments.out / "corpus.pickle"
    if cache.exists():
        with cache.open("rb") as file:
            found: tuple[list[Documented], list[Documented]] = pickle.load(file)
        return found
    learn = read_corpus(find(arguments.corpus, "train"), skip=arguments.skip)
    held = read_corpus(find(arguments.corpus, "dev"))
    cache.write_bytes(pickle.dumps((learn, held)))
    return learn, held


def tokenizer_of(arguments: argparse.Namespace, tables: list[Documented]) -> Any:
    """The run's tokenizer, trained on what the prompts will hold."""
    path = arguments.out / "tokenizer.json"
    if not path.exists():
        rng = random.Random(arguments.seed)
        texts: list[str] = []
        pieces: list[str] = []

        def spy(text: str) -> list[int]:
            pieces.append(text)
            return [0]

        for table in tables:
            for _ in real(table, rng, spy, swap=0.1):
                texts += pieces
                pieces.clear()
        train_tokenizer(texts, size=arguments.vocabulary).save(str(path))
    return load_tokenizer(path)


def pools(
    tables: list[Documented],
    encode: Encode,
    *,
    seed: int,
    progress: Any,
    copy_until: float,
) -> Iterator[list[Group]]:
    """Endless pools of groups: copying first, then real texts in a rising share."""
    rng = random.Random(seed)
    order: list[int] = []
    while True:
        done = progress()
        early = max(0.0, 1 - done / copy_until) if copy_until else 0.0
        share = 0.06 + 0.74 * early + 0.14 * max(0.0, 1 - done / 0.6)
        swap = 0.25 + 0.4 * max(0.0, 1 - done / 0.7)
        pool: list[Group] = []
        while len(pool) < POOL:
            if rng.random() < share:
                pool.append(synthetic(rng, encode))
                continue
            if not order:
                order = list(range(len(tables)))
                rng.shuffle(order)
            table = tables[order.pop()]
            pool += [g for g in real(table, rng, encode, swap=swap) if g.blocks]
        yield pool


def rate_at(step: int, done: float, decay_from: float) -> float:
    """Share of the peak learning rate: a short warmup, flat, then linear to 0."""
    return min((step + 1) / WARMUP, 1.0, max(0.0, (1 - done) / (1 - decay_from)))


def compiled(network: Network, *, eager: bool) -> tuple[Any, str]:
    """The loss function, compiled where a C++ compiler is there, and the reason.

    Fusing norms, rotations and SwiGLU was 1.8 times as fast on two AVX512 cores (5,500
    against 3,000 tokens a second) for 70 seconds of compiling.
    """
    if eager:
        return network.losses, "not compiled: --eager"
    if shutil.which("c++") or shutil.which("g++"):
        return torch.compile(network.losses, dynamic=True), "compiled"
    return network.losses, "not compiled: no C++ compiler was found"


def train(arguments: argparse.Namespace) -> None:
    """Runs until the time is up; the final state is `final.pt`."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    device, dtype, reason = precision()
    print(f"device {device}, autocast {dtype}: {reason}", flush=True)
    learn, held = prepared(arguments)
    tokenizer = tokenizer_of(arguments, learn)

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    shape = Shape(
        tokenizer.get_vocab_size(),
        arguments.width,
        arguments.layers,
        arguments.heads,
        arguments.inner,
    )
    network = Network(shape).to(device)
    matrices, others = split_parameters(network)
    muon = Muon(matrices)
    adam = torch.optim.AdamW(
        others, lr=arguments.adam, betas=(0.9, 0.98), weight_decay=0
    )
    budget: float = arguments.minutes * 60
    step, seen, before = 0, 0, 0.0
    checkpoint = arguments.out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=False)
        network.load_state_dict(state["network"])
        muon.load(state["muon"])
        adam.load_state_dict(state["adam"])
        step, seen, before = state["step"], state["seen"], state["elapsed"]
    count = sum(p.numel() for p in network.parameters())
    log(
        arguments.out,
        event="start",
        parameters=count,
        shape=asdict(shape),
        step=step,
        data=hashes(arguments),
        precision=f"{dtype}: {reason}",
        arguments={k: str(v) for k, v in vars(arguments).items()},
    )
    forward, how = compiled(network, eager=arguments.eager)
    print(how, flush=True)
    begin: float = time.monotonic() - before

    def progress() -> float:
        return (time.monotonic() - begin) / budget

    tests = held_out(held, encode)
    pad = tokenizer.token_to_id("<|pad|>")
    saved = reported = time.monotonic()
    total, tokens = 0.0, 0
    for number, pool in enumerate(
        pools(
            learn,
            encode,
            seed=arguments.seed + step,
            progress=progress,
            copy_until=arguments.copy_until,
        )
    ):
        for batch in batches(pool, tokens=arguments.tokens, seed=step + number):
            done = progress()
            if done >= 1:
                break
            tensors = move(collate(batch, pad=pad), device)
            with torch.autocast(device, dtype, enabled=dtype is not None):
                losses = forward(tensors)
            loss = losses.mean()
            loss.backward()
            scale = rate_at(step, done, arguments.decay_from)
            muon.step(arguments.muon * scale, decay=0.05)
            torch.nn.utils.clip_grad_norm_(others, 1.0)
            for group in adam.param_groups:
                group["lr"] = arguments.adam * scale
            adam.step()
            adam.zero_grad(set_to_none=True)
            step += 1
            seen += sum(map(len, batch))
            total += losses.sum().item()
            tokens += len(losses)
            now = time.monotonic()
            if now - reported > 30:
                log(
                    arguments.out,
                    event="train",
                    step=step,
                    seen=seen,
                    done=done,
                    loss=total / tokens,
                    seconds=now - begin,
                    rate=scale,
                )
                reported, total, tokens = now, 0.0, 0
            if now - saved > arguments.save_every:
                save(checkpoint, network, muon, adam, step, seen, now - begin)
                figures = {
                    k: evaluate(network, v, pad, device) for k, v in tests.items()
                }
                log(arguments.out, event="held-out", step=step, done=done, **figures)
                saved = time.monotonic()
        if progress() >= 1:
            break
    figures = {k: evaluate(network, v, pad, device) for k, v in tests.items()}
    log(arguments.out, event="end", step=step, seen=seen, **figures)
    save(arguments.out / "final.pt", network, muon, adam, step, seen, budget)


def held_out(held: list[Documented], encode: Encode) -> dict[str, list[Group]]:
    """Fixed groups to measure on: unseen repositories, and unseen words to copy."""
    rng = random.Random(0)
    chosen = rng.sample(held, min(len(held), 150))
    groups = [g for table in chosen for g in real(table, rng, encode, swap=0)]
    return {
        "dev": [g for g in groups if g.blocks][:160],
        "copy": [synthetic(rng, encode) for _ in range(60)],
    }


# torch has no types here, so its decorator is Any
@torch.no_grad()  # type: ignore[untyped-decorator]
def evaluate(
    network: Network, groups: list[Group], pad: int, device: str
) -> dict[str, float]:
    """Mean loss in nats and share of tokens predicted first, over all groups."""
    losses: list[torch.Tensor] = []
    for batch in batches(groups, tokens=8192, seed=0):
        losses.append(network.losses(move(collate(batch, pad=pad), device)))
    every = torch.cat(losses)
    sure = (every < 0.1).float().mean().item()
    return {"loss": every.mean().item(), "sure": sure}


def move(tensors: dict[str, Any], device: str) -> dict[str, Any]:
    """The tensors on the device."""
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def save(
    path: Path, network: Network, muon: Muon, adam: Any, step: int, seen: int, at: float
) -> None:
    """Writes a checkpoint beside the old one and then takes its place."""
    state = {
        "network": network.state_dict(),
        "shape": asdict(network.shape),
        "muon": muon.state(),
        "adam": adam.state_dict(),
        "step": step,
        "seen": seen,
        "elapsed": at,
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def hashes(arguments: argparse.Namespace) -> dict[str, str]:
    """SHA-256 of the corpus files."""
    files = [find(arguments.corpus, name) for name in ("train", "dev")]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def log(folder: Path, **event: Any) -> None:
    """Appends one event to the run's log and prints it."""
    event["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = json.dumps(event, default=str)
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    print(line[:300], flush=True)


if __name__ == "__main__":
    main()
