"""Learning from a house's decisions on the machine where they were made.

The model in use is taught the texts that stewards accepted and edited, mixed with some
of the shipped ones, as a LoRA that begins at nothing on top of it; the two are merged
into a candidate. Both models then draft the tables that were held out and a part of the
shipped set that the program's own adapter was not taught: the candidate wins where it
is accepted more on the first, beyond chance, and hardly less on the second. How it
chooses is refitted on the decisions, each table judged by a fit on the others.

Everything lies in a folder of its own until then, named after what is learned, so that
a run that was stopped or killed goes on, and the model in use is never touched.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch loads OpenMP

from catalog.errors import ColumnistError, UsageError
from catalog.files import writing
from catalog.stopping import Stop, never
from model import teacher_set
from model.base import merge
from model.choose import Calibration, House
from model.draft import Documented
from model.engine import Engine
from model.evaluation import house
from model.evaluation.house import Answer
from model.library import ModelFile, PromptFormat, digest
from model.teacher_set import Described
from model.training import lineage
from model.training.adapter import adapter_config, adapter_tensors, write_adapter
from model.training.event import Event
from model.training.finetune import finetune, split
from model.training.lesson import Lesson, tables_of, write_data
from model.training.llama_family import shape_of
from model.training.source import open_source
from model.training.training_run import FinetuneSettings
from model.wire import EngineSettings

SHIPPED_TEST, SHIPPED_TEXTS = 0.01, 6
"""The share of the shipped sources that the adapter's last run held out, and the texts
of each of their tables that are drafted: columns of one table tell much the same."""
MOST_LOST = 0.02
"""What a candidate may lose on the shipped test set."""
MARGIN = 1.25
"""The candidate's drafting may take so much longer than that of the model in use."""
MERGING = 120.0
"""Seconds that are kept for loading what is trained and merging it."""
LEAST_TRAINING = 60.0
"""Seconds of training below which there is no use in it."""
SAVED_EVERY = 60.0
"""Seconds between checkpoints."""
SPACE = 1_000_000_000
"""Bytes that a run takes on the disk, checkpoints and candidate included."""

Run = Callable[[ModelFile], EngineSettings]
Track = Callable[[Iterator[Event], FinetuneSettings], Iterator[Event]]


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """How a lesson is learned."""

    folder: Path
    """Where runs lie."""
    minutes: float = 15.0
    """All of it is to take at most."""
    epochs: float = 6.0
    """Most passes over the texts."""
    rank: int = 32
    """Of the LoRA on top."""
    learning_rate: float = 7e-4
    """At its peak."""
    tokens: int = 512
    """Of a step."""
    threads: int = 2
    """CPU threads."""
    seed: int = 1
    """Of orders and of what is drawn."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of a lesson."""

    folder: Path
    """Where the candidate is."""
    manifest: dict[str, Any]
    """Of the candidate; `file` is its own in that folder."""
    held: dict[str, Any]
    """Candidate against the model in use on held-out tables (`house.compare`)."""
    shipped: dict[str, Any]
    """The same on the shipped test set."""
    answers: tuple[tuple[Answer, ...], tuple[Answer, ...]]
    """Of the model in use and of the candidate, on the held-out tables."""

    @property
    def lost(self) -> str:
        """Why the candidate does not take the other's place; empty where it does."""
        if self.held["accepted"]["low"] <= 0:
            return "on held-out tables it is not accepted more often beyond chance"
        if self.shipped["accepted"]["by"] < -MOST_LOST:
            return f"on the shipped test set it loses more than {MOST_LOST:.0%}"
        return ""


def learn(
    lesson: Lesson,
    standing: ModelFile,
    name: str,
    settings: LearnSettings,
    run: Run,
    *,
    tell: Callable[[str], None] = lambda _: None,
    track: Track = lambda events, _: events,
    take: Callable[[Learned], None] = lambda _: None,
    stop: Stop = never,
) -> Learned:
    """Teach the model in use a lesson, and compare the candidate with it.

    Args:
        lesson: what was decided.
        standing: the model in use.
        name: the candidate's.
        settings: how long and how.
        run: how the engine runs a model.
        tell: told in a line what happens.
        track: sees what the training tells, and passes it on.
        take: has the candidate while no other process learns, which would remove it.
        stop: ends it; what was trained is saved.

    Raises:
        RefusedError: there is too little to learn from.
        UsageError: the model in use cannot be taught so.
        ColumnistError: it was stopped, the disk is full, or another one is running;
            nothing of the model in use is changed, and the same goes on.
    """
    lesson.demand_enough()
    before = _calibration(standing)
    begin = time.monotonic()
    known, test = split(list(teacher_set.shipped()), SHIPPED_TEST)
    test = [_some_of(each, settings.seed) for each in test]
    with _alone(settings.folder, lesson, standing, settings) as folder:
        data = write_data(lesson, known, folder, seed=settings.seed)
        held, learned = tables_of(lesson.held), tables_of(lesson.learned)
        beside = house.documented(learned)

        def drafted(model: ModelFile) -> tuple[list[Answer], list[Answer]]:
            with Engine(run(model)) as engine:
                told = house.answers(engine, model, held, beside, stop=stop)
                asked = house.answers(engine, model, test, Documented(), stop=stop)
            if stop():
                raise ColumnistError("Stopped.")
            return told, asked

        tell(f"Drafting with {standing.name}: what is to be bettered.")
        first, first_shipped = drafted(standing)
        drafting = time.monotonic() - begin
        left = settings.minutes * 60 - drafting * (1 + MARGIN) - MERGING
        if left < LEAST_TRAINING:
            raise ColumnistError(
                f"Drafting alone takes so long here that {settings.minutes:g} minutes"
                " leave no time to learn.",
                "Give more with --minutes, or wait until the machine is free.",
            )
        training = FinetuneSettings(
            base=standing.path,
            data=data,
            out=folder / "run",
            held_out=0.0,
            rank=settings.rank,
            alpha=2 * settings.rank,
            epochs=settings.epochs,
            within=left / 60,
            learning_rate=settings.learning_rate,
            tokens=settings.tokens,
            threads=settings.threads,
            save_every=SAVED_EVERY,
            seed=settings.seed,
        )
        told: dict[str, Any] = {}
        for event in track(finetune(training, stop=stop), training):
            tell(event.line())
            told = {"event": event.kind, **event.figures}
        if told.get("event") != "end" or stop():
            raise ColumnistError("Stopped.")
        own = house.own_style(learned)
        candidate = _candidate(standing, name, folder, House(before, own), tell)
        tell(f"Drafting with {name}.")
        raw, second_shipped = drafted(candidate)
        second = house.unseen(raw, held, before)
        chosen = House(house.refit(before, raw, held), own)
        found = Learned(
            folder,
            {},
            house.compare(first, second),
            house.compare(first_shipped, second_shipped),
            (tuple(first), tuple(second)),
        )
        about = _run(lesson, standing, name, training, told, begin)
        found = replace(
            found, manifest=_manifest(standing, candidate, chosen, found, about)
        )
        take(found)
        return found


