"""Minimum risk training: the model's own texts, weighed by their likeness to a human's.

Likelihood teaches every wording that people use; what is shown is one text, the
likeliest, which then is short, vague, or two wordings run together. So several texts
are drawn for each target, the rules' sentence is put beside them, each gets a reward,
and the model learns to expect a low risk over them (Shen et al., 2016, "Minimum Risk
Training for Neural Machine Translation"). A share of ordinary likelihood of the human's
text keeps it from forgetting.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch loads OpenMP

import torch

from catalog.objects import TableId
from model.evaluation.measures import Cosine
from model.prompt import Prompt
from model.prompts.compact import END, LIMIT, block, finish, head
from model.rules import describe_column, describe_table
from model.training.corpus import Documented
from model.training.dataset import Dataset
from model.training.event import Event, log
from model.training.examples import Lesson, lessons
from model.training.export import load_network, write_gguf
from model.training.network import Network
from model.training.optimizer import Muon, split_parameters
from model.training.packing import Ask, Encode, Group, batches, collate, make_group
from model.training.pretrain import loss_function, move, precision, rate_at
from model.training.reward import reward
from model.training.tokenizer import load_tokenizer

ASKS = 3
"""Most targets of a table that are tried: a head with three times seven blocks."""
SHARPNESS = 0.4
"""Exponent of the probabilities that the risk is expected over."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked of a run."""

    checkpoint: Path
    """`final.pt` of the model to refine; its tokenizer lies beside it."""
    data: Path
    """The cleaned data set of its run: the folder `data/train`."""
    out: Path
    """The run's folder."""
    targets: int = 12_000
    """Targets that texts are drawn for."""
    samples: int = 6
    """Texts drawn for each."""
    temperature: float = 0.8
    """Of drawing them."""
    passes: int = 1
    """Times each is learned from."""
    tokens: int = 6144
    """Most tokens of a batch."""
    likelihood: float = 0.3
    """Weight of the human text's likelihood beside the risk's 1."""
    muon: float = 0.003
    """Learning rate of the matrices."""
    adam: float = 4e-4
    """Learning rate of the rest."""
    threads: int = 2
    """CPU threads."""
    compiled: bool = True
    """Compile the loss where a C++ compiler is there."""
    seed: int = 1
    """Of the choice of targets and of drawing."""

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values; of paths the last part."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.name if isinstance(value, Path) else value
            for name, value in values.items()
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """A group whose blocks are candidates for a few targets, each with its reward."""

    group: Group
    """Blocks: for each target its candidates, then the human's text."""
    target: tuple[int, ...]
    """Which target of the group each block is for."""
    rewards: tuple[float, ...]
    """Reward of each block; NaN marks the human's text."""

    def __len__(self) -> int:
        return len(self.group)


def refine(
    settings: Settings, *, stop: Callable[[], bool] = lambda: False
) -> Iterator[Event]:
    """Draws, weighs and learns; the final state is `final.pt` in the run's folder."""
    torch.set_num_threads(settings.threads)
    settings.out.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(settings.checkpoint.parent / "tokenizer.json")
    tokenizer.save(str(settings.out / "tokenizer.json"))
    network, state = load_network(settings.checkpoint)

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    yield log(
        settings.out,
        "start",
        parameters=sum(p.numel() for p in network.parameters()),
        precision="minimum risk training",
        settings=settings.to_json(),
        from_step=state["step"],
    )
    gguf = settings.out / "start.F16.gguf"
    write_gguf(gguf, network, tokenizer, kind="F16")
    chosen = _chosen(Dataset(settings.data), settings)
    drawn = _drawn(gguf, chosen, settings, stop)
    if stop():
        return
    trials = _weighed(chosen, drawn, encode)
    rewards = [r for trial in trials for r in trial.rewards if r == r]
    yield log(
        settings.out,
        "drawn",
        step=0,
        texts=len(rewards),
        mean_reward=sum(rewards) / max(1, len(rewards)),
    )
    device, dtype, _ = precision()
    pad = tokenizer.token_to_id("<|pad|>")
    yield from _learn(network.to(device), trials, settings, pad, device, dtype, stop)
    torch.save(
        {
            "network": network.state_dict(),
            "shape": state["shape"],
            "step": state["step"],
            "seen": state["seen"],
        },
        settings.out / "final.pt",
    )


def _chosen(data: Sequence[Documented], settings: Settings) -> list[Lesson]:
    """Lessons of random tables, each with a few targets, as they are: no swaps."""
    rng = random.Random(settings.seed)
    found: list[Lesson] = []
    count = 0
    order = rng.sample(range(len(data)), len(data))
    for number in order:
        for lesson in lessons(data[number], rng, swap=0.0):
            asks = lesson.asks
            kept = asks[:1] + tuple(rng.sample(asks[1:], min(ASKS - 1, len(asks[1:]))))
            found.append(Lesson(lesson.table, kept))
            count += len(kept)
            break
        if count >= settings.targets:
            break
    return found


def _prompt(lesson: Lesson, settings: Settings) -> Prompt:
    """The lesson's prompt with every block as often as texts are drawn."""
    table = lesson.table
    blocks = [
        block(table, ask.target, ask.profile, style=ask.style)
        for ask in lesson.asks
        for _ in range(settings.samples)
    ]
    return Prompt(
        head(table, table.columns),
        tuple(blocks),
        LIMIT,
        (END,),
        temperature=settings.temperature,
    )


