"""Drafting in the background: what is in work, how far it is, how to stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from catalog.errors import ColumnistError
from catalog.objects import TableId, Target
from catalog.suggestion import Draft
from model.engine import Engine
from model.library import ModelFile
from tui import jobs
from tui.models import library
from tui.session import Session
from tui.text import count


@dataclass(frozen=True, slots=True)
class Progress:
    """How far drafting is."""

    done: int
    """Descriptions drafted."""
    total: int
    """Descriptions to draft in all; 0 while they are being counted."""
    seconds: float
    """Since the first was asked for."""

    def line(self) -> str:
        """For the status line."""
        if not self.total:
            return "Drafting: starting the model…"
        text = f"Drafting {self.done:,} of {self.total:,}"
        if self.done and self.seconds > 0.5:
            rate = self.done / self.seconds
            left = (self.total - self.done) / rate
            text += f" · {rate:.0f}/s · {left:.0f} s left"
        return text


class BackgroundDrafting:
    """One engine, used by one thread at a time; the app's workers call `run`.

    Asking for alternatives while drafting is under way makes it pause: it stops within
    a decoding step, and goes on with what is left.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._engine: Engine | None = None
        self._model: ModelFile | None = None
        self._using = threading.Lock()
        self._stop = threading.Event()
        self._pauses = 0
        self._paused = False
        self._closing = False
        self._first: TableId | None = None
        self.running = False
        self.progress = Progress(0, 0, 0.0)
        self.note = ""
        """What the steward should know of the engine, or why there is none."""

    def prefer(self, table: TableId | None) -> None:
        """The table on the screen goes before all others."""
        self._first = table

    def stop(self) -> None:
        """End drafting within a step; what is drafted stays."""
        self._stop.set()

    def run(
        self,
        *,
        tables: Sequence[TableId] = (),
        redo: bool = False,
    ) -> Iterator[Draft]:
        """Draft until all is done or `stop` is called; drafts once they are saved.

        Args:
            tables: only these, where given.
            redo: undecided drafts too.
        """
        self._stop.clear()
        self.running = True
        self.progress = Progress(0, 0, 0.0)
        started: float | None = None
        drafted: set[Target] = set()
        try:
            while not self._stop.is_set():
                self._wait_for_pauses()
                with self._using:
                    plan = jobs.plan_drafts(self._session, redo=redo)
                    wanted = set(tables) or set(plan.work)
                    plan.work = {
                        table: left
                        for table, targets in plan.work.items()
                        if table in wanted
                        and (left := tuple(t for t in targets if t not in drafted))
                    }
                    if not plan.targets:
                        return
                    total = len(drafted) + plan.targets
                    engine = self._start(self._stop.is_set)
                    started = started or time.monotonic()
                    self._paused = False
                    for draft in jobs.draft(
                        self._session,
                        plan,
                        engine,
                        self._model,
                        first=lambda: self._first,
                        stop=self._interrupted,
                    ):
                        drafted.add(draft.target)
                        seconds = time.monotonic() - started
                        self.progress = Progress(len(drafted), total, seconds)
                        yield draft
                if not self._paused:
                    return
        finally:
            self.running = False
            if self._engine is not None:
                self.note = self._engine.note

    def alternatives(self, target: Target, stop: Callable[[], bool]) -> list[str]:
        """Other wordings for one target; drafting pauses meanwhile."""

        def ended() -> bool:
            return self._closing or stop()

        self._pauses += 1
        try:
            with self._using:
                engine = self._start(ended)
                return jobs.alternatives(
                    self._session, target, engine, self._model, stop=ended
                )
        finally:
            self._pauses -= 1

    def pause(self) -> Callable[[], None]:
        """Keep drafting away until the returned function is called."""
        self._pauses += 1
        self._using.acquire()

        def resume() -> None:
            self._pauses -= 1
            self._using.release()

        return resume

    def close(self) -> None:
        """End drafting and the engine."""
        self._closing = True
        self.stop()
        with self._using:
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def _interrupted(self) -> bool:
        self._paused = self._paused or self._pauses > 0
        return self._stop.is_set() or self._paused

    def _wait_for_pauses(self) -> None:
        while self._pauses and not self._stop.is_set():
            self._stop.wait(0.05)

    def _start(self, stop: Callable[[], bool]) -> Engine | None:
        """The engine; None where no model can be run, and rules must do."""
        if self._engine is not None:
            return self._engine
        settings = self._session.settings
        try:
            self._model = library(settings).find(
                settings.model, adapter=settings.adapter
            )
            self._engine = jobs.start_engine(
                self._model,
                gpu_layers=settings.gpu_layers,
                seed=settings.seed,
                stop=stop,
            )
            self.note = self._engine.note
        except ColumnistError as error:
            self._engine = self._model = None
            self.note = f"Drafting by rules alone: {error.message}"
        return self._engine

    @property
    def model_line(self) -> str:
        """Which model, and where it runs."""
        if self._engine is None or self._engine.facts is None or self._model is None:
            return ""
        where = "GPU" if self._engine.facts.offloads else "CPU"
        return f"{self._model.name} on {where}"


def ended(progress: Progress) -> str:
    """What to say when drafting is over."""
    return f"Drafted {count(progress.done, 'description')} in {progress.seconds:.1f} s."
