"""What goes to workers and what comes back, with the worker in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from catalog.glossary import Glossary, Term
from catalog.objects import Column, ColumnId, Profile, Table, TableId, TableKind
from catalog.suggestion import Draft, Effort, Source
from model.cluster.actor import DraftingActor
from model.cluster.cluster import ClusterDrafter
from model.cluster.protocol import Came, GivenUp, SharedWork, TableDrafts, TableJob
from model.draft import Drafter, Job
from model.library import PromptFormat
from model.wire import packed, read

ORDERS = TableId("shop", "orders")
NAMES = ("order_id", "ship_dt", "cust_name", "stat_cd")
TABLE = Table(
    ORDERS,
    TableKind.TABLE,
    tuple(Column(ColumnId(ORDERS, n), i, "text") for i, n in enumerate(NAMES, 1)),
)
PROFILES = {
    "cust_name": Profile(9, 0.0, 2, samples=("Ada Lovelace", "Bo Derek"), private=True),
    "stat_cd": Profile(9, 0.0, 2, codes=("DONE", "OPEN")),
}
JOB = Job(TABLE, TABLE.targets(), PROFILES)
TERMS = Glossary([Term("ship", "shipment", "")])
WORK = SharedWork(
    None, PromptFormat.COMPACT, None, None, 0, {}, 0, (None, None), examples=()
)


class LeakingActor(DraftingActor):
    def draft(self, job: bytes) -> bytes:
        asked = read(TableJob, job).job().asked
        leak = "Name of the customer, such as Lovelace."
        draft = Draft(
            asked.targets[-2],
            leak,
            Source.MODEL,
            0.9,
            model="m",
            effort=Effort(1, 2, 0.5),
        )
        return packed(TableDrafts.of([draft], 1, 2))


class Here:
    """A cluster with one worker, in this process.

    Args:
        kind: the worker's class.
        twice: every table comes back twice.
        junk: what comes in place of drafts.
    """

    room = 3

    def __init__(
        self,
        kind: type[DraftingActor] = DraftingActor,
        *,
        twice: bool = False,
        junk: bytes | None = None,
    ) -> None:
        self.actor = kind(packed(WORK), None, None, 1)
        self.actor.start()
        self.prompt_tokens = self.generated_tokens = 0
        self.sent: list[bytes] = []
        self.given_up: list[TableId] = []
        self._came: list[Came] = []
        self._twice, self._junk = twice, junk

    def give(self, key: int, job: Job) -> None:
        self.sent.append(packed(TableJob.of(job)))
        drafts = self._junk or self.actor.draft(self.sent[-1])
        self._came += [Came(key, "here", drafts)] * (1 + self._twice)

    def receive(self) -> Iterator[Came | GivenUp]:
        came, self._came = self._came, []
        yield Came(999, "here", b"of no table")
        yield from came

    def give_up(self, table: TableId, why: str) -> None:
        self.given_up.append(table)


def drafted(cluster: Any, job: Job = JOB) -> list[Draft]:
    drafter = ClusterDrafter(cluster, None, None, glossary=lambda: TERMS)
    return sorted(drafter.draft([job]), key=lambda draft: str(draft.target))


def test_what_comes_back_is_what_is_drafted_here() -> None:
    here = Drafter(None, None, glossary=lambda: TERMS).draft([JOB])
    found = drafted(Here())
    assert found == sorted(here, key=lambda draft: str(draft.target))
    assert any("shipment" in (draft.text or "") for draft in found)


def test_a_table_that_comes_twice_is_given_once() -> None:
    assert len(drafted(Here(twice=True))) == len(JOB.targets)


def test_values_that_no_prompt_may_hold_stay_here() -> None:
    cluster = Here()
    drafted(cluster)
    (sent,) = cluster.sent
    assert b"OPEN" in sent
    assert b"Lovelace" not in sent
    assert b"Derek" not in sent


def test_a_text_that_gives_a_value_away_gives_way_to_the_rules() -> None:
    """Workers have nothing to compare with, so it is found here."""
    cluster = Here(LeakingActor)
    (found,) = drafted(cluster)
    assert found.target == ColumnId(ORDERS, "cust_name")
    assert found.text is None or "Lovelace" not in found.text
    assert found.source is Source.RULES
    assert (cluster.prompt_tokens, cluster.generated_tokens) == (1, 2)
    assert (found.model, found.effort) == ("m", Effort(1, 2, 0.5))  # for the log


@pytest.mark.parametrize(
    "junk", [b"junk", packed(TableDrafts((["order_id", 5, "model", "x"],), 0, 0))]
)
def test_an_answer_that_is_none_is_given_up(junk: bytes) -> None:
    cluster = Here(junk=junk)
    assert drafted(cluster) == []
    assert cluster.given_up == [ORDERS]


def test_a_target_that_is_not_there_stops_no_worker() -> None:
    actor = DraftingActor(packed(WORK), None, None, 1)
    actor.start()
    actor.draft(packed(TableJob.of(JOB)))
    broken = replace(JOB, targets=(ColumnId(ORDERS, "nowhere"),))
    sent = packed(TableJob.of(broken))
    # A column that is not there has an abstention, and the worker goes on.
    (only,) = read(TableDrafts, actor.draft(sent)).of_table(broken.targets)
    assert only.text is None
    assert read(TableDrafts, actor.draft(packed(TableJob.of(JOB)))).drafts
