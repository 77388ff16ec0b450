"""A Ray cluster to draft on: what it is told, and that it is there at all."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec

from catalog.errors import ColumnistError, RefusedError, UsageError
from catalog.stopping import Stop
from model.cluster.cluster import Cluster
from model.cluster.protocol import Join, ModelPiece, SharedWork
from model.cluster.release import Release, installed
from model.draft import Documented
from model.library import ModelFile, PromptFormat, digest
from model.remote import Model
from model.wire import packed
from tui.flow.engines import Running
from tui.flow.session import Session
from tui.flow.settings import Settings

ACTOR = "model.cluster.actor:DraftingActor"
"""What drafts on the nodes."""
ANSWER_SECONDS = 5.0
"""An address that did not answer within them does not."""
_ADDRESS = re.compile(r"(?:ray://)?(\[[0-9a-fA-F:]+\]|[^\s:/\[\]]+):(\d{1,5})")


@contextmanager
def joined(
    session: Session,
    documented: Documented,
    model: Model | None,
    settings: Settings,
    *,
    address: str,
    actors: int | None = None,
    tell: Callable[[str], None],
    stop: Stop,
) -> Generator[Running]:
    """A cluster with a model on every node, left at the end of the block.

    Neither the database's URL nor a secret goes there.

    Args:
        session: the open database, which stays here.
        documented: what it describes already, to take examples from.
        model: what drafts; None is rules alone.
        settings: how an engine is to be run.
        address: `auto`, `local`, HOST:PORT or ray://HOST:PORT.
        actors: most workers; None is as many as there is room for.
        tell: told in a line what the steward should know.
        stop: ends the joining.

    Raises:
        UsageError: the address is none, Ray is not installed, or the model is on a
            server.
        RefusedError: nothing may leave.
        ColumnistError: the cluster does not answer, or none of its nodes can draft.
    """
    if settings.offline:
        raise RefusedError(
            f"--offline refused the Ray cluster {address}: names and sampled values"
            " would leave this process by the network.",
            "Leave --offline or --ray out.",
        )
    if model is not None and model.endpoint is not None:
        raise UsageError(
            "--ray runs a model from a file on every node, and this one is on a"
            " server.",
            "Name a model file with --model, or leave --ray out.",
        )
    head = _head(address)
    if find_spec("ray") is None:
        raise UsageError(
            "--ray needs Ray, which is not installed.",
            "`pip install 'columnist[ray]'` brings it.",
        )
    if head:
        _knock(head)
    limit = session.database.limit
    work = SharedWork(
        model=model.name if model else None,
        format=model.format if model else PromptFormat.COMPACT,
        calibration=model.calibration if model else None,
        house=model.house if model else None,
        gpu_layers=settings.gpu_layers,
        sizes=dict(settings.sizes),
        seed=settings.seed,
        limits=(limit(True), limit(False)),
        examples=tuple(documented.nearest),
    )
    join = Join(
        address,
        head,
        actors or 0,
        Release(*installed()),
        _files(model),
        packed(work),
        ACTOR,
    )
    with Cluster(join, tell) as cluster:
        cluster.start(stop=stop)
        yield Running(None, model, cluster)


def _head(address: str) -> str:
    """HOST:PORT of an address; empty where Ray knows it.

    Raises:
        UsageError: it is no address.
    """
    if address in ("auto", "local"):
        return ""
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[2]) < 1 << 16:
        raise UsageError(
            f"{address or 'An empty text'} is no address of a Ray cluster.",
            "It is auto, local, HOST:PORT or ray://HOST:PORT.",
        )
    return f"{found[1].strip('[]')}:{found[2]}"


def _knock(head: str) -> None:
    """See that something answers: Ray itself would try for minutes.

    Raises:
        ColumnistError: nothing does.
    """
    host, _, port = head.rpartition(":")
    try:
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()
    except OSError as error:
        raise ColumnistError(
            f"No Ray cluster answers at {head}: {error.strerror or error}.",
            "Check the address with `ray status`; nothing was drafted.",
        ) from error


def _files(model: ModelFile | None) -> tuple[ModelPiece, ...]:
    """The model's files, with the digests that they have now."""
    paths = (model.path, model.adapter) if model is not None else ()
    return tuple(
        ModelPiece(str(path), digest(path), path.stat().st_size)
        for path in paths
        if path is not None
    )