def _drawn(
    gguf: Path, chosen: list[Lesson], settings: Settings, stop: Callable[[], bool]
) -> list[list[str]]:
    """Texts by lesson and block; kept in `drawn.json`, as drawing takes long."""
    from model.engine import Engine, EngineSettings  # starts llama.cpp

    kept = settings.out / "drawn.json"
    if kept.exists():
        found: list[list[str]] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    texts = [[""] * (len(x.asks) * settings.samples) for x in chosen]
    with Engine(EngineSettings(gguf, seed=settings.seed)) as engine:
        prompts = (_prompt(lesson, settings) for lesson in chosen)
        for generation in engine.generate(prompts, stop=stop):
            if generation.complete:
                texts[generation.prompt][generation.block] = generation.text
    if not stop():
        kept.write_text(json.dumps(texts), encoding="utf-8")
    return texts


def _weighed(
    chosen: list[Lesson], drawn: list[list[str]], encode: Encode
) -> list[Trial]:
    """Every lesson's candidates with their rewards, as groups."""
    likeness = Cosine(ask.text for lesson in chosen for ask in lesson.asks)
    trials = []
    for lesson, texts in zip(chosen, drawn, strict=True):
        samples = len(texts) // len(lesson.asks)
        asks: list[Ask] = []
        target: list[int] = []
        rewards: list[float] = []
        for number, ask in enumerate(lesson.asks):
            own = texts[number * samples : (number + 1) * samples]
            own = [" ".join(text.split()) for text in own]
            if by_rules := _by_rules(lesson, ask):
                own.append(by_rules.lower().rstrip("."))
            for text in dict.fromkeys(text for text in own if text):
                asks.append(Ask(ask.target, text, ask.style, ask.profile))
                target.append(number)
                rewards.append(
                    reward(finish(text), ask.text, lesson.table, ask.target, likeness)
                )
            asks.append(ask)
            target.append(number)
            rewards.append(float("nan"))
        group = make_group(lesson.table, lesson.table.columns, asks, encode)
        trials.append(Trial(group, tuple(target), tuple(rewards)))
    return trials


def _by_rules(lesson: Lesson, ask: Ask) -> str | None:
    if isinstance(ask.target, TableId):
        return describe_table(lesson.table)
    column = lesson.table.column(ask.target.name)
    return describe_column(lesson.table, column, ask.profile) if column else None


def _learn(
    network: Network,
    trials: list[Trial],
    settings: Settings,
    pad: int,
    device: str,
    dtype: Any,
    stop: Callable[[], bool],
) -> Iterator[Event]:
    """Passes over the trials with a falling rate."""
    network.train()
    matrices, others = split_parameters(network)
    muon = Muon(matrices)
    adam = torch.optim.AdamW(
        others, lr=settings.adam, betas=(0.9, 0.98), weight_decay=0
    )
    forward, _ = loss_function(network, compiled=settings.compiled)
    by_group = {id(trial.group): trial for trial in trials}
    order = [
        batch
        for turn in range(settings.passes)
        for batch in batches(
            [trial.group for trial in trials],
            tokens=settings.tokens,
            seed=settings.seed + turn,
        )
    ]
    began = time.monotonic()
    total: dict[str, float] = {"risk": 0.0, "loss": 0.0}
    for step, batch in enumerate(order, 1):
        if stop():
            return
        tensors = move(collate(batch, pad=pad), device)
        with torch.autocast(device, dtype, enabled=dtype is not None):
            losses = forward(tensors)
        risk, likelihood = expected(
            losses, tensors["asks"], [by_group[id(group)] for group in batch]
        )
        (10 * risk + settings.likelihood * likelihood).backward()
        done = step / len(order)
        scale = rate_at(step, done, 0.3)
        muon.step(settings.muon * scale)
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        for group in adam.param_groups:
            group["lr"] = settings.adam * scale
        adam.step()
        adam.zero_grad(set_to_none=True)
        total["risk"] += risk.item()
        total["loss"] += likelihood.item()
        if step % 20 == 0 or step == len(order):
            yield log(
                settings.out,
                "train",
                step=step,
                done=done,
                risk=total["risk"] / ((step - 1) % 20 + 1),
                loss=total["loss"] / ((step - 1) % 20 + 1),
                seconds=time.monotonic() - began,
            )
            total = {"risk": 0.0, "loss": 0.0}


def expected(
    losses: Any, asks: Any, trials: Sequence[Trial]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The expected risk of a batch's targets, and the human texts' mean loss.

    Args:
        losses: of every text token, in nats.
        asks: number of the block in the batch that each belongs to.
        trials: the batch, in order.
    """
    count = sum(len(trial.rewards) for trial in trials)
    sums = losses.new_zeros(count).index_add(0, asks, losses)
    sizes = losses.new_zeros(count).index_add(0, asks, torch.ones_like(losses))
    rewards = torch.tensor(
        [value for trial in trials for value in trial.rewards], device=losses.device
    )
    number = []
    base = 0
    for trial in trials:
        number += [base + target for target in trial.target]
        base += max(trial.target) + 1
    target = torch.tensor(number, device=losses.device)
    human = rewards.isnan()
    # Softmax of the sharpened log-probabilities within each target.
    scores = torch.where(human, -torch.inf, -SHARPNESS * sums)
    top = scores.new_full((base,), -torch.inf).scatter_reduce(0, target, scores, "amax")
    weights = torch.exp(scores - top[target].detach().clamp(min=-1e9))
    weights = torch.where(human, 0.0, weights)
    mass = weights.new_zeros(base).index_add(0, target, weights)
    risk = torch.where(human, 0.0, 1 - rewards)
    shares = weights / mass[target].clamp(min=1e-20)
    within = shares.new_zeros(base).index_add(0, target, shares * risk)
    return within.mean(), (sums[human] / sizes[human]).mean()
