"""What spreading tables over a Ray cluster costs, apart from drafting them.

    python -m benchmarks.scale_out [--tables 10000] [--sleep 0.12] [--json]

A cluster of two nodes is started on this machine (`ray.cluster_utils`). Its workers
hold a **null model** that takes `--sleep` seconds for each table, one after the other,
and has no rules and no checks. So a worker's time is known, and the rest is ours:
reading tables from the workspace, what others tell of them, the child process that runs
Ray, Ray itself, the check of leaks, saving. With 4 workers all tables are drafted, with
fewer a twentieth for each worker. `--checks` has whole workers on the null model
instead: on a machine with fewer free cores than workers that measures the machine.

`ideal` is tables x sleep / workers; `overhead` is how much longer it took. `in process`
is the usual loop without a cluster, with rules and checks, on a null model that takes
as long. `at once` is this process's own limit: two workers that answer at once, so that
nothing is left but what it and its child do for a table. `run MiB` is the most that
this process had in memory up to then.

Not covered: the network between machines, the database (samples come from a stand-in
that answers at once), bringing the model to the nodes, starting workers.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path
from unittest import mock

from benchmarks import scale
from benchmarks.machine import machine
from benchmarks.measuring import (
    Json,
    arguments,
    cpu_seconds,
    mebibytes,
    peak_memory,
    table,
)
from benchmarks.null_model import SENTENCE, TEXT_TOKENS
from catalog.objects import TableId, Target
from catalog.stopping import Stop, never
from catalog.suggestion import Draft, Source
from catalog.workspace import Workspace
from model.cluster.actor import DraftingActor
from model.cluster.protocol import TableDrafts, TableJob
from model.library import ModelFile
from model.prompt import Generation, Prompt
from model.wire import packed, read
from model.writer import Work, Writer
from tui.flow import clusters
from tui.flow.draft_plan import DraftPlan, Targets, plan_drafts
from tui.flow.drafting import draft
from tui.flow.engines import Running
from tui.flow.model_choice import library
from tui.flow.settings import locate

WIDTH = 4
"""Columns a table: few, as what is measured is not rules and checks."""
NODES = 2
ACTORS = (1, 2, 4)
SLEEP = "COLUMNIST_BENCHMARK_SLEEP"
"""Environment variable that tells workers how long a table takes."""
WINDOW = 8
"""Prompts that the null model is given ahead, as an engine is."""


class SleepingWriter(Writer):
    """Takes a stated time for each table, one after the other, and writes a sentence.

    Like an engine it goes on while its texts are looked at: when a table is done
    depends on when it was given and on the one before it, not on who waits.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._due: deque[tuple[float, int]] = deque()
        self._last = 0.0
        self._table: TableId | None = None

    def use_threads(self, count: int) -> None:
        """It needs none."""

    def start(self, *, stop: Stop = never) -> object:
        """It is ready."""
        return None

    def close(self) -> None:
        """It holds nothing."""

    def turn(self, content: str) -> tuple[str, str]:
        """It is no chat model."""
        raise NotImplementedError

    def _asking(self, working: Mapping[int, Work]) -> AbstractContextManager[None]:
        return nullcontext()

    def _has_room(self, *, eager: bool) -> bool:
        return len(self._working) < WINDOW

    def _give(self, key: int, work: Work) -> None:
        seconds = 0.0 if work.prompt.table == self._table else self._seconds
        self._table = work.prompt.table
        self._last = max(self._last, time.monotonic()) + seconds
        self._due.append((self._last, key))

    def _prefer(self, keys: tuple[int, ...]) -> None:
        pass

    def _receive(self, *, seconds: float, stop: Stop) -> Iterator[Generation]:
        now = time.monotonic()
        if not self._due or self._due[0][0] > now:
            due = self._due[0][0] - now if self._due else seconds
            time.sleep(min(due, seconds))
            now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, key = self._due.popleft()
            work = self._working.pop(key)
            for block, place in sorted(work.waiting):
                text = _offered(work.prompt, block, place) or SENTENCE.format(block)
                self.generated_tokens += TEXT_TOKENS
                yield Generation(
                    work.index, block, text, -0.5, TEXT_TOKENS, True, place
                )


def _offered(prompt: Prompt, block: int, place: int) -> str:
    texts = prompt.texts(block)
    return prompt.weighed(block)[place - texts] if place >= texts else ""


