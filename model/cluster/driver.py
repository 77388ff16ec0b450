"""The child process that runs Ray; started by `model.cluster.cluster`, never by hand.

Ray writes to its terminal, takes over signals, and can end the process it is in. Here
it may: nothing is lost with this process but what is not saved yet.

One thread decides, an event after the other: which nodes are right, how many workers
each has, and by `model.cluster.spreading` what they are given.
"""

from __future__ import annotations

import importlib
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from model.cluster import release
from model.cluster.protocol import (
    Came,
    Event,
    Give,
    GivenUp,
    Join,
    ModelPiece,
    Over,
    Remark,
    Staffed,
    order,
    send,
)
from model.cluster.release import Release
from model.cluster.spreading import TABLES_AN_ACTOR, Hand, Spread
from model.cluster.store import PIECE, ModelStore

FAILURES = 4
"""A node is left out when so many workers ended there, one after the other, that had
drafted nothing."""
CPUS_AN_ACTOR = 4
"""Where there is no GPU and nobody said how many workers there are to be."""
LOST_SECONDS = 5.0
"""A cluster's head that cannot be reached for so long is taken for dead."""
LOOK_SECONDS = 1.0
MEET_SECONDS = 15.0
"""Nodes that came or went are looked for so often."""
ALONE_SECONDS = 30.0
"""After so long without a worker the steward is told what is waited for."""


@dataclass(slots=True, eq=False)
class _Node:
    """A machine of the cluster, as Ray sees it."""

    id: str
    name: str
    """Its address; with the beginning of its id where several have one address."""
    cpus: int
    gpus: int
    checked: bool = False
    """Whether its Columnist and its model are right."""
    out: bool = False
    """It is gone, or was left out."""
    paths: list[str] = field(default_factory=list[str])
    """Where it has the model's files."""
    store: Any = None
    actors: list[_Actor] = field(default_factory=list["_Actor"])
    failures: int = 0


@dataclass(slots=True, eq=False)
class _Actor(Hand):
    """A worker on a node."""

    node: _Node = field(kw_only=True)
    handle: Any = field(kw_only=True)
    up: bool = False


