"""Workers that take their time, and one that a table ends."""

from __future__ import annotations

import os
import signal
import time

from model.cluster.actor import DraftingActor
from model.cluster.protocol import TableJob
from model.wire import read

SECONDS = 0.25
"""How long each table waits in a worker, beside others."""
POISON = "t007"
"""The table that ends whoever drafts it."""


class SlowActor(DraftingActor):
    seconds = SECONDS

    def draft(self, job: bytes) -> bytes:
        time.sleep(self.seconds)
        return super().draft(job)


class SlowestActor(SlowActor):
    seconds = 20 * SECONDS


class PoisonedActor(DraftingActor):
    def draft(self, job: bytes) -> bytes:
        if read(TableJob, job).table.id.name == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().draft(job)
