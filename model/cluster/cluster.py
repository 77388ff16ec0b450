"""A cluster as the run sees it: a child process that takes tables and gives drafts."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, Pipe
from typing import IO, Any, Self

from catalog.errors import ColumnistError
from catalog.objects import TableId
from catalog.stopping import Stop, never
from catalog.suggestion import Draft
from model import box, checks
from model.cluster.protocol import (
    Came,
    Event,
    Give,
    GivenUp,
    Join,
    Over,
    Remark,
    Staffed,
    TableDrafts,
    TableJob,
    event,
    send,
)
from model.draft import Drafter, Job
from model.wire import packed, read
from model.writer import POLL_SECONDS

ROOM = 10
"""Tables for each worker that are on their way: those it has, and a few that wait."""
JOIN_SECONDS = 90.0
"""A cluster has so long to say anything at all."""
CLOSE_SECONDS = 0.3
"""The child has so long to end by itself."""


@dataclass(slots=True)
class NodeWork:
    """What one node did."""

    actors: int = 0
    """Its workers now."""
    most: int = 0
    """Most workers that it had at a time."""
    tables: int = 0
    """Tables that it drafted."""
    began: float = field(default_factory=time.monotonic)
    """When its first worker was up."""
    last: float = 0.0
    """When its last table came."""

    @property
    def rate(self) -> float:
        """Tables a second, from its first worker to its last table."""
        return self.tables / (self.last - self.began) if self.tables else 0.0


class Cluster:
    """Workers on many machines, reached through a child process; a context manager.

    Args:
        join: the cluster, and what its workers need.
        tell: told in a line what the steward should know.

    Attributes:
        nodes: what each did, by name.
        given_up: tables that ended their workers too often.
        prompt_tokens: tokens read so far.
        generated_tokens: tokens written so far.
    """

    def __init__(self, join: Join, tell: Callable[[str], None]) -> None:
        self._join = join
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._log: IO[bytes] | None = None
        self.nodes: dict[str, NodeWork] = {}
        self.given_up: list[TableId] = []
        self.prompt_tokens = self.generated_tokens = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def process(self) -> int | None:
        """The number of the process that runs Ray, while there is one."""
        return self._process.pid if self._process is not None else None

    @property
    def room(self) -> int:
        """Tables that may be on their way at once."""
        return ROOM * sum(node.actors for node in self.nodes.values())

    def start(self, *, stop: Stop = never) -> None:
        """Join the cluster, and wait for the first worker.

        Raises:
            ColumnistError: it does not answer, none of its nodes can draft, or it was
                stopped.
        """
        ours, theirs = Pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as we do
        self._process = subprocess.Popen(
            box.command("model.cluster.driver", theirs.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(theirs.fileno(),),
            env=_environment(),
            # A Ctrl-C in the terminal is for the parent alone.
            start_new_session=True,
        )
        theirs.close()
        self._pipe = ours
        send(ours, self._join)
        began, heard = time.monotonic(), False
        while not self.room:
            if stop():
                raise ColumnistError("Joining the Ray cluster was stopped.")
            for each in self._events(POLL_SECONDS):
                heard = True
                self._take(each)
            if not heard and time.monotonic() - began > JOIN_SECONDS:
                raise ColumnistError(
                    f"The Ray cluster {self._join.address} did not answer within"
                    f" {JOIN_SECONDS:.0f} s.",
                    "Check the address with `ray status`.",
                )

    def close(self) -> None:
        """Leave the cluster; its workers end, and so does a cluster of our own."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=CLOSE_SECONDS)
            # A cluster of our own is in the child's group, and parts of Ray would stay
            # for a minute to look for the others.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._log is not None:
            self._log.close()
        self._pipe = self._process = self._log = None

    def lines(self) -> list[str]:
        """What each node did so far."""
        return [
            f"{name}: {node.tables:,} tables, {node.rate:.1f} a second, workers:"
            f" {node.most}."
            for name, node in self.nodes.items()
        ]

    def drafter(self, *known: Any, **named: Any) -> Drafter:
        """What is a `Drafter` here, with its arguments."""
        return ClusterDrafter(self, *known, **named)

    def give(self, key: int, job: Job) -> None:
        """Have a table drafted."""
        assert self._pipe is not None
        with suppress(BrokenPipeError, ConnectionResetError):  # shows when we read
            send(self._pipe, Give(key, packed(TableJob.of(job))))

    def receive(self) -> Iterator[Came | GivenUp]:
        """What became of tables, waited for a moment where nothing did yet.

        Raises:
            ColumnistError: the cluster is lost.
        """
        for each in self._events(POLL_SECONDS):
            self._take(each)
            if isinstance(each, Came | GivenUp):
                yield each

    def give_up(self, table: TableId, why: str) -> None:
        """Go on without a table."""
        self.given_up.append(table)
        self._tell(f"Gave up on {table}: {why}.")

    def _take(self, each: Event) -> None:
        match each:
            case Staffed(name, actors):
                node = self.nodes.setdefault(name, NodeWork())
                node.actors, node.most = actors, max(actors, node.most)
            case Came(_, name, _):
                node = self.nodes.setdefault(name, NodeWork())
                node.tables, node.last = node.tables + 1, time.monotonic()
            case Remark(line):
                self._tell(line)
            case Over(reason, hint):
                raise ColumnistError(reason, hint)
            case _:
                pass

    def _events(self, seconds: float) -> Iterator[Event]:
        """All that was said meanwhile; nothing where nothing is in so many seconds."""
        assert self._pipe is not None
        try:
            while self._pipe.poll(seconds):
                seconds = 0.0
                yield event(self._pipe)
        except ValueError as error:
            raise ColumnistError(f"The process that runs Ray {error}.") from error
        except (EOFError, OSError) as error:
            raise ColumnistError(
                "The process that runs Ray ended by itself, as when the cluster's"
                " part on this machine is gone.",
                "Finished drafts are saved; check `ray status` and start again.",
            ) from error