class SleepingActor(DraftingActor):
    """A worker that takes a stated time for each table, one after the other.

    It has no rules and no checks: what is measured is spreading, not drafting.
    """

    def start(self) -> None:
        """Be ready at once."""
        self._seconds = float(os.environ[SLEEP])
        self._turn, self._last = threading.Lock(), 0.0

    def draft(self, job: bytes) -> bytes:
        """A text for each target, when its time has come."""
        with self._turn:
            self._last = due = max(self._last, time.monotonic()) + self._seconds
        asked = read(TableJob, job).job()
        drafts = [
            Draft(target, f"The {at} of a table.", Source.MODEL, 0.5, model="null")
            for at, target in enumerate(asked.targets)
        ]
        packed_drafts = packed(TableDrafts.of(drafts, 0, 0))
        time.sleep(max(0.0, due - time.monotonic()))
        return packed_drafts


class AtOnceActor(SleepingActor):
    """A worker that answers at once."""

    def start(self) -> None:
        """Take no time."""
        super().start()
        self._seconds = 0.0


class CheckingActor(DraftingActor):
    """A whole worker, with rules and checks, on the null model."""

    def engine(self, model: ModelFile, threads: int) -> Writer:
        """It sleeps as long as the benchmark says."""
        return SleepingWriter(float(os.environ[SLEEP]))


@contextmanager
def cluster(cpus: int, seconds: float) -> Iterator[str]:
    """The address of a cluster of `NODES` nodes on this machine."""
    environment = {
        SLEEP: str(seconds),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": uuid.uuid4().hex,
        "RAY_worker_niceness": "0",  # Ray's own is 15, so that others slow them down
        "PYTHONPATH": os.pathsep.join([str(scale.ROOT), *filter(None, sys.path)]),
    }
    with mock.patch.dict(os.environ, environment):
        from ray.cluster_utils import Cluster  # it reads its variables only now

        made = Cluster()
        try:
            for _ in range(NODES):
                made.add_node(
                    num_cpus=math.ceil(cpus / NODES),
                    object_store_memory=80 << 20,
                    include_dashboard=False,
                )
            yield made.address
        finally:
            made.shutdown()


def run_one(
    snapshot: Path, tables: int, address: str | None, actors: int, seconds: float
) -> Json:
    """Draft so many tables; how long, and what it took of this machine."""
    model = _stand_in()
    with (
        tempfile.TemporaryDirectory(prefix="columnist-scale-out-") as name,
        Workspace(_copy(snapshot, Path(name))) as workspace,
    ):
        work = scale.session(workspace, Path(name))
        plan = plan_drafts(work)
        first, *rest = islice(plan.work.items(), tables + 1)
        once, plan = _of(plan, dict([first])), _of(plan, dict(rest))
        if address is None:
            running: AbstractContextManager[Running] = nullcontext(
                Running(SleepingWriter(seconds), model)
            )
        else:
            running = clusters.joined(
                work,
                plan.documented,
                model,
                work.settings,
                address=address,
                actors=actors,
                tell=_say,
                stop=never,
            )
        with running as ready:
            child = ready.cluster.process if ready.cluster else None
            _wait_for(ready, actors)
            list(draft(work, once, ready))  # reads what is read once
            own, its = time.process_time(), cpu_seconds(child) if child else 0.0
            began = time.perf_counter()
            drafts = sum(1 for _ in draft(work, plan, ready))
            took = time.perf_counter() - began
            own = time.process_time() - own
            its = cpu_seconds(child) - its if child else 0.0
            child_peak = peak_memory(child) if child else None
    ideal = tables * seconds / actors
    return {
        "actors": actors if address else 0,
        "tables": tables,
        "drafts": drafts,
        "seconds": took,
        "tables_per_second": tables / took,
        "ideal_seconds": ideal,
        "overhead": took / ideal - 1 if ideal else None,
        "run_cpu_milliseconds_a_table": 1000 * own / tables,
        "child_cpu_milliseconds_a_table": 1000 * its / tables,
        "run_peak_bytes": peak_memory(),
        "child_peak_bytes": child_peak,
    }


def _of(plan: DraftPlan, work: dict[TableId, tuple[Target, ...]]) -> DraftPlan:
    return replace(plan, work=Targets(work), targets=sum(map(len, work.values())))


