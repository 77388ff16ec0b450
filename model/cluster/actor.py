"""A worker on a node of a cluster: an engine, and a `Drafter` that keeps it busy.

It is given tables as bytes and answers with bytes; it knows no database and no
workspace. Several calls wait in it at once, each for its table, while one thread drafts
them together.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, Queue

from catalog.objects import TableId, table_of
from catalog.suggestion import Draft
from model.chances import Chances
from model.cluster.protocol import SharedWork, TableDrafts, TableJob
from model.draft import Documented, Drafter, Job
from model.engine import Engine
from model.library import ModelFile, PromptFormat
from model.nearest import Nearest, shipped
from model.wire import EngineSettings, packed, read
from model.writer import Writer

IDLE_SECONDS = 0.02
"""How long a worker without a table waits before it looks up."""


class _Measured(Chances):
    """Leaves numbers as they are: which of several counts, the run settles for all."""

    def steady(self, draft: Draft) -> Draft:
        return draft


class DraftingActor:
    """Drafts tables.

    Args:
        work: a packed `SharedWork`.
        model: the model's file here; None drafts by rules alone.
        adapter: an adapter's file, or None.
        threads: CPU threads that it may use.
    """

    def __init__(
        self, work: bytes, model: str | None, adapter: str | None, threads: int
    ) -> None:
        found = read(SharedWork, work)
        assert isinstance(found, SharedWork)
        self._work = found
        self._engine: Writer | None = None
        self._model: ModelFile | None = None
        if model is not None:
            self._model = ModelFile(
                found.model or "",
                Path(model),
                found.format,
                None,
                found.calibration,
                {},
                Path(adapter) if adapter else None,
                found.house,
            )
            self._engine = self.engine(self._model, threads)
        self._jobs: Queue[Job] = Queue()
        self._open: dict[TableId, _Open] = {}
        self._told = (0, 0)
        self._telling = threading.Lock()
        self._failed: BaseException | None = None

    def engine(self, model: ModelFile, threads: int) -> Writer:
        """What runs the model, not started yet."""
        sizes = {"threads": threads} | self._work.sizes
        return Engine(
            EngineSettings(
                model.path,
                gpu_layers=self._work.gpu_layers,
                sizes=sizes,
                seed=self._work.seed,
                adapter=model.adapter,
            )
        )

    def start(self) -> None:
        """Load the model and be ready for tables."""
        if self._engine is not None:
            self._engine.start()
        drafter = self._drafter()  # reads for seconds what examples are taken from
        threading.Thread(target=self._run, args=(drafter,), daemon=True).start()

    def draft(self, job: bytes) -> bytes:
        """The `TableDrafts` of a packed `TableJob`, once all its drafts are there.

        Raises:
            Exception: the engine ended, or something of the table was not foreseen.
        """
        table = read(TableJob, job).job()
        waiting = _Open(len(table.targets))
        self._open[(table.asked or table).table.id] = waiting
        if self._failed is not None:
            raise self._failed
        self._jobs.put(table)
        drafts = waiting.all.result()
        return packed(TableDrafts.of(drafts, *self._spent()))

    def _spent(self) -> tuple[int, int]:
        """Tokens that were read and written since this was last asked."""
        if self._engine is None:
            return 0, 0
        with self._telling:
            read, written = self._told
            self._told = self._engine.prompt_tokens, self._engine.generated_tokens
            return self._told[0] - read, self._told[1] - written

    def _run(self, drafter: Drafter) -> None:
        try:
            for draft in drafter.draft(self._tables()):
                table = table_of(draft.target)
                if self._open[table].add(draft):
                    del self._open[table]
        except BaseException as error:
            # Whoever waits here is told, and given to another worker.
            self._failed = error
            for each in list(self._open.values()):
                each.all.set_exception(error)

    def _drafter(self) -> Drafter:
        own = Nearest()
        for example in self._work.examples:
            own.add(example)
        on_table, on_column = self._work.limits
        taught = self._model and self._model.format is PromptFormat.COMPACT
        return Drafter(
            self._engine,
            self._model,
            documented=Documented(nearest=own),
            limit=lambda t: on_table if isinstance(t, TableId) else on_column,
            nearest=shipped() if taught else None,
            chances=_Measured(),
        )

    def _tables(self) -> Iterator[Job | None]:
        """Tables as they are given, without end; None while there is none."""
        while True:
            # An engine at work must not wait for a table; nobody else need hurry.
            wait = self._engine is None or not self._open
            try:
                yield (
                    self._jobs.get(timeout=IDLE_SECONDS)
                    if wait
                    else (self._jobs.get_nowait())
                )
            except Empty:
                yield None


class _Open:
    """A table in work: what came of it so far."""

    def __init__(self, targets: int) -> None:
        self.all: Future[list[Draft]] = Future()
        self._left = targets
        self._drafts: list[Draft] = []

    def add(self, draft: Draft) -> bool:
        """Take one in; whether it was the last."""
        self._drafts.append(draft)
        self._left -= 1
        if not self._left:
            self.all.set_result(self._drafts)
        return not self._left