def _environment() -> dict[str, str]:
    """Ours without what may be secret: a cluster of our own hands it to workers."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("COLUMNIST_")}
    return kept | {"RAY_USAGE_STATS_ENABLED": "0"}


class ClusterDrafter(Drafter):
    """A drafter whose model and rules are on a cluster.

    What the catalog, a glossary or a known system tells is drafted here, and needs no
    worker. All else goes to them, and comes back in any order.

    Args:
        cluster: with the model.
        known: as for a `Drafter`, without an engine.
    """

    def __init__(self, cluster: Cluster, *known: Any, **named: Any) -> None:
        super().__init__(*known, **named)
        self._cluster = cluster

    def draft(
        self,
        jobs: Iterable[Job | None],
        *,
        stop: Stop = never,
        first: Callable[[], TableId | None] = lambda: None,
    ) -> Generator[Draft]:
        """One draft for every target of every job, as they come back.

        What is of no job, or came before, is left out; so is a job that was given up.
        """
        source, exhausted, key = iter(jobs), False, 0
        given: dict[int, Job] = {}
        while not stop():
            while not exhausted and len(given) < self._cluster.room and not stop():
                try:
                    job = next(source)
                except StopIteration:
                    exhausted = True
                    break
                if job is None:
                    break
                told, rest = self._told(job)
                yield from told
                if rest.targets:
                    key += 1
                    given[key] = rest
                    self._cluster.give(key, rest)
            if exhausted and not given:
                return
            for each in self._cluster.receive():
                job = given.pop(each.key, None)
                if job is not None:
                    yield from self._drafts(job, each)

    def _drafts(self, job: Job, each: Came | GivenUp) -> Iterator[Draft]:
        asked = job.asked or job
        if isinstance(each, GivenUp):
            self._cluster.give_up(asked.table.id, each.reason)
            return
        try:
            found = read(TableDrafts, each.drafts)
            drafts = found.of_table(asked.targets)
        except ValueError as error:
            self._cluster.give_up(asked.table.id, f"{each.node} {error}")
            return
        self._cluster.prompt_tokens += found.prompt_tokens
        self._cluster.generated_tokens += found.generated_tokens
        targets = dict(zip(asked.targets, job.targets, strict=True))
        for draft in drafts:
            target = targets[draft.target]
            said = f"{draft.text or ''}\n{draft.guess or ''}"
            if checks.leaks(said, job.table, job.profile(target), job.profiles):
                # The values it gives away never left this process.
                by_rules = self._decide(job, target, set())
                yield replace(
                    by_rules,
                    model=draft.model,
                    prompt=draft.prompt,
                    effort=draft.effort,
                )
            else:
                yield self._chances.steady(draft)