def _calibration(standing: ModelFile) -> Calibration:
    """How the model in use chooses, where it can be taught.

    Raises:
        UsageError: it cannot.
    """
    found = standing.house.calibration if standing.house else standing.calibration
    if standing.format is not PromptFormat.COMPACT or found is None:
        raise UsageError(
            f"{standing.name} cannot learn so: it is none of the program's own kind.",
            "Leave --model out, or name a model that learned from it.",
        )
    return found


def _some_of(each: Described, seed: int) -> Described:
    """A table with a few of its texts."""
    names = list(each.texts)
    drawn = random.Random(f"{seed} {each.id}").sample(
        names, min(SHIPPED_TEXTS, len(names))
    )
    return replace(each, texts={n: each.texts[n] for n in names if n in drawn})


@contextmanager
def _alone(
    folder: Path, lesson: Lesson, standing: ModelFile, settings: LearnSettings
) -> Generator[Path]:
    """The folder of a run, for one process; those of other runs are removed.

    Raises:
        ColumnistError: another process learns, or there is no room.
    """
    told: list[Any] = [*lesson.learned, standing.sha256, settings.rank, settings.tokens]
    told += [settings.learning_rate, settings.seed]
    key = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ColumnistError(
                "Another process learns in this workspace already.",
                "Wait for it, or stop it: what it trained is saved.",
            ) from error
        here = folder / key
        for other in folder.iterdir():
            if other.is_dir() and other != here:
                shutil.rmtree(other, ignore_errors=True)
        if not here.exists() and shutil.disk_usage(folder).free < SPACE:
            raise ColumnistError(
                f"Learning takes {SPACE / 1e9:.0f} GB of disk space in {folder}, and"
                " there is less.",
                "Free some, and run the same command again.",
            )
        with writing(here):
            here.mkdir(exist_ok=True)
        yield here


def _candidate(
    standing: ModelFile,
    name: str,
    folder: Path,
    choosing: House,
    tell: Callable[[str], None],
) -> ModelFile:
    """The model in use with what was trained in its weights."""
    tell("Merging what was trained.")
    source = open_source(standing.path)
    trained, adapter = folder / "run" / "adapter", folder / "adapter.gguf"
    tensors = adapter_tensors(trained, shape_of(source))
    alpha = float(adapter_config(trained)["lora_alpha"])
    merged = folder / f"{name}.gguf"
    with writing(merged, hint="Free some space and run the same command again."):
        # That llama.cpp reads it right, the comparison shows.
        write_adapter(adapter, source, tensors, kind="F16", alpha=alpha, name="adapter")
        merge(standing.path, adapter, merged, name=name)
    return replace(standing, name=name, path=merged, house=choosing)


def _run(
    lesson: Lesson,
    standing: ModelFile,
    name: str,
    training: FinetuneSettings,
    told: dict[str, Any],
    begin: float,
) -> dict[str, Any]:
    """This run's place in the chain back to the data."""
    return {
        "run": name,
        "command": "columnist learn",
        "settings": training.to_json(),
        "figures": {
            **{key: told[key] for key in ("step", "tokens", "seconds") if key in told},
            "all seconds": round(time.monotonic() - begin, 1),
        },
        "start": standing.sha256 or digest(standing.path),
        "start_name": standing.name,
        "decided": [asdict(each) for each in lesson.decided],
        "tables": {"learned": len(lesson.learned), "held out": len(lesson.held)},
        "left_out": lesson.left_out,
        "data": [lineage.data_of(path) for path in training.data],
        "ended": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": lineage.commit(),
        "versions": lineage.versions(),
    }


CARRIED = ("format", "licence", "architecture", "base", "adapter", "calibration")
"""What a learned model's manifest has of the one that it learned on."""


def _manifest(
    standing: ModelFile,
    candidate: ModelFile,
    choosing: House,
    found: Learned,
    run: dict[str, Any],
) -> dict[str, Any]:
    manifest = standing.manifest
    return {
        "name": candidate.name,
        "file": candidate.path.name,
        "sha256": digest(candidate.path),
        "bytes": candidate.path.stat().st_size,
        "quantisation": "Q8_0",
        **{key: manifest[key] for key in CARRIED if key in manifest},
        "house": choosing.to_json(),
        "lineage": [run, *manifest.get("lineage", [])],
        "scores": {
            f"against {standing.name}, held-out tables": found.held,
            f"against {standing.name}, shipped test set": found.shipped,
        },
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