class Driver:
    """Joins a cluster and spreads tables over it.

    Args:
        say: sends an event to the run.
    """

    def __init__(self, say: Callable[[Event], None]) -> None:
        self._say = say
        self._happened: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._join: Join | None = None
        self._nodes: dict[str, _Node] = {}
        self._tables = Spread()
        self._ended = False
        self._problems: list[str] = []

    def do(self, what: Callable[[], None]) -> None:
        """Have something done by the thread that decides."""
        self._happened.put(what)

    def run(self) -> None:
        """Decide until the run has ended."""
        while not self._ended:
            self._happened.get()()

    def end(self) -> None:
        """Stop deciding."""
        self._ended = True

    # Nodes

    def join(self, message: Join) -> None:
        """Connect to the cluster and look at its nodes."""
        import ray

        self._join = message
        try:
            ray.init(
                address=message.address,
                include_dashboard=False if message.address == "local" else None,
                log_to_driver=False,
                logging_level="ERROR",
                configure_logging=False,
            )
        except Exception as error:  # whatever Ray raises: there are a dozen kinds
            self._over(
                f"The Ray cluster {message.address} cannot be joined: {_line(error)}.",
                "A machine that is none of the cluster takes ray://HOST:10001; one"
                " that wants a token has RAY_AUTH_MODE=token.",
            )
            return
        # By value: on a node that has another Columnist, or none.
        ray.cloudpickle.register_pickle_by_value(release)
        head = message.head or ray.get_runtime_context().gcs_address
        threading.Thread(target=self._watch, args=(head,), daemon=True).start()
        self._meet()

    def _watch(self, head: str) -> None:
        """Look whether the cluster's head is there, and for nodes now and then."""
        host, _, port = head.rpartition(":")
        began = met = seen = time.monotonic()
        told = False
        while True:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            try:
                socket.create_connection((host, int(port)), LOOK_SECONDS).close()
                seen = now
            except OSError:
                if now - seen > LOST_SECONDS:
                    # Ray's own calls hang now, so nobody may be asked to decide.
                    self._say(
                        Over(
                            f"The head of the Ray cluster at {head} does not answer"
                            " any more.",
                            "Finished drafts are saved; start again when it does.",
                        )
                    )
                    return
            if now - met > MEET_SECONDS:
                met = now
                self.do(self._meet)
            if not told and now - began > ALONE_SECONDS:
                told = True
                self.do(self._tell_alone)

    def _tell_alone(self) -> None:
        if not any(actor.up for node in self._nodes.values() for actor in node.actors):
            self._say(
                Remark("No worker is up yet: they load the model, or wait for a CPU.")
            )

    def _meet(self) -> None:
        """Check nodes that are new, and give up those that are gone."""
        import ray

        for each in ray.nodes():
            known = self._nodes.get(each["NodeID"])
            if not each["Alive"]:
                if known is not None and not known.out:
                    self._leave_out(known, "is gone")
            elif known is None:
                cpus = int(each["Resources"].get("CPU", 0))
                gpus = int(each["Resources"].get("GPU", 0))
                name = each["NodeManagerAddress"]
                if any(node.name == name for node in self._nodes.values()):
                    name = f"{name} ({each['NodeID'][:8]})"
                node = _Node(each["NodeID"], name, cpus, gpus)
                self._nodes[node.id] = node
                if cpus or gpus:
                    self._check(node)
                else:
                    node.out = True
        self._none_left()

    def _check(self, node: _Node) -> None:
        """See that a node has this Columnist."""
        import ray

        asked = ray.remote(release.installed)
        asked = asked.options(num_cpus=0, **self._on(node)).remote()

        def seen(future: Future[Any]) -> None:
            if (error := future.exception()) is not None:
                self._leave_out(node, f"cannot be used: {_line(error)}")
            elif (found := Release(*future.result())) != self._told.release:
                self._leave_out(node, f"has {found}, and this is {self._told.release}")
            elif self._told.files:
                store = ray.remote(ModelStore)
                node.store = store.options(num_cpus=0, **self._on(node)).remote()
                self._find(node)
            else:
                self._checked(node)

        self._when(asked, seen)

    def _find(self, node: _Node) -> None:
        """Look for the next file of the model on a node, or bring it there."""
        import ray

        if len(node.paths) == len(self._told.files):
            ray.kill(node.store)
            node.store = None
            self._checked(node)
            return
        wanted = self._told.files[len(node.paths)]

        def found(future: Future[Any]) -> None:
            if (error := future.exception()) is not None:
                self._leave_out(node, f"cannot be used: {_line(error)}")
            elif (path := future.result()) is not None:
                node.paths.append(path)
                self._find(node)
            else:
                megabytes = wanted.size / 1e6
                self._say(
                    Remark(f"Sends the model to {node.name}: {megabytes:,.0f} MB.")
                )
                # Reading takes long; tables of other nodes go on meanwhile.
                threading.Thread(
                    target=self._bring, args=(node, wanted), daemon=True
                ).start()

        self._when(node.store.find.remote(wanted.sha256), found)

    def _bring(self, node: _Node, wanted: ModelPiece) -> None:
        """Send a file in pieces, each once the one before it was taken."""
        import ray

        try:
            with Path(wanted.path).open("rb") as file:
                while piece := file.read(PIECE):
                    ray.get(node.store.take.remote(piece))
            path = ray.get(node.store.keep.remote())
        except Exception as error:  # a full disk there, or the node is gone
            why = f"cannot take the model: {_line(error)}"
            self.do(lambda: self._leave_out(node, why))
            return

        def taken() -> None:
            if path is None:
                self._leave_out(node, "got a model with another digest")
            else:
                node.paths.append(path)
                self._find(node)

        self.do(taken)

    def _checked(self, node: _Node) -> None:
        node.checked = True
        self._fill()

    def _leave_out(self, node: _Node, why: str) -> None:
        """Give a node's tables to others, and it none any more."""
        import ray

        if node.out:
            return
        node.out = True
        line = f"{node.name} {why}"
        self._problems.append(line)
        self._say(Remark(f"{line}; its work goes elsewhere."))
        if node.store is not None:
            ray.kill(node.store)
        for actor in list(node.actors):
            self._lost(actor, "its node is gone", suspect=False)
        self._fill()
        self._none_left()

    def _none_left(self) -> None:
        if all(node.out for node in self._nodes.values()):
            why = "; ".join(self._problems[:3]) or "it has no node with a CPU"
            self._over(
                f"No node of the Ray cluster can draft: {why}.",
                "Finished drafts are saved; mend a node and start again.",
            )

    # Workers

    def _fill(self) -> None:
        """Start workers where there is room for them."""
        wanted = self._told.actors or math.inf
        nodes = [node for node in self._nodes.values() if not node.out]
        if not nodes:
            return
        share = math.ceil(wanted / len(nodes)) if self._told.actors else 1 << 30
        running = sum(len(node.actors) for node in nodes)
        for node in nodes:
            if not node.checked:
                continue
            room = min(self._room(node), share)
            while len(node.actors) < room and running < wanted:
                self._start(node, room)
                running += 1

    def _room(self, node: _Node) -> int:
        """Most workers of a node."""
        if node.gpus and self._told.files:
            return node.gpus
        if self._told.actors or not self._told.files:
            return node.cpus
        return max(1, node.cpus // CPUS_AN_ACTOR)

    def _start(self, node: _Node, room: int) -> None:
        import ray

        module, _, name = self._told.actor.partition(":")
        kind = ray.remote(getattr(importlib.import_module(module), name))
        gpus = 1 if node.gpus and self._told.files else 0
        cpus = max(1, node.cpus // room) if not gpus else min(1, node.cpus)
        model, adapter, *_ = (*node.paths, None, None)
        handle = kind.options(
            num_cpus=cpus,
            num_gpus=gpus,
            max_concurrency=TABLES_AN_ACTOR + 1,
            **self._on(node),
        ).remote(self._told.work, model, adapter, max(1, node.cpus // room))
        actor = _Actor(node=node, handle=handle)
        node.actors.append(actor)

        def started(future: Future[Any]) -> None:
            if (error := future.exception()) is not None:
                self._lost(actor, _line(error))
            elif actor in node.actors:
                actor.up = True
                self._staffed(node)
                self._assign()

        self._when(handle.start.remote(), started)

    def _lost(self, actor: _Actor, why: str, *, suspect: bool = True) -> None:
        """A worker ended: what it had goes to others, and another takes its place."""
        import ray

        node = actor.node
        if suspect and actor in node.actors:
            self._meet()  # with its node it ends, too, and no table is to blame
        if actor not in node.actors:
            return
        node.actors.remove(actor)
        ray.kill(actor.handle)
        if suspect and not actor.done and not actor.alone:
            node.failures += 1
        for key in self._tables.lost(actor, suspect=suspect):
            self._say(GivenUp(key, why))
        self._staffed(node)
        if node.failures >= FAILURES:
            self._leave_out(node, f"keeps losing workers: {why}")
        else:
            self._fill()
        self._assign()

    def _staffed(self, node: _Node) -> None:
        self._say(Staffed(node.name, sum(actor.up for actor in node.actors)))

    # Tables

    def give(self, message: Give) -> None:
        """Take in a table."""
        self._tables.add(message.key, message.job)
        self._assign()

    def _assign(self) -> None:
        up = [a for node in self._nodes.values() for a in node.actors if a.up]
        for actor, key in self._tables.assign(up):
            assert isinstance(actor, _Actor)
            self._draft(actor, key)

    def _draft(self, actor: _Actor, key: int) -> None:
        def drafted(future: Future[Any]) -> None:
            if (error := future.exception()) is not None:
                self._lost(actor, _line(error))
            elif self._tables.came(actor, key):
                actor.node.failures = 0
                self._say(Came(key, actor.node.name, future.result()))
                self._assign()

        self._when(actor.handle.draft.remote(self._tables.jobs[key]), drafted)

    # Ray

    @property
    def _told(self) -> Join:
        assert self._join is not None
        return self._join

    def _on(self, node: _Node) -> dict[str, Any]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return {"scheduling_strategy": NodeAffinitySchedulingStrategy(node.id, False)}

    def _when(self, reference: Any, then: Callable[[Future[Any]], None]) -> None:
        reference.future().add_done_callback(lambda done: self.do(lambda: then(done)))

    def _over(self, reason: str, hint: str) -> None:
        self._say(Over(reason, hint))


def _line(error: BaseException) -> str:
    """What Ray says in paragraphs, in a short line."""
    cause = getattr(error, "cause", None)
    said = str(cause if cause is not None else error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    kind = type(cause if cause is not None else error).__name__
    return (lines[0] if lines else kind)[:200].rstrip(".:") or kind


def main(descriptor: int) -> None:
    """Serve the run at the other end of a socket pair until it hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the run's to handle
    # Ray has workers on this machine import from where it was started before all else.
    os.chdir(os.path.abspath(os.sep))
    parent = Connection(descriptor)
    telling = threading.Lock()

    def say(event: Event) -> None:
        with telling:
            send(parent, event)

    driver = Driver(say)

    def listen() -> None:
        try:
            while True:
                match order(parent):
                    case Join() as message:
                        driver.do(partial(driver.join, message))
                    case Give() as message:
                        driver.do(partial(driver.give, message))
        except (EOFError, OSError):
            driver.do(driver.end)

    threading.Thread(target=listen, daemon=True).start()
    try:
        driver.run()
    except BrokenPipeError:
        pass
    finally:
        import ray

        ray.shutdown()
        os._exit(0)  # a thread of Ray's may hang