def _wait_for(ready: Running, actors: int) -> None:
    """Until all workers are up: starting them is not what is measured."""
    while (
        ready.cluster and sum(n.actors for n in ready.cluster.nodes.values()) < actors
    ):
        assert not list(ready.cluster.receive())


def _stand_in() -> ModelFile:
    """A file that passes for a model: nothing reads it."""
    known = library(locate())
    own = known.own()
    return replace(own, path=known.shipped / own.manifest["adapter"]["file"])


def _copy(snapshot: Path, folder: Path) -> Path:
    subprocess.run(["cp", str(snapshot), str(folder / "workspace.db")], check=True)
    return folder / "workspace.db"


def measure(most: int, seconds: float, size: int, kind: str) -> list[Json]:
    """In this process, then with more and more workers, then the limit."""
    rows: list[Json] = []

    def add(row: Json) -> None:
        rows.append(row)
        _say(f"{row['tables_per_second']:.1f} tables/s, overhead {row['overhead']}")

    with tempfile.TemporaryDirectory(prefix="columnist-scale-out-") as name:
        snapshot = Path(name) / "snapshot.db"
        size = max(
            size, math.ceil(most * scale.DOCUMENTED / (scale.DOCUMENTED - 1)) + 9
        )
        _say(f"making a catalog of {size:,} tables")
        scale.build(snapshot, size, width=WIDTH)
        _say("in process")
        add(run_one(snapshot, most // 20, None, 1, seconds))
        actor = f"benchmarks.scale_out:{kind}"
        with cluster(max(ACTORS), seconds) as address:
            for actors in ACTORS:
                tables = most if actors == max(ACTORS) else most * actors // 20
                _say(f"{actors} workers, {tables:,} tables")
                with mock.patch.object(clusters, "ACTOR", actor):
                    add(run_one(snapshot, tables, address, actors, seconds))
            _say("the run's own limit")
            actor = "benchmarks.scale_out:AtOnceActor"
            with mock.patch.object(clusters, "ACTOR", actor):
                add(run_one(snapshot, most // 5, address, 2, 0.0))
    one = rows[1]["tables_per_second"]
    for row in rows:
        row["times_one_actor"] = row["tables_per_second"] / one
    return rows


def lines(rows: list[Json]) -> list[str]:
    """The report for people."""
    head = ["workers", "tables", "s", "ideal s", "overhead", "tables/s", "times one"]
    head += ["run CPU ms", "child CPU ms", "run MiB", "child MiB"]
    cells = [
        [
            str(row["actors"] or "in process") if row["ideal_seconds"] else "at once",
            f"{row['tables']:,}",
            f"{row['seconds']:.1f}",
            f"{row['ideal_seconds']:.1f}" if row["ideal_seconds"] else "-",
            f"{100 * row['overhead']:.1f} %" if row["ideal_seconds"] else "-",
            f"{row['tables_per_second']:.1f}",
            f"{row['times_one_actor']:.2f}",
            f"{row['run_cpu_milliseconds_a_table']:.2f}",
            f"{row['child_cpu_milliseconds_a_table']:.2f}",
            mebibytes(row["run_peak_bytes"]),
            mebibytes(row["child_peak_bytes"]),
        ]
        for row in rows
    ]
    return [table(head, cells)]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument(
        "--tables", type=int, default=10_000, help="drafted with the most workers"
    )
    parser.add_argument(
        "--sleep", type=float, default=0.12, help="seconds that a table takes"
    )
    parser.add_argument(
        "--catalog", type=int, default=0, help="tables that are planned, if more"
    )
    parser.add_argument(
        "--checks", action="store_true", help="with rules and checks in the workers"
    )
    options = parser.parse_args()
    facts = machine()
    kind = "CheckingActor" if options.checks else "SleepingActor"
    rows = measure(options.tables, options.sleep, options.catalog, kind)
    if options.json:
        document = {
            "benchmark": "scale_out",
            "machine": facts.as_json(),
            "settings": {"sleep": options.sleep, "columns": WIDTH, "nodes": NODES},
            "rows": rows,
        }
        print(json.dumps(document, indent=2))
    else:
        about = f"work       {WIDTH} columns a table, {options.sleep} s of sleep each"
        print("\n".join([*facts.lines(), about, "", *lines(rows)]))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
